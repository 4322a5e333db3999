"""An order passes only if no limit can be exceeded, whatever part of what was approved is filled; else a code says why.

The oracle fills every part of every subset of the approved orders one by one, and values positions by the contract's
own formula in exact fractions.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.grid import PriceGrid
from actors.money.values import Arithmetic
from actors.risk.judgement import Further, Room, reduces, refusal
from actors.risk.limits import ACTIONS, REASONS, RiskLimits, ScopedLimits
from actors.risk_guard import RiskGuard
from messages import EquityMarked, Kind, OrderRefused, OrderType, SubmitOrder, TradingState
from tests.builders import MONDAY, a_bar, an_instrument, an_order

LINEAR = an_instrument()
INVERSE = an_instrument(kind=Kind.INVERSE, currency="XBT", multiplier=Decimal(100))
STATES = list(TradingState)


def worth(instrument, lots, price):
    """In whole units of the currency, rounded half away from zero to its minor unit."""
    points = abs(lots) * Fraction(instrument.lot_size) * Fraction(instrument.multiplier)
    exact = points / Fraction(price) if instrument.kind is Kind.INVERSE else points * Fraction(price)
    unit = 10**instrument.minor_digits
    return Fraction(int(exact * unit + Fraction(1, 2)), unit)


def outcomes(position, lots, approved):
    """Every position that may come of it: each order filled by any number of its lots."""
    steps = [range(each + 1) if each > 0 else range(each, 1) for each in (lots, *approved)]
    return {position + sum(filled) for filled in product(*steps)}


def exceeded(instrument, limits, lots, position, approved, price, leverage=None):
    """The codes of all limits that some outcome exceeds on the order's own side.

    A side that the order does not trade towards is as it was before, whatever that is.
    """
    codes = set()
    ahead = [each if lots > 0 else -each for each in outcomes(position, lots, approved)]
    if limits.order_lots_max is not None and abs(lots) > limits.order_lots_max:
        codes.add("order-size")
    if limits.position_lots_max is not None and any(each > limits.position_lots_max for each in ahead):
        codes.add("position-limit")
    most = limits.order_notional_max
    if most is not None and worth(instrument, lots, price) > Fraction(most):
        codes.add("order-notional")
    most = limits.position_notional_max
    if most is not None and any(each > 0 and worth(instrument, each, price) > Fraction(most) for each in ahead):
        codes.add("position-notional")
    if leverage is not None and any(each > 0 and worth(instrument, each, price) > leverage for each in ahead):
        codes.add("leverage")
    return codes


def judged(order, limits, instrument, *, position=0, approved=(), last_price=100.0, rows=(), equity=None, **rest):
    buying = sum(each for each in approved if each > 0)
    selling = -sum(each for each in approved if each < 0)
    rooms = [
        Room(
            limits=row,
            lots=order.lots,
            left=order.lots,
            position=position,
            buying=buying,
            selling=selling,
            only_reduces=order.reduce_only,
        )
        for row in (limits, *rows)
    ]
    return refusal(
        order,
        limits=limits,
        state=rest.pop("state", TradingState.ACTIVE),
        grid=PriceGrid(instrument),
        position=position,
        buying=buying,
        selling=selling,
        last_price=last_price,
        further=Further(
            arithmetic=Arithmetic(instrument),
            rooms=tuple(rooms),
            equity_minor=equity,
            **rest,
        ),
    )


small = st.integers(-4, 4).filter(bool)
notional = st.none() | st.decimals("0.5", "1500", places=2)
sizes = {
    "order_lots_max": st.none() | st.integers(0, 5),
    "position_lots_max": st.none() | st.integers(0, 8),
    "order_notional_max": notional,
    "position_notional_max": notional,
}


@given(
    instrument=st.sampled_from([LINEAR, INVERSE]),
    lots=small,
    position=st.integers(-9, 9),
    approved=st.lists(small, max_size=3),
    price=st.integers(20, 300).map(lambda ticks: ticks / 2),
    own=st.fixed_dictionaries(sizes),
    row=st.fixed_dictionaries(sizes),
    equity=st.none() | st.integers(1, 900),
)
def test_an_order_passes_exactly_when_no_outcome_exceeds_a_limit(
    instrument, lots, position, approved, price, own, row, equity
):
    leverage = None if equity is None else Fraction(2 * equity)
    limits = RiskLimits(**own, leverage_max=None if equity is None else 2)
    scoped = ScopedLimits(**row)

    said = judged(
        an_order(lots), limits, instrument, position=position, approved=approved, last_price=price, rows=[scoped],
        equity=None if equity is None else equity * 10**instrument.minor_digits,
    )  # fmt: skip

    codes = exceeded(instrument, limits, lots, position, approved, price, leverage)
    codes |= exceeded(instrument, scoped, lots, position, approved, price)
    assert (said in codes) if codes else (said is None)


@given(
    st.lists(st.tuples(small, st.integers(100, 300), st.integers(1, 9), st.booleans()), min_size=1, max_size=6),
    st.integers(-6, 6),
)
def test_with_a_guard_that_remembers_no_order_passes_whose_side_could_be_worth_more_than_the_leverage(moves, position):
    """Prices and equity change between orders: what was let through once excuses nothing later."""
    guard = RiskGuard("main", {LINEAR.symbol: LINEAR}, RiskLimits(leverage_max=2))
    guard.exposure.fold(LINEAR.symbol, position)
    approved = []
    for number, (lots, ticks, equity, far) in enumerate(moves):
        price = ticks / 2
        guard.on_bar(a_bar(price))
        marked = EquityMarked(account="main", currency="USD", ts=MONDAY, equity_minor=equity * 10_000)
        guard.on_equity_marked(marked)
        terms = {"limit_price": 5.0} if far and lots > 0 else {}
        (answer,) = guard.on_submit_order(SubmitOrder(an_order(lots, client_id=f"run000-trend-{number}", **terms)))

        ahead = [each if lots > 0 else -each for each in outcomes(position, lots, approved)]
        breaks = any(each > 0 and worth(LINEAR, each, price) > 2 * equity * 100 for each in ahead)
        assert isinstance(answer, OrderRefused) == breaks
        if not breaks:
            approved.append(lots)


@given(state=st.sampled_from(STATES), lots=small, position=st.integers(-9, 9), approved=st.lists(small, max_size=3),
       flag=st.booleans())  # fmt: skip
def test_what_gets_out_can_do_nothing_but_shrink_the_position(state, lots, position, approved, flag):
    """Nor may it do so together with others: no outcome lies on the other side, none is larger than without it."""
    said = judged(
        an_order(lots, reduce_only=flag), RiskLimits(order_notional_max=1), LINEAR, position=position,
        approved=approved, state=state,
    )  # fmt: skip

    gets_out = (
        state is TradingState.REDUCE_ONLY or (state is TradingState.FLATTENING and flag)
    ) and position * lots < 0
    same_side = [each for each in approved if each * lots > 0]
    never_crosses = all(each * position >= 0 for each in outcomes(position, lots, same_side))
    if state is not TradingState.ACTIVE:
        assert (said is None) == (gets_out and never_crosses)


@pytest.mark.parametrize(
    ("state", "code"),
    [(TradingState.REDUCE_ONLY, "reduce-only"), (TradingState.FLATTENING, "halted"), (TradingState.HALTED, "halted")],
)
def test_a_state_that_stops_an_order_says_which_kind_it_is(state, code):
    assert judged(an_order(1), RiskLimits(), LINEAR, position=5, state=state) == code


def test_an_order_that_shrinks_a_position_beyond_its_limit_passes_and_one_through_zero_is_judged_on_the_far_side():
    limits = RiskLimits(position_lots_max=100)

    said = [judged(an_order(lots), limits, LINEAR, position=150) for lots in (-10, -150, -250, -251, 1)]

    assert said == [None, None, None, "position-limit", "position-limit"]


@pytest.mark.parametrize(
    ("instrument", "fields", "most", "code"),
    [
        # Linear lots are worth most at the highest price that is known, inverse ones at the lowest.
        (LINEAR, {"limit_price": 90.0}, 200, None),
        (LINEAR, {"limit_price": 90.0}, 199, "order-notional"),
        (LINEAR, {"limit_price": 120.0}, 239, "order-notional"),
        (LINEAR, {"stop_price": 120.0}, 240, None),
        (LINEAR, {"type": OrderType.TRAILING_STOP, "trail": 20.0}, 239, "order-notional"),
        (INVERSE, {"limit_price": 50.0}, "4", None),
        (INVERSE, {"limit_price": 50.0}, "3.99999999", "order-notional"),
        (INVERSE, {"limit_price": 200.0}, "1.99999999", "order-notional"),
        (INVERSE, {"limit_price": 200.0}, "2", None),
    ],
)
def test_an_order_is_valued_at_its_worst_known_price(instrument, fields, most, code):
    assert judged(an_order(2, **fields), RiskLimits(order_notional_max=most), instrument) == code


def test_without_any_price_worth_cannot_be_judged():
    limits = RiskLimits(order_notional_max=1000)

    assert judged(an_order(1), limits, LINEAR, last_price=None) == "price-unknown"
    assert judged(an_order(1, reference_price=100.0), limits, LINEAR, last_price=None) is None


def test_leverage_counts_other_symbols_and_needs_an_equity_only_where_an_order_raises_something():
    limits = RiskLimits(leverage_max=Decimal("1.5"))

    def said(lots, **known):
        return judged(an_order(lots), limits, LINEAR, position=2, last_price=100.0, **known)

    assert said(1) == "equity-unknown"
    assert said(-2) is None
    assert said(1, equity=20_000, gross_minor=None) == "price-unknown"
    assert said(1, equity=20_000) is None
    assert said(1, equity=20_000, gross_minor=1) == "leverage"
    assert said(1, equity=-20_000) == "leverage"


def test_a_stop_limit_has_both_its_prices_judged_and_a_trail_its_distance():
    both = {"type": OrderType.STOP_LIMIT, "limit_price": 100.0}
    trail = {"type": OrderType.TRAILING_STOP, "trail": 11.0}

    assert judged(an_order(1, **both, stop_price=100.25), RiskLimits(), LINEAR) == "off-grid"
    assert judged(an_order(1, **both, stop_price=111.0), RiskLimits(price_band=0.1), LINEAR) == "price-band"
    assert judged(an_order(1, **trail), RiskLimits(price_band=0.1), LINEAR) == "price-band"


@pytest.mark.parametrize(
    ("lots", "position", "approved", "code"),
    [
        # Closing four short lots first, the twelve that are on their way end at twelve and not at eight.
        (7, -4, (12,), "position-limit"),
        (7, -4, (10,), None),
        (2, -4, (12,), None),
        (-7, 4, (-12,), "position-limit"),
        (150, -150, (), None),
        (7, 4, (6,), None),
    ],
)
def test_a_reduce_only_order_closes_and_no_more_which_makes_room_for_others(lots, position, approved, code):
    order = an_order(lots, reduce_only=True)
    limits = RiskLimits(position_lots_max=10)

    assert judged(order, limits, LINEAR, position=position, approved=approved) == code


def test_reduces_asks_for_the_flag_too():
    assert reduces(an_order(-3, reduce_only=True), position=5, buying=0, selling=2)
    assert not reduces(an_order(-3), position=5, buying=0, selling=2)
    assert not reduces(an_order(-3, reduce_only=True), position=5, buying=0, selling=3)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"order_notional_max": 0}, "order_notional_max must be a number above zero"),
        ({"leverage_max": Decimal("NaN")}, "leverage_max must be a number above zero"),
        ({"actions": (("position-limits", "halt"),)}, "no order is refused for 'position-limits'"),
        ({"actions": (("position-limit", "stop"),)}, "'stop' is not one of refuse, reduce-only, halt, flatten"),
        ({"actions": (("leverage", "halt"), ("leverage", "flatten"))}, "a reason has one action"),
    ],
)
def test_limits_that_mean_nothing_are_refused_by_name(fields, says):
    with pytest.raises(ValueError, match=says):
        RiskLimits(**fields)


def test_a_float_is_meant_as_it_is_written():
    assert RiskLimits(leverage_max=0.1).leverage_max == Decimal("0.1")


def test_every_code_and_action_has_its_words():
    assert all(code == code.lower() and words for code, words in REASONS.items())
    assert set(ACTIONS) == {"refuse", "reduce-only", "halt", "flatten"}
