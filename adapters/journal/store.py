"""The two files of a run: how they are made and opened, the version of their tables, lives, and facts of the run.

Made with mode 0600 in a folder of 0700, whatever the umask, and never through a link; SQLite gives what it puts beside
them the same mode. Both are in WAL mode: one writes, others may read meanwhile.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import attrs

from adapters.errors import InputError
from adapters.security.private_files import make_private, private_folder
from messages import UtcNs

SCHEMA: Final = 1
ORDERS_FILE: Final = "journal.sqlite"
TRACE_FILE: Final = "trace.sqlite"
_OF_THE_DISK: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)

_META = "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    ORDERS_FILE: (
        "CREATE TABLE IF NOT EXISTS lease (token INTEGER NOT NULL)",
        "CREATE TABLE IF NOT EXISTS beat (number INTEGER NOT NULL, ts INTEGER NOT NULL)",
        "CREATE TABLE IF NOT EXISTS orders (seq INTEGER PRIMARY KEY, life INTEGER NOT NULL, message TEXT NOT NULL,"
        " client_id TEXT NOT NULL, body TEXT NOT NULL, chain BLOB NOT NULL)",
    ),
    TRACE_FILE: (
        "CREATE TABLE IF NOT EXISTS lives (life INTEGER PRIMARY KEY, started INTEGER NOT NULL)",
        "CREATE TABLE IF NOT EXISTS batches (life INTEGER NOT NULL, batch INTEGER NOT NULL, first_id INTEGER NOT NULL,"
        " last_id INTEGER NOT NULL, bulk BLOB NOT NULL, handled BLOB NOT NULL, crc INTEGER NOT NULL,"
        " PRIMARY KEY (life, batch))",
        "CREATE TABLE IF NOT EXISTS facts (life INTEGER NOT NULL, id INTEGER NOT NULL, batch INTEGER NOT NULL,"
        " cause INTEGER NOT NULL, sender TEXT NOT NULL, epoch INTEGER NOT NULL, posted INTEGER NOT NULL,"
        " message TEXT NOT NULL, client_id TEXT NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL,"
        " PRIMARY KEY (life, id)) WITHOUT ROWID",
        "CREATE INDEX IF NOT EXISTS facts_by_message ON facts (message, life, id)",
        "CREATE INDEX IF NOT EXISTS facts_by_batch ON facts (life, batch, id)",
        "CREATE TABLE IF NOT EXISTS given (life INTEGER NOT NULL, address TEXT NOT NULL, messages BLOB NOT NULL,"
        " facts TEXT NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (life, address))",
        "CREATE TABLE IF NOT EXISTS gaps (life INTEGER NOT NULL, batch INTEGER NOT NULL, what TEXT NOT NULL,"
        " count INTEGER NOT NULL)",
    ),
}


class JournalError(Exception):
    """A file of the journal is missing, damaged, changed, or of a newer version: the text names it, and where."""


class DiskError(JournalError):
    """The disk did not take or give it: full, broken, read-only. Nothing is wrong with what is written."""


@attrs.frozen
class Life:
    """One process that ran on a folder."""

    number: int
    started: UtcNs


def open_to_write(folder: Path, name: str, *, full_sync: bool = False) -> sqlite3.Connection:
    """A connection to one of the files, made if it is not there; JournalError when it is not ours to write.

    Every statement commits by itself unless a transaction is begun. With `full_sync` a commit waits for the disk, so
    that it survives a loss of power; without, it survives the end of the process, however that comes.
    """
    path = folder / name
    _make(path)
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    except sqlite3.Error as error:
        raise JournalError(f"{path}: cannot be opened: {error}") from error
    with _kept_open(connection, path):
        # Before anything is changed: a newer version's file stays as it is.
        _check_schema(connection, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if full_sync else 'NORMAL'}")
        with transaction(connection):
            for table in (_META, *_TABLES[name]):
                connection.execute(table)
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
    return connection


def open_to_read(folder: Path, name: str) -> sqlite3.Connection:
    """A connection that changes nothing; JournalError when there is no such file, or it is of a newer version."""
    path = folder / name
    if not path.is_file():
        raise JournalError(f"{path}: there is no such file: not a run's folder, or nothing was journalled")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)
    except sqlite3.Error as error:
        raise JournalError(f"{path}: cannot be opened: {error}") from error
    with _kept_open(connection, path):
        _check_schema(connection, path, must=True)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; the writer's place is taken at once."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """What SQLite finds wrong with a file is a JournalError that names it; a DiskError where it is the disk's fault."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        raise (DiskError if code in _OF_THE_DISK else JournalError)(f"{path}: {error}") from error


