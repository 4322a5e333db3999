"""The command `chaos`: its options. What runs it is imported when it is called."""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

from typing import Annotated

import typer

from adapters.options import AsJson, print_json, run_command


def add_to(app: typer.Typer) -> None:
    """Make it a command of the program."""
    app.command()(chaos)


def chaos(  # noqa: PLR0917 typer calls it by keyword
    strategy: Annotated[str, typer.Option(metavar="FILE.py:CLASS", help="What is tried; or a built-in one's name.")],
    symbol: Annotated[str, typer.Option(help="XBTUSD, ETHUSD or XBTUSDT.")] = "XBTUSD",
    period: Annotated[str, typer.Option(metavar="10s", help="Of the bars that it hears.")] = "10s",
    lots: Annotated[int, typer.Option(metavar="N", help="As in a configuration.")] = 1,
    param: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of the strategy. Repeatable.")] = None,
    minutes: Annotated[float, typer.Option(metavar="M", help="Simulated, of each run.")] = 30.0,
    runs: Annotated[int, typer.Option(metavar="N", help="Each with another seed.")] = 6,
    seed: Annotated[int, typer.Option(metavar="N", help="The first one.")] = 1,
    jobs: Annotated[int | None, typer.Option(metavar="N", help="Processes. Default: all cores.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 typer makes it a flag
) -> None:
    """Run a strategy in a simulated live system while everything around it goes wrong, and say whether it held."""
    from rich.console import Console

    from adapters.simulation.chaos import ChaosOptions, run_chaos

    options = ChaosOptions(
        strategy=strategy, symbol=symbol, period=period, lots=lots, params=tuple(param or ()), minutes=minutes,
        runs=runs, seed=seed, jobs=jobs,
    )  # fmt: skip

    def work(_interrupts: object) -> int:
        found = run_chaos(options, Console(highlight=False, soft_wrap=True), as_json=as_json)
        if isinstance(found, int):
            return found
        print_json(found)
        return 0 if found["held"] else 1

    run_command(work)
