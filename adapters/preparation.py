"""From a configuration to everything a run needs: data loaded, instruments complete, strategies found and checked.

What nobody told is settled here (tick sizes, currencies, periods, ids, cash) and stands in the effective configuration,
so that the run can be repeated from it alone. Everything wrong with configuration and options is told at once.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from actors.columns import BarColumns, Columns, EventColumns
from actors.event_streams import ExternalColumns
from actors.execution.algorithms import MARKET, execution_of
from actors.sizing.sizing import Sizing
from actors.strategy_entry import StrategyEntry
from adapters.accounts import account_of, cash_of, sizings_of, unused, with_amounts
from adapters.configuration import Configuration, Problem, read_toml, structured
from adapters.configuration.option_data import guessed_symbols
from adapters.configuration.options import with_options
from adapters.configuration.schema import (
    InstrumentSection,
    StrategySection,
    funding_file,
    only_heard,
)
from adapters.configuration.typed import BacktestOptions
from adapters.contracts import instrument_from, settled
from adapters.errors import InputError
from adapters.events.loading import load_external
from adapters.events.subscribing import source_problems
from adapters.files import BadRow
from adapters.funding_data import load_events
from adapters.limits import unknown_scopes
from adapters.market_data import LoadedData, load_data
from adapters.results import DataFact
from adapters.run_id import placeless, run_id_of
from adapters.stored.loading import with_stored_events
from adapters.strategy_choice import Chosen, choose
from messages import Account, Instrument, Minor, Symbol, parse_period, period_name

TICK_PERIOD = "1m"
"""Of strategies on ticks, where none is told."""


@attrs.frozen(kw_only=True)
class Prepared:
    """A run that can start."""

    configuration: Configuration
    """Effective: complete, with absolute paths."""
    columns: tuple[Columns | EventColumns | ExternalColumns, ...]
    instruments: tuple[Instrument, ...]
    entries: tuple[StrategyEntry, ...]
    cash: Mapping[str, Minor]
    account_cash: Mapping[Account, Mapping[str, Minor]]
    """Of accounts that start with something else."""
    sizing: Sizing | None
    account_sizing: Mapping[Account, Sizing]
    funding_words: Mapping[Symbol, str]
    """How funding is told; a symbol that is not here has none."""
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
    problems += source_problems(chosen, configuration.events, where=where)
    # Who is missing because of a mistake of its own is nobody whose account or limits are a mistake too.
    if not any("strateg" in path for path, _ in problems):
        _know_their_accounts(configuration, chosen, where=where, problems=problems)
    _files_exist(configuration, problems)
    fail(problems)
    return _complete(configuration, chosen, wanted=options.period, notes=guessed_symbols(options))


def _complete(
    configuration: Configuration, chosen: Sequence[Chosen], *, wanted: str | None, notes: list[str]
) -> Prepared:
    """Load the data and settle what depends on it."""
    problems: list[Problem] = []
    hears = frozenset().union(*(each.strategy.hears() for each in chosen))
    loaded = load_data(configuration, wanted=_wanted(wanted, configuration), hears=hears)
    instruments, sections = [], []
    for section, each in _by_symbol(configuration, loaded):
        section, said = settled(section, each)  # noqa: PLW2901 the same section, now complete
        notes += said
        told = next(data for data in configuration.data if data.symbol == section.symbol)
        section, said = with_stored_events(section, told)  # noqa: PLW2901
        notes += said
        sections.append(section)
        instruments.append(instrument_from(section, problems))
    fail(problems)
    ready = [each for each in instruments if each is not None]
    heard = only_heard(configuration.strategies)
    traded = [each for each in loaded if each.section.symbol not in heard]
    strategies = [_settled_strategy(each, traded) for each in chosen]
    cash = cash_of(configuration, ready, _traded(chosen, strategies), problems)
    fail(problems)
    events = load_events(sections, loaded, bad_rows=configuration.backtest.bad_rows)
    external = load_external(
        configuration.events,
        first=min(each.fact.first_ts for each in loaded),
        last=max(each.fact.last_ts for each in loaded),
        bad_rows=configuration.backtest.bad_rows,
    )
    effective = attrs.evolve(
        with_amounts(configuration, cash),
        data=tuple(each.section for each in loaded),
        instruments=tuple(sections),
        strategies=tuple(strategies),
    )
    sizing, account_sizing = sizings_of(effective)
    return Prepared(
        configuration=effective,
        columns=(*(each.columns for each in loaded), *events.columns, *external.columns),
        instruments=tuple(ready),
        entries=tuple(entry_of(each, section) for each, section in zip(chosen, strategies, strict=True)),
        cash=cash.minor(ready),
        account_cash=cash.own_minor(ready),
        sizing=sizing,
        account_sizing=account_sizing,
        funding_words=events.words,
        data=(*(each.fact for each in loaded), *events.facts, *external.facts),
        bad_rows=(*(row for each in loaded for row in each.bad_rows), *events.bad_rows, *external.bad_rows),
        described={str(section.id): described(section) for section in strategies},
        notes=(*(note for each in loaded for note in each.notes), *notes, *events.notes, *external.notes),
        run_id=run_id_of(effective, loaded, events, external),
    )


def fail(problems: Sequence[Problem]) -> None:
    """InputError with everything that is wrong, if something is."""
    if problems:
        raise InputError("\n".join(f"{path}: {reason}" for path, reason in problems))


def _know_their_symbols(configuration: Configuration, *, where: str, problems: list[Problem]) -> None:
    known = dict.fromkeys(section.symbol for section in configuration.data)
    for number, section in enumerate(configuration.strategies):
        for name, symbols in (("symbols", section.symbols), ("hears", section.hears)):
            for symbol in symbols or ():
                if symbol not in known:
                    reason = f"there are no data of {symbol!r}; there are data of {', '.join(known)}"
                    problems.append((f"{where}strategies[{number}].{name}", reason))
        if section.symbols is None and not set(known) - only_heard(configuration.strategies):
            reason = "must be given: all symbols of the data are only heard"
            problems.append((f"{where}strategies[{number}].symbols", reason))
    problems += [
        (f"{where}portfolio.symbol_multiplier.{symbol}", f"there are no data of {symbol!r}")
        for symbol in configuration.portfolio.symbol_multiplier
        if symbol not in known
    ]


def _know_their_accounts(
    configuration: Configuration, chosen: Sequence[Chosen], *, where: str, problems: list[Problem]
) -> None:
    accounts = [account_of(each.section, each.id) for each in chosen]
    known = {
        "account": accounts,
        "strategy": [each.id for each in chosen],
        "symbol": [section.symbol for section in configuration.data],
    }
    found = unused(configuration.accounts, accounts) + unknown_scopes(configuration.risk, known)
    problems += [(f"{where}{path}", reason) for path, reason in found]


def _files_exist(configuration: Configuration, problems: list[Problem]) -> None:
    files = [section.file for section in configuration.data]
    files += [path for section in configuration.events for path in (section.file, section.store)]
    for section in configuration.instruments:
        files += [funding_file(section), section.mark_prices]
    problems += [(file, "there is no such file") for file in dict.fromkeys(files) if file and not Path(file).exists()]


def _wanted(told: str | None, configuration: Configuration) -> str | None:
    """The period of all strategies: the command line's, or theirs, if they agree."""
    periods = {section.period for section in configuration.strategies}
    return told or (periods.pop() if len(periods) == 1 else None)


