"""What was recorded of a life's market, out of the store, and whether it is what the life had heard."""

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, Final, TypeAlias

import attrs

from adapters.parity.comparing import Difference
from adapters.parity.reading import LifeRead, about
from adapters.store import SeriesInfo, Store
from adapters.store.kinds import KINDS
from adapters.store.names import EXTERNAL, split_symbol
from adapters.store.rows import messages_of
from messages import NS_PER_SECOND, Message, Period, Symbol, UtcNs, iso_utc

_KINDS: Final = ("ticks", "quotes", "books", "l2", "marks", "index", "funding", "liquidations", "events")
ROWS: Final = 50_000
"""Of each series at a time."""
WINDOW: Final = 20_000
"""So many messages are compared at once."""
LOST_MAX: Final[Period] = 5 * NS_PER_SECOND
"""A process that is killed loses the batch that was not written yet: a tenth of a second, on a busy disk some seconds.
What a recording lacks before that it lacks for another reason, and then nothing behind it was compared."""
SHOWN: Final = 100
"""So many differences are named; all are counted."""
_received = attrgetter("received")
_Key: TypeAlias = tuple[str, Symbol]


@attrs.frozen(kw_only=True)
class DataCompared:
    """Heard against recorded, message by message."""

    recorded: Mapping[str, int]
    """By class, how many were recorded of the life's time."""
    unrecorded: Mapping[str, int]
    """By class, how many were heard of which the recording has none at all: it is not about them."""
    heard: int
    missing: int
    """Heard, and not in the recording."""
    extra: int
    """Recorded, and not heard."""
    altered: int
    """Heard and recorded at the same moment, with other values."""
    differences: tuple[Difference, ...]
    """The first ones, in time order."""
    edge: UtcNs
    """Up to here both go."""

    @property
    def is_equal(self) -> bool:
        """Whether the recording is what was heard."""
        return not (self.missing or self.extra or self.altered)


def series_of(store: Store, venue: str, symbols: Iterable[Symbol]) -> dict[Symbol, tuple[SeriesInfo, ...]]:
    """What the store has of each symbol, at the run's venue or at the one that the symbol's id names; of each source of
    events, its events."""
    there = store.series()
    found: dict[Symbol, tuple[SeriesInfo, ...]] = {}
    for symbol in sorted(symbols):
        plain, named = split_symbol(symbol)
        names = {(venue, symbol), (named or venue, plain), (EXTERNAL, symbol)}
        mine = tuple([each for each in there if (each.venue, each.symbol) in names and each.kind in _KINDS])
        if mine:
            found[symbol] = mine
    return found


def classes_of(series: Mapping[Symbol, Iterable[SeriesInfo]], start: UtcNs, end: UtcNs) -> frozenset[type[Message]]:
    """Of which classes anything was recorded in that time."""
    return frozenset(
        [KINDS[i.kind].message for infos in series.values() for i in infos if i.first <= end and i.last >= start]
    )


def recorded(
    store: Store, series: Mapping[Symbol, Iterable[SeriesInfo]], start: UtcNs, end: UtcNs
) -> Iterator[Message]:
    """All of it from `start` up to and with `end`, in the order of reception; bounded memory."""
    streams = [
        _stream(store, info.venue, info.symbol, info.kind, start, end, symbol)
        for symbol, infos in series.items()
        for info in sorted(infos, key=lambda info: list(KINDS).index(info.kind))
    ]
    # Of what came at the same time, the order of kinds; within a kind, that of the recording.
    return heapq.merge(*streams, key=_received)


def _stream(  # noqa: PLR0917 - a series, a range, and what its symbol is called here
    store: Store, venue: str, symbol: Symbol, kind: str, start: UtcNs, end: UtcNs, called: Symbol
) -> Iterator[Message]:
    for columns in store.chunks(venue, symbol, kind, start, end + 1, rows=ROWS):
        yield from messages_of(kind, called, columns)


# Is it what was heard?


def compare_data(
    heard: Iterable[Message],
    recording: Iterable[Message],
    life: LifeRead,
    classes: frozenset[type[Message]] | None = None,
) -> DataCompared:
    """Message by message, by class and symbol, in windows of time. What the trace left out is no difference.

    `classes`: those that were recorded at all; None: all that were heard. The others are counted, and no more.
    """
    tally = _Tally(has_gaps=bool(life.left_out), classes=classes)
    left, right = _Reader(heard), _Reader(recording)
    while left.has_more or right.has_more:
        cut = min(left.next_cut(), right.next_cut())
        tally.compare(left.until(cut), right.until(cut))
    return tally.result(life)


