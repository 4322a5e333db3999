"""The command `backtest`: its options. What runs it is imported when it is called."""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

from pathlib import Path
from typing import Annotated

import typer

from adapters.options import OUTPUT, AsJson, LogLevel, Quiet, log_to_stderr, run_command

_DATA = "Data"
_CONTRACT = "Contract"
_STRATEGIES = "Strategies"
_RUN = "Run"


def add_to(app: typer.Typer) -> None:
    """Make it a command of the program."""
    app.command()(backtest)


def backtest(  # noqa: PLR0917 typer calls it by keyword
    config: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Configuration; the options below win over it.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[SYMBOL=]FILE",
            help="Bars or ticks: .csv, .csv.gz, .parquet; or a store. Repeatable. Without it: a generated market.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="ticks,quotes",
            help="Of a store: bars, ticks, quotes, books, l2, index, liquidations. Default: what is needed.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Symbol of the data file. Default: from its name.", rich_help_panel=_DATA)
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            metavar="1m", help="Period the strategies hear. Default: the data's own (ticks: 1m).", rich_help_panel=_DATA
        ),
    ] = None,
    stamps: Annotated[
        str | None,
        typer.Option(metavar="start|end", help="What a bar's time is. Default: start, said so.", rich_help_panel=_DATA),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Of times without a zone. Default: UTC.", rich_help_panel=_DATA),
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First time used (UTC).", rich_help_panel=_DATA)
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="First time no longer used.", rich_help_panel=_DATA)
    ] = None,
    bad_rows: Annotated[
        str | None,
        typer.Option(metavar="fail|quarantine", help="What bad rows do. Default: fail.", rich_help_panel=_DATA),
    ] = None,
    instrument: Annotated[
        str | None,
        typer.Option(
            metavar="KIND|NAME",
            help="linear, inverse, quanto, spot, or the symbol of an entry under instruments. Default: linear.",
            rich_help_panel=_CONTRACT,
        ),
    ] = None,
    tick_size: Annotated[
        str | None, typer.Option(metavar="X", help="Default: inferred from the data.", rich_help_panel=_CONTRACT)
    ] = None,
    lot_size: Annotated[
        str | None, typer.Option(metavar="X", help="Contracts in one lot. Default: 1.", rich_help_panel=_CONTRACT)
    ] = None,
    multiplier: Annotated[
        str | None,
        typer.Option(
            metavar="X",
            help="Currency per point of a contract; inverse: its face value. Default: 1.",
            rich_help_panel=_CONTRACT,
        ),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option(metavar="C", help="Settlement currency. Default: by kind and symbol.", rich_help_panel=_CONTRACT),
    ] = None,
    maker_fee: Annotated[
        str | None,
        typer.Option(metavar="R", help="Fraction; negative: a rebate. Default: 0.", rich_help_panel=_CONTRACT),
    ] = None,
    taker_fee: Annotated[
        str | None, typer.Option(metavar="R", help="Fraction. Default: 0.", rich_help_panel=_CONTRACT)
    ] = None,
    leverage: Annotated[
        str | None,
        typer.Option(metavar="N", help="Initial margin is 1/N. Default: none is asked for.", rich_help_panel=_CONTRACT),
    ] = None,
    funding: Annotated[
        str | None,
        typer.Option(
            metavar="RATE|FILE",
            help="A rate paid every 8 h from 00:00 UTC, or a file of times and rates. Default: none.",
            rich_help_panel=_CONTRACT,
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="random, ema-cross, turtle, buy-and-hold, package.module:Class or path/file.py:Class. Repeatable. "
            "Default: ema-cross and turtle.",
            rich_help_panel=_STRATEGIES,
        ),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME.]K=V",
            help="A parameter of every strategy that has it, or of one. Repeatable.",
            rich_help_panel=_STRATEGIES,
        ),
    ] = None,
    lots: Annotated[
        str | None,
        typer.Option(metavar="N", help="Lots per unit of signal. Default: 1.", rich_help_panel=_STRATEGIES),
    ] = None,
    execution: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How every strategy's orders are worked: market, opponent, join, signal-limit, last-limit, chase, "
            "twap, vwap. Parameters and iceberg: in the configuration. Default: market.",
            rich_help_panel=_STRATEGIES,
        ),
    ] = None,
    fill: Annotated[
        str | None,
        typer.Option(
            metavar="next-open|this-close",
            help="Where market orders decided at a close fill. Default: next-open.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    slippage_ticks: Annotated[
        str | None,
        typer.Option(metavar="N", help="Against every market and stop order. Default: 0.", rich_help_panel=_RUN),
    ] = None,
    slippage_spread: Annotated[
        str | None,
        typer.Option(metavar="F", help="The same, as a fraction of the spread. Default: 0.", rich_help_panel=_RUN),
    ] = None,
    half_spread_ticks: Annotated[
        str | None,
        typer.Option(metavar="N", help="From a bar's price to best bid and ask. Default: 0.", rich_help_panel=_RUN),
    ] = None,
    volume_cap: Annotated[
        str | None,
        typer.Option(metavar="F", help="Part of a bar's volume we may fill. Default: no limit.", rich_help_panel=_RUN),
    ] = None,
    cash: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="Starting cash of each account. Default: 1 XBT for inverse, else 10000000.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    seed: Annotated[
        str | None, typer.Option(metavar="N", help="Of everything random. Default: 1.", rich_help_panel=_RUN)
    ] = None,
    handler_seconds: Annotated[
        str | None,
        typer.Option(metavar="S", help="A strategy busy for longer ends the run. Default: 30.", rich_help_panel=_RUN),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where results go. Default: runs/<time>-backtest.", rich_help_panel=OUTPUT),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            min=1e-3,
            help="Play N times as fast as it was, and show it. No result changes.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
    log_level: LogLevel = "warning",
) -> None:
    """Run strategies over history. Without --data: over a generated market."""
    from adapters.backtest import Screen, run_backtest
    from adapters.configuration.typed import BacktestOptions

    options = BacktestOptions(
        config=config, data=tuple(data or ()), kind=kind, symbol=symbol, period=period, stamps=stamps,
        timezone=timezone,
        instrument=instrument, tick_size=tick_size, lot_size=lot_size, multiplier=multiplier, currency=currency,
        strategies=tuple(strategy or ()), params=tuple(param or ()), lots=lots, execution=execution, fill=fill,
        slippage_ticks=slippage_ticks, slippage_spread=slippage_spread, half_spread_ticks=half_spread_ticks,
        volume_cap=volume_cap, maker_fee=maker_fee, taker_fee=taker_fee, leverage=leverage, funding=funding, cash=cash,
        begin=begin, end=end, bad_rows=bad_rows, seed=seed, handler_seconds=handler_seconds,
    )  # fmt: skip
    log_to_stderr(log_level)
    _collect_garbage_seldom()
    screen = Screen(quiet=quiet, json=as_json, speed=speed)
    run_command(lambda interrupts: run_backtest(options, out=out, screen=screen, interrupts=interrupts))


def _collect_garbage_seldom() -> None:
    """A run keeps millions of messages that are no garbage; walking over them again and again took a seventh of it."""
    import gc

    gc.set_threshold(100_000, 50, 100)
