"""One series of a store as a run's data: looked through once for what is told of it, then read anew as it is played."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Final

import attrs
import numpy as np

from actors.columns import BarColumns, ChunkedColumns
from adapters.errors import InputError
from adapters.store import SeriesInfo, Store
from adapters.stored.ahead import ahead
from adapters.stored.choosing import found_in, store_at
from adapters.stored.columns import COLUMNS, bar_columns, columns_of
from adapters.stored.scan import Scan, scan
from messages import Symbol, UtcNs, iso_utc, period_name

CHUNK: Final = 250_000
"""Rows at once: of a chunk played and one read ahead some 25 MB."""


@attrs.frozen(kw_only=True)
class StoredSeries:
    """Where a series is, and what of it is wanted."""

    store: Store
    venue: str
    symbol: str
    """As the venue calls it."""
    name: Symbol
    """As the run calls it."""
    kind: str
    """`ticks`, `bars-1m`."""
    period: int | None
    begin: UtcNs | None
    """begin <= t < end, by `received`; bars lie wholly in it."""
    end: UtcNs | None

    @property
    def base(self) -> str:
        """`bars` of `bars-1m`."""
        return self.kind.partition("-")[0]

    def chunks(self) -> Iterator[Any]:
        """Its rows, in the order of `received`."""
        return self.store.chunks(self.venue, self.symbol, self.kind, self.begin, self.end, rows=CHUNK)

    def columns(self) -> Iterator[Any]:
        """The same as columns of a feed, the next of them read ahead."""
        return ahead(columns_of(self.base, self.name, rows) for rows in self.chunks())

    def nothing(self, info: SeriesInfo | None) -> InputError:
        """That the range has nothing of it."""
        there = "" if info is None else f": it goes from {iso_utc(info.first)} to {iso_utc(info.last)}"
        what = f"nothing of {self.kind} of {self.symbol} at {self.venue}"
        return InputError(f"{self.store.root}: {what} lies in the range asked for{there}")


def find_series(path: str, symbol: Symbol, venue: str | None) -> tuple[Store, list[SeriesInfo]]:
    """The store at a path, and all that it has of a symbol; InputError says what it has instead."""
    store = store_at(path)
    return store, found_in(store, symbol, venue)


def stored_columns(series: StoredSeries, told: Decimal | None = None) -> tuple[ChunkedColumns, Scan] | None:
    """The series to be played, and what a look through it has found; None when nothing of it lies in the range."""
    found = scan(series.base, series.name, series.chunks(), told)
    if found is None:
        return None
    columns = ChunkedColumns(
        symbol=series.name,
        of=COLUMNS[series.base],
        read=partial(_read, series),
        rows=found.rows,
        first_ts=found.first_ts,
        last_ts=found.last_ts,
        digest=found.digest,
        is_changes=series.base == "l2",
        ending=found.ending,
    )
    return columns, found


def stored_bars(series: StoredSeries) -> tuple[BarColumns | None, tuple[str, ...]]:
    """All bars of the range in the order of their opens, None when there are none; and what there is to say of them.

    Of a bar that is there twice the one received first counts: a correction that came later is nothing that anybody
    had at its end. Of two received at one time, as downloads are, the one that was written last counts. InputError when
    one begins before another has ended.
    """
    table = series.store.table(series.venue, series.symbol, series.kind, series.begin, series.end)
    opens, closes = table["open_ts"], table["close_ts"]
    # Rows stand in the order received: of bars of one interval the last of those that came first is taken.
    order = np.lexsort((-np.arange(len(opens)), table["received"], opens))
    is_taken = np.append(np.ones(min(len(order), 1), dtype=np.bool_), opens[order][1:] != opens[order][:-1])
    rows_kept = order[is_taken]
    if series.end is not None:
        rows_kept = rows_kept[closes[rows_kept] <= series.end]
    if not len(rows_kept):
        return None, ()
    rows = {name: table[name][rows_kept] for name in table.columns}
    assert series.period is not None
    what = f"{period_name(series.period)} bars of {series.symbol} at {series.venue}"
    overlaps = rows["open_ts"][1:] < rows["close_ts"][:-1]
    if overlaps.any():
        at = iso_utc(int(rows["open_ts"][1:][overlaps][0]))
        raise InputError(f"{series.store.root}: {what}: the one of {at} overlaps the one before it")
    return bar_columns(series.name, series.period, rows), tuple(
        _said(what, rows, series.period, twice=len(order) - int(np.count_nonzero(is_taken)))
    )


def _said(what: str, rows: Any, period: int, *, twice: int) -> Iterator[str]:
    if twice:
        yield f"data: {twice:,} {what} are there more than once; of each the one received first counts"
    late = rows["received"] - rows["close_ts"]
    count = int(np.count_nonzero(late > period))
    if count:
        yield (
            f"data: {count:,} {what} were received more than a period after their end, the latest "
            f"{late.max() / 1e9:,.0f} s after it; bars are heard at their end: earlier than anybody had these"
        )


def _read(series: StoredSeries) -> Iterator[Any]:
    return series.columns()
