"""Whatever orders come and whatever the market does: what the venue says is possible, and adds up to the minor unit.

A random history of orders, amends, cancels, internal crosses, funding and ends of days meets random bars or ticks. The
market is shown to the venue only where it has asked for it. Strategies' books are folded from its messages alone.
"""

from decimal import Decimal

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.venue.states import EDGES
from messages import (
    Bar,
    BarOpen,
    Fill,
    FillPart,
    Kind,
    Liquidity,
    OrderType,
    Owner,
    Subscribe,
    Tick,
    TickBlock,
    TimeInForce,
    Unsubscribe,
    ValueRounding,
)
from tests.builders import MINUTE, MONDAY, a_bar, a_block, a_tick, an_instrument, an_order
from tests.venue_house import VenueHouse

MINUTES = 6
EXEMPT = (Liquidity.LIQUIDATION, Liquidity.SETTLEMENT, Liquidity.INTERNAL)
FEES = {"maker_fee": Decimal("-0.0003"), "taker_fee": Decimal("0.0011")}
MARGIN = {"initial_margin": Decimal("0.1"), "maintenance_margin": Decimal("0.05")}
XBT = {"kind": Kind.INVERSE, "currency": "XBT", "value_rounding": ValueRounding.PER_LOT}
TERMS = (FEES, {**FEES, **MARGIN}, {**FEES, **MARGIN, **XBT}, {**FEES, "kind": Kind.SPOT})

_ticks = st.integers(150, 250)
_price = _ticks.map(lambda ticks: ticks / 2)
_lots = st.integers(-9, 9).filter(bool)


@st.composite
def _an_order(draw, number, ts):
    lots = draw(_lots)
    kind = draw(st.sampled_from(OrderType))
    fields = {
        "type": kind,
        "time_in_force": draw(st.sampled_from(TimeInForce)),
        "reduce_only": draw(st.sampled_from([False, False, True])),
    }
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        fields["limit_price"] = draw(_price)
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT):
        fields["stop_price"] = draw(_price)
    if kind is OrderType.TRAILING_STOP:
        fields["trail"] = draw(st.integers(1, 20)) / 2
    if kind is OrderType.LIMIT:
        fields["post_only"] = draw(st.booleans())
    first = draw(st.integers(0, abs(lots))) * (1 if lots > 0 else -1)
    owners = tuple((name, part) for name, part in (("one", first), ("two", lots - first)) if part)
    return an_order(owners=owners, client_id=f"order-{number}", ts=ts, **fields)


