"""The tick filter: recognises absurd market data before anybody decides on it, and sets it aside by name.

An item is judged on its own (is it a price at all?), then against the clock (stale, ahead), then against what the same
stream of the same symbol said before it (out of order, duplicate, off-band). Trades, quotes and books are streams of
their own: what one of them says never changes the judgement of another. Only accepted items are remembered.

There is one algorithm, and it takes items one after the other. A block of ticks is first put to a proof that nothing in
it would be rejected; where the proof fails its ticks are judged one by one. Either way the decisions, and what is
remembered, are those of the single ticks.
"""

import math
from collections.abc import Callable, Sequence
from operator import gt, lt
from typing import Any, TypeAlias

import attrs
import numpy as np

from actors.component import Component
from actors.price_band import PriceBand
from actors.tick_span import Spared, TickRow, TickSpan
from messages import (
    NS_PER_SECOND,
    Heartbeat,
    MarketFresh,
    MarketStale,
    Message,
    OrderBook,
    Quarantined,
    Quote,
    Symbol,
    Tick,
    TickBlock,
    UtcNs,
)
from messages.market import Level

NOT_FINITE = "not-finite"
"""A price or size is NaN or infinite."""
NOT_POSITIVE = "not-positive"
"""A price is zero or below, or a size is below zero."""
EMPTY_SIDE = "empty-side"
"""A book without bids or without asks."""
NOT_SORTED = "not-sorted"
"""A book whose bids do not fall, or whose asks do not rise, from level to level."""
CROSSED = "crossed"
"""The best bid is not below the best ask."""
AHEAD = "ahead"
"""The source's time lies too far after its reception: a wrong clock would make everything later out of order."""
STALE = "stale"
"""The source's time lies too long before its reception."""
OUT_OF_ORDER = "out-of-order"
"""The source's time lies too long before the latest one accepted."""
DUPLICATE = "duplicate"
"""Equal to the item accepted just before it."""
OFF_BAND = "off-band"
"""The price (of a quote or book: the mid) is too far from the running median."""

_least, _most, _all = np.minimum.reduce, np.maximum.reduce, np.logical_and.reduce
_FAR = 1 << 62
_NOTHING_YET: UtcNs = -_FAR


_positive_count = attrs.validators.ge(1)


def _span(_settings: object, attribute: "attrs.Attribute[Any]", value: int | None) -> None:
    if value is not None and value < 0:
        raise ValueError(f"FilterSettings.{attribute.name} must be a number of ns from 0, or None, not {value!r}")


def _fraction(_settings: object, attribute: "attrs.Attribute[Any]", value: float | None) -> None:
    if value is not None and not 0.0 < value < math.inf:
        raise ValueError(f"FilterSettings.{attribute.name} must be a fraction above zero, or None, not {value!r}")


@attrs.frozen(kw_only=True)
class FilterSettings:
    """What the tick filter takes for absurd. Times are ns; None switches a judgement off."""

    band: float | None = attrs.field(default=0.2, validator=_fraction)
    """Fraction of the running median that a price may lie away from it."""
    window: int = attrs.field(default=31, validator=_positive_count)
    """How many accepted prices the median is taken of."""
    needed: int = attrs.field(default=5, validator=_positive_count)
    """How many accepted prices there must be before one is judged. Those first ones are believed."""
    jump: int = attrs.field(default=10, validator=_positive_count)
    """So many off-band prices in a row that agree with one another mean that the market has moved (see PriceBand)."""
    stale_ns: int | None = attrs.field(default=None, validator=_span)
    """How long the source's time may lie before the reception. Off: a file's items are as old as the file."""
    ahead_ns: int | None = attrs.field(default=60 * NS_PER_SECOND, validator=_span)
    """How far it may lie after the reception: clocks differ a little."""
    tick_back_ns: int | None = attrs.field(default=NS_PER_SECOND, validator=_span)
    """How far a trade may lie before the latest one. A second: venues merge the trades of several engines, so a little
    disorder is ordinary, and each of those trades did happen. Whether its bar still runs the bar builder says."""
    quote_back_ns: int | None = attrs.field(default=0, validator=_span)
    """The same for quotes and books. Nothing: an older one is not news, and would overwrite a newer state."""
    duplicate_ticks: bool = False
    """Reject a trade whose ts, price, size and aggressor equal its predecessor's. Off: real trades are that alike."""
    duplicate_quotes: bool = False
    """Reject a quote or book that equals its predecessor, ts included. A later ts says that it still stands."""

    def __attrs_post_init__(self) -> None:
        if self.needed > self.window:
            raise ValueError(f"FilterSettings.needed {self.needed} is more than the window of {self.window} can hold")


