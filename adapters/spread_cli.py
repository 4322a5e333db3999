"""The commands `data spreads` and `data plot-spread`: two recorded markets side by side, and a picture of it."""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.options import OUTPUT, say

_Store = Annotated[Path, typer.Option(metavar="FOLDER", help="The store.")]
_Begin = Annotated[str | None, typer.Option("--from", metavar="TIME", help="First time used (UTC).")]
_End = Annotated[str | None, typer.Option("--to", metavar="TIME", help="First time no longer used.")]
_AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout, nothing else.", rich_help_panel=OUTPUT)
]
_DATA = Path("data")


def add_to(app: typer.Typer) -> None:
    """Make them commands of `data`."""
    app.command()(spreads)
    app.command(name="plot-spread")(plot_spread)


def spreads(  # noqa: PLR0917 typer calls it by keyword
    name: Annotated[str, typer.Argument(help="What the pair is called: small letters, digits and -.")],
    a: Annotated[str, typer.Option(metavar="SYMBOL.VENUE", help="One side, as XBTUSD.BITMEX.")],
    b: Annotated[str, typer.Option(metavar="SYMBOL.VENUE", help="The other, as BTCUSD_PERP.BINANCE-COINM.")],
    every: Annotated[str, typer.Option(metavar="500ms", help="How often they are looked at.")] = "500ms",
    begin: _Begin = None,
    end: _End = None,
    store: _Store = _DATA,
    as_json: _AsJson = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="No report.", rich_help_panel=OUTPUT)] = False,  # noqa: FBT002
) -> None:
    """Sample two recorded markets side by side, on a fixed grid of UTC, and keep the samples in the store.

    From the trades and quotes that are there, as a live run samples them: what had been received before each instant.
    Whole UTC days; samples of the same pair and days are replaced.
    """
    from actors.spread_recorder import EVERY_MIN, SpreadPair
    from adapters.configuration.market_sections import market_name
    from adapters.errors import InputError
    from adapters.report_words import count
    from adapters.spread_samples import compute_spreads
    from adapters.store import Store
    from messages import iso_utc, parse_period

    try:
        pair = SpreadPair(name=market_name(name), a=a, b=b, every=parse_period(every, EVERY_MIN))
    except ValueError as error:
        raise InputError(str(error)) from None
    shown = None if quiet or as_json or not sys.stderr.isatty() else say
    done = compute_spreads(Store(store), pair, begin, end, progress=shown)
    first, last = [None if each is None else iso_utc(each) for each in (done.first, done.last)]
    if as_json:
        told = {
            "name": name, "a": a, "b": b, "every_ns": pair.every, "samples": done.samples,
            "both_known": done.both_known, "days": list(done.days), "first": first, "last": last,
        }  # fmt: skip
        sys.stdout.write(json.dumps(told) + "\n")
    elif not quiet:
        sys.stdout.write(
            f"{done.samples:,} samples of {name} ({a} and {b}), every {every}, on "
            f"{count(len(done.days), 'day')}: "
            f"{first} to {last}\nboth sides quoted in {done.both_known:,} of them\n"
        )


def plot_spread(  # noqa: PLR0917 typer calls it by keyword
    name: Annotated[str, typer.Argument(help="What the pair is called.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The picture: .svg or .html.")] = Path("spread.html"),
    begin: _Begin = None,
    end: _End = None,
    stale: Annotated[str, typer.Option(metavar="10s", help="A side that is older is shaded.")] = "10s",
    store: _Store = _DATA,
    as_json: _AsJson = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="No report.", rich_help_panel=OUTPUT)] = False,  # noqa: FBT002
) -> None:
    """Draw a pair's samples: prices, spreads and how old each side was. The file needs nothing else to be seen."""
    from adapters.errors import InputError
    from adapters.store import Store
    from adapters.store_plots.spread_plot import plot_spread as plot
    from messages import parse_period

    try:
        old = parse_period(stale, 1)
    except ValueError as error:
        raise InputError(f"--stale: {error}") from None
    count = plot(Store(store), name, out, begin, end, stale=old)
    if as_json:
        sys.stdout.write(json.dumps({"file": str(out), "name": name, "samples": count}) + "\n")
    elif not quiet:
        sys.stdout.write(f"{out}: {count:,} samples of {name}\n")
