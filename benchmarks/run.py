"""The benchmark: every row is a ratio to a plain loop timed in the same run, because machines differ and are shared.

    python benchmarks/run.py            the table of docs and closing notes: 1,000,000 bars
    python benchmarks/run.py --quick    100,000 bars, for the gate; fails when a ratio has become several times worse
    python benchmarks/run.py --profile  where the time of row (a) goes
    python benchmarks/run.py --long     a run over 100,000,000 ticks of a store as well: minutes, and 2 GB of disk

The plain loop is what anybody would write by hand for one ema-cross: ready lists, local variables, fill if pending, two
averages, compare. Each figure is the best of several runs, of the loop and of the row alike. The gate looks at
processor time alone, and measures again what seems too slow: a machine that is shared fails nobody.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

import attrs
import numpy as np
from markets import SYMBOL, changes_of, fill_store, stored_ticks
from processes import LONG_RUN_MB, long_run_rows, whole_process_rows

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import BarColumns, Columns, FundingColumns
from actors.risk_guard import RiskLimits
from actors.strategies import BUILT_IN
from actors.strategy import StrategyFill
from adapters.generated import generated_bars, generated_quotes, generated_ticks
from messages import Bar, Instrument, Kind, OrderBook, Quote, Tick, parse_period

CONTRACT = Instrument(
    symbol=SYMBOL, kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD", taker_fee=Decimal("0.00075")
)
PERPETUAL = attrs.evolve(
    CONTRACT,
    initial_margin=Decimal("0.01"),
    maintenance_margin=Decimal("0.005"),
    funding_interval=parse_period("8h"),
)


class TickCross(Strategy):
    """ema-cross on ticks: what a strategy that hears every tick costs."""

    def on_start(self) -> None:
        """No averages yet."""
        self._fast = self._slow = 0.0
        self._count = 0

    def on_tick(self, tick: Tick) -> None:
        """Move both averages, compare them."""
        price = tick.price
        if not self._count:
            self._fast = self._slow = price
        self._count += 1
        self._fast += (price - self._fast) * 0.02
        self._slow += (price - self._slow) * 0.004
        if self._count > 50:
            self.target(1.0 if self._fast > self._slow else -1.0)


class Turning(Strategy):
    """Turns its position at every bar, and notes when it was filled: what a fill costs, early and late in a run."""

    def on_start(self) -> None:
        """Long first."""
        self._side = -1

    def on_bar(self, _bar: Bar) -> None:
        """The other side."""
        self._side = -self._side
        self.target(self._side)

    def on_fill(self, _fill: StrategyFill) -> None:
        """Note the time."""
        FILLED_AT.append(time.perf_counter())


FILLED_AT: list[float] = []


def plain_loop(opens: list[float], closes: list[float]) -> int:
    """One ema-cross by hand; returns its fills."""
    fast = slow = closes[0]
    fast_alpha, slow_alpha = 2 / 11, 2 / 51
    seen = position = target = 0
    pending: int | None = None
    fills: list[tuple[int, float]] = []
    for o, p in zip(opens, closes):  # noqa: B905 - the loop is fixed, for the comparison's sake
        if pending is not None:
            fills.append((pending - position, o))
            position, pending = pending, None
        fast += fast_alpha * (p - fast)
        slow += slow_alpha * (p - slow)
        seen += 1  # noqa: SIM113
        if seen > 50:
            wanted = 1 if fast > slow else -1 if fast < slow else target
            if wanted != target:
                target = pending = wanted
    return len(fills)


@attrs.frozen
class Took:
    """Seconds of the fastest of several runs: on the clock, and of all processors together."""

    wall: float
    cpu: float


def best_of(times: int, run: Callable[[], object]) -> Took:
    """Clock and processors each by their own fastest run."""
    wall = cpu = float("inf")
    for _ in range(times):
        gc.collect()
        started, began = time.perf_counter(), time.process_time()
        run()
        cpu = min(cpu, time.process_time() - began)
        wall = min(wall, time.perf_counter() - started)
    return Took(wall, cpu)


def ema_entries(count: int, period: int) -> list[StrategyEntry]:
    """So many ema-cross instances, each with a slow length of its own."""
    return [
        StrategyEntry(
            id=f"ema-{number}",
            strategy=BUILT_IN["ema-cross"],
            symbols=(SYMBOL,),
            period=period,
            params={"fast": 10, "slow": 50 + number},
        )
        for number in range(count)
    ]


def run_bars(bars: BarColumns, count: int = 1) -> TradingSystem:
    """A backtest of so many ema-cross instances, equity included."""
    system = TradingSystem(
        feed=bars, instruments=[CONTRACT], strategies=ema_entries(count, bars.period), run_id="bench0"
    )
    system.backtest()
    return system


def run_watched(bars: BarColumns) -> TradingSystem:
    """The same on a perpetual contract with margin and funding, marked at every bar, with a band and a daily loss."""
    times = bars.close_ts[bars.close_ts % PERPETUAL.funding_interval == 0]
    system = TradingSystem(
        feed=[bars, FundingColumns(symbol=SYMBOL, ts=times, received=times, rate=np.full(len(times), 0.0001))],
        instruments=[PERPETUAL],
        strategies=ema_entries(1, bars.period),
        risk=RiskLimits(price_band=0.5, daily_loss_max=0.9),
        live_marks=True,
        run_id="bench0",
    )
    system.backtest()
    return system


def fill_seconds(fills: int) -> tuple[float, float]:
    """Median seconds of one of the first and of the last thousand fills of a run with so many."""
    bars = generated_bars(SYMBOL, seed=1, bars=fills + 2, tick_size=0.5)
    entry = StrategyEntry(id="turning", strategy=Turning, symbols=(SYMBOL,), period=bars.period)
    FILLED_AT.clear()
    TradingSystem(feed=bars, instruments=[PERPETUAL], strategies=[entry], run_id="bench0").backtest()
    each = np.diff(FILLED_AT)
    return float(np.median(each[:1_000])), float(np.median(each[-1_000:]))


class QuoteCross(Strategy):
    """Hears every quote."""

    def on_start(self) -> None:
        """Nothing heard yet."""
        self._last = 0.0

    def on_quote(self, quote: Quote) -> None:
        """Keep the bid."""
        self._last = quote.bid


class BookCross(Strategy):
    """Hears every book."""

    def on_start(self) -> None:
        """Nothing heard yet."""
        self._last = 0.0

    def on_book(self, book: OrderBook) -> None:
        """Keep the best bid."""
        self._last = book.bids[0][0]


def run_ticks(ticks: Columns, strategy: type[Strategy], period: str) -> TradingSystem:
    """A backtest on ticks, quotes or books."""
    entry = StrategyEntry(id="ticks", strategy=strategy, symbols=(SYMBOL,), period=parse_period(period))
    system = TradingSystem(feed=ticks, instruments=[CONTRACT], strategies=[entry], run_id="bench0")
    system.backtest()
    return system


@attrs.frozen
class Row:
    """One line of the table, and how it is measured."""

    what: str
    items: int
    run: Callable[[], object]
    aim: str = ""
    """As "1/n of the plain loop"."""
    limit: float | None = None
    """How many times the plain loop's processor time an item may take before the gate closes: more than twice what a
    quick run measured when this was written (docs/performance.md)."""


TRIES = 3
"""So often a row is measured, with the plain loop beside it, before it is believed to be over its limit."""
FILLS_GATE = 2.0
"""How much more a late fill may cost than an early one: what grows with a run is ten times as slow soon."""


def actor_rows(items: int, store: Path) -> list[Row]:
    """What is measured against the plain loop."""
    bars = generated_bars(SYMBOL, seed=1, bars=items, tick_size=0.5)
    ticks = generated_ticks(SYMBOL, seed=1, ticks=items, tick_size=0.5)
    quotes = generated_quotes(SYMBOL, seed=1, ticks=items // 2, tick_size=0.5)
    changes = changes_of(quotes)
    fill_store(store, 4 * items)
    stored = stored_ticks(store)
    few = generated_bars(SYMBOL, seed=1, bars=max(items // 20, 2_000), tick_size=0.5)
    ema = BUILT_IN["ema-cross"]
    return [
        Row("(a) ema-cross on bars, equity afterwards", items, lambda: run_bars(bars), "1/14", 100.0),
        Row("(b) margin, funding, live marks, a daily loss limit", items, lambda: run_watched(bars), "1/25", 190.0),
        Row("ticks heard by a strategy", items, lambda: run_ticks(ticks, TickCross, "1m"), "1/14", 40.0),
        Row("ticks that only feed 1m bars", items, lambda: run_ticks(ticks, ema, "1m"), "1/2", 5.0),
        Row("quotes heard by a strategy", len(quotes), lambda: run_ticks(quotes, QuoteCross, "1m"), "", 75.0),
        Row("book changes, as books heard", len(changes), lambda: run_ticks(changes, BookCross, "1m"), "", 320.0),
        Row("ticks from Parquet that only feed 1m bars", len(stored), lambda: run_ticks(stored, ema, "1m"), "1/2", 6.5),
        *[
            Row(f"{count} strategies, per bar and strategy", len(few) * count, partial(run_bars, few, count))
            for count in (1, 10, 100)
        ],
    ]


def print_table(items: int, rows: Sequence[Row], times: int) -> list[str]:
    """Measure and print the table; returns the rows that are worse than the gate allows."""
    bars = generated_bars(SYMBOL, seed=1, bars=items, tick_size=0.5)
    opens, closes = bars.open.tolist(), bars.close.tolist()
    plain_run = partial(best_of, 3, lambda: plain_loop(opens, closes))
    plain = best_of(times + 2, lambda: plain_loop(opens, closes))
    print(f"plain loop: {items / plain.wall / 1e6:.2f} million bars/s\n")
    print(f"| {'row':<52} | {'items/s':>9} | {'of plain':>8} | {'in CPU':>8} | aim     |")
    print(f"|{'-' * 54}|{'-' * 11}|{'-' * 10}|{'-' * 10}|---------|")
    worse = []
    for row in rows:
        took, beside = best_of(times, row.run), plain_run()
        per_bar = Took(min(plain.wall, beside.wall) / items, min(plain.cpu, beside.cpu) / items)
        ratios = [f"1/{took.wall / row.items / per_bar.wall:.1f}", f"1/{took.cpu / row.items / per_bar.cpu:.1f}"]
        speed = row.items / took.wall
        print(f"| {row.what:<52} | {speed:>9,.0f} | {ratios[0]:>8} | {ratios[1]:>8} | {row.aim:<7} |", flush=True)
        for _ in range(TRIES - 1):
            if not over(row, took, beside, items):
                break
            took, beside = best_of(times, row.run), plain_run()
        if over(row, took, beside, items):
            worse.append(row.what)
    return worse


def over(row: Row, took: Took, plain: Took, bars: int) -> bool:
    """Whether a row is over its limit, by processor time: what else the machine does lengthens the clock's."""
    return row.limit is not None and took.cpu / row.items > row.limit * plain.cpu / bars


