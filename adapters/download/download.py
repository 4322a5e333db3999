"""The download of one series: what is missing is asked for page by page, kept at once, and brought to the store.

What the store has already is not asked for again: of what was downloaded the notes know it to the instant; bars from
elsewhere count one by one, and of everything else a day that has rows from elsewhere counts as a whole, for two
sources of the same trades would be every trade twice.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from adapters.download.notes import Columns, Notes
from adapters.download.page import Page, Source
from adapters.download.spans import Span, bridged, missing
from adapters.download.wanted import BARS, Wanted
from adapters.security.lock import LockedError
from messages import NS_PER_DAY, NS_PER_SECOND, Period, UtcNs, iso_utc, period_start

if TYPE_CHECKING:
    from adapters.store import Store, Written

SETTLE: Final[Period] = 10 * NS_PER_SECOND
"""What is younger may not be whole yet, and is left out."""
_HOUR: Final[Period] = 3_600 * NS_PER_SECOND
CERTAIN: Final[Period] = _HOUR
"""Behind the last row that came, what is younger than this is asked for again the next time."""
BATCH_ROWS: Final = 100_000
"""So many rows wait in the notes before they go to the store."""
QUARANTINE: Final = "quarantine"
_BAD_SHOWN: Final = 3
_LOCKED_TRIES: Final = 60
_LOCKED_PAUSE_S: Final = 0.5
_DAY_CHARACTERS: Final = len("2026-01-01")


class Stopped(Exception):  # noqa: N818 - nothing is wrong: somebody asked for it
    """The download was asked to end; what was had is kept."""


@attrs.define(kw_only=True)
class Outcome:
    """What came of a download."""

    wanted: Wanted
    end: UtcNs
    """The first instant no longer wanted: asked for, or as far as there is something."""
    had_before: bool = False
    """Nothing was missing."""
    pages: int = 0
    rows: int = 0
    """Had from the venue."""
    new: int = 0
    """That the store did not have."""
    quarantined: int = 0
    first: UtcNs | None = None
    last: UtcNs | None = None
    notes: list[str] = attrs.field(factory=list)


class Download:
    """One series into one store. `look(now)` is told how far it is; `stopping()` whether it is to end."""

    def __init__(
        self,
        store: "Store",
        folder: Path,
        wanted: Wanted,
        source: Source,
        *,
        look: Callable[[UtcNs], object] = lambda _now: None,
        stopping: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = time.sleep,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._batch_rows = batch_rows
        self._store, self._folder, self._wanted, self._source = store, folder, wanted, source
        self.look = look
        self._stopping, self._sleep = stopping, sleep
        settled = source.now() - SETTLE
        latest = settled - (wanted.period or 0) + 1
        self.outcome = Outcome(wanted=wanted, end=latest if wanted.end is None else min(wanted.end, latest))
        self._certain = settled - CERTAIN

    def run(self) -> Outcome:
        """Have it. InputError, VenueError and Stopped leave what was had; running it again goes on from there."""
        from adapters.store.names import folder_of  # noqa: PLC0415 loaded only by who downloads

        wanted, outcome = self._wanted, self.outcome
        path = self._folder / "downloads" / wanted.venue / folder_of(wanted.symbol) / f"{wanted.store_kind}.sqlite"
        with Notes(path) as notes:
            try:
                self._forget_lost_days(notes)
                spans = self._missing(notes)
                outcome.had_before = not spans and wanted.begin < outcome.end
                for span in spans:
                    self._have(notes, span)
            finally:
                # What an earlier crash left too: it is had, and the store does not know.
                self._bring(notes)
                outcome.pages = self._source.pages_asked
                outcome.notes += self._source.notes
        return outcome

    def _have(self, notes: Notes, span: Span) -> None:
        begin, end = span
        there = None if self._wanted.period is None else self._opens_there(span)
        at = begin
        for page in self._source.pages(begin, end):
            self._count(page)
            done = page.done
            if done >= end > self._certain:
                # Behind the last row there may be more that the venue does not tell of yet.
                ends = [_own_time(each) + (self._wanted.period or 1) for each in page.messages]
                done = min(end, max(self._certain, at, *ends))
            notes.keep((at, done), self._columns(page, there))
            at = max(at, done)
            self.look(page.done)
            if notes.waiting >= self._batch_rows:
                self._bring(notes)
            if self._stopping():
                raise Stopped

    def _columns(self, page: Page, there: "np.ndarray[Any, Any] | None") -> dict[str, Columns]:
        from adapters.store.rows import rows_of  # noqa: PLC0415 as above

        columns = dict(rows_of(self._wanted.store_kind, page.messages))
        if there is not None:
            new = ~np.isin(columns["open_ts"], there)
            columns = {name: array[new] for name, array in columns.items()}
        return {self._wanted.store_kind: columns, QUARANTINE: dict(rows_of(QUARANTINE, page.bad))}

    def _count(self, page: Page) -> None:
        outcome = self.outcome
        outcome.rows += len(page.messages)
        if page.messages:
            first, last = _own_time(page.messages[0]), _own_time(page.messages[-1])
            outcome.first = first if outcome.first is None else min(first, outcome.first)
            outcome.last = last if outcome.last is None else max(last, outcome.last)
        for bad in page.bad:
            outcome.quarantined += 1
            if outcome.quarantined <= _BAD_SHOWN:
                outcome.notes.append(f"a row at {iso_utc(bad.received)} cannot be meant: {bad.text}")

    def _bring(self, notes: Notes) -> None:
        def write(kind: str, columns: Columns) -> Iterable[int]:
            written = self._written(kind, columns)
            if kind == QUARANTINE:
                return ()
            self.outcome.new += written.new
            days = columns["open_ts" if self._wanted.kind == BARS else "received"] // NS_PER_DAY
            return [int(day) for day in np.unique(days)]

        notes.bring(write)

    def _written(self, kind: str, columns: Columns) -> "Written":
        """The store is somebody else's for moments: an import, a recorder at the end of its day."""
        for _ in range(_LOCKED_TRIES):
            with suppress(LockedError):
                return self._store.write(self._wanted.venue, self._wanted.symbol, kind, columns)
            self._sleep(_LOCKED_PAUSE_S)
        return self._store.write(self._wanted.venue, self._wanted.symbol, kind, columns)

    def _forget_lost_days(self, notes: Notes) -> None:
        """A day's file that somebody took away is had no longer."""
        there = self._days_there()
        lost = [day for day in notes.days if day not in there]
        if lost:
            notes.forget([(day * NS_PER_DAY, (day + 1) * NS_PER_DAY) for day in lost], lost)

    def _missing(self, notes: Notes) -> tuple[Span, ...]:
        span = (self._wanted.begin, self.outcome.end)
        if span[0] >= span[1]:
            return ()
        gaps = missing(span, notes.had)
        if self._wanted.period is not None:
            bars = [run for gap in gaps for run in _runs(self._opens_there(gap), self._wanted.period)]
            left = bridged(missing(span, [*notes.had, *bars]), self._source.bridge)
            return tuple(part for part in left if _may_hold_a_bar(part, self._wanted.period))
        foreign = self._foreign_days(gaps)
        if foreign:
            self.outcome.notes.append(
                f"{len(foreign)} days from {iso_utc(foreign[0][0])[:10]} to {iso_utc(foreign[-1][0])[:10]} are in the "
                "store from elsewhere, and were not asked for"
            )
        return missing(span, [*notes.had, *foreign])

    def _opens_there(self, span: Span) -> "np.ndarray[Any, Any]":
        """When the bars open that the store has."""
        wanted = self._wanted
        chunks = self._store.chunks(wanted.venue, wanted.symbol, wanted.store_kind, *span)
        return np.concatenate([np.empty(0, dtype=np.int64), *(chunk["open_ts"] for chunk in chunks)])

    def _foreign_days(self, gaps: tuple[Span, ...]) -> list[Span]:
        """Whole days with rows in what the notes do not know: somebody else brought them."""
        days = []
        for day in sorted(self._days_there()):
            whole = (day * NS_PER_DAY, (day + 1) * NS_PER_DAY)
            insides = ((max(begin, whole[0]), min(end, whole[1])) for begin, end in gaps)
            if any(inside[0] < inside[1] and self._has_rows(inside) for inside in insides):
                days.append(whole)
        return days

    def _has_rows(self, span: Span) -> bool:
        wanted = self._wanted
        chunks = self._store.chunks(wanted.venue, wanted.symbol, wanted.store_kind, *span, rows=1)
        return any(len(chunk["received"]) for chunk in chunks)

    def _days_there(self) -> set[int]:
        """Days of which the series may have rows: those with a file, and those of live segments."""
        from adapters.store.names import day_number, folder_of  # noqa: PLC0415 as above

        wanted = self._wanted
        folder = self._folder / "market" / wanted.venue / folder_of(wanted.symbol) / wanted.store_kind
        names = [path.name[:_DAY_CHARACTERS] for path in folder.glob("*.parquet")]
        names += [path.name[:_DAY_CHARACTERS] for path in (self._folder / "live").glob("*.sqlite")]
        return {day for day in map(day_number, names) if day is not None}


def _runs(opens: "np.ndarray[Any, Any]", period: Period) -> list[Span]:
    """Bars without a pause between them as one span each."""
    if not len(opens):
        return []
    opens = np.unique(opens)
    breaks = np.flatnonzero(np.diff(opens) > period)
    begins, lasts = opens[np.append(0, breaks + 1)], opens[np.append(breaks, len(opens) - 1)]
    return [(begin, last + period) for begin, last in zip(begins.tolist(), lasts.tolist(), strict=True)]


def _may_hold_a_bar(span: Span, period: Period) -> bool:
    """Bars of an hour or less begin at whole multiples everywhere; where a day begins differs from venue to venue."""
    return _HOUR % period != 0 or period_start(span[1] - 1, period) >= span[0]


def _own_time(message: Any) -> UtcNs:
    """Of a bar when it opens."""
    return int(getattr(message, "open_ts", None) or message.ts)
