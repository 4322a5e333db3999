"""Constructors for the messages that every trade needs a dozen of.

attrs sets a frozen field through `object.__setattr__` and calls each validator, which together are most of what such a
message costs. `lean` gives a class a constructor with the same signature and the same checks in the same order: the
fields are stored in a plain twin whose class is then switched (as in bulk.py), and what a value is nearly always is
recognised in place. Any other value goes to the validator itself, which refuses or accepts it as before.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from messages.base import Message, filled, finite, frozen_tuple, not_negative, not_zero, positive, whole

_Class = TypeVar("_Class", bound=type)
_Optional: Any = type(attrs.validators.optional(positive))
_UNUSUAL: dict[Callable[..., Any], str] = {
    filled: "{0}.__class__ is not str or not {0}",
    whole: "{0}.__class__ is not int",
    not_zero: "{0}.__class__ is not int or not {0}",
    positive: "not 0 < {0} < _inf",
    not_negative: "not 0 <= {0} < _inf",
    finite: "{0}.__class__ is not float or not -_inf < {0} < _inf",
    frozen_tuple: "{0}.__class__ is not tuple",
}
"""When a validator has to look: the condition holds for everything that it would refuse."""
_FEW = 3
"""So many fields are set faster one by one than by switching classes twice."""


def lean(cls: _Class) -> _Class:
    """Replace the constructor of a frozen attrs class without weak references, factories and converters."""
    fields = attrs.fields(cls)
    assert all(field.converter is None and not isinstance(field.default, attrs.Factory) for field in fields)  # type: ignore[arg-type]
    names = [field.name for field in fields]
    known: dict[str, Any] = {"_inf": math.inf, "_class": cls, "_become": object.__dict__["__class__"].__set__}
    if len(names) <= _FEW:
        known.update({f"_set_{name}": getattr(cls, name).__set__ for name in names})
        body = [f"_set_{name}(self, {name})" for name in names]
    else:
        known["_twin"] = type(
            f"_{cls.__name__}Twin", (Message,) if issubclass(cls, Message) else (), {"__slots__": tuple(names)}
        )
        body = ["_become(self, _twin)", *(f"self.{name} = {name}" for name in names), "self.__class__ = _class"]
    arguments = ["self"]
    for field in fields:
        if field.kw_only and "*" not in arguments:
            arguments.append("*")
        has_default = field.default is not attrs.NOTHING
        arguments.append(f"{field.name}=_default_{field.name}" if has_default else field.name)
        known[f"_default_{field.name}"] = field.default
        if field.validator is not None:
            known[f"_field_{field.name}"], known[f"_check_{field.name}"] = field, field.validator
            body += [*_unless_usual(field), f"    _check_{field.name}(self, _field_{field.name}, {field.name})"]
    if hasattr(cls, "__attrs_post_init__"):
        body.append("self.__attrs_post_init__()")
    source = "".join([f"def __init__({', '.join(arguments)}):\n", *(f"    {line}\n" for line in body)])
    exec(source, known)  # noqa: S102 - as attrs makes constructors itself; no text in it comes from outside
    made, was = known["__init__"], cls.__init__  # type: ignore[misc]
    made.__annotations__, made.__qualname__, made.__doc__ = was.__annotations__, was.__qualname__, was.__doc__
    cls.__init__ = made  # type: ignore[misc]
    return cls


def _unless_usual(field: "attrs.Attribute[Any]") -> list[str]:
    validator: Any = field.validator
    before = ""
    if isinstance(validator, _Optional):
        before, validator = f"{field.name} is not None and ", validator.validator
    unusual = _UNUSUAL.get(validator)
    if unusual is None:
        return ["if True:"]
    return [f"if {before}({unusual.format(field.name)}):"]
