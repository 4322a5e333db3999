"""A pair of markets over time, as a picture: prices, what could be earned between them, and how old each side was."""

from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np

from adapters.durable import replacing
from adapters.errors import InputError, OutputError, reason_of
from adapters.store import Moment, Store
from adapters.store.names import SPREADS, moment_of
from adapters.store_plots.chart import PIXELS, Line, Panel, draw
from adapters.store_plots.thinning import Thinned
from messages import NS_PER_SECOND, Period, iso_utc, period_name

STALE: Final[Period] = 10 * NS_PER_SECOND
SUFFIXES: Final = (".svg", ".html")
_NAMES: Final = ("a_last", "b_last", "last", "sell_a", "buy_a", "a_age", "b_age")
_BLUE, _ORANGE, _GREEN, _GREY = "#1f5fa8", "#d97706", "#2f855a", "#555555"
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body {{ margin: 1em; background: #ffffff }} svg {{ max-width: 100%; height: auto }}</style></head>
<body>
{picture}</body></html>
"""


def plot_spread(
    store: Store, name: str, out: Path, start: Moment = None, end: Moment = None, *, stale: Period = STALE
) -> int:
    """Write the picture of a pair's samples, as .svg or .html by the file's name; returns how many there are.

    Where a side is older than `stale` (ns) it is shaded: what stands there could not have been had.
    InputError when there are none in that time, or the name is of neither; OutputError when it cannot be written.
    """
    if out.suffix not in SUFFIXES:
        raise InputError(f"{out}: the picture is one of {', '.join(SUFFIXES)}")
    begin, until = moment_of(start, "start"), moment_of(end, "end")
    info = next((each for each in store.series() if (each.venue, each.symbol) == (SPREADS, name)), None)
    if info is None:
        known = ", ".join(sorted(each.symbol for each in store.series() if each.venue == SPREADS)) or "none"
        raise InputError(f"{store.root}: there are no samples of a pair {name!r}; there are {known}")
    first = info.first if begin is None else max(begin, info.first)
    last = info.last if until is None else min(until - 1, info.last)
    if first > last:
        raise InputError(f"{store.root}: the samples of {name} are from {iso_utc(info.first)} to {iso_utc(info.last)}")
    data, sides = _thinned(store, name, first, last)
    count = int(data.samples.sum())
    if not count:
        raise InputError(f"{store.root}: there are no samples of {name} in that time")
    old = data.above(stale / NS_PER_SECOND, "a_age", "b_age")
    title = f"{name}: {sides[0]} and {sides[1]}"
    picture = draw(title, _panels(*sides), data, _notes(data, count, stale), stale=old)
    text = picture if out.suffix == ".svg" else _PAGE.format(title=escape(title), picture=picture)
    try:
        with replacing(out) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {reason_of(error)}") from None
    return count


def _thinned(store: Store, name: str, first: int, last: int) -> tuple[Thinned, tuple[str, str]]:
    data, sides = Thinned(first, last, PIXELS, _NAMES), ("a", "b")
    for chunk in store.chunks(SPREADS, name, "spreads", first, last + 1):
        received = chunk["received"]
        sides = (str(chunk["a_symbol"][-1]), str(chunk["b_symbol"][-1]))
        data.add(
            received,
            {
                "a_last": chunk["a_last"],
                "b_last": chunk["b_last"],
                "last": chunk["a_last"] - chunk["b_last"],
                "sell_a": chunk["a_bid"] - chunk["b_ask"],
                "buy_a": chunk["a_ask"] - chunk["b_bid"],
                "a_age": _age(received, chunk["a_ts"]),
                "b_age": _age(received, chunk["b_ts"]),
            },
        )
    return data, sides


def _age(received: "np.ndarray[Any, Any]", ts: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Seconds; NaN where nothing is known."""
    return np.where(ts < 0, np.nan, (received - ts) / NS_PER_SECOND)


def _panels(a: str, b: str) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Last prices",
            unit="price",
            lines=(Line(name="a_last", label=a, colour=_BLUE), Line(name="b_last", label=b, colour=_ORANGE)),
        ),
        Panel(
            title="Spread of last prices",
            unit="price difference",
            lines=(Line(name="last", label=f"{a} less {b}", colour=_GREY),),
        ),
        Panel(
            title="What could be had",
            unit="price difference",
            lines=(
                Line(name="sell_a", label="sell a, buy b: a's bid less b's ask", colour=_GREEN),
                Line(name="buy_a", label="buy a, sell b: a's ask less b's bid", colour=_ORANGE),
            ),
        ),
        Panel(
            title="Age of what is newest",
            unit="seconds",
            lines=(Line(name="a_age", label=a, colour=_BLUE), Line(name="b_age", label=b, colour=_ORANGE)),
            from_zero=True,
        ),
    )


def _notes(data: Thinned, count: int, stale: Period) -> tuple[str, ...]:
    every = "" if data.shortest is None else f", every {data.shortest / NS_PER_SECOND:g} s"
    return (
        f"{count:,} samples{every}, {iso_utc(data.first)} to {iso_utc(data.last)}; {max(0, data.missing):,} missing "
        f"(shaded red). Shaded yellow: a side is older than {period_name(stale)}.",
        "A column of pixels shows the lowest and highest of its samples. Age: the instant less the venue's own time.",
    )
