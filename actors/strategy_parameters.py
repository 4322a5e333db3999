"""Parameters of a strategy: its annotated class attributes, listed, checked strictly, and set on a new instance."""

import math
import operator
import types
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

S = TypeVar("S")
_SIMPLE = (int, float, bool, str)


class ParameterError(ValueError):
    """A parameter that its class cannot have: unknown, of the wrong type, or badly declared."""


@attrs.frozen
class Parameter:
    """One parameter of a strategy class: what it may be, and what it is when nobody says."""

    name: str
    type: Any
    """int, float, bool, str, a Literal, None, or a union of these."""
    default: Any
    doc: str = ""
    """The text in `fast: Annotated[int, "bars"] = 10`; empty without one."""


def parameters_of(strategy_class: type) -> dict[str, Parameter]:
    """The parameters of a class by name, inherited ones first; ParameterError for a declaration that cannot be one.

    Annotations without a default, names that begin with an underscore and ClassVars are not parameters.
    """
    found = {}
    for name, hint in _hints(strategy_class).items():
        if (
            name.startswith("_")
            or get_origin(hint) is ClassVar
            or hint is ClassVar
            or not hasattr(strategy_class, name)
        ):
            continue
        where = f"{strategy_class.__name__}.{name}"
        kind, doc = hint, ""
        if get_origin(hint) is Annotated:
            kind = get_args(hint)[0]
            doc = next((note for note in get_args(hint)[1:] if isinstance(note, str)), "")
        if not _supported(kind):
            raise ParameterError(
                f"{where}: a parameter is int, float, bool, str, a Literal, or one of these or None, not "
                f"{_say(kind)}; what is no parameter goes without annotation or as a ClassVar"
            )
        _hides_nothing(strategy_class, name)
        default = fitted(getattr(strategy_class, name), kind, where=f"default of {where}")
        found[name] = Parameter(name, kind, default, doc)
    return found


def make(strategy_class: type[S], params: Mapping[str, Any]) -> S:
    """A new instance with these parameters; ParameterError says everything that is wrong with them.

    Parameters are set before `__init__` runs, so that it can use them, and again after it.
    """
    known = parameters_of(strategy_class)
    _knows_its_callbacks(strategy_class)
    values = {name: parameter.default for name, parameter in known.items()}
    wrong = []
    for name, value in params.items():
        if name not in known:
            wrong.append(_unknown(strategy_class, name, known))
            continue
        try:
            values[name] = fitted(value, known[name].type, where=f"{strategy_class.__name__}.{name}")
        except ParameterError as error:
            wrong.append(str(error))
    if wrong:
        raise ParameterError("; ".join(wrong))
    instance = strategy_class.__new__(strategy_class)
    _set(instance, values)
    instance.__init__()  # type: ignore[misc]
    _set(instance, values)
    try:
        getattr(instance, "check", lambda: None)()
    except ValueError as error:
        raise ParameterError(f"{strategy_class.__name__}: {error}") from error
    return instance


def fitted(value: Any, kind: Any, *, where: str) -> Any:
    """The value as its type wants it (a whole number becomes a float where one is wanted), else ParameterError."""
    options = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    for option in options:
        if _is(value, option):
            return value
    if not isinstance(value, bool):
        if int in options and hasattr(value, "__index__"):
            return operator.index(value)
        if float in options and (isinstance(value, float) or hasattr(value, "__index__")) and not math.isnan(value):
            return float(value)
    raise ParameterError(f"{where} must be {_say(kind)}, not {value!r}")


def _is(value: Any, option: Any) -> bool:
    if option is types.NoneType or option is None:
        return value is None
    if get_origin(option) is Literal:
        return any(type(value) is type(allowed) and value == allowed for allowed in get_args(option))
    return type(value) is option and not (option is float and math.isnan(value))


def _supported(kind: Any) -> bool:
    if get_origin(kind) in (Union, types.UnionType):
        return all(_supported(option) for option in get_args(kind))
    return kind in _SIMPLE or kind is types.NoneType or get_origin(kind) is Literal


def _say(kind: Any) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(_say(option) for option in get_args(kind))
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(repr(allowed) for allowed in get_args(kind))
    return "None" if kind is types.NoneType else getattr(kind, "__name__", str(kind))


def _hints(strategy_class: type) -> dict[str, Any]:
    try:
        return get_type_hints(strategy_class, include_extras=True)
    except (NameError, TypeError) as error:
        raise ParameterError(f"{strategy_class.__name__}: an annotation cannot be read: {error}") from error


def _root(strategy_class: type) -> type:
    """The base class of all strategies, which this module cannot import."""
    return next((base for base in reversed(strategy_class.__mro__) if "hears" in vars(base)), object)


_SETTINGS: Final = frozenset({"warmup", "flow_period", "flow_zeros"})
"""Of the base class, which a strategy may make parameters of its own."""


def _hides_nothing(strategy_class: type, name: str) -> None:
    if name in vars(_root(strategy_class)) and name not in _SETTINGS:
        raise ParameterError(f"{strategy_class.__name__}.{name}: a parameter may not hide Strategy.{name}; rename it")


def _knows_its_callbacks(strategy_class: type) -> None:
    """A misspelt callback would be silence, so every method that begins with on_ must be one."""
    known = [name for name in vars(_root(strategy_class)) if name.startswith("on_")]
    for name in dir(strategy_class):
        if name.startswith("on_") and name not in known:
            raise ParameterError(
                f"{strategy_class.__name__}.{name} is no callback, and nobody would call it; callbacks are "
                f"{', '.join(known)} (name helpers without on_)"
            )


def _unknown(strategy_class: type, name: str, known: Mapping[str, Parameter]) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    names = f"its parameters are {', '.join(known)}" if known else "it has none"
    return f"{strategy_class.__name__} has no parameter {name!r}: {names}{hint}"


def _set(instance: object, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(instance, name, value)
