"""A day is lost when its equity falls too far below what its first mark showed: once a day, by currency, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.risk_guard import RiskGuard, RiskLimits
from messages import CancelAll, EquityMarked, HaltTrading, SubmitOrder, TradingState, TradingStateChanged
from tests.builders import DAY, HOUR, MINUTE, MONDAY, an_instrument, an_order

ACTIVE, REDUCE_ONLY = TradingState.ACTIVE, TradingState.REDUCE_ONLY
FLATTENING, HALTED = TradingState.FLATTENING, TradingState.HALTED


def a_guard(heritage=None, **limits):
    return RiskGuard("main", {"XBTUSD": an_instrument()}, RiskLimits(daily_loss_max=0.05, **limits), None, heritage)


def marked(guard, equity, ts, currency="USD"):
    return guard.on_equity_marked(EquityMarked(account="main", currency=currency, ts=ts, equity_minor=equity))


def states(messages):
    return [message.state for message in messages if isinstance(message, TradingStateChanged)]


def test_says_currency_opening_now_loss_and_limit_in_units_of_the_currency():
    usd, xbt = a_guard(), a_guard()
    marked(usd, 1_000_000_00, MONDAY)
    marked(xbt, 150_000_000, MONDAY, "XBT")

    dollars = marked(usd, 949_999_99, MONDAY + MINUTE)[1].reason
    coins = marked(xbt, 142_499_999, MONDAY + MINUTE, "XBT")[1].reason

    assert dollars == (
        "daily loss of 50,000.01 USD: the day opened with 1,000,000.00 USD, now 949,999.99 USD; "
        "the limit is 50,000.00 USD, 5 %"
    )
    assert coins.startswith("daily loss of 0.07500001 XBT: the day opened with 1.50000000 XBT")


def test_the_first_mark_of_a_day_opens_it_however_late_it_comes():
    guard = a_guard()
    marked(guard, 1000, MONDAY + 23 * HOUR)
    marked(guard, 960, MONDAY + DAY + 20 * HOUR)

    assert marked(guard, 912, MONDAY + DAY + 21 * HOUR) == ()
    assert states(marked(guard, 911, MONDAY + DAY + 22 * HOUR)) == [FLATTENING]


def test_a_mark_heard_twice_or_older_than_the_last_changes_nothing():
    guard = a_guard()
    for _ in range(2):
        marked(guard, 1000, MONDAY + HOUR)
    marked(guard, 990, MONDAY + 2 * HOUR)

    older = [marked(guard, 1, MONDAY + HOUR - 1), marked(guard, 5000, MONDAY + HOUR), marked(guard, 1, MONDAY)]
    yesterdays = marked(guard, 1, MONDAY - HOUR)

    assert [*older, yesterdays] == [(), (), (), ()]
    assert marked(guard, 950, MONDAY + 3 * HOUR) == ()
    assert states(marked(guard, 949, MONDAY + 4 * HOUR)) == [FLATTENING]


def test_a_late_mark_of_another_currencys_yesterday_neither_opens_nor_loses_a_day():
    guard = a_guard()
    marked(guard, 1000, MONDAY, "USD")
    marked(guard, 1000, MONDAY, "XBT")
    marked(guard, 1000, MONDAY + DAY, "USD")

    assert marked(guard, 1, MONDAY + HOUR, "XBT") == ()
    assert marked(guard, 500, MONDAY + DAY, "XBT") == ()
    assert states(marked(guard, 474, MONDAY + DAY + 1, "XBT")) == [FLATTENING]


def test_a_late_mark_of_yesterday_does_not_take_back_what_today_led_to():
    guard = a_guard()
    marked(guard, 1000, MONDAY, "XBT")
    marked(guard, 1000, MONDAY + DAY, "USD")
    marked(guard, 900, MONDAY + DAY + 1, "USD")

    assert marked(guard, 1000, MONDAY + HOUR, "XBT") == ()
    assert guard.state is FLATTENING


def test_currencies_are_judged_apart_and_a_day_is_lost_once():
    guard = a_guard()
    for currency in ("USD", "XBT"):
        marked(guard, 1000, MONDAY, currency)

    said = [marked(guard, equity, MONDAY + at, currency) for equity, at, currency in [
        (2000, 1, "USD"), (949, 2, "XBT"), (1, 3, "USD"), (1, 4, "XBT"),
    ]]  # fmt: skip

    assert [states(each) for each in said] == [[], [FLATTENING], [], []]


@pytest.mark.parametrize(
    ("action", "state", "cancels"), [("flatten", FLATTENING, 1), ("halt", HALTED, 1), ("reduce-only", REDUCE_ONLY, 0)]
)
def test_a_lost_day_leads_where_the_limits_say_and_the_next_takes_it_back(action, state, cancels):
    guard = a_guard(daily_loss_state=action)
    marked(guard, 1000, MONDAY)

    said = marked(guard, 900, MONDAY + 1)
    next_day = marked(guard, 900, MONDAY + DAY)

    assert sum(isinstance(each, CancelAll) for each in said) == cancels
    assert states(said) == [state]
    assert [type(each) for each in next_day] == [TradingStateChanged]
    assert guard.state is ACTIVE


def test_a_lost_day_takes_back_orders_that_passed_after_the_mark_that_tells_of_it():
    guard = a_guard()
    marked(guard, 1000, MONDAY)
    guard.on_submit_order(SubmitOrder(an_order(ts=MONDAY + HOUR)))

    (cancel, _) = marked(guard, 900, MONDAY + HOUR - 1)

    assert cancel == CancelAll(account="main", ts=MONDAY + HOUR)


def test_only_what_the_lost_day_led_to_is_taken_back():
    guard, stopped = a_guard(), a_guard()
    for each in (guard, stopped):
        marked(each, 1000, MONDAY)
    guard.on_halt_trading(HaltTrading(reason="stop", ts=MONDAY + 1))
    marked(stopped, 900, MONDAY + 1)
    stopped.on_halt_trading(HaltTrading(reason="stop", ts=MONDAY + 2))

    assert marked(guard, 1, MONDAY + 2) == ()
    assert [marked(each, 1, MONDAY + DAY) for each in (guard, stopped)] == [(), ()]
    assert guard.state is stopped.state is HALTED


def test_a_halt_on_a_day_that_was_lost_into_a_halt_stands_the_next_day():
    guard = a_guard(daily_loss_state="halt")
    marked(guard, 1000, MONDAY)
    marked(guard, 900, MONDAY + 1)

    assert guard.on_halt_trading(HaltTrading(reason="stop", ts=MONDAY + 2)) == ()
    assert marked(guard, 900, MONDAY + DAY) == ()
    assert guard.state is HALTED


marks = st.lists(
    st.tuples(st.sampled_from(["USD", "XBT"]), st.integers(800, 1100), st.integers(0, 30)), min_size=1, max_size=60
)


@given(marks=marks, cut=st.integers(0, 60), again=st.booleans())
def test_it_trips_when_and_only_when_a_days_fold_says_so_also_across_a_restart(marks, cut, again):
    """The fold: each day and currency by itself, from the day's first mark; the first loss of a day is the trip."""
    guard, hours, said = a_guard(), 0, []
    opening, lost, expected = {}, set(), []
    for number, (currency, equity, later) in enumerate(marks):
        hours += later
        ts, day = MONDAY + hours * HOUR, hours // 24
        if number == cut:
            guard = a_guard(guard.heritage())
            guard.warmed_up()
        for _ in range(1 + again):
            said += states(marked(guard, equity, ts, currency))
        if lost and max(lost) < day and (not expected or expected[-1] is FLATTENING):
            expected.append(ACTIVE)
        first = opening.setdefault((currency, day), equity)
        if equity < first * 0.95 and day not in lost:
            lost.add(day)
            expected.append(FLATTENING)

    assert said == expected
