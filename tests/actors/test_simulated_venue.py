"""The simulated venue fills only at what the market showed after an order came, and hears nothing while none rests."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.simulated_venue import SimulatedVenue, VenueSettings
from messages import (
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    BarOpen,
    CancelAll,
    CancelRejected,
    Fill,
    Liquidity,
    OrderAccepted,
    OrderEnded,
    OrderRejected,
    Outcome,
    Quote,
    Subscribe,
    Tick,
    Unsubscribe,
)
from tests.builders import MINUTE, MONDAY, a_bar, a_fill, a_quote, a_tick, an_instrument, an_order

FEES = {"maker_fee": Decimal("-0.001"), "taker_fee": Decimal("0.002")}


def a_venue(*, period=MINUTE, **settings):
    """On 1-minute bars, or on ticks and quotes with period None."""
    instruments = {"XBTUSD": an_instrument(**FEES)}
    return SimulatedVenue("main", instruments, VenueSettings(**settings), {"XBTUSD": period})


def sent(venue, *orders):
    for order in orders:
        venue.on_approved_order(ApprovedOrder(order))
    return venue


def an_open(price, *, ts=MONDAY):
    return BarOpen(symbol="XBTUSD", period=MINUTE, ts=ts, received=ts, price=price)


def fills(messages):
    return [message for message in messages if isinstance(message, Fill)]


def prices(messages):
    return [fill.price for fill in fills(messages)]


# What it hears.


def test_hears_nothing_before_an_order_comes():
    assert a_venue().on_start() == ()


def test_listens_while_a_market_order_waits_and_no_longer():
    venue = a_venue()
    order = an_order()

    arrived = venue.on_approved_order(ApprovedOrder(order))
    filled = venue.on_bar_open(an_open(101.0))

    assert arrived == (
        OrderAccepted(order, MONDAY),
        Subscribe(BarOpen, "XBTUSD", MINUTE),
        Subscribe(Bar, "XBTUSD", MINUTE),
    )
    assert filled[1:] == (
        OrderEnded(order, Outcome.FILLED, 1, MONDAY),
        Unsubscribe(BarOpen, "XBTUSD", MINUTE),
        Unsubscribe(Bar, "XBTUSD", MINUTE),
    )


def test_a_resting_limit_needs_bars_and_no_opens():
    venue = a_venue()
    sent(venue, an_order(limit_price=90.0))

    said = venue.on_approved_order(ApprovedOrder(an_order(client_id="run000-trend-2")))[1:]
    after = venue.on_bar_open(an_open(101.0))[2:]

    assert (said, after) == (
        (Subscribe(BarOpen, "XBTUSD", MINUTE),),
        (Unsubscribe(BarOpen, "XBTUSD", MINUTE),),
    )


def test_listens_to_ticks_and_quotes_where_there_are_no_bars():
    subscribed = a_venue(period=None).on_approved_order(ApprovedOrder(an_order()))[1:]

    assert {wish.message for wish in subscribed} >= {Tick, Quote}


# Market orders.


def test_an_order_sent_at_a_close_fills_at_the_open_of_the_same_instant():
    (fill,) = fills(sent(a_venue(), an_order(2)).on_bar_open(an_open(101.0)))

    assert (fill.price, fill.lots, fill.ts, fill.liquidity) == (101.0, 2, MONDAY, Liquidity.TAKER)
    assert (fill.value_minor, fill.fee_minor) == (20_200, 40)  # 2 x 101 USD; 0.002 of it is 40.4 cents


def test_an_order_sent_inside_a_bar_fills_at_its_close():
    venue = sent(a_venue(), an_order(ts=MONDAY + 1))

    assert prices(venue.on_bar(a_bar(103.0, high=110.0, low=90.0))) == [103.0]


def test_an_order_sent_at_a_close_does_not_fill_at_that_close():
    venue = sent(a_venue(), an_order(ts=MONDAY + MINUTE))

    assert fills(venue.on_bar(a_bar(103.0))) == []
    assert prices(venue.on_bar_open(an_open(104.0, ts=MONDAY + MINUTE))) == [104.0]


def test_an_open_from_before_its_arrival_fills_nothing():
    venue = sent(a_venue(), an_order(ts=MONDAY + 1))

    assert fills(venue.on_bar_open(an_open(101.0))) == []


@pytest.mark.parametrize(("lots", "price"), [(1, 101.5), (-1, 100.5)])
def test_slippage_is_against_us(lots, price):
    venue = sent(a_venue(slippage_ticks=1), an_order(lots))

    assert prices(venue.on_bar_open(an_open(101.0))) == [price]


def test_no_price_falls_below_one_tick():
    venue = sent(a_venue(slippage_ticks=9), an_order(-1))

    assert prices(venue.on_bar_open(an_open(1.0))) == [0.5]


def test_fills_at_the_next_tick():
    venue = sent(a_venue(period=None), an_order())

    assert prices(venue.on_tick(a_tick(102.0))) == [102.0]


@pytest.mark.parametrize(("lots", "price"), [(1, 100.5), (-1, 99.5)])
def test_buys_at_the_ask_and_sells_at_the_bid(lots, price):
    venue = sent(a_venue(period=None), an_order(lots))

    assert prices(venue.on_quote(a_quote(99.5, 100.5))) == [price]


# This close.


def test_with_this_close_an_order_fills_at_the_close_just_delivered():
    venue = a_venue(fill="this-close")
    assert Subscribe(Bar, "XBTUSD", MINUTE) in venue.on_start()
    venue.on_bar(a_bar(103.0))

    said = venue.on_approved_order(ApprovedOrder(an_order(ts=MONDAY + MINUTE)))

    assert prices(said) == [103.0]
    assert [type(message) for message in said] == [OrderAccepted, Fill, OrderEnded]


def test_with_this_close_an_order_sent_after_the_next_open_waits_for_its_bar():
    venue = a_venue(fill="this-close")
    venue.on_bar(a_bar(103.0))
    venue.on_bar_open(an_open(104.0, ts=MONDAY + MINUTE))

    said = venue.on_approved_order(ApprovedOrder(an_order(ts=MONDAY + MINUTE)))

    assert fills(said) == []
    assert prices(venue.on_bar(a_bar(105.0, open_ts=MONDAY + MINUTE))) == [105.0]


def test_with_this_close_a_limit_order_waits_as_ever():
    venue = a_venue(fill="this-close")
    venue.on_bar(a_bar(103.0))

    said = venue.on_approved_order(ApprovedOrder(an_order(limit_price=110.0, ts=MONDAY + MINUTE)))

    assert said == (OrderAccepted(an_order(limit_price=110.0, ts=MONDAY + MINUTE), MONDAY + MINUTE),)


# Limits.


@pytest.mark.parametrize(
    ("lots", "bar", "through", "touch"),
    [
        (1, {"open": 101.0, "low": 100.5}, [], []),
        (1, {"open": 101.0, "low": 100.0}, [], [100.0]),
        (1, {"open": 101.0, "low": 99.5}, [100.0], [100.0]),
        (1, {"open": 99.0, "low": 98.0}, [99.0], [99.0]),
        (-1, {"open": 99.0, "low": 99.0, "high": 99.5}, [], []),
        (-1, {"open": 99.0, "low": 99.0, "high": 100.0}, [], [100.0]),
        (-1, {"open": 99.0, "low": 99.0, "high": 100.5}, [100.0], [100.0]),
        (-1, {"open": 101.0, "low": 99.0, "high": 102.0}, [101.0], [101.0]),
    ],
)
def test_a_limit_at_100_meets_a_bar(lots, bar, through, touch):
    low, high = bar["low"], bar.get("high", 101.0)
    shown = a_bar(max(low, min(high, bar["open"])), open=bar["open"], low=low, high=high)
    by_setting = {
        setting: prices(sent(a_venue(limit_fill=setting), an_order(lots, limit_price=100.0)).on_bar(shown))
        for setting in ("through", "touch")
    }

    assert by_setting == {"through": through, "touch": touch}


def test_a_resting_limit_makes_and_one_that_meets_a_better_first_price_takes():
    resting = sent(a_venue(), an_order(limit_price=100.0)).on_bar(a_bar(101.0, low=99.0))
    at_once = sent(a_venue(), an_order(limit_price=100.0)).on_bar(a_bar(98.0))

    assert [fill.liquidity for fill in fills((*resting, *at_once))] == [Liquidity.MAKER, Liquidity.TAKER]
    assert [fill.fee_minor for fill in fills((*resting, *at_once))] == [-10, 20]


def test_an_open_that_only_repeats_the_last_close_is_no_better_price():
    """BitMEX bars open at the previous close, which may lie outside the bar's range."""
    venue = sent(a_venue(), an_order(limit_price=100.0))

    assert prices(venue.on_bar(a_bar(99.5, open=90.0, low=99.0, high=101.0))) == [99.0]


