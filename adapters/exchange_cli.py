"""The command `exchange`: its options. What runs it is imported when it is called."""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Make it a command of the program."""
    app.command()(exchange)


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
    second_key: Annotated[
        str | None,
        typer.Option(metavar="cancel|order", help="Make another key of the account, which may do this; it is shown."),
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
        port=port, host=host, allow_remote=allow_remote, key=key, secret=secret, second_key=second_key, market=market,
        speed=speed, seed=seed, faults=faults, idle_seconds=idle_seconds,
    )  # fmt: skip
    raise typer.Exit(run_exchange(options))
