"""Rows into the Parquet days of a series, one day after the other: merged with what is there, if they are new."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from adapters.errors import InputError, OutputError, reason_of
from adapters.security.lock import FileLock
from adapters.store.kinds import Kind
from adapters.store.merging import count_of, first_part, merged, renumbered, sorted_rows, taken
from adapters.store.names import day_name
from adapters.store.packing import native
from adapters.store.parquet import pinned, read_rolled, read_rows, write_rows
from adapters.store.reading import series_folder
from adapters.store.rows import Columns
from adapters.store.segment import Series
from messages import NS_PER_DAY


@attrs.frozen
class Written:
    """What a write did."""

    rows: int
    """How many were given."""
    new: int
    """How many of them were not there yet."""
    days: tuple[str, ...]
    """The UTC days whose file was written anew."""
    beside: int = 0
    """How many other rows stood between the first and the last of the new ones before: of another source, perhaps."""


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """The right to write the store's Parquet files. LockedError: another process has it; OutputError: nobody can."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / "store.lock", f"the store {root}", root)
        lock.acquire()
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{root}: a store is a folder: {reason_of(error)}") from None
    except OSError as error:
        raise OutputError(f"{root}: cannot be written: {reason_of(error)}") from None
    try:
        yield
    finally:
        lock.release()


def write_columns(root: Path, series: Series, columns: Mapping[str, Any], *, replace: bool) -> Written:
    """Merge rows into the days they belong to. The caller holds the lock."""
    kind = series.kind
    rows = _checked(kind, native(kind, columns))
    given, new, beside, written = count_of(rows), 0, 0, []
    for day, some in by_day(kind, rows):
        path = series_folder(root, series) / f"{day_name(day)}.parquet"
        there, rolled = read_day(path, kind)
        if replace:
            there = None
        coming = sorted_rows(some)
        result, fresh = (coming, count_of(some)) if there is None else merged(kind, there, coming)
        new += fresh
        if fresh:
            beside += 0 if there is None else _others(there, coming, known=count_of(some) - fresh)
            write_rows(path, kind, renumbered(kind, result, first_part(day)), rolled)
            written.append(day_name(day))
    return Written(given, new, tuple(written), beside)


def _others(there: Columns, coming: Columns, *, known: int) -> int:
    """How many rows lie in the time of those that come and are none of them, but for the `known` ones."""
    received = there["received"]
    low, high = np.searchsorted(received, (coming["received"][0], coming["received"][-1] + 1))
    return int(high - low) - known


def read_day(path: Path, kind: Kind) -> tuple[Columns | None, dict[str, int]]:
    """A day's rows, or None where there is no file, and the live segments that are in it."""
    try:
        with pinned(path) as file:
            # First, for it says when the file is not of our schema: its columns need not be ours then.
            rolled = read_rolled(file)
            return read_rows(file, kind), rolled
    except FileNotFoundError:
        return None, {}


def by_day(kind: Kind, columns: Columns) -> Iterator[tuple[int, Columns]]:
    """The rows of each UTC day, in the order of days; inside a day in the order given."""
    days = columns[kind.key] // NS_PER_DAY
    if len(days) and days[0] == days[-1] and bool((days == days[0]).all()):
        yield int(days[0]), columns
        return
    order = np.argsort(days, kind="stable")
    edges = np.flatnonzero(np.diff(days[order])) + 1
    for some in np.split(order, edges) if len(order) else ():
        yield int(days[some[0]]), taken(columns, some)


def _checked(kind: Kind, columns: Columns) -> Columns:
    if kind.is_periodic and bool((columns["received"] < columns["open_ts"]).any()):
        row = int(np.argmax(columns["received"] < columns["open_ts"]))
        raise InputError(f"{kind}: row {row} was received before its interval began")
    if kind.is_parted and count_of(columns):
        # A message is received at one instant: a number that goes on with another instant is another message's.
        part, received = columns["part"], columns["received"]
        changes = (part[1:] != part[:-1]) | (received[1:] != received[:-1])
        columns = {**columns, "part": np.concatenate(([0], np.cumsum(changes))).astype(np.int64)}
    return columns
