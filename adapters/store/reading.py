"""What a series holds at one instant: its Parquet days and its pieces in live segments, as sources of one stream.

The order of looking is what keeps the seam right while others roll and write. First the segments: what pieces there
are. Then the Parquet days that those pieces belong to, each opened once: its metadata say which pieces it has taken
in, and those are left out. A rolling that ends in between moves rows to a file that is looked at after; one that ends
later changes neither the file that is open nor the pieces, which are only ever removed with their whole segment, and
that stays readable for who has it open.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import attrs
import numpy as np

from adapters.errors import InputError
from adapters.store.database import blaming, cursor, fetched, listed
from adapters.store.kinds import Kind, kind_named
from adapters.store.merging import appended, renumbered, sorted_rows, taken
from adapters.store.names import day_number, folder_of
from adapters.store.parquet import (
    Pinned,
    RowGroup,
    check_schema,
    pinned,
    read_groups,
    read_rolled,
    read_rows,
    selected,
    stamp_of,
)
from adapters.store.rows import Columns
from adapters.store.segment import Pieces, SegmentReader, Series, open_readers
from adapters.store.streams import Source, whole_messages
from messages import NS_PER_DAY

MARKET: Final = "market"
LIVE: Final = "live"
_GROUPED_BYTES: Final = 4_000_000
"""Small days are read together up to this size; a day that is larger is read in parts."""
_TRIES: Final = 20


@attrs.frozen
class Range:
    """start <= key < end, in UTC ns; None leaves a side open."""

    start: int | None = None
    end: int | None = None

    def condition(self, key: str) -> str:
        """As SQL writes it; empty for everything."""
        sides = [f"{key} >= {self.start}"] * (self.start is not None) + [f"{key} < {self.end}"] * (self.end is not None)
        return " AND ".join(sides)

    def has_day(self, day: int) -> bool:
        """Whether the day has anything of it."""
        after = self.start is not None and (day + 1) * NS_PER_DAY <= self.start
        return not after and not (self.end is not None and day * NS_PER_DAY >= self.end)

    def of(self, kind: Kind, columns: Columns) -> Columns:
        """The rows in it."""
        if self.start is None and self.end is None:
            return columns
        key = columns[kind.key]
        inside = np.ones(len(key), dtype=np.bool_)
        if self.start is not None:
            inside &= key >= self.start
        if self.end is not None:
            inside &= key < self.end
        return columns if bool(inside.all()) else taken(columns, inside)


def series_folder(root: Path, series: Series) -> Path:
    """Where the Parquet days of a series are."""
    return root / MARKET / series.venue / folder_of(series.symbol) / series.kind.name


def day_files(folder: Path) -> dict[int, Path]:
    """Day -> its file, in the order of days."""
    days = {day_number(path.stem): path for path in folder.glob("*.parquet")} if folder.is_dir() else {}
    return dict(sorted((day, path) for day, path in days.items() if day is not None))


def sources_of(root: Path, series: Series, wanted: Range, *, rows: int | None, until: ExitStack) -> list[Source]:
    """Where the rows of a series are now. `rows`: how many are read at once, or None for all that there is.

    What is opened is closed with `until`. InputError names a damaged file.
    """
    readers = open_readers(root / LIVE)
    for reader in readers:
        until.callback(reader.close)
    found = [(reader, _wanted_pieces(reader.pieces(series), wanted)) for reader in readers]
    seam_days = {day for _, pieces in found for day in pieces.days()}
    files = {day: path for day, path in day_files(series_folder(root, series)).items() if wanted.has_day(day)}
    sources, rolled = [], {}
    for day in sorted(seam_days & files.keys()):
        file = until.enter_context(pinned(files.pop(day)))
        rolled[day] = read_rolled(file)
        sources.append(_of_file(file, series.kind, day, wanted, rows))
    sources = _of_files(files, series.kind, wanted, rows) + sources
    for rank, (reader, pieces) in enumerate(found, start=1):
        left = pieces.after({day: batches.get(reader.name, 0) for day, batches in rolled.items()})
        if len(left):
            # What a rolling would make of them: behind the Parquet's, one segment after the other.
            source = _of_segment(reader, series.kind, left, wanted, rows)
            sources.append(attrs.evolve(source, rank=rank))
    return sources


def _wanted_pieces(pieces: Pieces, wanted: Range) -> Pieces:
    days = [day for day in pieces.days() if wanted.has_day(day)]
    return pieces.only(np.isin(pieces.day, np.array(days, dtype=np.int64)))


def _of_files(files: dict[int, Path], kind: Kind, wanted: Range, rows: int | None) -> list[Source]:
    """Days that no segment has rows of: small ones together."""
    sources: list[Source] = []
    together: dict[int, Path] = {}
    size = 0
    for day, path in files.items():
        bytes_of_day = path.stat().st_size
        if rows is not None and together and size + bytes_of_day > _GROUPED_BYTES:
            sources.append(_of_group(together, kind, wanted))
            together, size = {}, 0
        if rows is not None and bytes_of_day > _GROUPED_BYTES:
            sources.append(_of_large(path, kind, day, wanted, rows))
        else:
            together[day] = path
            size += bytes_of_day
    if together:
        sources.append(_of_group(together, kind, wanted))
    return sources


def _of_group(files: dict[int, Path], kind: Kind, wanted: Range) -> Source:
    paths = list(files.values())
    return Source(min(files) * NS_PER_DAY, lambda: iter([_read_group(paths, kind, wanted)]))


def _read_group(paths: Sequence[Path], kind: Kind, wanted: Range) -> Columns:
    """All rows of some files in one go; again when one was replaced meanwhile."""
    for _ in range(_TRIES):
        before = [stamp_of(path) for path in paths]
        try:
            columns = _read_together(paths, kind, wanted)
        except InputError:
            if before == [stamp_of(path) for path in paths]:
                raise
            continue
        if before == [stamp_of(path) for path in paths]:
            return renumbered(kind, sorted_rows(columns))
    raise InputError(f"{paths[0].parent}: it is written to all the time; try again")


def _read_together(paths: Sequence[Path], kind: Kind, wanted: Range) -> Columns:
    where = listed([str(path) for path in paths])
    try:
        with blaming(paths[0].parent), cursor() as own:
            versions = own.execute(
                f"SELECT file_name, decode(value) FROM parquet_kv_metadata({where}) "  # noqa: S608 our own parts
                "WHERE decode(key) = 'openoutcry_schema'"
            ).fetchall()
            for name, version in versions:
                check_schema(Path(name), version)
            if len(versions) == len(paths):
                return fetched(own, selected(kind, where, wanted.condition(kind.key)))
    except InputError:
        if len(paths) == 1:
            raise
    # One of them is not as it should be: which one is told by reading each alone.
    for path in paths:
        with pinned(path) as file:
            read_rolled(file)
            read_rows(file, kind, wanted.condition(kind.key))
    raise InputError(f"{paths[0].parent}: its files cannot be read together")


def _of_file(file: Pinned, kind: Kind, day: int, wanted: Range, rows: int | None) -> Source:
    return Source(day * NS_PER_DAY, lambda: _parts_of(file, kind, wanted, rows))


def _of_large(path: Path, kind: Kind, day: int, wanted: Range, rows: int | None) -> Source:
    def pieces() -> Iterator[Columns]:
        with pinned(path) as file:
            read_rolled(file)
            yield from _parts_of(file, kind, wanted, rows)

    return Source(day * NS_PER_DAY, pieces)


def _parts_of(file: Pinned, kind: Kind, wanted: Range, rows: int | None) -> Iterator[Columns]:
    """A file's rows, so many at once as fit whole row groups."""
    condition = wanted.condition(kind.key)
    if rows is None:
        yield read_rows(file, kind, condition)
        return
    yield from whole_messages(kind, (_part(file, kind, some, condition) for some in _runs(read_groups(file), rows)))


