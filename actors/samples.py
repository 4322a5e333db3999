"""What a result is measured by: each symbol's finest prices, and the times at which equity is sampled.

From the feed's columns where there are any, else from what the recorder heard on the way.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from actors.columns import BarColumns, ChunkedColumns, Columns, Floats, Ints, TickColumns, in_chunks, kind_of
from actors.money.trades import Ranges
from actors.recorder import Record
from messages import NS_PER_SECOND, Fill, Symbol, UtcNs

MINUTE = 60 * NS_PER_SECOND
Closes = Mapping[Symbol, tuple[Ints, Floats]]
Extremes = Mapping[Symbol, tuple[Sequence[float], Sequence[float]]]


def closes_of(
    columns: Sequence[Columns], record: Record, until: UtcNs | None = None
) -> dict[Symbol, tuple[Ints, Floats]]:
    """(times, closes) by symbol, from the finest there is: the feed's shortest bars, its ticks, or bars built.

    Where there is none of these (quotes alone, or a host that has sent less than a bar) the fills' own prices serve.
    `until` cuts off what a run that was stopped never played.
    """
    ticks_or_bars = [series for series in columns if kind_of(series) in (BarColumns, TickColumns)]
    known = {series.symbol for series in ticks_or_bars}.union(record.closes)
    # Nearly always none: going through all fills for nothing would cost as much as booking them.
    found: dict[Symbol, tuple[Ints, Floats]] = _prices_paid([each for each in record.fills if each.symbol not in known])
    for adjusted in record.adjusted:
        # Of a symbol that nothing else is known of; what is held of it stays worth what it cost.
        found.setdefault(adjusted.symbol, (np.zeros(0, np.int64), np.zeros(0)))
    found |= {
        symbol: (np.array(times, dtype=np.int64), np.array(closes, dtype=np.float64))
        for symbol, (times, closes) in record.closes.items()
    }
    for ticks in ticks_or_bars:
        unheard = record.unheard_ticks.get(ticks.symbol)
        if isinstance(ticks, TickColumns):
            found[ticks.symbol] = _heard(ticks, unheard)
        elif isinstance(ticks, ChunkedColumns):
            found[ticks.symbol] = _to_the_end(found.get(ticks.symbol), ticks, unheard)
    for bars in sorted((c for c in columns if isinstance(c, BarColumns)), key=lambda bars: -bars.period):
        found[bars.symbol] = (bars.close_ts, bars.close)
    if until is None:
        return found
    return {
        symbol: (times[: (rows := int(np.searchsorted(times, until, side="right")))], prices[:rows])
        for symbol, (times, prices) in found.items()
    }


def ranges_of(columns: Sequence[Columns], closes: Closes, extremes: Extremes | None = None) -> dict[Symbol, Ranges]:
    """(end times, highs, lows) by symbol of what `closes` were taken from, as long as these are.

    A bar of the feed has its own high and low, and of ticks in chunks the bars built of them have (`extremes`); where
    there is none, a close or a tick is both.
    """
    found: dict[Symbol, Ranges] = {symbol: (times, prices, prices) for symbol, (times, prices) in closes.items()}
    for symbol in sorted({series.symbol for series in columns if in_chunks(series)} & (extremes or {}).keys()):
        times, prices = closes[symbol]
        assert extremes is not None
        highs, lows = (np.array(each, dtype=np.float64) for each in extremes[symbol])
        # Behind the bars there may be one trade more, and a run that was stopped has fewer of both.
        last, rows = prices[len(highs) :], len(times)
        found[symbol] = (times, np.concatenate([highs, last])[:rows], np.concatenate([lows, last])[:rows])
    for bars in sorted((c for c in columns if isinstance(c, BarColumns)), key=lambda bars: -bars.period):
        rows = len(closes[bars.symbol][0])
        found[bars.symbol] = (bars.close_ts[:rows], bars.high[:rows], bars.low[:rows])
    return found


def _heard(ticks: TickColumns, unheard: set[tuple[UtcNs, float, float]] | None) -> tuple[Ints, Floats]:
    """(times, prices) without the trades that were set aside: a price that nobody could trade at marks nothing."""
    heard = np.isfinite(ticks.price) & (ticks.price > 0)
    if unheard:
        for row in np.flatnonzero(np.isin(ticks.ts, sorted({ts for ts, _, _ in unheard}))).tolist():
            heard[row] &= (int(ticks.ts[row]), float(ticks.price[row]), float(ticks.size[row])) not in unheard
    return (ticks.received, ticks.price) if heard.all() else (ticks.received[heard], ticks.price[heard])


def _to_the_end(
    built: tuple[Ints, Floats] | None, ticks: ChunkedColumns, unheard: set[tuple[UtcNs, float, float]] | None
) -> tuple[Ints, Floats]:
    """The closes of the bars that were built, and the last trade that was heard after them."""
    times, closes = built or (np.zeros(0, np.int64), np.zeros(0))
    if ticks.ending is None:
        return times, closes
    late, prices = _heard(ticks.ending, unheard)
    if not len(late) or (len(times) and late[-1] <= times[-1]):
        return times, closes
    return np.append(times, late[-1]), np.append(closes, prices[-1])


def _prices_paid(fills: Iterable[Fill]) -> dict[Symbol, tuple[Ints, Floats]]:
    """(times, prices) of the fills by symbol; of several at one time the last counts."""
    paid: dict[Symbol, list[tuple[UtcNs, float]]] = {}
    for fill in fills:
        paid.setdefault(fill.symbol, []).append((fill.ts, fill.price))
    found = {}
    for symbol, pairs in paid.items():
        pairs.sort(key=lambda pair: pair[0])
        times, prices = zip(*pairs, strict=True)
        found[symbol] = (np.array(times, dtype=np.int64), np.array(prices, dtype=np.float64))
    return found


def sample_times(
    columns: Sequence[Columns],
    record: Record,
    symbols: Iterable[Symbol],
    until: UtcNs | None = None,
    closes: Closes | None = None,
) -> Ints:
    """When equity in these symbols is sampled: at each close of their shortest bars, or each minute of their ticks.

    Once more at the end, when a fill or one of the `closes` comes after the last of these: the last sample is of all
    that happened.
    """
    wanted = set(symbols)
    bars = [series for series in columns if isinstance(series, BarColumns) and series.symbol in wanted]
    built = [times for symbol, (times, _) in record.closes.items() if symbol in wanted]
    ticks = [series for series in columns if isinstance(series, TickColumns) and series.symbol in wanted]
    if bars:
        shortest = min(series.period for series in bars)
        times = [series.close_ts for series in bars if series.period == shortest]
    elif built:
        times = [np.array(each, dtype=np.int64) for each in built]
    else:
        times = [(series.received // MINUTE + 1) * MINUTE for series in ticks]
    # np.unique sorts and copies; one series of closed bars is in order already.
    sampled = times[0] if bars and len(times) == 1 else np.unique(np.concatenate([np.zeros(0, np.int64), *times]))
    if until is not None:
        sampled = sampled[sampled <= until]
    ends = [fill.ts for fill in record.fills if fill.symbol in wanted]
    ends += [adjusted.ts for adjusted in record.adjusted if adjusted.symbol in wanted]
    ends += [int(its[-1]) for symbol, (its, _) in (closes or {}).items() if symbol in wanted and len(its)]
    end = max(ends, default=None)
    return sampled if end is None or (len(sampled) and sampled[-1] >= end) else np.append(sampled, end)
