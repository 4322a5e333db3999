"""The command `data download`. What it needs is imported when it is called."""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

from pathlib import Path
from typing import Annotated

import typer

from adapters.options import OUTPUT, interrupted


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
    begin: Annotated[str | None, typer.Option("--from", metavar="TIME", help="First time wanted (UTC).")] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="First time no longer wanted. Default: now.")
    ] = None,
    store: Annotated[Path, typer.Option(metavar="FOLDER", help="The store.")] = Path("data"),
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of a server that speaks like the venue; loopback needs it."),
    ] = None,
    as_json: Annotated[  # noqa: FBT002
        bool, typer.Option("--json", help="One JSON object on stdout, nothing else.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[  # noqa: FBT002
        bool, typer.Option("--quiet", help="No report, no progress.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Have a venue's history over REST. Interrupted, the same command goes on where it was."""
    from adapters.download.command import DownloadOptions, run_download
    from adapters.interrupts import Interrupts

    options = DownloadOptions(
        venue=venue, symbol=symbol, kind=kind, period=period, begin=begin, end=end, store=store, url=url,
        as_json=as_json, quiet=quiet,
    )  # fmt: skip
    with Interrupts() as interrupts:
        try:
            code = run_download(options, interrupts)
        except KeyboardInterrupt:
            code = interrupted(interrupts)
    raise typer.Exit(code)
