"""Which column is which: recognised by the names that people and exchanges habitually give them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

import attrs

from adapters.errors import InputError
from adapters.files.sources import Source
from adapters.files.stamps import Form, form_of

PRICES: Final = ("open", "high", "low", "close")

_BAR_NAMES: Final = {
    "open": ("open", "o", "openprice"),
    "high": ("high", "h", "highprice"),
    "low": ("low", "l", "lowprice"),
    "close": ("close", "c", "closeprice"),
    "volume": ("volume", "vol", "v"),
    "turnover": ("turnover", "amount", "quotevolume"),
}
_TICK_NAMES: Final = {
    "price": ("price", "px", "p"),
    "size": ("size", "qty", "quantity", "volume", "vol", "amount"),
    "side": ("side", "aggressor", "takerside"),
    "maker": ("isbuyermaker",),
}
_STAMP_NAMES: Final = ("timestamp", "datetime", "ts", "opentime")
_SAMPLED = 20

SIDES: Final = {
    "buy": 1,
    "b": 1,
    "1": 1,
    "+1": 1,
    "sell": -1,
    "s": -1,
    "-1": -1,
    "": 0,
    "0": 0,
    "unknown": 0,
    "none": 0,
}
"""What a side column may say, and the aggressor it means."""
_MAKERS: Final = {"true": -1, "1": -1, "false": 1, "0": 1}
"""Where the buyer was the maker, the seller was the aggressor."""


@attrs.frozen
class Layout:
    """Where in a row each value stands."""

    kind: str
    """`bars`, `ticks`, or the role of a file's only value."""
    values: dict[str, int]
    """Role -> column number, without the time."""
    stamp: tuple[int, ...]
    """The column of the time, or the two of date and clock."""
    form: Form
    ignored: tuple[str, ...]
    """Names of the columns that nobody reads."""

    @property
    def numeric(self) -> frozenset[int]:
        """Columns that hold numbers."""
        return frozenset(column for role, column in self.values.items() if role not in ("side", "maker"))

    def expressions(self, *, typed: bool) -> list[str]:
        """SQL for time and values over columns c0, c1, ...; `typed`: numbers already are DOUBLE."""
        selected = [f"{self.form.sql(_joined([f'c{column}' for column in self.stamp]))} AS stamp"]
        for role, column in self.values.items():
            if role in ("side", "maker"):
                value = _side_sql(f"c{column}", SIDES if role == "side" else _MAKERS)
            else:
                value = f"c{column}" if typed else f"TRY_CAST(c{column} AS DOUBLE)"
            selected.append(f"{value} AS {role}")
        return selected

    def stamp_text(self, cells: Sequence[str]) -> str:
        """The time of a row as it stands there."""
        return " ".join(cells[column].strip() for column in self.stamp)


def layout_of(source: Source) -> Layout:
    """Recognise a source's columns; InputError names the file and the columns seen."""
    by_name = _by_name(source)
    bars = _columns(source, by_name, _BAR_NAMES)
    if all(role in bars for role in PRICES):
        kind, values = "bars", bars
    else:
        kind, values = "ticks", _columns(source, by_name, _TICK_NAMES)
        if not {"price", "size"} <= values.keys():
            raise InputError(_unrecognised(source, bars, values))
    if "side" in values:
        values.pop("maker", None)
    return _laid_out(source, by_name, kind, values)


def series_layout_of(source: Source, *, role: str, names: Sequence[str]) -> Layout:
    """Recognise a time and one value, which may have any of these names; InputError as in `layout_of`."""
    by_name = _by_name(source)
    values = _columns(source, by_name, {role: tuple(names)})
    if not values:
        raise InputError(
            f"{source.path}: no column holds the {role}; it is looked for as {', '.join(names)}, "
            f"and the columns are {_seen(source.header)}"
        )
    return _laid_out(source, by_name, role, values)


def _laid_out(source: Source, by_name: dict[str, list[int]], kind: str, values: dict[str, int]) -> Layout:
    stamp, form = _stamp(source, by_name)
    used = {*values.values(), *stamp}
    ignored = tuple(name for column, name in enumerate(source.header) if column not in used)
    return Layout(kind, values, stamp, form, ignored)


def _by_name(source: Source) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for column, name in enumerate(source.header):
        found.setdefault(_plain(name), []).append(column)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\s_.<>-]", "", name.strip().lower())


def _columns(source: Source, by_name: dict[str, list[int]], names: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The first name of each role that the file has wins; the same name twice is nobody's to decide."""
    found: dict[str, int] = {}
    for role, aliases in names.items():
        for alias in aliases:
            if alias in by_name:
                found[role] = _only(source, by_name[alias])
                break
    return found


def _only(source: Source, columns: list[int]) -> int:
    if len(columns) > 1:
        raise InputError(f"{source.path}: column {source.header[columns[0]]!r} stands there {len(columns)} times")
    return columns[0]


def _stamp(source: Source, by_name: dict[str, list[int]]) -> tuple[tuple[int, ...], Form]:
    ways = [(name,) for name in _STAMP_NAMES] + [("date", "time"), ("time",), ("date",)]
    candidates = [
        tuple(_only(source, by_name[name]) for name in way) for way in ways if all(name in by_name for name in way)
    ]
    if not candidates:
        raise InputError(
            f"{source.path}: no column holds the time; it is looked for as timestamp, datetime, ts, time or date, "
            f"and the columns are {_seen(source.header)}"
        )
    sample = list(islice(source.rows(), _SAMPLED))
    if not sample:
        raise InputError(f"{source.path}: has a header and no rows")
    for columns in candidates:
        for _, cells in sample:
            if len(cells) == len(source.header):
                form = form_of(" ".join(cells[column].strip() for column in columns))
                if form is not None:
                    return columns, form
    line, cells = sample[0]
    column = candidates[0][0]
    text = cells[column] if column < len(cells) else ""
    raise InputError(
        f"{source.path}: {source.place} {line}, column {source.header[column]}: {text!r} is not a time; "
        "ISO 8601 and whole seconds, ms, us or ns since 1970 are read"
    )


def _unrecognised(source: Source, bars: dict[str, int], ticks: dict[str, int]) -> str:
    if len([role for role in PRICES if role in bars]) > 1:
        missing = "no column for " + ", ".join(role for role in PRICES if role not in bars)
    elif "price" in ticks:
        missing = "no column for size"
    else:
        missing = "no columns for open, high, low, close, nor for price, size; is the header missing?"
    return f"{source.path}: {missing}; the columns are {_seen(source.header)}"


def _seen(header: Iterable[str]) -> str:
    names = [name if len(name) <= 40 else name[:40] + "..." for name in header]
    return ", ".join(repr(name) for name in names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _joined(columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else "(" + " || ' ' || ".join(columns) + ")"


def _side_sql(column: str, meanings: dict[str, int]) -> str:
    cases = " ".join(f"WHEN '{text}' THEN {sign}" for text, sign in meanings.items())
    return f"CAST(CASE lower(trim(coalesce({column}, ''))) {cases} END AS DOUBLE)"
