"""Market data: the field's own nouns. Prices are floats on the tick grid; the market's sizes are floats, measured.

`ts` is the source's own time and is data. `received` is the clock: nobody hears a message before it. A source that does
not know when it received an item sets `received = ts` (for bars: `close_ts`).
"""

from typing import TypeAlias

import attrs

from messages.base import (
    Column,
    Message,
    filled,
    finite,
    frozen_tuple,
    measured_column,
    not_negative,
    positive,
    read_only,
    whole,
    whole_column,
)
from messages.units import Period, Symbol, UtcNs


@attrs.frozen(kw_only=True, weakref_slot=False)
class Tick(Message):
    """One trade on the market."""

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    received: UtcNs = attrs.field(validator=whole)
    price: float = attrs.field(validator=positive)
    size: float = attrs.field(validator=not_negative)
    """In contracts or base units."""
    aggressor: int = attrs.field(default=0, validator=attrs.validators.in_((-1, 0, 1)))
    """+1 when the buyer took the offer, -1 when the seller hit the bid, 0 when the source does not say."""


@attrs.frozen(kw_only=True, weakref_slot=False)
class TickBlock(Message):
    """Consecutive ticks of one symbol in columns, for bar building while nobody hears the single ticks.

    The columns have one length, at least 1; `received` is the last tick's. They may be given as tuples; what the block
    holds is read-only, gives Python's numbers, and costs nothing to look at as an array.
    """

    symbol: Symbol = attrs.field(validator=filled)
    received: UtcNs = attrs.field(validator=whole)
    ts: Column = attrs.field(converter=whole_column, validator=read_only, hash=False)
    prices: Column = attrs.field(converter=measured_column, validator=read_only, hash=False)
    sizes: Column = attrs.field(converter=measured_column, validator=read_only, hash=False)
    reach: tuple[float, float] | None = attrs.field(default=None, init=False, eq=False, repr=False)
    """Its lowest and highest price, where whoever made it has looked at all of it before, and found prices above zero,
    sizes from zero, all finite, and times of the source that never go back. None: nobody has."""

    def __attrs_post_init__(self) -> None:
        if not len(self.ts) == len(self.prices) == len(self.sizes) >= 1:
            raise ValueError(
                f"TickBlock of {self.symbol}: columns must have one length of at least 1, not "
                f"{len(self.ts)} ts, {len(self.prices)} prices, {len(self.sizes)} sizes"
            )


@attrs.frozen(kw_only=True, weakref_slot=False)
class Quote(Message):
    """Best bid and best ask. A crossed quote exists as a message so that the filter can set it aside by name."""

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    received: UtcNs = attrs.field(validator=whole)
    bid: float = attrs.field(validator=positive)
    bid_size: float = attrs.field(validator=not_negative)
    ask: float = attrs.field(validator=positive)
    ask_size: float = attrs.field(validator=not_negative)


Level: TypeAlias = tuple[float, float]
"""(price, size)"""


@attrs.frozen(kw_only=True, weakref_slot=False)
class OrderBook(Message):
    """A snapshot of the book's best levels, best first on both sides."""

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    received: UtcNs = attrs.field(validator=whole)
    bids: tuple[Level, ...] = attrs.field(validator=frozen_tuple)
    asks: tuple[Level, ...] = attrs.field(validator=frozen_tuple)


@attrs.frozen(kw_only=True, weakref_slot=False)
class BookChange(Message):
    """The whole book, or what has changed in it: a level's new size, 0 when the level is gone."""

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    received: UtcNs = attrs.field(validator=whole)
    is_snapshot: bool
    """True: this is all of it, and what was known before is forgotten."""
    bids: tuple[Level, ...] = attrs.field(validator=frozen_tuple)
    asks: tuple[Level, ...] = attrs.field(validator=frozen_tuple)


@attrs.frozen(kw_only=True, weakref_slot=False)
class Bar(Message):
    """One closed bar of one symbol: no later trade can change it."""

    symbol: Symbol = attrs.field(validator=filled)
    period: Period = attrs.field(validator=positive)
    open_ts: UtcNs = attrs.field(validator=whole)
    close_ts: UtcNs = attrs.field(validator=whole)
    """Exclusive: a trade at this instant belongs to the next bar."""
    received: UtcNs = attrs.field(validator=whole)
    open: float = attrs.field(validator=positive)
    """May lie outside low..high: some venues open a bar at the previous close."""
    high: float = attrs.field(validator=positive)
    low: float = attrs.field(validator=positive)
    close: float = attrs.field(validator=positive)
    volume: float = attrs.field(validator=not_negative)
    """In contracts or base units: the market's sizes are measured, ours are counted."""
    turnover: float | None = None
    """Sum of price x size over the bar's trades; None when the source does not say."""
    ticks: int | None = None
    """How many trades; None when the source does not say."""

    def __attrs_post_init__(self) -> None:
        if not self.low <= self.close <= self.high:
            raise ValueError(
                f"Bar of {self.symbol} at {self.open_ts}: close {self.close} lies outside {self.low}..{self.high}"
            )
        if self.close_ts <= self.open_ts:
            raise ValueError(f"Bar of {self.symbol}: close_ts {self.close_ts} is not after open_ts {self.open_ts}")

    @property
    def vwap(self) -> float | None:
        """Volume-weighted average price, or None when turnover is unknown or nothing traded."""
        return self.turnover / self.volume if self.turnover is not None and self.volume > 0 else None