def test_of_the_bar_in_which_it_arrived_a_limit_sees_only_the_close():
    venue = sent(a_venue(), an_order(limit_price=100.0, ts=MONDAY + 1))

    assert fills(venue.on_bar(a_bar(101.0, low=90.0))) == []
    assert prices(venue.on_bar(a_bar(101.0, low=90.0, open=101.0, open_ts=MONDAY + MINUTE))) == [100.0]


def test_a_limit_that_arrives_at_a_close_does_not_see_that_bar():
    venue = sent(a_venue(), an_order(limit_price=100.0, ts=MONDAY + MINUTE))

    assert fills(venue.on_bar(a_bar(99.0))) == []


def test_a_close_beyond_the_limit_fills_it_in_the_bar_in_which_it_arrived():
    venue = sent(a_venue(), an_order(limit_price=100.0, ts=MONDAY + 1))

    assert prices(venue.on_bar(a_bar(99.0, high=101.0))) == [100.0]


def test_a_limit_on_ticks_and_quotes():
    on_ticks, on_quotes = (sent(a_venue(period=None), an_order(limit_price=100.0)) for _ in range(2))

    assert [prices(on_ticks.on_tick(a_tick(price))) for price in (101.0, 100.0, 99.0)] == [[], [], [100.0]]
    assert [prices(on_quotes.on_quote(a_quote(98.0, ask))) for ask in (101.0, 100.0, 99.5)] == [[], [], [100.0]]


