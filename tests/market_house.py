"""Markets for tests of replays: books, changes and index prices out of a seed, and columns cut into chunks."""

import itertools

import attrs
import numpy as np

from actors.columns import BookColumns, ChunkedColumns, IndexColumns, LiquidationColumns
from tests.builders import MONDAY, SECOND


def rows_of(series, rows):
    """Some rows of columns, each named once or more."""
    columns = {
        field.name: value[rows]
        for field in attrs.fields(type(series))
        if field.init and isinstance(value := getattr(series, field.name), np.ndarray)
    }
    if isinstance(series, LiquidationColumns):
        columns["order_id"] = np.array(series.order_id)[rows].tolist()
    return attrs.evolve(series, **columns)


def cut(series, *sizes):
    """Columns in one piece as chunks of so many rows, the last size again and again; messages stay whole."""
    bounds, at, number = [0], 0, 0
    starts = series.starts if isinstance(series, BookColumns) else np.arange(len(series.ts) + 1)
    while at < len(starts) - 1:
        at = min(at + sizes[min(number, len(sizes) - 1)], len(starts) - 1)
        bounds.append(int(starts[at]))
        number += 1
    chunks = [rows_of(series, slice(*pair)) for pair in itertools.pairwise(bounds)]
    return ChunkedColumns(
        symbol=series.symbol,
        of=type(series),
        read=lambda: iter(chunks),
        rows=len(series),
        first_ts=int(series.received[0]),
        last_ts=int(series.received[-1]),
        digest=str(hash(series.received.tobytes())),
        is_changes=isinstance(series, BookColumns) and series.is_snapshot is not None,
        ending=rows_of(series, slice(-3, None)) if type(series).__name__ == "TickColumns" else None,
    )


def some_books(symbol="XBTUSD", count=200, *, gap_ns=10 * SECOND, start=MONDAY, seed=3, changes=False):
    """Books of three levels a side around a walking price; as changes: a snapshot, then single levels of the next."""
    random = np.random.default_rng(seed)
    rows = []
    middle = 50_000.0
    for number in range(count):
        middle += 0.0 if changes and number % 50 else float(random.integers(-3, 4))
        at = start + 1 + number * gap_ns
        if changes and number % 50:
            level = middle - 1.0 - float(random.integers(0, 3)), float(random.integers(0, 9))
            rows.append((at, number, 1, *level, 0))
            rows.append((at, number, -1, level[0] + 6.0, float(random.integers(0, 9)), 0))
            continue
        for depth in range(3):
            size = float(random.integers(1, 99))
            rows.append((at, number, 1, middle - 1.0 - depth, size, 1))
            rows.append((at, number, -1, middle + 1.0 + depth, size, 1))
    received, part, side, price, size, whole = (np.array(column) for column in zip(*rows, strict=True))
    return BookColumns(
        symbol=symbol,
        ts=received,
        received=received,
        part=part,
        side=side,
        price=price,
        size=size,
        is_snapshot=whole if changes else None,
    )


def an_index(symbol="XBTUSD", count=300, *, gap_ns=7 * SECOND, start=MONDAY, seed=4):
    """Index prices at even distances."""
    steps = np.random.default_rng(seed).integers(-5, 6, count)
    times = start + 2 + np.arange(count) * gap_ns
    return IndexColumns(symbol=symbol, ts=times, received=times, price=50_000.0 + np.cumsum(steps))


def some_liquidations(symbol="XBTUSD", count=20, *, gap_ns=60 * SECOND, start=MONDAY):
    """Orders that close positions, every other one without a price."""
    times = start + 3 + np.arange(count) * gap_ns
    return LiquidationColumns(
        symbol=symbol,
        ts=times,
        received=times,
        order_id=[f"liquidation-{number}" for number in range(count)],
        side=np.where(np.arange(count) % 2, 1, -1),
        size=np.arange(count) + 1.0,
        price=np.where(np.arange(count) % 2, np.nan, 50_000.0),
    )
