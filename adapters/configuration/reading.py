"""From a TOML file to sections: everything that is wrong with it is found at once, each with its key path."""

import tomllib
import types
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import AttributeValidationNote, BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, override

from adapters.configuration import market_sections, schema, sizing_keys
from adapters.configuration.agreement import mistakes
from adapters.configuration.values import WrongValues, hint, literal, say
from adapters.errors import InputError

Problem = tuple[str, str]
"""Key path and reason."""

_LISTS: dict[str, type] = {
    "instruments": schema.InstrumentSection,
    "data": schema.DataSection,
    "events": schema.EventsSection,
    "accounts": schema.AccountSection,
    "strategies": schema.StrategySection,
    "feeds": market_sections.FeedSection,
    "spreads": market_sections.SpreadSection,
}
_TABLES: dict[str, type] = {
    "portfolio": schema.PortfolioSection,
    "risk": schema.RiskSection,
    "backtest": schema.BacktestSection,
    "live": schema.LiveSection,
    "recording": schema.RecordingSection,
}
_NESTED: tuple[type, ...] = (schema.GeneratedSection, schema.LimitSection, schema.ListenSection, schema.PollSection)
"""Tables within these."""


def read_toml(path: Path) -> dict[str, Any]:
    """The file as TOML has it, with exact decimals; InputError when it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise InputError(f"{path}: the configuration cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}") from error


def structured(raw: dict[str, Any]) -> tuple[schema.Configuration, list[Problem]]:
    """The sections that are sound, and everything that is wrong with the others."""
    problems: list[Problem] = []
    known = [*_LISTS, *_TABLES]
    problems += [(key, f"there is no such section{hint(key, known)}") for key in raw if key not in known]
    found: dict[str, Any] = {}
    for name, kind in _LISTS.items():
        found[name] = tuple(_entries(raw.get(name, []), name, kind, problems))
    for name, kind in _TABLES.items():
        if name in raw:
            section = _section(raw[name], kind, name, problems)
            if section is not None:
                found[name] = section
    problems += _twice(raw, "instruments", "symbol")
    problems += _twice(raw, "strategies", "id")
    problems += _twice(raw, "accounts", "name")
    problems += _twice(raw, "spreads", "name")
    problems += _twice(raw, "events", "source")
    configuration = schema.Configuration(**found)
    return configuration, problems + _sizing_mistakes(configuration, raw)


def _sizing_mistakes(configuration: schema.Configuration, raw: dict[str, Any]) -> list[Problem]:
    """What an account may tell depends on what `[portfolio]` tells."""
    portfolio = configuration.portfolio
    keys = sizing_keys.told(portfolio)
    problems = [(f"portfolio{rest}", reason) for rest, reason in sizing_keys.mistakes(keys, keys)]
    entries = raw.get("accounts", [])
    if problems or not isinstance(entries, list) or len(entries) != len(configuration.accounts):
        return problems
    return [
        (f"accounts[{number}]{rest}", reason)
        for number, account in enumerate(configuration.accounts)
        for rest, reason in sizing_keys.mistakes(sizing_keys.told(account), sizing_keys.keys_of(account, portfolio))
    ]


def _entries(raw: Any, name: str, kind: type, problems: list[Problem]) -> list[Any]:
    if not isinstance(raw, list):
        problems.append((name, f"must be a list of tables, each under [[{name}]], not {say(raw)}"))
        return []
    sections = [_section(entry, kind, f"{name}[{number}]", problems) for number, entry in enumerate(raw)]
    return [section for section in sections if section is not None]


def _section(raw: Any, kind: type, path: str, problems: list[Problem]) -> Any:
    if not isinstance(raw, dict):
        problems.append((path, f"must be a table, not {say(raw)}"))
        return None
    try:
        section: Any = _converter().structure(raw, kind)
    except (BaseValidationError, ForbiddenExtraKeysError, TypeError, ValueError) as error:
        problems.extend(_problems(error, path))
        return None
    problems.extend((path + rest, reason) for rest, reason in mistakes(section))
    return section


def _twice(raw: dict[str, Any], name: str, key: str) -> list[Problem]:
    entries = raw.get(name)
    seen: dict[str, int] = {}
    problems = []
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        value = entry.get(key) if isinstance(entry, dict) else None
        if isinstance(value, str):
            if value in seen:
                problems.append((f"{name}[{number}].{key}", f"{value!r} is already that of {name}[{seen[value]}]"))
            seen.setdefault(value, number)
    return problems


def _problems(error: BaseException, path: str) -> list[Problem]:
    """One (path, reason) for each thing that cattrs found."""
    if isinstance(error, ForbiddenExtraKeysError):
        known = [schema.KEY_OF.get(field.name, field.name) for field in attrs.fields(error.cl)]
        return [(f"{path}.{key}", f"there is no such key{hint(key, known)}") for key in sorted(error.extra_fields)]
    if isinstance(error, WrongValues):
        return [(path + rest, reason) for rest, reason in error.problems]
    if isinstance(error, BaseValidationError):
        found = []
        for each in error.exceptions:
            found += _problems(each, path + _step(each))
        return found
    if isinstance(error, KeyError):
        return [(path, "must be given")]
    return [(path, str(error))]


def _step(error: BaseException) -> str:
    """Where below its parent an error is, from the note that cattrs left on it."""
    for note in reversed(getattr(error, "__notes__", [])):
        if isinstance(note, AttributeValidationNote):
            return f".{schema.KEY_OF.get(note.name, note.name)}"
    return ""


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook_func(_is_annotated, lambda value, kind: get_args(kind)[1](value))
    converter.register_structure_hook_func(_is_literal, literal)
    converter.register_structure_hook_func(_is_optional, _optional(converter))
    converter.register_structure_hook_func(_is_tuple, _tuple_of(converter))
    for kind in (*_LISTS.values(), *_TABLES.values(), *_NESTED):
        renamed: Any = {
            field.name: override(rename=schema.KEY_OF[field.name])
            for field in attrs.fields(kind)
            if field.name in schema.KEY_OF
        }
        structure: Any = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True, **renamed)
        converter.register_structure_hook(kind, _only_tables(structure))
    return converter


def _only_tables(structure: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def hook(value: Any, kind: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"must be a table, not {say(value)}")
        return structure(value, kind)

    return hook


def _is_annotated(kind: Any) -> bool:
    """The schema's types bring their hook as their annotation."""
    return get_origin(kind) is Annotated


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and types.NoneType in get_args(kind)


def _optional(converter: Converter) -> Callable[[Any, Any], Any]:
    """TOML has no None, so what is there is of the other type."""

    def hook(value: Any, kind: Any) -> Any:
        (inner,) = (option for option in get_args(kind) if option is not types.NoneType)
        return converter.structure(value, inner)

    return hook


def _tuple_of(converter: Converter) -> Callable[[Any, Any], Any]:
    def hook(value: Any, kind: Any) -> Any:
        if not isinstance(value, list):
            raise TypeError(f"must be a list, not {say(value)}")
        if not value:
            raise ValueError("must not be empty")
        found: list[Any] = []
        problems: list[Problem] = []
        for number, each in enumerate(value):
            try:
                found.append(converter.structure(each, get_args(kind)[0]))
            except (BaseValidationError, ForbiddenExtraKeysError, TypeError, ValueError) as error:
                problems += _problems(error, f"[{number}]")
        if problems:
            raise WrongValues(problems)
        if len(set(found)) < len(found):
            raise ValueError("must not name anything twice")
        return tuple(found)

    return hook