class _Stream:
    """What is remembered of one kind of item of one symbol."""

    __slots__ = ("band", "last", "latest")

    def __init__(self, settings: FilterSettings) -> None:
        self.band = PriceBand(settings.band, window=settings.window, needed=settings.needed, jump=settings.jump)
        self.latest: UtcNs = _NOTHING_YET
        self.last: tuple[object, ...] = ()


_Streams: TypeAlias = dict[Symbol, _Stream]
_Trade: TypeAlias = tuple[UtcNs, float, float, int]
"""(ts, price, size, aggressor)"""


class TickFilter(Component):
    """Says on what is believable, unchanged, and sets the rest aside.

    Hears Tick, TickBlock, Quote, OrderBook from the feed, and live MarketStale, MarketFresh and Heartbeat, which go
    through in their place. Says each accepted item on, the same object, and
    `Quarantined` with a reason code for each rejected one. A block with rejected members is said on as a smaller block
    without them, or not at all when none is left; the rejected members stand in their `Quarantined` as ticks where
    they can be ticks (a NaN cannot), received when the block was.

    Of a block's members only the last one's reception is known: only it can be stale, and each is ahead when it is
    ahead of that one.
    """

    def __init__(self, settings: FilterSettings | None = None) -> None:
        self._settings = settings = settings if settings is not None else FilterSettings()
        self._stale = _far_if_none(settings.stale_ns)
        self._ahead = _far_if_none(settings.ahead_ns)
        self._tick_back = _far_if_none(settings.tick_back_ns)
        self._quote_back = _far_if_none(settings.quote_back_ns)
        self._duplicate_ticks = settings.duplicate_ticks
        self._trades: _Streams = {}
        self._passes: dict[Symbol, Callable[[Any], bool]] = {}
        self._quotes: _Streams = {}
        self._books: _Streams = {}

    def shortcut(self, message_class: type[Message], symbol: Symbol) -> Callable[[Any], bool] | None:
        """The common case of a tick: in order, and within the range that the band has proven."""
        if message_class is not Tick or self._duplicate_ticks:
            return None
        trades = self._trades_of(symbol)
        ahead, stale, band, remember = self._ahead, self._stale, trades.band, trades.band.window.append

        def passes(tick: Tick) -> bool:
            ts, received, price = tick.ts, tick.received, tick.price
            if (
                trades.latest <= ts <= received + ahead
                and received - ts <= stale
                and band.low <= price <= band.high
                and 0.0 <= tick.size < math.inf
            ):
                remember(price)
                trades.latest = ts
                return True
            return False

        return passes

    def spared(self, symbol: Symbol) -> Spared | None:
        """The same for a stretch of ticks."""
        if self._duplicate_ticks:
            return None
        trades, ahead, stale = self._trades_of(symbol), self._ahead, self._stale
        band, window = trades.band, trades.band.window

        def allows(span: TickSpan) -> bool:
            return (
                trades.latest <= span.rows[0][1]
                and span.ahead <= ahead
                and span.behind <= stale
                and band.covers(span.lowest, span.highest)
            )

        def remember(rows: Sequence[TickRow]) -> None:
            window.extend([row[2] for row in rows[-self._settings.window :]])
            trades.latest = rows[-1][1]

        return Spared(allows, remember)

    def on_tick(self, tick: Tick) -> tuple[Message, ...]:
        """The tick, or why not."""
        passes = self._passes.get(tick.symbol)
        if passes is None:
            passes = self._passes[tick.symbol] = self.shortcut(Tick, tick.symbol) or _never
        if passes(tick):
            return (tick,)
        trades = self._trades_of(tick.symbol)
        reason = self._judge_trade(trades, tick.received, (tick.ts, tick.price, tick.size, tick.aggressor))
        return (tick,) if reason is None else (_aside(tick, reason),)

    def on_tick_block(self, block: TickBlock) -> tuple[Message, ...]:
        """The block, or what is left of it and why not the rest."""
        trades = self._trades_of(block.symbol)
        if self._takes_whole(trades, block):
            return (block,)
        return self._one_by_one(trades, block)

    def on_quote(self, quote: Quote) -> tuple[Message, ...]:
        """The quote, or why not."""
        reason: str | None = CROSSED
        if quote.bid < quote.ask:
            state = (quote.ts, quote.bid, quote.bid_size, quote.ask, quote.ask_size)
            reason = self._judge_state(self._quotes, quote, (quote.bid + quote.ask) / 2, state)
        return (quote,) if reason is None else (_aside(quote, reason),)

    def on_order_book(self, book: OrderBook) -> tuple[Message, ...]:
        """The book, or why not."""
        reason = _malformed(book)
        if reason is None:
            mid = (book.bids[0][0] + book.asks[0][0]) / 2
            reason = self._judge_state(self._books, book, mid, (book.ts, book.bids, book.asks))
        return (book,) if reason is None else (_aside(book, reason),)

    def on_market_stale(self, stale: MarketStale) -> tuple[Message, ...]:
        """Pass it on, behind the trades that were heard before it."""
        return (stale,)

    def on_market_fresh(self, fresh: MarketFresh) -> tuple[Message, ...]:
        """Pass it on, behind the trades that fill the gap."""
        return (fresh,)

    def on_heartbeat(self, heartbeat: Heartbeat) -> tuple[Message, ...]:
        """Pass it on: this actor lives."""
        return (heartbeat,)

    def _trades_of(self, symbol: Symbol) -> _Stream:
        trades = self._trades.get(symbol)
        if trades is None:
            trades = self._trades[symbol] = _Stream(self._settings)
        return trades

    def _takes_whole(self, trades: _Stream, block: TickBlock) -> bool:
        """Remember the whole block if it is certain that each of its ticks would be accepted; else do nothing."""
        reach = block.reach or _reach(block)
        if reach is None:
            return False
        first, last = block.ts[0], block.ts[-1]
        if first < trades.latest - self._tick_back:
            return False
        if not block.received - self._stale <= last <= block.received + self._ahead:
            return False
        if self._duplicate_ticks and (first <= trades.latest or not _rises(block)):
            return False
        if not trades.band.accepts_all(*reach, block.prices):
            return False
        trades.latest = max(trades.latest, last)
        trades.last = (last, block.prices[-1], block.sizes[-1], 0)
        return True

    def _one_by_one(self, trades: _Stream, block: TickBlock) -> tuple[Message, ...]:
        kept: list[tuple[UtcNs, float, float]] = []
        aside: list[Message] = []
        final = len(block.ts) - 1
        for place, (ts, price, size) in enumerate(zip(block.ts, block.prices, block.sizes, strict=True)):
            # A member's own reception is unknown, but for the last: no later than the block's, so never stale by it.
            received = block.received if place == final else min(ts, block.received)
            reason = self._judge_trade(trades, received, (ts, price, size, 0))
            if reason is None:
                kept.append((ts, price, size))
            else:
                aside.append(_member_aside(block, reason, ts, price, size))
        if not aside:
            return (block,)
        if not kept:
            return tuple(aside)
        ts_kept, prices, sizes = zip(*kept, strict=True)
        rest = TickBlock(symbol=block.symbol, received=block.received, ts=ts_kept, prices=prices, sizes=sizes)
        return (rest, *aside)

    def _judge_trade(self, trades: _Stream, received: UtcNs, trade: _Trade) -> str | None:
        """The one sequential algorithm for trades: a reason, or None and the trade is remembered."""
        ts, price, size, _aggressor = trade
        reason = _not_a_number(price, size) or self._out_of_time(trades, ts, received, self._tick_back)
        if reason is not None:
            return reason
        if self._duplicate_ticks and trade == trades.last:
            return DUPLICATE
        if not trades.band.accepts(price):
            return OFF_BAND
        trades.last = trade
        trades.latest = max(trades.latest, ts)
        return None

    def _judge_state(
        self, streams: _Streams, item: Quote | OrderBook, mid: float, state: tuple[object, ...]
    ) -> str | None:
        """The same for quotes and books."""
        stream = streams.get(item.symbol)
        if stream is None:
            stream = streams[item.symbol] = _Stream(self._settings)
        reason = self._out_of_time(stream, item.ts, item.received, self._quote_back)
        if reason is not None:
            return reason
        if self._settings.duplicate_quotes and state == stream.last:
            return DUPLICATE
        if not stream.band.accepts(mid):
            return OFF_BAND
        stream.last = state
        stream.latest = max(stream.latest, item.ts)
        return None

    def _out_of_time(self, stream: _Stream, ts: UtcNs, received: UtcNs, back: int) -> str | None:
        if ts > received + self._ahead:
            return AHEAD
        if received - ts > self._stale:
            return STALE
        return OUT_OF_ORDER if ts < stream.latest - back else None


