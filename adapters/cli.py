"""The command line. It starts fast: what a command needs is imported by the command.

Exit codes: 0 done, 1 failed while running, 2 bad usage, configuration or input data, 3 ended halted by the risk guard,
70 internal error, 130 and 143 stopped by SIGINT and SIGTERM after an ordered stop.
"""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters import data_cli, live_cli
from adapters.options import OUTPUT, LogLevel, interrupted, known_level, say

FAILED, BAD_INPUT, INTERNAL = 1, 2, 70

app = typer.Typer(
    name="openoutcry",
    help="An actor-model trading system: the same actors backtest strategies and trade them live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_DATA = "Data"
_CONTRACT = "Contract"
_STRATEGIES = "Strategies"
_RUN = "Run"


@app.command()
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
    as_json: Annotated[  # noqa: FBT002
        bool, typer.Option("--json", help="One JSON object on stdout, nothing else.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[  # noqa: FBT002
        bool, typer.Option("--quiet", help="No report, no progress.", rich_help_panel=OUTPUT)
    ] = False,
    log_level: LogLevel = "warning",
) -> None:
    """Run strategies over history. Without --data: over a generated market."""
    from adapters.backtest import Screen, run_backtest
    from adapters.configuration.typed import BacktestOptions
    from adapters.interrupts import Interrupts

    options = BacktestOptions(
        config=config, data=tuple(data or ()), kind=kind, symbol=symbol, period=period, stamps=stamps,
        timezone=timezone,
        instrument=instrument, tick_size=tick_size, lot_size=lot_size, multiplier=multiplier, currency=currency,
        strategies=tuple(strategy or ()), params=tuple(param or ()), lots=lots, execution=execution, fill=fill,
        slippage_ticks=slippage_ticks, slippage_spread=slippage_spread, half_spread_ticks=half_spread_ticks,
        volume_cap=volume_cap, maker_fee=maker_fee, taker_fee=taker_fee, leverage=leverage, funding=funding, cash=cash,
        begin=begin, end=end, bad_rows=bad_rows, seed=seed, handler_seconds=handler_seconds,
    )  # fmt: skip
    _log_to_stderr(log_level)
    _collect_garbage_seldom()
    with Interrupts() as interrupts:
        try:
            code = run_backtest(
                options, out=out, screen=Screen(quiet=quiet, json=as_json, speed=speed), interrupts=interrupts
            )
        except KeyboardInterrupt:
            code = interrupted(interrupts)
        except RuntimeError as error:
            # duckdb turns what a signal raises inside a query into an error of its own.
            if interrupts.name is None or "interrupted" not in str(error).lower():
                raise
            code = interrupted(interrupts)
    raise typer.Exit(code)


@app.command()
def exchange(  # noqa: PLR0917 typer calls it by keyword
    port: Annotated[int, typer.Option(help="0 picks a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Any other than this machine needs --allow-remote.")] = "127.0.0.1",
    key: Annotated[
        str | None, typer.Option(help="Of its account. Default: made and shown.", envvar="OPENOUTCRY_LOOPBACK_KEY")
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            help="Of the key. Other users see arguments: better in the environment.",
            envvar="OPENOUTCRY_LOOPBACK_SECRET",
        ),
    ] = None,
    market: Annotated[
        str, typer.Option(metavar="generated|FILE", help="Bars or trades to repeat: .csv, .csv.gz, .parquet.")
    ] = "generated",
    speed: Annotated[float, typer.Option(metavar="N", help="How much faster than the clock time passes there.")] = 1.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Of everything random.")] = 1,
    faults: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="What is to go wrong.")] = None,
    idle_seconds: Annotated[
        float | None, typer.Option(metavar="S", help="End so long after the last client left. Default: never.")
    ] = None,
    allow_remote: Annotated[  # noqa: FBT002
        bool, typer.Option("--allow-remote", help="Listen where other machines can reach it.")
    ] = False,
) -> None:
    """Run an exchange on this machine that speaks BitMEX, for live, for tests and for other clients."""
    from adapters.exchange.command import ExchangeOptions, run_exchange

    options = ExchangeOptions(
        port=port, host=host, allow_remote=allow_remote, key=key, secret=secret, market=market, speed=speed, seed=seed,
        faults=faults, idle_seconds=idle_seconds,
    )  # fmt: skip
    raise typer.Exit(run_exchange(options))


live_cli.add_to(app)
data_cli.add_to(app)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and end the process with its exit code. Every error becomes one message on stderr."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot show becomes a question mark rather than an error.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app(args=arguments, standalone_mode=True)
    except BrokenPipeError:
        _close_stdout()
        sys.exit(FAILED)
    except Exception as error:  # noqa: BLE001 what gets here is told by blame
        sys.exit(_told(error))


def _told(error: Exception) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    from adapters.errors import InputError, UnwrittenError, VenueError
    from adapters.journal.store import JournalError
    from adapters.live.exchange_process import ExchangeFailed
    from adapters.results import OutputError

    if isinstance(error, InputError | JournalError) and not isinstance(error, UnwrittenError):
        say(str(error))
        return BAD_INPUT
    if isinstance(error, OutputError | UnwrittenError | VenueError | ExchangeFailed | OSError):
        say(str(error))
        return FAILED
    say(f"internal error, ours and not yours: {type(error).__name__}: {error}")
    for note in getattr(error, "__notes__", ()):
        say(note)
    if not getattr(error, "__notes__", ()):
        import traceback

        say("".join(traceback.format_exception(error)).rstrip())
    return INTERNAL


def _close_stdout() -> None:
    """Whoever read our output has gone; Python would complain once more while ending."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _collect_garbage_seldom() -> None:
    """A run keeps millions of messages that are no garbage; walking over them again and again took a seventh of it."""
    import gc

    gc.set_threshold(100_000, 50, 100)


def _log_to_stderr(level: str) -> None:
    known_level(level)
    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level=level.upper(), diagnose=False)
