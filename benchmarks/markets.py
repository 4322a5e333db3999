"""The markets that the benchmark runs over: changes of a book, and ticks kept in a store."""

from pathlib import Path

import numpy as np

from actors.columns import BookColumns, ChunkedColumns, QuoteColumns
from adapters.generated import DEFAULT_START, generated_ticks
from adapters.store import Store
from adapters.stored import StoredSeries, stored_columns

SYMBOL = "XBTUSD"
VENUE = "generated"
AT_ONCE = 4_000_000
"""Ticks generated and written at a time."""


def changes_of(quotes: QuoteColumns) -> BookColumns:
    """A book of twenty levels a side as a snapshot, then each quote's two levels as a change."""
    count = len(quotes)
    side = np.tile(np.array([1, -1]), count)
    price = np.where(side > 0, 0.5 * np.arange(2 * count) % 10 + 49_000.0, 50_000.0 + 0.5 * np.arange(2 * count) % 10)
    times = np.repeat(quotes.received, 2)
    return BookColumns(
        symbol=SYMBOL,
        ts=times,
        received=times,
        part=np.repeat(np.arange(count), 2),
        side=side,
        price=price,
        size=1.0 + np.arange(2 * count) % 7,
        is_snapshot=np.repeat(np.arange(count) == 0, 2),
    )


def fill_store(root: Path, ticks: int) -> None:
    """Generated ticks as Parquet days, a few million at a time."""
    store, start = Store(root), DEFAULT_START
    for seed in range(-(-ticks // AT_ONCE)):
        piece = min(AT_ONCE, ticks - seed * AT_ONCE)
        made = generated_ticks(SYMBOL, seed=seed, ticks=piece, start=start, tick_size=0.5)
        names = ("ts", "received", "price", "size")
        columns = {name: getattr(made, name) for name in names}
        store.write(VENUE, SYMBOL, "ticks", {**columns, "aggressor": made.aggressor.astype(np.int8)})
        start = int(made.ts[-1]) + 1


def stored_ticks(root: Path) -> ChunkedColumns:
    """These ticks as a run reads them."""
    where = {"store": Store(root), "venue": VENUE, "symbol": SYMBOL, "name": SYMBOL, "kind": "ticks"}
    found = stored_columns(StoredSeries(**where, period=None, begin=None, end=None))  # type: ignore[arg-type]
    assert found is not None
    return found[0]
