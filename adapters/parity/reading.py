"""A life of a live run, read from its folder: what it heard, what it decided, what was given to it, and how it ended.

What decided it comes from the trace: everything that was said, with who said it. The market comes twice: as it was
heard (the trace), and as it was recorded (the store), which is what a backtest is fed with.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import attrs

from actors.runtime.runtime import OUTSIDE
from adapters.journal.given import Given, read_given
from adapters.journal.reading import TraceReader
from adapters.journal.store import chosen_life, lives
from adapters.journal.trace import role_of
from adapters.parity.story import TOLD, Said
from messages import (
    ActorStopped,
    Bar,
    BookChange,
    Envelope,
    ExternalEvent,
    Fill,
    FundingRate,
    HaltTrading,
    IndexPrice,
    Liquidation,
    MarketFresh,
    MarketStale,
    MarkPrice,
    Message,
    OrderBook,
    Quote,
    Tick,
    UtcNs,
    VenueLost,
    VenueReady,
)

MARKET: Final[tuple[type[Message], ...]] = (
    Tick, Quote, OrderBook, BookChange, MarkPrice, IndexPrice, FundingRate, Liquidation, ExternalEvent,
)  # fmt: skip
"""What a run hears of the world, and is fed with again."""
_FEEDS: Final = ("feed", "events", "outside")
_received = attrgetter("received")
_STATES: Final = (MarketFresh, MarketStale)
_READINESS: Final = (VenueReady, VenueLost)


@attrs.frozen(kw_only=True)
class LifeRead:
    """One life, as its trace tells it; what it heard of the market is read by `heard`."""

    folder: Path
    number: int
    of: int
    """So many lives there are."""
    started: UtcNs
    ended: UtcNs
    """When its market was heard last: where feed or bar builder stopped, or where the trace ends."""
    in_order: bool
    """It stopped by itself, and was not killed."""
    given: Given
    said: tuple[Said, ...]
    """What a story is told from, in order."""
    states: tuple[Said, ...]
    """Of the markets: fresh and stale."""
    halts: tuple[Said, ...]
    """What somebody outside ordered: `run.py halt`, and the halt with which an ordered stop begins."""
    readiness: tuple[tuple[str, UtcNs, Message], ...]
    """(who said it, when, what): whether the venue was there."""
    heard: frozenset[str]
    """The symbols and sources of which it heard anything."""
    left_out: str
    """What was not written down, in words."""


def read_life(folder: Path, number: int | None) -> LifeRead:
    """A life (None: the last). JournalError for a folder that is no run's, or has no such life."""
    known = lives(folder)
    chosen = chosen_life(known, number, folder)
    said: list[Said] = []
    states: list[Said] = []
    readiness: list[tuple[str, UtcNs, Message]] = []
    halts: list[Said] = []
    stopped: list[UtcNs] = []
    last: UtcNs = chosen.started
    gaps: Counter[str] = Counter()
    names = set[str]()
    with TraceReader(folder) as reader:
        for stretch in reader.stretches(chosen.number):
            for what, count in stretch.gaps:
                gaps[what] += count
            for envelope in stretch.said:
                message = envelope.message
                if isinstance(message, ActorStopped):
                    if message.actor in ("feed", "bar-builder"):
                        stopped.append(envelope.posted)
                elif isinstance(message, MARKET):
                    last = max(last, envelope.posted)
                    if role_of(envelope.sender) in _FEEDS:
                        names.add(about(message))
                elif isinstance(message, _STATES) and role_of(envelope.sender) in _FEEDS:
                    states.append((message.ts, message))
                elif isinstance(message, _READINESS):
                    readiness.append((envelope.sender, message.ts, message))
                    said.append((envelope.posted, message))
                elif _belongs(envelope):
                    said.append((envelope.posted, message))
                    if isinstance(message, HaltTrading) and envelope.sender == OUTSIDE:
                        halts.append((envelope.posted, message))
                    last = max(last, envelope.posted) if isinstance(message, Bar) else last
    return LifeRead(
        folder=folder,
        number=chosen.number,
        of=len(known),
        started=chosen.started,
        ended=min(stopped, default=last),
        in_order=bool(stopped),
        given=read_given(folder, chosen.number),
        said=tuple(said),
        states=tuple(states),
        halts=tuple(halts),
        readiness=tuple(readiness),
        heard=frozenset(names),
        left_out=_left_out(gaps),
    )


def heard(life: LifeRead) -> Iterator[Message]:
    """What the life heard of the market, in the order of its reception; read while it is asked for.

    A source of events may say a little later what came before a tick: in one batch of the trace, or the next.
    """
    waiting: list[Any] = []
    with TraceReader(life.folder) as reader:
        for stretch in reader.stretches(life.number):
            ready = waiting[-1].received if waiting else 0
            waiting += [
                envelope.message
                for envelope in stretch.said
                if isinstance(envelope.message, MARKET) and role_of(envelope.sender) in _FEEDS
            ]
            waiting.sort(key=_received)
            count = bisect_right(waiting, ready, key=_received)
            yield from waiting[:count]
            del waiting[:count]
    yield from waiting


def about(message: Any) -> str:
    """Its symbol; of an event, its source."""
    return str(message.symbol if hasattr(message, "symbol") else message.source)


def _belongs(envelope: Envelope) -> bool:
    message, role = envelope.message, role_of(envelope.sender)
    if isinstance(message, Bar):
        return role in ("bar-builder", "side-builder")
    # A fill is said by the venue, or by an executor that crossed it; nobody says it again.
    return isinstance(message, TOLD) and not (isinstance(message, Fill) and role not in ("venue", "executor"))


def _left_out(gaps: Counter[str]) -> str:
    return ", ".join(f"{count} messages ({what}) were left out of the trace" for what, count in sorted(gaps.items()))
