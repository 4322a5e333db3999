"""The sizing of an account: its settings, and the scale that a volatility or an equity comes to. Pure functions.

A share is signal x lots x weight x scale x symbol multiplier. With `fixed` sizing there is no scale. With `risk-parity`
it is the volatility wanted over the volatility measured, so that a lot-weight in a calm symbol and one in a wild symbol
carry the same risk. With `equity-fraction` one unit of signal is worth a fraction of what the account is worth.
"""

import math
from typing import Any

import attrs

METHODS = ("fixed", "risk-parity", "equity-fraction")


def _told(attribute: "attrs.Attribute[Any]", must: str, value: object) -> ValueError:
    return ValueError(f"Sizing.{attribute.name} must be {must}, not {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _method(_instance: "Sizing", attribute: "attrs.Attribute[str]", value: object) -> None:
    if value not in METHODS:
        raise _told(attribute, f"one of {', '.join(METHODS)}", value)


def _above_zero(_instance: "Sizing", attribute: "attrs.Attribute[float]", value: float) -> None:
    if not (_is_number(value) and value > 0):
        raise _told(attribute, "a finite number above zero", value)


def _not_negative(_instance: "Sizing", attribute: "attrs.Attribute[float]", value: float) -> None:
    if not (_is_number(value) and value >= 0):
        raise _told(attribute, "a finite number, zero or above", value)


def _band(_instance: "Sizing", attribute: "attrs.Attribute[float]", value: float) -> None:
    # A band of 1 or more would keep a position although the scale has gone to nothing.
    if not (_is_number(value) and 0 <= value < 1):
        raise _told(attribute, "a fraction, zero or above and below 1", value)


def _bars(least: int) -> Any:
    def check(_instance: "Sizing", attribute: "attrs.Attribute[int]", value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise _told(attribute, f"a whole number of bars, {least} or more", value)

    return check


@attrs.frozen(kw_only=True)
class Sizing:
    """How an account scales its strategies' wishes. ValueError names the field and its value."""

    method: str = attrs.field(default="fixed", validator=_method)
    """fixed | risk-parity | equity-fraction."""
    target_volatility: float = attrs.field(default=0.2, validator=_above_zero)
    """Risk parity: standard deviation of the log return of a year, as a fraction, at which the scale is 1."""
    volatility_window: int = attrs.field(default=100, validator=_bars(2))
    """Bars whose returns the volatility is measured on, all alike."""
    volatility_halflife: int | None = attrs.field(default=None, validator=attrs.validators.optional(_bars(1)))
    """Bars after which a return counts half (EWMA); takes the window's place where it is given."""
    scale_min: float = attrs.field(default=0.0, validator=_not_negative)
    scale_max: float = attrs.field(default=5.0, validator=_above_zero)
    """Caps of the scale of risk parity."""
    rebalance_band: float = attrs.field(default=0.1, validator=_band)
    """Relative change of the scale up to which nothing is sized again, so that noise is not traded."""
    fraction: float = attrs.field(default=1.0, validator=_above_zero)
    """Equity fraction: what one unit of signal is worth, as a fraction of the equity in the symbol's currency."""

    def __attrs_post_init__(self) -> None:
        if self.scale_min > self.scale_max:
            raise ValueError(
                f"Sizing.scale_min must not be above scale_max, {self.scale_max!r}, and is {self.scale_min!r}"
            )

    @property
    def moves(self) -> bool:
        """Whether the market or the account's equity changes a scale at all."""
        return self.method != "fixed"


def scale_by_volatility(sizing: Sizing, volatility: float) -> float:
    """Risk parity: target over measured volatility (both a year), within the caps; the upper one where nothing moves.

    Inverse-volatility weights, the form of risk parity that leaves correlations out: Maillard, Roncalli, Teiletche,
    "The Properties of Equally Weighted Risk Contribution Portfolios", Journal of Portfolio Management 36(4), 2010.
    """
    if volatility * sizing.scale_max <= sizing.target_volatility:
        return sizing.scale_max
    return max(sizing.scale_min, sizing.target_volatility / volatility)


def scale_by_equity(sizing: Sizing, equity_minor: int, lot_value_minor: float) -> float:
    """Lots that the fraction of the equity pays for (`lot_value_minor`: of one lot, above zero); 0 without equity."""
    return sizing.fraction * equity_minor / lot_value_minor if equity_minor > 0 else 0.0


def leaves_band(scale: float, in_use: float, band: float) -> bool:
    """Whether a scale differs from the one in use by more than the band; from nothing anything does."""
    if in_use == 0:
        return scale != 0
    return abs(scale / in_use - 1) > band
