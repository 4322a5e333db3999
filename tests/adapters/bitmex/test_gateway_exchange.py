"""Against the loopback exchange, without a socket: fills, funding and liquidation are the exchange's own, to the
minor unit, and the account agrees with it at the end, under its real rate limits."""

import json
from random import Random

import pytest

from adapters.exchange.contracts import CONTRACTS
from adapters.exchange.conversation import Conversation
from adapters.exchange.faults import Faults
from adapters.exchange.hub import Hub
from adapters.exchange.limits import Limits
from adapters.exchange.rest import Request
from messages import (
    CancelAll,
    Fill,
    ForeignActivity,
    FundingPaid,
    HaltTrading,
    Liquidity,
    OrderAmended,
    OrderEnded,
    OrderRejected,
    PositionAdjusted,
    VenueRead,
)
from tests.adapters.bitmex.gateway_rig import Rig
from tests.adapters.exchange.house import Caller, a_market, an_exchange
from tests.adapters.exchange.house import order as trade
from tests.builders import HOUR, MONDAY, SECOND, an_order

SYMBOL = "XBTUSD"


class Wire:
    """The exchange as the rig wants a venue: requests in, frames out."""

    def __init__(self):
        self.exchange = an_exchange(SYMBOL)
        a_market(self.exchange, bid=49_999.0, ask=50_001.0, lots=100_000)
        self.caller = Caller(self.exchange, limits=Limits())
        self.hub = Hub(self.exchange, Faults())
        self.account, self.cancel_all_at, self.subscribed = None, None, set()
        self._frames, self._conversation, self._at = [], None, MONDAY

    @property
    def at(self):
        return self._at

    @at.setter
    def at(self, at):
        self._at, self.caller.now_s = at, at / SECOND
        self.exchange.advance(at)

    # A listener of the hub.

    def send(self, text, table=""):
        self._frames.append((table, text))

    @property
    def frames(self):
        self.hub.flush()
        return self._frames

    @frames.setter
    def frames(self, frames):
        self._frames = list(frames)

    def _said(self):
        said, self._frames = [text for _, text in self._frames], []
        return said

    def accept(self):
        if self._conversation is not None:
            self._conversation.left()
        self.account, self._frames = None, []
        self._conversation = Conversation(self.hub, self)
        self._conversation.opened({}, {}, self.at / SECOND, 39)
        return self._said()

    def log_in(self):
        expires = self.at // SECOND + 10
        args = [self.caller.key, expires, self.caller.sign("GET", "/realtime", expires)]
        self._conversation.received(json.dumps({"op": "authKeyExpires", "args": args}), self.at / SECOND)
        return self._said()

    def command(self, text):
        before = self.frames
        self._frames = []
        self._conversation.received(text, self.at / SECOND)
        said, self._frames = self._said(), before
        return said

    def answer(self, verb, target, body):
        headers = self.caller.headers(verb, target, body)
        request = Request(verb=verb, target=target.encode(), headers=headers, body=body.encode())
        response = self.caller.rest.answer(request, self.at / SECOND)
        return response.status, response.body

    def lots(self):
        return self.caller.account.lots(SYMBOL)

    def book(self):
        return self.caller.account.position(CONTRACTS[SYMBOL]).book


@pytest.fixture
def rig():
    rig = Rig(venue=Wire(), instrument=CONTRACTS[SYMBOL].instrument)
    rig.run(2)
    assert rig.reconciler.is_ready, rig.said
    return rig


def place(rig, lots, number, **fields):
    fields.setdefault("owners", (("trend", lots),))
    rig.approve(an_order(client_id=f"run000-net-{number}", symbol=SYMBOL, ts=rig.at, **fields))


def agree(rig):
    """What was said of fills, funding and fees is what the exchange has in its books."""
    book = rig.venue.book()
    fills, funding = rig.of(Fill), rig.of(FundingPaid)
    assert sum(each.lots for each in fills + rig.of(PositionAdjusted)) == rig.venue.lots()
    adjusted = rig.of(PositionAdjusted)
    told = -sum(each.value_minor + each.fee_minor for each in fills) - sum(each.value_minor for each in adjusted)
    told += sum(each.amount_minor for each in funding)
    assert told == book.realised_minor - book.fees_minor + book.funding_minor - book.cost_minor
    assert rig.gateway._parts.books.holders.net(SYMBOL) == rig.venue.lots()


