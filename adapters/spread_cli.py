"""The commands `data spreads` and `data plot-spread`: two recorded markets side by side, and a picture of it."""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

from pathlib import Path
from typing import Annotated

import typer

from adapters.options import STORE, AsJson, From, Quiet, StoreFolder, To, print_json, print_text, run_command


def add_to(app: typer.Typer) -> None:
    """Make them commands of `data`."""
    app.command()(spreads)
    app.command(name="plot-spread")(plot_spread)


def spreads(  # noqa: PLR0917 typer calls it by keyword
    name: Annotated[str, typer.Argument(help="What the pair is called: small letters, digits and -.")],
    a: Annotated[str, typer.Option(metavar="SYMBOL.VENUE", help="One side, as XBTUSD.BITMEX.")],
    b: Annotated[str, typer.Option(metavar="SYMBOL.VENUE", help="The other, as BTCUSD_PERP.BINANCE-COINM.")],
    every: Annotated[str, typer.Option(metavar="500ms", help="How often they are looked at.")] = "500ms",
    begin: From = None,
    end: To = None,
    store: StoreFolder = STORE,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Sample two recorded markets side by side, on a fixed grid of UTC, and keep the samples in the store.

    From the trades and quotes that are there, as a live run samples them: what had been received before each instant.
    Whole UTC days; samples of the same pair and days are replaced.
    """
    from actors.spread_recorder import EVERY_MIN, SpreadPair
    from adapters.configuration.names import market_name
    from adapters.errors import InputError
    from adapters.progress import RowsProgress
    from adapters.spread_samples import compute_spreads
    from adapters.store import Store
    from adapters.words import counted, times_as_data
    from messages import iso_utc, parse_period

    try:
        pair = SpreadPair(name=market_name(name), a=a, b=b, every=parse_period(every, EVERY_MIN))
    except ValueError as error:
        raise InputError(str(error)) from None

    def work(_interrupts: object) -> int:
        with RowsProgress(quiet=as_json or quiet) as progress:
            done = compute_spreads(Store(store), pair, begin, end, progress=progress)
        if as_json:
            print_json({
                "name": name, "a": a, "b": b, "every_ns": pair.every, "samples": done.samples,
                "both_known": done.both_known, "days": list(done.days),
                **times_as_data(first=done.first, last=done.last),
            })  # fmt: skip
        elif not quiet:
            first, last = ("-" if each is None else iso_utc(each) for each in (done.first, done.last))
            print_text(
                f"{counted(done.samples, 'sample')} of {name} ({a} and {b}), every {every}, on "
                f"{counted(len(done.days), 'day')}: {first} to {last}\n"
                f"both sides quoted in {done.both_known:,} of them"
            )
        return 0

    run_command(work, unfinished=lambda: "days that were done are kept; running it again does the same")


def plot_spread(  # noqa: PLR0917 typer calls it by keyword
    name: Annotated[str, typer.Argument(help="What the pair is called.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The picture: .svg or .html.")] = Path("spread.html"),
    begin: From = None,
    end: To = None,
    stale: Annotated[str, typer.Option(metavar="10s", help="A side that is older is shaded.")] = "10s",
    store: StoreFolder = STORE,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Draw a pair's samples: prices, spreads and how old each side was. The file needs nothing else to be seen."""
    from adapters.errors import InputError
    from adapters.store import Store
    from adapters.store_plots.spread_plot import plot_spread as plot
    from adapters.words import counted
    from messages import parse_period

    try:
        old = parse_period(stale, 1)
    except ValueError as error:
        raise InputError(f"--stale: {error}") from None

    def work(_interrupts: object) -> int:
        count = plot(Store(store), name, out, begin, end, stale=old)
        if as_json:
            print_json({"file": str(out), "name": name, "samples": count})
        elif not quiet:
            print_text(f"{out}: {counted(count, 'sample')} of {name}")
        return 0

    run_command(work)
