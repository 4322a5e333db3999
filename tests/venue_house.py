"""A simulated venue on a market that the test shows it, and a fold of everything that it says.

    house = VenueHouse(cash=1_000_00, initial_margin=Decimal("0.1"))
    house.send(an_order(5))
    house.open(100.0)
    assert house.equity(101.0) == ...

The fold keeps books of its own, one per strategy: it knows nothing of what the venue believes.
"""

from collections import Counter

from actors.money.ledger import Book
from actors.money.values import Arithmetic
from actors.simulated_venue import SimulatedVenue, VenueSettings
from messages import (
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    BarOpen,
    Fill,
    FundingPaid,
    FundingRate,
    Liquidity,
    MarkPrice,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRejected,
    Woke,
)
from tests.builders import MINUTE, MONDAY, a_bar, a_quote, a_tick, an_instrument


class VenueHouse:
    """One venue; every message it says is in `said`, and checked for what must hold of any message."""

    def __init__(self, *instruments, cash=None, period=MINUTE, settings=None, **terms):
        self.instruments = {each.symbol: each for each in instruments or (an_instrument(**terms),)}
        self.arithmetic = {symbol: Arithmetic(each) for symbol, each in self.instruments.items()}
        if isinstance(cash, int):
            cash = dict.fromkeys((each.currency for each in self.instruments.values()), cash)
        self.cash = cash
        self.venue = SimulatedVenue(
            "main", self.instruments, VenueSettings(**(settings or {})), dict.fromkeys(self.instruments, period), cash
        )
        self.books = {}
        self.orders, self.filled, self.ended = {}, Counter(), {}
        self.said = []
        self.now = MONDAY
        self.hear(self.venue.on_start())

    # Driving.

    def hear(self, answers):
        """Fold what the venue said; gives it back."""
        answers = tuple(answers)
        for message in answers:
            self.said.append(message)
            fold = _FOLDS.get(type(message))
            if fold is not None:
                fold(self, message)
        return answers

    def send(self, *orders):
        return [said for order in orders for said in self.hear(self.venue.on_approved_order(ApprovedOrder(order)))]

    def amend(self, order, ts=MONDAY + 1):
        return self.hear(self.venue.on_approved_amend(ApprovedAmend(order, ts)))

    def cancel(self, client_id, symbol="XBTUSD", ts=MONDAY + 1):
        return self.hear(
            self.venue.on_approved_cancel(ApprovedCancel(account="main", client_id=client_id, symbol=symbol, ts=ts))
        )

    def open(self, price, *, minute=0, symbol="XBTUSD"):
        ts = MONDAY + minute * MINUTE
        return self.hear(self.venue.on_bar_open(BarOpen(symbol=symbol, period=MINUTE, ts=ts, received=ts, price=price)))

    def bar(self, close=100.0, *, minute=0, **fields):
        return self.hear(self.venue.on_bar(a_bar(close, open_ts=MONDAY + minute * MINUTE, **fields)))

    def tick(self, price, size=1e9, *, ts=MONDAY, **fields):
        return self.hear(self.venue.on_tick(a_tick(price, size, ts=ts, **fields)))

    def quote(self, bid, ask, *, ts=MONDAY, **fields):
        return self.hear(self.venue.on_quote(a_quote(bid, ask, ts=ts, **fields)))

    def cross(self, *fills):
        """Internal fills: the strategies' books change, and the venue hears of it."""
        for fill in fills:
            for part in fill.parts:
                self._book(part.strategy, fill).apply(part.lots, part.value_minor)
        return [said for fill in fills for said in self.hear(self.venue.on_fill(fill))]

    def mark(self, price, *, ts=MONDAY, symbol="XBTUSD"):
        return self.hear(self.venue.on_mark_price(MarkPrice(symbol=symbol, ts=ts, received=ts, price=price)))

    def funding(self, rate, *, ts=MONDAY, symbol="XBTUSD"):
        return self.hear(self.venue.on_funding_rate(FundingRate(symbol=symbol, ts=ts, received=ts, rate=rate)))

    def wake(self, at, token):
        return self.hear(self.venue.on_woke(Woke(at, token)))

    # Looking.

    def lots(self, symbol="XBTUSD"):
        return sum(book.lots for (_, each), book in self.books.items() if each == symbol)

    def equity(self, prices, currency="USD"):
        """Cash and open positions of one currency at prices by symbol, from the strategies' books alone."""
        total = self.cash[currency]
        for (_, symbol), book in self.books.items():
            if self.instruments[symbol].currency == currency:
                total += book.cash_minor + book.unrealised_minor(
                    self.arithmetic[symbol].value_minor(book.lots, prices[symbol]) if book.lots else 0
                )
        return total

    def _fold_accepted(self, accepted):
        assert accepted.order.client_id not in self.orders
        self.orders[accepted.order.client_id] = accepted.order

    def _fold_amended(self, amended):
        assert amended.order.client_id not in self.ended
        self.orders[amended.order.client_id] = amended.order

    def _fold_ended(self, ended):
        name = ended.order.client_id
        assert name not in self.ended
        assert ended.lots_filled == self.filled[name]
        self.ended[name] = ended

    def _fold_fill(self, fill):
        if fill.liquidity not in (Liquidity.LIQUIDATION, Liquidity.SETTLEMENT):
            assert fill.client_id in self.orders
            assert fill.client_id not in self.ended
            order = self.orders[fill.client_id]
            self.filled[fill.client_id] += fill.lots
            assert fill.lots * order.lots > 0
            assert abs(self.filled[fill.client_id]) <= abs(order.lots)
        for part in fill.parts:
            self._book(part.strategy, fill).apply(part.lots, part.value_minor, part.fee_minor)

    def _fold_funding(self, paid):
        for part in paid.parts:
            self._book(part.strategy, paid).add_funding(part.amount_minor)

    def _book(self, strategy, of):
        return self.books.setdefault((strategy, of.symbol), Book("main", of.currency, strategy, of.symbol))


_FOLDS = {
    OrderAccepted: VenueHouse._fold_accepted,
    OrderAmended: VenueHouse._fold_amended,
    OrderEnded: VenueHouse._fold_ended,
    Fill: VenueHouse._fold_fill,
    FundingPaid: VenueHouse._fold_funding,
}


def fills(messages):
    return [message for message in messages if isinstance(message, Fill)]


def prices(messages):
    return [fill.price for fill in fills(messages)]


def ends(messages):
    """(outcome, reason, lots filled) of each order that ended."""
    return [(str(m.outcome), m.reason, m.lots_filled) for m in messages if isinstance(m, OrderEnded)]


def rejections(messages):
    return [m.reason for m in messages if isinstance(m, OrderRejected)]
