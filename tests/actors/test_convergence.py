"""Whatever a venue does, the executor never trades too much on the way, and in the end holds what is wanted.

The venue here answers late, in any order, twice, rejects for a while, fills in pieces, cancels unasked, and lets fills
and cancels race. Money is not looked at: lots are.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.execution.rules import ShareRule
from actors.executor import DUPLICATE, Executor
from actors.risk_guard import RiskGuard, RiskLimits
from messages import (
    ApprovedCancel,
    ApprovedOrder,
    CancelOrder,
    CancelRejected,
    Fill,
    OrderAccepted,
    OrderEnded,
    OrderRejected,
    Outcome,
    ReportPositions,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
    WakeAt,
    Woke,
)
from tests.actors.unkind_venue import AtVenue, left_of
from tests.builders import MONDAY, SECOND, a_target, an_instrument

NAMES = ("one", "three", "two")
WISH_MAX = 6


class Trading(RuleBasedStateMachine):
    """Executor and guard, a venue that means no good, and messages that are still on their way."""

    def __init__(self):
        super().__init__()
        instruments = {"XBTUSD": an_instrument()}
        rules = [ShareRule(strategy=name, symbols=("XBTUSD",)) for name in NAMES]
        self.executor = Executor("main", instruments, "run000", rules)
        self.guard = RiskGuard("main", instruments, RiskLimits(position_lots_max=len(NAMES) * WISH_MAX))
        self.now = MONDAY
        self.wanted = dict.fromkeys(NAMES, 0)
        self.highest = dict.fromkeys(NAMES, 0)
        self.lowest = dict.fromkeys(NAMES, 0)
        self.held = dict.fromkeys(NAMES, 0)
        self.venue = {}
        self.to_venue = []
        self.to_us = []
        self.timers = []
        self.rejections = 0
        self.state = TradingState.ACTIVE
        self.refusals = 0

    # Our side.

    def said(self, messages):
        for message in messages:
            if isinstance(message, WakeAt):
                self.timers.append(message)
            elif isinstance(message, Fill):
                self.held[message.parts[0].strategy] += message.lots
            elif isinstance(message, SubmitOrder):
                self.passed(self.guard.on_submit_order(message))
                self.sent_no_more_than_is_lacking(message.order)
            elif isinstance(message, CancelOrder):
                self.passed(self.guard.on_cancel_order(message))
            else:
                raise AssertionError(message)

    def passed(self, messages):
        for message in messages:
            if not isinstance(message, ApprovedOrder | ApprovedCancel):
                self.refusals += 1
                self.said(self.executor.on_order_refused(message))
            else:
                self.to_venue.append(message)

    @rule(wishes=st.tuples(*[st.integers(-WISH_MAX, WISH_MAX)] * len(NAMES)))
    def want(self, wishes):
        self.now += 1
        for name, lots in zip(NAMES, wishes, strict=True):
            self.wanted[name] = lots
            self.highest[name] = max(self.highest[name], lots)
            self.lowest[name] = min(self.lowest[name], lots)
        self.said(self.executor.on_target_shares(a_target(tuple(self.wanted.items()), ts=self.now)))

    @rule(state=st.sampled_from([TradingState.ACTIVE] * 6 + [TradingState.HALTED, TradingState.FLATTENING]))
    def change_state(self, state):
        self.now += 1
        self.state = state
        changed = TradingStateChanged(account="main", state=state, reason="test", ts=self.now)
        self.said(self.executor.on_trading_state_changed(changed))

    @precondition(lambda self: self.timers)
    @rule()
    def wake(self):
        timer = min(self.timers, key=lambda each: each.at)
        self.timers.remove(timer)
        self.now = max(self.now + 1, timer.at)
        self.said(self.executor.on_woke(Woke(self.now, timer.token)))

    # On the way to us: in any order, once or twice.

    @precondition(lambda self: self.to_us)
    @rule(pick=st.integers(0, 1000), again=st.sampled_from([False, False, True]))
    def hear(self, pick, again):
        self.now += 1
        place = pick % len(self.to_us)
        message = self.to_us[place]
        if not again:
            del self.to_us[place]
        for hearer in (self.guard, self.executor):
            name = {
                Fill: "on_fill",
                OrderAccepted: "on_order_accepted",
                OrderEnded: "on_order_ended",
                OrderRejected: "on_order_rejected",
                CancelRejected: "on_cancel_rejected",
            }[type(message)]
            handler = getattr(hearer, name, None)
            if handler is not None:
                self.said(handler(message))

    # The venue's side.

    @precondition(lambda self: self.to_venue)
    @rule(reject=st.sampled_from([False, False, True]))
    def arrive(self, reject):
        self.now += 1
        message = self.to_venue.pop(0)
        if isinstance(message, ApprovedCancel):
            known = self.venue.get(message.client_id)
            if known is None or known.over:
                self.to_us.append(
                    CancelRejected(
                        account="main", client_id=message.client_id, symbol="XBTUSD", reason="over", ts=self.now
                    )
                )
            else:
                self.end(known, Outcome.CANCELLED)
            return
        order = message.order
        if order.client_id in self.venue:
            self.to_us.append(OrderRejected(order=order, reason=DUPLICATE, standing=True, ts=self.now))
        elif reject and self.rejections < 12:
            self.rejections += 1
            self.to_us.append(OrderRejected(order=order, reason="overload", standing=False, ts=self.now))
        else:
            self.venue[order.client_id] = AtVenue(order)
            self.to_us.append(OrderAccepted(order, self.now))

    def live(self):
        return [each for each in self.venue.values() if not each.over]

    @precondition(lambda self: self.live())
    @rule(pick=st.integers(0, 1000), lots=st.integers(1, 40))
    def fill(self, pick, lots):
        self.now += 1
        live = self.live()
        known = live[pick % len(live)]
        fill = known.fill(lots, self.now)
        for part in fill.parts:
            self.held[part.strategy] += part.lots
        self.to_us.append(fill)
        if not known.left():
            self.end(known, Outcome.FILLED)

    @precondition(lambda self: self.live())
    @rule(pick=st.integers(0, 1000))
    def cancel_unasked(self, pick):
        self.now += 1
        live = self.live()
        self.end(live[pick % len(live)], Outcome.CANCELLED)

    def end(self, known, outcome):
        known.over = True
        self.to_us.append(OrderEnded(known.order, outcome, known.filled, self.now))

    # What must hold.

    def working(self):
        """What may still be bought and sold, by strategy, of all orders at the venue and on their way there."""
        buying, selling = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0)
        on_their_way = {
            message.order.client_id: left_of(message.order, {})
            for message in self.to_venue
            if isinstance(message, ApprovedOrder) and message.order.client_id not in self.venue
        }
        for left in [*(known.left() for known in self.live()), *on_their_way.values()]:
            for owner, lots in left.items():
                side = buying if lots > 0 else selling
                side[owner] += lots
        return buying, selling

    def sent_no_more_than_is_lacking(self, order):
        """With everything that happened, heard of or not: were all that works filled, nobody would hold too much."""
        buying, selling = self.working()
        for owner in order.owners:
            name = owner.strategy
            wanted = 0 if self.state is TradingState.FLATTENING else self.wanted[name]
            if owner.lots > 0:
                assert self.held[name] + buying[name] <= wanted
            else:
                assert self.held[name] + selling[name] >= wanted

    @invariant()
    def never_trades_more_than_was_ever_wanted(self):
        buying, selling = self.working()
        for name in NAMES:
            assert self.held[name] + buying[name] <= self.highest[name]
            assert self.held[name] + selling[name] >= self.lowest[name]

    @invariant()
    def never_asks_for_what_the_guard_must_refuse(self):
        assert self.refusals == 0

    def settle(self):
        """Let everything come to an end: the venue now takes and fills all it gets."""
        self.change_state(TradingState.ACTIVE)
        for _ in range(2_000):
            if self.to_venue:
                self.arrive(reject=False)
            elif self.to_us:
                self.hear(pick=0, again=False)
            elif self.live():
                self.fill(pick=0, lots=40)
            elif self.timers:
                self.wake()
            else:
                break
            self.never_trades_more_than_was_ever_wanted()
        else:
            raise AssertionError("it never comes to rest")
        (ours,) = self.executor.on_report_positions(ReportPositions("main", 1))
        (nets,) = self.guard.on_report_positions(ReportPositions("main", 1))
        wanted = {name: lots for name, lots in self.wanted.items() if lots}
        assert {strategy: lots for strategy, _, lots in ours.positions} == wanted
        assert self.held == self.wanted
        assert sum(lots for _, _, lots in nets.positions) == sum(wanted.values())
        assert self.guard.exposure.buying.get("XBTUSD", 0) == self.guard.exposure.selling.get("XBTUSD", 0) == 0

    def teardown(self):
        self.settle()


Trading.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestTrading = Trading.TestCase


@pytest.mark.parametrize("times", [1, 5, 12])
def test_an_order_rejected_again_and_again_still_brings_the_position(times):
    machine = Trading()
    machine.want((3, 0, -1))
    for _ in range(times):
        machine.arrive(reject=True)
        machine.hear(pick=0, again=False)
        machine.wake()
    machine.settle()

    assert machine.held == {"one": 3, "three": 0, "two": -1}
    assert machine.now < MONDAY + times * 31 * SECOND
