"""What comes beside bars and ticks: funding rates and mark prices, from files or from a rate that always holds."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from actors.columns import EventColumns, Floats, FundingColumns, Ints, MarkColumns
from actors.money.funding import funding_times
from adapters.configuration.compounds import NO_FUNDING
from adapters.configuration.schema import InstrumentSection, funding_file
from adapters.configuration.values import clock_minutes
from adapters.contracts import interval_of
from adapters.errors import InputError
from adapters.files import FUNDING, MARKS, BadRow, LoadedSeries, load_series
from adapters.files.series import SeriesKind
from adapters.market_data import LoadedData
from adapters.results import DataFact
from adapters.stored.loading import load_stored_events
from messages import NS_PER_SECOND, Kind, Symbol, UtcNs, iso_utc

_MINUTE = 60 * NS_PER_SECOND


@attrs.frozen(kw_only=True, eq=False)
class EventData:
    """Funding and marks of every instrument."""

    columns: tuple[EventColumns, ...]
    facts: tuple[DataFact, ...]
    """One for each file."""
    words: Mapping[Symbol, str]
    """How funding is told, in words; a symbol without funding has none."""
    digests: Mapping[str, str]
    """`digest_key` of a file, as the configuration names it -> its sha256."""
    notes: tuple[str, ...]
    bad_rows: tuple[BadRow, ...]


def load_events(sections: Sequence[InstrumentSection], loaded: Sequence[LoadedData], *, bad_rows: str) -> EventData:
    """Read or make what the settled sections tell, within the range of each symbol's data (its ends included).

    InputError names each file that cannot be read, and why.
    """
    events = _Events(bad_rows, {each.section.symbol: each.section.venue for each in loaded})
    for section in sections:
        facts = [each.fact for each in loaded if each.section.symbol == section.symbol]
        first, last = min(fact.first_ts for fact in facts), max(fact.last_ts for fact in facts)
        file = funding_file(section)
        if isinstance(section.funding, Decimal):
            events.constant(section, section.funding, first, last)
        elif file is not None:
            events.read(section, file, FUNDING, first, last)
        if section.mark_prices is not None:
            events.read(section, section.mark_prices, MARKS, first, last)
    if events.wrong:
        raise InputError("\n".join(events.wrong))
    return EventData(
        columns=tuple(events.columns),
        facts=tuple(events.facts),
        words=events.words,
        digests=events.digests,
        notes=(*events.notes, *_missing(sections)),
        bad_rows=tuple(events.bad_rows),
    )


def digest_key(file: str, kind: str, symbol: Symbol) -> str:
    """What names one file's series in the digests: a store is one folder for many of them."""
    return f"{file} {kind} {symbol}" if Path(file).is_dir() else file


class _Events:
    """Collects, instrument by instrument."""

    def __init__(self, bad_rows: str, venues: Mapping[Symbol, str | None]) -> None:
        self._policy = bad_rows
        self._venues = venues
        self.columns: list[EventColumns] = []
        self.facts: list[DataFact] = []
        self.words: dict[Symbol, str] = {}
        self.digests: dict[str, str] = {}
        self.notes: list[str] = []
        self.bad_rows: list[BadRow] = []
        self.wrong: list[str] = []

    def constant(self, section: InstrumentSection, rate: Decimal, first: UtcNs, last: UtcNs) -> None:
        """The same rate at every interval after the data begin."""
        at = section.funding_at or "00:00"
        times = np.array(funding_times(interval_of(section), clock_minutes(at) * _MINUTE, first, last), dtype=np.int64)
        self._add(FUNDING, section.symbol, times, np.full(len(times), float(rate)))
        self.words[section.symbol] = f"{rate.normalize():f} each {section.funding_interval} from {at}"

    def read(self, section: InstrumentSection, file: str, kind: SeriesKind, first: UtcNs, last: UtcNs) -> None:
        """The rows of a file, or of a store, that lie in the data's range."""
        if Path(file).is_dir():
            self._read_stored(section, file, kind, first, last)
            return
        try:
            found = load_series(Path(file), kind, bad_rows=self._policy)
        except InputError as error:
            self.wrong.append(str(error))
            return
        begin, end = (int(np.searchsorted(found.ts, first)), int(np.searchsorted(found.ts, last, side="right")))
        self._add(kind, section.symbol, found.ts[begin:end], found.values[begin:end])
        self.facts.append(_fact(found, kind, section.symbol, slice(begin, end)))
        self.digests[digest_key(file, kind.name, section.symbol)] = found.sha256
        self.bad_rows += found.quarantined
        if kind is FUNDING:
            self.words[section.symbol] = found.name
        self._compare(found.name, kind, section, (int(found.ts[0]), int(found.ts[-1])), (first, last))

    def _read_stored(self, section: InstrumentSection, file: str, kind: SeriesKind, first: UtcNs, last: UtcNs) -> None:
        try:
            found = load_stored_events(
                file, kind.name, section.symbol, self._venues.get(section.symbol), first=first, last=last
            )
        except InputError as error:
            self.wrong.append(str(error))
            return
        self.columns.append(found.columns)
        self.facts.append(found.fact)
        self.digests[digest_key(file, kind.name, section.symbol)] = found.fact.sha256
        if kind is FUNDING:
            self.words[section.symbol] = found.fact.file
        self._compare(found.fact.file, kind, section, (found.first_ts, found.last_ts), (first, last))

    def _add(self, kind: SeriesKind, symbol: Symbol, ts: Ints, values: Floats) -> None:
        if not len(ts):
            return
        common: dict[str, Any] = {"symbol": symbol, "ts": ts, "received": ts}
        column = FundingColumns(**common, rate=values) if kind is FUNDING else MarkColumns(**common, price=values)
        self.columns.append(column)

    def _compare(
        self,
        name: str,
        kind: SeriesKind,
        section: InstrumentSection,
        reaches: tuple[UtcNs, UtcNs],
        wanted: tuple[UtcNs, UtcNs],
    ) -> None:
        """A file that ends where the data go on leaves a part of the run without funding or marks."""
        slack = interval_of(section)
        (begins, ends), (first, last) = reaches, wanted
        if begins > first + slack or ends < last - slack:
            self.notes.append(
                f"{kind.name}: {name} goes from {iso_utc(begins)} to {iso_utc(ends)}, "
                f"the data of {section.symbol} from {iso_utc(first)} to {iso_utc(last)}"
            )


def _fact(found: LoadedSeries, kind: SeriesKind, symbol: Symbol, used: slice) -> DataFact:
    within = found.ts[used] if used.start < used.stop else found.ts
    return DataFact(
        symbol=symbol,
        file=found.name,
        rows=found.rows,
        used=used.stop - used.start,
        sha256=found.sha256,
        kind=kind.name,
        period=None,
        stamps=None,
        timezone="UTC",
        first_ts=int(within[0]),
        last_ts=int(within[-1]),
    )


def _missing(sections: Sequence[InstrumentSection]) -> list[str]:
    """Perpetual contracts without funding, where others have it: it looks like an oversight."""
    without = [
        section.symbol
        for section in sections
        if section.funding == NO_FUNDING and section.expiry is None and section.kind != Kind.SPOT
    ]
    if all(section.funding == NO_FUNDING for section in sections):
        return []
    return [f"funding: none told for {symbol}; perpetual contracts pay it every 8 h" for symbol in without]
