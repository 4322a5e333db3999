"""The external events of a backtest: every source of the configuration, within the range of the market data."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np

from actors.event_streams import ExternalColumns, external_columns
from adapters.configuration import EventsSection
from adapters.errors import InputError
from adapters.events.files import load_events_file
from adapters.files import BadRow
from adapters.results import DataFact
from messages import ExternalEvent, UtcNs, iso_utc


@attrs.frozen(kw_only=True, eq=False)
class ExternalData:
    """All sources."""

    columns: tuple[ExternalColumns, ...] = ()
    facts: tuple[DataFact, ...] = ()
    digests: Mapping[str, str] = attrs.field(factory=dict)
    """Source -> SHA-256 of what it says."""
    notes: tuple[str, ...] = ()
    bad_rows: tuple[BadRow, ...] = ()


def load_external(sections: Sequence[EventsSection], *, first: UtcNs, last: UtcNs, bad_rows: str) -> ExternalData:
    """Read each source's events that were received from `first` to `last`, ends included.

    InputError names each file that cannot be read, and why.
    """
    columns: list[ExternalColumns] = []
    facts: list[DataFact] = []
    notes: list[str] = []
    bad: list[BadRow] = []
    wrong: list[str] = []
    for section in sections:
        try:
            whole, read = _load(section, first, last, bad_rows)
        except InputError as error:
            wrong.append(str(error))
            continue
        notes += read.notes
        bad += read.bad_rows
        part = within(whole, first, last)
        columns.append(part)
        if len(whole):
            facts.append(_fact(whole, part, read))
        if len(part) < len(whole):
            notes.append(
                f"events {section.source}: {len(whole) - len(part)} of {len(whole)} were received before or after the "
                f"market data ({iso_utc(first)} to {iso_utc(last)}), and are not heard"
            )
    if wrong:
        raise InputError("\n".join(wrong))
    return ExternalData(
        columns=tuple(columns),
        facts=tuple(facts),
        digests={each.source: each.digest() for each in columns},
        notes=tuple(notes),
        bad_rows=tuple(bad),
    )


@attrs.frozen(kw_only=True)
class _Read:
    """Where a source's events were read from."""

    name: str
    rows: int
    sha256: str
    notes: tuple[str, ...] = ()
    bad_rows: tuple[BadRow, ...] = ()


def _load(section: EventsSection, first: UtcNs, last: UtcNs, bad_rows: str) -> tuple[ExternalColumns, _Read]:
    if section.store is not None:
        return _stored(section, section.store, first, last)
    if section.file is not None:
        found = load_events_file(Path(section.file), section, bad_rows=bad_rows)
        read = _Read(name=found.name, rows=found.rows, sha256=found.sha256, notes=found.notes, bad_rows=found.bad_rows)
        return found.columns, read
    columns = ExternalColumns(source=section.source, ts=(), received=(), kinds=(), payloads=())
    way = "listen" if section.listen is not None else "poll"
    note = f"events {section.source}: {way} has no past; a backtest hears nothing of it without a store or a file"
    return columns, _Read(name=way, rows=0, sha256=columns.digest(), notes=(note,))


def _stored(section: EventsSection, folder: str, first: UtcNs, last: UtcNs) -> tuple[ExternalColumns, _Read]:
    """What a store has of the range; it says itself what was received when."""
    # A store brings its database along, which only those wait for who have one.
    from adapters.store import Store  # noqa: PLC0415
    from adapters.store.names import EXTERNAL  # noqa: PLC0415
    from adapters.store.rows import messages_of  # noqa: PLC0415

    events: list[ExternalEvent] = []
    for chunk in Store(folder).chunks(EXTERNAL, section.source, "events", first, last + 1):
        events += [each for each in messages_of("events", section.source, chunk) if isinstance(each, ExternalEvent)]
    columns = external_columns(section.source, events)
    name = Path(folder).name
    notes = () if events else (f"events {section.source}: the store {name} has none of the time of the market data",)
    return columns, _Read(name=name, rows=len(columns), sha256=columns.digest(), notes=notes)


def within(columns: ExternalColumns, first: UtcNs, last: UtcNs) -> ExternalColumns:
    """What was received from `first` to `last`, ends included."""
    begin = int(np.searchsorted(columns.received, first, side="left"))
    end = int(np.searchsorted(columns.received, last, side="right"))
    if (begin, end) == (0, len(columns)):
        return columns
    return ExternalColumns(
        source=columns.source,
        ts=columns.ts[begin:end],
        received=columns.received[begin:end],
        kinds=columns.kinds[begin:end],
        payloads=columns.payloads[begin:end],
    )


def _fact(whole: ExternalColumns, part: ExternalColumns, read: _Read) -> DataFact:
    told = part if len(part) else whole
    return DataFact(
        symbol=whole.source,
        file=read.name,
        rows=read.rows,
        used=len(part),
        sha256=read.sha256,
        kind="events",
        period=None,
        stamps=None,
        timezone="UTC",
        first_ts=int(told.received[0]),
        last_ts=int(told.received[-1]),
    )
