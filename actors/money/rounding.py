"""The one rounding of money: to the nearest integer, halves away from zero, without a float in between."""

from typing import Any

import numpy as np
import numpy.typing as npt

INT64_LIMIT = 2**63 - 1
"""No magnitude above this fits a 64-bit column."""


def divide_half_away(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves away from zero; the denominator is above zero."""
    if numerator >= 0:
        return (numerator + numerator + denominator) // (denominator + denominator)
    return -((denominator - numerator - numerator) // (denominator + denominator))


def divide_half_away_array(numerator: npt.NDArray[Any], denominator: npt.NDArray[Any] | int) -> npt.NDArray[Any]:
    """`divide_half_away` elementwise, on int64 or on Python integers (object arrays).

    The remainder is compared with what it lacks, so nothing in here is larger than the operands: int64 that holds
    them (and is not the smallest int64) cannot overflow.
    """
    magnitude = np.abs(numerator)
    quotient = magnitude // denominator
    rest = magnitude - quotient * denominator
    quotient = quotient + (rest >= denominator - rest)
    rounded: npt.NDArray[Any] = np.where(numerator < 0, -quotient, quotient)
    return rounded


def magnitude_max(values: npt.NDArray[np.int64]) -> int:
    """The largest absolute value as a Python integer, 0 for an empty column."""
    return max(int(values.max()), -int(values.min())) if len(values) else 0
