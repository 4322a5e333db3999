"""The store as one object: what the market said, by venue, symbol, kind and time.

Store("data").ticks("bitmex", "XBTUSD", "2026-01-01", "2026-02-01")["price"]
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from adapters.errors import InputError
from adapters.store.kinds import KindName, kind_named, periodic
from adapters.store.listing import SeriesInfo, list_series
from adapters.store.merging import appended, renumbered
from adapters.store.names import EXTERNAL, SPREADS, check_venue, day_number, folder_of, moment_of
from adapters.store.reading import Range, sources_of
from adapters.store.rolling import Rolled, roll_segments
from adapters.store.rows import Columns, empty_columns
from adapters.store.segment import Series
from adapters.store.streams import in_chunks, merged_pieces
from adapters.store.table import Table
from adapters.store.writing import Written, write_columns, writing
from messages import Period, Symbol, UtcNs

Moment: TypeAlias = UtcNs | str | datetime | None
"""ns since 1970 UTC, an ISO 8601 text, a datetime (UTC where it says no zone), or None: no bound."""


class Store:
    """A folder of market data: Parquet days and today's live segments, read as one.

    Reading makes no folder, and needs no right to write; a range is start <= t < end by `received`, of bars and flows
    by `open_ts`. A series that is not there has no rows. Any number of readers, in any process, may read while one
    writes. InputError for bad names and times, and for a damaged file, which it names.
    """

    def __init__(self, root: str | os.PathLike[str] = "data") -> None:
        self.root = Path(root)
        if self.root.exists() and not self.root.is_dir():
            raise InputError(f"{self.root}: a store is a folder, and this is none")
        if set("*?[") & set(str(self.root)):
            raise InputError(f"{self.root}: a store's path must be without *, ? and [")

    def bars(self, venue: str, symbol: Symbol, period: Period | str, start: Moment = None, end: Moment = None) -> Table:
        """Bars of one length (`1m`, or ns) that open in the range."""
        return self.table(venue, symbol, periodic("bars", period), start, end)

    def ticks(self, venue: str, symbol: Symbol, start: Moment = None, end: Moment = None) -> Table:
        """Single trades."""
        return self.table(venue, symbol, "ticks", start, end)

    def quotes(self, venue: str, symbol: Symbol, start: Moment = None, end: Moment = None) -> Table:
        """Best bids and asks."""
        return self.table(venue, symbol, "quotes", start, end)

    def books(self, venue: str, symbol: Symbol, start: Moment = None, end: Moment = None) -> Table:
        """The book's best levels: a row for each level, `part` tells which rows are one book."""
        return self.table(venue, symbol, "books", start, end)

    def l2(self, venue: str, symbol: Symbol, start: Moment = None, end: Moment = None) -> Table:
        """Changes of the whole book: a row for each level, `part` tells which rows are one change."""
        return self.table(venue, symbol, "l2", start, end)

    def funding(self, venue: str, symbol: Symbol, start: Moment = None, end: Moment = None) -> Table:
        """Funding rates."""
        return self.table(venue, symbol, "funding", start, end)

    def marks(self, venue: str, symbol: Symbol, start: Moment = None, end: Moment = None) -> Table:
        """The venue's fair prices."""
        return self.table(venue, symbol, "marks", start, end)

    def index(self, venue: str, symbol: Symbol, start: Moment = None, end: Moment = None) -> Table:
        """Prices of what the contract follows."""
        return self.table(venue, symbol, "index", start, end)

    def liquidations(self, venue: str, symbol: Symbol, start: Moment = None, end: Moment = None) -> Table:
        """Orders with which the venue closes positions."""
        return self.table(venue, symbol, "liquidations", start, end)

    def events(self, source: str, start: Moment = None, end: Moment = None) -> Table:
        """What one source beside the market said."""
        return self.table(EXTERNAL, source, "events", start, end)

    def quarantine(self, venue: str, symbol: Symbol, start: Moment = None, end: Moment = None) -> Table:
        """What was set aside, and why."""
        return self.table(venue, symbol, "quarantine", start, end)

    def flow(self, venue: str, symbol: Symbol, period: Period | str, start: Moment = None, end: Moment = None) -> Table:
        """What buyers took and sellers hit in each interval of one length that opens in the range."""
        return self.table(venue, symbol, periodic("flow", period), start, end)

    def spreads(self, name: str, start: Moment = None, end: Moment = None) -> Table:
        """Samples of a pair of markets."""
        return self.table(SPREADS, name, "spreads", start, end)

    def table(  # noqa: PLR0917 - the series, the range, and then what of it
        self,
        venue: str,
        symbol: Symbol,
        kind: KindName,
        start: Moment = None,
        end: Moment = None,
        columns: Iterable[str] | None = None,
    ) -> Table:
        """Rows of any kind; `columns`: these and those that order them, which is faster than all."""
        series, wanted = self._series(venue, symbol, kind, columns), _range(start, end)
        with ExitStack() as until:
            sources = sources_of(self.root, series, wanted, rows=None, until=until)
            pieces = [piece for piece in merged_pieces(series.kind, sources) if len(piece["received"])]
        if not pieces:
            return Table(series.kind, symbol, empty_columns(series.kind))
        found = renumbered(series.kind, pieces[0]) if len(pieces) == 1 else appended(series.kind, pieces)
        return Table(series.kind, symbol, found)

    def chunks(  # noqa: PLR0917 - as above, and how much at once
        self,
        venue: str,
        symbol: Symbol,
        kind: KindName,
        start: Moment = None,
        end: Moment = None,
        rows: int = 1_000_000,
        columns: Iterable[str] | None = None,
    ) -> Iterator[Columns]:
        """The same rows in the order of `received`, at most so many at once, with the memory of about one chunk.

        What is there when this begins is given, to the last row, whoever writes or rolls meanwhile. No message of
        several rows is cut: one that is longer than `rows` is a chunk of its own. `columns` as of `table`.
        """
        if rows < 1:
            raise InputError(f"rows must be at least 1, not {rows}")
        return self._chunks(self._series(venue, symbol, kind, columns), _range(start, end), rows)

    def write(
        self, venue: str, symbol: Symbol, kind: KindName, columns: Mapping[str, Any], *, replace: bool = False
    ) -> Written:
        """Add rows to the Parquet days they belong to, each day's file replaced in one step.

        Rows that are equal in every column to rows that are there are not added again; several equal ones in what is
        given are as many rows. `replace`: the files of the days that are written hold these rows and no others.
        InputError when a column is missing, unknown or does not fit; OutputError when a file cannot be written, which
        is then as it was; LockedError when somebody else writes.
        """
        series = self._series(venue, symbol, kind)
        with writing(self.root):
            return write_columns(self.root, series, columns, replace=replace)

    def series(self, symbols: Collection[Symbol] | None = None) -> tuple[SeriesInfo, ...]:
        """What there is, or what there is of these symbols at any venue, from the files' metadata."""
        return list_series(self.root, symbols)

    def roll(self, *, until_day: "str | int | None" = None) -> Rolled:
        """Move live segments that nobody writes into the Parquet days: those begun before a UTC day, or all.

        Killed anywhere it can be done again. LockedError when somebody else writes, OutputError when nobody can.
        """
        if not self.root.is_dir():
            return Rolled(0, 0, (), 0)
        with writing(self.root):
            return roll_segments(self.root, until_day=_day(until_day))

    def _chunks(self, series: Series, wanted: Range, rows: int) -> Iterator[Columns]:
        with ExitStack() as until:
            sources = sources_of(self.root, series, wanted, rows=rows, until=until)
            yield from in_chunks(series.kind, merged_pieces(series.kind, sources), rows)

    def _series(self, venue: str, symbol: Symbol, kind: KindName, columns: Iterable[str] | None = None) -> Series:
        folder_of(symbol)
        return Series(check_venue(venue), symbol, kind_named(kind).only(columns))


def _range(start: Moment, end: Moment) -> Range:
    return Range(moment_of(start, "start"), moment_of(end, "end"))


def _day(written: "str | int | None") -> int | None:
    if written is None or isinstance(written, int):
        return written
    day = day_number(written)
    if day is None:
        raise InputError(f"day {written!r} must be written like 2026-01-31")
    return day
