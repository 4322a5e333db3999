"""Whatever algorithms and venue do, nobody is ever traded past what it wants, and in the end the wanted lots are there.

The venue here is the judge: a table of orders of its own. What the executor says travels to it with delay, answers come
late, twice and in any order; orders are rejected, filled in pieces, amended, cancelled and ended unasked, quotes move,
timers fire, targets, trading states and strategies' own orders change meanwhile. Lots are looked at, money is not.
"""

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.component import handler_name
from actors.execution.rules import ShareRule
from actors.executor import DUPLICATE, Executor
from messages import (
    AmendOrder,
    AmendPlaced,
    AmendRejected,
    CancelOrder,
    CancelPlaced,
    CancelRejected,
    Fill,
    GaveUp,
    Liquidity,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderType,
    Outcome,
    PlaceOrder,
    ReportPositions,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
    WakeAt,
    Woke,
)
from tests.actors.unkind_venue import AtVenue, left_of
from tests.builders import MONDAY, SECOND, a_bar, a_fill, a_quote, a_target, a_tick, an_instrument

SYMBOL = "XBTUSD"
NAMES = ("one", "three", "two")
OWN = "own"
"""A strategy that sometimes places orders of its own."""
EVERYBODY = (*NAMES, OWN)
WISH_MAX = 6
SHOWN = 2
EXECUTIONS = (
    "market",
    "opponent",
    "join",
    {"algorithm": "signal-limit", "seconds": 5, "tolerance_ticks": 2},
    {"algorithm": "last-limit", "tolerance_ticks": 1},
    {"algorithm": "chase", "seconds": 2},
    {"algorithm": "twap", "minutes": 0.2, "slices": 3},
    {"algorithm": "twap", "minutes": 0.2, "slices": 3, "child": "opponent"},
    {"algorithm": "vwap", "minutes": 20, "slices": 4, "child": "opponent"},
    {"algorithm": "iceberg", "show_lots": SHOWN},
)
ENDS = ("", "post-only", "ioc", "day", "reduce-only", "insufficient-margin")
FAULTS_MAX = 25