def _reach(block: TickBlock) -> tuple[float, float] | None:
    """As the block's own, where nobody has looked at it yet; None: not all of it is as it should be."""
    prices, sizes = np.asarray(block.prices), np.asarray(block.sizes)
    # A NaN is both the least and the most there is, and fails every comparison; of sizes without end so is the sum.
    lowest, highest = _least(prices), _most(prices)
    if not (lowest > 0.0 and highest < math.inf and _least(sizes) >= 0.0 and prices.dot(sizes) < math.inf):
        return None
    ts = np.asarray(block.ts)
    return (float(lowest), float(highest)) if _all(ts[1:] >= ts[:-1]) else None


def _rises(block: TickBlock) -> bool:
    ts = np.asarray(block.ts)
    return bool(_all(ts[1:] > ts[:-1]))


def _never(_tick: Tick) -> bool:
    return False


def _far_if_none(span: int | None) -> int:
    return _FAR if span is None else span


def _not_a_number(price: float, size: float) -> str | None:
    if not (math.isfinite(price) and math.isfinite(size)):
        return NOT_FINITE
    return NOT_POSITIVE if price <= 0 or size < 0 else None


def _malformed(book: OrderBook) -> str | None:
    if not book.bids or not book.asks:
        return EMPTY_SIDE
    if _is_sound(book.bids, book.asks):
        return None
    for price, size in (*book.bids, *book.asks):
        reason = _not_a_number(price, size)
        if reason is not None:
            return reason
    bids, asks = [level[0] for level in book.bids], [level[0] for level in book.asks]
    if not (all(map(gt, bids, bids[1:])) and all(map(lt, asks, asks[1:]))):
        return NOT_SORTED
    return CROSSED if bids[0] >= asks[0] else None


def _is_sound(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> bool:
    """Whether nothing at all is wrong: the usual case, found at once. A NaN fails every comparison."""
    falling, rising = [level[0] for level in bids], [level[0] for level in asks]
    sizes = [level[1] for level in (*bids, *asks)]
    return (
        0.0 < falling[-1] <= falling[0] < rising[0] <= rising[-1] < math.inf
        and all(map(gt, falling, falling[1:]))
        and all(map(lt, rising, rising[1:]))
        and min(sizes) >= 0.0
        and sum(sizes) < math.inf
    )


def _aside(item: Tick | Quote | OrderBook, reason: str) -> Quarantined:
    return Quarantined(symbol=item.symbol, received=item.received, reason=reason, item=item)


def _member_aside(block: TickBlock, reason: str, ts: UtcNs, price: float, size: float) -> Quarantined:
    if reason in (NOT_FINITE, NOT_POSITIVE):
        text = f"ts {ts}, price {price!r}, size {size!r}"
        return Quarantined(symbol=block.symbol, received=block.received, reason=reason, text=text)
    tick = Tick(symbol=block.symbol, ts=ts, received=block.received, price=price, size=size)
    return _aside(tick, reason)
