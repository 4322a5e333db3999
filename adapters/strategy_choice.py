"""Strategies of a configuration: classes found, parameters laid over and checked, ids given."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import attrs

from actors.strategies import BUILT_IN
from actors.strategy import Parameter, ParameterError, Strategy, make, parameters_of
from actors.strategy_parameters import fitted
from adapters.configuration import Problem
from adapters.configuration.schema import StrategySection
from adapters.configuration.value_types import Params, StrategyName
from adapters.errors import InputError
from adapters.plugins import load_strategy
from messages import StrategyId

_ID_MAX = 16


@attrs.frozen(kw_only=True)
class Chosen:
    """One entry whose class is found and whose parameters fit."""

    id: StrategyName
    section: StrategySection
    """Named so that it can be found from anywhere."""
    strategy: type[Strategy]
    params: Params
    """Every parameter that is not None, defaults included."""

    @property
    def sizes_itself(self) -> bool:
        """The class has a parameter `lots` of its own, which an entry's `lots` sets."""
        return "lots" in parameters_of(self.strategy)


@attrs.define
class _Choice:
    """An entry on its way."""

    id: StrategyId
    section: StrategySection
    strategy: type[Strategy]
    parameters: Mapping[str, Parameter]
    params: dict[str, Any]
    where: str

    def answers_to(self, name: str) -> bool:
        """Whether `NAME.k=v` may mean it: by id, by the name it was asked for, or by its class."""
        return name in (self.id, self.section.strategy, self.strategy.__name__)


def choose(
    sections: Sequence[StrategySection], options: Sequence[str], *, where: str, problems: list[Problem]
) -> list[Chosen]:
    """Find every class, lay `--param` texts over, check. What is wrong is added to `problems`."""
    choices: list[_Choice] = []
    taken = {section.id for section in sections if section.id is not None}
    for number, section in enumerate(sections):
        path = f"{where}strategies[{number}]" if where else f"--strategy {section.strategy}"
        try:
            strategy = load_strategy(section.strategy, relative_to=Path(section.folder or "."))
            parameters = parameters_of(strategy)
        except (InputError, ParameterError) as error:
            problems.append((path, str(error)))
            continue
        identity = section.id or _new_id(section.strategy, taken)
        taken.add(identity)
        params = dict(section.params)
        if "lots" in parameters and section.lots is not None:
            params.setdefault("lots", section.lots)
        choices.append(_Choice(identity, _anchored(section), strategy, parameters, params, path))
    if len(choices) == len(sections):
        _lay_over(choices, options, problems)
    return [each for each in (_checked(choice, problems) for choice in choices) if each is not None]


def _new_id(strategy: str, taken: set[str]) -> StrategyName:
    """`package.module:MyIdea` becomes my-idea; a second one my-idea-2."""
    name = strategy.rpartition(":")[2] if strategy not in BUILT_IN else strategy
    name = Path(name).stem if name.endswith(".py") else name
    kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
    kebab = re.sub(r"[^a-z0-9]+", "-", kebab).strip("-") or "strategy"
    kebab = "net-strategy" if kebab == "net" else kebab
    number = 1
    while True:
        tail = "" if number == 1 else f"-{number}"
        candidate = kebab[: _ID_MAX - len(tail)].rstrip("-") + tail
        if candidate not in taken:
            return candidate
        number += 1


def _anchored(section: StrategySection) -> StrategySection:
    """With a name that means the same from every folder."""
    if section.strategy in BUILT_IN:
        return attrs.evolve(section, folder=None)
    place, colon, name = section.strategy.rpartition(":")
    if colon and place.endswith(".py"):
        path = (Path(section.folder or ".") / Path(place).expanduser()).resolve()
        return attrs.evolve(section, strategy=f"{path}:{name}", folder=None)
    return section


def _lay_over(choices: Sequence[_Choice], options: Sequence[str], problems: list[Problem]) -> None:
    for option in options:
        left, equals, text = option.partition("=")
        name, _, key = left.rpartition(".")
        if not equals or not key:
            problems.append((f"--param {option}", "must be k=v, or NAME.k=v for one strategy"))
            continue
        meant = [choice for choice in choices if choice.id == name] if name else list(choices)
        meant = meant or [choice for choice in choices if choice.answers_to(name)]
        if not meant:
            known = ", ".join(choice.id for choice in choices)
            problems.append((f"--param {option}", f"no strategy is called {name!r}; there are {known}"))
            continue
        having = [choice for choice in meant if key in choice.parameters]
        if not having:
            problems.append((f"--param {option}", _nobody(key, meant)))
        for choice in having:
            choice.params[key] = _value(text, choice.parameters[key])


def _nobody(key: str, choices: Sequence[_Choice]) -> str:
    known = list(dict.fromkeys(name for choice in choices for name in choice.parameters))
    close = get_close_matches(key, known, n=1)
    names = ", ".join(f"{choice.id} has {', '.join(choice.parameters) or 'none'}" for choice in choices)
    return f"no strategy has a parameter {key!r}{f'; did you mean {close[0]}?' if close else ''} ({names})"


def _value(text: str, parameter: Parameter) -> Any:
    """What TOML makes of the text, if the parameter may be that; else the text itself."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    try:
        fitted(value, parameter.type, where="")
    except ParameterError:
        try:
            return fitted(text, parameter.type, where="")
        except ParameterError:
            return value
    return value


def _checked(choice: _Choice, problems: list[Problem]) -> Chosen | None:
    wrong = []
    values = {name: parameter.default for name, parameter in choice.parameters.items()}
    for key, value in choice.params.items():
        path = f"{choice.where}.params.{key}"
        if key not in choice.parameters:
            wrong.append((path, _nobody(key, [choice])))
            continue
        try:
            values[key] = fitted(value, choice.parameters[key].type, where=key)
        except ParameterError as error:
            wrong.append((path, str(error)))
    if not wrong:
        try:
            make(choice.strategy, values)
        except ParameterError as error:
            wrong.append((choice.where, str(error)))
        except Exception:  # noqa: BLE001 a strategy that fails to start is the supervisor's, and isolated
            wrong = []
    problems += wrong
    if wrong:
        return None
    kept = {name: value for name, value in values.items() if value is not None}
    return Chosen(id=choice.id, section=choice.section, strategy=choice.strategy, params=kept)
