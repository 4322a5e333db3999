"""Whatever a venue does, what is true there never exceeds a limit, not even for one message.

The venue here hears orders, amends and cancels in any order, fills in pieces, ends orders unasked, and lets amends
cross fills; what it says comes late, twice, or in another order. Its own books are the truth that the limits are held
against.
"""

import random

import pytest

from actors.risk_guard import RiskGuard, RiskLimits, ScopedLimits
from messages import (
    AmendOrder,
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelOrder,
    Fill,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Outcome,
    SubmitOrder,
)
from tests.builders import MONDAY, a_fill, an_instrument, an_order

NAMES = ("one", "two")
MOST = 10
MOST_OF = {"one": 6}
HEARD = {
    OrderAccepted: "on_order_accepted",
    OrderRejected: "on_order_rejected",
    OrderAmended: "on_order_amended",
    AmendRejected: "on_amend_rejected",
    OrderEnded: "on_order_ended",
    Fill: "on_fill",
}
STEPS = 400


class AtVenue:
    """The truth about one order."""

    def __init__(self, order):
        self.order = order
        self.filled = dict.fromkeys(NAMES, 0)
        self.executions = 0
        self.over = False

    def left(self):
        """By strategy, in the order's sign, never more together than the order has left."""
        sign = 1 if self.order.lots > 0 else -1
        room = max(0, abs(self.order.lots) - abs(sum(self.filled.values())))
        left = {}
        for owner in self.order.owners:
            own = max(0, abs(owner.lots) - abs(self.filled[owner.strategy]))
            left[owner.strategy] = sign * min(own, room)
            room -= abs(left[owner.strategy])
        return left


