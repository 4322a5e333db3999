"""What lots are worth: whole minor units of the settlement currency, from whole lots and whole ticks.

The sign is chosen so that profit is the value sold less the value bought for every kind of contract: buying linear
lots has a positive value that grows with the price; buying inverse lots has a negative value that shrinks towards zero
as the price grows. The profit of any round trip is therefore minus the sum of its fills' signed values.

Formulas: linear, quanto and spot lots x lot_size x multiplier x price; inverse lots x lot_size x multiplier / price
(on BitMEX an XBTUSD contract is worth 1 USD / price in XBT). One ratio of integers holds everything but lots and
ticks.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from actors.columns import Floats, Ints
from actors.money.grid import PriceGrid
from actors.money.rounding import INT64_LIMIT, divide_half_away, divide_half_away_array, magnitude_max
from messages import Instrument, Kind, ValueRounding


class Arithmetic:
    """Values and fees of one instrument. Prices are taken to the grid's nearest tick first: no float enters money.

    Marks and settlement prices are averages, and stand where they like: `exact_value_minor` and `exact_fee_minor` take
    such a price as the decimal that its float is written as.

    Lots are signed whole lots, amounts whole minor units, rounded half away from zero as the instrument says.
    ValueError for an inverse contract at a price that is no tick at all: its value would be infinite.
    """

    __slots__ = (
        "_bottom",
        "_inverse",
        "_per_lot",
        "_point",
        "_point_ratio",
        "_scale",
        "_shrink",
        "_top",
        "grid",
        "instrument",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.grid = PriceGrid(instrument)
        self._inverse = instrument.kind is Kind.INVERSE
        self._per_lot = instrument.value_rounding is ValueRounding.PER_LOT
        tick = Fraction(instrument.tick_size)
        point = Fraction(instrument.lot_size) * Fraction(instrument.multiplier) * 10**instrument.minor_digits
        # One lot is worth top x ticks / bottom, or top / (bottom x ticks) when inverse.
        lot = point / tick if self._inverse else point * tick
        self._top, self._bottom = lot.as_integer_ratio()
        if self._inverse:
            self._top = -self._top
        self._point, self._point_ratio = float(point), point.as_integer_ratio()
        # The grid's own way to ticks, repeated here because a call costs as much as the rest of a value.
        scale, shrink = tick.denominator, tick.numerator
        self._scale, self._shrink = float(scale), float(shrink)

    def value_minor(self, lots: int, price: float) -> int:
        """Signed value of `lots` at `price`."""
        ticks = round(price * self._scale / self._shrink)
        if self._inverse:
            if ticks <= 0:
                raise ValueError(self._no_price(price))
            top, bottom = self._top, self._bottom * ticks
        else:
            top, bottom = self._top * ticks, self._bottom
        if self._per_lot:
            return lots * divide_half_away(top, bottom)
        return divide_half_away(lots * top, bottom)

    def fee_minor(self, lots: int, price: float, rate: Decimal | Fraction) -> int:
        """Fee on `lots` at `price`: paid when positive, received when the rate is negative.

        The rate applies to the exact value, or to the sum of the rounded lots' values under `per-lot`; the fee is
        rounded once.
        """
        return self._fee(lots, self._lot_ratio(price), rate)

    def exact_value_minor(self, lots: int, price: float) -> int:
        """`value_minor` at the very price, between two ticks or not; on the grid the same integer.

        ValueError for an inverse contract at a price that is not above zero.
        """
        top, bottom = self._exact_lot_ratio(price)
        if self._per_lot:
            return lots * divide_half_away(top, bottom)
        return divide_half_away(lots * top, bottom)

    def exact_fee_minor(self, lots: int, price: float, rate: Decimal | Fraction) -> int:
        """`fee_minor` at the very price, between two ticks or not; on the grid the same integer."""
        return self._fee(lots, self._exact_lot_ratio(price), rate)

    def point_value_minor(self, price: float) -> float:
        """What one lot gains when the price rises by 1.0: a measure for sizing, unrounded, in minor units.

        Constant for linear and quanto contracts; for inverse ones the slope at `price`, which is
        lot_size x multiplier / price^2.
        """
        return self._point / (price * price) if self._inverse else self._point

    def values_minor(self, lots: Ints, prices: Floats) -> Ints:
        """`value_minor` for columns of one length: exactly the same integers.

        OverflowError when a value does not fit 64 bits.
        """
        return self.values_at_ticks(lots, self.grid.to_ticks_array(prices))

    def values_at_ticks(self, lots: Ints, ticks: Ints) -> Ints:
        """`values_minor` where the prices are ticks already (the books of one symbol share them)."""
        if self._inverse and len(ticks) and int(ticks.min()) <= 0:
            raise ValueError(self._no_price(self.grid.to_price(int(ticks.min()))))
        top_max = magnitude_max(lots) * abs(self._top) * (1 if self._inverse else magnitude_max(ticks))
        bottom_max = self._bottom * (magnitude_max(ticks) if self._inverse else 1)
        # `_top` itself stands in a product with lots that may all be 0; it must fit too.
        if max(top_max, bottom_max, abs(self._top) * (1 if self._inverse else magnitude_max(ticks))) <= INT64_LIMIT:
            return self._values(lots, ticks).astype(np.int64, copy=False)
        values = self._values(lots.astype(object), ticks.astype(object))
        try:
            return values.astype(np.int64)
        except OverflowError:
            raise OverflowError(f"a value of {self.instrument.symbol} does not fit 64 bits of minor units") from None

    def _values(self, lots: npt.NDArray[Any], ticks: npt.NDArray[Any]) -> npt.NDArray[Any]:
        top: npt.NDArray[Any]
        bottom: npt.NDArray[Any] | int
        if self._inverse:
            top, bottom = np.full_like(ticks, self._top), ticks * self._bottom
        else:
            top, bottom = ticks * self._top, self._bottom
        values: npt.NDArray[Any]
        if self._per_lot:
            values = lots * divide_half_away_array(top, bottom)
        else:
            values = divide_half_away_array(lots * top, bottom)
        return values

    def _lot_ratio(self, price: float) -> tuple[int, int]:
        ticks = self.grid.to_ticks(price)
        if not self._inverse:
            return self._top * ticks, self._bottom
        if ticks <= 0:
            raise ValueError(self._no_price(price))
        return self._top, self._bottom * ticks

    def _exact_lot_ratio(self, price: float) -> tuple[int, int]:
        price_top, price_bottom = Decimal(repr(float(price))).as_integer_ratio()
        top, bottom = self._point_ratio
        if not self._inverse:
            return top * price_top, bottom * price_bottom
        if price_top <= 0:
            raise ValueError(f"{self.instrument.symbol} is inverse and has no value at {price!r}")
        return -top * price_bottom, bottom * price_top

    def _fee(self, lots: int, lot: tuple[int, int], rate: Decimal | Fraction) -> int:
        rate_top, rate_bottom = rate.as_integer_ratio()
        top, bottom = lot
        if self._per_lot:
            top, bottom = divide_half_away(top, bottom), 1
        return divide_half_away(rate_top * abs(lots * top), rate_bottom * bottom)

    def _no_price(self, price: float) -> str:
        return f"{self.instrument.symbol} is inverse and has no value at {price!r}: less than half a tick"
