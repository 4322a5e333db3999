"""What a feed plays beside its bars: streams of ticks, funding rates and mark prices, one a symbol.

A stream reads its columns a chunk at a time and holds one chunk. What is heard one by one and passed over otherwise
(quotes, books, index prices, liquidations) is in row_streams.py.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from actors.columns import (
    ChunkedColumns,
    EventColumns,
    Floats,
    Ints,
    MarkColumns,
    TickColumns,
    chunks_of,
    kind_of,
)
from actors.tape import FOREVER
from actors.tick_span import TickRow, TickSpan
from messages import FundingRate, MarkPrice, Message, Period, Tick, UtcNs, period_start
from messages.bulk import bulk_block, bulk_tick

BLOCK_MAX = 16_384
SINGLES = 1_024
"""Ticks turned into Python numbers at a time, at most: often somebody hears only the next few."""
SINGLES_FIRST = 64


class _Block(NamedTuple):
    """Rows from the first to before the end, the last of them received at `due`."""

    first: int
    end: int
    due: UtcNs
    reach: tuple[float, float] | None
    """As a TickBlock's."""


class TickStream:
    """Ticks of one symbol: one by one while anybody hears them, else in blocks up to the period's boundary.

    Without `in_blocks` they come one by one in any case.
    """

    kind: type[Message] = Tick

    def __init__(
        self, columns: TickColumns | ChunkedColumns, block_period: Period | None, *, in_blocks: bool = True
    ) -> None:
        self.topic = (columns.symbol, None)
        self._chunks: Iterator[TickColumns] = chunks_of(columns)
        self._block_period = block_period
        self._in_blocks = in_blocks
        self._columns: TickColumns | None = None
        self._length = 0
        self._at = 0
        self._end = 0
        self._due: UtcNs = FOREVER
        self._singly = True
        self._blocks: list[_Block] = []
        """The next blocks, the last one first."""
        self._announced: _Block | None = None
        self._loaded_at = self._loaded_end = 0
        self._many = SINGLES_FIRST
        self._rows: list[TickRow] = []
        """The loaded rows: only single ticks need them as Python numbers."""
        self._all_rows: TickSpan | None = None
        """These rows as a span, where they are one."""

    def next_at(self, *, singly: bool) -> UtcNs:
        """The next tick's time, or the last of the next block's."""
        at = self._at
        singly = singly or not self._in_blocks
        if singly:
            self._singly = True
            if self._loaded_at <= at < self._loaded_end:
                return self._rows[at - self._loaded_at][0]
        elif not self._singly and at < self._end:
            # Announced already: it is asked for again when something came in between.
            return self._due
        else:
            self._singly = False
        if at >= self._length:
            if not self._next_chunk():
                return FOREVER
            at = 0
        if singly:
            self._load(at)
            return self._rows[0][0]
        blocks = self._blocks
        if not blocks or blocks[-1].first != at:
            assert self._columns is not None
            blocks[:] = _blocks(self._columns, at, self._block_period)
        self._announced = block = blocks.pop()
        self._end, self._due = block.end, block.due
        return self._due

    def take(self) -> Message:
        """The single tick or the block that was announced."""
        if not self._singly:
            return self._block(self._end)
        at = self._at
        self._at = at + 1
        received, ts, price, size, aggressor = self._rows[at - self._loaded_at]
        return bulk_tick(self.topic[0], ts, received, price, size, aggressor)

    def rows(self, most: int | None = None) -> list[TickRow]:
        """The next single ticks, at least one, or so many at most; empty at the end."""
        if self.next_at(singly=True) == FOREVER:
            return []
        first = self._at - self._loaded_at
        return self._rows[first:] if most is None else self._rows[first : first + most]

    def span(self, until: UtcNs) -> TickSpan | None:
        """The single ticks from the announced one on that are received before `until`, as far as they are loaded.

        None: they cannot be looked at as a whole.
        """
        known = self._all_rows
        if known is None:
            return None
        first = self._at - self._loaded_at
        end = len(self._rows) if self._rows[-1][0] < until else bisect_left(self._rows, (until,), first)
        return TickSpan(self._rows[first:end], known.lowest, known.highest, known.ahead, known.behind)

    def passed(self, count: int) -> None:
        """So many of these were said."""
        self._at += count

    def interrupt(self, now: UtcNs) -> Message | None:
        """The announced block's ticks before `now`."""
        if self._singly or self._end <= self._at or self._columns is None or self._columns.received[self._at] >= now:
            return None
        end = self._at + int(self._columns.received[self._at : self._end].searchsorted(now))
        return self._block(end)

    def _next_chunk(self) -> bool:
        self._columns = next(self._chunks, None)
        self._length = 0 if self._columns is None else len(self._columns)
        self._blocks.clear()
        self._at = self._end = self._loaded_at = self._loaded_end = 0
        return self._columns is not None

    def _load(self, start: int) -> None:
        columns = self._columns
        assert columns is not None
        # Who goes on hearing gets more at a time.
        self._many = min(self._many * 2, SINGLES) if start == self._loaded_end else SINGLES_FIRST
        rows = slice(start, start + self._many)
        aggressors = repeat(0) if columns.aggressor is None else columns.aggressor[rows].tolist()
        columns_now = (columns.received, columns.ts, columns.price, columns.size)
        self._rows = list(zip(*[column[rows].tolist() for column in columns_now], aggressors, strict=False))
        self._all_rows = _span(self._rows, columns, rows)
        self._loaded_at, self._loaded_end = start, start + len(self._rows)

    def _block(self, end: int) -> Message:
        columns, rows, announced = self._columns, slice(self._at, end), self._announced
        assert columns is not None
        assert announced is not None
        is_whole = announced.first == self._at and announced.end == end
        self._at = end
        return bulk_block(
            self.topic[0],
            int(columns.received[end - 1]),
            columns.ts[rows].data,
            columns.price[rows].data,
            columns.size[rows].data,
            announced.reach if is_whole else None,
        )