def _part(file: Pinned, kind: Kind, groups: list[RowGroup], condition: str) -> Columns:
    first, last = groups[0].first_row, groups[-1].first_row + groups[-1].rows
    # The times say which row groups need not be read at all, the numbers say it exactly.
    told = [
        f"received BETWEEN {groups[0].first} AND {groups[-1].last}",
        f"file_row_number >= {first} AND file_row_number < {last}",
        *[condition] * bool(condition),
    ]
    return read_rows(file, kind, " AND ".join(told), numbered=True)


def _runs(groups: list[RowGroup], rows: int) -> Iterator[list[RowGroup]]:
    run: list[RowGroup] = []
    for group in groups:
        if run and sum(each.rows for each in run) + group.rows > rows:
            yield run
            run = []
        run.append(group)
    if run:
        yield run


def _of_segment(reader: SegmentReader, kind: Kind, pieces: Pieces, wanted: Range, rows: int | None) -> Source:
    def parts() -> Iterator[Columns]:
        whole = kind_named(kind.name)
        # What is read of a run waits until no later piece can have an earlier row.
        firsts = np.minimum.accumulate(pieces.first[::-1])[::-1]
        before = np.concatenate(([0], np.cumsum(pieces.rows)))
        kept: list[Columns] = []
        begin = 0
        while begin < len(pieces):
            # Pieces of so many rows, and at least one.
            enough = len(pieces) if rows is None else int(np.searchsorted(before, before[begin] + rows))
            end = max(begin + 1, min(enough, len(pieces)))
            found = reader.rows(whole, pieces.only(slice(begin, end)))
            read = appended(kind, [*kept, {name: found[name] for name in kind.columns}])
            count = len(read["received"])
            cut = count if end == len(pieces) else int(np.searchsorted(read["received"], firsts[end]))
            yield wanted.of(kind, taken(read, slice(0, cut)))
            kept, begin = [taken(read, slice(cut, None))], end

    return Source(int(pieces.first.min()), parts)