@attrs.frozen(kw_only=True, weakref_slot=False)
class BarOpen(Message):
    """A bar has begun: its first price and nothing else of it."""

    symbol: Symbol = attrs.field(validator=filled)
    period: Period = attrs.field(validator=positive)
    ts: UtcNs = attrs.field(validator=whole)
    received: UtcNs = attrs.field(validator=whole)
    price: float = attrs.field(validator=positive)


@attrs.frozen(kw_only=True)
class MarkPrice(Message):
    """The venue's fair price, used for unrealised profit and liquidation."""

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    received: UtcNs = attrs.field(validator=whole)
    price: float = attrs.field(validator=positive)


@attrs.frozen(kw_only=True)
class FundingRate(Message):
    """What longs pay shorts at `ts`, as a fraction of the position's value; negative when shorts pay."""

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    received: UtcNs = attrs.field(validator=whole)
    rate: float = attrs.field(validator=finite)


@attrs.frozen(kw_only=True)
class IndexPrice(Message):
    """The price that a contract follows, from markets elsewhere; `symbol` is the contract's."""

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    received: UtcNs = attrs.field(validator=whole)
    price: float = attrs.field(validator=positive)


@attrs.frozen(kw_only=True)
class Liquidation(Message):
    """An order with which the venue closes somebody's position, each time it changes."""

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    received: UtcNs = attrs.field(validator=whole)
    order_id: str = attrs.field(validator=filled)
    side: int = attrs.field(validator=attrs.validators.in_((-1, 0, 1)))
    """+1 when the venue buys (a short is closed), -1 when it sells, 0 when it does not say."""
    size: float = attrs.field(validator=not_negative)
    """What is left of it, in contracts or base units; 0 when it is gone."""
    price: float | None = None


@attrs.frozen(kw_only=True)
class OrderFlow(Message):
    """Who was in a hurry: what buyers took and sellers hit in one interval, from single trades."""

    symbol: Symbol = attrs.field(validator=filled)
    period: Period = attrs.field(validator=positive)
    open_ts: UtcNs = attrs.field(validator=whole)
    close_ts: UtcNs = attrs.field(validator=whole)
    """Exclusive, as a bar's."""
    received: UtcNs = attrs.field(validator=whole)
    buy_volume: float = attrs.field(validator=not_negative)
    """Of trades whose aggressor bought, in contracts or base units."""
    sell_volume: float = attrs.field(validator=not_negative)
    unknown_volume: float = attrs.field(default=0.0, validator=not_negative)
    """Of trades whose source does not say."""
    buys: int = attrs.field(default=0, validator=whole)
    """How many trades."""
    sells: int = attrs.field(default=0, validator=whole)


@attrs.frozen(kw_only=True)
class VenueSnapshot(Message):
    """One side of a spread at a fixed instant: what was last known of one symbol at one venue.

    None: nothing of it is known yet.
    """

    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs | None
    """The venue's own time of the newest item in it."""
    last: float | None = None
    bid: float | None = None
    bid_size: float | None = None
    ask: float | None = None
    ask_size: float | None = None


@attrs.frozen(kw_only=True)
class SpreadSample(Message):
    """Two markets side by side at one instant, on a fixed grid of time."""

    name: str = attrs.field(validator=filled)
    """Which pair, as the configuration calls it."""
    received: UtcNs = attrs.field(validator=whole)
    """The instant, on the grid."""
    a: VenueSnapshot
    b: VenueSnapshot

    @property
    def last_spread(self) -> float | None:
        """a's last price less b's."""
        return None if self.a.last is None or self.b.last is None else self.a.last - self.b.last

    @property
    def sell_a_buy_b(self) -> float | None:
        """What one would get now for a, less what one would pay for b: a's bid less b's ask."""
        return None if self.a.bid is None or self.b.ask is None else self.a.bid - self.b.ask

    @property
    def buy_a_sell_b(self) -> float | None:
        """What one would pay now for a, less what one would get for b: a's ask less b's bid."""
        return None if self.a.ask is None or self.b.bid is None else self.a.ask - self.b.bid


@attrs.frozen(kw_only=True)
class Quarantined(Message):
    """A market item that the tick filter or the loader set aside, and why. Nothing is dropped without one of these."""

    symbol: Symbol = attrs.field(validator=filled)
    received: UtcNs = attrs.field(validator=whole)
    reason: str = attrs.field(validator=filled)
    """A code: off-band, crossed, stale, duplicate, out-of-order, late, not-finite."""
    item: Tick | Quote | OrderBook | None = None
    text: str = ""
