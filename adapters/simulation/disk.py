"""Files as a simulated process has them: real ones, and a word before and after each write, where it may be lost.

What power loss leaves is put there between two lives: as SQLite's WAL with less at its end, or with what is no frame.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from adapters.journal.store import open_to_write

_SILENT = ("BEGIN", "SELECT", "PRAGMA", "CREATE", "ROLLBACK")
_WAL_HEADER, _FRAME_HEADER = 32, 24
_CHECKPOINT = 1_000
"""Frames at which SQLite moves them into the file."""


class OnDisk(Protocol):
    """Who is asked when something is written."""

    def before_write(self, name: str, statement: str) -> None:
        """It is about to be written; raises what befalls it (sqlite3.Error, OSError, or the end of the process)."""

    def after_write(self, name: str, statement: str) -> None:
        """It is committed."""

    def opening(self, name: str) -> None:
        """A file is about to be opened; raises what befalls it."""


Lost: TypeAlias = Callable[[str, "Wal"], bytes]
"""What power loss makes of the write-ahead log of the file of that name."""


class Disk:
    """Opens the files of a run. `die`: what was not committed is gone."""

    def __init__(self, hooks: OnDisk) -> None:
        self._hooks = hooks
        self._open: list[tuple[Path, sqlite3.Connection]] = []
        self._synced: dict[Path, bool] = {}
        """Of each file: whether each of its commits waits for the disk."""

    def file(self, folder: Path, name: str, *, full_sync: bool = False) -> sqlite3.Connection:
        """See Wires."""
        self._hooks.opening(name)
        connection = open_to_write(folder, name, full_sync=full_sync)
        connection.execute("PRAGMA synchronous=OFF")
        self._open.append((folder / name, connection))
        self._synced[folder / name] = full_sync
        return _Watched(connection, name, self._hooks)  # type: ignore[return-value]

    def die(self, lost: Lost | None = None) -> None:
        """Close everything as the kernel does; with `lost`, as when the power fails."""
        wals = {} if lost is None else {path: _wal(path, self._synced[path]) for path, _ in self._open}
        left = {path: (path.read_bytes(), wal) for path, wal in wals.items() if wal is not None}
        for _, connection in self._open:
            connection.close()
        self._open.clear()
        for path, (data, wal) in left.items():
            assert lost is not None
            path.write_bytes(data)
            _beside(path, "-wal").write_bytes(lost(path.name, wal))
            _beside(path, "-shm").unlink(missing_ok=True)

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


class Wal:
    """The write-ahead log of a file: its bytes, and where each of its commits ends.

    `is_synced`: each commit waited for the disk, and what was committed is there whatever happens.
    """

    def __init__(self, data: bytes, *, is_synced: bool = False) -> None:
        self.data, self.is_synced = data, is_synced
        self.page = int.from_bytes(data[8:12], "big")
        salt, at = data[16:24], _WAL_HEADER
        self.commits: list[int] = []
        """Offsets behind the last frame of each transaction, in order."""
        size = _FRAME_HEADER + self.page
        self.frames = 0
        # Frames of an earlier round of the log, behind those of this one, have another salt.
        while at + size <= len(data) and data[at + 8 : at + 16] == salt:
            if data[at + 4 : at + 8] != b"\0\0\0\0":
                self.commits.append(at + size)
            at += size
            self.frames += 1

    @property
    def is_checkpointed(self) -> bool:
        """Whether the file itself may have all of it already."""
        return self.frames >= _CHECKPOINT

    @property
    def end(self) -> int:
        """Where what is valid ends."""
        return self.commits[-1] if self.commits else _WAL_HEADER


def _wal(path: Path, is_synced: bool) -> Wal | None:  # noqa: FBT001 what a file is opened with
    beside = _beside(path, "-wal")
    data = beside.read_bytes() if beside.exists() else b""
    return Wal(data, is_synced=is_synced) if len(data) > _WAL_HEADER else None


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


class _Watched:
    """A connection with a word before what it writes, and after what it commits."""

    def __init__(self, connection: sqlite3.Connection, name: str, hooks: OnDisk) -> None:
        self._connection, self._name, self._hooks = connection, name, hooks

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        if statement.startswith(_SILENT):
            return self._connection.execute(statement, values)
        self._hooks.before_write(self._name, statement)
        cursor = self._connection.execute(statement, values)
        if not self._connection.in_transaction:
            self._hooks.after_write(self._name, statement)
        return cursor

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:
        self._hooks.before_write(self._name, statement)
        return self._connection.executemany(statement, values)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def close(self) -> None:
        self._connection.close()
