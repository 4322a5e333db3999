"""The formats: a source knows its header, its rows as text with their lines, and how duckdb reads it."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO, TypeAlias

import attrs

from adapters.errors import InputError

if TYPE_CHECKING:
    import duckdb

Row: TypeAlias = tuple[int, list[str]]
"""A line (Parquet: row), counted from 1, and the text of its cells."""

_HEAD_BYTES = 65_536
_DELIMITERS = ",;\t|"


class Source(Protocol):
    """A file that can be read in two ways: as rows of text, slowly, and by duckdb, fast."""

    @property
    def path(self) -> Path:
        """As the user named it."""

    @property
    def header(self) -> tuple[str, ...]:
        """Column names as they stand in the file."""

    @property
    def place(self) -> str:
        """What a row's number counts: `line` or `row`."""

    def rows(self) -> Iterator[Row]:
        """Every row after the header; InputError when the file itself is damaged."""

    def relation(self, numeric: frozenset[int]) -> str | None:
        """SQL that duckdb reads the file with: columns c0, c1, ..., DOUBLE if numeric, else text. None: it cannot."""


def open_source(path: Path, database: "duckdb.DuckDBPyConnection", *, headless: bool = False) -> Source:
    """The source for a file, by its first bytes rather than by its name; InputError says why there is none.

    `headless`: the first line of a text file is a row, and columns are called 1, 2, ...
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if not path.is_file():
        raise InputError(f"{path}: is a folder, not a file")
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if not magic:
        raise InputError(f"{path}: is empty")
    if magic == b"PAR1":
        return _open_parquet(path, database)
    if path.suffix.lower() == ".parquet":
        raise InputError(f"{path}: is not a Parquet file: it does not begin with PAR1")
    if magic.startswith(b"PK"):
        raise InputError(f"{path}: is a zip archive; unpack it, or pack it with gzip")
    return _open_csv(path, zipped=magic.startswith(b"\x1f\x8b"), headless=headless)


@attrs.frozen
class CsvSource:
    """A text file with one row a line, plain or gzipped."""

    path: Path
    header: tuple[str, ...]
    header_line: int
    """0: there is none, and the columns are called 1, 2, ..."""
    delimiter: str
    zipped: bool
    place: str = "line"

    def rows(self) -> Iterator[Row]:
        """Rows with the line each begins on; blank lines are no rows."""
        for line, cells in _csv_rows(self.path, delimiter=self.delimiter, zipped=self.zipped):
            if line > self.header_line:
                yield line, cells

    def relation(self, numeric: frozenset[int]) -> str | None:
        """Explicit types: sniffing would cost time and could change its mind within a file."""
        if self.header_line > 1:
            return None
        header = "true" if self.header_line else "false"
        columns = ", ".join(f"'c{i}': '{'DOUBLE' if i in numeric else 'VARCHAR'}'" for i in range(len(self.header)))
        return (
            f"read_csv({_quoted(self.path)}, auto_detect=false, header={header}, delim='{self.delimiter}', "
            f"quote='\"', escape='\"', compression='{'gzip' if self.zipped else 'none'}', hive_partitioning=false, "
            f"columns={{{columns}}})"
        )


@attrs.frozen
class ParquetSource:
    """A Parquet file; its rows are counted from 1."""

    path: Path
    header: tuple[str, ...]
    database: "duckdb.DuckDBPyConnection"
    place: str = "row"

    def rows(self) -> Iterator[Row]:
        """Rows as text, as duckdb writes it; a missing value is an empty text."""
        cells = ", ".join(f"coalesce(CAST({_name(name)} AS VARCHAR), '')" for name in self.header)
        cursor = self.database.cursor()
        cursor.execute(f"SELECT {cells} FROM {_parquet(self.path)}")  # noqa: S608 names are quoted
        number = 0
        while block := cursor.fetchmany(10_000):
            for row in block:
                number += 1
                yield number, list(row)

    def relation(self, numeric: frozenset[int]) -> str | None:
        """Times become text, so that one road leads from text to time."""
        columns = ", ".join(
            f"TRY_CAST({_name(name)} AS {'DOUBLE' if i in numeric else 'VARCHAR'}) AS c{i}"
            for i, name in enumerate(self.header)
        )
        return f"(SELECT {columns} FROM {_parquet(self.path)})"  # noqa: S608 names are quoted


def _open_parquet(path: Path, database: "duckdb.DuckDBPyConnection") -> ParquetSource:
    import duckdb  # noqa: PLC0415 loaded only by who reads a file

    try:
        described = database.execute(f"DESCRIBE SELECT * FROM {_parquet(path)}").fetchall()  # noqa: S608 quoted
    except duckdb.Error as error:
        raise InputError(f"{path}: is a damaged Parquet file: {str(error).splitlines()[0]}") from error
    return ParquetSource(path, tuple(str(row[0]) for row in described), database)


def _open_csv(path: Path, *, zipped: bool, headless: bool) -> CsvSource:
    head = _head(path, zipped=zipped)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path}: is written in UTF-16; save it as UTF-8")
    if b"\x00" in head:
        raise InputError(f"{path}: is not a text file (nor gzip, nor Parquet)")
    text = head.decode("utf-8-sig", errors="replace")
    first = next((line for line in text.splitlines() if line.strip()), None)
    if first is None:
        raise InputError(f"{path}: is empty")
    delimiter = max(_DELIMITERS, key=first.count)
    for line, cells in _csv_rows(path, delimiter=delimiter, zipped=zipped):
        if headless:
            return CsvSource(path, tuple(str(number) for number in range(1, len(cells) + 1)), 0, delimiter, zipped)
        return CsvSource(path, tuple(cell.strip() for cell in cells), line, delimiter, zipped)
    raise InputError(f"{path}: is empty")


def _head(path: Path, *, zipped: bool) -> bytes:
    try:
        with gzip.open(path) if zipped else path.open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path, error) from error


def _csv_rows(path: Path, *, delimiter: str, zipped: bool) -> Iterator[Row]:
    stream: TextIO
    opened = gzip.open if zipped else open
    line = 0
    with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        try:
            for cells in reader:
                begun, line = line + 1, reader.line_num
                if any(cells) or len(cells) > 1:
                    yield begun, cells
        except csv.Error as error:
            raise InputError(f"{path}: line {line + 1}: cannot be split into columns: {error}") from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: the gzip stream is damaged or cut short: {error}")


def _parquet(path: Path) -> str:
    return f"read_parquet({_quoted(path)}, hive_partitioning=false)"


def _quoted(path: Path) -> str:
    """A path as SQL text, its wildcards taken literally."""
    text = str(path).replace("'", "''")
    return "'" + "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text) + "'"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
