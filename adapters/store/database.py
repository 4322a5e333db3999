"""The one way to duckdb: a database in memory that reads and writes Parquet files and never goes to a network."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.errors import InputError, tells_of_a_signal

if TYPE_CHECKING:
    import duckdb

_SETTINGS: Final = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
_making = threading.Lock()
_database: "list[duckdb.DuckDBPyConnection]" = []


@contextmanager
def cursor() -> "Iterator[duckdb.DuckDBPyConnection]":
    """A connection of one's own to the process's database, for one use and one thread.

    A signal that falls into a query is KeyboardInterrupt, as anywhere: whoever looks into damaged files one by one,
    or tries again, does not take it for what duckdb makes of it.
    """
    import duckdb  # noqa: PLC0415 loaded only by who reads or writes a store

    with _making:
        if not _database:
            _database.append(duckdb.connect(":memory:", config=dict(_SETTINGS)))
        own = _database[0].cursor()
    try:
        yield own
    except Exception as error:
        if tells_of_a_signal(error):
            raise KeyboardInterrupt from error
        raise
    finally:
        own.close()


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def listed(paths: list[str]) -> str:
    """Texts as a list in SQL."""
    return "[" + ", ".join(map(literal, paths)) + "]"


def fetched(own: "duckdb.DuckDBPyConnection", query: str) -> "dict[str, np.ndarray[Any, Any]]":
    """The columns that a query gives; what is null is NaN in a column of floats."""
    columns: Mapping[str, Any] = own.execute(query).fetchnumpy()
    return {name: _filled(name, array) for name, array in columns.items()}


def _filled(name: str, array: Any) -> "np.ndarray[Any, Any]":
    if not isinstance(array, np.ma.MaskedArray):
        return np.asarray(array)
    if array.dtype.kind == "f":
        return array.filled(np.nan)
    if np.ma.getmaskarray(array).any():
        raise ValueError(f"column {name} lacks values")
    return np.asarray(array.data)


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """What duckdb finds wrong with a file is an InputError that names it."""
    import duckdb  # noqa: PLC0415 as above

    try:
        yield
    except FileNotFoundError:
        raise
    except (duckdb.Error, ValueError) as error:
        reason = str(error).partition("\n")[0].partition("LINE 1")[0].strip()
        raise InputError(f"{path}: cannot be read as a file of the store: {reason}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
