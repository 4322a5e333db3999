"""The volatility that is kept bar by bar is the one that numpy finds in the closes, however long it goes on."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.sizing.volatility import Volatility, WeightedDeviation, WindowDeviation
from tests.builders import DAY, HOUR, MINUTE

YEAR = 365 * DAY

a_market = st.tuples(st.integers(0, 10**6), st.integers(2, 40), st.floats(1e-5, 0.1))


def a_random_walk(seed, bars, step):
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, step, bars)))


def log_returns(closes):
    return np.log1p(np.diff(closes) / closes[:-1])


@given(a_market)
def test_a_window_has_the_sample_deviation_of_its_log_returns_a_year(market):
    seed, window, step = market
    closes = a_random_walk(seed, 160, step)
    volatility = Volatility(WindowDeviation(window), HOUR)

    for number, close in enumerate(closes):
        volatility.add(float(close))
        returns = log_returns(closes[: number + 1])[-window:]
        if len(returns) < window:
            assert volatility.a_year() is None
        else:
            assert volatility.a_year() == pytest.approx(
                np.std(returns, ddof=1) * math.sqrt(YEAR / HOUR), rel=1e-9, abs=0
            )


@given(a_market)
def test_a_halflife_has_the_weighted_mean_of_the_squared_log_returns_a_year(market):
    seed, halflife, step = market
    closes = a_random_walk(seed, 160, step)
    volatility = Volatility(WeightedDeviation(halflife), MINUTE)

    for number, close in enumerate(closes):
        volatility.add(float(close))
        returns = log_returns(closes[: number + 1])
        if len(returns) < halflife:
            assert volatility.a_year() is None
        else:
            weights = 2.0 ** (-np.arange(len(returns))[::-1] / halflife)
            variance = np.average(returns**2, weights=weights)
            assert volatility.a_year() == pytest.approx(math.sqrt(variance * (YEAR / MINUTE)), rel=1e-9, abs=0)


def test_a_halflife_follows_the_recursion_of_riskmetrics_once_it_is_old():
    """RiskMetrics' own form: variance = decay x variance + (1 - decay) x squared return."""
    returns = np.random.default_rng(5).normal(0, 0.01, 2_000)
    deviation, decay, variance = WeightedDeviation(10), 0.5 ** (1 / 10), 0.0

    for value in returns:
        deviation.add(float(value))
        variance = decay * variance + (1 - decay) * value * value

    assert deviation.per_bar() == pytest.approx(math.sqrt(variance), rel=1e-12, abs=0)


def test_a_million_bars_leave_no_error_behind():
    values = np.random.default_rng(1).normal(0.001, 0.01, 1_000_000)
    window, weighted = WindowDeviation(100), WeightedDeviation(100)

    for value in values.tolist():
        window.add(value)
        weighted.add(value)

    recent = values[-20_000:]
    weights = 2.0 ** (-np.arange(len(recent))[::-1] / 100)
    assert window.per_bar() == pytest.approx(np.std(values[-100:], ddof=1), rel=1e-12, abs=0)
    assert weighted.per_bar() == pytest.approx(math.sqrt(np.average(recent**2, weights=weights)), rel=1e-12, abs=0)


def test_a_long_way_up_in_steps_nearly_alike_leaves_no_error_behind():
    """Where deviations are small beside the mean, the mean's rounding is what would grow."""
    values = np.random.default_rng(2).normal(0.3, 1e-7, 200_117)
    window = WindowDeviation(200)

    for value in values.tolist():
        window.add(value)

    assert window.per_bar() == pytest.approx(np.std(values[-200:], ddof=1), rel=1e-9, abs=0)


@given(st.integers(0, 10**6), st.sampled_from([2, 3, 10, 50]), st.sampled_from([1e3, 1e6]))
def test_a_shock_that_has_left_the_window_leaves_no_error_behind(seed, window, shock):
    values = np.random.default_rng(seed).normal(0, 1e-6, 150)
    values[10] *= shock
    values[70] *= -shock
    deviation = WindowDeviation(window)

    for number, value in enumerate(values.tolist(), start=1):
        deviation.add(value)
        if number >= window:
            assert deviation.per_bar() == pytest.approx(
                np.std(values[number - window : number], ddof=1), rel=1e-9, abs=0
            )


def test_a_price_that_has_stopped_moving_has_no_volatility_at_all():
    volatility = Volatility(WindowDeviation(5), MINUTE)

    for close in (100.0, 170.0, 40.0, 90.0, *[100.0] * 6):
        volatility.add(close)

    assert volatility.a_year() == 0.0


@pytest.mark.parametrize("closes", [(1e9, 1e-9, 1e9), (100.0, 100.0 * (1 + 1e-15), 100.0), (100.0, 50.0, 100.0)])
def test_a_return_is_a_logarithm_however_far_or_near_the_closes_are(closes):
    """A move and the move back are opposite returns r: their sample deviation is r times the root of two."""
    volatility = Volatility(WindowDeviation(2), YEAR)

    for close in closes:
        volatility.add(close)

    exact = abs(float((Decimal(closes[1]) / Decimal(closes[0])).ln()))
    assert volatility.a_year() == pytest.approx(exact * math.sqrt(2), rel=1e-12, abs=0)
