"""Figures of a run agree with an independent library and with a table worked out by hand."""

import math
import warnings

import numpy as np
import pandas
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical

from actors.money import statistics as figures

DAY = 86_400 * 10**9
YEARLY = {"annualization": 365}


def midnights(count):
    return (np.arange(count) + 1 + 17_000) * DAY


equities = st.lists(st.integers(500_000, 2_000_000), min_size=2, max_size=60)


@pytest.mark.filterwarnings("ignore")
@given(equities)
def test_daily_figures_are_empyricals(levels):
    equity, start = np.array(levels), 1_000_000
    assume(len(set(levels)) > 1)
    returns = np.diff([start, *levels]) / np.array([start, *levels[:-1]])

    found = figures.statistics(midnights(len(levels)), equity, start)

    assert found.total_return == pytest.approx(empyrical.cum_returns_final(returns), abs=1e-12)
    assert found.volatility == pytest.approx(empyrical.annual_volatility(returns, **YEARLY))
    assert found.sharpe == pytest.approx(empyrical.sharpe_ratio(returns, **YEARLY), abs=1e-9)
    assert found.max_drawdown == pytest.approx(-empyrical.max_drawdown(returns), abs=1e-12)
    if found.annual_return is not None:
        assert found.annual_return == pytest.approx(empyrical.annual_return(returns, **YEARLY), rel=1e-6, abs=1e-9)
        if found.max_drawdown > 0:
            assert found.calmar == pytest.approx(empyrical.calmar_ratio(returns, **YEARLY), rel=1e-6, abs=1e-9)
    if found.sortino is not None:
        assert found.sortino == pytest.approx(empyrical.sortino_ratio(returns, **YEARLY), rel=1e-9, abs=1e-9)


def test_a_table_worked_out_by_hand():
    """Returns +10%, -10%, +20%, -5% from 100: mean 3.75%, sum of squared deviations 0.056875."""
    equity = np.array([110.0, 99.0, 118.8, 112.86])

    found = figures.statistics(midnights(4), equity, 100.0)

    spread = math.sqrt(0.056875 / 3)
    assert found.total_return == pytest.approx(0.1286)
    assert found.volatility == pytest.approx(spread * math.sqrt(365))
    assert found.sharpe == pytest.approx(0.0375 / spread * math.sqrt(365))
    assert found.sortino == pytest.approx(0.0375 / math.sqrt((0.01 + 0.0025) / 4) * math.sqrt(365))
    assert found.annual_return == pytest.approx(1.1286 ** (365 / 4) - 1)
    assert found.max_drawdown == pytest.approx(0.1)
    assert found.calmar == pytest.approx((1.1286 ** (365 / 4) - 1) / 0.1)
    assert found.max_drawdown_days == 2


def test_the_day_that_ends_at_midnight_owns_the_sample_at_midnight():
    ts = np.array([DAY // 2, DAY, DAY + 1, 2 * DAY])

    assert figures.daily_equity(ts, np.array([1, 2, 3, 4])).tolist() == [2, 4]


def test_a_day_without_samples_repeats_the_day_before():
    ts = np.array([5 * DAY - 7, 8 * DAY - 7, 8 * DAY - 6])

    assert figures.daily_equity(ts, np.array([10, 20, 30])).tolist() == [10, 10, 10, 30]


@given(st.lists(st.integers(1, 100), min_size=1, max_size=50))
def test_drawdown_looks_at_every_sample(levels):
    worst, peak = 0.0, 50
    for level in levels:
        peak = max(peak, level)
        worst = max(worst, 1 - level / peak)

    assert figures.max_drawdown(np.array(levels), 50) == pytest.approx(worst, abs=1e-12)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=50))