def _by_symbol(
    configuration: Configuration, loaded: Sequence[LoadedData]
) -> list[tuple[InstrumentSection, LoadedData]]:
    first = {each.section.symbol: each for each in reversed(loaded)}
    return [(section, first[section.symbol]) for section in configuration.instruments]


def _settled_strategy(chosen: Chosen, loaded: Sequence[LoadedData]) -> StrategySection:
    section = chosen.section
    hears = section.hears or ()
    symbols = section.symbols or tuple(
        dict.fromkeys(each.section.symbol for each in loaded if each.section.symbol not in hears)
    )
    period = section.period
    if period is None:
        own = [each.columns.period for each in loaded if each.section.symbol in symbols and _bars(each)]  # type: ignore[union-attr]
        period = period_name(max(own)) if own else TICK_PERIOD
    lots = section.lots if section.lots is not None or chosen.sizes_itself else 1
    return attrs.evolve(section, id=chosen.id, symbols=symbols, period=period, lots=lots, params=chosen.params)


def _traded(chosen: Sequence[Chosen], strategies: Sequence[StrategySection]) -> dict[Account, list[Symbol]]:
    """The symbols of each account."""
    traded: dict[Account, list[Symbol]] = {}
    for each, section in zip(chosen, strategies, strict=True):
        traded.setdefault(account_of(section, each.id), []).extend(section.symbols or ())
    return traded


def _bars(loaded: LoadedData) -> bool:
    return isinstance(loaded.columns, BarColumns)


def entry_of(chosen: Chosen, section: StrategySection) -> StrategyEntry:
    """The entry of a strategy whose symbols and period are settled."""
    assert section.symbols is not None
    assert section.period is not None
    return StrategyEntry(
        id=chosen.id,
        strategy=chosen.strategy,
        symbols=tuple(section.symbols),
        hears=section.hears or (),
        events=section.events,
        period=parse_period(section.period),
        params=chosen.params,
        weight=section.weight,
        lots=section.lots or 1,
        on_quarantine=section.on_quarantine,
        account=account_of(section, chosen.id),
        execution=execution_of(section.execution),
    )


def described(section: StrategySection) -> str:
    """`ema-cross fast=10 slow=50, XBTUSD 1m`; files without their folder, for folders differ between machines.

    How orders are worked, and that it trades on paper, stand behind that where there is something to say.
    """
    params = "".join(f" {name}={value}" for name, value in section.params.items())
    words = [f"{placeless(section.strategy)}{params}", f"{' '.join(section.symbols or ())} {section.period}"]
    if section.hears:
        words.append(f"hears {' '.join(section.hears)}")
    execution = execution_of(section.execution)
    if execution != MARKET:
        words.append(str(execution))
    if section.mode == "paper":
        words.append("on paper")
    return ", ".join(words)
