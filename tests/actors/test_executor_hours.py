"""Strategies trade with each other only while their market is open; what is left of a wish is sent at once."""

import pytest

from actors.execution.rules import ShareRule
from actors.executor import Executor
from messages import Fill, OrderAccepted, Sessions, SubmitOrder, TradingState, TradingStateChanged, WakeAt, Woke
from tests.builders import DAY, HOUR, MONDAY, a_bar, a_fill, a_target, an_instrument

OPENS, CLOSES = MONDAY + 9 * HOUR, MONDAY + 17 * HOUR
NEXT = OPENS + DAY
WEEKDAYS = Sessions(hours=((9 * 60, 17 * 60),))


def an_executor(*names, execution="market", heritage=None):
    instruments = {"XBTUSD": an_instrument(sessions=WEEKDAYS)}
    rules = [ShareRule(strategy=name, symbols=("XBTUSD",), execution=execution) for name in names or ("trend", "value")]
    executor = Executor("main", instruments, "run000", rules, heritage=heritage)
    executor.on_bar(a_bar(100.0, open_ts=CLOSES - HOUR, period=HOUR))
    return executor


def sent(messages):
    return [message.order for message in messages if isinstance(message, SubmitOrder)]


def crossed(messages):
    return {message.parts[0].strategy: message.lots for message in messages if isinstance(message, Fill)}


def wakes(messages):
    return [message for message in messages if isinstance(message, WakeAt)]


def held(executor):
    return dict(executor.lots_in("XBTUSD"))


@pytest.mark.parametrize("ts", [OPENS, OPENS + HOUR, CLOSES - 1, CLOSES])
def test_while_it_is_open_and_at_the_instant_of_its_close_they_cross(ts):
    said = an_executor().on_target_shares(a_target((("trend", 5), ("value", -5)), ts=ts))

    assert (crossed(said), len(said)) == ({"trend": 5, "value": -5}, 2)


@pytest.mark.parametrize("ts", [OPENS - 1, MONDAY])
def test_before_the_opening_a_crossing_waits_for_it(ts):
    said = an_executor().on_target_shares(a_target((("trend", 5), ("value", -5)), ts=ts))

    assert said == (WakeAt(OPENS, "plan:XBTUSD"),)


def test_while_it_is_closed_only_the_rest_is_sent_and_the_opening_brings_the_crossing():
    executor = an_executor()
    said = executor.on_target_shares(a_target((("trend", 5), ("value", -3)), ts=CLOSES + 1))
    (rest,) = sent(said)

    assert (crossed(said), rest.lots, wakes(said)) == ({}, 2, [WakeAt(NEXT, "plan:XBTUSD")])
    executor.on_order_accepted(OrderAccepted(rest, CLOSES + 2))
    at_open = executor.on_woke(Woke(NEXT, "plan:XBTUSD"))
    assert (crossed(at_open), len(at_open)) == ({"trend": 3, "value": -3}, 2)
    assert executor.on_fill(a_fill(2, order=rest, ts=NEXT + 1)) == ()
    assert held(executor) == {"trend": 5, "value": -3}


def test_the_opening_is_asked_for_once_and_what_is_not_wanted_any_more_is_not_crossed():
    executor = an_executor()
    executor.on_target_shares(a_target((("trend", 5), ("value", -5)), ts=CLOSES + 1))

    assert executor.on_target_shares(a_target((("trend", 4), ("value", -4)), ts=CLOSES + 2)) == ()
    assert executor.on_target_shares(a_target((("trend", 0), ("value", 0)), ts=CLOSES + 3)) == ()
    assert executor.on_woke(Woke(NEXT, "plan:XBTUSD")) == ()


def test_with_algorithms_the_crossing_waits_as_well():
    executor = an_executor(execution="opponent")
    said = executor.on_target_shares(a_target((("trend", 5), ("value", -3)), ts=CLOSES + 1))

    assert (crossed(said), [order.lots for order in sent(said)]) == ({}, [2])
    assert crossed(executor.on_woke(Woke(NEXT, "plan:XBTUSD"))) == {"trend": 3, "value": -3}


def test_on_the_way_out_of_a_closed_market_too():
    executor = an_executor()
    for name, lots in (("trend", 5), ("value", -3)):
        executor.on_fill(a_fill(parts=((name, lots),), execution_id=name))
    state = TradingStateChanged(account="main", state=TradingState.FLATTENING, reason="test", ts=CLOSES + 1)

    said = executor.on_trading_state_changed(state)

    assert (crossed(said), [order.lots for order in sent(said)], len(wakes(said))) == ({}, [-2], 1)


def test_an_heir_knows_what_an_opening_brought_about_and_does_not_do_it_again():
    target = a_target((("trend", 5), ("value", -3)), ts=CLOSES + 1)
    executor = an_executor()
    (rest,) = sent(executor.on_target_shares(target))
    executor.on_order_accepted(OrderAccepted(rest, CLOSES + 2))
    executor.on_woke(Woke(NEXT, "plan:XBTUSD"))

    heir = an_executor(heritage=executor.heritage())
    (wake,) = heir.on_target_shares(target)
    heir.warmed_up()

    assert held(heir) == {"trend": 3, "value": -3}
    assert heir.on_woke(Woke(NEXT + 1, wake.token)) == ()
