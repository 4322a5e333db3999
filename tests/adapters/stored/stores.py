"""Small stores for tests: generated markets written as a recorder or an import would."""

import numpy as np

from adapters.generated import generated_bars, generated_quotes, generated_ticks
from adapters.store import Store
from tests.builders import MINUTE, SECOND

TICKS = 3_000


def write_ticks(root, venue="bitmex", symbol="XBTUSD", *, seed=1, ticks=TICKS, quotes=True):
    """Trades every second or so, and the quotes before them; returns the trades' columns."""
    store = Store(root)
    common = {"seed": seed, "ticks": ticks, "mean_gap_ns": SECOND, "tick_size": 0.5, "volatility_per_year": 2.0}
    columns = generated_ticks(symbol, **common)
    names = ("ts", "received", "price", "size")
    aggressor = columns.aggressor.astype(np.int8)
    store.write(venue, symbol, "ticks", {**{name: getattr(columns, name) for name in names}, "aggressor": aggressor})
    if quotes:
        quoted = generated_quotes(symbol, **common)
        names = ("ts", "received", "bid", "bid_size", "ask", "ask_size")
        store.write(venue, symbol, "quotes", {name: getattr(quoted, name) for name in names})
    return columns


def write_bars(root, venue="bitmex", symbol="XBTUSD", *, period=MINUTE, name="1m", bars=600, seed=1, replace=False):
    """Bars, received at their ends; returns their columns."""
    columns = generated_bars(symbol, seed=seed, bars=bars, period=period, tick_size=0.5)
    names = ("open_ts", "close_ts", "open", "high", "low", "close", "volume")
    rows = {
        **{each: getattr(columns, each) for each in names},
        "received": columns.close_ts,
        "turnover": np.full(bars, np.nan),
        "ticks": np.full(bars, -1),
    }
    Store(root).write(venue, symbol, f"bars-{name}", rows, replace=replace)
    return columns


def write_values(root, kind, times, values, venue="bitmex", symbol="XBTUSD"):
    """Funding rates, marks or index prices."""
    column = "rate" if kind == "funding" else "price"
    times = np.asarray(times)
    Store(root).write(venue, symbol, kind, {"ts": times, "received": times, column: np.asarray(values, dtype=float)})
