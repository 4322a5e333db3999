"""What the command line says wins over what the file says: options become sections, and both are anchored to folders.

The options arrive as the texts that were typed, and are judged by the same hooks as the file's values.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

from adapters.configuration import schema, values
from adapters.configuration.reading import Problem
from messages import Kind, Symbol

DEMO_SYMBOL: Symbol = "DEMO"
DEMO_PERIOD = "1h"
DEFAULT_STRATEGIES = ("ema-cross", "turtle")
NO_SYMBOL: Symbol = "SYMBOL"
"""Of a file whose name speaks of none."""
_NO_SYMBOLS = frozenset(
    (
        *("bitmex", "binance", "ftx", "bybit", "okx", "coinbase", "kraken", "bitfinex", "deribit", "huobi", "coinm"),
        *("usdm", "bars", "bar", "trades", "trade", "ticks", "tick", "quotes", "ohlc", "ohlcv", "data", "klines"),
        *("kline", "candles", "history", "spot"),
    )
)
"""Words in the names of data files that are no symbol."""


@attrs.frozen(kw_only=True)
class BacktestOptions:
    """The command line of `backtest`; None and () were not given."""

    config: Path | None = None
    data: tuple[str, ...] = ()
    symbol: str | None = None
    period: str | None = None
    stamps: str | None = None
    timezone: str | None = None
    instrument: str | None = None
    tick_size: str | None = None
    lot_size: str | None = None
    multiplier: str | None = None
    currency: str | None = None
    strategies: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    lots: str | None = None
    fill: str | None = None
    slippage_ticks: str | None = None
    maker_fee: str | None = None
    taker_fee: str | None = None
    cash: str | None = None
    begin: str | None = None
    end: str | None = None
    bad_rows: str | None = None
    seed: str | None = None
    handler_seconds: str | None = None


def with_options(
    configuration: schema.Configuration, options: BacktestOptions, *, folder: Path, problems: list[Problem]
) -> schema.Configuration:
    """The configuration (whose paths start from `folder`) with the options laid over it, all paths absolute."""
    told = _Told(options, problems)
    backtest = attrs.evolve(
        configuration.backtest,
        **told.all(
            fill=("--fill", lambda text: values.one_of(text, ("next-open", "this-close"))),
            slippage_ticks=("--slippage-ticks", lambda text: values.whole_from_zero(_integer(text))),
            cash=("--cash", lambda text: {"": values.positive_number(_number(text))}),
            begin=("--from", values.moment_text),
            end=("--to", values.moment_text),
            bad_rows=("--bad-rows", lambda text: values.one_of(text, ("fail", "quarantine"))),
            seed=("--seed", lambda text: values.whole_from_zero(_integer(text))),
            handler_seconds=("--handler-seconds", lambda text: values.positive_float(_number(text))),
        ),
    )
    data = _data(configuration, options, told, folder=folder, seed=backtest.seed)
    return attrs.evolve(
        configuration,
        backtest=backtest,
        data=data,
        instruments=_instruments(configuration, data, options, told),
        strategies=_strategies(configuration, options, told, folder=folder),
    )


class _Told:
    """Judges options by hooks; what is wrong becomes a problem under the option's name."""

    def __init__(self, options: BacktestOptions, problems: list[Problem]) -> None:
        self._options = options
        self.problems = problems

    def all(self, **wanted: tuple[str, Callable[[str], Any]]) -> dict[str, Any]:
        found = {}
        for name, (flag, hook) in wanted.items():
            text = getattr(self._options, name)
            if text is None:
                continue
            try:
                found[name] = hook(text)
            except (TypeError, ValueError) as error:
                self.problems.append((flag, str(error)))
        return found


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text.strip()):
        raise ValueError(f"must be a whole number, not {text!r}")
    return int(text)


def _number(text: str) -> Any:
    from decimal import Decimal, InvalidOperation  # noqa: PLC0415 --help does not need it

    try:
        return Decimal(text.replace("_", ""))
    except InvalidOperation:
        raise ValueError(f"must be a number, not {text!r}") from None


def _data(
    configuration: schema.Configuration, options: BacktestOptions, told: _Told, *, folder: Path, seed: int
) -> tuple[schema.DataSection, ...]:
    over = told.all(
        stamps=("--stamps", lambda text: values.one_of(text, ("start", "end"))),
        timezone=("--timezone", values.zone_name),
    )
    symbol = told.all(symbol=("--symbol", values.symbol_name)).get("symbol")
    period = told.all(period=("--period", values.period_text)).get("period")
    if options.data:
        sections = [_data_section(text, told) for text in options.data]
        unnamed = [number for number, (named, _) in enumerate(sections) if not named]
        if symbol is not None and len(unnamed) != 1:
            told.problems.append(("--symbol", "names one file; write --data SYMBOL=FILE for each of several"))
        found = [
            attrs.evolve(section, symbol=symbol) if symbol and not named else section for named, section in sections
        ]
    elif configuration.data:
        found = [_anchored(section, folder) for section in configuration.data]
        if symbol is not None and len(found) == 1:
            found = [attrs.evolve(found[0], symbol=symbol)]
        elif symbol is not None:
            told.problems.append(("--symbol", "names one data file, and the configuration has several"))
    else:
        market = schema.GeneratedSection(seed=seed)
        found = [
            schema.DataSection(
                symbol=symbol or DEMO_SYMBOL,
                generated=market,
                period=period or DEMO_PERIOD,
            )
        ]
    return tuple(attrs.evolve(section, **(over if section.file else {})) for section in found)


