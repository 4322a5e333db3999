"""The data of a configuration: files read, markets generated, each with what there is to say about it."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from actors.columns import BarColumns, TickColumns
from adapters.configuration import Configuration, DataSection, GeneratedSection
from adapters.configuration.schema import InstrumentSection, instrument_of
from adapters.errors import InputError
from adapters.files import LoadedFile, load
from adapters.generated import generated_bars, generated_ticks
from adapters.loaded import LoadedData, digest_of
from adapters.results import DataFact
from adapters.stored.loading import load_stored
from messages import Kind, iso_utc, moment_ns, parse_period, period_name

__all__ = ["LoadedData", "load_data"]
_DEFAULT_PERIOD = "1h"
_DEFAULT_TICK_SIZE = Decimal("0.5")


def load_data(configuration: Configuration, *, wanted: str | None, hears: Collection[str] = ()) -> list[LoadedData]:
    """Every entry, in order; of a store several for one. `wanted` is the period that all strategies shall have, where
    one was told, and `hears` are the callbacks that they define.

    InputError names the file and the reason; with several bad files it names them all.
    """
    loaded, wrong = [], []
    for section in configuration.data:
        instrument = instrument_of(configuration.instruments, section.symbol)
        try:
            if section.file is not None and Path(section.file).is_dir():
                loaded += load_stored(section, configuration, instrument, wanted=wanted, hears=hears)
            elif section.generated is not None:
                loaded.append(_generated(section, section.generated, configuration, instrument))
            else:
                loaded.append(_read(section, configuration, instrument, wanted))
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("\n".join(wrong))
    _no_two_alike(loaded)
    return loaded


def _read(
    section: DataSection, configuration: Configuration, instrument: InstrumentSection | None, wanted: str | None
) -> LoadedData:
    found = _read_as(section, configuration, instrument, section.period, wanted)
    columns = found.columns
    used = len(columns)
    bars = isinstance(columns, BarColumns)
    fact = DataFact(
        symbol=section.symbol,
        file=found.name,
        rows=found.rows,
        used=used,
        sha256=found.sha256,
        kind="bars" if bars else "ticks",
        period=columns.period if isinstance(columns, BarColumns) else None,
        stamps=(section.stamps or "start (assumed)") if bars else None,
        timezone=section.timezone,
        first_ts=_first(columns),
        last_ts=_last(columns),
    )
    period = period_name(columns.period) if isinstance(columns, BarColumns) else section.period
    return LoadedData(
        section=attrs.evolve(section, period=period),
        columns=columns,
        fact=fact,
        notes=tuple(
            f"{note} [{section.symbol}: {found.name}]" if len(configuration.data) > 1 else note for note in found.notes
        ),
        bad_rows=found.quarantined,
    )


def _read_as(
    section: DataSection,
    configuration: Configuration,
    instrument: InstrumentSection | None,
    period: str | None,
    wanted: str | None,
) -> LoadedFile:
    """The file's own period where it is not told: what its rows say, unless bars of it could not become `wanted`."""
    assert section.file is not None
    settings = configuration.backtest
    multiplier = 1.0
    if instrument is not None and Kind(instrument.kind) is not Kind.INVERSE:
        multiplier = float(instrument.multiplier)

    def read(of: str | None) -> LoadedFile:
        return load(
            Path(str(section.file)),
            symbol=section.symbol,
            period=None if of is None else parse_period(of),
            stamps=section.stamps,
            timezone=section.timezone,
            bad_rows=settings.bad_rows,
            start=None if settings.begin is None else moment_ns(settings.begin),
            end=None if settings.end is None else moment_ns(settings.end),
            multiplier=multiplier,
        )

    if period is not None or wanted is None:
        return read(period)
    try:
        found = read(None)
    except InputError as error:
        if "period" not in str(error):
            raise
        return read(wanted)
    if isinstance(found.columns, BarColumns) and found.columns.period > parse_period(wanted):
        return read(wanted)
    return found


def _generated(
    section: DataSection,
    market: GeneratedSection,
    configuration: Configuration,
    instrument: InstrumentSection | None,
) -> LoadedData:
    told = None if instrument is None else instrument.tick_size
    tick_size = market.tick_size or told or _DEFAULT_TICK_SIZE
    market = attrs.evolve(market, tick_size=tick_size)
    bars = market.kind == "bars"
    period = section.period or _DEFAULT_PERIOD if bars else section.period
    common = {
        "seed": market.seed,
        "start": moment_ns(market.start),
        "price": market.price,
        "tick_size": float(tick_size),
        "volatility_per_year": market.volatility_per_year,
    }
    columns: BarColumns | TickColumns
    if bars:
        columns = generated_bars(
            section.symbol,
            bars=market.count,
            period=parse_period(str(period)),
            **common,  # type: ignore[arg-type]
        )
    else:
        columns = generated_ticks(section.symbol, ticks=market.count, **common)  # type: ignore[arg-type]
    made = len(columns)
    columns = _within(columns, configuration)
    fact = DataFact(
        symbol=section.symbol,
        file="generated",
        rows=made,
        used=len(columns),
        sha256=digest_of(columns),
        kind=market.kind,
        period=columns.period if isinstance(columns, BarColumns) else None,
        stamps="start" if bars else None,
        timezone="UTC",
        first_ts=_first(columns),
        last_ts=_last(columns),
    )
    note = f"data: {section.symbol} is a generated market (seed {market.seed}), not a real one; --data FILE reads yours"
    effective = attrs.evolve(section, generated=market, period=period)
    return LoadedData(section=effective, columns=columns, fact=fact, notes=(note,))


def _within(columns: BarColumns | TickColumns, configuration: Configuration) -> BarColumns | TickColumns:
    """The rows that lie wholly in the range asked for, as with a file."""
    settings = configuration.backtest
    bars = isinstance(columns, BarColumns)
    begins = columns.open_ts if isinstance(columns, BarColumns) else columns.received
    ends = columns.close_ts if isinstance(columns, BarColumns) else columns.received
    first = 0 if settings.begin is None else int(np.searchsorted(begins, moment_ns(settings.begin)))
    side: Any = "right" if bars else "left"
    last = len(ends) if settings.end is None else int(np.searchsorted(ends, moment_ns(settings.end), side=side))
    if first >= last:
        raise InputError(
            f"{columns.symbol}: nothing of the generated market lies in the range asked for; it goes from "
            f"{iso_utc(int(begins[0]))} to {iso_utc(int(ends[-1]))}"
        )
    kept: dict[str, Any] = {
        field.name: value[first:last]
        for field in attrs.fields(type(columns))
        if isinstance(value := getattr(columns, field.name), np.ndarray)
    }
    return attrs.evolve(columns, **kept)


def _first(columns: BarColumns | TickColumns) -> int:
    return int(columns.open_ts[0] if isinstance(columns, BarColumns) else columns.received[0])


def _last(columns: BarColumns | TickColumns) -> int:
    return int(columns.close_ts[-1] if isinstance(columns, BarColumns) else columns.received[-1])


def _no_two_alike(loaded: Sequence[LoadedData]) -> None:
    """Two files of bars of the same symbol and period would be two truths."""
    seen: dict[tuple[str, str, int | None], str] = {}
    for each in loaded:
        key = (each.fact.symbol, each.fact.kind, each.fact.period)
        if key in seen:
            what = key[1] if key[2] is None else f"{period_name(key[2])} bars"
            raise InputError(
                f"{each.fact.file} and {seen[key]}: both hold {what} of {key[0]}; name one --data SYMBOL=FILE"
            )
        seen[key] = each.fact.file
