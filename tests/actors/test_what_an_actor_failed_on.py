"""Nothing that an actor of the core fails on is lost without a reason: it is heard again, answered, or comes again."""

import attrs
import pytest

from actors.account_actors import _FACTS
from actors.auditor import Auditor
from actors.component import handlers_of
from actors.execution.rules import ShareRule
from actors.executor import Executor
from actors.portfolio import Portfolio
from actors.reconciler import Reconciler
from actors.risk_guard import RiskGuard, RiskLimits
from adapters.bitmex.gateway import BitmexGateway
from adapters.journal.orders import Journal
from messages import (
    AmendOrder,
    ApprovedAmend,
    ApprovedOrder,
    Bar,
    CancelAll,
    CancelOrder,
    CancelPlaced,
    EquityMarked,
    HaltTrading,
    Heartbeat,
    LineClosed,
    LineOpened,
    MarkPrice,
    OrderAccepted,
    OrderType,
    PlaceOrder,
    Quote,
    ReadVenue,
    ReportPositions,
    RequestAnswered,
    Share,
    SubmitOrder,
    TargetShares,
    TextReceived,
    Tick,
    TickBlock,
    TradingState,
    TradingStateChanged,
    VenueLost,
    VenueRead,
    VenueReady,
    Woke,
)
from tests.audited import an_auditor
from tests.builders import MONDAY, SECOND, a_fill, an_instrument

ACTORS = (RiskGuard, Executor, Portfolio, Journal, BitmexGateway, Reconciler, Auditor)
PRICE = "the next price makes up for it"
BEAT = "the next beat is sent without it, and the dead man's switch has time for some that are lost"
ANEW = "a gateway that was started again opens its line anew, reads the account, and asks for orders without an answer"
ANSWERED = {
    RiskGuard: {SubmitOrder, AmendOrder},
    Journal: {ApprovedOrder, ApprovedAmend},
    BitmexGateway: {ApprovedOrder, ApprovedAmend},
}
MAY_BE_LOST = {
    RiskGuard: {
        **dict.fromkeys((Bar, Tick, Quote), PRICE),
        OrderAccepted: "it only tells the time",
        Heartbeat: BEAT,
    },
    Executor: {**dict.fromkeys((Bar, Tick, TickBlock, Quote), PRICE), Heartbeat: BEAT},
    Portfolio: {**dict.fromkeys((Bar, MarkPrice), PRICE), Heartbeat: BEAT},
    Journal: {Heartbeat: BEAT},
    BitmexGateway: {
        **dict.fromkeys((LineOpened, LineClosed, TextReceived, RequestAnswered, Woke), ANEW),
        ReadVenue: "the reconciler waits for an answer for a while, and asks again",
        Heartbeat: BEAT,
    },
    Reconciler: {
        VenueRead: "one that was started again compares anew",
        Woke: "it looks at the venue when it starts, and sets the timer then",
    },
    Auditor: {
        Bar: "what is looked at is the order of bars, and heard twice one would seem to come late",
        Woke: "it asks for the time when it starts",
    },
}
"""By actor and message: why nobody misses it."""


@pytest.mark.parametrize("actor", ACTORS)
def test_each_message_that_it_handles_is_heard_again_answered_or_may_be_lost_for_a_reason(actor):
    again = an_auditor().hears_again if actor is Auditor else actor.hears_again
    declared = [*again, *ANSWERED.get(actor, ()), *MAY_BE_LOST[actor]]

    assert sorted(map(str, declared)) == sorted(map(str, handlers_of(actor)))


def failing(actor, message_class, *, after):
    """A subclass whose first incarnation fails on the first message of a class, before or after it has handled it."""
    failed = []
    hear = f"on_{''.join('_' + c.lower() if c.isupper() else c for c in message_class.__name__).lstrip('_')}"

    def handle(self, message):
        said = tuple(getattr(actor, hear)(self, message)) if after or failed else ()
        if not failed:
            failed.append(message)
            raise RuntimeError("fails as told")
        return said

    return type(actor.__name__, (actor,), {hear: handle})


RULE = ShareRule(strategy="trend", symbols=("XBTUSD",), lots=10)
MADE = {
    "portfolio": lambda cls, heritage: cls("main", {"XBTUSD": an_instrument()}, [RULE], heritage=heritage),
    "executor": lambda cls, heritage: cls("main", {"XBTUSD": an_instrument()}, "run000", [RULE], heritage=heritage),
    "risk-guard": lambda cls, heritage: cls("main", {"XBTUSD": an_instrument()}, heritage=heritage),
}
CORE = {"portfolio": Portfolio, "executor": Executor, "risk-guard": RiskGuard}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("role", sorted(CORE))
def test_a_fill_that_it_fails_on_is_counted_once_and_by_each_incarnation_after_it(house, role, after):
    said = []
    cls = failing(CORE[role], type(a_fill(5)), after=after)
    cls = failing(cls, ReportPositions, after=False)
    address = f"{role}@main"
    house.add(address, lambda heritage: MADE[role](cls, heritage), keeps=_FACTS)
    house.add("checker@main", lambda: Notes(said))
    house.start()

    house.tell(address, a_fill(5))
    house.until_up(address, 2)
    # The first one is failed on.
    house.tell(address, ReportPositions(account="main", number=1))
    house.until_up(address, 3)
    house.tell(address, ReportPositions(account="main", number=2))
    house.until(lambda: any(each.number == 2 for each in said))

    assert {sum(lots for *_, lots in each.positions) for each in said} == {5}


class Notes(Portfolio):
    """A checker that notes what it is told."""

    def __init__(self, said):
        self._said = said

    def on_start(self):
        return ()

    def on_positions_reported(self, reported):
        self._said.append(reported)
        return ()


