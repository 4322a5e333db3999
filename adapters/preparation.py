"""From a configuration to everything a run needs: data loaded, instruments complete, strategies found and checked.

What nobody told is settled here (tick sizes, currencies, periods, ids, cash) and stands in the effective configuration,
so that the run can be repeated from it alone. Everything wrong with configuration and options is told at once.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import attrs

from actors.columns import BarColumns, Columns
from actors.strategy import StrategyEntry
from adapters.configuration import Configuration, Problem, read_toml, structured, to_toml
from adapters.configuration.options import BacktestOptions, guessed_symbols, with_options
from adapters.configuration.schema import (
    DataSection,
    InstrumentSection,
    StrategySection,
)
from adapters.errors import InputError
from adapters.files import BadRow
from adapters.market_data import LoadedData, load_data
from adapters.results import DataFact
from adapters.strategy_choice import Chosen, choose
from messages import Instrument, Kind, Minor, Symbol, ValueRounding, parse_period, period_name

DEFAULT_CASH = Decimal(10_000_000)
DEFAULT_CASH_COIN = Decimal(1)
"""Of XBT or BTC, or of whatever an inverse contract settles in."""
TICK_PERIOD = "1m"
"""Of strategies on ticks, where none is told."""
_COINS = ("XBT", "BTC")


@attrs.frozen(kw_only=True)
class Prepared:
    """A run that can start."""

    configuration: Configuration
    """Effective: complete, with absolute paths."""
    columns: tuple[Columns, ...]
    instruments: tuple[Instrument, ...]
    entries: tuple[StrategyEntry, ...]
    cash: Mapping[str, Minor]
    data: tuple[DataFact, ...]
    bad_rows: tuple[BadRow, ...]
    described: Mapping[str, str]
    """What each strategy is, in words, by id."""
    notes: tuple[str, ...]
    run_id: str


def prepare(options: BacktestOptions) -> Prepared:
    """Read, lay over, load, complete. InputError says everything that is wrong, as far as one can tell at once."""
    problems: list[Problem] = []
    configuration, folder = Configuration(), Path.cwd()
    if options.config is not None:
        configuration, found = structured(read_toml(options.config))
        folder = options.config.absolute().parent
        problems += [(f"{options.config}: {path}", reason) for path, reason in found]
    configuration = with_options(configuration, options, folder=folder, problems=problems)
    where = f"{options.config}: " if options.config is not None and not options.strategies else ""
    chosen = choose(configuration.strategies, options.params, where=where, problems=problems)
    _know_their_symbols(configuration, where=where, problems=problems)
    _files_exist(configuration, problems)
    _fail(problems)
    return _complete(configuration, chosen, wanted=options.period, notes=guessed_symbols(options))


def _complete(
    configuration: Configuration, chosen: Sequence[Chosen], *, wanted: str | None, notes: list[str]
) -> Prepared:
    """Load the data and settle what depends on it."""
    problems: list[Problem] = []
    loaded = load_data(configuration, wanted=wanted)
    instruments, sections = [], []
    for section, each in _by_symbol(configuration, loaded):
        section, said = _settled(section, each)  # noqa: PLW2901 the same section, now complete
        notes += said
        sections.append(section)
        instruments.append(_instrument(section, problems))
    _fail(problems)
    ready = [each for each in instruments if each is not None]
    cash = _cash(configuration, ready, problems)
    strategies = [_settled_strategy(each, loaded) for each in chosen]
    _fail(problems)
    effective = attrs.evolve(
        configuration,
        data=tuple(each.section for each in loaded),
        instruments=tuple(sections),
        strategies=tuple(strategies),
        backtest=attrs.evolve(configuration.backtest, cash=cash),
    )
    return Prepared(
        configuration=effective,
        columns=tuple(each.columns for each in loaded),
        instruments=tuple(ready),
        entries=tuple(_entry(each, section) for each, section in zip(chosen, strategies, strict=True)),
        cash={each.currency: _minor(each, cash) for each in ready},
        data=tuple(each.fact for each in loaded),
        bad_rows=tuple(row for each in loaded for row in each.bad_rows),
        described={str(section.id): _described(section) for section in strategies},
        notes=(*(note for each in loaded for note in each.notes), *notes),
        run_id=_run_id(effective, loaded),
    )


def _fail(problems: Sequence[Problem]) -> None:
    if problems:
        raise InputError("\n".join(f"{path}: {reason}" for path, reason in problems))


def _know_their_symbols(configuration: Configuration, *, where: str, problems: list[Problem]) -> None:
    known = dict.fromkeys(section.symbol for section in configuration.data)
    for number, section in enumerate(configuration.strategies):
        for symbol in section.symbols or ():
            if symbol not in known:
                reason = f"there are no data of {symbol!r}; there are data of {', '.join(known)}"
                problems.append((f"{where}strategies[{number}].symbols", reason))
    problems += [
        (f"{where}portfolio.symbol_multiplier.{symbol}", f"there are no data of {symbol!r}")
        for symbol in configuration.portfolio.symbol_multiplier
        if symbol not in known
    ]


def _files_exist(configuration: Configuration, problems: list[Problem]) -> None:
    problems += [
        (section.file, "there is no such file")
        for section in configuration.data
        if section.file is not None and not Path(section.file).exists()
    ]


def _by_symbol(
    configuration: Configuration, loaded: Sequence[LoadedData]
) -> list[tuple[InstrumentSection, LoadedData]]:
    first = {each.section.symbol: each for each in reversed(loaded)}
    return [(section, first[section.symbol]) for section in configuration.instruments]


def _settled(section: InstrumentSection, loaded: LoadedData) -> tuple[InstrumentSection, list[str]]:
    """The section with tick size and currency, and what was assumed."""
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
        section = attrs.evolve(section, currency=currency_of(section.symbol, Kind(section.kind)))
        notes.append(f"currency: {section.currency} for {section.symbol}, since none was told")
    return section, notes


def currency_of(symbol: Symbol, kind: Kind) -> str:
    """The settlement currency that a symbol suggests: the base of an inverse contract, else the quote."""
    letters = re.sub(r"[^A-Z]", "", symbol.upper())
    if kind is Kind.LINEAR:
        return next((quote for quote in ("USDT", "USDC") if letters.endswith(quote)), "USD")
    pair = re.fullmatch(r"([A-Z]{3,4})(USD|EUR|PERP|USDPERP)", letters)
    if kind is Kind.INVERSE and pair is not None and pair[1] not in _COINS:
        return pair[1]
    return "XBT"


def _instrument(section: InstrumentSection, problems: list[Problem]) -> Instrument | None:
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
        )
    except ValueError as error:
        problems.append((f"instrument {section.symbol}", str(error)))
        return None


def _cash(
    configuration: Configuration, instruments: Sequence[Instrument], problems: list[Problem]
) -> dict[str, Decimal]:
    """Starting cash of each currency that an instrument settles in."""
    told = configuration.backtest.cash
    found: dict[str, Decimal] = {}
    for instrument in instruments:
        currency = instrument.currency
        if "" in told:
            amount = told[""]
        elif currency in told:
            amount = told[currency]
        elif told:
            problems.append(("backtest.cash", f"no amount of {currency}, in which {instrument.symbol} settles"))
            continue
        else:
            coin = currency in _COINS or instrument.kind is Kind.INVERSE
            amount = DEFAULT_CASH_COIN if coin else DEFAULT_CASH
        amount = found.setdefault(currency, amount)
        if amount.scaleb(instrument.minor_digits) % 1:
            reason = f"{amount} {currency} is no whole number of its minor unit, 1e-{instrument.minor_digits}"
            problems.append((f"backtest.cash.{currency}", reason))
    return found


def _minor(instrument: Instrument, cash: Mapping[str, Decimal]) -> Minor:
    return int(cash[instrument.currency].scaleb(instrument.minor_digits))


def _settled_strategy(chosen: Chosen, loaded: Sequence[LoadedData]) -> StrategySection:
    section = chosen.section
    symbols = section.symbols or tuple(dict.fromkeys(each.section.symbol for each in loaded))
    period = section.period
    if period is None:
        own = [each.columns.period for each in loaded if each.section.symbol in symbols and _bars(each)]  # type: ignore[union-attr]
        period = period_name(max(own)) if own else TICK_PERIOD
    lots = section.lots if section.lots is not None or chosen.sizes_itself else 1
    return attrs.evolve(section, id=chosen.id, symbols=symbols, period=period, lots=lots, params=chosen.params)


def _bars(loaded: LoadedData) -> bool:
    return isinstance(loaded.columns, BarColumns)


def _entry(chosen: Chosen, section: StrategySection) -> StrategyEntry:
    assert section.symbols is not None
    assert section.period is not None
    return StrategyEntry(
        id=chosen.id,
        strategy=chosen.strategy,
        symbols=tuple(section.symbols),
        period=parse_period(section.period),
        params=chosen.params,
        weight=section.weight,
        lots=section.lots or 1,
        on_quarantine=section.on_quarantine,
        account=section.account,
    )


def _described(section: StrategySection) -> str:
    """`ema-cross fast=10 slow=50, XBTUSD 1m`; files without their folder, for folders differ between machines."""
    params = "".join(f" {name}={value}" for name, value in section.params.items())
    return f"{_placeless(section.strategy)}{params}, {' '.join(section.symbols or ())} {section.period}"


def _placeless(strategy: str) -> str:
    place, colon, name = strategy.rpartition(":")
    return f"{Path(place).name}{colon}{name}" if place.endswith(".py") else strategy


def _run_id(configuration: Configuration, loaded: Sequence[LoadedData]) -> str:
    """Six characters that are equal for equal configuration, data and seed, wherever the files lie."""
    portable = attrs.evolve(
        configuration,
        data=tuple(_portable(each) for each in loaded),
        strategies=tuple(
            attrs.evolve(section, strategy=_placeless(section.strategy), folder=None)
            for section in configuration.strategies
        ),
        live=None,
    )
    return hashlib.sha256(to_toml(portable).encode()).hexdigest()[:6]


def _portable(loaded: LoadedData) -> DataSection:
    return attrs.evolve(loaded.section, file=loaded.fact.sha256)