# Stops.


@pytest.mark.parametrize(
    ("lots", "bar", "filled"),
    [
        (1, {"high": 99.5}, []),
        (1, {"high": 100.0}, [100.5]),
        (1, {"open": 102.0, "high": 103.0}, [102.5]),
        (-1, {"open": 101.0, "high": 101.0, "low": 100.5}, []),
        (-1, {"open": 101.0, "high": 101.0, "low": 100.0}, [99.5]),
        (-1, {"open": 98.0, "low": 97.0}, [97.5]),
    ],
)
def test_a_stop_at_100_fills_at_the_stop_or_the_worse_open_and_slips(lots, bar, filled):
    opened = bar.get("open", 99.0)
    low, high = bar.get("low", min(opened, 99.0)), bar.get("high", max(opened, 99.0))
    venue = sent(a_venue(slippage_ticks=1), an_order(lots, stop_price=100.0))

    assert prices(venue.on_bar(a_bar(min(max(opened, low), high), open=opened, low=low, high=high))) == filled


def test_of_the_bar_in_which_it_arrived_a_stop_sees_only_the_close():
    above, below = (sent(a_venue(), an_order(stop_price=100.0, ts=MONDAY + 1)) for _ in range(2))

    assert prices(above.on_bar(a_bar(101.0, high=105.0))) == [101.0]
    assert prices(below.on_bar(a_bar(99.0, high=105.0))) == []


def test_a_stop_on_ticks_fills_at_the_tick_that_touched_it():
    venue = sent(a_venue(period=None), an_order(-1, stop_price=100.0))

    assert [prices(venue.on_tick(a_tick(price))) for price in (101.0, 99.0)] == [[], [99.0]]


def holding(venue, lots, *, owner="trend"):
    """The venue after that strategy has bought or sold at the market."""
    sent(venue, an_order(lots, client_id=f"run000-{owner}-0", owners=((owner, lots),)))
    venue.on_bar_open(an_open(100.0))
    return venue


