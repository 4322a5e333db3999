"""A configuration as TOML. The same sections give the same bytes, and reading them gives the same sections."""

import json
import re
from decimal import Decimal
from typing import Any

import attrs

from adapters.configuration.schema import Configuration, values_of

BACKTEST_HEADER = "# What this run was, complete: `python run.py backtest --config` this file gives the same results.\n"


def to_toml(configuration: Configuration, header: str = BACKTEST_HEADER) -> str:
    """The file's text, behind a comment. What is None was not told, and is left out."""
    parts = [header]
    for name in ("instruments", "data", "events", "accounts", "strategies"):
        parts += [_section(f"[[{name}]]", values_of(entry)) for entry in getattr(configuration, name)]
    for name in ("portfolio", "risk", "backtest", "live", "recording"):
        section = getattr(configuration, name)
        if section is not None:
            parts += _with_entries(name, dict(values_of(section)))
    for name in ("feeds", "spreads"):
        parts += [_section(f"[[{name}]]", values_of(entry)) for entry in getattr(configuration, name)]
    return "\n".join(parts)


def _with_entries(name: str, values: dict[str, Any]) -> list[str]:
    """A table, and behind it the entries of the lists of tables in it: TOML wants a table's own keys first."""
    entries = {key: values.pop(key) for key, value in list(values.items()) if _is_entries(value)}
    parts = [_section(f"[{name}]", values)]
    for key, value in entries.items():
        parts += [_section(f"[[{name}.{key}]]", values_of(entry)) for entry in value]
    return parts


def _is_entries(value: Any) -> bool:
    return isinstance(value, tuple) and all(attrs.has(type(each)) for each in value)


def _section(title: str, values: Any) -> str:
    lines = [title]
    for key, value in values.items():
        if value is not None:
            lines.append(f"{_key(key)} = {_value(value)}")
        elif key == "stamps" and values.get("file") is not None:
            lines.append('# stamps = "start"     nobody said: assumed')
    return "\n".join(lines) + "\n"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    if isinstance(value, tuple):
        return "[" + ", ".join([_value(each) for each in value]) + "]"
    table = value if isinstance(value, dict) else values_of(value)
    pairs = [f"{_key(key)} = {_value(each)}" for key, each in table.items() if each is not None]
    return "{ " + ", ".join(pairs) + " }" if pairs else "{}"


def _text(text: str) -> str:
    """JSON's escapes are TOML's, but for the one control character that JSON lets stand."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
