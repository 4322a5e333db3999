"""A whole file of external events, for a backtest: JSON lines or CSV, gzipped or not.

Each is heard at its `received`. A row without one is heard `delay_s` after its `ts`, and the reader is told how many
such rows there were. Rows that cannot be read are named by line and reason; nothing is skipped in silence.
"""

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from actors.event_streams import ExternalColumns, external_columns
from adapters.configuration import EventsSection
from adapters.errors import InputError
from adapters.events.rows import LINE_MAX, Row, RowError, header_of, json_row, text_of
from adapters.files import BadRow
from adapters.files.blame import LISTED, listing
from adapters.files.judging import sha256_of
from messages import NS_PER_SECOND, ExternalEvent, UtcNs

FORMS: Final = (".jsonl", ".ndjson", ".csv")
_KEPT: Final = 1_000
"""Characters of a bad row."""
Reader: TypeAlias = Callable[[str], Row]


@attrs.frozen(kw_only=True, eq=False)
class LoadedEvents:
    """What a file held."""

    columns: ExternalColumns
    rows: int
    """In the file, bad ones included."""
    sha256: str
    name: str
    """The file's name without its folder."""
    notes: tuple[str, ...]
    bad_rows: tuple[BadRow, ...]


def is_csv(path: Path) -> bool:
    """Whether the file's name says CSV; InputError when it says neither that nor JSON lines."""
    name = path.name.lower().removesuffix(".gz")
    if not name.endswith(FORMS):
        raise InputError(f"{path}: events are read from .jsonl or .csv files, plain or .gz")
    return name.endswith(".csv")


def load_events_file(path: Path, section: EventsSection, *, bad_rows: str) -> LoadedEvents:
    """Read it. InputError names the file, the line and the reason; `bad_rows` is `fail` or `quarantine`."""
    reading = _Reading(path, section)
    try:
        for number, line in enumerate(_lines(path), start=1):
            reading.line(number, line)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not reading.rows:
        raise InputError(f"{path}: there is no event in it")
    bad = reading.bad
    if bad and bad_rows == "fail":
        raise InputError(listing(bad[:LISTED], len(bad)))
    if not reading.events:
        raise InputError(f"{path}: none of its {len(bad)} rows can be used; the first: {bad[0]}")
    return LoadedEvents(
        columns=external_columns(section.source, reading.events),
        rows=reading.rows,
        sha256=sha256_of(path),
        name=path.name,
        notes=tuple(reading.notes()),
        bad_rows=tuple(bad),
    )


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb") as stream:
        while line := stream.readline(LINE_MAX + 2):
            rest = line
            while not rest.endswith(b"\n") and (rest := stream.readline(LINE_MAX + 2)):
                """Of a line that is too long only the beginning is kept."""
            yield line


class _Reading:
    """One file on its way into events."""

    def __init__(self, path: Path, section: EventsSection) -> None:
        self._path, self._section = path, section
        self._kind = section.kind or section.source
        self._delay = round((section.delay_s or 0.0) * NS_PER_SECOND)
        self._read: Reader | None = None if is_csv(path) else self._json
        self.events: list[ExternalEvent] = []
        self.bad: list[BadRow] = []
        self.rows = 0
        self._assumed = 0
        self._seen: dict[str, Counter[str]] = {}

    def line(self, number: int, raw: bytes) -> None:
        """One more line; the first of a CSV file is its header."""
        if not raw.strip():
            return
        if self._read is None:
            try:
                header = header_of(text_of(raw, first=number == 1))
            except RowError as error:
                raise InputError(f"{self._path}: line {number}: {error}") from None
            self._read = lambda line: header.row(line, self._kind)
            return
        self.rows += 1
        try:
            row = self._read(text_of(raw, first=number == 1))
        except RowError as error:
            text = raw.decode("utf-8", "replace").rstrip()[:_KEPT]
            self.bad.append(BadRow(str(self._path), number, error.field or "-", error.reason, text))
        else:
            self.events.append(row.event(self._section.source, self._received(row)))
            for name, value in row.payload:
                self._seen.setdefault(name, Counter())[_sort(value)] += 1

    def notes(self) -> Iterator[str]:
        """What was assumed and recognised."""
        source, name = self._section.source, self._path.name
        if self._assumed:
            how = f"{self._section.delay_s:g} s after its ts" if self._delay else "at its ts"
            which = "no row" if self._assumed == len(self.events) else f"{self._assumed} of {self.rows} rows do not"
            says = "says when it was received" if which == "no row" else "say when they were received"
            yield f"events {source}: {which} {says}, so receipt is assumed {how} (delay_s) [{name}]"
        if is_csv(self._path) and self._seen:
            told = ", ".join(f"{column} {_sorts(sorts)}" for column, sorts in self._seen.items())
            yield f"events {source}: {told} [{name}]"

    def _json(self, text: str) -> Row:
        return json_row(text, self._kind)

    def _received(self, row: Row) -> UtcNs:
        if row.received is not None:
            return row.received
        assert row.ts is not None
        self._assumed += 1
        return row.ts + self._delay


def _sort(value: object) -> str:
    if value is None:
        return "empty"
    return "text" if isinstance(value, str) else "number"


def _sorts(sorts: Counter[str]) -> str:
    """`number`, or how many of which."""
    told = {sort: count for sort, count in sorts.items() if sort != "empty"}
    if len(told) <= 1:
        return next(iter(told), "empty")
    return " and ".join(f"{count} {sort}s" for sort, count in told.items())
