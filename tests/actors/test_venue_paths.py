"""What a bar does to a stop, limit, stop-limit or trailing stop is what the worse of its two paths would do to it.

The oracle walks open-high-low-close and open-low-high-close one tick at a time and knows each order's rule for a
single price; it has nothing in common with the comparisons of whole bars that it checks.
"""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messages import OrderType
from tests.builders import a_bar, an_order
from tests.venue_house import VenueHouse, fills

TICK = 0.5


def walk(*corners):
    """Every tick on the way from one corner to the next, in ticks."""
    path = [corners[0]]
    for corner in corners[1:]:
        step = 1 if corner > path[-1] else -1
        path.extend(range(path[-1] + step, corner + step, step) if corner != path[-1] else [])
    return path


def limit(path, lots, limit):
    """Traded through: at the limit, or at a better first price."""
    for number, price in enumerate(path):
        if (price - limit) * lots < 0:
            return price if number == 0 else limit
    return None


def stop(path, lots, stop):
    return next((price for price in path if (price - stop) * lots >= 0), None)


def stop_limit(path, lots, stop, limit):
    for number, price in enumerate(path):
        if (price - stop) * lots >= 0:
            if (price - limit) * lots <= 0:
                return price
            return limit if any((later - limit) * lots < 0 for later in path[number:]) else None
    return None


def trailing(path, lots, stands, trail):
    sign = 1 if lots > 0 else -1
    for price in path:
        if stands is not None and (price - stands) * sign >= 0:
            return price
        level = price + trail * sign
        stands = level if stands is None or (stands - level) * sign > 0 else stands
    return None


_price = st.integers(190, 212)


@st.composite
def _bars(draw, price=_price):
    low, *between, high = sorted(draw(st.lists(price, min_size=4, max_size=4)))
    opened, close = draw(st.permutations(between))
    return opened, high, low, close


def on_the_bar(order, corners):
    opened, high, low, close = (corner * TICK for corner in corners)
    house = VenueHouse(cash=10**12)
    house.send(order)
    found = fills(house.hear(house.venue.on_bar(a_bar(close, open=opened, high=high, low=low))))
    return (found[0].price / TICK, found[0].ambiguous) if found else (None, False)


def both_paths(rule, corners, *terms):
    opened, high, low, close = corners
    return [rule(walk(opened, *turns, close), *terms) for turns in ((high, low), (low, high))]


def worse(lots, outcomes):
    """The worse price for who trades `lots`."""
    return max(outcomes) if lots > 0 else min(outcomes)


_side = st.sampled_from([1, -1])
_distance = st.none() | st.integers(1, 13)


@given(_bars(), _side, _price)
def test_limits_and_stops_fill_alike_on_both_paths_and_so_on_the_bar(corners, lots, price):
    limits = both_paths(limit, corners, lots, price)
    stops = both_paths(stop, corners, lots, price)

    assert limits == [on_the_bar(an_order(lots, limit_price=price * TICK), corners)[0]] * 2
    assert stops == [on_the_bar(an_order(lots, stop_price=price * TICK), corners)[0]] * 2


@given(_bars(), _side, _price, _price)
def test_a_stop_limit_is_filled_only_where_both_paths_fill_it(corners, lots, stop_price, limit_price):
    order = an_order(lots, stop_price=stop_price * TICK, limit_price=limit_price * TICK, type=OrderType.STOP_LIMIT)
    outcomes = both_paths(stop_limit, corners, lots, stop_price, limit_price)

    expected = None if None in outcomes else worse(lots, outcomes)
    assert on_the_bar(order, corners) == (expected, False)


@given(_bars(), _side, st.integers(1, 8), st.none() | _price)
def test_a_trailing_stop_is_filled_as_on_the_worse_path_and_says_when_they_differ(corners, lots, trail, last):
    reference = None if last is None else last * TICK
    order = an_order(lots, type=OrderType.TRAILING_STOP, trail=trail * TICK, reference_price=reference)
    stands = None if last is None else last + trail * lots
    outcomes = both_paths(trailing, corners, lots, stands, trail)

    reached = [price for price in outcomes if price is not None]
    expected = worse(lots, reached) if reached else None
    assert on_the_bar(order, corners) == (expected, outcomes[0] != outcomes[1])


