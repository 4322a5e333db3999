"""The scale that each symbol of an account is sized by, and when it is time for another."""

import copy
from collections.abc import Mapping

import attrs

from actors.money.values import Arithmetic
from actors.sizing.sizing import Sizing, leaves_band, scale_by_equity, scale_by_volatility
from actors.sizing.volatility import Volatility, WeightedDeviation, WindowDeviation
from messages import Instrument, Minor, Period, Symbol


@attrs.define
class SymbolScale:
    """One symbol: what its next scale is measured from, and the scale in use."""

    volatility: Volatility | None
    """None where sizing does not look at it."""
    in_use: float | None = None
    """None: not known yet."""


class Scales:
    """The scales of an account's symbols. Nothing is known of a symbol before its first bars."""

    def __init__(
        self, sizing: Sizing, instruments: Mapping[Symbol, Instrument], periods: Mapping[Symbol, Period]
    ) -> None:
        self._sizing = sizing
        self._by_risk = sizing.method == "risk-parity"
        self._arithmetic = {symbol: Arithmetic(instruments[symbol]) for symbol in periods}
        self._of = {
            symbol: SymbolScale(_volatility(sizing, period) if self._by_risk else None)
            for symbol, period in periods.items()
        }

    def in_use(self, symbol: Symbol) -> float | None:
        """The scale that the symbol is sized by; None while it is not known."""
        return self._of[symbol].in_use

    def volatility(self, symbol: Symbol) -> float | None:
        """Of the symbol, a year; None while it is not known, or where sizing does not look at it."""
        measured = self._of[symbol].volatility
        return None if measured is None else measured.a_year()

    def moved(self, symbol: Symbol, close: float, equity_minor: Minor) -> bool:
        """Hear a bar's close, and the account's equity at it; True when another scale is in use from now on."""
        of = self._of[symbol]
        if of.volatility is None:
            # Not `value_minor`, which is 0 for a lot that is worth less than half a minor unit.
            lot_value = self._arithmetic[symbol].point_value_minor(close) * close
            scale = scale_by_equity(self._sizing, equity_minor, lot_value)
        else:
            of.volatility.add(close)
            volatility = of.volatility.a_year()
            if volatility is None:
                return False
            scale = scale_by_volatility(self._sizing, volatility)
        if of.in_use is not None and not leaves_band(scale, of.in_use, self._sizing.rebalance_band):
            return False
        of.in_use = scale
        return True

    def left(self) -> Mapping[Symbol, SymbolScale]:
        """All of it, for a successor: nobody keeps the bars that it was measured from."""
        return copy.deepcopy(self._of)

    def inherit(self, left: Mapping[Symbol, SymbolScale]) -> None:
        """Go on where another one stopped."""
        self._of.update(copy.deepcopy(dict(left)))


def _volatility(sizing: Sizing, period: Period) -> Volatility:
    if sizing.volatility_halflife is not None:
        return Volatility(WeightedDeviation(sizing.volatility_halflife), period)
    return Volatility(WindowDeviation(sizing.volatility_window), period)
