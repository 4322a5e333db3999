"""How fast a store is written and read, as ratios to what anybody would do by hand in the same run.

    python benchmarks/store.py             10,000,000 ticks of two days, and 200,000 through the recorder
    python benchmarks/store.py --quick     a tenth of it, for the gate; fails when a ratio is several times worse

numpy is one file of raw arrays, saved or loaded; the plain loop is a Python loop over a ready list of prices, with two
averages and a comparison. Machines differ and are shared, so each figure is the best of several runs, and only the
ratios say anything.
"""

import argparse
import gc
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from adapters.recording import Recording, RecordingTap
from adapters.store import Store
from adapters.store.rows import messages_of
from messages import NS_PER_DAY, Envelope

VENUE, SYMBOL = "bitmex", "XBTUSD"
START = 19_723 * NS_PER_DAY
DAYS = 2
LEAST = {
    "write to Parquet / numpy's save": 0.02,
    "write again / write": 0.1,
    "read a table / numpy's load": 0.05,
    "read in chunks / plain loop": 0.15,
    "read price alone in chunks / plain loop": 0.3,
    "chunks of a live segment / plain loop": 0.1,
    "messages from chunks / plain loop": 0.005,
    "recorder, written / plain loop": 0.006,
    "recorder, said / plain loop": 0.02,
}
"""In rows a second of both; below, it is several times slower than measured, which is no busy machine any more."""


def main() -> None:
    """Measure, print, and with --quick judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    count = 1_000_000 if quick else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        rates = dict(measured(Path(folder), count))
    loop, save, load = (rates.pop(name) for name in ("plain loop", "numpy's save", "numpy's load"))
    by = {"plain loop": loop, "numpy's save": save, "numpy's load": load, "write": rates["write to Parquet"]}
    print(f"plain loop {loop / 1e6:.1f}, numpy's save {save / 1e6:.1f}, load {load / 1e6:.1f} million rows a second\n")
    worse = []
    for name, least in LEAST.items():
        row, other = name.split(" / ")
        ratio = rates[row] / by[other]
        print(f"{name:45} {ratio:8.3f}   {rates[row] / 1e6:8.2f} million rows a second")
        worse += [name] if ratio < least else []
    print(f"\npeak of memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB, the columns in it")
    if quick and worse:
        sys.exit(f"several times slower than it was: {', '.join(worse)}")


def measured(folder: Path, count: int) -> Iterator[tuple[str, float]]:
    """Rows a second of each row of the table, and of what it is compared with."""
    columns = ticks(count)
    prices = columns["price"][:1_000_000].tolist()
    yield "plain loop", len(prices) / best(lambda: looped(prices), 5)
    yield "numpy's save", count / best(lambda: np.savez(folder / "raw.npz", **columns), 2)
    yield "numpy's load", count / best(lambda: dict(np.load(folder / "raw.npz")), 3)
    (folder / "raw.npz").unlink()
    store = Store(folder / "store")
    yield "write to Parquet", count / best(lambda: store.write(VENUE, SYMBOL, "ticks", columns, replace=True), 2)
    yield "write again", count / best(lambda: store.write(VENUE, SYMBOL, "ticks", columns), 1)
    yield "read a table", count / best(lambda: store.ticks(VENUE, SYMBOL), 3)
    yield "read in chunks", count / best(lambda: all_of(store.chunks(VENUE, SYMBOL, "ticks")), 3)
    price = ["price"]
    yield "read price alone in chunks", count / best(lambda: all_of(price_of(store, price)), 3)
    few = START + NS_PER_DAY * DAYS // 10
    heard = len(store.ticks(VENUE, SYMBOL, None, few))
    yield "messages from chunks", heard / best(lambda: all_of(heard_of(store, few)), 2)
    yield from recorded(folder / "live", count // 50)


def recorded(folder: Path, count: int) -> Iterator[tuple[str, float]]:
    """The way of a live run: said at the tap, written in batches, read from the segment."""
    envelopes = [
        Envelope(number, 0, "feed", 1, 0, message)
        for number, message in enumerate(messages_of("ticks", SYMBOL, ticks(count)))
    ]
    recording = Recording(folder, RecordingTap({"feed": VENUE}, venue=VENUE))
    said = written = 0.0
    for first in range(0, count, 1_000):
        began = time.perf_counter()
        for envelope in envelopes[first : first + 1_000]:
            recording.tap.said(envelope)
        done = time.perf_counter()
        recording.write(START)
        said, written = said + done - began, written + time.perf_counter() - done
    recording.close(START)
    yield "recorder, said", count / said
    yield "recorder, written", count / written
    store = Store(folder)
    yield "chunks of a live segment", count / best(lambda: all_of(store.chunks(VENUE, SYMBOL, "ticks")), 3)


def ticks(count: int) -> dict[str, "np.ndarray[Any, Any]"]:
    """A random walk on a grid, over the days."""
    random = np.random.default_rng(1)
    received = np.sort(random.integers(START, START + DAYS * NS_PER_DAY, count))
    return {
        "ts": received - 5_000_000,
        "received": received,
        "price": np.round(50_000 + 0.5 * np.cumsum(random.integers(-1, 2, count)), 1),
        "size": random.integers(1, 100, count) * 100.0,
        "aggressor": random.choice(np.array([-1, 1], dtype=np.int8), count),
    }


def price_of(store: Store, names: list[str]) -> Iterator[Any]:
    """Chunks of one column."""
    return store.chunks(VENUE, SYMBOL, "ticks", columns=names)


def heard_of(store: Store, end: int) -> Iterator[Any]:
    """As messages, up to a time."""
    for chunk in store.chunks(VENUE, SYMBOL, "ticks", None, end):
        yield from messages_of("ticks", SYMBOL, chunk)


def all_of(items: Iterator[Any]) -> None:
    """To the end."""
    for _ in items:
        pass


def looped(prices: list[float]) -> int:
    """What a plain loop over ticks costs that compares two averages."""
    fast = slow = prices[0]
    turns, above = 0, False
    for price in prices:
        fast += (price - fast) * 0.02
        slow += (price - slow) * 0.004
        if (fast > slow) is not above:
            above = not above
            turns += 1
    return turns


def best(run: Callable[[], Any], times: int) -> float:
    """Seconds of the fastest run."""
    seconds = []
    for _ in range(times):
        gc.collect()
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


if __name__ == "__main__":
    main()