def outcome(path, lots, target, stop_price):
    """What becomes of ten lots held from 100 on 100 of cash: 5 points away less than maintenance is left."""
    for number, price in enumerate(path):
        if (200 - price) * lots > 100:
            return 200 - 2 * lots, "liquidation"
        if target is not None and (price - target) * lots > 0:
            return (price if number == 0 else target), "target"
        if stop_price is not None and (price - stop_price) * lots <= 0:
            return price, "stop"
    return None, None


@example((191, 211, 190, 190), -10, 9, None)
@example((200, 212, 191, 200), -10, 5, 11)
@given(_bars(st.integers(184, 216)), st.sampled_from([10, -10]), _distance, _distance)
def test_what_is_held_is_left_as_on_the_worse_path_be_it_by_an_exit_or_a_liquidation(corners, lots, gain, loss):
    sign = 1 if lots > 0 else -1
    target, stop_price = (None if gain is None else 200 + gain * sign), (None if loss is None else 200 - loss * sign)
    house = VenueHouse(cash=10_000, initial_margin=Decimal("0.1"), maintenance_margin=Decimal("0.05"))
    house.send(an_order(lots))
    house.open(100.0)
    if target is not None:
        house.send(an_order(-lots, limit_price=target * TICK, client_id="target"))
    if stop_price is not None:
        house.send(an_order(-lots, stop_price=stop_price * TICK, client_id="stop"))
    opened, high, low, close = (corner * TICK for corner in corners)
    found = fills(house.bar(close, minute=1, open=opened, high=high, low=low))

    outcomes = both_paths(outcome, corners, lots, target, stop_price)
    order = ["liquidation", "stop", "target", None]
    price, how = min(outcomes, key=lambda each: order.index(each[1]))
    told = [(fill.price / TICK, fill.client_id.split("-")[0], fill.ambiguous) for fill in found]
    assert told == ([] if how is None else [(price, how, outcomes[0][1] != outcomes[1][1])])


@pytest.mark.parametrize(("corners", "filled"), [((200, 204, 198, 203), None), ((200, 204, 198, 200), 200)])
def test_of_the_bar_in_which_it_arrived_a_trailing_stop_knows_the_close_alone(corners, filled):
    opened, high, low, close = (corner * TICK for corner in corners)
    house = VenueHouse()
    house.send(an_order(-1, type=OrderType.TRAILING_STOP, trail=1.0, reference_price=101.0, ts=house.now + 1))

    found = fills(house.bar(close, open=opened, high=high, low=low))

    assert [fill.price / TICK for fill in found] == ([] if filled is None else [filled])


@pytest.mark.parametrize("listens", [False, True])
@pytest.mark.parametrize(("reference", "filled"), [(104.0, [101.0]), (100.0, []), (None, [])])
def test_a_trailing_stop_starts_alike_whatever_the_venue_happened_to_hear(listens, reference, filled):
    house = VenueHouse(cash=10**12)
    if listens:
        house.send(an_order(-1, limit_price=1_000.0, client_id="far-away"))
        house.bar(104.0, minute=-1)
    house.send(an_order(-1, type=OrderType.TRAILING_STOP, trail=3.0, reference_price=reference))

    said = house.bar(101.0, open=103.0, low=100.5, high=103.0)

    assert [fill.price for fill in fills(said)] == filled


def test_a_trailing_stop_follows_from_bar_to_bar_and_never_goes_back():
    house = VenueHouse()
    house.send(an_order(-1, type=OrderType.TRAILING_STOP, trail=3.0))

    said = [
        house.bar(102.0, open=100.0, low=100.0, high=102.0),
        house.bar(101.0, open=102.0, low=100.0, high=102.0, minute=1),
        house.bar(98.0, open=101.0, low=98.0, high=101.0, minute=2),
    ]

    assert [[fill.price for fill in fills(each)] for each in said] == [[], [], [99.0]]
