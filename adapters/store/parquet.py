"""One day of one series in a Parquet file: written whole under a temporary name, synced, and renamed.

The file's metadata say the schema's version and which live segments are in it up to which batch: the rename is what
makes rows and that note true at the same instant. A file that is being read keeps its content when another takes its
name: it is opened once and read by its handle, where the system allows that.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import numpy as np

from adapters.durable import TEMPORARY, make_folders, replacing
from adapters.errors import InputError, OutputError, reason_of
from adapters.store.database import blaming, cursor, fetched, literal
from adapters.store.kinds import SCHEMA, TEXT, Kind
from adapters.store.rows import Columns

if TYPE_CHECKING:
    import duckdb

ROW_GROUP: Final = 131_072
"""Rows that are compressed together, and skipped together when none of them is asked for."""
SQL_TYPES: Final = {"int64": "BIGINT", "float64": "DOUBLE", "int8": "TINYINT", TEXT: "VARCHAR"}
"""Sort of a column -> its type in duckdb."""
_BY_HANDLE: Final = Path("/proc/self/fd")


@attrs.frozen
class RowGroup:
    """So many rows from `first_row` on, received from `first` to `last`."""

    first_row: int
    rows: int
    first: int
    last: int


@attrs.frozen
class Pinned:
    """A file that is open: `where` reads this very file, whatever has its name by now."""

    path: Path
    where: str
    stamp: tuple[int, int, int]
    is_pinned: bool

    def check(self) -> None:
        """InputError when what was read may be two files' rows."""
        if not self.is_pinned and stamp_of(self.path) != self.stamp:
            raise InputError(f"{self.path}: it was written while it was read; try again")


def stamp_of(path: Path) -> tuple[int, int, int]:
    """What tells a file from the one that takes its name. FileNotFoundError when there is none."""
    return _stamp(path.stat())


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def pinned(path: Path) -> Iterator[Pinned]:
    """The file as it is now, for as long as this lasts. FileNotFoundError when there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        stamp = _stamp(os.fstat(handle))
        by_handle = _BY_HANDLE / str(handle)
        if by_handle.exists():
            yield Pinned(path, str(by_handle), stamp, is_pinned=True)
        else:
            yield Pinned(path, str(path), stamp, is_pinned=False)
    finally:
        os.close(handle)


def selected(kind: Kind, where: str, condition: str = "", *, numbered: bool = False) -> str:
    """The query for the kind's columns from `where`, a path or list of paths as SQL writes it."""
    columns = ", ".join(f'"{name}"' for name in kind.columns)
    source = f"read_parquet({where}, hive_partitioning=false{', file_row_number=true' if numbered else ''})"
    return f"SELECT {columns} FROM {source}{f' WHERE {condition}' if condition else ''}"  # noqa: S608 our own parts


def read_rows(file: Pinned, kind: Kind, condition: str = "", *, numbered: bool = False) -> Columns:
    """Rows of a file in its order. InputError names the file."""
    with blaming(file.path), cursor() as own:
        columns = fetched(own, selected(kind, literal(file.where), condition, numbered=numbered))
    file.check()
    return columns


def read_rolled(file: Pinned) -> dict[str, int]:
    """Which live segments are in the file, and up to which batch. InputError when it is not a file of this schema."""
    with blaming(file.path), cursor() as own:
        query = f"SELECT key, value FROM parquet_kv_metadata({literal(file.where)})"  # noqa: S608 our own parts
        facts = {bytes(key).decode(): bytes(value).decode() for key, value in own.execute(query).fetchall()}
    file.check()
    check_schema(file.path, facts.get("openoutcry_schema"))
    return {str(name): int(number) for name, number in json.loads(facts.get("rolled", "{}")).items()}


def check_schema(path: Path, written: str | None) -> None:
    """InputError when the version is missing or newer than this program."""
    if written is None:
        raise InputError(f"{path}: it says no version: not a file of the store")
    version = int(written) if written.isdigit() else 0
    if not 1 <= version <= SCHEMA:
        raise InputError(
            f"{path}: its version is {written!r}, this program knows 1..{SCHEMA}: written by a newer openoutcry?"
        )


def read_groups(file: Pinned) -> list[RowGroup]:
    """The file's row groups, in order."""
    query = f"""
        SELECT row_group_id, any_value(row_group_num_rows), min(stats_min_value::BIGINT), max(stats_max_value::BIGINT)
        FROM parquet_metadata({literal(file.where)}) WHERE path_in_schema = 'received'
        GROUP BY row_group_id ORDER BY row_group_id
    """  # noqa: S608 our own parts
    with blaming(file.path), cursor() as own:
        found = own.execute(query).fetchall()
    file.check()
    groups, first_row = [], 0
    for _, rows, first, last in found:
        groups.append(RowGroup(first_row, rows, first, last))
        first_row += rows
    return groups


def write_rows(path: Path, kind: Kind, columns: Columns, rolled: Mapping[str, int]) -> None:
    """Replace the file by these rows, all or nothing.

    OutputError when it cannot be written; the file is then as before. Whoever calls it holds the store's lock.
    """
    import duckdb  # noqa: PLC0415 loaded only by who reads or writes a store

    try:
        make_folders(path.parent)
        for left in path.parent.glob(f".*{TEMPORARY}"):
            left.unlink()
        with replacing(path) as temporary, cursor() as own:
            _copy(own, temporary, kind, columns, rolled)
    except (duckdb.Error, OSError) as error:
        raise OutputError(f"{path}: cannot be written: {reason_of(error)}") from None


def _copy(
    own: "duckdb.DuckDBPyConnection", path: Path, kind: Kind, columns: Columns, rolled: Mapping[str, int]
) -> None:
    rows = {name: np.ascontiguousarray(columns[name]) for name in kind.columns}
    own.register("written_rows", rows)
    cast = ", ".join(f'CAST("{name}" AS {SQL_TYPES[sort]}) AS "{name}"' for name, sort in kind.columns.items())
    facts = f"{{openoutcry_schema: '{SCHEMA}', kind: {literal(kind.name)}, rolled: {literal(json.dumps(rolled))}}}"
    own.execute(
        f"COPY (SELECT {cast} FROM written_rows) TO {literal(str(path))} "  # noqa: S608 our own parts
        f"(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION snappy, ROW_GROUP_SIZE {ROW_GROUP}, KV_METADATA {facts})"
    )
