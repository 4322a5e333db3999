"""Two markets side by side: what was last known of each, on a fixed grid of UTC.

A sample is what had been received before its instant, and nothing later: prices of two venues that are put side by side
afterwards, by their own times, would be prices that nobody could have seen together. Nothing is interpolated, and
nothing is left out because it is old: each side carries the venue's own time of what is newest in it.
"""

from typing import Final

import attrs

from actors.component import Component
from messages import (
    WEEK,
    FeedEnded,
    Message,
    Period,
    Quote,
    SpreadSample,
    Step,
    Subscribe,
    Symbol,
    Tick,
    UtcNs,
    VenueSnapshot,
    WakeAt,
    Woke,
    parse_period,
    period_name,
    period_start,
)
from messages.base import filled, whole

EVERY: Final[Period] = parse_period("500ms", shortest=1)
EVERY_MIN: Final[Period] = parse_period("10ms", shortest=1)
MISSED_MAX: Final = 120
"""So many instants that passed unheard of (the machine slept) are still sampled; more, and they stay a gap."""


def _every(_pair: object, _attribute: "attrs.Attribute[Period]", value: Period) -> None:
    if not EVERY_MIN <= value <= WEEK:
        raise ValueError(f"SpreadPair.every must be from 10ms to 1w, not {period_name(value)}")


@attrs.frozen(kw_only=True)
class SpreadPair:
    """Which two symbols, and how often (ns) they are looked at."""

    name: str = attrs.field(validator=filled)
    a: Symbol = attrs.field(validator=filled)
    b: Symbol = attrs.field(validator=filled)
    every: Period = attrs.field(default=EVERY, validator=(whole, _every))

    def __attrs_post_init__(self) -> None:
        if self.a == self.b:
            raise ValueError(f"SpreadPair {self.name}: both sides are {self.a}")


@attrs.frozen(kw_only=True)
class SpreadHeritage:
    """What an incarnation leaves to the next."""

    a: VenueSnapshot
    b: VenueSnapshot
    due: UtcNs | None


class _Side:
    """What is known of one side; a snapshot is made only when one is wanted, for items are many and instants few."""

    __slots__ = ("_snapshot", "ask", "ask_size", "bid", "bid_size", "last", "symbol", "ts")

    def __init__(self, left: VenueSnapshot) -> None:
        self._snapshot: VenueSnapshot | None = left
        self.symbol, self.ts, self.last = left.symbol, left.ts, left.last
        self.bid, self.bid_size, self.ask, self.ask_size = left.bid, left.bid_size, left.ask, left.ask_size

    def trade(self, tick: Tick) -> None:
        """The last price."""
        self.last = tick.price
        self._at(tick.ts)

    def quote(self, quote: Quote) -> None:
        """The best bid and ask."""
        self.bid, self.bid_size, self.ask, self.ask_size = quote.bid, quote.bid_size, quote.ask, quote.ask_size
        self._at(quote.ts)

    @property
    def snapshot(self) -> VenueSnapshot:
        """As it is now."""
        if self._snapshot is None:
            self._snapshot = VenueSnapshot(**{name: getattr(self, name) for name in self.__slots__[1:]})
        return self._snapshot

    def _at(self, ts: UtcNs) -> None:
        self._snapshot = None
        if self.ts is None or ts > self.ts:
            self.ts = ts


class SpreadRecorder(Component):
    """Samples one pair. Hears Tick and Quote of both sides, Woke and FeedEnded. Says SpreadSample, Subscribe, WakeAt.

    A sample of the instant t, which is its `received`, holds what was received before t. On threads an item that was
    received before t and is still on its way is in the next one. Of a side of which nothing is known all is None.
    The first instant is the next of the grid behind the first time that is told.
    """

    def __init__(self, pair: SpreadPair, *, heritage: SpreadHeritage | None = None) -> None:
        self._pair = pair
        left = heritage or SpreadHeritage(
            a=VenueSnapshot(symbol=pair.a, ts=None), b=VenueSnapshot(symbol=pair.b, ts=None), due=None
        )
        self._sides = {pair.a: _Side(left.a), pair.b: _Side(left.b)}
        self._due = left.due
        """The next instant of the grid; None while no time is known."""
        self._is_over = False

    def heritage(self) -> SpreadHeritage:
        """What is known of both sides, and which instant is next."""
        a, b = self._sides.values()
        return SpreadHeritage(a=a.snapshot, b=b.snapshot, due=self._due)

    def on_start(self) -> tuple[Message, ...]:
        """Ask for both sides, and for the time."""
        asked = [Subscribe(kind, symbol) for symbol in self._sides for kind in (Tick, Quote)]
        return (*asked, WakeAt(self._due or 0, self._pair.name, Step.VENUE_BARS))

    def on_tick(self, tick: Tick) -> tuple[Message, ...]:
        """A trade: the last price."""
        said = self._before(tick.received)
        self._sides[tick.symbol].trade(tick)
        return said

    def on_quote(self, quote: Quote) -> tuple[Message, ...]:
        """The best bid and ask."""
        said = self._before(quote.received)
        self._sides[quote.symbol].quote(quote)
        return said

    def on_woke(self, woke: Woke) -> tuple[Message, ...]:
        """An instant of the grid has come, or the time is told for the first time."""
        if self._is_over:
            return ()
        every = self._pair.every
        if self._due is None:
            self._due = _next_on_grid(woke.at, every)
        return (*self._samples(woke.at), WakeAt(self._due, self._pair.name, Step.VENUE_BARS))

    def on_feed_ended(self, _ended: FeedEnded) -> tuple[Message, ...]:
        """Nothing more comes: no timer keeps a replay alive."""
        self._is_over = True
        return ()

    def _before(self, received: UtcNs) -> tuple[Message, ...]:
        """Instants that lie before an item, or at it, whose timer has not come yet: they must not see it."""
        return () if self._due is None or received < self._due else self._samples(received)

    def _samples(self, until: UtcNs) -> tuple[Message, ...]:
        """Everything due up to `until`, itself included."""
        due, every = self._due, self._pair.every
        assert due is not None
        count = (until - due) // every + 1
        if count <= 0:
            return ()
        self._due = due + count * every
        first = due + max(0, count - MISSED_MAX) * every
        return tuple(self._sample(at) for at in range(first, self._due, every))

    def _sample(self, at: UtcNs) -> SpreadSample:
        a, b = self._sides.values()
        return SpreadSample(name=self._pair.name, received=at, a=a.snapshot, b=b.snapshot)


def _next_on_grid(at: UtcNs, every: Period) -> UtcNs:
    start = period_start(at, every)
    return start if start == at else start + every
