"""A series of a store in one file, for other programs, or to be imported elsewhere: what comes back is equal."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from adapters.data.native import TIMES
from adapters.data.rows import temporary_database
from adapters.durable import replacing
from adapters.errors import InputError, OutputError, reason_of
from adapters.store.database import literal
from adapters.store.kinds import Kind, kind_named
from adapters.store.parquet import SQL_TYPES
from messages import UtcNs

if TYPE_CHECKING:
    from adapters.store import SeriesInfo, Store

FORMATS: Final = ("csv", "parquet")
_ROWS: Final = 500_000


@attrs.frozen(kw_only=True)
class Exported:
    """What was written."""

    path: Path
    rows: int
    bytes: int


def export(
    store: "Store",
    series: "SeriesInfo",
    path: Path,
    *,
    file_format: str,
    start: UtcNs | None,
    end: UtcNs | None,
    progress: Callable[[str, int, int], None],
) -> Exported:
    """Write the rows of a range into one file, which appears when it is whole.

    CSV: each time twice, as ISO 8601 and as ns in a column `..._ns`; packed when its name ends in .gz. Parquet: the
    store's own columns. InputError when nothing lies in the range; OutputError when the file cannot be written.
    """
    import duckdb  # noqa: PLC0415 loaded only by who reads a store

    kind = kind_named(series.kind)
    rows = 0
    with temporary_database() as database:
        columns = ", ".join(f'"{name}" {SQL_TYPES[sort]}' for name, sort in kind.columns.items())
        database.execute(f"CREATE TABLE rows ({columns})")
        cast = ", ".join(f'CAST("{name}" AS {SQL_TYPES[sort]})' for name, sort in kind.columns.items())
        for chunk in store.chunks(series.venue, series.symbol, series.kind, start, end, _ROWS):
            database.register("chunk", {name: chunk[name] for name in kind.columns})
            database.execute(f"INSERT INTO rows SELECT {cast} FROM chunk")  # noqa: S608 our own names
            database.unregister("chunk")
            rows += len(chunk["received"])
            progress(path.name, rows, series.rows)
        if not rows:
            raise InputError(f"{series.venue} {series.symbol} {series.kind}: no row lies in the range asked for")
        try:
            with replacing(path) as temporary:
                database.execute(_copy(kind, temporary, file_format, packed=path.suffix == ".gz"))
        except (duckdb.Error, OSError) as error:
            raise OutputError(f"{path}: cannot be written: {reason_of(error)}") from error
    return Exported(path=path, rows=rows, bytes=path.stat().st_size)


def format_of(path: Path, told: str | None) -> str:
    """csv or parquet: as told, else by the file's name, csv for one without an ending; InputError for anything else."""
    if told is None:
        name = path.name.lower()
        if path.suffix and not name.endswith((".parquet", ".csv", ".csv.gz")):
            raise InputError(f"{path}: the name ends in none of .csv, .csv.gz, .parquet; say --format csv or parquet")
        return "parquet" if name.endswith(".parquet") else "csv"
    if told not in FORMATS:
        raise InputError(f"format {told!r} must be csv or parquet")
    return told


def _copy(kind: Kind, path: Path, file_format: str, *, packed: bool) -> str:
    target = literal(str(path))
    if file_format == "parquet":
        selected = ", ".join(
            _or_null(name) if sort == "float64" else f'"{name}"' for name, sort in kind.columns.items()
        )
        return f"COPY (SELECT {selected} FROM rows) TO {target} (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608 ours
    selected = ", ".join(_csv(name, sort) for name, sort in kind.columns.items())
    compression = "gzip" if packed else "none"
    return f"COPY (SELECT {selected} FROM rows) TO {target} (FORMAT csv, HEADER, COMPRESSION {compression})"  # noqa: S608 ours


def _csv(name: str, sort: str) -> str:
    if name in TIMES:
        # As many decimals as are needed; a time that is not known (-1) is an empty text.
        text = f"strftime(make_timestamp_ns(\"{name}\"), '%Y-%m-%dT%H:%M:%S.%n')"
        text = f"CASE WHEN \"{name}\" >= 0 THEN rtrim(rtrim({text}, '0'), '.') || 'Z' END"
        return f'{text} AS "{name}", "{name}" AS "{name}_ns"'
    return _or_null(name) if sort == "float64" else f'"{name}"'


def _or_null(name: str) -> str:
    """A number that is not known is empty."""
    return f'CASE WHEN isnan("{name}") THEN NULL ELSE "{name}" END AS "{name}"'
