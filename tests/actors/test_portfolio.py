"""The portfolio turns each wish into a share of its own, nets once an instant, and keeps books that are exact."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.execution.rules import ShareRule, whole_lots
from actors.portfolio import Portfolio
from messages import (
    ActorQuarantined,
    EquityMarked,
    Kind,
    MarkPrice,
    PlaceOrder,
    PositionAdjusted,
    PositionsReported,
    ReportPositions,
    Share,
    ShareRounded,
    Step,
    Subscribe,
    TargetShares,
    WakeAt,
    Woke,
)
from messages.market import Bar
from tests.builders import MINUTE, MONDAY, a_bar, a_fill, a_signal, an_instrument

NET = Woke(MONDAY, "net")


def a_portfolio(*rules, **settings):
    rules = rules or (ShareRule(strategy="trend", symbols=("XBTUSD",)),)
    return Portfolio("main", {"XBTUSD": an_instrument()}, rules, **settings)


def shares_after(portfolio, *signals):
    for signal in signals:
        portfolio.on_signal(signal)
    (target,) = portfolio.on_woke(NET)
    return {share.strategy: share.lots for share in target.shares}


def test_asks_for_one_netting_an_instant_however_many_signals_come():
    portfolio = a_portfolio(
        ShareRule(strategy="one", symbols=("XBTUSD",)), ShareRule(strategy="two", symbols=("XBTUSD",))
    )

    first = portfolio.on_signal(a_signal(strategy="one"))
    second = portfolio.on_signal(a_signal(strategy="two"))

    assert (first, second) == ((WakeAt(MONDAY, "net", Step.NETTING),), ())


def test_asks_again_after_the_instant_was_netted():
    portfolio = a_portfolio()
    portfolio.on_signal(a_signal())
    portfolio.on_woke(NET)

    assert portfolio.on_signal(a_signal(-1.0)) == (WakeAt(MONDAY, "net", Step.NETTING),)


def test_waits_for_the_netting_window_when_there_is_one():
    portfolio = a_portfolio(netting_window_ns=7)

    assert portfolio.on_signal(a_signal()) == (WakeAt(MONDAY + 7, "net", Step.NETTING),)
    assert portfolio.on_signal(a_signal(2.0, ts=MONDAY + 3)) == ()


def test_says_all_shares_of_a_symbol_in_which_one_changed():
    portfolio = a_portfolio(
        ShareRule(strategy="one", symbols=("XBTUSD",)), ShareRule(strategy="two", symbols=("XBTUSD",), lots=3)
    )
    shares_after(portfolio, a_signal(strategy="two"))
    portfolio.on_signal(a_signal(-2.0, strategy="one", price=101.0))

    assert portfolio.on_woke(NET) == (
        TargetShares(
            account="main",
            symbol="XBTUSD",
            ts=MONDAY,
            shares=(Share("one", -2, "market", 101.0), Share("two", 3, "market", 100.0)),
        ),
    )


def test_scales_a_signal_by_lots_weight_and_symbol():
    rule = ShareRule(strategy="trend", symbols=("XBTUSD",), lots=10, weight=0.5)
    portfolio = a_portfolio(rule, symbol_multiplier={"XBTUSD": 3.0})

    assert shares_after(portfolio, a_signal(-0.5)) == {"trend": -8}  # 7.5, half away from zero


def test_takes_lots_as_they_are():
    rule = ShareRule(strategy="trend", symbols=("XBTUSD",), lots=10, weight=0.5)

    assert shares_after(a_portfolio(rule), a_signal(-3, in_lots=True)) == {"trend": -3}


def test_clips_a_share_to_the_strategys_own_limit():
    rule = ShareRule(strategy="trend", symbols=("XBTUSD",), share_lots_max=4)

    assert shares_after(a_portfolio(rule), a_signal(-9)) == {"trend": -4}


@pytest.mark.parametrize(("own", "expected"), [(None, -4), (3, -3), (6, -4)])
def test_clips_a_share_to_the_smaller_of_its_limits_in_the_symbol_and_no_other_symbols(own, expected):
    symbols = (("XBTUSD", 4), ("ETHUSD", 1), ("XBTUSD", 5))
    rule = ShareRule(strategy="trend", symbols=("XBTUSD", "ETHUSD"), share_lots_max=own, symbol_lots_max=symbols)

    assert shares_after(a_portfolio(rule), a_signal(-9)) == {"trend": expected}


def test_in_spot_a_wish_to_be_short_is_a_wish_for_nothing_and_is_told_as_such():
    portfolio = Portfolio(
        "main", {"XBTUSD": an_instrument(kind=Kind.SPOT)}, [ShareRule(strategy="trend", symbols=("XBTUSD",), lots=2)]
    )

    told = [portfolio.on_signal(a_signal(target))[0] for target in (-3.0, -0.1)]
    told += portfolio.on_signal(a_signal(-4, in_lots=True))

    assert [(each.wanted, each.reason) for each in told] == [(-6.0, "no-short"), (-0.2, "no-short"), (-4, "no-short")]
    assert shares_after(portfolio) == {"trend": 0}
    assert shares_after(portfolio, a_signal(3.0)) == {"trend": 6}


def test_reports_a_wish_that_is_too_small_for_one_lot():
    portfolio = a_portfolio()

    rounded, _ = portfolio.on_signal(a_signal(0.4))

    assert rounded == ShareRounded(account="main", strategy="trend", symbol="XBTUSD", wanted=0.4, ts=MONDAY)


def test_a_wish_for_nothing_is_not_reported():
    assert portfolio_says(a_signal(0.0)) == [WakeAt]


def portfolio_says(signal):
    return [type(message) for message in a_portfolio().on_signal(signal)]


@given(st.floats(-1e9, 1e9))
def test_rounds_to_the_nearest_lot_halves_away_from_zero(wanted):
    exact = Fraction(wanted)

    lots = whole_lots(wanted)

    assert abs(lots - exact) <= Fraction(1, 2)
    assert abs(lots - exact) < Fraction(1, 2) or abs(lots) > abs(exact)


def test_the_float_just_below_a_half_is_rounded_down():
    assert whole_lots(0.49999999999999994) == 0


def test_leaves_a_strategy_that_places_its_own_orders_out_of_the_target_until_its_next_signal():
    portfolio = a_portfolio(
        ShareRule(strategy="one", symbols=("XBTUSD",)), ShareRule(strategy="two", symbols=("XBTUSD",))
    )
    shares_after(portfolio, a_signal(strategy="one"), a_signal(strategy="two"))
    portfolio.on_place_order(PlaceOrder(strategy="one", symbol="XBTUSD", number=1, ts=MONDAY, lots=1))

    without = shares_after(portfolio, a_signal(2.0, strategy="two"))
    again = shares_after(portfolio, a_signal(5.0, strategy="one"))

    assert (without, again) == ({"two": 2}, {"one": 5, "two": 2})


@pytest.mark.parametrize(("on_quarantine", "answered"), [("hold", 0), ("flatten", 1)])
def test_a_quarantined_strategys_share_is_held_or_taken_out_as_its_rule_says(on_quarantine, answered):
    portfolio = a_portfolio(ShareRule(strategy="trend", symbols=("XBTUSD",), on_quarantine=on_quarantine))
    shares_after(portfolio, a_signal(3.0))

    said = portfolio.on_actor_quarantined(ActorQuarantined("strategy:trend", "budget spent", MONDAY))

    assert len(said) == answered
    assert [share.lots for target in portfolio.on_woke(NET) for share in target.shares] == [0] * answered


def test_folds_a_fill_that_is_heard_twice_once():
    portfolio = a_portfolio()
    fill = a_fill(3)

    portfolio.on_fill(fill)
    portfolio.on_fill(fill)

    assert positions_of(portfolio) == (("trend", "XBTUSD", 3),)


def positions_of(portfolio):
    (report,) = portfolio.on_report_positions(ReportPositions("main", 4))
    assert isinstance(report, PositionsReported)
    assert (report.number, report.role) == (4, "portfolio")
    return report.positions


def test_books_an_adjustment_of_the_reconciler_once():
    portfolio = a_portfolio()
    adjusted = PositionAdjusted(
        account="main", symbol="XBTUSD", strategy="trend", adjustment_id="a1", lots=-2, value_minor=-20_000, ts=MONDAY
    )

    portfolio.on_position_adjusted(adjusted)
    portfolio.on_position_adjusted(adjusted)

    assert positions_of(portfolio) == (("trend", "XBTUSD", -2),)


def test_hears_bars_and_mark_prices_only_when_marks_are_asked_for():
    assert a_portfolio().on_start() == ()
    assert a_portfolio(marks=(("XBTUSD", MINUTE),)).on_start() == (
        Subscribe(Bar, "XBTUSD", MINUTE),
        Subscribe(MarkPrice, "XBTUSD"),
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(["one", "two"]), st.integers(-5, 5).filter(bool), st.integers(150, 250)), max_size=12
    ),
    st.integers(150, 250),
)
def test_marks_the_account_at_cash_plus_what_each_book_has_won(trades, mark_ticks):
    """Oracle: equity = start + sum of lots x (mark - price) - fees, exact for a linear contract of one point."""
    instrument = an_instrument(multiplier=Decimal(1), kind=Kind.LINEAR)
    rules = [ShareRule(strategy=name, symbols=("XBTUSD",)) for name in ("one", "two")]
    portfolio = Portfolio(
        "main", {"XBTUSD": instrument}, rules, marks=(("XBTUSD", MINUTE),), cash_minor={"USD": 1_000_000}
    )
    expected = 1_000_000
    for number, (strategy, lots, ticks) in enumerate(trades):
        price = ticks / 2
        portfolio.on_fill(a_fill(parts=((strategy, lots),), price=price, execution_id=f"e{number}", fee_minor=7))
        expected += lots * (mark_ticks - ticks) * 50 - 7

    (marked,) = portfolio.on_bar(a_bar(mark_ticks / 2))

    assert marked == EquityMarked(account="main", currency="USD", ts=MONDAY + MINUTE, equity_minor=expected)


def test_an_incarnation_that_heard_signals_while_warming_up_still_asks_for_nettings():
    portfolio = a_portfolio()
    portfolio.on_signal(a_signal())
    portfolio.warmed_up()

    assert portfolio.on_signal(a_signal(2.0, ts=MONDAY + MINUTE)) == (WakeAt(MONDAY + MINUTE, "net", Step.NETTING),)