class Trading(RuleBasedStateMachine):
    """An executor, a venue that means no good, and messages that are still on their way."""

    @initialize(
        executions=st.tuples(*[st.sampled_from(EXECUTIONS)] * len(EVERYBODY)),
        order_lots_max=st.sampled_from([None, None, 3]),
        bars=st.booleans(),
    )
    def begin(self, executions, order_lots_max=None, bars=False):
        self.executions = dict(zip(EVERYBODY, executions, strict=True))
        rules = [ShareRule(strategy=name, symbols=(SYMBOL,), execution=each) for name, each in self.executions.items()]
        self.make = lambda heritage: Executor(
            "main",
            {SYMBOL: an_instrument()},
            "run000",
            rules,
            order_lots_max=order_lots_max,
            feeds={SYMBOL: 60 * SECOND if bars else None},
            half_spread_ticks=1,
            heritage=heritage,
        )
        self.executor = self.make(None)
        self.kept = []
        self.incarnations = 1
        self.bars = bars
        self.now = MONDAY
        self.wanted = dict.fromkeys(EVERYBODY, 0)
        self.highest = dict.fromkeys(EVERYBODY, 0)
        self.lowest = dict.fromkeys(EVERYBODY, 0)
        self.held = dict.fromkeys(EVERYBODY, 0)
        self.heard = dict.fromkeys(EVERYBODY, 0)
        """What the executor can know: the fills that were delivered."""
        self.delivered = set()
        self.venue = {}
        self.to_venue = []
        self.to_us = []
        self.timers = []
        self.gave_up = {}
        self.faults = 0
        self.ids = set()
        self.quote = None
        self.doomed = set()
        """On their way when the account was liquidated: the venue does not take them."""
        self.state = TradingState.ACTIVE
        self.placed = 0
        self.places = False

    def tell(self, message):
        """Something that the executor's address keeps, to be heard again by its next incarnation."""
        self.said(getattr(self.executor, handler_name(type(message)))(message))
        self.kept.append(message)

    @precondition(lambda self: self.incarnations < 3 and self.executor.desks[SYMBOL].worked)
    @rule()
    def fail_and_start_again(self):
        self.incarnations += 1
        heir = self.make(self.executor.heritage())
        self.quote = None
        self.timers = []
        for message in self.kept:
            answers = getattr(heir, handler_name(type(message)))(message)
            self.timers += [each for each in answers if isinstance(each, WakeAt) and each.at >= self.now]
        heir.warmed_up()
        self.executor = heir

    def fault(self):
        self.faults += 1
        return self.faults <= FAULTS_MAX

    # Our side.

    def said(self, messages):
        for message in messages:
            if isinstance(message, WakeAt):
                self.timers.append(message)
            elif isinstance(message, Fill):
                self.held[message.parts[0].strategy] += message.lots
                self.heard[message.parts[0].strategy] += message.lots
            elif isinstance(message, GaveUp):
                assert message.lots == self.wanted[message.strategy] - self.heard[message.strategy]
                self.gave_up[message.strategy] = message
            elif isinstance(message, SubmitOrder):
                self.to_venue.append(message)
                self.is_new_or_a_retry(message.order)
                self.has_sound_terms(message.order)
                if message.order.algorithm != "own":
                    self.sent_no_more_than_is_lacking(message.order)
                    self.opens_nothing_where_only_reducing_is_allowed(message.order)
            elif isinstance(message, AmendOrder):
                assert message.order.client_id in self.ids
                self.has_sound_terms(message.order)
                self.to_venue.append(message)
            else:
                assert isinstance(message, CancelOrder)
                self.to_venue.append(message)

    def is_new_or_a_retry(self, order):
        known = order.client_id in self.ids
        self.ids.add(order.client_id)
        if known:
            assert self.executor.desks[SYMBOL].working[order.client_id].attempts > 1

    def has_sound_terms(self, order):
        assert sum(owner.lots for owner in order.owners) == order.lots
        assert len({owner.strategy for owner in order.owners}) == len(order.owners)
        if order.limit_price is not None:
            assert (order.limit_price * 2).is_integer()
        if (
            order.post_only
            and order.algorithm != "own"
            and self.quote is not None
            and order.client_id not in self.venue
        ):
            # A retry is sent as it was.
            working = self.executor.desks[SYMBOL].working[order.client_id]
            if working.attempts == 1:
                inside = order.limit_price < self.quote.ask if order.lots > 0 else order.limit_price > self.quote.bid
                assert inside or self.bars

    @rule(wishes=st.tuples(*[st.integers(-WISH_MAX, WISH_MAX)] * len(EVERYBODY)), price=st.integers(195, 205))
    def want(self, wishes, price=200):
        self.now += 1
        for name, lots in zip(EVERYBODY, wishes, strict=True):
            if name == OWN and self.places:
                continue
            if lots != self.wanted[name]:
                self.gave_up.pop(name, None)
            self.wanted[name] = lots
            self.highest[name] = max(self.highest[name], lots)
            self.lowest[name] = min(self.lowest[name], lots)
        self.tell_targets(price / 2)

    @rule(who=st.integers(0, 3), part=st.integers(0, 3))
    def want_less(self, who, part):
        wishes = [self.wanted[name] for name in EVERYBODY]
        wishes[who] = wishes[who] * part // 4
        self.want(tuple(wishes))

    def tell_targets(self, price):
        shares = tuple((name, lots) for name, lots in self.wanted.items() if name != OWN or not self.places)
        self.tell(a_target(shares, ts=self.now, price=price))

    @rule(
        state=st.sampled_from(
            [TradingState.ACTIVE] * 5 + [TradingState.HALTED, TradingState.FLATTENING, TradingState.REDUCE_ONLY]
        )
    )
    def change_state(self, state):
        self.now += 1
        self.state = state
        changed = TradingStateChanged(account="main", state=state, reason="test", ts=self.now)
        self.tell(changed)

    @precondition(lambda self: self.timers)
    @rule()
    def wake(self):
        timer = min(self.timers, key=lambda each: each.at)
        self.timers.remove(timer)
        self.now = max(self.now + 1, timer.at)
        self.said(self.executor.on_woke(Woke(self.now, timer.token)))

    @rule(bid=st.integers(190, 210), spread=st.integers(1, 3), traded=st.booleans())
    def move(self, bid, spread, traded):
        self.now += 1
        if self.bars:
            self.said(self.executor.on_bar(a_bar(bid / 2, open_ts=self.now - 60 * SECOND, volume=float(bid))))
            return
        if traded:
            self.said(self.executor.on_tick(a_tick(bid / 2, ts=self.now)))
        self.quote = a_quote(bid / 2, (bid + spread) / 2, ts=self.now)
        self.said(self.executor.on_quote(self.quote))

    # A strategy's own orders.

    @precondition(lambda self: self.state is TradingState.ACTIVE and self.placed < 20)
    @rule(lots=st.integers(-4, 4).filter(bool), limit=st.booleans(), post_only=st.booleans())
    def place(self, lots, limit, post_only):
        self.now += 1
        self.places = True
        self.wanted[OWN] = 0
        self.gave_up.pop(OWN, None)
        self.placed += 1
        placed = PlaceOrder(
            strategy=OWN,
            symbol=SYMBOL,
            number=self.placed,
            ts=self.now,
            lots=lots,
            type=OrderType.LIMIT if limit else OrderType.MARKET,
            limit_price=100.0 if limit else None,
            post_only=post_only and limit,
        )
        self.tell(placed)
        self.tell_targets(100.0)

    @precondition(lambda self: self.placed)
    @rule(number=st.integers(1, 20), lots=st.integers(-9, 9).filter(bool), price=st.integers(190, 210))
    def amend_placed(self, number, lots, price):
        self.now += 1
        amend = AmendPlaced(strategy=OWN, symbol=SYMBOL, number=number, ts=self.now, lots=lots, limit_price=price / 2)
        self.tell(amend)

    @precondition(lambda self: self.places)
    @rule(number=st.none() | st.integers(1, 20))
    def cancel_placed(self, number):
        self.now += 1
        self.tell(CancelPlaced(strategy=OWN, symbol=SYMBOL, ts=self.now, number=number))
        if number is None:
            self.places = False
            self.tell_targets(100.0)

    # On the way to us: in any order, once or twice.

    @precondition(lambda self: self.to_us)
    @rule(pick=st.integers(0, 1000), again=st.sampled_from([False, False, True]))
    def hear(self, pick, again):
        self.now += 1
        place = pick % len(self.to_us)
        message = self.to_us[place]
        if not again:
            del self.to_us[place]
        if isinstance(message, Fill) and message.execution_id not in self.delivered:
            self.delivered.add(message.execution_id)
            for part in message.parts:
                self.heard[part.strategy] += part.lots
        self.tell(message)

    # The venue's side.

    @precondition(lambda self: self.to_venue)
    @rule(mood=st.sampled_from(["takes", "takes", "takes", "overloaded", "refuses", "guard", "rate"]))
    def arrive(self, mood):
        self.now += 1
        message = self.to_venue.pop(0)
        if mood != "takes" and not self.fault():
            mood = "takes"
        if isinstance(message, CancelOrder):
            self.arrive_cancel(message, mood)
        elif isinstance(message, AmendOrder):
            self.arrive_amend(message.order, mood)
        else:
            self.arrive_order(message.order, mood)

    def arrive_order(self, order, mood):
        if order.client_id in self.venue:
            self.to_us.append(OrderRejected(order=order, reason=DUPLICATE, standing=True, ts=self.now))
        elif order.client_id in self.doomed or mood == "refuses":
            self.to_us.append(OrderRejected(order=order, reason="margin", standing=True, ts=self.now))
        elif mood == "guard":
            self.to_us.append(OrderRefused(order, "position-limit", self.now))
        elif mood == "rate":
            self.to_us.append(OrderRefused(order, "order-rate", self.now))
        elif mood == "overloaded":
            self.to_us.append(OrderRejected(order=order, reason="overload", standing=False, ts=self.now))
        else:
            self.venue[order.client_id] = AtVenue(order)
            self.to_us.append(OrderAccepted(order, self.now))

    def arrive_amend(self, order, mood):
        known = self.venue.get(order.client_id)
        if known is None or known.over or mood != "takes":
            self.to_us.append(AmendRejected(order, "unknown" if known is None else "overload", self.now))
            return
        assert order.lots * known.order.lots > 0
        known.order = order
        self.to_us.append(OrderAmended(order, self.now))
        if not known.left():
            self.end(known, Outcome.FILLED)

    def arrive_cancel(self, cancel, mood):
        known = self.venue.get(cancel.client_id)
        if known is None or known.over or mood == "overloaded":
            rejected = CancelRejected(
                account="main", client_id=cancel.client_id, symbol=SYMBOL, reason="overload", ts=self.now
            )
            self.to_us.append(rejected)
        else:
            self.end(known, Outcome.CANCELLED)

    @rule()
    def answer_everything(self):
        """The venue takes what is on its way to it, and we hear all that it says."""
        while self.to_venue or self.to_us:
            if self.to_venue:
                self.arrive("takes")
            else:
                self.hear(pick=0, again=False)

    def live(self):
        return [each for each in self.venue.values() if not each.over]

    @precondition(lambda self: self.live())
    @rule(pick=st.integers(0, 1000), lots=st.integers(1, 8))
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
    @rule(pick=st.integers(0, 1000), reason=st.sampled_from(ENDS))
    def end_unasked(self, pick, reason):
        self.now += 1
        if self.fault():
            live = self.live()
            self.end(live[pick % len(live)], Outcome.CANCELLED, reason)

    @precondition(lambda self: any(self.held.values()))
    @rule(chance=st.integers(0, 3))
    def liquidate(self, chance):
        self.now += 1
        if chance or not self.fault():
            return
        for each in self.live():
            self.end(each, Outcome.CANCELLED, "liquidated")
        parts = tuple((name, -lots) for name, lots in self.held.items() if lots)
        if not sum(lots for _, lots in parts):
            return
        execution_id = f"liquidation-{self.now}"
        fill = attrs.evolve(
            a_fill(parts=parts, execution_id=execution_id, ts=self.now),
            liquidity=Liquidity.LIQUIDATION,
            client_id=execution_id,
        )
        self.doomed |= {message.order.client_id for message in self.to_venue if isinstance(message, SubmitOrder)}
        self.held = dict.fromkeys(EVERYBODY, 0)
        self.to_us.insert(0, fill)
        # What is crossed or sent before this is heard nobody could know better.
        self.hear(pick=0, again=False)

    def end(self, known, outcome, reason=""):
        known.over = True
        self.to_us.append(OrderEnded(known.order, outcome, known.filled, self.now, reason))

    # What must hold.

    def possible(self):
        """What may still be filled of each order at the venue or on its way there, by owner.

        An order whose change is on its way counts as the larger of both.
        """
        found = {}
        for client_id, known in self.venue.items():
            if not known.over:
                found[client_id] = known.left()
        for message in self.to_venue:
            if isinstance(message, SubmitOrder) and message.order.client_id not in self.venue:
                if message.order.client_id not in self.doomed:
                    found[message.order.client_id] = left_of(message.order, {})
            elif isinstance(message, AmendOrder) and message.order.client_id in found:
                known = self.venue.get(message.order.client_id)
                after = left_of(message.order, known.parts if known is not None else {})
                before = found[message.order.client_id]
                found[message.order.client_id] = {
                    owner: max(after.get(owner, 0), before.get(owner, 0), key=abs) for owner in {*after, *before}
                }
        return found

    def sums(self):
        buying, selling = dict.fromkeys(EVERYBODY, 0), dict.fromkeys(EVERYBODY, 0)
        for left in self.possible().values():
            for owner, lots in left.items():
                side = buying if lots > 0 else selling
                side[owner] += lots
        return buying, selling

    def sent_no_more_than_is_lacking(self, order):
        """With everything that happened, heard of or not: were all that works filled, nobody would hold too much."""
        buying, selling = self.sums()
        for owner in order.owners:
            name = owner.strategy
            if name == OWN and self.places:
                # What it sent on its way to an earlier target is left alone.
                continue
            wanted = 0 if self.state is TradingState.FLATTENING else self.wanted[name]
            if owner.lots > 0:
                assert self.held[name] + buying[name] <= wanted
            else:
                assert self.held[name] + selling[name] >= wanted

    def opens_nothing_where_only_reducing_is_allowed(self, order):
        assert self.state is not TradingState.HALTED or order.client_id in self.venue
        if self.state is not TradingState.REDUCE_ONLY:
            return
        working = self.executor.desks[SYMBOL].working[order.client_id]
        if working.attempts > 1:
            return
        net = sum(self.heard.values())
        assert order.reduce_only
        assert order.lots * net < 0
        assert abs(order.lots) <= abs(net)
        for owner in order.owners:
            assert owner.lots * self.heard[owner.strategy] < 0
            assert abs(owner.lots) <= abs(self.heard[owner.strategy])

    @invariant()
    def nobody_is_traded_past_what_it_ever_wanted(self):
        buying, selling = self.sums()
        for name in NAMES:
            assert self.held[name] + buying[name] <= self.highest[name]
            assert self.held[name] + selling[name] >= self.lowest[name]

    @invariant()
    def an_order_that_may_be_filled_is_never_forgotten_and_counts_in_full(self):
        working = self.executor.desks[SYMBOL].working
        for client_id, left in self.possible().items():
            for owner, lots in left.items():
                assert abs(working[client_id].left[owner]) >= abs(lots)

    @invariant()
    def what_is_held_is_the_sum_of_the_fills_that_were_heard(self):
        assert {name: self.executor.lots_in(SYMBOL).get(name, 0) for name in EVERYBODY} == self.heard

    @invariant()
    def an_iceberg_shows_no_more_than_it_may(self):
        shown = {1: 0, -1: 0}
        for client_id, left in self.possible().items():
            if self.executor.desks[SYMBOL].working[client_id].order.algorithm.startswith("iceberg"):
                for lots in left.values():
                    shown[1 if lots > 0 else -1] += abs(lots)
        assert max(shown.values()) <= SHOWN

    def settle(self):
        """The faults stop: the venue takes all it gets, and the market trades through every limit."""
        self.faults = FAULTS_MAX
        if self.places:
            self.cancel_placed(None)
        self.change_state(TradingState.ACTIVE)
        self.rest()
        # What was refused for good before the faults stopped is tried again when something changes.
        self.change_state(TradingState.ACTIVE)
        self.rest()
        (ours,) = self.executor.on_report_positions(ReportPositions("main", 1))
        assert {strategy: lots for strategy, _, lots in ours.positions} == {k: v for k, v in self.held.items() if v}
        for name in EVERYBODY:
            assert self.held[name] == self.wanted[name] or name in self.gave_up
        assert not self.executor.desks[SYMBOL].working

    def rest(self):
        for _ in range(4_000):
            if self.to_venue:
                self.arrive("takes")
            elif self.to_us:
                self.hear(pick=0, again=False)
            elif self.live():
                self.fill(pick=0, lots=40)
            elif self.timers:
                self.wake()
            else:
                return
            self.nobody_is_traded_past_what_it_ever_wanted()
        raise AssertionError("it never comes to rest")

    def teardown(self):
        if hasattr(self, "executor"):
            self.settle()


