"""The simulated venue: fills orders from what the market shows after they arrived, and from nothing else.

A market order fills at the first price shown after it arrived: the next bar's open, the close of the bar that was
running when it arrived, or the next tick or quote. Limits and stops meet the path of the bars that run after they
arrived, or ticks and quotes one by one (venue/matching.py). Size at the market is not modelled, unless orders may fill
but a part of its volume. With cash given, orders need margin or money, and what can no longer be kept is liquidated.
While nothing rests, and nothing is held that has to be watched, the venue hears no market data at all, which is most of
the time of most runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from actors.component import Answers, Component
from actors.tape import Calm
from actors.tick_span import Spared, TickRow, TickSpan
from actors.venue import dealing, showing
from actors.venue.arrival import wrong_order
from actors.venue.book import Book
from actors.venue.floor import Floor
from actors.venue.match import TAKER, Match
from actors.venue.resting import Resting, waits_for_any_price
from actors.venue.settings import VenueSettings
from actors.venue.takeover import answer_in_hand
from messages import (
    Account,
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    BarOpen,
    CancelAll,
    CancelRejected,
    Fill,
    FundingRate,
    Instrument,
    MarkPrice,
    Message,
    Minor,
    OrderAccepted,
    OrderRejected,
    OrderType,
    Period,
    Quote,
    Step,
    Subscribe,
    Symbol,
    Tick,
    TickBlock,
    TimeInForce,
    UtcNs,
    WakeAt,
    Woke,
)

__all__ = ["SimulatedVenue", "VenueSettings"]
# An enum's member costs ten times what a global does, and these are asked for at every order.
_MARKET: Final = OrderType.MARKET
_TRAILING: Final = OrderType.TRAILING_STOP
_GTC: Final = TimeInForce.GTC
_DAY: Final = TimeInForce.DAY
_DAY_ENDS, _EXPIRES = "day", "expiry:"


class SimulatedVenue(Component):
    """One account's venue in backtests and on paper.

    Hears ApprovedOrder, ApprovedAmend, ApprovedCancel, CancelAll, Fill (internal ones), Bar, BarOpen, Tick, TickBlock,
    Quote, MarkPrice, FundingRate, Woke.
    Says OrderAccepted, OrderRejected, OrderAmended, AmendRejected, Fill, OrderEnded, CancelRejected, FundingPaid,
    Subscribe, Unsubscribe, WakeAt.

    `feeds`: the period of each symbol's bars, None where the market is shown in ticks or quotes (or, when a host
    application sends bars of its own, in these). `cash_minor`: what the account starts with by currency; None: margin,
    money and bankruptcy are not looked at. `heritage`: what `heritage()` of an incarnation that failed gave.
    An order never fills more than its lots; prices are on the tick grid and at least one tick. Rejected for good:
    duplicate-client-id, unknown-symbol, off-grid, expired, insufficient-margin, insufficient-funds, no-short.
    """

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        settings: VenueSettings | None = None,
        feeds: Mapping[Symbol, Period | None] | None = None,
        cash_minor: Mapping[str, Minor] | None = None,
        *,
        heritage: Floor | None = None,
    ) -> None:
        self.account = account
        self.settings = settings or VenueSettings()
        self._inherits = heritage is not None
        """Until it is warm: what it is fed has been heard before, by who left it the floor."""
        self._floor = heritage or Floor(account, instruments, self.settings, feeds or {}, cash_minor)
        self._books, self._live = self._floor.books, self._floor.live

    def on_start(self) -> Answers:
        """What has to be heard before an order comes, when contracts expire, and what a predecessor did not say."""
        floor = self._floor
        said: list[Message] = []
        for book in self._books.values():
            said += book.begin()
            if book.watches:
                said.append(Subscribe(MarkPrice, book.symbol))
            expiry = book.arithmetic.instrument.expiry
            if expiry is not None and not book.expired:
                said.append(WakeAt(expiry, _EXPIRES + book.symbol, Step.MARKS))
        said += [WakeAt(until, _DAY_ENDS, Step.MARKS) for until in sorted(floor.days)]
        return (*said, *floor.facts, *answer_in_hand(floor))

    def heritage(self) -> Floor:
        """Everything that the next incarnation goes on with."""
        return self._floor

    def calm(self, symbol: Symbol, period: Period | None) -> Calm | None:
        """Of a position that nothing but its own prices matters to."""
        book = self._books.get(symbol)
        return book.position.calm if book is not None and period == book.period else None

    def shortcut(self, message_class: type[Message], symbol: Symbol) -> Callable[[Any], bool] | None:
        """A tick while nothing works here, and which what is held need not be judged at."""
        book = self._books.get(symbol)
        if message_class is not Tick or book is None or self._inherits:
            return None
        floor, position = self._floor, book.position

        def changes_nothing(tick: Tick) -> bool:
            price = tick.price
            if book.resting or book.market or not (position.lower < price < position.upper and book.plain):
                return False
            floor.now = tick.received
            position.last, book.slip = price, book.slip_of_price
            return True

        return changes_nothing

    def spared(self, symbol: Symbol) -> Spared | None:
        """The same for a stretch of ticks."""
        book = self._books.get(symbol)
        if book is None or self._inherits:
            return None
        floor, position = self._floor, book.position

        def allows(span: TickSpan) -> bool:
            idle = book.plain and not book.resting and not book.market
            return idle and position.lower < span.lowest and span.highest < position.upper

        def remember(rows: Sequence[TickRow]) -> None:
            floor.now, _, position.last, *_ = rows[-1]
            book.slip = book.slip_of_price

        return Spared(allows, remember)

    def warmed_up(self) -> None:
        """From now on it counts what is heard."""
        self._inherits = False

    # Orders.

    def on_approved_order(self, approved: ApprovedOrder) -> Answers:
        """Takes an order, unless it can never be one; with `this-close` it may fill at once."""
        if self._inherits:
            return ()
        floor, order = self._begins(approved), approved.order
        book = self._books.get(order.symbol)
        arrived = max(floor.now, order.ts)
        if order.client_id in floor.known:
            reason: str | None = "duplicate-client-id"
        else:
            reason = "unknown-symbol" if book is None else wrong_order(order, book, arrived)
        if reason is not None or book is None:
            return (OrderRejected(order=order, reason=reason or "unknown-symbol", standing=True, ts=arrived),)
        resting = Resting(order, arrived)
        said: tuple[Message, ...] = (OrderAccepted(order, arrived),)
        if order.time_in_force is not _GTC:
            resting.waits = waits_for_any_price(order)
            if order.time_in_force is _DAY:
                resting.until = until = book.hours.day_ends_after(arrived)
                if until not in floor.days:
                    floor.days.add(until)
                    said += (WakeAt(until, _DAY_ENDS, Step.MARKS),)
        elif order.type is _MARKET:
            resting.waits = True
        floor.put_in(book, resting)
        floor.known.add(order.client_id)
        if order.type is _MARKET:
            if book.this_close and book.close is not None and book.close[0] == arrived:
                said += self._fill(book, resting, Match(book.close[1], TAKER), arrived)
        elif order.type is _TRAILING:
            book.follow(resting)
        return said + book.listen()

    def on_approved_amend(self, approved: ApprovedAmend) -> Answers:
        """Changes an order, if it still works and can be what it is to be."""
        if self._inherits:
            return ()
        floor, new = self._begins(approved), approved.order
        ts = max(floor.now, approved.ts)
        resting = self._live.get(new.client_id)
        if resting is None:
            return (AmendRejected(new, "over" if new.client_id in floor.known else "unknown", ts),)
        return dealing.amend(floor, self._books[resting.order.symbol], resting, new, ts)

    def on_approved_cancel(self, cancel: ApprovedCancel) -> Answers:
        """Takes an order back, if it still rests."""
        if self._inherits:
            return ()
        floor = self._begins(cancel)
        resting = self._live.get(cancel.client_id)
        if resting is None:
            reason = "over" if cancel.client_id in floor.known else "unknown"
            return (
                CancelRejected(
                    account=self.account,
                    client_id=cancel.client_id,
                    symbol=cancel.symbol,
                    reason=reason,
                    ts=max(floor.now, cancel.ts),
                ),
            )
        return dealing.cancel(floor, resting, cancel.ts)

    def on_cancel_all(self, cancel: CancelAll) -> Answers:
        """Takes everything back."""
        if self._inherits:
            return ()
        floor = self._begins(cancel)
        return tuple([said for each in list(self._live.values()) for said in dealing.cancel(floor, each, cancel.ts)])

    def on_fill(self, fill: Fill) -> Answers:
        """What strategies crossed with each other changes what they hold, and nothing at the venue."""
        if self._inherits:
            return ()
        self._begins()
        book = self._books[fill.symbol]
        book.position.hand_out(fill.parts)
        if book.position.last is None:
            book.position.last = fill.price
        return book.listen()

    # The market.

    def on_bar_open(self, bar_open: BarOpen) -> Answers:
        """The first price after a close: what market orders wait for."""
        self._floor.now = bar_open.received
        return showing.bar_open(self._begins(), self._books[bar_open.symbol], bar_open)

    def on_bar(self, bar: Bar) -> Answers:
        """A bar's path, and its close. What is held and nothing else costs two comparisons."""
        floor, book = self._begins(), self._books[bar.symbol]
        floor.now = bar.received
        position = book.position
        idle = book.plain and not book.resting and not book.market
        if idle and position.lower < bar.low and bar.high < position.upper:
            position.settle(bar.close)
            return ()
        return showing.bar(floor, book, bar)

    def on_tick(self, tick: Tick) -> Answers:
        """A trade. What is held and nothing else costs two comparisons."""
        floor, book = self._floor, self._books[tick.symbol]
        floor.now = tick.received
        position, price = book.position, tick.price
        if book.plain and not book.resting and not book.market and position.lower < price < position.upper:
            position.last, book.slip = price, book.slip_of_price
            return ()
        return showing.tick(self._begins(), book, tick)

    def on_tick_block(self, block: TickBlock) -> Answers:
        """Trades that nobody hears one by one. What is held and nothing else costs their lowest and their highest."""
        floor = self._floor
        floor.now = block.received
        book = self._books[block.symbol]
        position = book.position
        if not book.has_hours:
            lowest, highest = block.reach or _reach(block)
            if position.lower < lowest and highest < position.upper:
                position.last = block.prices[-1]
                return ()
        return showing.block(self._begins(), book, block)

    def on_quote(self, quote: Quote) -> Answers:
        """The best prices."""
        self._floor.now = quote.received
        return showing.quote(self._begins(), self._books[quote.symbol], quote)

    def on_mark_price(self, mark: MarkPrice) -> Answers:
        """The fair price: from the first one on it, and not the last price, decides what can be kept."""
        if self._inherits:
            return ()
        floor = self._begins()
        floor.now = mark.received
        book = self._books[mark.symbol]
        book.position.mark = mark.price
        return floor.judge_mark(book, mark.received)

    def on_funding_rate(self, funding: FundingRate) -> Answers:
        """Longs pay shorts, or shorts longs: once for each symbol and time."""
        book = self._books.get(funding.symbol)
        if self._inherits or book is None or book.position.is_spot:
            return ()
        floor, position = self._begins(), book.position
        floor.now = max(floor.now, funding.received)
        price = position.price
        if not position.held or price is None or book.funded_at >= funding.ts:
            return ()
        return (floor.pay_funding(book, funding, price),)

    def on_woke(self, woke: Woke) -> Answers:
        """A day is over, or a contract has expired."""
        floor = self._begins()
        floor.now = max(floor.now, woke.at)
        if woke.token.startswith(_EXPIRES):
            book = self._books[woke.token.removeprefix(_EXPIRES)]
            return () if book.expired else floor.settle(book, woke.at)
        floor.days = {until for until in floor.days if until > woke.at}
        said: list[Message] = []
        for resting in list(self._live.values()):
            if resting.until is not None and resting.until <= woke.at:
                book = self._books[resting.order.symbol]
                said += (*floor.end(book, resting, _DAY.value, woke.at), *book.listen())
        return tuple(said)

    # Inside.

    def _begins(self, in_hand: ApprovedOrder | ApprovedAmend | ApprovedCancel | CancelAll | None = None) -> Floor:
        """A message is handled: what the one before brought about has been said."""
        floor = self._floor
        if floor.facts:
            floor.facts.clear()
        floor.in_hand = in_hand
        return floor

    def _fill(self, book: Book, resting: Resting, match: Match, ts: UtcNs) -> tuple[Message, ...]:
        return dealing.fill(self._floor, book, resting, match, ts)


def _reach(block: TickBlock) -> tuple[float, float]:
    prices = np.asarray(block.prices)
    return float(np.minimum.reduce(prices)), float(np.maximum.reduce(prices))
