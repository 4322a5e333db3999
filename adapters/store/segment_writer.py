"""A live segment's one writer: it makes the file, holds its lock, and adds batches until its day is over."""

import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import attrs

from adapters.security.lock import FileLock
from adapters.store.names import day_name, day_of
from adapters.store.packing import Packed
from adapters.store.segment import BUSY_S, TABLES, Series, lock_path


@attrs.frozen
class NewPiece:
    """Rows of one series and day, to be written; `first` and `last` are the least and the greatest `received`."""

    series: Series
    day: int
    first: int
    last: int
    packed: Packed


class SegmentWriter:
    """A new segment, open for writing until `close`. InputError when it cannot be made; sqlite3.Error from `write`."""

    def __init__(self, live: Path, *, started: int, busy_s: float = BUSY_S) -> None:
        live.mkdir(parents=True, exist_ok=True)
        self.day = day_of(started)
        # No two segments ever have one name: files remember by it what is in them.
        self.path = live / f"{day_name(self.day)}-{time.time_ns():x}-{os.urandom(4).hex()}.sqlite"
        self._lock = FileLock(lock_path(self.path), f"the live segment {self.path}", live)
        self._lock.acquire()
        try:
            self._connection = _made(self.path, busy_s)
        except BaseException:
            self._lock.release()
            with suppress(OSError):
                lock_path(self.path).unlink()
            raise
        self._series: dict[Series, int] = {}
        self._batch = 0
        self._is_unsure = False

    def write(self, pieces: Iterable[NewPiece]) -> int:
        """Write one batch, all or nothing; returns its number. sqlite3.Error or OSError when it fails.

        After a failure the same batch must be given again first: its commit may have been done all the same.
        """
        if not self.path.exists():
            raise FileNotFoundError(f"{self.path}: somebody has removed it")
        number = self._batch + 1
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        known = dict(self._series)
        try:
            if self._is_unsure and connection.execute("SELECT 1 FROM pieces WHERE batch = ?", (number,)).fetchone():
                pieces = ()
            self._is_unsure = True
            for piece in pieces:
                series = known.get(piece.series)
                if series is None:
                    series = known[piece.series] = self._series_id(piece.series)
                packed = piece.packed
                span = (number, series, piece.day, piece.first, piece.last, packed.rows)
                connection.execute(
                    "INSERT INTO pieces (batch, series, day, first, last, rows, size, records, texts, checksum) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*span, packed.size, packed.records, packed.texts, packed.checksum(*span)),
                )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._series, self._batch, self._is_unsure = known, number, False
        return number

    def close(self) -> None:
        """Leave the segment to be rolled."""
        self._connection.close()
        self._lock.release()

    def _series_id(self, series: Series) -> int:
        key = (series.venue, series.symbol, series.kind.name)
        self._connection.execute("INSERT OR IGNORE INTO series (venue, symbol, kind) VALUES (?, ?, ?)", key)
        (found,) = self._connection.execute(
            "SELECT id FROM series WHERE venue = ? AND symbol = ? AND kind = ?", key
        ).fetchone()
        return int(found)


def _made(path: Path, busy_s: float) -> sqlite3.Connection:
    # An actor's incarnations live on threads of their own; one at a time has the connection.
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(f"BEGIN; {TABLES} COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection
