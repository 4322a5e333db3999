"""A sizing refuses settings that make no sense, and turns a volatility or an equity into a scale within its caps."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.sizing.sizing import Sizing, leaves_band, scale_by_equity, scale_by_volatility


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", "kelly"),
        ("target_volatility", 0.0),
        ("target_volatility", math.nan),
        ("target_volatility", "0.2"),
        ("volatility_window", 1),
        ("volatility_window", 20.0),
        ("volatility_halflife", 0),
        ("volatility_halflife", True),
        ("scale_min", -0.1),
        ("scale_max", math.inf),
        ("scale_max", 0.0),
        ("rebalance_band", -0.01),
        ("rebalance_band", 1.0),
        ("fraction", 0.0),
        ("fraction", False),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name_and_value(field, value):
    with pytest.raises(ValueError, match=rf"^Sizing\.{field} must be .*, not {value!r}$"):
        Sizing(**{field: value})


def test_a_lower_cap_above_the_upper_one_is_refused():
    with pytest.raises(ValueError, match=r"Sizing\.scale_min must not be above scale_max, 1\.0, and is 2\.0"):
        Sizing(scale_min=2.0, scale_max=1.0)


def test_only_fixed_sizing_stays_where_it_is():
    assert [Sizing(method=method).moves for method in ("fixed", "risk-parity", "equity-fraction")] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("volatility", "scale"),
    [(0.2, 1.0), (0.4, 0.5), (0.1, 2.0), (0.01, 5.0), (0.0, 5.0), (5e-324, 5.0), (100.0, 0.25)],
)
def test_twice_the_volatility_is_half_the_scale_within_the_caps(volatility, scale):
    sizing = Sizing(method="risk-parity", target_volatility=0.2, scale_min=0.25, scale_max=5.0)

    assert scale_by_volatility(sizing, volatility) == scale


@pytest.mark.parametrize(("equity", "scale"), [(10_000, 50.0), (0, 0.0), (-10_000, 0.0)])
def test_a_fraction_of_the_equity_pays_for_so_many_lots_and_without_equity_for_none(equity, scale):
    assert scale_by_equity(Sizing(method="equity-fraction", fraction=0.5), equity, 100.0) == scale


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.floats(0, 0.99))
def test_a_scale_leaves_the_band_when_it_moved_by_a_larger_part_of_the_one_in_use(scale, in_use, band):
    moved = scale - in_use
    if abs(abs(moved) - band * in_use) > 1e-9 * (scale + in_use):
        assert leaves_band(scale, in_use, band) == (abs(moved) > band * in_use)


@pytest.mark.parametrize(
    ("scale", "in_use", "leaves"), [(0.0, 0.0, False), (1e-9, 0.0, True), (0.0, 1e-9, True), (2.0, 2.0, False)]
)
def test_to_nothing_and_from_nothing_is_always_out_of_the_band(scale, in_use, leaves):
    assert leaves_band(scale, in_use, 0.99) == leaves
