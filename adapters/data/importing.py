"""Files into the store, one after another: each is read to its end and judged before a row of it is written.

So a file with a bad row changes nothing. Whatever ends an import in the middle (Ctrl-C, a full disk, kill -9) leaves
whole day files, each as it was or with all that was brought for it; running it again brings the rest.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import attrs
import numpy as np

from adapters.data.formats import opened
from adapters.data.reading import Examined, Fact, Wishes
from adapters.data.recorded_book import BookFolder
from adapters.data.shaping import StoreColumns
from adapters.data.writing import ROWS_MAX, SeriesWriter
from adapters.errors import InputError
from adapters.files.blame import BadRow
from adapters.store.names import check_venue

if TYPE_CHECKING:
    from adapters.store import Store

Progress = Callable[[str, int, int], None]
"""Called with the file, how many of its rows are done, and how many it has (0: not known)."""


@attrs.frozen(kw_only=True)
class SeriesReport:
    """What came of one series of a file."""

    venue: str
    symbol: str
    kind: str
    rows: int
    new: int
    """Of these rows, those that the store did not have."""
    beside: int
    """Other rows of the store that lie among the new ones: of another source, perhaps."""
    first: int
    last: int
    """UTC ns of `received`, of bars and flows of `open_ts`."""


@attrs.frozen(kw_only=True)
class FileReport:
    """What a file was, and what came of it."""

    file: str
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    rows: int
    series: tuple[SeriesReport, ...]
    bad_rows: tuple[BadRow, ...]
    """Those that were set aside."""
    seconds: float

    @property
    def new(self) -> int:
        """Rows that the store did not have."""
        return sum(series.new for series in self.series)


def import_files(
    paths: Iterable[Path],
    wishes: Wishes,
    store: "Store | None",
    *,
    progress: Progress,
    done: Callable[[FileReport], None],
) -> None:
    """Bring files into the store; None: only say what they are. `done` hears of each file as it is done.

    InputError names the file, its line and column, and the reason; what was done before it stays.
    """
    folder = BookFolder()
    for path in paths:
        folder = folder.copy()
        done(_import_file(path, wishes, store, folder, progress))


def _import_file(
    path: Path, wishes: Wishes, store: "Store | None", folder: BookFolder, progress: Progress
) -> FileReport:
    began = perf_counter()
    progress(path.name, 0, 0)
    with opened(path, wishes, folder) as reading:
        examined = reading.examine()
        venue = _named(path, examined)
        writers: dict[tuple[str, str], SeriesWriter] = {}
        seen = 0
        for piece in reading.pieces():
            writer = writers.get((piece.symbol, piece.kind))
            if writer is None:
                writer = SeriesWriter(store, venue, piece.symbol, piece.kind)
                writers[piece.symbol, piece.kind] = writer
            writer.add(piece.columns)
            _relieve(writers)
            seen += len(piece.columns["received"])
            progress(path.name, seen, max(examined.rows, seen))
        for writer in writers.values():
            writer.finish()
        if store is not None and examined.bad_rows:
            _quarantine(store, examined, writers)
    return FileReport(
        file=str(path),
        facts=examined.facts,
        notes=examined.notes,
        rows=examined.rows,
        series=tuple(
            SeriesReport(
                venue=each.venue, symbol=each.symbol, kind=each.kind, rows=each.rows, new=each.new,
                beside=each.beside, first=each.first or 0, last=each.last or 0,
            )
            for each in writers.values()
            if each.rows
        ),
        bad_rows=examined.bad_rows,
        seconds=perf_counter() - began,
    )  # fmt: skip


def _named(path: Path, examined: Examined) -> str:
    """The venue; InputError where venue or symbol is neither told nor known."""
    missing = []
    if examined.venue is None:
        missing.append(("venue", "--venue bitmex (lower-case letters, digits and -)"))
    if any(fact.name == "symbol" and not fact.value for fact in examined.facts):
        missing.append(("symbol", "--symbol XBTUSD"))
    if missing or examined.venue is None:
        what, how = zip(*missing, strict=True)
        raise InputError(f"{path}: does not say its {' nor its '.join(what)}; say {' and '.join(how)}")
    return check_venue(examined.venue)


def _relieve(writers: dict[tuple[str, str], SeriesWriter]) -> None:
    """Many series side by side hold no more than one may."""
    while sum(writer.gathered for writer in writers.values()) >= ROWS_MAX:
        fullest = max(writers.values(), key=lambda writer: writer.gathered)
        if not fullest.relieve():
            return


def _quarantine(store: "Store", examined: Examined, writers: dict[tuple[str, str], SeriesWriter]) -> None:
    """Bad rows are kept with the reason, under the file's first symbol, at the time that the good rows begin."""
    writer = next(iter(writers.values()))
    assert writer.first is not None
    store.write(writer.venue, writer.symbol, "quarantine", _quarantined(examined.bad_rows, writer.first))


def _quarantined(rows: Iterable[BadRow], received: int) -> StoreColumns:
    told = [
        (row.reason, f"{Path(row.file).name}: {row.place} {row.line}, column {row.column}: {row.text}") for row in rows
    ]
    return {
        "received": np.full(len(told), received, dtype=np.int64),
        "reason": np.array([reason for reason, _ in told], dtype=object),
        "text": np.array([text for _, text in told], dtype=object),
        "item": np.array([""] * len(told), dtype=object),
    }