def _blocks(columns: TickColumns, first: int, period: Period | None) -> list[_Block]:
    """The rows from the first on, as far as one look goes, in blocks that end where a period does; the last one first.

    At least one, and as long as may be: what only the look's end cuts off belongs to the next look.
    """
    rows = slice(first, first + BLOCK_MAX)
    received, ts, price, size = columns.received[rows], columns.ts[rows], columns.price[rows], columns.size[rows]
    starts = np.zeros(1, np.int64)
    if period is not None:
        turns = (received - period_start(int(received[0]), period)) // period
        starts = np.append(starts, np.flatnonzero(turns[1:] != turns[:-1]) + 1)
    ends = np.append(starts[1:], len(received))
    reaches: list[tuple[float, float] | None] = [None] * len(starts)
    if _is_sound(ts, price, size):
        lowest, highest = np.minimum.reduceat(price, starts), np.maximum.reduceat(price, starts)
        reaches = list(zip(lowest.tolist(), highest.tolist(), strict=True))
    dues = received[ends - 1].tolist()
    blocks = list(map(_Block, (starts + first).tolist(), (ends + first).tolist(), dues, reaches))
    if len(blocks) > 1 and rows.stop < len(columns):
        blocks.pop()
    blocks.reverse()
    return blocks


def _is_sound(ts: Ints, price: Floats, size: Floats) -> bool:
    """Prices above zero, sizes from zero, all finite, and times that never go back. A NaN fails every comparison."""
    prices, sizes = price.min() > 0.0 and price.max() < math.inf, size.min() >= 0.0 and size.max() < math.inf
    return bool(prices and sizes and not (ts[1:] < ts[:-1]).any())


def _span(loaded: list[TickRow], columns: TickColumns, rows: slice) -> TickSpan | None:
    """The loaded rows as a span, if they are one."""
    received, ts, price, size = columns.received[rows], columns.ts[rows], columns.price[rows], columns.size[rows]
    if not _is_sound(ts, price, size) or received[0] < 0 or ts[0] < 0 or (received[1:] < received[:-1]).any():
        return None
    ahead = ts - received
    return TickSpan(loaded, float(price.min()), float(price.max()), int(ahead.max()), -int(ahead.min()))


class EventStream:
    """Funding rates or mark prices of one symbol: never passed over."""

    def __init__(self, columns: EventColumns) -> None:
        self.topic = (columns.symbol, None)
        self._marks = kind_of(columns) is MarkColumns
        self.kind: type[Message] = MarkPrice if self._marks else FundingRate
        self._chunks: Iterator[Any] = chunks_of(columns)
        self._columns: Any = None
        self._length = 0
        self._at = 0

    def next_at(self, *, singly: bool) -> UtcNs:  # noqa: ARG002 - a stream is asked so
        """The next one's time."""
        if self._at >= self._length:
            self._columns = next(self._chunks, None)
            self._at, self._length = 0, 0 if self._columns is None else len(self._columns)
            if not self._length:
                return FOREVER
        return int(self._columns.received[self._at])

    def take(self) -> Message:
        """The next one."""
        columns, at = self._columns, self._at
        self._at = at + 1
        symbol, ts, received = self.topic[0], int(columns.ts[at]), int(columns.received[at])
        if self._marks:
            return MarkPrice(symbol=symbol, ts=ts, received=received, price=float(columns.price[at]))
        return FundingRate(symbol=symbol, ts=ts, received=received, rate=float(columns.rate[at]))

    def interrupt(self, _now: UtcNs) -> Message | None:
        """Nothing is ever announced in a block."""
        return None