def test_orders_of_all_kinds_come_out_as_the_exchange_has_them(rig):
    place(rig, 5, 1, owners=(("trend", 3), ("mean", 2)))
    place(rig, -2, 2, limit_price=60_000.0)
    place(rig, -1, 3, stop_price=40_000.0)
    rig.run(1)
    rig.amend(an_order(-3, client_id="run000-net-2", symbol=SYMBOL, ts=rig.at, limit_price=55_000.0))
    rig.run(1)
    rig.cancel("run000-net-2")
    rig.run(1)

    (fill,) = rig.of(Fill)
    assert [(part.strategy, part.lots) for part in fill.parts] == [("trend", 3), ("mean", 2)]
    assert len(rig.of(OrderAmended)) == 1
    assert [each.order.client_id for each in rig.of(OrderEnded)] == ["run000-net-1", "run000-net-2"]
    assert rig.gateway._desk.unsettled == ("run000-net-3",)
    assert not rig.of(ForeignActivity, OrderRejected)
    agree(rig)


def test_post_only_that_would_trade_ends_with_its_reason(rig):
    place(rig, 5, 1, limit_price=50_010.0, post_only=True)
    rig.run(1)

    assert [each.reason for each in rig.of(OrderEnded)] == ["post-only"]


def test_too_large_an_order_is_rejected_for_good(rig):
    rig.venue.answer("POST", "/api/v1/position/leverage", json.dumps({"symbol": SYMBOL, "leverage": 1}))
    place(rig, 90_000, 1)
    rig.run(1)

    assert [(each.reason, each.standing) for each in rig.of(OrderRejected)] == [("insufficient-margin", True)]


def test_funding_is_the_exchanges_to_the_minor_unit(rig):
    place(rig, 50, 1, owners=(("trend", 80), ("mean", 7)))
    rig.run(1)
    rig.run(4 * HOUR / SECOND)

    (paid,) = rig.of(FundingPaid)
    assert paid.amount_minor == rig.venue.book().funding_minor != 0
    assert paid.ts == MONDAY + 4 * HOUR
    agree(rig)


def test_a_manual_trade_is_adjusted_and_a_manual_order_named(rig):
    trade(rig.venue.exchange, rig.venue.caller.account, 300)
    trade(rig.venue.exchange, rig.venue.caller.account, 300, 45_000)
    rig.run(2)

    # The market order is seen for a moment, too.
    assert sorted(each.kind for each in rig.of(ForeignActivity)) == ["fill", "order", "order"]
    assert [(each.strategy, each.lots) for each in rig.of(PositionAdjusted)] == [("outside", 3)]
    agree(rig)


def test_a_liquidation_is_a_fill_of_everybody(rig):
    rig.venue.answer("POST", "/api/v1/position/leverage", json.dumps({"symbol": SYMBOL, "leverage": 50}))
    place(rig, 300, 1, owners=(("trend", 200), ("mean", 100)))
    rig.run(1)
    rig.venue.exchange.set_prices(SYMBOL, index=48_000.0, premium=0.0)
    rig.run(2)

    last = rig.of(Fill)[-1]
    assert last.liquidity is Liquidity.LIQUIDATION
    assert [(part.strategy, part.lots) for part in last.parts] == [("mean", -100), ("trend", -200)]
    assert "liquidation" in [each.kind for each in rig.of(ForeignActivity)]
    agree(rig)


def test_cuts_between_orders_lose_no_fill(rig):
    random = Random(4)
    for number in range(1, 25):
        place(rig, random.choice((-3, 1, 4)), number)
        if random.random() < 0.5:
            rig.cut()
        rig.run(random.choice((0.002, 0.5, 9)))
    rig.run(70)

    assert rig.reconciler.is_ready
    assert rig.of(Fill)
    assert not rig.of(HaltTrading)
    agree(rig)


def test_a_burst_stays_within_the_exchanges_limits(rig):
    for number in range(1, 60):
        place(rig, 1, number, limit_price=40_000.0)
        rig.run(0.05)
    rig.tell(CancelAll(account="main", ts=rig.at))
    rig.run(30)

    assert {each.reason for each in rig.of(OrderRejected)} <= {"rate-limited"}
    assert not rig.venue.caller.account.open
    assert rig.gateway._desk.unsettled == ()
    assert rig.of(VenueRead)
