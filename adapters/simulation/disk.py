"""Files as a simulated process has them: real ones, and a word before and after each write, where it may be lost."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from adapters.journal.store import open_to_write


class OnDisk(Protocol):
    """Who is asked when something is written."""

    def before_write(self, name: str, statement: str) -> None:
        """It is about to be written; raises what befalls it (sqlite3.Error, OSError, or the end of the process)."""

    def after_write(self, name: str, statement: str) -> None:
        """It is in the file."""


class Disk:
    """Opens the files of a run. `die`: what was not committed is gone."""

    def __init__(self, hooks: OnDisk) -> None:
        self._hooks = hooks
        self._open: list[sqlite3.Connection] = []

    def file(self, folder: Path, name: str, *, full_sync: bool = False) -> sqlite3.Connection:
        """See Wires."""
        connection = open_to_write(folder, name, full_sync=full_sync)
        connection.execute("PRAGMA synchronous=OFF")
        self._open.append(connection)
        return _Watched(connection, name, self._hooks)  # type: ignore[return-value]

    def die(self) -> None:
        """Close everything as the kernel does."""
        for connection in self._open:
            connection.close()
        self._open.clear()

    @staticmethod
    def change(folder: Path, name: str, statement: str, values: tuple[Any, ...] = ()) -> None:
        """Somebody else changes a file, while no process has it."""
        with closing(sqlite3.connect(folder / name)) as connection, connection:
            connection.execute(statement, values)

    @staticmethod
    def look(folder: Path, name: str, statement: str) -> list[tuple[Any, ...]]:
        """Somebody else reads one."""
        with closing(sqlite3.connect(folder / name)) as connection:
            return connection.execute(statement).fetchall()


class _Watched:
    """A connection with a word before and after what it commits."""

    def __init__(self, connection: sqlite3.Connection, name: str, hooks: OnDisk) -> None:
        self._connection, self._name, self._hooks = connection, name, hooks

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        if statement.startswith(("BEGIN", "SELECT", "PRAGMA", "CREATE")) or (
            self._connection.in_transaction and statement != "COMMIT"
        ):
            return self._connection.execute(statement, values)
        self._hooks.before_write(self._name, statement)
        cursor = self._connection.execute(statement, values)
        self._hooks.after_write(self._name, statement)
        return cursor

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:
        return self._connection.executemany(statement, values)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def close(self) -> None:
        self._connection.close()