class History:
    """Draws one history and plays it to a venue."""

    def __init__(self, data, *, period, terms, cash, venue):
        self.data, self.period, self.number = data, period, 0
        self.house = VenueHouse(an_instrument(**terms), cash=cash, period=period, settings=venue)
        self.currency = next(iter(self.house.instruments.values())).currency
        widest = venue.get("slippage_ticks", 0) + 2 * venue.get("half_spread_ticks", 0)
        self.slip = widest / 2
        self.heard, self.tracked, self.read = set(), {}, 0
        self.follow(())

    def play(self):
        for minute in range(MINUTES):
            start = MONDAY + minute * MINUTE
            self.act(start)
            if self.period is None:
                self.show(a_tick(self.draw(_price), self.draw(st.integers(0, 20)), ts=start))
                continue
            low, *between, high = sorted(self.draw(st.lists(_price, min_size=4, max_size=4)))
            opened, close = self.draw(st.permutations(between))
            self.show(BarOpen(symbol="XBTUSD", period=MINUTE, ts=start, received=start, price=opened))
            self.act(start + MINUTE // 2)
            volume = self.draw(st.integers(0, 40))
            self.show(a_bar(close, open=opened, low=low, high=high, volume=volume, open_ts=start))

    def draw(self, strategy):
        return self.data.draw(strategy)

    def act(self, ts):
        kinds = ["order", "order", "order", "amend", "cancel", "cross", "funding", "day", "all"]
        for kind in self.draw(st.lists(st.sampled_from(kinds), max_size=4)):
            self.follow(getattr(self, kind)(ts))

    def order(self, ts):
        self.number += 1
        order = self.draw(_an_order(self.number, ts))
        said = self.house.send(order)
        resting = self.house.venue.heritage().live.get(order.client_id)
        if resting is not None:
            self.tracked[order.client_id] = (resting, resting.state)
        return said

    def amend(self, ts):
        if not self.house.orders:
            return ()
        order = self.house.orders[self.draw(st.sampled_from(sorted(self.house.orders)))]
        lots = self.draw(st.integers(1, 12)) * (1 if order.lots > 0 else -1)
        changes = {"lots": lots, "owners": (Owner(self.draw(st.sampled_from(["one", "two"])), lots),)}
        if order.limit_price is not None:
            changes["limit_price"] = self.draw(_price)
        return self.house.amend(attrs.evolve(order, **changes), ts)

    def cancel(self, ts):
        return self.house.cancel(f"order-{self.draw(st.integers(1, 8))}", ts=ts)

    def all(self, ts):
        return [said for name in list(self.house.orders) for said in self.house.cancel(name, ts=ts)]

    def cross(self, ts):
        self.number += 1
        lots, crossed = self.draw(_lots), []
        for name, signed in (("one", lots), ("two", -lots)):
            value = self.house.arithmetic["XBTUSD"].value_minor(signed, 100.0)
            fill = Fill(
                account="main", currency=self.currency, symbol="XBTUSD", client_id=f"x-{self.number}{name}",
                execution_id=f"x-{self.number}{name}", ts=ts, lots=signed, price=100.0, liquidity=Liquidity.INTERNAL,
                value_minor=value, fee_minor=0, parts=(FillPart(name, signed, value, 0),),
            )  # fmt: skip
            crossed.append(fill)
        return self.house.cross(*crossed)

    def funding(self, ts):
        return self.house.funding(self.draw(st.sampled_from([0.01, -0.01, 0.0001])), ts=ts)

    def day(self, ts):
        return self.house.wake(ts, "day") if self.draw(st.booleans()) else ()

    # What must hold.

    def show(self, message):
        """The market says something, to who wants to hear it."""
        heard = message
        if (type(message), self.period) not in self.heard:
            if not isinstance(message, Tick) or (TickBlock, None) not in self.heard:
                return
            if self.draw(st.booleans()):  # somebody else hears single ticks, or nobody does
                heard = a_block(message)
        handlers = {Bar: "on_bar", BarOpen: "on_bar_open", Tick: "on_tick", TickBlock: "on_tick_block"}
        said = self.follow(self.house.hear(getattr(self.house.venue, handlers[type(heard)])(heard)))
        for fill in said:
            if isinstance(fill, Fill) and fill.liquidity not in EXEMPT:
                self.check_seen(fill, message)

    def check_seen(self, fill, message):
        if isinstance(message, Bar):
            order, resting = self.house.orders[fill.client_id], self.tracked[fill.client_id][0]
            assert resting.arrived < message.close_ts
            shown = {message.close}
            if resting.arrived <= message.open_ts and order.type is not OrderType.MARKET and not resting.waits:
                shown = {message.open, message.low, message.high}
            elif order.type is OrderType.LIMIT or (resting.triggered and order.limit_price is not None):
                shown.add(order.limit_price)  # passed on the way to the close
            elif resting.waits and order.type is not OrderType.MARKET:
                shown |= {message.open, message.low, message.high}
        else:
            shown = {message.price}
            order = self.house.orders[fill.client_id]
            if order.limit_price is not None:
                shown.add(order.limit_price)
        assert min(shown) - self.slip <= fill.price <= max(shown) + self.slip
        if order.limit_price is not None:
            assert (fill.price - order.limit_price) * fill.lots <= 0

    def follow(self, said):
        for message in self.house.said[self.read :]:
            if isinstance(message, Subscribe):
                self.heard.add((message.message, message.period))
            elif isinstance(message, Unsubscribe):
                self.heard.discard((message.message, message.period))
        self.read = len(self.house.said)
        self.check_states()
        self.check_ledger(said)
        self.check_heard()
        return said

    def check_states(self):
        for name, (resting, before) in self.tracked.items():
            assert resting.state in _reachable(before)
            assert (name in self.house.ended) == (not EDGES[resting.state])
            self.tracked[name] = (resting, resting.state)

    def check_ledger(self, said):
        house, floor = self.house, self.house.venue.heritage()
        books = [book for book in house.books.values() if book.fills]
        assert house.lots() == floor.books["XBTUSD"].position.lots
        if house.cash is None:
            return
        purse = floor.purses[self.currency]
        # What the strategies spent and got is what the account did, whatever their positions are worth.
        assert sum(book.cash_minor - book.cost_minor for book in books) == purse.flow
        net = floor.books["XBTUSD"].position.ledger
        assert (net.lots, net.cash_minor - net.cost_minor) == (house.lots(), purse.flow)
        if any(isinstance(each, Fill) and each.liquidity is Liquidity.LIQUIDATION for each in said):
            assert house.lots() == 0
            assert purse.start + purse.flow >= 0
        if house.instruments["XBTUSD"].kind is Kind.SPOT:
            assert house.lots() >= 0
            assert purse.start + purse.flow >= 0
        else:
            value = house.arithmetic["XBTUSD"].value_minor(house.lots(), 100.0)
            difference = house.equity({"XBTUSD": 100.0}, self.currency) - (purse.start + purse.flow + value)
            holders = sum(1 for book in books if book.lots)
            assert abs(difference) <= (holders + 1) / 2 if holders > 1 else difference == 0

    def check_heard(self):
        floor = self.house.venue.heritage()
        kinds = {kind for kind, _ in self.heard}
        book = floor.books["XBTUSD"]
        if floor.live:
            assert (Bar if self.period else Tick) in kinds
        elif book.watches and book.position.held:
            assert (Bar if self.period else TickBlock) in kinds
            assert book.this_close or not kinds & {BarOpen, Tick}
        if book.market and self.period:
            assert BarOpen in kinds
        if not floor.live and not book.position.held and book.always.of == ():
            assert not kinds & {Bar, BarOpen, Tick, TickBlock}


def _reachable(state):
    found, fresh = {state}, [state]
    while fresh:
        for after in EDGES[fresh.pop()].values():
            if after not in found:
                found.add(after)
                fresh.append(after)
    return found


_venues = st.fixed_dictionaries(
    {},
    optional={
        "slippage_ticks": st.integers(1, 3),
        "half_spread_ticks": st.integers(1, 3),
        "volume_cap": st.sampled_from([0.1, 0.5, 1.0]),
        "limit_fill": st.just("touch"),
        "fill": st.just("this-close"),
    },
)


@settings(max_examples=120, deadline=None)
@given(st.data(), st.sampled_from(TERMS), st.sampled_from([None, 2_000, 20_000, 2_000_000]), _venues)
def test_on_bars_every_history_is_possible_and_adds_up(data, terms, cash, venue):
    History(data, period=MINUTE, terms=terms, cash=_in_currency(cash, terms), venue=venue).play()


@settings(max_examples=120, deadline=None)
@given(st.data(), st.sampled_from(TERMS), st.sampled_from([None, 2_000, 20_000, 2_000_000]), _venues)
def test_on_ticks_every_history_is_possible_and_adds_up(data, terms, cash, venue):
    History(data, period=None, terms=terms, cash=_in_currency(cash, terms), venue=venue).play()


def _in_currency(cents, terms):
    """A lot is worth 100 USD, or 0.01 XBT."""
    return cents * 100 if cents and terms.get("currency") == "XBT" else cents