def both_exits(*, owner="trend"):
    return (
        an_order(-1, stop_price=95.0),
        an_order(-1, limit_price=105.0, client_id="run000-trend-2", owners=((owner, -1),)),
    )


def test_of_two_exits_in_one_bar_the_worse_is_filled_and_marked_ambiguous():
    venue = sent(holding(a_venue(), 1), *both_exits())

    (fill,) = fills(venue.on_bar(a_bar(100.0, low=94.0, high=106.0)))

    assert (fill.price, fill.ambiguous) == (95.0, True)


@pytest.mark.parametrize(("opened", "price"), [(94.0, 94.0), (106.0, 106.0)])
def test_an_open_beyond_one_of_two_exits_decides(opened, price):
    venue = sent(holding(a_venue(), 1), *both_exits())

    (fill,) = fills(venue.on_bar(a_bar(100.0, open=opened, low=93.0, high=107.0)))

    assert (fill.price, fill.ambiguous) == (price, False)


def test_two_entries_of_one_strategy_in_one_bar_are_both_filled():
    entries = (an_order(1, limit_price=95.0), an_order(1, stop_price=105.0, client_id="run000-trend-2"))
    venue = sent(a_venue(), *entries)

    found = fills(venue.on_bar(a_bar(100.0, low=94.0, high=106.0)))

    assert [(fill.price, fill.ambiguous) for fill in found] == [(95.0, False), (105.0, False)]


def test_two_exits_that_leave_a_part_each_are_both_filled():
    venue = sent(holding(a_venue(), 2), *both_exits())

    found = fills(venue.on_bar(a_bar(100.0, low=94.0, high=106.0)))

    assert [(fill.price, fill.ambiguous) for fill in found] == [(95.0, False), (105.0, False)]


def test_a_position_that_was_crossed_internally_is_left_by_one_exit_too():
    venue = a_venue()
    venue.on_fill(a_fill(1))
    sent(venue, *both_exits())

    assert prices(venue.on_bar(a_bar(100.0, low=94.0, high=106.0))) == [95.0]


def test_exits_of_different_strategies_have_nothing_to_do_with_each_other():
    venue = sent(holding(holding(a_venue(), 1), 1, owner="other"), *both_exits(owner="other"))

    found = fills(venue.on_bar(a_bar(100.0, low=94.0, high=106.0)))

    assert [(fill.price, fill.ambiguous) for fill in found] == [(95.0, False), (105.0, False)]


# What cannot be, and what is taken back.


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (an_order(symbol="ETHUSD"), "unknown-symbol"),
        (an_order(limit_price=100.25), "off-grid"),
        (an_order(stop_price=100.25), "off-grid"),
    ],
)
def test_rejects_for_good_what_can_never_be_an_order(order, reason):
    (said,) = a_venue().on_approved_order(ApprovedOrder(order))

    assert said == OrderRejected(order=order, reason=reason, standing=True, ts=MONDAY)


def test_a_client_id_is_used_once_for_ever():
    venue = sent(a_venue(), an_order())
    venue.on_bar_open(an_open(101.0))

    (said,) = venue.on_approved_order(ApprovedOrder(an_order()))

    assert said.reason == "duplicate-client-id"


def a_cancel(client_id="run000-trend-1"):
    return ApprovedCancel(account="main", client_id=client_id, symbol="XBTUSD", ts=MONDAY + 5)


def test_a_cancelled_order_is_over_and_nothing_is_heard_any_more():
    order = an_order(limit_price=100.0)
    venue = sent(a_venue(), order)

    assert venue.on_approved_cancel(a_cancel()) == (
        OrderEnded(order, Outcome.CANCELLED, 0, MONDAY + 5),
        Unsubscribe(Bar, "XBTUSD", MINUTE),
    )
    assert [message.reason for message in venue.on_approved_cancel(a_cancel())] == ["over"]


def test_cannot_cancel_what_it_never_knew():
    (said,) = a_venue().on_approved_cancel(a_cancel())

    assert isinstance(said, CancelRejected)
    assert said.reason == "unknown"


