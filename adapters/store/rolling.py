"""Live segments into Parquet: each series and day of a segment is added to its file, and then the segment is removed.

A day's file says which segments are in it up to which batch, and gets that note with the rows in one rename. So a
rolling that was killed anywhere is simply done again: what is in is skipped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from adapters.errors import InputError
from adapters.security.lock import FileLock, LockedError
from adapters.store.kinds import kind_named
from adapters.store.merging import appended, first_part, renumbered, sorted_rows
from adapters.store.names import day_name, day_number
from adapters.store.parquet import write_rows
from adapters.store.reading import LIVE, series_folder
from adapters.store.segment import Pieces, SegmentReader, Series, lock_path, remove, segment_paths
from adapters.store.writing import read_day


@attrs.frozen
class Rolled:
    """What a rolling did."""

    segments: int
    """How many are in Parquet now, and gone."""
    rows: int
    """How many rows it added to Parquet files."""
    days: tuple[str, ...]
    """The UTC days that it wrote to."""
    open: int
    """How many were left: they are being written."""


def roll_segments(root: Path, *, until_day: int | None) -> Rolled:
    """Roll the closed segments that were begun before that day, or all. The caller holds the store's lock.

    A damaged segment is left as it is, and does not keep the others: InputError names it at the end. OutputError at
    once when a file cannot be written: what is left is rolled another time.
    """
    segments = rows = still_open = 0
    days: set[str] = set()
    wrong: list[str] = []
    for path in segment_paths(root / LIVE):
        begun = day_number(path.stem[:10])
        if until_day is not None and begun is not None and begun >= until_day:
            continue
        with _closed(path) as is_closed:
            if not is_closed:
                still_open += 1
                continue
            try:
                added, touched = _roll(root, path)
            except InputError as error:
                wrong.append(str(error))
                continue
            remove(path)
            segments, rows = segments + 1, rows + added
            days |= touched
    if wrong:
        raise InputError("\n".join(wrong))
    return Rolled(segments, rows, tuple(sorted(days)), still_open)


@contextmanager
def _closed(path: Path) -> Iterator[bool]:
    """Whether nobody writes the segment, nor begins to while this lasts."""
    lock = FileLock(lock_path(path), f"the live segment {path}", path.parent)
    try:
        lock.acquire()
    except LockedError:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _roll(root: Path, path: Path) -> tuple[int, set[str]]:
    """Add all of a segment to Parquet: how many rows, and on which days."""
    try:
        reader = SegmentReader(path)
    except FileNotFoundError:
        return 0, set()
    rows, days = 0, set()
    try:
        for venue, symbol, kind_name in reader.series():
            series = Series(venue, symbol, kind_named(kind_name))
            pieces = reader.pieces(series)
            for day in pieces.days():
                added = _roll_day(root, series, day, reader, pieces.only(pieces.day == day))
                rows += added
                days |= {day_name(day)} if added else set()
    finally:
        reader.close()
    return rows, days


def _roll_day(root: Path, series: Series, day: int, reader: SegmentReader, pieces: Pieces) -> int:
    path = series_folder(root, series) / f"{day_name(day)}.parquet"
    there, rolled = read_day(path, series.kind)
    pieces = pieces.after({day: rolled.get(reader.name, 0)})
    if not len(pieces):
        return 0
    coming = sorted_rows(reader.rows(series.kind, pieces))
    columns = appended(series.kind, [coming] if there is None else [there, coming])
    columns = renumbered(series.kind, columns, first_part(day))
    write_rows(path, series.kind, columns, {**rolled, reader.name: int(pieces.batch.max())})
    return int(pieces.rows.sum())