Trading.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestTrading = Trading.TestCase


def a_machine(*executions):
    machine = Trading()
    machine.begin(executions=(*executions, *["market"] * (len(EVERYBODY) - len(executions))))
    return machine


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("mood", ["overloaded", "rate"])
def test_every_algorithm_arrives_although_its_first_orders_are_not_taken(execution, mood):
    machine = a_machine(execution)
    machine.move(199, 1, traded=True)
    machine.want((5, 0, 0, 0))
    for _ in range(3):
        machine.arrive(mood)
        machine.hear(pick=0, again=True)
        machine.hear(pick=0, again=False)
        machine.wake()
    machine.settle()

    assert machine.held["one"] == 5 or "one" in machine.gave_up


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_every_algorithm_arrives_although_the_venue_ends_its_orders_again_and_again(execution):
    machine = a_machine(execution)
    machine.move(199, 1, traded=True)
    machine.want((-5, 0, 0, 0))
    for _ in range(4):
        while machine.to_venue:
            machine.arrive("takes")
        if machine.live():
            machine.end_unasked(0, "post-only")
        while machine.to_us:
            machine.hear(pick=0, again=False)
        machine.move(201, 1, traded=True)
    machine.settle()

    assert machine.held["one"] == -5 or "one" in machine.gave_up


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("when", range(4))
def test_an_executor_that_fails_on_the_way_leaves_its_orders_to_its_heir_who_arrives(execution, when):
    machine = a_machine(execution, "market")
    machine.move(199, 1, traded=True)
    machine.want((6, -2, 0, 1))
    machine.answer_everything()
    steps = [
        lambda: machine.move(201, 1, traded=True),
        machine.answer_everything,
        lambda: machine.live() and machine.fill(0, 1),
    ]
    for step in steps[:when]:
        step()
    machine.fail_and_start_again()
    machine.move(202, 1, traded=True)
    machine.settle()

    assert machine.held["one"] == 6 or "one" in machine.gave_up
    assert (machine.held["two"], machine.held["own"]) == (0, 1)
