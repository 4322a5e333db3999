"""What is traded, as a configuration tells it: what nobody told is settled, and the section becomes an instrument."""

import re
from decimal import Decimal

import attrs

from adapters.configuration import Problem
from adapters.configuration.agreement import initial_margin
from adapters.configuration.compounds import DAYS, NO_FUNDING, session_minutes
from adapters.configuration.schema import InstrumentSection
from adapters.errors import InputError
from adapters.loaded import LoadedData
from adapters.store.names import split_symbol
from messages import Instrument, Kind, Sessions, Symbol, ValueRounding, moment_ns, parse_period

COINS = ("XBT", "BTC")
_INTERVAL = "8h"
_NONE = Decimal(0)


def settled(section: InstrumentSection, loaded: LoadedData) -> tuple[InstrumentSection, list[str]]:
    """The section complete, and what was assumed; InputError when the data's prices stand on no grid."""
    notes = []
    if section.tick_size is None:
        try:
            tick_size = loaded.tick_size()
        except ValueError as error:
            raise InputError(f"{loaded.fact.file}: {error}; give it with --tick-size") from error
        if loaded.section.file is not None:
            notes.append(f"tick size: {tick_size} for {section.symbol}, the coarsest grid that fits the prices")
        section = attrs.evolve(section, tick_size=tick_size)
    elif loaded.section.file is not None:
        off, prices = loaded.off_grid(section.tick_size)
        if off:
            notes.append(
                f"tick size: {off:,} of {prices:,} prices of {section.symbol} do not stand on the grid of "
                f"{section.tick_size}; fills there are at the nearest tick. Is it right?"
            )
    if section.currency is None:
        section = attrs.evolve(section, currency=currency_of(split_symbol(section.symbol)[0], Kind(section.kind)))
        notes.append(f"currency: {section.currency} for {section.symbol}, since none was told")
    return _with_defaults(section), notes


def _with_defaults(section: InstrumentSection) -> InstrumentSection:
    """What is the same whatever the data are, so that the effective configuration says it."""
    told: dict[str, object] = {}
    if section.kind != Kind.SPOT and section.expiry is None:
        told["funding_interval"] = section.funding_interval or _INTERVAL
    if isinstance(section.funding, Decimal):
        told["funding_at"] = section.funding_at or "00:00"
    if section.sessions is not None:
        told["sessions_timezone"] = section.sessions_timezone or "UTC"
        told["sessions_days"] = section.sessions_days or DAYS[:5]
    return attrs.evolve(section, **told)  # type: ignore[arg-type]


def currency_of(symbol: Symbol, kind: Kind) -> str:
    """The settlement currency that a symbol suggests: the base of an inverse contract, else the quote."""
    letters = re.sub(r"[^A-Z]", "", symbol.upper())
    if kind in (Kind.LINEAR, Kind.SPOT):
        return next((quote for quote in ("USDT", "USDC") if letters.endswith(quote)), "USD")
    pair = re.fullmatch(r"([A-Z]{3,4})(USD|EUR|PERP|USDPERP)", letters)
    if kind is Kind.INVERSE and pair is not None and pair[1] not in COINS:
        return pair[1]
    return "XBT"


def instrument_from(section: InstrumentSection, problems: list[Problem]) -> Instrument | None:
    """The instrument that a settled section describes; what does not fit together is added to `problems`."""
    assert section.tick_size is not None
    assert section.currency is not None
    try:
        return Instrument(
            symbol=section.symbol,
            kind=Kind(section.kind),
            tick_size=section.tick_size,
            lot_size=section.lot_size,
            multiplier=section.multiplier,
            currency=section.currency,
            value_rounding=ValueRounding(section.value_rounding),
            maker_fee=section.maker_fee,
            taker_fee=section.taker_fee,
            settlement_fee=section.settlement_fee or _NONE,
            initial_margin=initial_margin(section) or _NONE,
            maintenance_margin=section.maintenance_margin or _NONE,
            funding_interval=None if section.funding == NO_FUNDING else interval_of(section),
            expiry=None if section.expiry is None else moment_ns(section.expiry),
            settlement_price=section.settlement_price,
            sessions=_sessions(section),
        )
    except ValueError as error:
        reason = str(error).removeprefix(f"Instrument {section.symbol}: ")
        problems.append((f"instrument {section.symbol}", reason))
        return None


def interval_of(section: InstrumentSection) -> int:
    """How often there is funding, in ns, where there is any."""
    return parse_period(section.funding_interval or _INTERVAL)


def _sessions(section: InstrumentSection) -> Sessions | None:
    if section.sessions is None:
        return None
    return Sessions(
        timezone=section.sessions_timezone or "UTC",
        hours=tuple(session_minutes(each) for each in section.sessions),
        weekdays=tuple(DAYS.index(day) for day in section.sessions_days or DAYS[:5]),
    )
