"""Each execution algorithm says, from its work and the market, what to send, to change and to give up."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.execution.algorithms import (
    Child,
    Execution,
    Market,
    Step,
    Task,
    Work,
    algorithm_of,
    described,
    execution_of,
)
from actors.execution.volume_profile import VolumeProfile
from actors.money.grid import PriceGrid
from tests.builders import DAY, HOUR, MINUTE, MONDAY, SECOND, a_bar, a_tick, an_instrument

GRID = PriceGrid(an_instrument())
QUOTED = Market(bid=99.5, ask=100.5, last=100.0, at=MONDAY)


def work(free=0, *, side=1, children=(), market=QUOTED, now=MONDAY, began=MONDAY, decision_price=100.0):
    return Work(
        now=now,
        side=side,
        free=free,
        children=tuple(children),
        market=market,
        grid=GRID,
        began=began,
        decision_price=decision_price,
    )


def a_child(limit_price=99.5, lots=3, *, client_id="c1", since=MONDAY):
    return Child(client_id=client_id, lots=lots, limit_price=limit_price, since=since)


def step(execution, *args, **fields):
    return algorithm_of(execution_of(execution)).step(work(*args, **fields))


def with_(name, **params):
    return {"algorithm": name, **params}


# Names and parameters.


def test_a_name_or_a_table_makes_an_execution_with_a_text():
    assert execution_of("chase") == Execution("chase")
    assert execution_of(with_("chase", seconds=60)) == execution_of(with_("chase", seconds=60.0))
    assert execution_of(with_("chase", seconds=60)).text == "chase seconds=60"
    assert execution_of(with_("twap", slices=3, minutes=1.5)).text == "twap minutes=1.5 slices=3"
    assert execution_of(execution_of("join")) == execution_of("join")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("chas", "no execution algorithm chas.*did you mean chase"),
        (with_("chase", second=60), "no parameter 'second'.*did you mean seconds"),
        (with_("chase", seconds="soon"), "seconds must be float"),
        (with_("chase", seconds=0), "must be > 0"),
        (with_("chase", seconds=float("inf")), "must be finite"),
        (with_("twap", child="join"), "one of 'market', 'opponent'"),
        ("iceberg", "iceberg needs show_lots"),
        (with_("iceberg", show_lots=0), "must be >= 1"),
        (with_("last-limit", tolerance=5), "fraction of the price"),
        (with_("market", seconds=1), "it has none"),
        ({"seconds": 60}, "needs an algorithm"),
        (7, "name or a table"),
    ],
)
def test_what_cannot_be_says_what_is_wrong(value, message):
    with pytest.raises(ValueError, match=message):
        execution_of(value)


def test_every_algorithm_describes_itself_and_its_parameters():
    listed = {each.name: each for each in described()}

    assert list(listed) == [
        "market", "opponent", "join", "signal-limit", "last-limit", "chase", "twap", "vwap", "iceberg"
    ]  # fmt: skip
    assert all(each.doc.endswith(".") for each in listed.values())
    assert [(name, default) for name, _, default in listed["twap"].parameters] == [
        ("minutes", 30.0),
        ("slices", 6),
        ("child", "market"),
    ]


# Following the best prices.


def test_market_sends_everything_at_once():
    assert step("market", 5, market=None) == Step(send=5)


@pytest.mark.parametrize(("side", "price"), [(1, 100.5), (-1, 99.5)])
def test_opponent_takes_the_other_sides_best(side, price):
    assert step("opponent", 5, side=side) == Step(send=5, price=price)


def test_opponent_follows_the_other_side_when_it_moves_away_and_only_then():
    further = attrs.evolve(QUOTED, ask=101.5)
    nearer = attrs.evolve(QUOTED, ask=100.0)

    assert step("opponent", children=[a_child(100.5)], market=further).reprice == (("c1", 101.5),)
    assert step("opponent", children=[a_child(100.5)], market=nearer).reprice == ()


@pytest.mark.parametrize(("side", "price"), [(1, 99.5), (-1, 100.5)])
def test_join_queues_at_its_own_best_and_never_takes(side, price):
    assert step("join", 5, side=side) == Step(send=5, price=price, post_only=True)


def test_join_follows_a_best_price_that_moves_away_from_it():
    assert step("join", children=[a_child(99.0)]).reprice == (("c1", 99.5),)
    assert step("join", children=[a_child(100.0)]).reprice == ()


@pytest.mark.parametrize(("side", "price"), [(1, 99.5), (-1, 100.5)])
def test_join_stays_a_tick_off_the_other_side_where_both_stand_at_one_price(side, price):
    closed = Market(bid=100.0, ask=100.0, last=100.0, at=MONDAY)

    assert step("join", 5, side=side, market=closed).price == price


def test_iceberg_shows_no_more_than_it_may_and_shows_more_when_that_is_filled():
    iceberg = with_("iceberg", show_lots=4)

    assert (step(iceberg, 10).send, step(iceberg, 10).price) == (4, 99.5)
    assert step(iceberg, 10, children=[a_child(lots=3)]).send == 1
    assert step(iceberg, 10, children=[a_child(lots=4)]).send == 0
    assert step(iceberg, 2).send == 2


# Bounding the price.


@pytest.mark.parametrize(("side", "price"), [(1, 102.0), (-1, 98.0)])
def test_signal_limit_goes_no_further_than_its_tolerance(side, price):
    assert step(with_("signal-limit", tolerance_ticks=4), 5, side=side).price == price
    assert step(with_("signal-limit", tolerance=0.0229), 5, side=side).price == price


def test_signal_limit_takes_its_orders_back_when_its_time_is_over_and_then_gives_up():
    late = {"now": MONDAY + 60 * SECOND}

    assert step("signal-limit", 5).look_at == MONDAY + 60 * SECOND
    assert step("signal-limit", 5, children=[a_child()], **late) == Step(cancel=("c1",))
    assert step("signal-limit", 5, **late) == Step(gave_up=True)


def test_last_limit_is_set_anew_only_when_the_price_ran_away_further_than_the_tolerance():
    last_limit = with_("last-limit", tolerance_ticks=2)
    sent = step(last_limit, 5)

    assert sent == Step(send=5, price=101.0)
    child = a_child(sent.price)
    at_it, beyond = attrs.evolve(QUOTED, last=101.0), attrs.evolve(QUOTED, last=101.5)
    assert step(last_limit, children=[child], market=at_it).reprice == ()
    assert step(last_limit, children=[child], market=beyond).reprice == (("c1", 102.5),)


def test_chase_moves_an_order_to_the_other_side_when_it_waited_and_the_market_left():
    moved = attrs.evolve(QUOTED, bid=100.5, ask=101.5)
    after = MONDAY + 60 * SECOND

    assert step("chase", 5) == Step(send=5, price=99.5, look_at=after)
    assert step("chase", children=[a_child()], market=moved, now=after - 1) == Step(price=100.5, look_at=after)
    assert step("chase", children=[a_child()], market=moved, now=after).reprice == (("c1", 101.5),)
    assert step("chase", children=[a_child()], now=after) == Step(price=99.5)


def test_chase_chases_again_and_again():
    moved = attrs.evolve(QUOTED, bid=103.0, ask=103.5)
    chased = a_child(101.5, since=MONDAY + 60 * SECOND)

    assert step("chase", children=[chased], market=moved, now=MONDAY + 119 * SECOND).reprice == ()
    assert step("chase", children=[chased], market=moved, now=MONDAY + 120 * SECOND).reprice == (("c1", 103.5),)


@pytest.mark.parametrize("name", ["opponent", "join", "last-limit", "chase"])
def test_without_any_price_nothing_is_priced(name):
    assert step(name, 5, market=None).send == 0


@given(
    st.sampled_from(["opponent", "join", "signal-limit", "last-limit", "chase", with_("iceberg", show_lots=2)]),
    st.sampled_from([1, -1]),
    st.floats(0.1, 1e5),
    st.floats(0, 50),
    st.sampled_from(["0.5", "0.01", "0.25", "5"]),
)
def test_every_limit_stands_on_the_grid_and_above_zero(execution, side, bid, spread, tick):
    grid = PriceGrid(an_instrument(tick_size=Decimal(tick)))
    market = Market(bid=bid, ask=bid + spread, last=bid, at=MONDAY)
    given_work = attrs.evolve(work(5, side=side, decision_price=bid), grid=grid, market=market)

    price = algorithm_of(execution_of(execution)).step(given_work).price

    # A bid below one tick has no place on the grid; there is none on a market.
    assert bid < float(tick) or (price > 0 and (Decimal(repr(price)) / Decimal(tick)) % 1 == 0)


# Spreading over time.


def due(execution, minutes, lots=10, volumes=None):
    schedule = algorithm_of(execution_of(execution)).schedule(abs(lots), MONDAY, volumes)
    task = Task(strategy="a", lots=lots, began=MONDAY, decision_price=100.0, schedule=schedule)
    return task.due(MONDAY + round(minutes * MINUTE))


def test_twap_lets_equal_slices_go_at_equal_times_the_first_at_once():
    twap = with_("twap", minutes=10, slices=5)

    assert [due(twap, minutes)[0] for minutes in (0, 1.9, 2, 4, 6, 7.9, 8, 99)] == [2, 2, 4, 6, 8, 8, 10, 10]
    assert due(twap, 0)[1] == MONDAY + 2 * MINUTE
    assert due(twap, 8)[1] is None
    assert due(twap, 2, lots=-10)[0] == 4


@given(st.integers(1, 50), st.integers(1, 20), st.floats(0.01, 500), st.lists(st.floats(0, 600), max_size=20))
def test_a_schedule_never_goes_back_and_ends_with_everything(lots, slices, minutes, times):
    twap = with_("twap", minutes=minutes, slices=slices)
    released = [due(twap, time, lots)[0] for time in sorted(times)]

    assert released == sorted(released)
    assert all(0 <= each <= lots for each in released)
    assert due(twap, minutes, lots) == (lots, None)


def test_twap_works_each_slice_with_its_child_algorithm():
    assert step("twap", 3) == Step(send=3)
    assert step(with_("twap", child="opponent"), 3) == Step(send=3, price=100.5)


def test_vwap_follows_the_volume_of_the_time_of_day_once_that_is_known():
    vwap = with_("vwap", minutes=20, slices=4)
    profile = VolumeProfile()
    assert due(vwap, 0, 100, profile)[0] == 25

    for day, volumes in enumerate([(10, 20, 30, 40), (30, 20, 10, 140)], start=-2):
        for number, volume in enumerate(volumes):
            open_ts = MONDAY + day * DAY + number * 5 * MINUTE
            profile.hear_bar(a_bar(volume=float(volume), open_ts=open_ts, period=5 * MINUTE))

    # Means of 20, 20, 20 and 90, of 150 together.
    assert [due(vwap, minutes, 150, profile)[0] for minutes in (0, 5, 10, 15)] == [20, 40, 60, 150]


def test_a_profile_spreads_long_bars_counts_ticks_and_knows_no_more_than_it_heard():
    profile = VolumeProfile()
    profile.hear_bar(a_bar(volume=120.0, open_ts=MONDAY, period=HOUR))
    for price in (100.0, 101.0):
        profile.hear_tick(a_tick(price, 7.0, ts=MONDAY + HOUR))

    assert profile.between(MONDAY + DAY, MONDAY + DAY + 30 * MINUTE) == pytest.approx(60.0)
    assert profile.between(MONDAY + HOUR, MONDAY + HOUR + 5 * MINUTE) == pytest.approx(14.0)
    assert profile.between(MONDAY + HOUR, MONDAY + HOUR + 6 * MINUTE) is None


def test_a_bar_of_a_day_says_nothing_about_the_time_of_day():
    profile = VolumeProfile()
    profile.hear_bar(a_bar(volume=120.0, open_ts=MONDAY, period=DAY))

    assert profile.between(MONDAY, MONDAY + MINUTE) is None
