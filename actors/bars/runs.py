"""Ticks that all lie inside the running bars are counted into them at one go."""

from actors.bars.running import RunningBar
from messages import UtcNs


def run_length(bars: list[RunningBar], ts: tuple[UtcNs, ...], first: int) -> int:
    """How many ticks, from the first on, lie inside every running bar."""
    begin, end = bars[0].open_ts, bars[0].close_ts
    for bar in bars[1:]:
        begin, end = max(begin, bar.open_ts), min(end, bar.close_ts)
    if not begin <= ts[first] < end:
        return 0
    # What is nearly sorted is sorted sooner than searched for its smallest and its largest.
    in_order = sorted(ts[first:])
    if begin <= in_order[0] and in_order[-1] < end:
        return len(in_order)
    return next(place for place in range(first, len(ts)) if not begin <= ts[place] < end) - first


def add_run(bars: list[RunningBar], prices: tuple[float, ...], sizes: tuple[float, ...], received: UtcNs) -> None:
    """Ticks that lie inside every bar, received together."""
    ranked = sorted(prices)
    for bar in bars:
        bar.add_ticks(prices, sizes, lowest=ranked[0], highest=ranked[-1])
    if received >= bars[0].close_ts:
        heard_late(bars, received)


def heard_late(bars: list[RunningBar], received: UtcNs) -> None:
    """A trade came after the end of the shortest bar at least (they are in the order of their periods)."""
    for bar in bars:
        bar.heard = received
