"""Between float prices and whole ticks: the only place where a price becomes an integer, and back.

A price that stands on the grid survives the way to ticks and back to the last bit as long as it counts fewer than 2**51
ticks: its float is within half a unit in the last place of the exact decimal, which is far less than half a tick.
"""

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from actors.columns import Floats, Ints
from messages import Instrument

TOLERANCE_TICKS = 1e-9
"""A price this close to the grid, in ticks, stands on it."""
_ULPS = 4
"""Or this close in units in the last place of the price, where these are coarser."""
_RESOLVED = 1e-3
"""Floats tell prices of a grid apart when `_ULPS` are less than this part of a tick."""
_PROBE = 256
_MANTISSAS = (Decimal(5), Decimal("2.5"), Decimal(2), Decimal(1))
_COARSEST_EXPONENT, _FINEST_EXPONENT = 3, -10


class PriceGrid:
    """The tick grid of one instrument. Ticks are whole numbers, prices are floats in the quote currency."""

    __slots__ = ("_bottom", "_scale", "_shrink", "_tick", "_top", "tick_size")

    def __init__(self, instrument: Instrument) -> None:
        self.tick_size = instrument.tick_size
        self._top, self._bottom = instrument.tick_size.as_integer_ratio()
        self._scale, self._shrink = float(self._bottom), float(self._top)
        self._tick = float(instrument.tick_size)

    def to_ticks(self, price: float) -> int:
        """The nearest number of ticks (a price halfway between two goes to the even one).

        ValueError for NaN, OverflowError for infinity.
        """
        return round(price * self._scale / self._shrink)

    def to_price(self, ticks: int) -> float:
        """The float nearest to the exact decimal: what a reader of that decimal's text would get."""
        return ticks * self._top / self._bottom

    def to_ticks_array(self, prices: Floats) -> Ints:
        """`to_ticks` for a column: the same integers. ValueError for what is not finite or has 2**63 ticks and more."""
        ticks = np.rint(prices * self._scale / self._shrink)
        # A comparison with NaN is false, so this catches NaN too.
        if not bool(np.all(np.abs(ticks) < 2.0**63)):
            raise ValueError(f"prices must be finite and below 2**63 ticks of {self.tick_size}")
        return ticks.astype(np.int64)

    def on_grid(self, price: float) -> bool:
        """Whether the price is a whole number of ticks, up to 1e-9 of a tick or the noise of float arithmetic."""
        if not math.isfinite(price):
            return False
        distance = abs(price - self.to_price(self.to_ticks(price)))
        return distance <= max(TOLERANCE_TICKS * self._tick, _ULPS * math.ulp(price))

    def round_nearest(self, price: float) -> float:
        """The grid's nearest price."""
        return self.to_price(self.to_ticks(price))

    def round_away(self, price: float, lots: int) -> float:
        """The nearest grid price that is no better for who trades `lots`: up for a buyer, down for a seller.

        A price on the grid stays where it is.
        """
        ticks = self.to_ticks(price)
        nearest = self.to_price(ticks)
        if self.on_grid(price) or (nearest > price if lots > 0 else nearest < price):
            return nearest
        return self.to_price(ticks + 1 if lots > 0 else ticks - 1)


def infer_tick_size(prices: Floats) -> Decimal:
    """The coarsest grid of 1, 2, 2.5 or 5 times a power of ten (5000 to 1e-10) on which all prices stand.

    ValueError when there are no prices, one is not finite, or no grid fits. A grid is not considered where floats of
    that magnitude could not tell its prices apart, for every price would seem to stand on it.
    """
    if len(prices) == 0:
        raise ValueError("no tick size can be inferred: there are no prices")
    prices = np.asarray(prices, dtype=np.float64)
    if not bool(np.isfinite(prices).all()):
        raise ValueError("no tick size can be inferred: a price is not finite")
    noise = _ULPS * float(np.spacing(np.abs(prices).max()))
    for tick_size in _candidates():
        if noise > _RESOLVED * float(tick_size):
            break
        # Nearly every grid fails within a few prices; only those that pass are tried on all.
        if _fits(prices[:_PROBE], tick_size) and _fits(prices, tick_size):
            return tick_size
    raise ValueError("no tick size can be inferred: no grid of 1, 2, 2.5 or 5 times a power of ten fits all prices")


def _candidates() -> Iterator[Decimal]:
    for exponent in range(_COARSEST_EXPONENT, _FINEST_EXPONENT - 1, -1):
        for mantissa in _MANTISSAS:
            yield Decimal(f"{(mantissa * Decimal(10) ** exponent).normalize():f}")


def common_tick_size(columns: Sequence[Floats]) -> Decimal:
    """`infer_tick_size` of several columns: the coarsest grid on which the prices of all of them stand."""
    # Column by column, because all of them at once would take several times the memory of the data.
    found = sorted({infer_tick_size(column) for column in columns})
    return found[0] if len(found) == 1 else infer_tick_size(np.concatenate(list(columns)))


def off_grid(prices: Floats, tick_size: Decimal) -> int:
    """How many of the prices do not stand on the grid: money is counted at the ticks nearest to them."""
    return len(prices) - int(np.count_nonzero(_stand(prices, tick_size)))


def _fits(prices: Floats, tick_size: Decimal) -> bool:
    return bool(np.all(_stand(prices, tick_size)))


def _stand(prices: Floats, tick_size: Decimal) -> npt.NDArray[np.bool_]:
    tick = Fraction(tick_size)
    top, bottom = float(tick.numerator), float(tick.denominator)
    distance = np.abs(prices - np.rint(prices * bottom / top) * top / bottom)
    size = np.abs(prices)
    # Measured by the price where the tick is larger, or a coarse grid would take tiny prices for zero.
    tolerance = np.maximum(TOLERANCE_TICKS * np.minimum(size, float(tick)), _ULPS * np.spacing(size))
    fits: npt.NDArray[np.bool_] = distance <= tolerance
    return fits