def test_the_longest_drawdown_runs_from_a_peak_until_it_is_reached_again(levels):
    ts = np.cumsum(np.arange(len(levels)) % 3 + 1) * DAY
    longest, peak, since, fallen = 0, 10, ts[0], False
    for when, level in zip(ts, levels, strict=True):
        if level >= peak:
            if fallen:
                longest = max(longest, when - since)
            peak, since, fallen = level, when, False
        else:
            fallen = True
            longest = max(longest, when - since)

    assert figures.max_drawdown_days(ts, np.array(levels), 10) == longest / DAY


@pytest.mark.parametrize("levels", [[], [105], [100, 100, 100], [110, 121, 133.1], [50, 0, 20], [-10, 30, 40]])
def test_what_is_undefined_is_none_and_never_nan_or_infinite(levels):
    found = figures.statistics(midnights(len(levels)), np.array(levels, dtype=float), 100)

    assert found.sharpe is None
    for name in ("total_return", "annual_return", "volatility", "sortino", "calmar", "max_drawdown"):
        value = getattr(found, name)
        assert value is None or math.isfinite(value), name


def test_a_run_that_starts_with_nothing_has_no_returns():
    found = figures.statistics(midnights(3), np.array([1, 2, 3]), 0)

    assert (found.total_return, found.annual_return, found.volatility, found.sharpe) == (None, None, None, None)


def test_a_run_that_lost_everything_lost_all_of_it_every_year():
    assert figures.annual_return(np.array([0.1, -1.0])) == -1


def test_growth_that_no_float_can_hold_over_a_year_is_undefined():
    assert figures.annual_return(np.array([9.0])) is None


def test_figures_of_trades_worked_out_by_hand():
    found = figures.trade_statistics([300, -100, 0, 50, -75])

    assert found == figures.TradeStatistics(trades=5, hit_rate=0.4, profit_factor=2.0, average=35.0)


def test_figures_of_no_trades_and_of_no_losses():
    assert figures.trade_statistics([]) == figures.TradeStatistics(
        trades=0, hit_rate=None, profit_factor=None, average=None
    )
    assert figures.trade_statistics([5]).profit_factor is None


def test_a_fall_within_a_day_counts_for_drawdown_and_not_for_returns():
    ts = np.array([DAY + 1, DAY + 2, 2 * DAY])

    found = figures.statistics(ts, np.array([100, 50, 110]), 100)

    assert found.max_drawdown == 0.5
    assert found.max_drawdown_days == pytest.approx((DAY - 1) / DAY)
    assert figures.daily_returns(ts, np.array([100, 50, 110]), 100).tolist() == pytest.approx([0.1])


@pytest.mark.filterwarnings("ignore")
@given(equities, st.integers(0, 400))
def test_monthly_returns_are_empyricals(levels, first):
    start = 1_000_000
    returns = np.diff([start, *levels]) / np.array([start, *levels[:-1]])
    midnight_after = midnights(first + len(levels))[first:]
    # The day that ends at midnight carries its own date.
    days = pandas.DatetimeIndex(midnight_after - DAY)
    expected = empyrical.aggregate_returns(pandas.Series(returns, index=days), "monthly")

    found = figures.monthly_returns(midnight_after, np.array(levels), start)

    assert list(found) == [f"{year}-{month:02}" for year, month in expected.index]
    assert list(found.values()) == pytest.approx(list(expected), abs=1e-12)


def test_a_month_without_samples_repeats_the_one_before_and_ruin_has_no_months_after_it():
    january, april = 1_704_067_200 * 10**9 + 5, 1_711_929_600 * 10**9 + 5
    gap = figures.monthly_returns(np.array([january, april]), np.array([110, 121]), 100)
    ruin = figures.monthly_returns(np.array([january, april]), np.array([0, 5]), 100)

    assert gap == {"2024-01": pytest.approx(0.1), "2024-02": 0.0, "2024-03": 0.0, "2024-04": pytest.approx(0.1)}
    assert ruin == {"2024-01": -1.0, "2024-02": None, "2024-03": None, "2024-04": None}
    assert figures.monthly_returns(np.zeros(0, np.int64), np.zeros(0), 100) == {}