def _data_section(text: str, told: _Told) -> tuple[bool, schema.DataSection]:
    """Whether a symbol was named, and the section. A file whose name holds a = is still found."""
    name, equals, rest = text.partition("=")
    named = bool(equals) and not Path(text).exists() and re.fullmatch(r"[A-Za-z0-9._:^&+-]{1,64}", name) is not None
    path = Path(rest if named else text).expanduser()
    if named and not rest:
        told.problems.append(("--data", f"{text!r} names no file"))
    return named, schema.DataSection(symbol=name if named else symbol_of(path), file=_placed(Path.cwd(), str(path)))


def guessed_symbols(options: BacktestOptions) -> list[str]:
    """What to tell the user about symbols that were taken from files' names."""
    said = []
    for text in options.data if options.symbol is None else ():
        named, section = _data_section(text, _Told(options, []))
        if not named:
            source = "for want of one in" if section.symbol == NO_SYMBOL else "from"
            said.append(f"symbol: {section.symbol}, {source} the name of {Path(text).name} (--symbol says otherwise)")
    return said


def symbol_of(path: Path) -> Symbol:
    """The symbol that a file's name speaks of: `bitmex_XBTUSD_1m.csv.gz` is XBTUSD; SYMBOL where there is none."""
    stem = path.name.split(".csv")[0].split(".parquet")[0]
    words = [word for word in re.split(r"[_\s]+", stem) if re.fullmatch(r"[A-Za-z0-9.^&+-]{1,64}", word)]
    words = [
        word
        for word in words
        if word.lower() not in _NO_SYMBOLS and re.fullmatch(r"[0-9.-]+|[0-9]+(s|m|h|d|w|min|t)", word.lower()) is None
    ]
    shouted = [word for word in words if word == word.upper() and re.search("[A-Z]{2}", word)]
    return (shouted or words or [NO_SYMBOL])[0].upper()


def _placed(folder: Path, path: str) -> str:
    """Absolute and without detours; links stay links."""
    return os.path.abspath(folder / Path(path).expanduser())  # noqa: PTH100 resolve() would follow links


def _anchored(section: schema.DataSection, folder: Path) -> schema.DataSection:
    if section.file is None:
        return section
    return attrs.evolve(section, file=_placed(folder, section.file))


def _instruments(
    configuration: schema.Configuration, data: Sequence[schema.DataSection], options: BacktestOptions, told: _Told
) -> tuple[schema.InstrumentSection, ...]:
    """One for each symbol of the data, in the data's order."""
    over = told.all(
        tick_size=("--tick-size", lambda text: values.positive_number(_number(text))),
        lot_size=("--lot-size", lambda text: values.positive_number(_number(text))),
        multiplier=("--multiplier", lambda text: values.positive_number(_number(text))),
        currency=("--currency", values.text),
        maker_fee=("--maker-fee", lambda text: values.fee_rate(_number(text))),
        taker_fee=("--taker-fee", lambda text: values.fee_rate(_number(text))),
    )
    template = None
    if options.instrument is not None:
        template = schema.instrument_of(configuration.instruments, options.instrument)
        if template is None:
            try:
                over["kind"] = values.kind_name(options.instrument)
            except ValueError as error:
                known = ", ".join(section.symbol for section in configuration.instruments)
                entries = f", or an [[instruments]] entry: {known}" if known else ""
                reason = str(error) if options.instrument == "spot" else _no_kind(options.instrument, entries)
                told.problems.append(("--instrument", reason))
    found = {}
    for symbol in dict.fromkeys(section.symbol for section in data):
        entry = template or schema.instrument_of(configuration.instruments, symbol)
        entry = schema.InstrumentSection(symbol=symbol) if entry is None else attrs.evolve(entry, symbol=symbol)
        found[symbol] = attrs.evolve(entry, **over)
    return tuple(found.values())


def _no_kind(word: str, entries: str) -> str:
    known = [kind.value for kind in Kind]
    return f"must be {', '.join(known)}{entries}; not {word!r}{values.hint(word, known)}"


def _strategies(
    configuration: schema.Configuration, options: BacktestOptions, told: _Told, *, folder: Path
) -> tuple[schema.StrategySection, ...]:
    over = told.all(
        period=("--period", values.period_text),
        lots=("--lots", lambda text: values.positive_int(_integer(text))),
    )
    names: Sequence[str] = options.strategies
    if not names and not configuration.strategies:
        names = DEFAULT_STRATEGIES
    if names:
        here = str(Path.cwd())
        sections = [schema.StrategySection(strategy=name, folder=here) for name in names]
    else:
        sections = [
            attrs.evolve(section, folder=_placed(folder, section.folder or ".")) for section in configuration.strategies
        ]
    return tuple(attrs.evolve(section, **over) for section in sections)
