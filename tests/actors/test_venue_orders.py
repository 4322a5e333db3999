"""Every kind of order at the venue: how long it works, what it fills of what was there, and how it is changed."""

from decimal import Decimal

import attrs
import pytest

from actors.simulated_venue import VenueSettings
from messages import (
    AmendRejected,
    Liquidity,
    OrderAmended,
    OrderEnded,
    OrderType,
    Outcome,
    Owner,
    Sessions,
    Step,
    TimeInForce,
    WakeAt,
)
from tests.builders import DAY, HOUR, MINUTE, MONDAY, an_instrument, an_order
from tests.venue_house import VenueHouse, ends, fills, prices, rejections

IOC, FOK, DAY_ORDER = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.DAY


def a_stop_limit(lots, stop, limit, **fields):
    return an_order(lots, stop_price=stop, limit_price=limit, type=OrderType.STOP_LIMIT, **fields)


def a_trailing_stop(lots, trail, **fields):
    return an_order(lots, type=OrderType.TRAILING_STOP, trail=trail, **fields)


def on_ticks(*orders, **options):
    house = VenueHouse(period=None, **options)
    house.send(*orders)
    return house


# Stop-limits and trailing stops, price by price.


def test_a_stop_limit_takes_where_it_is_triggered_if_its_limit_allows():
    house = on_ticks(a_stop_limit(1, 101.0, 102.0))

    assert [prices(house.tick(price)) for price in (100.0, 101.5)] == [[], [101.5]]


def test_a_stop_limit_that_is_jumped_over_rests_at_its_limit_and_makes():
    house = on_ticks(a_stop_limit(1, 101.0, 102.0))

    said = [fills(house.tick(price)) for price in (103.0, 102.0, 101.5)]

    assert [[(fill.price, fill.liquidity) for fill in each] for each in said] == [[], [], [(102.0, Liquidity.MAKER)]]


def test_a_stop_limit_slips_up_to_its_limit_and_no_further():
    house = VenueHouse(settings={"slippage_ticks": 5})
    house.send(a_stop_limit(1, 101.0, 102.0))

    assert prices(house.bar(101.0, open=100.0, low=100.0, high=101.0)) == [102.0]


def test_a_trailing_stop_follows_ticks_and_fills_at_the_tick_that_touches_it():
    house = on_ticks(a_trailing_stop(-1, 2.0))

    assert [prices(house.tick(price)) for price in (100.0, 103.0, 101.5, 100.5)] == [[], [], [], [100.5]]


def test_a_trailing_stop_to_buy_follows_the_offer():
    house = on_ticks(a_trailing_stop(1, 2.0))

    said = [prices(house.quote(ask - 1.0, ask)) for ask in (100.0, 97.0, 98.5, 99.0)]

    assert said == [[], [], [], [99.0]]


# Post-only.


def test_a_post_only_order_that_would_take_is_accepted_and_ended():
    house = VenueHouse()
    accepted = house.send(an_order(limit_price=100.0, post_only=True))

    said = house.bar(99.0)

    assert len(accepted) == 2
    assert (prices(said), ends(said)) == ([], [("cancelled", "post-only", 0)])


def test_a_post_only_order_that_rests_makes():
    house = VenueHouse()
    house.send(an_order(limit_price=100.0, post_only=True))
    house.bar(101.0)

    assert [fill.liquidity for fill in fills(house.bar(99.0, minute=1))] == [Liquidity.MAKER]


# Immediate or cancel, fill or kill.


@pytest.mark.parametrize("time_in_force", [IOC, FOK])
@pytest.mark.parametrize(("lots", "opened", "filled"), [(1, 100.0, [100.0]), (1, 100.5, []), (-1, 99.5, [])])
def test_a_limit_that_may_not_rest_meets_the_next_open_and_nothing_else(time_in_force, lots, opened, filled):
    house = VenueHouse()
    house.send(an_order(lots, limit_price=100.0, time_in_force=time_in_force))

    said = house.open(opened)

    assert prices(said) == filled
    assert ends(said) == [("filled", "", lots) if filled else ("cancelled", str(time_in_force), 0)]


def test_a_limit_that_may_not_rest_and_came_inside_a_bar_meets_its_close():
    house = VenueHouse()
    house.send(an_order(limit_price=100.0, time_in_force=IOC, ts=MONDAY + 1))

    assert ends(house.bar(101.0, low=90.0)) == [("cancelled", "ioc", 0)]


def test_a_stop_limit_that_may_not_rest_ends_where_it_is_triggered_and_cannot_be_had():
    house = on_ticks(a_stop_limit(1, 101.0, 102.0, time_in_force=IOC))

    assert [ends(house.tick(price)) for price in (100.0, 103.0)] == [[], [("cancelled", "ioc", 0)]]