class Truth:
    """A guard, a venue, and everything that is on its way between them; chance decides what happens next."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.guard = RiskGuard(
            "main",
            {"XBTUSD": an_instrument()},
            RiskLimits(position_lots_max=MOST),
            scoped=[ScopedLimits(strategy=name, position_lots_max=most) for name, most in MOST_OF.items()],
        )
        self.now = MONDAY
        self.orders = {}
        self.venue = {}
        self.held = dict.fromkeys(NAMES, 0)
        self.to_venue = []
        self.to_us = []
        self.passed = self.refused = self.amended = 0

    def step(self):
        """Often several things happen at one time."""
        self.now += self.chance.choice([0, 0, 1])
        moves = [self.propose] * (len(self.open()) < 3)
        moves += [self.propose_to_amend] * 3 + [self.cancel] if self.open() else []
        moves += [self.hear] * 4 if self.to_us else []
        moves += [self.arrive] * 4 if self.to_venue else []
        moves += [self.fill] * 2 if self.live() else []
        moves += [self.end_unasked] if self.live() and self.chance.random() < 0.3 else []
        self.chance.choice(moves)()
        self.holds()

    # Our side.

    def open(self):
        """Orders that were let through and are not over at the venue."""
        return [
            each for each in self.orders.values() if each.client_id not in self.venue or each.client_id in self.ids()
        ]

    def ids(self):
        return {each.order.client_id for each in self.live()}

    def an_order(self, client_id, sign, *, reduce_only=False):
        sizes = self.chance.choice([(1, 0), (0, 3), (2, 1), (4, 0), (3, 3), (6, 0), (0, 7), (5, 4), (1, 6), (7, 0)])
        pairs = tuple((name, sign * lots) for name, lots in zip(NAMES, sizes, strict=True) if lots)
        return an_order(client_id=client_id, owners=pairs, ts=self.now, reduce_only=reduce_only)

    def propose(self):
        reduce_only = self.chance.random() < 0.2
        order = self.an_order(f"run000-o-{self.passed}", self.chance.choice([1, -1]), reduce_only=reduce_only)
        if self.said(self.guard.on_submit_order(SubmitOrder(order))):
            self.orders[order.client_id] = order
            self.passed += 1

    def propose_to_amend(self):
        before = self.chance.choice(self.open())
        order = self.an_order(before.client_id, 1 if before.lots > 0 else -1, reduce_only=before.reduce_only)
        self.amended += self.said(self.guard.on_amend_order(AmendOrder(order, self.now)))

    def cancel(self):
        client_id = self.chance.choice(self.open()).client_id
        self.said(
            self.guard.on_cancel_order(CancelOrder(account="main", client_id=client_id, symbol="XBTUSD", ts=self.now))
        )

    def said(self, messages):
        (message,) = messages
        if isinstance(message, OrderRefused | AmendRejected):
            assert message.reason in {"position-limit", "unknown-order"}
            self.refused += 1
            return False
        self.to_venue.append(message)
        return True

    def hear(self):
        places = range(len(self.to_us))
        # Fills come last more often than not: what is not known of is what there is to get wrong.
        quick = [place for place in places if not isinstance(self.to_us[place], Fill)]
        place = self.chance.choice(quick if quick and self.chance.random() < 0.7 else places)
        message = self.to_us[place]
        if self.chance.random() < 0.7:
            del self.to_us[place]
        assert getattr(self.guard, HEARD[type(message)])(message) == ()

    # The venue's side.

    def arrive(self):
        message = self.to_venue.pop(self.chance.choice([0, self.chance.randrange(len(self.to_venue))]))
        if isinstance(message, ApprovedCancel):
            known = self.venue.get(message.client_id)
            if known is not None and not known.over:
                self.end(known, Outcome.CANCELLED)
            return
        order = message.order
        known = self.venue.get(order.client_id)
        if isinstance(message, ApprovedOrder):
            assert known is None
            self.venue[order.client_id] = known = AtVenue(order)
            if self.chance.random() < 0.1:
                known.over = True
                self.to_us.append(OrderRejected(order=order, reason="overload", standing=False, ts=self.now))
            else:
                self.to_us.append(OrderAccepted(order, self.now))
            return
        assert isinstance(message, ApprovedAmend)
        if known is None or known.over or self.chance.random() < 0.2:
            self.to_us.append(AmendRejected(order, "over", self.now))
            return
        known.order = order
        self.to_us.append(OrderAmended(order, self.now))
        if not any(known.left().values()):
            self.end(known, Outcome.FILLED)

    def live(self):
        return [each for each in self.venue.values() if not each.over]

    def fill(self):
        known = self.chance.choice(self.live())
        order, room = known.order, self.chance.choice([1, 2, 5, 16])
        if order.reduce_only:
            net = sum(self.held.values())
            room = min(room, max(0, -net if order.lots > 0 else net))
        parts = []
        for name, left in known.left().items():
            part = min(abs(left), room)
            room -= part
            if part:
                parts.append((name, part if left > 0 else -part))
        if not parts:
            self.end(known, Outcome.CANCELLED)
            return
        for name, part in parts:
            known.filled[name] += part
            self.held[name] += part
        known.executions += 1
        execution_id = f"{order.client_id}-{known.executions}"
        self.to_us.append(a_fill(order=order, parts=tuple(parts), execution_id=execution_id, ts=self.now))
        if not any(known.left().values()):
            self.end(known, Outcome.FILLED)

    def end_unasked(self):
        self.end(self.chance.choice(self.live()), Outcome.CANCELLED)

    def end(self, known, outcome):
        known.over = True
        self.to_us.append(OrderEnded(known.order, outcome, sum(known.filled.values()), self.now))

    # What must hold.

    def holds(self):
        """Nothing that can come of what the venue has, or is about to have, exceeds a limit."""
        on_their_way = [AtVenue(each.order) for each in self.to_venue if isinstance(each, ApprovedOrder)]
        possible = [*self.live(), *on_their_way]
        net = sum(self.held.values())
        for sign in (1, -1):
            lefts = [each.left() for each in possible if not each.order.reduce_only]
            assert sign * net + sum(max(0, sign * left) for each in lefts for left in each.values()) <= MOST
            for name, most in MOST_OF.items():
                lefts = [each.left().get(name, 0) for each in possible]
                assert sign * self.held[name] + sum(max(0, sign * left) for left in lefts) <= most

    def settle(self):
        """In the end the guard knows what is held, and counts nothing that is over."""
        while self.to_venue:
            self.arrive()
        for known in self.live():
            self.end(known, Outcome.CANCELLED)
        while self.to_us:
            self.hear()
        exposure = self.guard.exposure
        assert exposure.position.get("XBTUSD", 0) == sum(self.held.values())
        for name, lots in self.held.items():
            assert exposure.positions_of.get((name, "XBTUSD"), 0) == lots
        assert exposure.approved() == ()
        for counted in (exposure.buying, exposure.selling, exposure.buying_of, exposure.selling_of):
            assert not any(counted.values())


@pytest.mark.parametrize("seeds", [range(40), range(40, 80)], ids=str)
def test_the_truth_never_exceeds_a_limit(seeds):
    passed = refused = amended = 0
    for seed in seeds:
        truth = Truth(seed)
        for _ in range(STEPS):
            truth.step()
        truth.settle()
        passed, refused, amended = passed + truth.passed, refused + truth.refused, amended + truth.amended

    # Were hardly anything let through, or refused, this would say little.
    assert min(passed, refused, amended) > 1000
