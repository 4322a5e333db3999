"""The command `data download`. What it needs is imported when it is called."""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

from typing import Annotated

import typer

from adapters.options import STORE, AsJson, From, LogLevel, Quiet, StoreFolder, log_to_stderr, run_command


def add_to(app: typer.Typer) -> None:
    """Make it a command of `data`."""
    app.command()(download)


def download(  # noqa: PLR0917 typer calls it by keyword
    venue: Annotated[str, typer.Option(metavar="bitmex|bitmex-testnet|loopback|ccxt:NAME", help="Whose history.")],
    symbol: Annotated[str, typer.Option(help="As the venue calls it: XBTUSD, BTC/USDT.")],
    kind: Annotated[str, typer.Option(metavar="bars|ticks|funding|quotes", help="ccxt:NAME has bars only.")] = "bars",
    period: Annotated[
        str | None, typer.Option(metavar="1m", help="Of bars; BitMEX makes 1m, 5m, 1h, 1d. Default: 1m.")
    ] = None,
    begin: From = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="First time no longer wanted. Default: now.")
    ] = None,
    store: StoreFolder = STORE,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of a server that speaks like the venue; loopback needs it."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
    log_level: LogLevel = "warning",
) -> None:
    """Have a venue's history over REST. Interrupted, the same command goes on where it was."""
    from adapters.download.command import DownloadOptions, run_download

    options = DownloadOptions(
        venue=venue, symbol=symbol, kind=kind, period=period, begin=begin, end=end, store=store, url=url,
        as_json=as_json, quiet=quiet,
    )  # fmt: skip
    log_to_stderr(log_level)
    run_command(lambda interrupts: run_download(options, interrupts))
