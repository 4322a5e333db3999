"""What all messages share: the base class, the decorator, the validators and the envelope they travel in."""

import math
from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import attrs

from messages.units import Address, UtcNs


class Message:
    """Marks a class as something actors may say. It has no behaviour."""

    __slots__ = ()


class Envelope(NamedTuple):
    """One message on its way: who said it, when, and because of what. Ids are the runtime's and never in a message."""

    id: int
    cause: int
    """Id of the message that was being handled when this one was said; 0 for what came from outside."""
    sender: Address
    epoch: int
    """The sender's incarnation: 1 for the first, one more for each restart."""
    posted: UtcNs
    message: Message


def _name(instance: object, attribute: "attrs.Attribute[Any]") -> str:
    return f"{type(instance).__name__}.{attribute.name}"


def finite(instance: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
    """A real number: neither NaN nor infinite."""
    if not math.isfinite(value):
        raise ValueError(f"{_name(instance, attribute)} must be a finite number, not {value!r}")


def positive(instance: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
    """Above zero and finite."""
    if not 0 < value < math.inf:
        raise ValueError(f"{_name(instance, attribute)} must be above zero and finite, not {value!r}")


def not_negative(instance: object, attribute: "attrs.Attribute[Any]", value: float) -> None:
    """Zero or above, and finite."""
    if not 0 <= value < math.inf:
        raise ValueError(f"{_name(instance, attribute)} must be zero or above and finite, not {value!r}")


def not_zero(instance: object, attribute: "attrs.Attribute[Any]", value: int) -> None:
    """A whole number other than zero."""
    if type(value) is not int or value == 0:
        raise ValueError(f"{_name(instance, attribute)} must be a whole number other than zero, not {value!r}")


def whole(instance: object, attribute: "attrs.Attribute[Any]", value: int) -> None:
    """A whole number; bool and float are refused, for money and lots are counted and never measured."""
    if type(value) is not int:
        raise TypeError(f"{_name(instance, attribute)} must be a whole number, not {value!r}")


def filled(instance: object, attribute: "attrs.Attribute[Any]", value: str) -> None:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{_name(instance, attribute)} must be a text that is not empty, not {value!r}")


def frozen_tuple(instance: object, attribute: "attrs.Attribute[Any]", value: tuple[Any, ...]) -> None:
    """A tuple: no list may travel in a message, for its sender could change it afterwards."""
    if type(value) is not tuple:
        raise TypeError(f"{_name(instance, attribute)} must be a tuple, not {type(value).__name__}")


Column: TypeAlias = memoryview
"""Numbers of one kind in a row, which nobody can write through: `read_only` sees to that."""


def whole_column(values: Iterable[int] | Column) -> Column:
    """64-bit whole numbers; a read-only view stays itself. TypeError for anything but whole numbers."""
    return values if isinstance(values, memoryview) else memoryview(array("q", values)).toreadonly()


def measured_column(values: Iterable[float] | Column) -> Column:
    """Floats, as `whole_column`."""
    return values if isinstance(values, memoryview) else memoryview(array("d", values)).toreadonly()


def read_only(instance: object, attribute: "attrs.Attribute[Any]", value: Column) -> None:
    """A column that nobody can change through the message."""
    if not value.readonly or value.ndim != 1 or value.itemsize != 8:
        raise TypeError(f"{_name(instance, attribute)} must be a read-only column of 64-bit numbers")
