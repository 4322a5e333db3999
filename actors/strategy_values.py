"""What a strategy may hand in as a number: checked once here, with the call's name in the error."""

import math
from decimal import Decimal
from numbers import Real
from typing import Any


def number(call: str, value: Any) -> float:
    """A finite float from any real number, numpy scalars and Decimals too; TypeError or ValueError names the call."""
    if type(value) is not float:
        if not isinstance(value, Real | Decimal):
            raise TypeError(f"{call}({value!r}): a number is wanted, not {type(value).__name__}")
        value = float(value)
    if not math.isfinite(value):
        raise ValueError(f"{call}({value!r}): the number must be finite")
    return float(value + 0.0)  # -0.0 becomes 0.0: one nothing, not two


def whole_lots(call: str, value: Any) -> int:
    """A whole number of lots; floats are taken when they are whole, bools are not."""
    if type(value) is int:
        return value
    if isinstance(value, bool):
        raise TypeError(f"{call}({value!r}): a whole number of lots is wanted, not bool")
    lots = number(call, value)
    if lots != int(lots):
        raise ValueError(f"{call}({value!r}): lots are whole numbers")
    return int(value)


def price_or_none(call: str, value: Any) -> float | None:
    """A finite number, or None as it is."""
    return None if value is None else number(call, value)


def above_zero(call: str, value: Any) -> float | None:
    """A price above zero, or None as it is."""
    price = price_or_none(call, value)
    if price is not None and price <= 0:
        raise ValueError(f"{call} price must be above zero, not {value!r}")
    return price
