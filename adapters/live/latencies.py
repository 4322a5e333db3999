"""How long orders took, each from what its strategy had heard to the venue's answer, and the percentiles of a run.

The times of an order: tick (the strategy had heard it), decided, handed to a worker, sent (its last byte written) and
acknowledged. All are of our own clock, in ns UTC.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from typing import Any, Final, NamedTuple

from messages import Account, OrderTimed, Signal, StrategyId, SubmitOrder, Symbol, UtcNs, iso_utc

FILE: Final = "orders_timed.csv"
HEADER: Final = "ts,ts_ns,account,symbol,client_id,tick_ts_ns,handed_ts_ns,sent_ts_ns,acknowledged_ts_ns\n"
PERCENTS: Final = (50, 90, 99)


class TimedOrder(NamedTuple):
    """One order's times."""

    account: Account
    symbol: Symbol
    client_id: str
    tick: UtcNs | None
    """When the strategy had received what it decided by; None for an order that no new signal stood behind."""
    decided: UtcNs
    handed: UtcNs
    sent: UtcNs
    acknowledged: UtcNs


STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "tick_to_decided": ("tick", "decided"),
    "tick_to_handed": ("tick", "handed"),
    "tick_to_sent": ("tick", "sent"),
    "decided_to_sent": ("decided", "sent"),
    "sent_to_acknowledged": ("sent", "acknowledged"),
}
"""What is measured, from which time to which."""


def timed_orders(
    signals: Iterable[Signal], submitted: Iterable[SubmitOrder], timed: Iterable[OrderTimed]
) -> tuple[TimedOrder, ...]:
    """The orders that were timed, once each, by when they were decided.

    An order's tick is that of the last signal of its owners at or before it. A signal counts for the first order after
    it and for no other: those that follow come from a timer, a fill or a rejection, which is not what is measured.
    """
    heard: dict[tuple[StrategyId, Symbol], list[UtcNs]] = {}
    for signal in signals:
        heard.setdefault((signal.strategy, signal.symbol), []).append(signal.ts)
    for times in heard.values():
        times.sort()
    asked = {(each.order.account, each.order.client_id): each.order for each in submitted}
    first: dict[tuple[Account, str], OrderTimed] = {}
    for each in timed:
        first.setdefault((each.account, each.client_id), each)
    used: set[tuple[StrategyId, Symbol, int]] = set()
    found = []
    for key, each in sorted(first.items(), key=lambda item: (item[1].decided, item[0])):
        order = asked.get(key)
        owners = () if order is None else order.owners
        ticks = []
        for owner in owners:
            times = heard.get((owner.strategy, each.symbol), [])
            number = bisect_right(times, each.decided)
            mark = owner.strategy, each.symbol, number
            if number and mark not in used:
                used.add(mark)
                ticks.append(times[number - 1])
        found.append(
            TimedOrder(
                each.account, each.symbol, each.client_id, max(ticks, default=None), each.decided, each.handed,
                each.sent, each.acknowledged,
            )
        )  # fmt: skip
    return tuple(found)


def percentiles(rows: Sequence[TimedOrder]) -> dict[str, dict[str, Any]]:
    """By name of `STEPS`: `orders` counted, and `p50_us`, `p90_us`, `p99_us`, `max_us` in microseconds (nearest rank).

    A step that no order took is left out.
    """
    figures: dict[str, dict[str, Any]] = {}
    for name, (begin, end) in STEPS.items():
        spans = sorted(getattr(row, end) - started for row in rows if (started := getattr(row, begin)) is not None)
        if spans:
            ranks = {f"p{percent}_us": spans[max(0, ceil(len(spans) * percent / 100) - 1)] for percent in PERCENTS}
            told = {**ranks, "max_us": spans[-1]}
            figures[name] = {"orders": len(spans), **{key: round(ns / 1_000, 1) for key, ns in told.items()}}
    return figures


def timed_file(rows: Sequence[TimedOrder]) -> Iterator[str]:
    """The text of `orders_timed.csv`, header first; `ts` is when the order was decided."""
    yield HEADER
    for row in rows:
        tick = "" if row.tick is None else row.tick
        yield (
            f"{iso_utc(row.decided)},{row.decided},{row.account},{row.symbol},{row.client_id},{tick},{row.handed},"
            f"{row.sent},{row.acknowledged}\n"
        )
