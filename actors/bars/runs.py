"""Ticks that all lie inside the running bars are counted into them at one go."""

from typing import Any, TypeAlias

import numpy as np

from actors.bars.running import RunningBar
from messages import TickBlock, UtcNs

_least, _most = np.minimum.reduce, np.maximum.reduce
Arrays: TypeAlias = tuple[Any, Any, Any]
"""(ts, prices, sizes) of a block: looked at, not copied."""


def arrays(block: TickBlock) -> Arrays:
    """A block's columns."""
    return np.asarray(block.ts), np.asarray(block.prices), np.asarray(block.sizes)


def run_length(bars: list[RunningBar], ts: Any, first: int) -> int:
    """How many ticks, from the first on, lie inside every running bar."""
    begin, end = bars[0].open_ts, bars[0].close_ts
    for bar in bars[1:]:
        begin, end = max(begin, bar.open_ts), min(end, bar.close_ts)
    if not begin <= ts[first] < end:
        return 0
    ahead = ts[first:] if first else ts
    if ahead[-1] < end and begin <= _least(ahead) and _most(ahead) < end:
        return len(ahead)
    return int(np.argmax((ahead < begin) | (ahead >= end)))


def all_within(bars: list[RunningBar], first: UtcNs, last: UtcNs) -> bool:
    """Whether what reaches from one time to another lies inside every running bar."""
    for bar in bars:  # noqa: SIM110 - a generator costs more than a bar's only passing
        if not (bar.open_ts <= first and last < bar.close_ts):
            return False
    return True


def add_run(
    bars: list[RunningBar], prices: Any, sizes: Any, received: UtcNs, reach: tuple[float, float] | None = None
) -> None:
    """Ticks that lie inside every bar, received together.

    `reach`: their lowest and highest price, if it is known, or that of more ticks of the same bars.
    """
    lowest, highest = reach or (float(_least(prices)), float(_most(prices)))
    for bar in bars:
        bar.add_ticks(prices, sizes, lowest=lowest, highest=highest)
    if received >= bars[0].close_ts:
        heard_late(bars, received)


def heard_late(bars: list[RunningBar], received: UtcNs) -> None:
    """A trade came after the end of the shortest bar at least (they are in the order of their periods)."""
    for bar in bars:
        bar.heard = received
