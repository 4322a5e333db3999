"""A stop is ordered, has deadlines, and a second request ends everything at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.live.stopping import Patience, Phase, Step, Stopping, exit_code, halted_by
from messages import TradingState, TradingStateChanged
from tests.builders import MONDAY, SECOND

PATIENCE = Patience(flatten_s=30, cancel_s=10)


def a_stop(on_stop="cancel"):
    return Stopping(on_stop=on_stop, patience=PATIENCE)


def test_before_anybody_asks_there_is_nothing_to_do():
    stop = a_stop()

    assert stop.look(MONDAY, open_orders=0, is_flat=True) == ()
    assert stop.phase is Phase.RUNNING


def test_cancel_halts_waits_until_nothing_is_open_and_stops():
    stop = a_stop()

    assert stop.request("SIGINT", MONDAY) == (Step.CANCEL,)
    assert stop.look(MONDAY + SECOND, open_orders=2, is_flat=False) == ()
    assert stop.look(MONDAY + 2 * SECOND, open_orders=0, is_flat=False) == (Step.STOP,)
    assert stop.look(MONDAY + 3 * SECOND, open_orders=0, is_flat=False) == ()
    assert (stop.phase, stop.troubles) == (Phase.STOPPED, [])


def test_that_nothing_is_open_says_nothing_before_the_guard_was_heard():
    stop = a_stop()
    stop.request("SIGINT", MONDAY)

    assert stop.look(MONDAY + SECOND, open_orders=0, is_flat=True, is_heard=False) == ()
    assert stop.look(MONDAY + 2 * SECOND, open_orders=1, is_flat=True) == ()
    assert stop.look(MONDAY + 3 * SECOND, open_orders=0, is_flat=True) == (Step.STOP,)


def test_what_is_not_cancelled_in_time_is_said_and_not_waited_for():
    stop = a_stop()
    stop.request("SIGTERM", MONDAY)

    assert stop.look(MONDAY + 10 * SECOND - 1, open_orders=1, is_flat=True) == ()
    assert stop.look(MONDAY + 10 * SECOND, open_orders=1, is_flat=True) == (Step.STOP,)
    assert stop.troubles == ["1 order was not known to be gone after 10 s"]


def test_flatten_closes_positions_first_and_then_cancels():
    stop = a_stop("flatten")

    assert stop.request("--for", MONDAY) == (Step.FLATTEN,)
    assert stop.look(MONDAY + SECOND, open_orders=0, is_flat=False) == ()
    assert stop.look(MONDAY + 2 * SECOND, open_orders=0, is_flat=True) == (Step.CANCEL,)
    assert stop.look(MONDAY + 3 * SECOND, open_orders=0, is_flat=True) == (Step.STOP,)
    assert stop.troubles == []


def test_an_order_on_its_way_when_a_flat_account_is_to_be_flattened_is_waited_for():
    stop = a_stop("flatten")
    stop.request("SIGINT", MONDAY)

    assert stop.look(MONDAY, open_orders=1, is_flat=True) == ()
    # It was filled.
    assert stop.look(MONDAY + SECOND, open_orders=0, is_flat=False) == ()
    assert stop.look(MONDAY + 2 * SECOND, open_orders=1, is_flat=False) == ()
    assert stop.look(MONDAY + 3 * SECOND, open_orders=0, is_flat=True) == (Step.CANCEL,)


def test_a_position_that_stays_open_is_given_up_after_its_time():
    stop = a_stop("flatten")
    stop.request("SIGINT", MONDAY)

    assert stop.look(MONDAY + 30 * SECOND, open_orders=1, is_flat=False) == (Step.CANCEL,)
    # The next phase has a time of its own.
    assert stop.look(MONDAY + 39 * SECOND, open_orders=1, is_flat=False) == ()
    assert stop.look(MONDAY + 40 * SECOND, open_orders=2, is_flat=False) == (Step.STOP,)
    assert stop.troubles == [
        "positions were still open after 30 s",
        "2 orders were not known to be gone after 10 s",
    ]


def test_leave_cancels_nothing_and_keeps_the_venue_from_it():
    stop = a_stop("leave")

    assert stop.request("SIGINT", MONDAY) == (Step.DISARM, Step.STOP)


@pytest.mark.parametrize("on_stop", ["cancel", "leave", "flatten"])
def test_a_second_request_is_at_once(on_stop):
    stop = a_stop(on_stop)
    stop.request("--for", MONDAY)

    assert stop.request("SIGINT", MONDAY) == (Step.ABORT,)
    assert stop.asked_by == "--for"
    assert stop.look(MONDAY, open_orders=0, is_flat=True) == ()


def test_the_halt_says_who_asked_and_is_no_trouble():
    stop = a_stop()
    stop.request("SIGINT", MONDAY)
    halt = stop.halt(MONDAY, flatten=True)

    assert (halt.reason, halt.account, halt.flatten, halt.ts) == ("stopped by SIGINT", None, True, MONDAY)
    assert halted_by([_state(TradingState.HALTED, halt.reason)]) is None


@given(
    st.sampled_from(["cancel", "leave", "flatten"]),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3), st.booleans())),
)
def test_it_always_ends_and_stops_exactly_once(on_stop, looks):
    stop, now, steps = a_stop(on_stop), MONDAY, []
    steps += stop.request("SIGINT", now)
    for seconds, open_orders, is_flat in looks:
        now += seconds * SECOND
        steps += stop.look(now, open_orders=open_orders, is_flat=is_flat)
    for _ in range(2):
        now += 30 * SECOND
        steps += stop.look(now, open_orders=1, is_flat=False)

    assert steps.count(Step.STOP) == 1
    assert steps[-1] is Step.STOP
    assert (Step.CANCEL in steps) == (on_stop != "leave")


# How the run ended.


def _state(state, reason, account="main"):
    return TradingStateChanged(account=account, state=state, reason=reason, ts=MONDAY)


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ([], None),
        ([(TradingState.RECOVERING, "start"), (TradingState.ACTIVE, "ready")], None),
        ([(TradingState.HALTED, "daily loss")], "daily loss"),
        ([(TradingState.FLATTENING, "daily loss"), (TradingState.HALTED, "stopped by SIGINT")], "daily loss"),
        ([(TradingState.FLATTENING, "daily loss"), (TradingState.ACTIVE, "next day")], None),
        ([(TradingState.HALTED, "stopped by --for")], None),
        ([(TradingState.REDUCE_ONLY, "an order was refused")], None),
    ],
)
def test_why_trading_was_halted_leaves_our_own_stop_out(states, reason):
    assert halted_by(_state(*each) for each in states) == reason


def test_one_account_s_halt_is_not_undone_by_another():
    states = [_state(TradingState.HALTED, "lost"), _state(TradingState.ACTIVE, "ready", "paper:x")]

    assert halted_by(states) == "lost"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"asked_by": None}, 0),
        ({"asked_by": "--for"}, 0),
        ({"asked_by": "--for", "halted": True}, 3),
        ({"asked_by": "SIGINT", "halted": True}, 130),
        ({"asked_by": "SIGTERM"}, 143),
        ({"asked_by": None, "unreconciled": True}, 4),
        ({"asked_by": None, "failed": True}, 1),
        ({"asked_by": "SIGINT", "internal": True}, 70),
    ],
)
def test_the_exit_code_says_how_it_ended(how, code):
    assert exit_code(**how) == code
