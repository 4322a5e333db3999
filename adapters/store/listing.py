"""What there is in a store, from the metadata of its files: no row is read."""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

from adapters.errors import InputError
from adapters.store.database import blaming, cursor, listed
from adapters.store.kinds import Kind, kind_named
from adapters.store.names import symbol_of
from adapters.store.parquet import pinned, read_rolled
from adapters.store.reading import LIVE, MARKET, day_files
from adapters.store.segment import Pieces, SegmentReader, Series, open_readers, segment_paths
from messages import Period, Symbol

_FILES_AT_ONCE: Final = 500
_TRIES: Final = 20


@attrs.frozen(kw_only=True)
class SeriesInfo:
    """One series of a store."""

    venue: str
    symbol: str
    kind: str
    """`ticks`, `bars-1m`."""
    period: Period | None
    """Nanoseconds, of kinds that have one."""
    first: int
    """UTC ns of the first row: `received`, of bars and flows `open_ts`."""
    last: int
    rows: int
    bytes: int
    """Of its Parquet files, and of its records in live segments."""
    days: int
    """On how many UTC days there is anything."""


@attrs.define
class _Sum:
    first: int | None = None
    last: int | None = None
    rows: int = 0
    size: int = 0
    days: set[int] = attrs.field(factory=set)

    def reach(self, first: int, last: int) -> None:
        """There is something at both instants, and nothing new beyond."""
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)

    def add(self, rows: int, size: int, day: int) -> None:
        """So much of one day."""
        self.rows += rows
        self.size += size
        self.days.add(day)


def list_series(root: Path, symbols: Collection[Symbol] | None = None) -> tuple[SeriesInfo, ...]:
    """All series, or those of some symbols, by venue, symbol and kind. InputError names a damaged file of them."""
    for _ in range(_TRIES):
        before = _touched(root)
        found = _list(root, symbols)
        # A rolling meanwhile may have counted rows on both sides of the seam, or on none.
        if _touched(root) == before:
            return found
    raise InputError(f"{root}: it is written to all the time; try again")


def _touched(root: Path) -> tuple[list[Path], list[int]]:
    """What a rolling changes: it writes into folders of days, and removes segments."""
    folders = sorted((root / MARKET).glob("*/*/*/"))
    return segment_paths(root / LIVE), [folder.stat().st_mtime_ns for folder in folders]


def _list(root: Path, symbols: Collection[Symbol] | None) -> tuple[SeriesInfo, ...]:
    sums: dict[Series, _Sum] = {}
    readers = open_readers(root / LIVE)
    try:
        live = [
            (reader, series, reader.pieces(series))
            for reader in readers
            for series in (Series(venue, symbol, kind_named(kind)) for venue, symbol, kind in reader.series())
            if symbols is None or series.symbol in symbols
        ]
        files = _series_files(root / MARKET, symbols)
        for series, days in files.items():
            _add_files(sums.setdefault(series, _Sum()), series.kind, days)
        for reader, series, pieces in live:
            left = _not_rolled(reader.name, pieces, files.get(series, {}))
            if len(left):
                total = sums.setdefault(series, _Sum())
                _add_pieces(total, series.kind, reader, left)
    finally:
        for reader in readers:
            reader.close()
    ordered = sorted(sums.items(), key=lambda item: (item[0].venue, item[0].symbol, item[0].kind.name))
    return tuple(_info(series, total) for series, total in ordered if total.rows)


def _info(series: Series, total: _Sum) -> SeriesInfo:
    assert total.first is not None
    assert total.last is not None
    return SeriesInfo(
        venue=series.venue, symbol=series.symbol, kind=series.kind.name, period=series.kind.period, first=total.first,
        last=total.last, rows=total.rows, bytes=total.size, days=len(total.days),
    )  # fmt: skip


def _series_files(market: Path, symbols: Collection[Symbol] | None) -> dict[Series, dict[int, Path]]:
    found: dict[Series, dict[int, Path]] = {}
    for folder in sorted(market.glob("*/*/*/")) if market.is_dir() else ():
        symbol = symbol_of(folder.parent.name)
        if symbols is not None and symbol not in symbols:
            continue
        # A folder that no kind is called after is not ours to judge.
        with suppress(InputError):
            kind = kind_named(folder.name)
            found[Series(folder.parent.parent.name, symbol, kind)] = day_files(folder)
    return found


def _add_files(total: _Sum, kind: Kind, days: dict[int, Path]) -> None:
    items = list(days.items())
    for first in range(0, len(items), _FILES_AT_ONCE):
        some = items[first : first + _FILES_AT_ONCE]
        for (day, path), (least, most, rows) in zip(some, _spans(kind, [path for _, path in some]), strict=True):
            total.reach(least, most)
            total.add(rows, path.stat().st_size, day)


def _spans(kind: Kind, paths: list[Path]) -> list[tuple[int, int, int]]:
    """(first, last, rows) of each file, from its metadata."""
    try:
        return _spans_together(kind, paths)
    except InputError:
        # One of them is damaged: the one that says so alone is named.
        return [_spans_together(kind, [path])[0] for path in paths]


def _spans_together(kind: Kind, paths: list[Path]) -> list[tuple[int, int, int]]:
    query = f"""
        SELECT file_name, min(stats_min_value::BIGINT), max(stats_max_value::BIGINT), sum(row_group_num_rows)::BIGINT
        FROM parquet_metadata({listed([str(path) for path in paths])})
        WHERE path_in_schema = '{kind.key}' GROUP BY file_name
    """  # noqa: S608 our own parts
    with blaming(paths[0]), cursor() as own:
        found = {name: (first, last, rows) for name, first, last, rows in own.execute(query).fetchall()}
    missing = [path for path in paths if str(path) not in found]
    if missing:
        raise InputError(f"{missing[0]}: cannot be read as a file of the store: it has no column {kind.key}")
    return [found[str(path)] for path in paths]


def _not_rolled(segment: str, pieces: Pieces, files: dict[int, Path]) -> Pieces:
    rolled: dict[int, int] = {}
    for day in set(pieces.days()) & files.keys():
        with pinned(files[day]) as file:
            rolled[day] = read_rolled(file).get(segment, 0)
    return pieces.after(rolled)


def _add_pieces(total: _Sum, kind: Kind, reader: SegmentReader, pieces: Pieces) -> None:
    total.rows += int(pieces.rows.sum())
    total.size += int(pieces.size.sum())
    total.days.update(pieces.days())
    if kind.is_periodic:
        # Of these a piece knows when they were received; they are few.
        opened = reader.rows(kind, pieces)[kind.key]
        total.reach(int(opened.min()), int(opened.max()))
    else:
        total.reach(int(pieces.first.min()), int(pieces.last.max()))
