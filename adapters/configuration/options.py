"""What the command line says wins over what the file says: options become sections, and both are anchored to folders.

The options arrive as the texts that were typed, and are judged by the same hooks as the file's values.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from adapters.configuration import compounds, schema, values
from adapters.configuration.option_data import data_sections
from adapters.configuration.reading import Problem
from adapters.configuration.typed import BacktestOptions, Told, decimal, integer, placed
from messages import Kind

DEFAULT_STRATEGIES = ("ema-cross", "turtle")


def with_options(
    configuration: schema.Configuration, options: BacktestOptions, *, folder: Path, problems: list[Problem]
) -> schema.Configuration:
    """The configuration (whose paths start from `folder`) with the options laid over it, all paths absolute."""
    told = Told(options, problems)
    backtest = attrs.evolve(
        configuration.backtest,
        **told.all(
            fill=("--fill", lambda text: values.one_of(text, ("next-open", "this-close"))),
            slippage_ticks=("--slippage-ticks", lambda text: values.whole_from_zero(integer(text))),
            slippage_spread=("--slippage-spread", lambda text: values.weight(decimal(text))),
            half_spread_ticks=("--half-spread-ticks", lambda text: values.whole_from_zero(integer(text))),
            volume_cap=("--volume-cap", lambda text: values.portion(decimal(text))),
            cash=("--cash", lambda text: {"": values.positive_number(decimal(text))}),
            begin=("--from", values.moment_text),
            end=("--to", values.moment_text),
            bad_rows=("--bad-rows", lambda text: values.one_of(text, ("fail", "quarantine"))),
            seed=("--seed", lambda text: values.whole_from_zero(integer(text))),
            handler_seconds=("--handler-seconds", lambda text: values.positive_float(decimal(text))),
        ),
    )
    data = data_sections(configuration, options, told, folder=folder, seed=backtest.seed)
    strategies = _strategies(configuration, options, told, folder=folder)
    heard = schema.only_heard(strategies)
    traded = [section for section in data if section.symbol not in heard]
    return attrs.evolve(
        configuration,
        backtest=backtest,
        data=data,
        events=anchored_events(configuration.events, folder),
        instruments=_instruments(configuration, traded, options, told, folder=folder),
        strategies=strategies,
    )


def anchored_events(sections: Sequence[schema.EventsSection], folder: Path) -> tuple[schema.EventsSection, ...]:
    """With absolute paths, which a file tells from its own folder."""
    return tuple(
        attrs.evolve(
            section,
            file=None if section.file is None else placed(folder, section.file),
            store=None if section.store is None else placed(folder, section.store),
            listen=None if section.listen is None else _anchored_listen(section.listen, folder),
        )
        for section in sections
    )


def _anchored_listen(section: schema.ListenSection, folder: Path) -> schema.ListenSection:
    return (
        section if section.token_file is None else attrs.evolve(section, token_file=placed(folder, section.token_file))
    )


def _instruments(
    configuration: schema.Configuration,
    data: Sequence[schema.DataSection],
    options: BacktestOptions,
    told: Told,
    *,
    folder: Path,
) -> tuple[schema.InstrumentSection, ...]:
    """One for each symbol of the data, in the data's order."""
    over = _terms(told)
    template = None
    if options.instrument is not None:
        template = schema.instrument_of(configuration.instruments, options.instrument)
        if template is None:
            known = [section.symbol for section in configuration.instruments]
            over |= told.all(instrument=("--instrument", lambda text: _kind(text, known)))
            over["kind"] = over.pop("instrument", Kind.LINEAR.value)
    found = {}
    for symbol in dict.fromkeys(section.symbol for section in data):
        entry = template or schema.instrument_of(configuration.instruments, symbol)
        if entry is None:
            entry = schema.InstrumentSection(symbol=symbol)
        found[symbol] = attrs.evolve(_anchored(entry, folder), symbol=symbol, **over)
    return tuple(found.values())


def _terms(told: Told) -> dict[str, Any]:
    """What the command line says of every instrument; what it says takes the place of other ways to say it."""
    over = told.all(
        tick_size=("--tick-size", lambda text: values.positive_number(decimal(text))),
        lot_size=("--lot-size", lambda text: values.positive_number(decimal(text))),
        multiplier=("--multiplier", lambda text: values.positive_number(decimal(text))),
        currency=("--currency", values.text),
        maker_fee=("--maker-fee", lambda text: values.fee_rate(decimal(text))),
        taker_fee=("--taker-fee", lambda text: values.fee_rate(decimal(text))),
        leverage=("--leverage", lambda text: values.leverage(decimal(text))),
        funding=("--funding", _funding),
    )
    if "leverage" in over:
        over["initial_margin"] = None
    if "funding" in over and not isinstance(over["funding"], Decimal):
        over["funding_at"] = None
    return over


def _funding(text: str) -> Decimal | str:
    found = compounds.funding(text)
    if isinstance(found, Decimal) or found == compounds.NO_FUNDING:
        return found
    return placed(Path.cwd(), found)


def _anchored(section: schema.InstrumentSection, folder: Path) -> schema.InstrumentSection:
    funding, marks = schema.funding_file(section), section.mark_prices
    return attrs.evolve(
        section,
        funding=section.funding if funding is None else placed(folder, funding),
        mark_prices=None if marks is None else placed(folder, marks),
    )


def _kind(word: str, entries: Sequence[str]) -> str:
    known = [kind.value for kind in Kind]
    if word not in known:
        named = f", or an [[instruments]] entry: {', '.join(entries)}" if entries else ""
        raise ValueError(f"must be {', '.join(known)}{named}; not {word!r}{values.hint(word, known)}")
    return word


def _strategies(
    configuration: schema.Configuration, options: BacktestOptions, told: Told, *, folder: Path
) -> tuple[schema.StrategySection, ...]:
    over = told.all(
        period=("--period", values.period_text),
        execution=("--execution", compounds.execution),
        lots=("--lots", lambda text: values.positive_int(integer(text))),
    )
    names: Sequence[str] = options.strategies
    if not names and not configuration.strategies:
        names = DEFAULT_STRATEGIES
    if names:
        here = str(Path.cwd())
        sections = [schema.StrategySection(strategy=name, folder=here) for name in names]
    else:
        sections = [
            attrs.evolve(section, folder=placed(folder, section.folder or ".")) for section in configuration.strategies
        ]
    return tuple(attrs.evolve(section, **over) for section in sections)
