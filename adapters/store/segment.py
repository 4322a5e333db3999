"""The live segment: what has been recorded since the last rolling, in one SQLite file in WAL mode.

A batch is one transaction and has a number; it holds one packed piece for each series and UTC day in it. Pieces are
only ever added, so a reader that knows their row ids reads the same thing later. Who writes a segment holds its lock;
one whose lock nobody holds is closed, and will be rolled.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np

from actors.columns import Ints
from adapters.errors import InputError
from adapters.store.kinds import SCHEMA, Kind
from adapters.store.packing import Packed, unpack
from adapters.store.rows import Columns

_APPLICATION_ID: Final = 0x6F6F6C73
_READ_AT_ONCE: Final = 500
BUSY_S: Final = 5.0
TABLES: Final = f"""
    PRAGMA application_id = {_APPLICATION_ID};
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE series (id INTEGER PRIMARY KEY, venue TEXT NOT NULL, symbol TEXT NOT NULL, kind TEXT NOT NULL,
                         UNIQUE (venue, symbol, kind));
    CREATE TABLE pieces (id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, series INTEGER NOT NULL, day INTEGER NOT NULL,
                         first INTEGER NOT NULL, last INTEGER NOT NULL, rows INTEGER NOT NULL, size INTEGER NOT NULL,
                         records BLOB NOT NULL, texts TEXT NOT NULL, checksum INTEGER NOT NULL);
    CREATE INDEX pieces_of_series ON pieces (series, batch, day, first, last, rows, size);
    INSERT INTO meta VALUES ('schema', '{SCHEMA}');
"""  # noqa: S608 our own parts


@attrs.frozen
class Series:
    """One kind of rows of one symbol at one venue."""

    venue: str
    symbol: str
    kind: Kind


@attrs.frozen(eq=False)
class Pieces:
    """Where the rows of one series are in a segment: a row for each batch and day in it, as they were written.

    A busy day has hundreds of thousands of them, so that they stand in columns.
    """

    id: Ints
    batch: Ints
    day: Ints
    first: Ints
    """The least `received` in it."""
    last: Ints
    rows: Ints
    size: Ints
    """Bytes of its records and texts."""

    def __len__(self) -> int:
        return len(self.id)

    def only(self, which: Any) -> "Pieces":
        """Some of them: a slice, or a mask."""
        return Pieces(*(getattr(self, field.name)[which] for field in attrs.fields(Pieces)))

    def after(self, batch_of_day: Mapping[int, int]) -> "Pieces":
        """Those of later batches than a day's own; of a day that is not named, all."""
        newer = np.ones(len(self), dtype=np.bool_)
        for day, batch in batch_of_day.items():
            newer &= (self.day != day) | (self.batch > batch)
        return self.only(newer)

    def days(self) -> list[int]:
        """The days that they are of, in order."""
        return [int(day) for day in np.unique(self.day)]


class SegmentReader:
    """A segment, open for reading. InputError names the file when it is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem
        """What Parquet files remember it by."""
        self._connection = _opened(path)
        try:
            with _naming(path):
                self._check()
        except BaseException:
            self._connection.close()
            raise

    def series(self) -> list[tuple[str, str, str]]:
        """(venue, symbol, name of the kind) of all that is in it."""
        with _naming(self.path):
            return self._connection.execute("SELECT venue, symbol, kind FROM series ORDER BY 1, 2, 3").fetchall()

    def pieces(self, series: Series) -> Pieces:
        """Where the rows of a series are."""
        query = """
            SELECT pieces.id, batch, day, first, last, rows, size FROM pieces JOIN series ON series.id = series
            WHERE venue = ? AND symbol = ? AND kind = ? ORDER BY batch, pieces.id
        """
        with _naming(self.path):
            rows = self._connection.execute(query, (series.venue, series.symbol, series.kind.name))
            cells = np.fromiter((cell for row in rows for cell in row), dtype=np.int64)
        return Pieces(*cells.reshape(-1, len(attrs.fields(Pieces))).T)

    def rows(self, kind: Kind, pieces: Pieces) -> Columns:
        """The rows of some pieces, in the pieces' order."""
        packed: list[Packed] = []
        for first in range(0, len(pieces), _READ_AT_ONCE):
            some = pieces.id[first : first + _READ_AT_ONCE].tolist()
            marks = ",".join("?" * len(some))
            query = (
                "SELECT id, batch, series, day, first, last, rows, records, texts, checksum "  # noqa: S608 marks only
                f"FROM pieces WHERE id IN ({marks})"
            )
            with _naming(self.path):
                found = {row[0]: row[1:] for row in self._connection.execute(query, some)}
            packed += [self._checked(found.get(number)) for number in some]
        try:
            return unpack(kind, packed)
        except (ValueError, TypeError) as error:
            raise InputError(f"{self.path}: damaged: {error}") from None

    def close(self) -> None:
        """Forget the file."""
        self._connection.close()

    def _checked(self, row: tuple[Any, ...] | None) -> Packed:
        if row is not None:
            *span, records, texts, checksum = row
            packed = Packed(span[-1], records, texts)
            if packed.checksum(*span) == checksum:
                return packed
            raise InputError(f"{self.path}: damaged: batch {span[0]} does not have its checksum")
        raise InputError(f"{self.path}: damaged: a batch is missing")

    def _check(self) -> None:
        connection = self._connection
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            # Its writer was killed before the first transaction.
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                connection.close()
                self._connection = sqlite3.connect(":memory:")
                self._connection.executescript(TABLES)
                return
            raise InputError(f"{self.path}: not a live segment")
        row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        version = int(row[0]) if row and str(row[0]).isdigit() else 0
        if not 1 <= version <= SCHEMA:
            raise InputError(
                f"{self.path}: its version is {row and row[0]!r}, this program knows 1..{SCHEMA}: "
                "written by a newer openoutcry?"
            )


def lock_path(segment: Path) -> Path:
    """The lock of a segment: held for as long as it is written."""
    return segment.with_suffix(".lock")


def segment_paths(live: Path) -> list[Path]:
    """The segments there are, oldest first."""
    return sorted(live.glob("*.sqlite")) if live.is_dir() else []


def open_readers(live: Path) -> list[SegmentReader]:
    """All segments. One that is rolled and removed meanwhile is left out: its rows are in Parquet by then."""
    readers: list[SegmentReader] = []
    try:
        for path in segment_paths(live):
            with suppress(FileNotFoundError):
                readers.append(SegmentReader(path))
    except BaseException:
        for reader in readers:
            reader.close()
        raise
    return readers


def remove(path: Path) -> None:
    """Remove a segment that is rolled. The database goes first: what is left of it then is nothing that is read."""
    for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"), lock_path(path)):
        # Where a file that is being read cannot be removed, the next rolling does it.
        with suppress(FileNotFoundError, PermissionError):
            each.unlink()


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise FileNotFoundError(str(path))
    try:
        return _connected(path, "mode=ro")
    except sqlite3.Error as error:
        if not path.exists():
            raise FileNotFoundError(str(path)) from None
        if not path.with_name(path.name + "-wal").exists():
            # Nobody writes it. In a folder that cannot be written SQLite needs to be told that.
            with suppress(sqlite3.Error):
                return _connected(path, "mode=ro&immutable=1")
        raise InputError(f"{path}: cannot be read as a live segment: {error}") from None


def _connected(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=BUSY_S, isolation_level=None,
                                 check_same_thread=False)  # fmt: skip
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise InputError(f"{path}: damaged: {error}") from None