class _Reader:
    """Messages in the order of reception, up to a time."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._messages = iter(messages)
        self._waiting: list[Any] = []
        self._fill()

    @property
    def has_more(self) -> bool:
        """Whether anything is left."""
        return bool(self._waiting)

    def next_cut(self) -> UtcNs:
        """Up to here it can be asked, without an end."""
        return self._waiting[-1].received if self._waiting else 1 << 62

    def until(self, cut: UtcNs) -> list[Any]:
        """All that was received up to then."""
        found: list[Any] = []
        while self._waiting and self._waiting[0].received <= cut:
            taken = list(itertools.takewhile(lambda each: each.received <= cut, self._waiting))
            found += taken
            del self._waiting[: len(taken)]
            if not self._waiting:
                self._fill()
        return found

    def _fill(self) -> None:
        self._waiting = list(itertools.islice(self._messages, WINDOW))


class _Tally:
    def __init__(self, *, has_gaps: bool, classes: frozenset[type[Message]] | None) -> None:
        self._has_gaps, self._classes = has_gaps, classes
        self._unrecorded: dict[str, int] = {}
        self._recorded: dict[str, int] = {}
        self._heard = self._missing = self._extra = self._altered = 0
        self._last_heard = self._last_recorded = 0
        self._differences: list[Difference] = []
        self._tail: list[Any] = []
        """Heard, and not recorded, since something was recorded last."""

    def compare(self, heard: list[Any], recorded: list[Any]) -> None:
        self._heard += len(heard)
        if self._classes is not None:
            for each in heard:
                if type(each) not in self._classes:
                    name = type(each).__name__
                    self._unrecorded[name] = self._unrecorded.get(name, 0) + 1
            heard = [each for each in heard if type(each) in self._classes]
        for each in recorded:
            name = type(each).__name__
            self._recorded[name] = self._recorded.get(name, 0) + 1
        left, right = _by_key(heard), _by_key(recorded)
        for key in sorted(left.keys() | right.keys()):
            self._side_by_side(left.get(key, []), right.get(key, []))
        self._last_heard = max([self._last_heard, *[each.received for each in heard[-1:]]])
        if recorded:
            self._last_recorded = max(self._last_recorded, recorded[-1].received)
            self._lose(self._last_recorded)

    def _side_by_side(self, heard: list[Any], recorded: list[Any]) -> None:
        """Of one class and symbol: what was received at one time, against what was recorded of that time."""
        if heard == recorded:
            return
        left, right = _by_time(heard), _by_time(recorded)
        for at in sorted(left.keys() | right.keys()):
            then, now = left.get(at, []), right.get(at, [])
            if then != now:
                for pair in itertools.zip_longest(*_without_equals(then, now)):
                    self._differ(*pair)

    def _differ(self, then: Any, now: Any) -> None:
        if now is None:
            self._tail.append(then)
            return
        if then is None:
            if self._has_gaps:
                return
            self._extra += 1
        else:
            self._altered += 1
        self._note(then, now)

    def _lose(self, until: UtcNs) -> None:
        """The recording goes on behind these: they are missing."""
        for each in self._tail:
            if each.received <= until:
                self._missing += 1
                self._note(each, None)
        self._tail = [each for each in self._tail if each.received > until]

    def _note(self, then: Any, now: Any) -> None:
        if len(self._differences) < SHOWN:
            self._differences.append(_difference(then, now))

    def result(self, life: LifeRead) -> DataCompared:
        """A recording of a process that was killed ends a moment before its trace: that is its edge, and no gap."""
        edge = life.ended
        if life.in_order:
            self._lose(edge)
        else:
            since = self._last_heard - LOST_MAX
            self._lose(since)
            edge = min(edge, max(self._last_recorded, since))
        self._differences.sort(key=lambda each: each.at)
        return DataCompared(
            recorded=dict(sorted(self._recorded.items())),
            unrecorded=dict(sorted(self._unrecorded.items())),
            heard=self._heard,
            missing=self._missing,
            extra=self._extra,
            altered=self._altered,
            differences=tuple(self._differences),
            edge=edge,
        )


def _by_time(messages: Iterable[Any]) -> dict[UtcNs, list[Any]]:
    found: dict[UtcNs, list[Any]] = {}
    for each in messages:
        found.setdefault(each.received, []).append(each)
    return found


def _without_equals(then: Iterable[Any], now: list[Any]) -> tuple[list[Any], list[Any]]:
    """What is left when each message has been put beside one that equals it. In another order it would be all of them:
    the sequence of what came together is part of what was heard.
    """
    then, rest, missing = list(then), list(now), []
    for each in then:
        if each in rest:
            rest.remove(each)
        else:
            missing.append(each)
    return (missing, rest) if missing or rest else (then, now)


def _by_key(messages: Iterable[Any]) -> dict[_Key, list[Any]]:
    found: dict[_Key, list[Any]] = {}
    for each in messages:
        key = (type(each).__name__, about(each))
        found.setdefault(key, []).append(each)
    return found


def _difference(then: Any, now: Any) -> Difference:
    known = now if then is None else then
    symbol = about(known)
    name = type(known).__name__.lower()
    where = f"the {name} of {symbol} of {iso_utc(known.ts)}"
    if then is None:
        text = f"{where} is in the recording, and was not heard"
    elif now is None:
        text = f"gap in the recorded data: {where} was heard, and is not in the recording"
    else:
        changed = [
            f"{field.name} {getattr(then, field.name)!r} heard, {getattr(now, field.name)!r} recorded"
            for field in attrs.fields(type(then))
            if getattr(then, field.name) != getattr(now, field.name)
        ]
        text = f"the recording was altered, or is damaged: {where}: {'; '.join(changed)}"
    return Difference(
        level="data",
        at=known.received,
        text=text,
        cause="what is run again is not what was heard",
        symbol=symbol,
        ends=known.ts,
    )
