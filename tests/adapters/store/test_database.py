"""A signal inside a query of the store is a signal, and nobody blames a file for it."""

import os
import signal
from pathlib import Path

import duckdb
import pytest

from adapters.errors import InputError
from adapters.store.database import blaming, cursor

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
LONG = "SELECT count(*) FROM range(10000000) a, range(6) b WHERE hash(a.range * b.range) = 1"
"""Half a second's work, for a signal may be seen only when it is done."""


@pytest.fixture
def signal_soon():
    """SIGALRM, soon, does what Ctrl-C does."""

    def heard(_number, _frame):
        raise KeyboardInterrupt("SIGALRM")

    before = signal.signal(signal.SIGALRM, heard)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("signal_soon")
def test_a_signal_ends_a_query_as_a_signal():
    with pytest.raises(KeyboardInterrupt), blaming(Path("day.parquet")), cursor() as own:
        own.execute(LONG)


def test_nor_is_it_the_file_s_fault_where_duckdb_tells_of_it_in_an_error_of_its_own():
    with pytest.raises(KeyboardInterrupt), blaming(Path("day.parquet")), cursor():
        raise duckdb.Error("Traceback (most recent call last):\n  ...\nKeyboardInterrupt: SIGINT")


def test_what_is_wrong_with_a_file_is_its_fault():
    path = Path("interrupted.parquet")

    with pytest.raises(InputError, match=r"interrupted\.parquet: cannot be read"), blaming(path), cursor() as own:
        own.execute(f"SELECT * FROM read_parquet('{path}')")
