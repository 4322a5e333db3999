"""What is in a store: each series with its range, rows, gaps and size."""

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any, TextIO

import attrs

from adapters.data.gaps import MissingBars
from adapters.words import size_words, times_as_data
from messages import NS_PER_DAY, iso_utc

if TYPE_CHECKING:
    from adapters.store import SeriesInfo, Store


@attrs.frozen
class Listed:
    """One series."""

    info: "SeriesInfo"
    missing: int | None
    """Intervals without a bar while the market was open; None where that is not known: trades come when they come."""
    longest: int | None
    """Of the gaps, in bars."""


def listed(store: "Store", *, gaps: bool) -> list[Listed]:
    """Every series; with `gaps` the times of all bars are read."""
    found = []
    for info in store.series():
        missing = longest = None
        if gaps and info.period is not None and info.kind.startswith("bars"):
            bars = MissingBars(info.period)
            for columns in store.chunks(info.venue, info.symbol, info.kind):
                bars.add(columns["open_ts"])
            missing, longest = bars.total()
        found.append(Listed(info, missing, longest))
    return found


def as_data(series: Iterable[Listed]) -> list[dict[str, Any]]:
    """For JSON."""
    return [
        {
            "venue": each.info.venue, "symbol": each.info.symbol, "kind": each.info.kind, "period_ns": each.info.period,
            **times_as_data(first=each.info.first, last=each.info.last),
            "rows": each.info.rows, "days": each.info.days, "bytes": each.info.bytes,
            "missing": each.missing, "longest_gap": each.longest,
        }
        for each in series
    ]  # fmt: skip


def print_series(series: list[Listed], stream: TextIO) -> None:
    """A table for each market, in 80 columns."""
    from rich.console import Console  # noqa: PLC0415 what only a table needs
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(file=stream, highlight=False, soft_wrap=False)
    widths = {
        "kind": max(len(each.info.kind) for each in series),
        "rows": max(len(f"{each.info.rows:,}") for each in series),
        "gaps": max(len(_gaps(each)) for each in series),
    }
    for number, ((venue, symbol), some) in enumerate(groupby(series, key=lambda e: (e.info.venue, e.info.symbol))):
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=number == 0, header_style="dim")
        table.add_column("", min_width=max(8, widths["kind"]), no_wrap=True)
        table.add_column("from", min_width=10, no_wrap=True)
        table.add_column("to", min_width=10, no_wrap=True)
        table.add_column("rows", justify="right", min_width=max(4, widths["rows"]), no_wrap=True)
        table.add_column("missing", justify="right", min_width=max(7, widths["gaps"]), no_wrap=True)
        table.add_column("size", justify="right", min_width=7, no_wrap=True)
        for each in some:
            info = each.info
            first, last = _span(info.first, info.last)
            table.add_row(info.kind, first, last, f"{info.rows:,}", _gaps(each), size_words(info.bytes))
        if number:
            console.print()
        console.print(f"[bold]{escape(venue)} {escape(symbol)}[/bold]")
        console.print(table)
    rows, size = sum(each.info.rows for each in series), sum(each.info.bytes for each in series)
    console.print(f"\n{len(series)} series, {rows:,} rows, {size_words(size)}")


def _span(first: int, last: int) -> tuple[str, str]:
    """Days; within one day its clock."""
    if first // NS_PER_DAY == last // NS_PER_DAY:
        return iso_utc(first)[:10], iso_utc(last)[11:19]
    return iso_utc(first)[:10], iso_utc(last)[:10]


def _gaps(each: Listed) -> str:
    if each.missing is None:
        return "-"
    return f"{each.missing:,}" + (f" (max {each.longest:,})" if each.missing else "")
