"""What all messages share: the base class, the decorator, the validators and the envelope they travel in."""

import math
from typing import Any, NamedTuple

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