def test_of_what_was_there_one_takes_its_part_and_the_other_all_or_nothing():
    house = on_ticks(
        an_order(5, client_id="part", time_in_force=IOC),
        an_order(5, client_id="all", time_in_force=FOK),
        settings={"volume_cap": 0.5},
    )

    said = house.tick(100.0, 6.0)

    assert [(fill.client_id, fill.lots) for fill in fills(said)] == [("part", 3)]
    assert ends(said) == [("cancelled", "ioc", 3), ("cancelled", "fok", 0)]


# Days and sessions.


def test_a_day_order_ends_with_the_day():
    house = VenueHouse()

    said = house.send(an_order(limit_price=90.0, time_in_force=DAY_ORDER, ts=MONDAY + HOUR))
    (timer,) = [message for message in said if isinstance(message, WakeAt)]

    assert (timer.at, timer.step) == (MONDAY + DAY, Step.MARKS)
    assert ends(house.wake(timer.at, timer.token)) == [("cancelled", "day", 0)]


def test_one_timer_is_enough_for_all_orders_of_a_day():
    house = VenueHouse()

    said = house.send(*[an_order(client_id=f"o-{n}", time_in_force=DAY_ORDER) for n in range(5)])

    assert [message.at for message in said if isinstance(message, WakeAt)] == [MONDAY + DAY]


def test_the_end_of_a_day_leaves_the_orders_of_the_next_and_those_without_an_end():
    house = VenueHouse()
    house.send(
        an_order(limit_price=90.0, client_id="today", time_in_force=DAY_ORDER),
        an_order(limit_price=90.0, client_id="tomorrow", time_in_force=DAY_ORDER, ts=MONDAY + DAY),
        an_order(limit_price=90.0, client_id="for-good"),
    )

    house.wake(MONDAY + DAY, "day")

    assert list(house.ended) == ["today"]


SESSIONS = Sessions(hours=((9 * 60, 11 * 60),))


def test_prices_shown_while_the_market_is_closed_fill_nothing():
    house = VenueHouse(sessions=SESSIONS)
    house.send(an_order(client_id="market"), an_order(limit_price=100.0, client_id="limit"))
    nine = 9 * 60

    closed = [
        *house.open(90.0),
        *house.bar(90.0),
        *house.bar(90.0, minute=nine - 1),
        *house.open(90.0, minute=nine - 1),
    ]
    opened = [*house.open(95.0, minute=nine), *house.bar(96.0, open=95.0, low=95.0, minute=nine)]

    assert (prices(closed), prices(opened)) == ([], [95.0, 95.0])


def test_ticks_and_quotes_outside_of_the_session_fill_nothing():
    house = on_ticks(an_order(), sessions=SESSIONS)

    assert prices([*house.tick(90.0), *house.quote(90.0, 91.0)]) == []
    assert prices(house.tick(95.0, ts=MONDAY + 9 * HOUR)) == [95.0]


def test_a_day_order_ends_with_the_last_session():
    house = VenueHouse(sessions=SESSIONS)

    said = house.send(an_order(limit_price=90.0, time_in_force=DAY_ORDER))

    assert [message.at for message in said if isinstance(message, WakeAt)] == [MONDAY + 11 * HOUR]


# What a price costs.


@pytest.mark.parametrize(("lots", "price"), [(1, 101.0), (-1, 99.0)])
def test_on_bars_a_market_order_pays_half_the_spread(lots, price):
    house = VenueHouse(settings={"half_spread_ticks": 2})
    house.send(an_order(lots))

    assert prices(house.open(100.0)) == [price]


@pytest.mark.parametrize(("limit", "filled"), [(100.5, []), (101.0, [101.0]), (102.0, [101.0])])
def test_a_limit_is_marketable_against_the_best_price_and_not_the_last(limit, filled):
    house = VenueHouse(settings={"half_spread_ticks": 2})
    house.send(an_order(limit_price=limit, time_in_force=IOC))

    assert prices(house.open(100.0)) == filled


def test_a_limit_between_last_and_best_price_rests_and_makes():
    house = VenueHouse(settings={"half_spread_ticks": 2})
    house.send(an_order(limit_price=100.5, post_only=True))

    assert [(fill.price, fill.liquidity) for fill in fills(house.bar(100.0))] == [(100.5, Liquidity.MAKER)]


@pytest.mark.parametrize(("lots", "price"), [(1, 104.0), (-1, 99.0)])
def test_slippage_is_a_part_of_the_spread_rounded_up_to_a_tick(lots, price):
    house = on_ticks(an_order(lots), settings={"slippage_spread": 0.3})

    assert prices(house.quote(100.0, 103.0)) == [price]  # 0.3 of 3.0 is 0.9: two ticks of 0.5