def test_a_cancel_of_everything_ends_every_order():
    venue = sent(a_venue(), an_order(), an_order(limit_price=90.0, client_id="run000-trend-2"))

    ended = [m for m in venue.on_cancel_all(CancelAll(account="main", ts=MONDAY)) if isinstance(m, OrderEnded)]

    assert [message.outcome for message in ended] == [Outcome.CANCELLED] * 2
    assert venue.on_bar_open(an_open(101.0)) == ()


def test_an_order_that_may_only_reduce_fills_no_more_than_the_position():
    venue = sent(a_venue(), an_order(3))
    venue.on_bar_open(an_open(101.0))
    order = an_order(-5, reduce_only=True, client_id="run000-net-2", owners=(("one", -2), ("two", -3)))

    fill, ended, *_ = sent(venue, order).on_bar_open(an_open(101.0))

    assert (fill.lots, ended.outcome, ended.lots_filled) == (-3, Outcome.CANCELLED, -3)
    assert {part.strategy: part.lots for part in fill.parts} == {"one": -1, "two": -2}


def test_a_fill_is_split_among_its_owners_to_the_minor_unit():
    order = an_order(owners=(("one", 1), ("two", 2)))

    (fill,) = fills(sent(a_venue(), order).on_bar_open(an_open(33.5)))

    assert [(part.strategy, part.lots) for part in fill.parts] == [("one", 1), ("two", 2)]
    assert (fill.value_minor, fill.fee_minor) == (10_050, 20)
    assert sum(part.fee_minor for part in fill.parts) == 20


_ticks = st.integers(180, 220)


@st.composite
def _bars(draw):
    found = []
    for number in range(draw(st.integers(1, 6))):
        low, close, high = sorted(draw(st.tuples(_ticks, _ticks, _ticks)))
        opened = draw(st.integers(low, high))
        start = MONDAY + number * MINUTE
        found.append(a_bar(close / 2, open=opened / 2, low=low / 2, high=high / 2, open_ts=start))
    return found


@st.composite
def _orders(draw):
    found = []
    for number in range(draw(st.integers(1, 5))):
        lots = draw(st.integers(-3, 3).filter(bool))
        kind = draw(st.sampled_from(["market", "limit_price", "stop_price"]))
        fields = {} if kind == "market" else {kind: draw(_ticks) / 2}
        after = draw(st.integers(0, 5)) * MINUTE + draw(st.sampled_from([0, 1, MINUTE // 2]))
        found.append(an_order(lots, client_id=f"run000-trend-{number}", ts=MONDAY + after, **fields))
    return sorted(found, key=lambda order: order.ts)


@given(_bars(), _orders(), st.sampled_from(["through", "touch"]))
def test_fills_lie_within_what_was_shown_after_arrival_and_never_exceed_the_order(bars, orders, limit_fill):
    venue = a_venue(limit_fill=limit_fill)
    waiting, filled, shown = list(orders), {}, {}
    by_id = {order.client_id: order for order in orders}

    def deliver(message, said):
        for order in by_id.values():
            if order.ts <= message.received:
                shown.setdefault(order.client_id, []).extend(
                    [message.price] if isinstance(message, BarOpen) else [message.open, message.low, message.high]
                )
        for fill in fills(said):
            order = by_id[fill.client_id]
            assert fill.client_id not in filled
            assert fill.ts >= order.ts
            assert abs(fill.lots) <= abs(order.lots)
            assert min(shown[fill.client_id]) <= fill.price <= max(shown[fill.client_id])
            if order.limit_price is not None:
                assert fill.price * fill.lots <= order.limit_price * fill.lots
            if order.stop_price is not None:
                assert fill.price * fill.lots >= order.stop_price * fill.lots
            filled[fill.client_id] = fill.lots

    for bar in bars:
        opened = an_open(bar.open, ts=bar.open_ts)
        while waiting and waiting[0].ts <= bar.open_ts:
            sent(venue, waiting.pop(0))
        deliver(opened, venue.on_bar_open(opened))
        while waiting and waiting[0].ts < bar.close_ts:
            sent(venue, waiting.pop(0))
        deliver(bar, venue.on_bar(bar))

    for order in orders:
        if order.limit_price is None and order.stop_price is None and order.ts < bars[-1].close_ts:
            assert filled[order.client_id] == order.lots
