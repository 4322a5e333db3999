"""What reading gives: read-only numpy columns, and from there to pandas or polars where those are installed."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters.errors import InputError
from adapters.store.kinds import Kind
from adapters.store.rows import Columns, messages_of
from messages import Message, Symbol


class Table:
    """Rows of one series, in the order of `received`.

        table["price"].mean()

    Times are UTC ns (int64), prices and sizes float64; what is unknown is NaN, an unknown count or time -1.
    """

    def __init__(self, kind: Kind, symbol: Symbol, columns: Columns) -> None:
        self.kind, self.symbol = kind, symbol
        self._columns = {name: _read_only(columns[name]) for name in kind.columns}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the kind's order."""
        return tuple(self._columns)

    def __getitem__(self, name: str) -> "np.ndarray[Any, Any]":
        try:
            return self._columns[name]
        except KeyError:
            raise InputError(f"{self.kind} have no column {name!r}; they have {', '.join(self._columns)}") from None

    def __len__(self) -> int:
        return len(self._columns["received"])

    def __repr__(self) -> str:
        return f"Table({self.kind} of {self.symbol}: {len(self)} rows of {', '.join(self._columns)})"

    def messages(self) -> Iterator[Message]:
        """The rows as the messages they were."""
        return messages_of(self.kind, self.symbol, self._columns)

    def to_pandas(self) -> Any:
        """A pandas DataFrame; times become UTC timestamps. InputError when pandas is not installed."""
        try:
            import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 not everybody has it
        except ImportError:
            raise _missing("pandas") from None
        return pandas.DataFrame(
            {
                name: pandas.to_datetime(column, unit="ns", utc=True) if _is_time(name) else column
                for name, column in self._columns.items()
            }
        )

    def to_polars(self) -> Any:
        """A polars DataFrame; times become UTC timestamps. InputError when polars is not installed."""
        try:
            import polars  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 as above
        except ImportError:
            raise _missing("polars") from None
        times = [
            polars.from_epoch(polars.col(name), time_unit="ns").dt.replace_time_zone("UTC")
            for name in self._columns
            if _is_time(name)
        ]
        return polars.DataFrame({name: _plain(column) for name, column in self._columns.items()}).with_columns(times)


def _is_time(name: str) -> bool:
    return name in ("received", "ts", "open_ts", "close_ts")


def _plain(column: "np.ndarray[Any, Any]") -> Any:
    return column.tolist() if column.dtype == object else column


def _read_only(array: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    view = array.view()
    view.flags.writeable = False
    return view


def _missing(name: str) -> InputError:
    return InputError(f"{name} is not installed: pip install {name}")
