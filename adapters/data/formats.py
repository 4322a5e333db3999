"""What a file is: a raw recording, an export of ours, or rows of an exchange's columns."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.data.native import NativeFile, NativeSelection, kinds_of_header
from adapters.data.reading import FileReading, Wishes
from adapters.data.recorded_book import BookFolder
from adapters.data.recording import Recording, is_recording
from adapters.data.rows import FileRows, temporary_database
from adapters.data.tabular import TabularFile
from adapters.errors import InputError
from adapters.files.layout import Layout, layout_of, series_layout_of
from adapters.files.names import plain
from adapters.files.series import FUNDING, MARKS, SeriesKind
from adapters.files.sources import ParquetSource, Source, open_source
from adapters.files.stamps import zone_named
from adapters.store.kinds import KINDS, Kind

if TYPE_CHECKING:
    import duckdb

INDEX: Final = SeriesKind("index", "price", ("indexprice", "index", "indicativesettleprice", "price", "px"))
_SERIES: Final = {"funding": FUNDING, "marks": MARKS, "index": INDEX}
_ROWS: Final = ("bars", "quotes", "ticks")


@contextmanager
def opened(path: Path, wishes: Wishes, folder: BookFolder) -> Iterator[FileReading]:
    """The file, ready to be examined; InputError when it is nothing that could be imported."""
    if wishes.stamps not in (None, "start", "end"):
        raise InputError(f"stamps {wishes.stamps!r} must be start or end")
    if wishes.bad_rows not in ("fail", "quarantine"):
        raise InputError(f"bad rows {wishes.bad_rows!r} must be fail or quarantine")
    if wishes.timezone is not None:
        zone_named(wishes.timezone)
    head, zipped = _head(path)
    if is_recording(head):
        yield Recording(path, wishes, folder, zipped)
        return
    with temporary_database() as database:
        yield _table(path, wishes, database)


def _table(path: Path, wishes: Wishes, database: "duckdb.DuckDBPyConnection") -> FileReading:
    source = open_source(path, database, headless=_is_headless(wishes))
    native = _native_kind(source, wishes)
    if native is not None:
        rows = FileRows(source, NativeSelection(native, tuple(source.header)), None, database)
        rows.fill()
        return NativeFile(path, rows, native, wishes)
    kind, layout = _layout(source, wishes)
    rows = FileRows(source, layout, wishes.symbol, database)
    rows.fill()
    if not rows.count():
        wanted = "" if wishes.symbol is None or layout.symbol is None else f" of {wishes.symbol}"
        raise InputError(f"{path}: holds no rows{wanted}")
    return TabularFile(path, rows, layout, kind, wishes)


def _native_kind(source: Source, wishes: Wishes) -> Kind | None:
    kinds = kinds_of_header(source.header, typed=isinstance(source, ParquetSource))
    if wishes.kind is not None and wishes.kind not in KINDS:
        raise InputError(f"there is no kind {wishes.kind!r}; there are {', '.join(KINDS)}")
    if not kinds:
        return None
    chosen = [kind for kind in kinds if wishes.kind in (None, kind.base)]
    if len(chosen) == 1:
        return chosen[0]
    names = " or ".join(kind.base for kind in kinds)
    if chosen:
        raise InputError(f"{source.path}: by its columns it may be {names}; say which: --kind {kinds[0].base}")
    raise InputError(f"{source.path}: by its columns it is an export of {names}, not of {wishes.kind}")


def _layout(source: Source, wishes: Wishes) -> tuple[str, Layout]:
    kind = wishes.kind
    if kind is None and any(plain(name) == "fundingrate" for name in source.header):
        kind = "funding"
    common: dict[str, Any] = {"told": wishes.columns, "symbols": True}
    if kind in _SERIES:
        series = _SERIES[kind]
        recognise = partial(series_layout_of, role=series.role, names=series.columns)
        return kind, recognise(source, **common)
    if kind is not None and kind not in _ROWS:
        raise InputError(f"{source.path}: {kind} are read from exports of ours only; its columns are not such a file's")
    layout = layout_of(source, kinds=_ROWS if kind is None else (kind,), **common)
    return layout.kind, layout


def _is_headless(wishes: Wishes) -> bool:
    """Columns that are told by numbers have no names."""
    names = [name for text in wishes.columns.values() for name in text.split("+")]
    return bool(names) and all(name.isdecimal() for name in names)


def _head(path: Path) -> tuple[str, bool]:
    """The file's first characters, and whether it is gzipped. What else is wrong with it is found when it is opened."""
    if not path.is_file():
        return "", False
    try:
        with path.open("rb") as stream:
            zipped = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as stream:
            return stream.read(64).decode("ascii", errors="replace"), zipped
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return "", False
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
