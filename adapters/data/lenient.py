"""A file's rows for a check: every row that can be read at all, in the file's order, good or not.

An import turns a bad row away; here it is the very thing to be found. What cannot be read is counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from actors.columns import Ints
from adapters.data.findings import Tally
from adapters.data.formats import opened
from adapters.data.reading import ASSUMED, INFERRED, TOLD, Fact, FileReading, Piece, Wishes
from adapters.data.recorded_book import BookFolder
from adapters.data.shaping import bar_columns, plain_columns, tick_columns
from adapters.data.tabular import TabularFile
from adapters.errors import InputError
from adapters.files.reading import bounded, filled
from adapters.files.stamps import NO_TIME, to_utc, zone_named
from messages import Period, period_name


@attrs.define(eq=False)
class LenientFile:
    """One file, open."""

    reading: FileReading
    unreadable: dict[tuple[str, str], Tally] = attrs.field(factory=dict)
    """By symbol and kind; filled while the pieces are handed out."""
    facts: tuple[Fact, ...] = ()

    def pieces(self) -> Iterator[Piece]:
        """All rows, good or not."""
        if isinstance(self.reading, TabularFile):
            yield from self._tabular(self.reading)
            return
        examined = self.reading.examine()
        self.facts = examined.facts
        tally = Tally()
        for row in examined.bad_rows:
            tally.say(0, f"{row.place} {row.line}: {row.reason}")
        for piece in self.reading.pieces():
            if not self.unreadable:
                self.unreadable[piece.symbol, piece.kind] = tally
            yield piece

    def _tabular(self, file: TabularFile) -> Iterator[Piece]:
        name = file.wishes.symbol or file.path.name.split(".")[0]
        periods = set()
        for symbol in file.rows.symbols():
            period = _period_of(file, symbol) if file.kind == "bars" else None
            periods |= {period} - {None}
            kind = file.kind if period is None else f"bars-{period_name(period)}"
            tally = self.unreadable.setdefault((symbol or name, kind), Tally())
            self.facts = tuple(_facts(file, sorted(period_name(each) for each in periods if each is not None)))
            rows = 0
            for ts, values, bad in _read(file, symbol):
                tally.add(bad, np.zeros(len(ts)), lambda row, above=rows: f"row {above + row + 1}")  # type: ignore[misc]
                rows += len(ts)
                yield Piece(
                    symbol or name, kind, _shaped(file, period, ts[~bad], {r: a[~bad] for r, a in values.items()})
                )


@contextmanager
def lenient(path: Path, wishes: Wishes) -> Iterator[LenientFile]:
    """The file for a check; InputError when it is nothing that could be imported."""
    with opened(path, attrs.evolve(wishes, bad_rows="quarantine"), BookFolder()) as reading:
        yield LenientFile(reading)


def _shaped(file: TabularFile, period: Period | None, ts: Ints, values: dict[str, Any]) -> dict[str, Any]:
    if period is None:
        return tick_columns(ts, values) if file.kind == "ticks" else plain_columns(ts, values)
    opens = ts - period if file.stamps == "end" else ts
    return bar_columns(opens, _closes(opens, period), values, file.wishes.multiplier)


def _read(file: TabularFile, symbol: str | None) -> Iterator[tuple[Ints, dict[str, Any], Any]]:
    """Times, values, and which rows cannot be read."""
    for chunk in file.rows.chunks(symbol, file.chunk_rows):
        ts = bounded(np.asarray(filled(chunk.columns["stamp"], NO_TIME), dtype=np.int64))[: chunk.own]
        unreadable = ts == NO_TIME
        if file.layout.form.naive:
            ts, faults = to_utc(ts, zone_named(file.zone))
            unreadable |= faults != 0
        values = {role: np.asarray(filled(chunk.columns[role], np.nan))[: chunk.own] for role in file.layout.values}
        for array in values.values():
            unreadable |= np.isnan(array)
        yield ts, values, unreadable


def _period_of(file: TabularFile, symbol: str | None) -> Period:
    if file.wishes.period is not None:
        return file.wishes.period
    for ts, _, unreadable in _read(file, symbol):
        steps = np.diff(ts[~unreadable])
        steps = steps[steps > 0]
        if len(steps):
            values, counts = np.unique(steps, return_counts=True)
            return int(values[counts.argmax()])
    raise InputError(f"{file.path}: the period cannot be inferred; give it with --period")


def _closes(opens: Ints, period: Period) -> Ints:
    """Where a bar begins before the one above it is over, that one was short."""
    closes = opens + period
    steps = np.diff(opens)
    closes[:-1] = np.where((steps > 0) & (steps < period), opens[1:], closes[:-1])
    return closes


def _facts(file: TabularFile, periods: list[str]) -> Iterator[Fact]:
    if periods:
        how = TOLD if file.wishes.period else INFERRED
        yield Fact("period", ", ".join(periods), how, "the most common step between rows")
        how = TOLD if file.wishes.stamps else ASSUMED
        yield Fact("stamps", file.stamps, how, "--stamps end says otherwise")
    if file.layout.form.naive:
        how = TOLD if file.wishes.timezone else ASSUMED
        yield Fact("time zone", file.zone, how, "--timezone says otherwise")