def main() -> None:
    """Print the tables."""
    # As the command line does in its own process: a long run keeps much and drops it in no cycles.
    gc.set_threshold(100_000, 50, 100)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    items = 100_000 if options.quick else 1_000_000
    if options.profile:
        import cProfile  # noqa: PLC0415 - not a part of what is measured

        bars = generated_bars(SYMBOL, seed=1, bars=items, tick_size=0.5)
        cProfile.runctx("run_bars(bars)", globals(), {"bars": bars, "run_bars": run_bars}, sort="tottime")
        return
    with tempfile.TemporaryDirectory() as folder:
        worse = print_table(items, actor_rows(items, Path(folder)), 2 if options.quick else 3)
    first, last = fill_seconds(items // 10)
    print(f"\n{items // 10:,} fills in one run: one of the last thousand costs {last / first:.2f} of one of the first")
    for _ in range(TRIES - 1):
        if last > FILLS_GATE * first:
            first, last = fill_seconds(items // 10)
    if last > FILLS_GATE * first:
        worse.append("the last fills of a long run")
    print(f"\n| {'whole process':<52} | {'measured':>9} | aim     |")
    print(f"|{'-' * 54}|{'-' * 11}|---------|")
    long_rows = long_run_rows(100_000_000 if options.long else 10_000_000)
    for what, measured, aim in (*whole_process_rows(items), *long_rows):
        print(f"| {what:<52} | {measured:>9} | {aim} |")
    if float(long_rows[-1][1].split()[0]) > LONG_RUN_MB:
        worse.append("the memory of a long run")
    if worse:
        raise SystemExit(f"several times slower than it was: {'; '.join(worse)}")


if __name__ == "__main__":
    main()
