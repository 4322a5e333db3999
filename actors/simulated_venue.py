"""The simulated venue: fills orders from what the market shows after they arrived, and from nothing else.

A market order fills at the first price shown after it arrived: the next bar's open, the close of the bar that was
running when it arrived, or the next tick or quote. Limits and stops meet the path of the bars that run after they
arrived, or ticks and quotes one by one (venue/matching.py). Size at the market is not modelled: a fill is for all lots.
While nothing rests the venue hears no market data at all, which is most of the time of most runs.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import attrs

from actors.component import Answers, Component
from actors.money.allocation import fill_parts
from actors.money.values import Arithmetic
from actors.venue import matching
from actors.venue.matching import Match, Resting
from messages import (
    Account,
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    BarOpen,
    CancelAll,
    CancelRejected,
    Fill,
    FillPart,
    Instrument,
    Liquidity,
    Lots,
    Message,
    Order,
    OrderAccepted,
    OrderEnded,
    OrderRejected,
    OrderType,
    Outcome,
    Period,
    Quote,
    StrategyId,
    Subscribe,
    Symbol,
    Tick,
    Unsubscribe,
    UtcNs,
)

__all__ = ["SimulatedVenue", "VenueSettings"]
# An enum's member costs ten times what a global does, and these are asked for at every order.
_MARKET: Final = OrderType.MARKET
_LIMIT: Final = OrderType.LIMIT
_TAKER: Final = Liquidity.TAKER
_MAKER: Final = Liquidity.MAKER
_CANCELLED: Final = Outcome.CANCELLED
_FILLED: Final = Outcome.FILLED


@attrs.frozen(kw_only=True)
class VenueSettings:
    """The conventions that can be chosen."""

    fill: str = attrs.field(default="next-open", validator=attrs.validators.in_(("next-open", "this-close")))
    """`this-close`: a market order decided at a bar's close fills at that close. Optimistic, and labelled so."""
    slippage_ticks: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    """Of market and stop orders, always against us."""
    limit_fill: str = attrs.field(default="through", validator=attrs.validators.in_(("through", "touch")))


@attrs.frozen(eq=False)
class _Wants:
    """What has to be heard: (class, period) each. Compared by identity, for a book has but three of them."""

    of: tuple[tuple[type[Message], Period | None], ...]


_NOTHING = _Wants(())


class _Book:
    """One symbol: its arithmetic, what rests, and what is subscribed to because of it."""

    __slots__ = (
        "arithmetic",
        "changes",
        "close",
        "for_market",
        "for_resting",
        "hears",
        "held",
        "maker_fee",
        "market",
        "net",
        "period",
        "resting",
        "symbol",
        "taker_fee",
    )

    def __init__(self, instrument: Instrument, period: Period | None) -> None:
        self.symbol = instrument.symbol
        self.period = period
        self.arithmetic = Arithmetic(instrument)
        self.maker_fee, self.taker_fee = Fraction(instrument.maker_fee), Fraction(instrument.taker_fee)
        self.market: list[Resting] = []
        self.resting: list[Resting] = []
        self.hears = _NOTHING
        self.changes: dict[tuple[_Wants, _Wants], tuple[Message, ...]] = {}
        """What is said to go from hearing one thing to hearing another: the same few messages, at every order."""
        if period is None:
            self.for_market = self.for_resting = _Wants(((Tick, None), (Quote, None), (Bar, None)))
        else:
            self.for_market, self.for_resting = _Wants(((BarOpen, period), (Bar, period))), _Wants(((Bar, period),))
        self.close: tuple[UtcNs, float] | None = None
        self.net: Lots = 0
        self.held: dict[StrategyId, Lots] = {}
        """What each strategy holds: whether an order of its own leaves a position or enters one."""

    def wanted(self) -> _Wants:
        """What has to be heard while this rests."""
        return self.for_market if self.market else self.for_resting if self.resting else _NOTHING

    def change(self, wanted: _Wants) -> tuple[Message, ...]:
        """What to say in order to hear this from now on, and nothing else."""
        before, self.hears = self.hears, wanted
        said = self.changes.get((before, wanted))
        if said is None:
            begins = [each for each in wanted.of if each not in before.of]
            ceases = [each for each in before.of if each not in wanted.of]
            said = self.changes[before, wanted] = (
                *[Subscribe(kind, self.symbol, period) for kind, period in begins],
                *[Unsubscribe(kind, self.symbol, period) for kind, period in ceases],
            )
        return said