@pytest.mark.parametrize(
    "wrong", [{"slippage_spread": -0.1}, {"half_spread_ticks": -1}, {"volume_cap": 0.0}, {"volume_cap": 1.5}]
)
def test_settings_that_make_no_sense_are_no_settings(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        VenueSettings(**wrong)


# A part of the volume.


def test_an_open_knows_only_the_volume_of_the_bar_before():
    house = VenueHouse(settings={"volume_cap": 0.5})
    house.bar(100.0, volume=8.0, minute=-1)
    house.send(an_order(9))

    at_open, at_close = house.open(101.0), house.bar(102.0, volume=14.0)
    later = house.open(103.0, minute=1)

    assert [(fill.lots, fill.price, fill.execution_id) for fill in fills([*at_open, *at_close, *later])] == [
        (4, 101.0, "run000-trend-1-1"),
        (3, 102.0, "run000-trend-1-2"),
        (2, 103.0, "run000-trend-1-3"),
    ]
    assert ends([*at_open, *at_close]) == []
    assert ends(later) == [("filled", "", 9)]


def test_nobody_fills_at_an_open_before_a_bar_was_seen():
    house = VenueHouse(settings={"volume_cap": 0.5})
    house.send(an_order(1))

    assert prices(house.open(100.0)) == []


def test_all_orders_of_a_symbol_share_the_volume():
    house = VenueHouse(settings={"volume_cap": 0.1}, lot_size=Decimal(10))
    house.send(an_order(3, limit_price=100.0, client_id="first"), an_order(-4, stop_price=99.0, client_id="second"))

    found = fills(house.bar(98.5, open=101.0, high=101.0, low=98.5, volume=500.0))

    assert [(fill.client_id, fill.lots) for fill in found] == [("first", 3), ("second", -2)]


def test_a_stop_that_was_cut_by_the_volume_goes_on_as_a_market_order():
    house = on_ticks(an_order(-5, stop_price=99.0), settings={"volume_cap": 1.0})

    found = fills([*house.tick(98.0, 2.0), *house.tick(101.0, 2.0), *house.tick(102.0, 9.0)])

    assert [(fill.lots, fill.price) for fill in found] == [(-2, 98.0), (-2, 101.0), (-1, 102.0)]


def test_a_limit_that_was_cut_by_the_volume_goes_on_resting():
    house = on_ticks(an_order(5, limit_price=100.0), settings={"volume_cap": 1.0})

    found = fills([*house.tick(99.0, 2.0), *house.tick(101.0, 9.0), *house.tick(99.0, 9.0)])

    assert [(fill.lots, fill.price) for fill in found] == [(2, 99.0), (3, 100.0)]


def test_on_quotes_each_side_has_a_size_of_its_own():
    house = on_ticks(an_order(9, client_id="buys"), an_order(-9, client_id="sells"), settings={"volume_cap": 0.5})

    found = fills(house.quote(99.0, 100.0, bid_size=4.0, ask_size=8.0))

    assert [(fill.client_id, fill.lots) for fill in found] == [("buys", 4), ("sells", -2)]


def test_owners_get_of_every_part_what_they_still_lack():
    house = on_ticks(an_order(owners=(("one", 2), ("two", 4))), settings={"volume_cap": 1.0})

    found = fills([*house.tick(100.0, 1.0), *house.tick(100.0, 3.0), *house.tick(100.0, 9.0)])

    assert [[(part.strategy, part.lots) for part in fill.parts] for fill in found] == [
        [("two", 1)],
        [("one", 1), ("two", 2)],
        [("one", 1), ("two", 1)],
    ]


def test_an_order_that_may_only_reduce_goes_on_while_there_is_something_left():
    house = on_ticks(an_order(3, client_id="opens"), settings={"volume_cap": 1.0})
    house.tick(100.0, 9.0)
    house.send(an_order(-5, reduce_only=True))

    first, second = house.tick(100.0, 2.0), house.tick(100.0, 9.0)

    assert (fills(first)[0].lots, ends(first)) == (-2, [])
    assert (fills(second)[0].lots, ends(second)) == (-1, [("cancelled", "reduce-only", -3)])


# Amends.


def resting(lots=5, limit=100.0, **fields):
    house = VenueHouse()
    order = an_order(lots, limit_price=limit, **fields)
    house.send(order)
    return house, order


def with_lots(order, lots):
    return attrs.evolve(order, lots=lots, owners=(Owner("trend", lots),))


def test_an_amended_order_works_as_it_is_now():
    house, order = resting()
    new = attrs.evolve(with_lots(order, 3), limit_price=98.0)

    assert house.amend(new) == (OrderAmended(new, MONDAY + 1),)
    assert fills(house.bar(100.0, low=98.5)) == []
    (fill,) = fills(house.bar(100.0, open=100.0, low=97.0, minute=1))
    assert (fill.lots, fill.price) == (3, 98.0)


@pytest.mark.parametrize(
    ("change", "first"), [({"lots": 4}, "old"), ({"lots": 6}, "other"), ({"limit_price": 99.5}, "other")]
)
def test_fewer_lots_keep_their_place_and_all_else_arrives_anew(change, first):
    house, order = resting(client_id="old")
    house.send(an_order(1, limit_price=99.5, client_id="other"))
    new = with_lots(order, change["lots"]) if "lots" in change else attrs.evolve(order, **change)
    house.amend(new, MONDAY)

    assert fills(house.bar(100.5, low=99.0))[0].client_id == first


def test_an_amend_that_arrives_inside_a_bar_sees_only_its_close():
    house, order = resting(limit=90.0)
    house.amend(attrs.evolve(order, limit_price=100.0), MONDAY + MINUTE // 2)

    assert fills(house.bar(101.0, low=95.0)) == []


def test_an_amend_to_what_was_filled_ends_the_order():
    house = on_ticks(an_order(5, limit_price=100.0), settings={"volume_cap": 1.0})
    house.tick(99.0, 2.0)
    new = with_lots(an_order(5, limit_price=100.0), 2)

    amended, ended, *_ = house.amend(new)

    assert amended == OrderAmended(new, MONDAY + 1)
    assert ended == OrderEnded(new, Outcome.FILLED, 2, MONDAY + 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"limit_price": 100.25}, "off-grid"),
        ({"lots": -5}, "wrong"),
        ({"post_only": True}, "wrong"),
        ({"time_in_force": FOK}, "wrong"),
        ({"client_id": "never-seen"}, "unknown"),
    ],
)
def test_an_amend_that_cannot_be_leaves_the_order_as_it_was(change, reason):
    house, order = resting()
    new = with_lots(order, change["lots"]) if "lots" in change else attrs.evolve(order, **change)

    assert house.amend(new) == (AmendRejected(new, reason, MONDAY + 1),)
    assert fills(house.bar(100.0, open=101.0, low=99.0, high=101.0))[0].lots == 5


