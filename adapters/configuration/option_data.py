"""The data that a command line names: files, their symbols, and the generated market where there are none."""

import re
from pathlib import Path
from typing import get_args

import attrs

from adapters.configuration import names, schema, values
from adapters.configuration.typed import BacktestOptions, Told, placed
from adapters.errors import InputError
from messages import Symbol

DEMO_SYMBOL: Symbol = "DEMO"
DEMO_PERIOD = "1h"
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


def data_sections(
    configuration: schema.Configuration, options: BacktestOptions, told: Told, *, folder: Path, seed: int
) -> tuple[schema.DataSection, ...]:
    """The data of the command line, else of the file, else a generated market; all paths absolute."""
    over = told.all(
        stamps=("--stamps", lambda text: values.one_of(text, ("start", "end"))),
        timezone=("--timezone", values.zone_name),
    )
    symbol = told.all(symbol=("--symbol", names.symbol_name)).get("symbol")
    period = told.all(period=("--period", values.period_text)).get("period")
    kinds = told.all(kind=("--kind", data_kinds)).get("kind")
    if options.data:
        sections = [_data_section(text, told) for text in options.data]
        unnamed = [number for number, (named, _) in enumerate(sections) if not named]
        if symbol is not None and len(unnamed) != 1:
            told.problems.append(("--symbol", "names one file; write --data SYMBOL=FILE for each of several"))
        found = [
            attrs.evolve(section, symbol=symbol) if symbol and not named else _named(section, named, told)
            for named, section in sections
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
    if kinds is not None:
        if not any(_is_folder(section) for section in found):
            told.problems.append(("--kind", "belongs to a store: --data FOLDER"))
        found = [
            attrs.evolve(section, kind=kind) for section in found for kind in (kinds if _is_folder(section) else [None])
        ]
    return tuple(attrs.evolve(section, **(over if section.file else {})) for section in found)


def data_kinds(text: str) -> list[str]:
    """`ticks,quotes`: kinds of a store's data, each once."""
    return list(dict.fromkeys(values.one_of(each.strip(), get_args(schema.DataKind)) for each in text.split(",")))


def _is_folder(section: schema.DataSection) -> bool:
    return section.file is not None and Path(section.file).is_dir()


def _named(section: schema.DataSection, named: bool, told: Told) -> schema.DataSection:  # noqa: FBT001
    """A store's folder does not speak of a symbol: it has one, or it is asked which."""
    if named or not _is_folder(section):
        return section
    from adapters.stored import only_symbol  # noqa: PLC0415 - files do without

    try:
        return attrs.evolve(section, symbol=only_symbol(str(section.file)))
    except InputError as error:
        told.problems.append(("--data", str(error)))
        return section


def _data_section(text: str, told: Told) -> tuple[bool, schema.DataSection]:
    """Whether a symbol was named, and the section. A file whose name holds a = is still found."""
    name, equals, rest = text.partition("=")
    named = bool(equals) and not Path(text).exists() and re.fullmatch(r"[A-Za-z0-9._:^&+-]{1,64}", name) is not None
    path = Path(rest if named else text).expanduser()
    if named and not rest:
        told.problems.append(("--data", f"{text!r} names no file"))
    return named, schema.DataSection(symbol=name if named else symbol_of(path), file=placed(Path.cwd(), str(path)))


def guessed_symbols(options: BacktestOptions) -> list[str]:
    """What to tell the user about symbols that were taken from files' names."""
    said = []
    for text in options.data if options.symbol is None else ():
        named, section = _data_section(text, Told(options, []))
        if not named and not _is_folder(section):
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


def _anchored(section: schema.DataSection, folder: Path) -> schema.DataSection:
    if section.file is None:
        return section
    return attrs.evolve(section, file=placed(folder, section.file))
