"""Stretches of time, each from its first instant to the first that is no longer in it: what is had, what is missing."""

from collections.abc import Iterable
from typing import TypeAlias

from messages import Period, UtcNs

Span: TypeAlias = tuple[UtcNs, UtcNs]
"""(first, first no longer)"""


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same instants in as few spans as can be, in order."""
    return bridged(spans, 0)


def bridged(spans: Iterable[Span], gap: Period) -> tuple[Span, ...]:
    """In order, and one where no more than `gap` lies between: a short pause is dearer to leave out than to ask for."""
    found: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if found and begin <= found[-1][1] + gap:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return tuple(found)


def missing(wanted: Span, had: Iterable[Span]) -> tuple[Span, ...]:
    """What of `wanted` is in none of `had`, in order."""
    found: list[Span] = []
    at, end = wanted
    for had_begin, had_end in joined(had):
        if had_end <= at:
            continue
        if had_begin >= end:
            break
        if had_begin > at:
            found.append((at, had_begin))
        at = had_end
    if at < end:
        found.append((at, end))
    return tuple(found)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """The instants of `spans` that are in none of `taken`."""
    gone = joined(taken)
    return tuple(part for span in joined(spans) for part in missing(span, gone))
