"""Which column is which: recognised by the names that people and exchanges habitually give them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Final

import attrs

from adapters.errors import InputError
from adapters.files.names import (
    BAR_NAMES,
    MAKERS,
    PRICES,
    QUOTE_NAMES,
    SIDES,
    STAMP_NAMES,
    SYMBOL_NAMES,
    TICK_NAMES,
    plain,
)
from adapters.files.sources import Source
from adapters.files.stamps import Form, form_of

NAMES: Final = {"bars": BAR_NAMES, "ticks": TICK_NAMES, "quotes": QUOTE_NAMES}
"""Kind -> role -> the names that its column may have."""
NEEDED: Final = {
    "bars": frozenset(PRICES),
    "ticks": frozenset(("price", "size")),
    "quotes": frozenset(QUOTE_NAMES),
}
_SAMPLED = 20
_TEXTS: Final = ("side", "maker")
"""Roles whose columns hold words."""


@attrs.frozen
class Layout:
    """Where in a row each value stands."""

    kind: str
    """`bars`, `ticks`, `quotes`, or the role of a file's only value."""
    values: dict[str, int]
    """Role -> column number, without the time."""
    stamp: tuple[int, ...]
    """The column of the time, or the two of date and clock."""
    form: Form
    ignored: tuple[str, ...]
    """Names of the columns that nobody reads."""
    symbol: int | None = None
    """The column that says whose row it is, where somebody asked for one."""

    @property
    def numeric(self) -> frozenset[int]:
        """Columns that hold numbers."""
        return frozenset(column for role, column in self.values.items() if role not in _TEXTS)

    @property
    def used(self) -> tuple[int, ...]:
        """Columns that are read."""
        return (*self.stamp, *self.values.values())

    @property
    def is_exact(self) -> bool:
        """Blanks around times and numbers mean nothing."""
        return False

    def expressions(self, *, typed: bool) -> list[str]:
        """SQL for time and values over columns c0, c1, ...; `typed`: numbers already are DOUBLE."""
        selected = [f"{self.form.sql(_joined([f'c{column}' for column in self.stamp]))} AS stamp"]
        for role, column in self.values.items():
            if role in _TEXTS:
                value = _side_sql(f"c{column}", SIDES if role == "side" else MAKERS)
            else:
                value = f"c{column}" if typed else f"TRY_CAST(c{column} AS DOUBLE)"
            selected.append(f"{value} AS {role}")
        return selected

    def stamp_text(self, cells: Sequence[str]) -> str:
        """The time of a row as it stands there."""
        return " ".join(cells[column].strip() for column in self.stamp)


def layout_of(
    source: Source,
    *,
    kinds: Sequence[str] = ("bars", "ticks"),
    told: Mapping[str, str] = MappingProxyType({}),
    symbols: bool = False,
) -> Layout:
    """Recognise a source's columns; InputError names the file and the columns seen.

    `kinds`: what it may hold, of bars, ticks and quotes. `told`: role -> name of its column (of the time: `ts`), where
    the user said so. `symbols`: a column of symbols is looked for too.
    """
    by_name = _by_name(source)
    known = _told_columns(source, told)
    stamp = known.pop("ts", None)
    symbol = known.pop("symbol", None) or _symbol_column(source, by_name, wanted=symbols)
    found = {kind: {**_columns(source, by_name, NAMES[kind]), **_of_kind(kind, known)} for kind in kinds}
    kind = next((kind for kind in kinds if NEEDED[kind] <= found[kind].keys()), None)
    if kind is None:
        raise InputError(_unrecognised(source, found))
    strange = sorted(known.keys() - NAMES[kind].keys())
    if strange:
        raise InputError(f"{source.path}: {kind} have no {strange[0]}; they have {', '.join(NAMES[kind])}")
    values = {role: column for role, (column,) in found[kind].items()}
    if "side" in values:
        values.pop("maker", None)
    return _laid_out(source, by_name, kind, values, stamp=stamp, symbol=None if symbol is None else symbol[0])