class SimulatedVenue(Component):
    """One account's venue in backtests and on paper.

    Hears ApprovedOrder, ApprovedCancel, CancelAll, Fill (internal ones), Bar, BarOpen, Tick, Quote.
    Says OrderAccepted, OrderRejected, Fill, OrderEnded, CancelRejected, Subscribe, Unsubscribe.

    `feeds`: the period of each symbol's bars, None where the market is shown in ticks or quotes (or, when a host
    application sends bars of its own, in these). An order never fills more than its lots; prices are on the tick grid
    and at least one tick. Rejected for good: duplicate-client-id, unknown-symbol, off-grid.
    """

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        settings: VenueSettings | None = None,
        feeds: Mapping[Symbol, Period | None] | None = None,
    ) -> None:
        self.account = account
        self.settings = settings or VenueSettings()
        self._touch = self.settings.limit_fill == "touch"
        self._this_close = self.settings.fill == "this-close"
        self._slippage = self.settings.slippage_ticks
        self._books = {
            symbol: _Book(instrument, (feeds or {}).get(symbol)) for symbol, instrument in instruments.items()
        }
        self._live: dict[str, Resting] = {}
        self._known: set[str] = set()
        self._now: UtcNs = 0

    def on_start(self) -> Answers:
        """With `this-close` the closes have to be known before an order comes; otherwise nothing is heard yet."""
        if not self._this_close:
            return ()
        said: list[Message] = []
        for book in self._books.values():
            if book.period is not None:
                said += book.change(book.for_market)
        return said

    # Orders.

    def on_approved_order(self, approved: ApprovedOrder) -> Answers:
        """Takes an order, unless it can never be one; with `this-close` it may fill at once."""
        order = approved.order
        book = self._books.get(order.symbol)
        arrived = max(self._now, order.ts)
        reason = self._wrong(order, book)
        if reason is not None or book is None:
            return (OrderRejected(order=order, reason=reason or "unknown-symbol", standing=True, ts=arrived),)
        self._known.add(order.client_id)
        resting = Resting(order, arrived)
        accepted = OrderAccepted(order, arrived)
        if order.type is not _MARKET:
            book.resting.append(resting)
        elif self._this_close and book.close is not None and book.close[0] == arrived:
            return (accepted, *self._fill(book, resting, Match(book.close[1], _TAKER), arrived))
        else:
            book.market.append(resting)
        self._live[order.client_id] = resting
        return (accepted,) + self._listen(book)  # noqa: RUF005 - cheaper than unpacking, and done at every order

    def on_approved_cancel(self, cancel: ApprovedCancel) -> Answers:
        """Takes an order back, if it still rests."""
        resting = self._live.get(cancel.client_id)
        if resting is None:
            reason = "over" if cancel.client_id in self._known else "unknown"
            return (
                CancelRejected(
                    account=self.account,
                    client_id=cancel.client_id,
                    symbol=cancel.symbol,
                    reason=reason,
                    ts=max(self._now, cancel.ts),
                ),
            )
        return self._cancel(resting, cancel.ts)

    def on_cancel_all(self, cancel: CancelAll) -> Answers:
        """Takes everything back."""
        return tuple([said for resting in list(self._live.values()) for said in self._cancel(resting, cancel.ts)])

    def on_fill(self, fill: Fill) -> Answers:
        """What strategies crossed with each other changes what they hold, and nothing at the venue."""
        _fold(self._books[fill.symbol].held, fill.parts)
        return ()

    # The market.

    def on_bar_open(self, bar_open: BarOpen) -> Answers:
        """The first price after a close: what market orders wait for."""
        self._now = bar_open.received
        book = self._books[bar_open.symbol]
        # From here on the close before is not the last price any more.
        book.close = None
        return self._fill_market(book, bar_open.price, bar_open.ts + 1, bar_open.received) if book.market else ()

    def on_bar(self, bar: Bar) -> Answers:
        """A bar's path for limits and stops, and its close for market orders that arrived while it ran."""
        self._now = bar.received
        book = self._books[bar.symbol]
        if self._this_close:
            book.close = (bar.close_ts, bar.close)
        said: list[Message] = []
        if book.resting:
            # What arrived at the close itself (in answer to another symbol's fill) did not see this bar.
            seen = [each for each in book.resting if each.arrived < bar.close_ts]
            for resting, match in matching.on_bar(seen, bar, touch=self._touch, held=book.held):
                said += self._fill(book, resting, match, bar.received)
        if book.market:
            said += self._fill_market(book, bar.close, bar.close_ts, bar.received)
        elif said:
            said += self._listen(book)
        return tuple(said)

    def on_tick(self, tick: Tick) -> Answers:
        """A trade: for market orders its price, for the others a price that may reach them."""
        self._now = tick.received
        book = self._books[tick.symbol]
        said: list[Message] = []
        for resting in list(book.resting):
            if resting.arrived <= tick.received:
                match = matching.on_tick(resting, tick.price, touch=self._touch)
                if match is not None:
                    said += self._fill(book, resting, match, tick.received)
        said += self._fill_market(book, tick.price, tick.received + 1, tick.received)
        return tuple(said)

    def on_quote(self, quote: Quote) -> Answers:
        """The offer for who buys, the bid for who sells."""
        self._now = quote.received
        book = self._books[quote.symbol]
        said: list[Message] = []
        for resting in list(book.resting):
            if resting.arrived <= quote.received:
                match = matching.on_quote(resting, quote, touch=self._touch)
                if match is not None:
                    said += self._fill(book, resting, match, quote.received)
        for resting in list(book.market):
            if resting.arrived <= quote.received:
                price = quote.ask if resting.order.lots > 0 else quote.bid
                said += self._fill(book, resting, Match(price, _TAKER), quote.received)
        return (*said, *self._listen(book)) if said else ()

    # Inside.

    def _wrong(self, order: Order, book: _Book | None) -> str | None:
        if order.client_id in self._known:
            return "duplicate-client-id"
        if book is None:
            return "unknown-symbol"
        price = order.limit_price if order.limit_price is not None else order.stop_price
        if price is not None and not book.arithmetic.grid.on_grid(price):
            return "off-grid"
        return None

    def _fill_market(self, book: _Book, price: float, before: UtcNs, ts: UtcNs) -> tuple[Message, ...]:
        """Fill the market orders that arrived before a time, and listen to no more than what is left needs."""
        market, match = book.market, Match(price, _TAKER)
        if len(market) == 1:
            # The usual single order needs no list of what is said.
            filled = self._fill(book, market[0], match, ts) if market[0].arrived < before else ()
            return filled + self._listen(book)
        said: list[Message] = []
        for resting in market[:]:
            if resting.arrived < before:
                said += self._fill(book, resting, match, ts)
        return (*said, *self._listen(book))

    def _fill(self, book: _Book, resting: Resting, match: Match, ts: UtcNs) -> tuple[Message, ...]:
        order = resting.order
        self._take_out(book, resting)
        lots = order.lots
        client_id = order.client_id
        if order.reduce_only:
            lots = max(lots, -book.net) if lots < 0 < book.net else min(lots, -book.net) if book.net < 0 < lots else 0
        if lots == 0:
            return (OrderEnded(order, _CANCELLED, 0, ts),)
        book.net += lots
        arithmetic = book.arithmetic
        instrument, grid = arithmetic.instrument, arithmetic.grid
        ticks = grid.to_ticks(match.price)
        if order.type is not _LIMIT:
            ticks += self._slippage if lots > 0 else -self._slippage
        price = grid.to_price(max(1, ticks))
        value = arithmetic.value_minor(lots, price)
        rate = book.maker_fee if match.liquidity is _MAKER else book.taker_fee
        fee = arithmetic.fee_minor(lots, price, rate) if rate else 0
        owners = order.owners
        parts = (
            (FillPart(owners[0].strategy, lots, value, fee),)
            if len(owners) == 1
            else fill_parts(lots, value, fee, [(owner.strategy, owner.lots) for owner in owners])
        )
        _fold(book.held, parts)
        fill = Fill(
            account=self.account,
            currency=instrument.currency,
            symbol=order.symbol,
            client_id=client_id,
            execution_id=client_id + "-1",
            ts=ts,
            lots=lots,
            price=price,
            liquidity=match.liquidity,
            value_minor=value,
            fee_minor=fee,
            parts=parts,
            ambiguous=match.ambiguous,
        )
        outcome = _FILLED if lots == order.lots else _CANCELLED
        return (fill, OrderEnded(order, outcome, lots, ts))

    def _cancel(self, resting: Resting, ts: UtcNs) -> tuple[Message, ...]:
        book = self._books[resting.order.symbol]
        self._take_out(book, resting)
        ended = OrderEnded(resting.order, _CANCELLED, 0, max(self._now, ts))
        return (ended, *self._listen(book))

    def _take_out(self, book: _Book, resting: Resting) -> None:
        # An order that fills on arrival was never put in.
        if self._live.pop(resting.order.client_id, None) is not None:
            (book.market if resting.order.type is _MARKET else book.resting).remove(resting)

    def _listen(self, book: _Book) -> tuple[Message, ...]:
        wanted = book.wanted()
        if wanted is book.hears or (self._this_close and book.period is not None):
            return ()
        return book.change(wanted)


def _fold(held: dict[StrategyId, Lots], parts: tuple[FillPart, ...]) -> None:
    for part in parts:
        held[part.strategy] = held.get(part.strategy, 0) + part.lots
