"""What is heard from beside the market."""

import math
from collections.abc import Mapping
from typing import TypeAlias

import attrs

from messages.base import Message, filled, whole
from messages.units import UtcNs

Scalar: TypeAlias = str | int | float | bool | None
"""What stands in a payload: nothing that could change."""


def _fields(payload: Mapping[str, Scalar] | tuple[tuple[str, Scalar], ...]) -> tuple[tuple[str, Scalar], ...]:
    return tuple(payload.items()) if isinstance(payload, Mapping) else payload


def _scalars(_instance: object, _attribute: object, payload: tuple[tuple[str, Scalar], ...]) -> None:
    if type(payload) is not tuple:
        raise TypeError(f"ExternalEvent.payload must be pairs of names and values, not {payload!r}")
    for name, value in payload:
        if not isinstance(name, str) or not (value is None or isinstance(value, str | int | float)):
            raise TypeError(f"ExternalEvent.payload: {name!r} must be a text, number, boolean or None, not {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"ExternalEvent.payload: {name!r} must be a finite number, not {value!r}")


@attrs.frozen(kw_only=True)
class ExternalEvent(Message):
    """Something from beside the market: a text, a sentiment, a headline. It is heard at `received`, never at `ts`."""

    source: str = attrs.field(validator=filled)
    """Who says it, as the configuration calls it: what a strategy subscribes to."""
    kind: str = attrs.field(validator=filled)
    """What sort of thing it is: `sentiment`, `headline`."""
    ts: UtcNs = attrs.field(validator=whole)
    """When it happened, as its source says."""
    received: UtcNs = attrs.field(validator=whole)
    payload: tuple[tuple[str, Scalar], ...] = attrs.field(default=(), converter=_fields, validator=_scalars)
    """Names and values, in the source's order; a mapping is copied."""

    def get(self, name: str, default: Scalar = None) -> Scalar:
        """The value of that name, or the default where there is none."""
        return next((value for field, value in self.payload if field == name), default)