def series_layout_of(
    source: Source,
    *,
    role: str,
    names: Sequence[str],
    told: Mapping[str, str] = MappingProxyType({}),
    symbols: bool = False,
) -> Layout:
    """Recognise a time and one value, which may have any of these names; InputError as in `layout_of`."""
    by_name = _by_name(source)
    known = _told_columns(source, told)
    stamp = known.pop("ts", None)
    symbol = known.pop("symbol", None) or _symbol_column(source, by_name, wanted=symbols)
    values = {**_columns(source, by_name, {role: tuple(names)}), **known}
    if role not in values:
        raise InputError(
            f"{source.path}: no column holds the {role}; it is looked for as {', '.join(names)}, "
            f"and the columns are {_seen(source.header)}"
        )
    if len(values) > 1:
        raise InputError(f"{source.path}: there is no {sorted(values.keys() - {role})[0]} beside a {role}")
    return _laid_out(
        source, by_name, role, {role: values[role][0]}, stamp=stamp, symbol=None if symbol is None else symbol[0]
    )


def _laid_out(
    source: Source,
    by_name: dict[str, list[int]],
    kind: str,
    values: dict[str, int],
    *,
    stamp: tuple[int, ...] | None,
    symbol: int | None,
) -> Layout:
    stamp, form = _stamp(source, by_name, stamp)
    used = {*values.values(), *stamp, symbol}
    ignored = tuple(name for column, name in enumerate(source.header) if column not in used)
    return Layout(kind, values, stamp, form, ignored, symbol)


def _of_kind(kind: str, known: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {role: columns for role, columns in known.items() if role in NAMES[kind]}


def _told_columns(source: Source, told: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """Role -> its column, or for the time the columns of date and clock, written `date+clock`."""
    found = {}
    for role, text in told.items():
        names = text.split("+") if role == "ts" and text not in source.header else [text]
        for name in names:
            if source.header.count(name) != 1:
                times = "several columns are" if name in source.header else "no column is"
                raise InputError(
                    f"{source.path}: {times} called {name!r}, which --columns {role}={text} names; "
                    f"the columns are {_seen(source.header)}"
                )
        found[role] = tuple(source.header.index(name) for name in names)
    return found


def _symbol_column(source: Source, by_name: dict[str, list[int]], *, wanted: bool) -> tuple[int, ...] | None:
    return _columns(source, by_name, {"symbol": SYMBOL_NAMES}).get("symbol") if wanted else None


def _by_name(source: Source) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for column, name in enumerate(source.header):
        found.setdefault(plain(name), []).append(column)
    return found


def _columns(
    source: Source, by_name: dict[str, list[int]], names: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[int, ...]]:
    """The first name of each role that the file has wins; the same name twice is nobody's to decide."""
    found: dict[str, tuple[int, ...]] = {}
    for role, aliases in names.items():
        for alias in aliases:
            if alias in by_name:
                found[role] = (_only(source, by_name[alias]),)
                break
    return found


def _only(source: Source, columns: list[int]) -> int:
    if len(columns) > 1:
        raise InputError(f"{source.path}: column {source.header[columns[0]]!r} stands there {len(columns)} times")
    return columns[0]


def _stamp(source: Source, by_name: dict[str, list[int]], told: tuple[int, ...] | None) -> tuple[tuple[int, ...], Form]:
    ways = [(name,) for name in STAMP_NAMES] + [("date", "time"), ("time",), ("date",)]
    candidates = (
        [told]
        if told is not None
        else [
            tuple(_only(source, by_name[name]) for name in way) for way in ways if all(name in by_name for name in way)
        ]
    )
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


def _unrecognised(source: Source, found: Mapping[str, Mapping[str, tuple[int, ...]]]) -> str:
    """What is missing of the kind that the columns look most like."""
    needs = ", nor for ".join(", ".join(role for role in NAMES[kind] if role in NEEDED[kind]) for kind in found)
    missing = f"no columns for {needs}; is the header missing?"
    for kind, columns in found.items():
        seen = NEEDED[kind] & columns.keys()
        if len(seen) * 2 >= len(NEEDED[kind]) and seen != {"size"}:
            missing = "no column for " + ", ".join(
                role for role in NAMES[kind] if role in NEEDED[kind] - columns.keys()
            )
            break
    return f"{source.path}: {missing}; the columns are {_seen(source.header)}"


def _seen(header: Iterable[str]) -> str:
    names = [name if len(name) <= 40 else name[:40] + "..." for name in header]
    return ", ".join(repr(name) for name in names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _joined(columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else "(" + " || ' ' || ".join(columns) + ")"


def _side_sql(column: str, meanings: dict[str, int]) -> str:
    cases = " ".join(f"WHEN '{text}' THEN {sign}" for text, sign in meanings.items())
    return f"CAST(CASE lower(trim(coalesce({column}, ''))) {cases} END AS DOUBLE)"
