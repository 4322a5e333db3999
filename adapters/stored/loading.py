"""`[[data]]` entries whose file is a store: each kind that a run takes of it becomes an entry of its own, loaded."""

from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

import attrs

from actors.columns import EventColumns
from adapters.configuration import Configuration, DataSection
from adapters.configuration.compounds import NO_FUNDING
from adapters.configuration.schema import InstrumentSection
from adapters.errors import InputError
from adapters.loaded import LoadedData, digest_of
from adapters.results import DataFact
from adapters.store import SeriesInfo
from adapters.stored.choosing import MARKET, bars_for, base_of, default_kinds
from adapters.stored.series import StoredSeries, find_series, stored_bars, stored_columns
from messages import Kind, Symbol, UtcNs, moment_ns, parse_period, period_name


def load_stored(
    section: DataSection,
    configuration: Configuration,
    instrument: InstrumentSection | None,
    *,
    wanted: str | None,
    hears: Collection[str],
) -> list[LoadedData]:
    """What the run takes of one symbol of a store, market data only; InputError says what is wrong or missing."""
    store, there = find_series(str(section.file), section.symbol, section.venue)
    kinds, notes = _kinds(section, there, wanted, hears)
    told = None if instrument is None else instrument.tick_size
    infos = {each.kind: each for each in there}
    loaded: list[LoadedData] = []
    for kind in kinds:
        info = infos.get(kind)
        if info is None:
            raise InputError(
                f"{section.file}: there are no {kind} of {section.symbol}; there are {', '.join(sorted(infos))}"
            )
        series = StoredSeries(
            store=store,
            venue=info.venue,
            symbol=info.symbol,
            name=section.symbol,
            kind=kind,
            period=info.period,
            begin=_moment(configuration.backtest.begin),
            end=_moment(configuration.backtest.end),
        )
        loaded.append(_load(series, section, info, told, () if loaded else notes))
    return loaded


def _moment(text: str | None) -> UtcNs | None:
    return None if text is None else moment_ns(text)


def _kinds(
    section: DataSection, there: list[SeriesInfo], wanted: str | None, hears: Collection[str]
) -> tuple[list[str], tuple[str, ...]]:
    """The kinds as the store names them, and what is said about the choice."""
    if section.kind is not None and section.kind != "bars":
        return [section.kind], ()
    if section.kind == "bars":
        periods = [period_name(each.period) for each in there if base_of(each) == "bars" and each.period is not None]
        if section.period is not None:
            return [f"bars-{section.period}"], ()
        if len(periods) == 1:
            return [f"bars-{periods[0]}"], ()
        if wanted is not None and (fit := bars_for(there, parse_period(wanted))) is not None:
            return [fit], (f"data: {fit} of {section.symbol} from the store",)
        have = ", ".join(periods) or "none"
        raise InputError(f"{section.file}: which bars of {section.symbol}? Name their period; there are {have}")
    kinds = default_kinds(there, hears, section.period or wanted)
    left = sorted({each.kind for each in there if base_of(each) in MARKET} - set(kinds))
    otherwise = "kind and period say" if any(kind.startswith("bars-") for kind in left) else "kind says"
    more = f" (also there: {', '.join(left)}; {otherwise} otherwise)" if left else ""
    return kinds, (f"data: {', '.join(kinds)} of {section.symbol} from the store{more}",)


def _load(
    series: StoredSeries, section: DataSection, info: SeriesInfo, told: Decimal | None, notes: tuple[str, ...]
) -> LoadedData:
    effective = attrs.evolve(
        section,
        venue=series.venue,
        kind=series.base,  # type: ignore[arg-type]
        period=None if series.period is None else period_name(series.period),
        stamps=None,
    )
    if series.base == "bars":
        bars, said = stored_bars(series)
        if bars is None:
            raise series.nothing(info)
        fact = _fact(series, info, len(bars), digest_of(bars), int(bars.open_ts[0]), int(bars.close_ts[-1]))
        return LoadedData(section=effective, columns=bars, fact=fact, notes=(*notes, *said))
    found = stored_columns(series, told)
    if found is None:
        raise series.nothing(info)
    columns, scan = found
    fact = _fact(series, info, scan.rows, scan.digest, scan.first_ts, scan.last_ts)
    return LoadedData(section=effective, columns=columns, fact=fact, notes=notes, scan=scan)


def _fact(  # noqa: PLR0917 - what a fact is made of
    series: StoredSeries, info: SeriesInfo, used: int, digest: str, first: UtcNs, last: UtcNs
) -> DataFact:
    return DataFact(
        symbol=series.name,
        file=Path(series.store.root).name,
        # A store counts rows, a run messages: of what has a row for each level only the latter is told.
        rows=used if series.base in ("books", "l2") else info.rows,
        used=used,
        sha256=digest,
        kind=series.base,
        period=series.period,
        stamps="start" if series.base == "bars" else None,
        timezone="UTC",
        first_ts=first,
        last_ts=last,
    )


# Funding and marks.


def with_stored_events(section: InstrumentSection, told: DataSection) -> tuple[InstrumentSection, list[str]]:
    """A perpetual's section with the store's own funding and marks, where nothing else is told of them.

    `told`: the data entry as it was before its kind was settled; one that names its kind is all that is wanted.
    """
    perpetual = section.kind != Kind.SPOT and section.expiry is None
    if told.file is None or not Path(told.file).is_dir() or told.kind is not None or not perpetual:
        return section, []
    _, there = find_series(str(told.file), told.symbol, told.venue)
    kinds = {each.kind for each in there}
    notes = []
    if "funding" in kinds and section.funding == NO_FUNDING:
        section = attrs.evolve(section, funding=told.file)
        notes.append(f"funding: of {section.symbol} from the store, at its times")
    if "marks" in kinds and section.mark_prices is None:
        section = attrs.evolve(section, mark_prices=told.file)
        notes.append(f"marks: of {section.symbol} from the store")
    return section, notes


@attrs.frozen(kw_only=True)
class StoredEvents:
    """Funding or marks of one symbol, out of a store."""

    columns: EventColumns
    fact: DataFact
    first_ts: UtcNs
    last_ts: UtcNs


def load_stored_events(
    path: str, kind: str, symbol: Symbol, venue: str | None, *, first: UtcNs, last: UtcNs
) -> StoredEvents:
    """Those received from `first` to `last`, both included; InputError when there are none."""
    store, there = find_series(path, symbol, venue)
    info = next((each for each in there if each.kind == kind), None)
    if info is None:
        raise InputError(f"{path}: the store has no {kind} of {symbol}")
    series = StoredSeries(
        store=store,
        venue=info.venue,
        symbol=info.symbol,
        name=symbol,
        kind=kind,
        period=None,
        begin=first,
        end=last + 1,
    )
    found = stored_columns(series)
    if found is None:
        raise series.nothing(info)
    columns, scan = found
    fact = _fact(series, info, scan.rows, scan.digest, scan.first_ts, scan.last_ts)
    return StoredEvents(columns=columns, fact=fact, first_ts=info.first, last_ts=info.last)
