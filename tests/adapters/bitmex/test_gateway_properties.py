"""Whatever network and venue do to requests, answers and frames: when they are well again, every execution was said
once with its own lots and money, every order's end is known and true, none was sent twice, and both sides agree.

The venue is the model in `model_venue.py`: plain dicts that know nothing of the gateway.
"""

import json
from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from messages import (
    CancelAll,
    Fill,
    HaltTrading,
    OrderAccepted,
    OrderEnded,
    OrderRejected,
    PositionAdjusted,
    VenueRead,
)
from tests.adapters.bitmex.gateway_rig import MS, Fate, Rig, order

ACTIONS = (
    "market",
    "market",
    "limit",
    "limit",
    "fill",
    "fill",
    "cancel",
    "amend",
    "cut",
    "foreign",
    "again",
    "restart",
    "kill",
)
OVERLOADED = json.dumps({"error": {"message": "The system is currently overloaded. Please try again later."}})


class Storm:
    """A rig and what befalls it, drawn from a seed."""

    def __init__(self, seed, rate):
        self.random, self.rate, self.raging = Random(seed), rate, True
        self.rig = Rig()
        self.rig.fate_of, self.rig.frame_fate = self.fate, self.frame_fate
        self.orders, self.sent, self.number = {}, Counter(), 0
        self.rig.run(2)

    def fate(self, request):
        self.check_not_sent_twice(request)
        switch = request.path.endswith("/cancelAllAfter")
        if not self.raging or switch or self.random.random() > self.rate:
            # A switch that is not refreshed halts, as it should.
            return Fate(effect=self.wait(), back=self.wait())
        kind = self.random.choice(("before", "after", "late", "never", "overloaded", "lost-status", "slow"))
        effect = self.random.randrange(1, 20_000) * MS
        if kind == "overloaded":
            return Fate(status=503, text=OVERLOADED)
        if kind == "lost-status":
            return Fate(status=self.random.choice((500, 502, 504)), text="<html>")
        if kind == "slow":
            return Fate(effect=self.wait(), back=effect)
        # A worker gives up after 5 s; a request that is late is at the venue within 20.
        return Fate(lost=kind, effect=effect if kind == "late" else self.wait(), back=5_000 * MS)

    def wait(self):
        return self.random.randrange(1, 80) * MS

    def check_not_sent_twice(self, request):
        if (request.verb, request.path) != ("POST", "/api/v1/order"):
            return
        client_id = json.loads(request.body)["clOrdID"]
        rejected = sum(each.order.client_id == client_id for each in self.rig.of(OrderRejected))
        assert self.sent[client_id] <= rejected, f"{client_id} was sent again and had not been rejected"
        assert self.rig.venue.named(client_id) is None, f"{client_id} is at the venue and was sent again"
        self.sent[client_id] += 1

    def frame_fate(self, table, text):
        """Late by table, twice, or not at all; in one table in order, as a socket is."""
        if not self.raging or self.random.random() > self.rate:
            return [(10 * MS, text)]
        kind = self.random.choice(("twice", "lost", "early"))
        if kind == "lost":
            return []
        return [(10 * MS, text), (10 * MS, text)] if kind == "twice" and table == "execution" else [(MS, text)]

    # Steps.

    def step(self, action):
        getattr(self, f"do_{action.replace('-', '_')}")()
        self.rig.run(self.random.choice((0.001, 0.05, 0.5, 3.0)))

    def _place(self, **fields):
        self.number += 1
        lots = self.random.choice((-4, -1, 2, 5))
        owners = (("trend", lots - lots // 2), ("mean", lots // 2)) if abs(lots) > 1 else (("trend", lots),)
        new = order(lots, f"run000-net-{self.number}", owners=owners, ts=self.rig.at, **fields)
        self.orders[new.client_id] = new
        self.rig.approve(new)

    def do_market(self):
        self._place()

    def do_limit(self):
        self._place(limit_price=99.5)

    def do_fill(self):
        resting = self.rig.venue.open()
        if resting:
            chosen = self.random.choice(resting)
            self.rig.venue.fill(chosen, self.random.randrange(1, chosen["leavesQty"] + 1))

    def living(self):
        over = {each.order.client_id for each in self.rig.of(OrderEnded, OrderRejected)}
        return [client_id for client_id in self.orders if client_id not in over]

    def do_cancel(self):
        if self.living():
            self.rig.cancel(self.random.choice(self.living()))

    def do_amend(self):
        accepted = {each.order.client_id for each in self.rig.of(OrderAccepted)}
        living = [each for each in self.living() if each in accepted and self.orders[each].limit_price is not None]
        if living:
            old = self.orders[self.random.choice(living)]
            self.rig.amend(order(old.lots * 2, old.client_id, ts=self.rig.at, limit_price=98.5))

    def do_cut(self):
        self.rig.cut()

    def do_foreign(self):
        self.rig.venue.execute(side="Sell", lastQty=2, lastPx=100.0, execCost=-200, execComm=3)

    def do_again(self):
        """What an executor does after a rejection that passes: the same order, with the same id."""
        for rejected in self.rig.of(OrderRejected)[-3:]:
            client_id = rejected.order.client_id
            last = [each for each in self.rig.of(OrderRejected, OrderEnded, OrderAccepted) if _id(each) == client_id][
                -1
            ]
            under_way = self.sent[client_id] > sum(_id(each) == client_id for each in self.rig.of(OrderRejected))
            if last is rejected and not rejected.standing and not under_way:
                self.rig.approve(order_again(self.orders[client_id], self.rig.at))

    def do_restart(self):
        self.rig.restart()

    def do_kill(self):
        self.rig.kill()

    def calm(self):
        self.raging = False
        self.rig.run(200)
        self.rig.tell(CancelAll(account="main", ts=self.rig.at))
        self.rig.run(100)


def _id(said):
    return said.order.client_id


def order_again(old, ts):
    owners = tuple((each.strategy, each.lots) for each in old.owners)
    fields = {} if old.limit_price is None else {"limit_price": old.limit_price}
    return order(old.lots, old.client_id, owners=owners, ts=ts, **fields)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rate=st.sampled_from((0.0, 0.1, 0.4)),
    actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=30),
)
def test_after_any_storm_every_execution_was_said_once_and_every_end_is_known(seed, rate, actions):
    storm = Storm(seed, rate)
    for action in actions:
        storm.step(action)
    storm.calm()

    rig, venue = storm.rig, storm.rig.venue
    ours = [row for row in venue.executions if row["clOrdID"]]
    said = {each.execution_id: each for each in rig.of(Fill)}
    assert len(rig.of(Fill)) == len(said)
    assert {row["execID"]: _money(row) for row in ours} == {
        name: (each.lots, each.value_minor, each.fee_minor) for name, each in said.items()
    }
    foreign = [row for row in venue.executions if not row["clOrdID"]]
    assert sorted((f"execution-{row['execID']}", -2, -197) for row in foreign) == sorted(
        (each.adjustment_id, each.lots, each.value_minor) for each in rig.of(PositionAdjusted)
    )
    for client_id in storm.orders:
        ends = [each for each in rig.of(OrderEnded, OrderRejected) if _id(each) == client_id]
        assert ends, f"nobody knows what became of {client_id}"
        truth = venue.named(client_id)
        if truth is None:
            assert isinstance(ends[-1], OrderRejected), client_id
        else:
            assert isinstance(ends[-1], OrderEnded), client_id
            assert not truth["leavesQty"]
            assert abs(ends[-1].lots_filled) == truth["cumQty"]
            # Who was killed before all fills of an order were said is told its end again.
            assert sum(isinstance(each, OrderEnded) for each in ends) <= 1 + rig.life
    assert not rig.of(HaltTrading)
    assert rig.reconciler.is_ready
    assert rig.of(VenueRead)[-1].unsettled == ()
    assert dict(rig.of(VenueRead)[-1].positions)["XBTUSDT"] == venue.position
    assert rig.gateway._parts.books.holders.net("XBTUSDT") == venue.position


def _money(row):
    sign = 1 if row["side"] == "Buy" else -1
    return sign * row["lastQty"], row["execCost"], row["execComm"]