def begin_life(folder: Path, *, started: UtcNs) -> int:
    """The number of the life that begins: one more than any that either file knows."""
    with closing(open_to_write(folder, ORDERS_FILE)) as orders, naming(folder / ORDERS_FILE):
        (journalled,) = orders.execute("SELECT coalesce(max(life), 0) FROM orders").fetchone()
    with closing(open_to_write(folder, TRACE_FILE)) as trace, naming(folder / TRACE_FILE), transaction(trace):
        (traced,) = trace.execute("SELECT coalesce(max(life), 0) FROM lives").fetchone()
        life = int(max(journalled, traced)) + 1
        trace.execute("INSERT INTO lives VALUES (?, ?)", (life, started))
    return life


def lives(folder: Path) -> tuple[Life, ...]:
    """All lives of a folder, in order; JournalError when it has no trace."""
    with closing(open_to_read(folder, TRACE_FILE)) as trace, naming(folder / TRACE_FILE):
        return tuple(Life(*row) for row in trace.execute("SELECT life, started FROM lives ORDER BY life"))


def chosen_life(known: tuple[Life, ...], number: int | None, folder: Path) -> Life:
    """The life of that number, or the last; JournalError when there is none."""
    if not known:
        raise JournalError(f"{folder}: no life of the run was written down")
    if number is None:
        return known[-1]
    for each in known:
        if each.number == number:
            return each
    raise JournalError(f"{folder}: there is no life {number}: it has {', '.join(str(each.number) for each in known)}")


def is_begun(folder: Path) -> bool:
    """Whether a life was ever begun here. One that was killed while its journal was made left an empty file.

    Where there is a trace an empty journal is no beginning, but a loss: who reads it then finds out.
    """
    path = folder / ORDERS_FILE
    if not path.is_file() or (folder / TRACE_FILE).exists():
        return path.is_file()
    with naming(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)) as orders:
        return orders.execute("SELECT 1 FROM sqlite_master").fetchone() is not None


def write_meta(folder: Path, facts: Mapping[str, Any]) -> None:
    """Keep facts of the run (texts, numbers, lists, mappings) by name; those of the same name are replaced.

    ValueError for the name `schema`.
    """
    if "schema" in facts:
        raise ValueError("the name schema is the journal's own")
    rows = [(key, json.dumps(value, allow_nan=False)) for key, value in facts.items()]
    with closing(open_to_write(folder, ORDERS_FILE)) as orders, naming(folder / ORDERS_FILE), transaction(orders):
        orders.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


def read_meta(folder: Path) -> dict[str, Any]:
    """The facts of the run; JournalError when there is no journal."""
    with closing(open_to_read(folder, ORDERS_FILE)) as orders, naming(folder / ORDERS_FILE):
        return {
            key: json.loads(value) for key, value in orders.execute("SELECT key, value FROM meta") if key != "schema"
        }


@contextmanager
def _kept_open(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """The connection outlives this, unless it fails."""
    try:
        with naming(path):
            yield
    except BaseException:
        connection.close()
        raise


def _make(path: Path) -> None:
    try:
        private_folder(path.parent)
        make_private(path)
    except InputError as error:
        raise JournalError(str(error)) from error
    except OSError as error:
        raise DiskError(f"{path}: cannot be written: {error.strerror or error}") from error


def _check_schema(connection: sqlite3.Connection, path: Path, *, must: bool = False) -> None:
    """That this program knows the file's version. One that is being made has none yet, which may not be (`must`)."""
    row = None
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if row is None:
        if must:
            raise JournalError(f"{path}: it says no version: not a journal")
        return
    version = int(row[0]) if str(row[0]).isdigit() else 0
    if not 1 <= version <= SCHEMA:
        raise JournalError(
            f"{path}: its version is {row[0]!r}, this program knows 1..{SCHEMA}: written by a newer openoutcry"
        )