def test_an_order_that_is_over_cannot_be_amended():
    house, order = resting()
    house.cancel(order.client_id)

    assert [said.reason for said in house.amend(with_lots(order, 3))] == ["over"]


def test_the_stop_of_a_stop_limit_cannot_be_moved_once_it_was_touched():
    order = a_stop_limit(1, 101.0, 102.0)
    house = on_ticks(order)
    house.tick(103.0)

    assert [said.reason for said in house.amend(attrs.evolve(order, stop_price=105.0))] == ["wrong"]
    assert isinstance(house.amend(attrs.evolve(order, limit_price=104.0))[0], OrderAmended)


def test_owners_of_an_amended_order_get_what_the_change_left_them():
    order = an_order(owners=(("one", 2), ("two", 4)), limit_price=100.0)
    house = on_ticks(order, settings={"volume_cap": 1.0})
    house.tick(99.0, 3.0)  # one gets 1, two gets 2
    house.amend(attrs.evolve(order, lots=5, owners=(Owner("one", 2), Owner("two", 3))))

    (fill,) = fills(house.tick(99.0, 9.0))

    assert {part.strategy: part.lots for part in fill.parts} == {"one": 1, "two": 1}


def test_who_got_more_than_an_amend_leaves_him_gets_nothing_more_and_gives_nothing_back():
    order = an_order(owners=(("one", 3), ("two", 3)), limit_price=100.0)
    house = on_ticks(order, settings={"volume_cap": 1.0})
    house.tick(99.0, 4.0)
    house.amend(attrs.evolve(order, owners=(Owner("one", 1), Owner("two", 5))))

    (fill,) = fills(house.tick(99.0, 9.0))

    assert {part.strategy: part.lots for part in fill.parts} == {"two": 2}


def test_a_cancel_tells_how_much_was_filled():
    house = on_ticks(an_order(5, limit_price=100.0), settings={"volume_cap": 1.0})
    house.tick(99.0, 2.0)

    assert ends(house.cancel("run000-trend-1")) == [("cancelled", "", 2)]


@pytest.mark.parametrize(
    "order", [a_trailing_stop(-1, 0.25), a_stop_limit(1, 100.0, 100.25), a_stop_limit(1, 100.25, 100.0)]
)
def test_no_price_of_an_order_may_lie_off_the_grid(order):
    assert rejections(VenueHouse().send(order)) == ["off-grid"]


def test_nothing_is_accepted_after_the_contract_has_expired():
    house = VenueHouse(an_instrument(expiry=MONDAY + HOUR))

    assert rejections(house.send(an_order(ts=MONDAY + HOUR))) == ["expired"]
