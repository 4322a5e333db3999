"""With cash given nobody opens what he cannot back or outlives his bankruptcy. One lot at 100 is worth 100 USD."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages import (
    AmendRejected,
    Bar,
    FillPart,
    Kind,
    Liquidity,
    MarkPrice,
    OrderAmended,
    OrderType,
    Owner,
    Step,
    Subscribe,
    Unsubscribe,
    ValueRounding,
    WakeAt,
)
from tests.builders import HOUR, MINUTE, MONDAY, a_fill, an_instrument, an_order
from tests.venue_house import VenueHouse, ends, fills, prices, rejections

TEN_TIMES = {"initial_margin": Decimal("0.1"), "maintenance_margin": Decimal("0.05")}
TAKER = {"taker_fee": Decimal("0.001")}


def cents(dollars):
    return round(dollars * 100)


def a_house(dollars, *instruments, **terms):
    return VenueHouse(*instruments, cash=cents(dollars), **(terms if instruments else {**TEN_TIMES, **terms}))


def opened(house, lots, price=100.0, *, owner="trend", symbol="XBTUSD", client_id=None):
    """The house after that order has been filled at an open."""
    owners = ((owner, lots),)
    name = client_id or f"opens-{len(house.orders)}"
    house.send(an_order(owners=owners, client_id=name, symbol=symbol, ts=house.now))
    house.open(price, symbol=symbol)
    return house


# Opening.


@pytest.mark.parametrize(("lots", "reasons"), [(10, []), (11, ["insufficient-margin"]), (-11, ["insufficient-margin"])])
def test_an_order_needs_initial_margin_for_the_worst_that_it_can_lead_to(lots, reasons):
    house = a_house(100)

    assert rejections(house.send(an_order(lots, limit_price=100.0))) == reasons


def test_orders_that_rest_count_as_if_they_were_filled_and_one_side_at_a_time():
    house = a_house(100)

    said = house.send(
        an_order(6, limit_price=100.0, client_id="a"),
        an_order(5, limit_price=100.0, client_id="b"),
        an_order(-9, limit_price=100.0, client_id="c"),
    )

    assert rejections(said) == ["insufficient-margin"]
    assert list(house.orders) == ["a", "c"]


def test_a_stop_takes_no_margin_until_it_is_triggered_and_then_what_there_is():
    house = a_house(100)

    assert rejections(house.send(an_order(15, stop_price=100.0))) == []
    said = house.bar(100.0)

    assert [fill.lots for fill in fills(said)] == [10]
    assert ends(said) == [("cancelled", "insufficient-margin", 10)]


def test_as_many_lots_are_filled_as_the_price_allows():
    house = a_house(100)
    house.send(an_order(10, reference_price=100.0))

    said = house.open(109.0)

    assert [fill.lots for fill in fills(said)] == [9]
    assert ends(said) == [("cancelled", "insufficient-margin", 9)]


def test_what_reduces_is_never_refused():
    house = opened(a_house(100), 10)
    house.bar(96.0, open=100.0, high=100.0)  # 60 are left, and opening as much would need 96

    assert rejections(house.send(an_order(-10, client_id="leaves", ts=MONDAY + MINUTE))) == []
    assert [fill.lots for fill in fills(house.open(96.0, minute=1))] == [-10]


def test_an_order_that_may_only_reduce_is_never_refused_however_large():
    house = opened(a_house(100), 10)

    assert rejections(house.send(an_order(-90, reduce_only=True, client_id="leaves"))) == []


def test_after_a_silence_an_order_is_valued_at_the_price_that_its_maker_saw():
    house = opened(opened(a_house(100), 1), -1)

    assert rejections(house.send(an_order(10, reference_price=101.0, client_id="dear"))) == ["insufficient-margin"]
    assert rejections(house.send(an_order(10, reference_price=99.0, client_id="cheap"))) == []


def test_an_order_through_zero_closes_and_opens_no_more_than_margin_allows():
    house = opened(a_house(100), 10)
    house.bar(96.0, open=100.0, high=100.0)
    house.send(an_order(-20, client_id="turns", ts=MONDAY + MINUTE))

    assert [fill.lots for fill in fills(house.open(96.0, minute=1))] == [-16]  # the 60 that are left back 6 lots at 96


def test_without_an_initial_margin_something_has_to_be_left():
    assert rejections(a_house(0, initial_margin=Decimal(0), maintenance_margin=Decimal(0)).send(an_order(1))) == []
    house = a_house(0, initial_margin=Decimal(0), maintenance_margin=Decimal(0))

    assert rejections(house.send(an_order(1, reference_price=100.0))) == ["insufficient-margin"]


def test_an_amend_needs_margin_for_the_difference():
    house = a_house(100)
    order = an_order(8, limit_price=100.0)
    house.send(order)

    more, most = (attrs.evolve(order, lots=lots, owners=(Owner("trend", lots),)) for lots in (10, 11))

    assert house.amend(most) == (AmendRejected(most, "insufficient-margin", MONDAY + 1),)
    assert house.amend(more) == (OrderAmended(more, MONDAY + 1),)


# Liquidation.


def test_a_bar_that_reaches_the_maintenance_margin_liquidates_at_the_bankruptcy_price():
    house = opened(a_house(100), 10)  # 1000 at risk: 50 have to be left, at 95; nothing is left at 90
    house.send(an_order(-10, limit_price=120.0, client_id="rests"))

    kept = house.bar(99.0, open=100.0, high=100.0, low=95.0)
    said = house.bar(99.0, open=99.0, high=99.0, low=94.5, minute=1)

    (fill,) = fills(said)
    assert fills(kept) == []
    assert (fill.price, fill.lots, fill.liquidity) == (90.0, -10, Liquidity.LIQUIDATION)
    assert fill.client_id.startswith("liquidation-")
    assert ends(said) == [("cancelled", "liquidated", 0)]
    assert house.equity({"XBTUSD": 1.0}) == 0


def test_a_short_is_liquidated_by_the_high():
    house = opened(a_house(100), -10)

    assert prices(house.bar(100.0, high=105.0)) == []
    assert prices(house.bar(100.0, high=105.5, minute=1)) == [110.0]


def test_liquidation_takes_the_taker_fee_and_leaves_nothing_below_zero():
    house = opened(a_house(100, **TAKER), 9)

    (fill,) = fills(house.bar(95.0, open=95.0, low=90.0))

    # 100 - 0.90 fee, 9 x (100 - p) lost, 9 x p x 0.001 fee: p = 89.078, and the next tick above is 89.5.
    assert (fill.price, fill.fee_minor) == (89.5, 81)
    assert house.equity({"XBTUSD": 1.0}) == cents(100) - 90 - cents(9 * 10.5) - 81 >= 0


def test_an_order_cannot_be_filled_beyond_the_price_at_which_all_was_lost():
    house = opened(a_house(100), 10)
    house.send(an_order(-10, stop_price=80.0, client_id="too-late"))

    said = house.bar(80.0, open=100.0, high=100.0, low=79.0)

    assert [(fill.price, fill.liquidity) for fill in fills(said)] == [(90.0, Liquidity.LIQUIDATION)]
    assert ends(said) == [("cancelled", "liquidated", 0)]


def test_a_stop_before_the_liquidation_price_saves_what_is_left():
    house = opened(a_house(100), 10)
    house.send(an_order(-10, stop_price=97.0, client_id="in-time"))

    said = house.bar(80.0, open=100.0, high=100.0, low=79.0)

    assert [(fill.price, fill.liquidity) for fill in fills(said)] == [(97.0, Liquidity.TAKER)]
    assert house.equity({"XBTUSD": 1.0}) == cents(70)


BEYOND_STOP_BELOW = (
    an_order(1, stop_price=104.0, client_id="beyond"),
    an_order(-10, stop_price=97.0, client_id="stop"),
    an_order(1, limit_price=99.0, client_id="below"),
)


def told(said):
    return [(fill.client_id.split("-")[0], fill.lots, fill.price, fill.ambiguous) for fill in fills(said)]


def test_no_profit_is_taken_in_a_bar_that_may_have_liquidated_before_and_that_is_counted_as_in_doubt():
    house = opened(a_house(100), 10)
    house.send(an_order(-10, limit_price=110.0, client_id="target"))

    said = house.bar(100.0, low=90.0, high=115.0, minute=1)

    assert told(said) == [("liquidation", -10, 90.0, True)]
    assert ends(said) == [("cancelled", "liquidated", 0)]


def test_a_profit_that_the_open_took_is_no_longer_lost():
    house = opened(a_house(100), 10)
    house.send(an_order(-10, limit_price=110.0, client_id="target"))

    assert told(house.bar(100.0, open=112.0, low=90.0, high=115.0, minute=1)) == [("target", -10, 112.0, False)]


@pytest.mark.parametrize(("limit_fill", "filled"), [("touch", "target"), ("through", "liquidation")])
def test_a_limit_at_the_open_itself_is_filled_by_it_where_a_touch_is_enough(limit_fill, filled):
    house = opened(a_house(100, settings={"limit_fill": limit_fill}), 10)
    house.send(an_order(-10, limit_price=110.0, client_id="target"))

    assert [each[0] for each in told(house.bar(100.0, open=110.0, low=90.0, high=115.0, minute=1))] == [filled]


def test_a_trailing_stop_that_had_to_follow_first_saves_nobody_either():
    house = opened(a_house(100), 10)
    house.send(an_order(-10, type=OrderType.TRAILING_STOP, trail=7.0, client_id="trails"))

    # Low first: 94 is beyond 95, where the account is lost, and before 93, where the stop stands.
    assert told(house.bar(105.0, open=100.0, low=94.0, high=106.0, minute=1)) == [("liquidation", -10, 90.0, True)]


def test_it_is_in_doubt_too_where_an_order_would_have_been_filled_beyond_what_there_was():
    house = opened(opened(a_house(100), 5, owner="one"), 5, owner="two")
    house.send(
        an_order(owners=(("one", -5),), stop_price=85.0, client_id="too-far"),
        an_order(owners=(("two", -5),), limit_price=110.0, client_id="target"),
    )

    assert told(house.bar(100.0, low=80.0, high=115.0, minute=1)) == [("liquidation", -10, 90.0, True)]


def test_what_the_open_has_liquidated_is_in_no_doubt():
    house = opened(a_house(100), 10)
    house.send(an_order(-10, limit_price=110.0, client_id="target"))

    assert told(house.bar(100.0, open=92.0, low=92.0, high=115.0, minute=1)) == [("liquidation", -10, 90.0, False)]


def test_what_the_way_to_the_worst_price_has_saved_may_trade_on_the_other_side_of_the_open():
    house = opened(a_house(120), 10)  # lost below 93
    house.send(*BEYOND_STOP_BELOW)

    said = house.bar(100.0, low=90.0, high=105.0, minute=1)

    assert told(said) == [("below", 1, 99.0, False), ("stop", -10, 97.0, False), ("beyond", 1, 104.0, False)]


def test_on_the_way_to_the_worst_price_the_nearest_comes_first_whichever_arrived_first():
    house = opened(a_house(100), 10)
    house.send(an_order(-10, stop_price=85.0, client_id="late"), an_order(-10, stop_price=97.0, client_id="near"))

    assert told(house.bar(100.0, low=80.0, minute=1))[0] == ("near", -10, 97.0, False)


def test_an_order_that_arrived_inside_the_bar_saves_nobody_from_what_may_have_come_before():
    house = opened(a_house(100), 10)
    house.send(an_order(-10, stop_price=99.0, client_id="stop", ts=MONDAY + 1))

    said = house.bar(98.0, open=100.0, low=90.0, high=100.0)

    assert told(said) == [("liquidation", -10, 90.0, True)]
    assert ends(said) == [("cancelled", "liquidated", 0)]


def test_an_account_that_the_bar_does_not_ruin_trades_in_the_order_of_arrival():
    house = opened(a_house(1000), 10)
    house.send(*BEYOND_STOP_BELOW)

    said = house.bar(100.0, low=90.0, high=105.0, minute=1)

    assert [fill.client_id for fill in fills(said)] == ["beyond", "stop", "below"]


def test_ticks_liquidate_at_the_last_price_and_quotes_at_the_middle():
    on_ticks, on_quotes = (VenueHouse(cash=cents(100), period=None, **TEN_TIMES) for _ in range(2))
    for house in (on_ticks, on_quotes):
        house.send(an_order(10))
        house.tick(100.0)

    assert [prices(on_ticks.tick(price)) for price in (95.5, 94.5)] == [[], [90.0]]
    assert [prices(on_quotes.quote(bid, ask)) for bid, ask in ((94.0, 96.0), (94.0, 95.0))] == [[], [90.0]]


def test_where_there_is_a_mark_the_last_price_liquidates_nobody():
    house = opened(a_house(100), 10)
    house.mark(100.0)

    assert prices(house.bar(100.0, low=91.0)) == []
    assert prices(house.mark(95.0)) == []
    assert prices(house.mark(94.5)) == [90.0]


@pytest.mark.parametrize(("mark", "kept"), [(95.0, True), (94.999, False)])
def test_a_mark_between_two_ticks_is_judged_as_it_is(mark, kept):
    house = opened(a_house(100), 10)

    assert (fills(house.mark(mark)) == []) is kept


def test_others_are_liquidated_at_their_very_marks():
    house = two_symbols(200)
    opened(house, 10)
    opened(house, 5, symbol="ETHUSD")
    house.mark(98.126, symbol="ETHUSD")

    other, this = fills(house.mark(80.0))

    assert (other.price, other.value_minor) == (98.126, -49_063)
    assert (this.price, this.value_minor) == (81.0, -81_000)  # 190.63 are left to lose on 10 lots


def test_where_there_is_a_mark_nobody_trades_beyond_his_bankruptcy():
    house = opened(a_house(100), 10)
    house.mark(100.0)
    house.send(an_order(-10, stop_price=95.0, client_id="a"), an_order(-10, stop_price=85.0, client_id="b"))

    said = house.bar(84.0, open=84.0, high=84.0)

    assert [(fill.price, fill.liquidity) for fill in fills(said)] == [(90.0, Liquidity.LIQUIDATION)]
    assert ends(said) == [("cancelled", "liquidated", 0)] * 2


def test_every_strategy_is_brought_to_nothing_and_the_parts_add_up():
    house = opened(a_house(100), 10, owner="long")
    house.hear(house.venue.on_fill(a_fill(parts=(("hedge", -4),), execution_id="x-1")))
    house.hear(house.venue.on_fill(a_fill(parts=(("long", 4),), execution_id="x-2")))

    (fill,) = fills(house.bar(90.0, open=100.0, high=100.0))

    assert fill.lots == -10
    assert fill.parts == (FillPart("hedge", 4, cents(360), 0), FillPart("long", -14, -cents(1260), 0))


def two_symbols(dollars, **terms):
    return a_house(dollars, *[an_instrument(symbol, **{**TEN_TIMES, **terms}) for symbol in ("XBTUSD", "ETHUSD")])


def test_margin_is_cross_and_all_positions_of_the_currency_go():
    house = two_symbols(200)
    opened(house, 10)
    opened(house, 5, symbol="ETHUSD")
    house.bar(98.0, open=100.0, high=100.0, symbol="ETHUSD")  # 190 left, 75 have to be

    kept = house.bar(100.0, low=88.5)
    said = house.bar(100.0, low=88.0, minute=1)

    assert prices(kept) == []
    # The other goes at its last price; then 190 / 10 lots are left to lose.
    assert [(fill.symbol, fill.price) for fill in fills(said)] == [("ETHUSD", 98.0), ("XBTUSD", 81.0)]
    assert house.equity({"XBTUSD": 1.0, "ETHUSD": 1.0}) == 0


_moves = st.tuples(st.sampled_from(["XBTUSD", "ETHUSD"]), st.integers(100, 300), st.integers(-12, 12))


@given(st.integers(1, 300), st.lists(_moves, min_size=1, max_size=12))
def test_no_liquidation_leaves_less_than_nothing(dollars, moves):
    house = two_symbols(dollars, **TAKER)
    for number, (symbol, ticks, lots) in enumerate(moves):
        if lots:
            house.send(an_order(lots, symbol=symbol, client_id=f"order-{number}", ts=MONDAY + number * MINUTE))
        house.open(100.0, minute=number, symbol=symbol)
        said = house.bar(ticks / 2, open=100.0, high=max(100.0, ticks / 2), low=min(100.0, ticks / 2), minute=number,
                         symbol=symbol)  # fmt: skip
        if fills(said):
            assert {fill.liquidity for fill in fills(said)} == {Liquidity.LIQUIDATION}
            assert house.lots("XBTUSD") == house.lots("ETHUSD") == 0
            assert house.equity({"XBTUSD": 1.0, "ETHUSD": 1.0}) >= 0


def test_another_currency_backs_nothing_and_is_left_alone():
    both = [
        an_instrument("XBTUSD", **TEN_TIMES),
        an_instrument("XBTEUR", currency="EUR", **TEN_TIMES),
    ]
    house = VenueHouse(*both, cash={"USD": cents(100), "EUR": cents(1000)})
    opened(house, 10)
    opened(house, 10, symbol="XBTEUR")

    said = house.bar(90.0, open=100.0, high=100.0)

    assert [fill.symbol for fill in fills(said)] == ["XBTUSD"]
    assert house.lots("XBTEUR") == 10


@pytest.mark.parametrize("rounding", ValueRounding)
def test_an_inverse_long_is_liquidated_below_and_left_with_nothing(rounding):
    terms = {"kind": Kind.INVERSE, "currency": "XBT", "value_rounding": rounding, **TEN_TIMES, **TAKER}
    house = VenueHouse(cash={"XBT": 1_000_000}, **terms)  # 0.01 XBT
    opened(house, 1_000, 10_000.0)  # 0.1 XBT at ten times

    assert [fill.lots for fill in fills(house.said)] == [990]  # the fee has to be there too
    assert prices(house.bar(9_600.0, open=10_000.0, high=10_000.0)) == []
    (fill,) = fills(house.bar(9_000.0, open=9_600.0, high=9_600.0, minute=1))
    assert 9_000.0 < fill.price < 9_600.0
    assert 0 <= house.equity({"XBTUSD": 1.0}, "XBT") < 1_000


# What it hears.


def test_with_cash_the_venue_hears_prices_while_something_is_held():
    house = a_house(100)
    assert house.said == [Subscribe(MarkPrice, "XBTUSD")]
    opened(house, 1)

    assert Unsubscribe(Bar, "XBTUSD", MINUTE) not in house.said
    opened(house, -1)
    assert house.said[-1] == Unsubscribe(Bar, "XBTUSD", MINUTE)


def test_what_was_crossed_internally_is_watched_too():
    house = a_house(100)

    said = house.hear(house.venue.on_fill(a_fill(1)))

    assert said == (Subscribe(Bar, "XBTUSD", MINUTE),)


# Funding.


def test_longs_pay_shorts_when_the_rate_is_above_zero():
    house = opened(opened(a_house(1000), 10, owner="a"), -3, owner="b")
    house.bar(110.0, high=110.0, open=100.0, low=100.0)

    (paid,) = house.funding(0.01, ts=MONDAY + MINUTE)

    assert (paid.amount_minor, paid.lots, paid.price) == (-cents(7.7), 7, 110.0)
    assert [(part.strategy, part.lots, part.amount_minor) for part in paid.parts] == [
        ("a", 10, -cents(11)),
        ("b", -3, cents(3.3)),
    ]


def test_funding_is_paid_at_the_mark_once_for_each_time():
    house = opened(a_house(1000), -10)
    house.mark(90.0)

    first, again, next_time = (house.funding(0.01, ts=ts) for ts in (MONDAY, MONDAY, MONDAY + HOUR))

    assert [[paid.amount_minor for paid in each] for each in (first, again, next_time)] == [[900], [], [900]]


def test_funding_at_a_mark_between_two_ticks_is_of_that_very_price():
    house = opened(a_house(1000), -10)
    house.mark(90.26)

    (paid,) = house.funding(0.01)

    assert (paid.price, paid.amount_minor) == (90.26, 903)


def test_who_holds_nothing_pays_nothing():
    assert a_house(1000).funding(0.01) == ()


def test_funding_can_be_what_ruins_an_account():
    house = opened(a_house(100), 10)
    house.funding(0.06)

    assert [fill.liquidity for fill in fills(house.bar(99.0, open=100.0, high=100.0))] == [Liquidity.LIQUIDATION]


# Expiry.


def dated(**fields):
    return an_instrument(expiry=MONDAY + HOUR, settlement_fee=Decimal("0.0005"), **{**TEN_TIMES, **fields})


def test_a_dated_contract_settles_at_its_price_and_its_orders_end():
    house = a_house(1000, dated(settlement_price=104.0))
    (timer,) = [message for message in house.said if isinstance(message, WakeAt)]
    opened(house, 10)
    house.send(an_order(-10, limit_price=120.0, client_id="rests"))

    said = house.wake(timer.at, timer.token)

    (fill,) = fills(said)
    assert (timer.at, timer.step) == (MONDAY + HOUR, Step.MARKS)
    assert (fill.price, fill.lots, fill.liquidity, fill.fee_minor) == (104.0, -10, Liquidity.SETTLEMENT, 52)
    assert fill.client_id.startswith("settlement-")
    assert ends(said) == [("cancelled", "expired", 0)]
    assert house.wake(timer.at, timer.token) == ()


@pytest.mark.parametrize("rounding", ValueRounding)
def test_a_settlement_price_between_two_ticks_is_the_price_of_the_fill(rounding):
    house = a_house(1000, dated(settlement_price=104.126, value_rounding=rounding))
    opened(house, 10)

    (fill,) = fills(house.wake(MONDAY + HOUR, "expiry:XBTUSD"))

    # A lot is worth 104.126, or rounded by itself 104.13; the fee is 0.0005 of that.
    value = 104_126 if rounding is ValueRounding.EXACT else 104_130
    assert (fill.price, fill.value_minor, fill.fee_minor) == (104.126, -value, 52)


@pytest.mark.parametrize(("mark", "price"), [(103.0, 103.0), (103.26, 103.26), (None, 101.0)])
def test_without_a_settlement_price_it_settles_at_the_last_mark_or_price(mark, price):
    house = opened(a_house(1000, dated()), 10)
    house.bar(101.0, open=100.0, low=100.0)
    if mark is not None:
        house.mark(mark)

    assert prices(house.wake(MONDAY + HOUR, "expiry:XBTUSD")) == [price]


def test_strategies_that_hold_each_others_lots_settle_both_sides_without_a_fee():
    house = a_house(1000, dated())
    house.hear(house.venue.on_fill(a_fill(parts=(("one", -4),), execution_id="x-1")))
    house.hear(house.venue.on_fill(a_fill(parts=(("two", 4),), execution_id="x-2")))

    found = fills(house.wake(MONDAY + HOUR, "expiry:XBTUSD"))

    assert [(fill.lots, fill.fee_minor, fill.parts[0].strategy) for fill in found] == [(4, 0, "one"), (-4, 0, "two")]
    assert len({fill.execution_id for fill in found}) == 2


# Spot.


def spot(dollars, **terms):
    return VenueHouse(cash=cents(dollars), kind=Kind.SPOT, **TAKER, **terms)


def test_spot_is_bought_with_what_is_there_fee_included():
    house = spot(1000)

    assert rejections(house.send(an_order(10, limit_price=100.0))) == ["insufficient-funds"]
    assert rejections(house.send(an_order(9, limit_price=100.0, client_id="nine"))) == []
    assert rejections(house.send(an_order(1, limit_price=100.0, client_id="one"))) == ["insufficient-funds"]


def test_a_purchase_at_a_worse_price_is_cut_to_what_is_there():
    house = spot(1000)
    house.send(an_order(9, reference_price=100.0))

    said = house.open(120.0)

    assert [fill.lots for fill in fills(said)] == [8]
    assert ends(said) == [("cancelled", "insufficient-margin", 8)]
    assert house.venue.heritage().purses["USD"].free_minor() == cents(1000) - cents(8 * 120) - 96


def test_open_profit_buys_no_spot():
    both = [an_instrument("XBT", kind=Kind.SPOT), an_instrument("XBTUSD", **TEN_TIMES)]
    house = opened(VenueHouse(*both, cash=cents(1000)), 10)
    house.bar(150.0, open=100.0, low=100.0)  # 500 of profit, and 150 of margin

    assert rejections(house.send(an_order(9, limit_price=100.0, symbol="XBT"))) == ["insufficient-funds"]
    assert rejections(house.send(an_order(8, limit_price=100.0, symbol="XBT", client_id="eight"))) == []


def test_spot_is_never_sold_short():
    house = opened(spot(1000), 5)
    house.send(an_order(-3, limit_price=120.0, client_id="three"))

    assert rejections(house.send(an_order(-3, limit_price=120.0, client_id="six"))) == ["no-short"]
    assert rejections(house.send(an_order(-2, limit_price=120.0, client_id="five"))) == []


def test_two_stops_for_the_same_spot_sell_it_once():
    house = opened(spot(1000), 5)
    house.send(
        an_order(-5, stop_price=90.0, client_id="stop"),
        an_order(-5, type=OrderType.TRAILING_STOP, trail=5.0, client_id="trailing"),
    )

    said = house.bar(80.0, open=100.0, high=100.0)

    assert sum(fill.lots for fill in fills(said)) == -5
    assert house.lots() == 0


def test_spot_that_was_paid_for_is_never_liquidated_and_backs_nothing():
    both = [an_instrument("XBT", kind=Kind.SPOT), an_instrument("XBTUSD", **TEN_TIMES)]
    house = VenueHouse(*both, cash=cents(1000))
    opened(house, 9, symbol="XBT")

    assert fills(house.bar(1.0, open=100.0, high=100.0, symbol="XBT")) == []
    assert rejections(house.send(an_order(10, limit_price=100.0, client_id="ten"))) == []
    assert rejections(house.send(an_order(11, limit_price=100.0, client_id="more"))) == ["insufficient-margin"]


def test_of_spot_a_strategy_cannot_sell_what_another_one_of_its_account_has():
    house = opened(spot(1000), 5)

    assert rejections(house.send(an_order(owners=(("value", -1),), client_id="lent", ts=house.now))) == ["no-short"]
    assert rejections(house.send(an_order(-5, client_id="own", ts=house.now))) == []
