"""A journal that is being made is no damaged one, and a disk that takes nothing is not the file's fault."""

import sqlite3

import pytest

from adapters.journal import JournalError, begin_life, is_begun
from adapters.journal.store import ORDERS_FILE, DiskError, naming


def test_an_empty_journal_is_the_beginning_of_one_and_without_any_there_is_none(tmp_path):
    nothing = is_begun(tmp_path)
    (tmp_path / ORDERS_FILE).touch(mode=0o600)
    empty = is_begun(tmp_path)
    begin_life(tmp_path, started=1)

    assert (nothing, empty, is_begun(tmp_path)) == (False, False, True)


def test_an_empty_journal_beside_a_trace_has_lost_something(tmp_path):
    begin_life(tmp_path, started=1)
    for name in (ORDERS_FILE, f"{ORDERS_FILE}-wal", f"{ORDERS_FILE}-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / ORDERS_FILE).touch(mode=0o600)

    assert is_begun(tmp_path)


def test_a_file_of_something_else_is_named(tmp_path):
    (tmp_path / ORDERS_FILE).write_text("not a database, but long enough to be looked at as if it were one\n" * 99)

    with pytest.raises(JournalError, match=ORDERS_FILE):
        is_begun(tmp_path)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, DiskError),
        (sqlite3.SQLITE_IOERR_WRITE, DiskError),
        (sqlite3.SQLITE_READONLY, DiskError),
        (sqlite3.SQLITE_CORRUPT, JournalError),
        (sqlite3.SQLITE_BUSY, JournalError),
    ],
)
def test_what_went_wrong_is_told_by_blame(tmp_path, code, kind):
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code

    with pytest.raises(JournalError, match="what SQLite says") as told, naming(tmp_path / ORDERS_FILE):
        raise error

    assert type(told.value) is kind