# What was half done.


def a_guard(heritage=None, **limits):
    guard = RiskGuard("main", {"XBTUSD": an_instrument()}, RiskLimits(**limits), heritage=heritage)
    guard.on_start()
    if heritage is not None:
        guard.warmed_up()
    return guard


def test_a_halt_that_a_guard_had_noted_and_did_not_live_to_say_is_said_by_its_heir():
    halt, failed = HaltTrading(reason="stopped by SIGTERM", ts=MONDAY), a_guard()
    failed.on_halt_trading(halt)

    cancelled, changed = a_guard(failed.heritage()).died_on(halt)

    assert cancelled == CancelAll(account="main", ts=MONDAY)
    assert (changed.state, changed.reason) == (TradingState.HALTED, "stopped by SIGTERM")


def test_a_daily_loss_that_a_guard_did_not_live_to_say_is_said_as_one_by_its_heir():
    failed = a_guard(daily_loss_max=0.1)
    for n, equity in enumerate((100, 80)):
        mark = EquityMarked(account="main", currency="USD", ts=MONDAY + n, equity_minor=equity)
        failed.on_equity_marked(mark)

    cancelled, changed = a_guard(failed.heritage(), daily_loss_max=0.1).died_on(mark)

    assert isinstance(cancelled, CancelAll)
    assert changed.reason.startswith("daily loss of ")


def test_that_the_venue_is_lost_is_said_by_the_heir_of_a_guard_that_had_noted_it():
    lost, failed = VenueLost(account="main", reason="the line is down", ts=MONDAY), a_guard()
    failed.on_venue_lost(lost)

    (changed,) = a_guard(failed.heritage()).died_on(lost)

    assert (type(changed), changed.state) == (TradingStateChanged, TradingState.RECOVERING)


def test_a_guard_that_was_halted_and_started_again_still_tells_why():
    halted = a_guard()
    halted.on_halt_trading(HaltTrading(reason="stopped by SIGTERM", ts=MONDAY))

    (changed,) = a_guard(halted.heritage()).on_venue_ready(VenueReady(account="main", ts=MONDAY))

    assert (changed.state, changed.reason) == (TradingState.HALTED, "stopped by SIGTERM")


def an_executor(heritage=None):
    executor = Executor("main", {"XBTUSD": an_instrument()}, "run000", [RULE], heritage=heritage, live=True)
    said = executor.on_start()
    if heritage is not None:
        executor.warmed_up()
    else:
        executor.on_trading_state_changed(ACTIVE)
    return executor, said


ACTIVE = TradingStateChanged(account="main", state=TradingState.ACTIVE, reason="the venue is ready", ts=MONDAY)
PLACED = PlaceOrder(
    strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, lots=5, type=OrderType.LIMIT, limit_price=90.0
)


def test_an_own_order_that_an_executor_had_made_and_did_not_live_to_say_is_said_and_not_made_twice():
    failed, _ = an_executor()
    failed.begins(PLACED)
    made = failed.on_place_order(PLACED)
    heir, _ = an_executor(failed.heritage())

    assert heir.died_on(PLACED) == made


@pytest.mark.parametrize("failures", [1, 2])
def test_a_netted_order_that_an_executor_had_made_and_did_not_live_to_say_is_said_once_by_its_heir(failures):
    target = TargetShares(
        account="main", symbol="XBTUSD", ts=MONDAY, shares=(Share(strategy="trend", lots=3, algorithm="market"),)
    )
    executor, _ = an_executor()
    executor.begins(target)
    made = [each for each in executor.on_target_shares(target) if isinstance(each, SubmitOrder)]
    for _ in range(failures):
        executor, _ = an_executor(executor.heritage())
    again = [each for each in executor.died_on(target) if isinstance(each, SubmitOrder)]

    assert made == again
    assert [each.order.lots for each in made] == [3]
    # Another message that is equal to it is another one.
    assert executor.died_on(attrs.evolve(target)) == ()


def test_a_cancel_that_an_executor_did_not_live_to_say_is_asked_for_by_its_heir():
    failed, _ = an_executor()
    (submit,) = failed.on_place_order(PLACED)
    order = submit.order
    failed.on_order_accepted(OrderAccepted(order=order, ts=MONDAY))
    cancel = CancelPlaced(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY + SECOND)
    assert [type(each) for each in failed.on_cancel_placed(cancel)] == [CancelOrder]

    heir, started = an_executor(failed.heritage())
    woke = [wish for wish in started if wish.token == f"cancel:{order.client_id}"]
    said = heir.on_woke(Woke(woke[0].at, woke[0].token))

    assert [(type(each), each.client_id) for each in said] == [(CancelOrder, order.client_id)]


def test_a_fill_that_an_executor_had_counted_in_an_order_is_not_counted_in_it_twice():
    failed, _ = an_executor()
    (submit,) = failed.on_place_order(PLACED)
    failed.on_order_accepted(OrderAccepted(order=submit.order, ts=MONDAY))
    fill = a_fill(2, order=submit.order)
    failed.on_fill(fill)
    heir, _ = an_executor(failed.heritage())

    heir.died_on(fill)

    assert heir.desks["XBTUSD"].held["trend"] == 2
    assert heir.desks["XBTUSD"].working[submit.order.client_id].filled == 2


def test_a_wish_that_an_executor_failed_on_is_worked_by_its_heir():
    failed, _ = an_executor()
    heir, _ = an_executor(failed.heritage())
    heir.on_trading_state_changed(ACTIVE)
    target = TargetShares(account="main", symbol="XBTUSD", ts=MONDAY, shares=(Share("trend", 5, signal_price=100.0),))

    (submit,) = heir.died_on(target)

    assert (type(submit), submit.order.lots) == (SubmitOrder, 5)
