"""How a strategy's share is executed: the name of an algorithm and its parameters, checked."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple, get_type_hints

import attrs

from actors.execution.algorithms.base import Algorithm
from actors.execution.algorithms.limits import Chase, LastLimit, SignalLimit
from actors.execution.algorithms.pegged import Iceberg, Join, MarketOrders, Opponent
from actors.execution.algorithms.scheduled import Twap, Vwap
from actors.strategy_parameters import ParameterError, fitted

ALGORITHMS: Mapping[str, type[Algorithm]] = {
    each.name: each for each in (MarketOrders, Opponent, Join, SignalLimit, LastLimit, Chase, Twap, Vwap, Iceberg)
}
"""By name; a new algorithm is a class here and nothing else."""


@attrs.frozen
class Execution:
    """An algorithm's name and the parameters that were given. Made by `execution_of`, which checks them."""

    algorithm: str
    params: tuple[tuple[str, Any], ...] = ()
    """By name, in order."""
    text: str = attrs.field(init=False, eq=False, repr=False)
    """`chase`, or `chase seconds=30`: what orders carry."""

    def __attrs_post_init__(self) -> None:
        given = [
            f"{name}={value:.12g}" if isinstance(value, float) else f"{name}={value}" for name, value in self.params
        ]
        object.__setattr__(self, "text", " ".join([self.algorithm, *given]))

    def __str__(self) -> str:
        return self.text


class Described(NamedTuple):
    """An algorithm for a list of them."""

    name: str
    doc: str
    """One line."""
    parameters: tuple[tuple[str, str, Any], ...]
    """(name, one line, default); the default is attrs.NOTHING where the parameter must be given."""


def execution_of(value: "str | Mapping[str, Any] | Execution") -> Execution:
    """From a name, or from a table with `algorithm` and the algorithm's parameters. ValueError says what is wrong."""
    if isinstance(value, Execution):
        algorithm_of(value)
        return value
    if isinstance(value, str):
        value = {"algorithm": value}
    if not isinstance(value, Mapping):
        raise ValueError(  # noqa: TRY004 - whoever reads a configuration catches one class
            f"execution must be a name or a table with an algorithm, not {value!r}"
        )
    name = value.get("algorithm")
    if not isinstance(name, str):
        raise ValueError(  # noqa: TRY004 - as above
            f"execution needs an algorithm, one of {', '.join(ALGORITHMS)}"
        )
    given = {key: each for key, each in value.items() if key != "algorithm"}
    made = _made(name, given)
    # As the algorithm has them: 60 and 60.0 are one and the same.
    return Execution(name, tuple([(key, getattr(made, key)) for key in sorted(given)]))


@cache
def algorithm_of(execution: Execution) -> Algorithm:
    """The algorithm itself; ValueError for an execution that cannot be."""
    return _made(execution.algorithm, dict(execution.params))


def described() -> list[Described]:
    """Every algorithm, in the order in which they are best explained."""
    return [
        Described(
            name,
            (cls.__doc__ or "").partition("\n")[0],
            tuple([(field.name, field.metadata["doc"], field.default) for field in attrs.fields(cls)]),
        )
        for name, cls in ALGORITHMS.items()
    ]


MARKET = Execution("market")


def _made(name: str, given: Mapping[str, Any]) -> Algorithm:
    cls = ALGORITHMS.get(name)
    if cls is None:
        raise ValueError(f"there is no execution algorithm {name}; there are {', '.join(ALGORITHMS)}{_hint(name)}")
    fields = {field.name: field for field in attrs.fields(cls)}
    missing = [key for key, field in fields.items() if field.default is attrs.NOTHING and key not in given]
    if missing:
        raise ValueError(f"execution {name} needs {', '.join(missing)} ({fields[missing[0]].metadata['doc']})")
    kinds = get_type_hints(cls)
    values = {}
    for key, value in given.items():
        if key not in fields:
            have = f"it has {', '.join(fields)}" if fields else "it has none"
            close = get_close_matches(str(key), fields, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ValueError(f"execution {name} has no parameter {key!r}: {have}{hint}")
        values[key] = fitted(value, kinds[key], where=f"execution {name}: {key}")
        if isinstance(values[key], float) and values[key] in (float("inf"), float("-inf")):
            raise ValueError(f"execution {name}: {key} must be finite, not {value!r}")
    try:
        made = cls(**values)
        made.check()
    except ParameterError:
        raise
    except ValueError as error:
        raise ValueError(f"execution {name}: {error}") from error
    return made


def _hint(name: str) -> str:
    close = get_close_matches(name, ALGORITHMS, n=1)
    return f"; did you mean {close[0]}?" if close else ""
