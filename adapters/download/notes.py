"""What was had of one series, page by page: rows on their way to the store, and how far they go, kept as one thing.

A page is kept in the same transaction as the note that it was had: after a crash at any instant either both are there
or neither. Rows wait here until there are enough of them for the store's day files; they are forgotten only after the
store has them, so a crash in between brings them there once more, which the store does not count twice.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeAlias

import numpy as np

from adapters.download.spans import Span, joined, without
from adapters.errors import InputError, OutputError, reason_of

Columns: TypeAlias = "dict[str, np.ndarray[Any, Any]]"
_SCHEMA: Final = 1
_CREATE: Final = """
    CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS had (first INTEGER NOT NULL, last INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS pages
        (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, rows INTEGER NOT NULL, columns TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS days (day INTEGER PRIMARY KEY);
"""
_BATCH_ROWS: Final = 100_000
"""That go to the store at a time, and a page more."""


class Notes:
    """The notes of one series, for one process. InputError when another has them, or they cannot be read.

    OutputError, here and later, when they cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, isolation_level=None, timeout=0)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"{path}: cannot be written: {reason_of(error)}") from None
        try:
            self._open()
        except sqlite3.Error as error:
            self._database.close()
            if "locked" in str(error):
                raise InputError(f"{path}: another download of this series is running") from None
            if "full" in str(error) or "I/O" in str(error):
                raise OutputError(f"{path}: cannot be written: {reason_of(error)}") from None
            raise InputError(f"{path}: these are no notes of a download: {error}") from None
        except InputError:
            self._database.close()
            raise

    def _open(self) -> None:
        self._database.execute("PRAGMA auto_vacuum = FULL")
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("BEGIN EXCLUSIVE")
        for statement in filter(str.strip, _CREATE.split(";")):
            self._database.execute(statement)
        version = self._database.execute("SELECT value FROM facts WHERE name = 'schema'").fetchone()
        if version is None:
            self._database.execute("INSERT INTO facts VALUES ('schema', ?)", (_SCHEMA,))
        self._database.execute("COMMIT")
        if version is not None and version[0] != _SCHEMA:
            raise InputError(f"{self._path}: written by another version ({version[0]}, this program knows {_SCHEMA})")

    @property
    def had(self) -> tuple[Span, ...]:
        """What was had, in order."""
        return joined(self._database.execute("SELECT first, last FROM had").fetchall())

    @property
    def days(self) -> tuple[int, ...]:
        """Days (since 1970, UTC) of which rows were brought to the store."""
        return tuple(day for (day,) in self._database.execute("SELECT day FROM days ORDER BY day"))

    @property
    def waiting(self) -> int:
        """Rows that the store does not have yet."""
        return int(self._database.execute("SELECT coalesce(sum(rows), 0) FROM pages").fetchone()[0])

    def keep(self, span: Span, columns: Mapping[str, Columns]) -> None:
        """A page was had: its rows by kind, and the span that it is all of."""
        with self._as_one():
            for kind, rows in columns.items():
                count = len(rows["received"])
                if count:
                    self._database.execute(
                        "INSERT INTO pages (kind, rows, columns) VALUES (?, ?, ?)", (kind, count, _packed(rows))
                    )
            self._note(joined([*self.had, span]))

    def forget(self, spans: Iterable[Span], days: Iterable[int]) -> None:
        """What was had of these spans is not there any more."""
        with self._as_one():
            self._note(without(self.had, spans))
            self._database.executemany("DELETE FROM days WHERE day = ?", [(day,) for day in days])

    @contextmanager
    def _as_one(self) -> Iterator[None]:
        """All of it or nothing; OutputError when it cannot be written."""
        try:
            self._database.execute("BEGIN")
            yield
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise OutputError(f"{self._path}: cannot be written: {reason_of(error)}") from None
        except BaseException:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise

    def _note(self, had: Iterable[Span]) -> None:
        self._database.execute("DELETE FROM had")
        self._database.executemany("INSERT INTO had VALUES (?, ?)", had)

    def bring(self, write: Callable[[str, Columns], Iterable[int]]) -> None:
        """Give everything that waits to `write(kind, columns)`, which says the days that it went to; then forget it."""
        for kind in [kind for (kind,) in self._database.execute("SELECT DISTINCT kind FROM pages ORDER BY kind")]:
            while self._bring_some(kind, write):
                pass

    def _bring_some(self, kind: str, write: Callable[[str, Columns], Iterable[int]]) -> bool:
        pages: list[Columns] = []
        last, rows = None, 0
        query = "SELECT number, rows, columns FROM pages WHERE kind = ? ORDER BY number"
        for number, count, packed in self._database.execute(query, (kind,)):
            pages.append(_unpacked(packed))
            last, rows = number, rows + count
            if rows >= _BATCH_ROWS:
                break
        if last is None:
            return False
        days = write(kind, {name: np.concatenate([page[name] for page in pages]) for name in pages[0]})
        with self._as_one():
            self._database.executemany("INSERT OR IGNORE INTO days VALUES (?)", [(int(day),) for day in days])
            self._database.execute("DELETE FROM pages WHERE kind = ? AND number <= ?", (kind, last))
        return True

    def close(self) -> None:
        """Let others have them."""
        self._database.close()

    def __enter__(self) -> "Notes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _packed(columns: Columns) -> str:
    """As JSON: floats come back as the same bits (NaN has a name of its own there), and nothing in it can be code."""
    return json.dumps({name: [str(array.dtype), array.tolist()] for name, array in columns.items()})


def _unpacked(packed: str) -> Columns:
    return {name: np.array(values, dtype=dtype) for name, (dtype, values) in json.loads(packed).items()}
