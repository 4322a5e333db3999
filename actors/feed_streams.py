"""What a feed plays beside its bars: streams of ticks, funding rates and mark prices, one a symbol.

A stream reads its columns a chunk at a time and holds one chunk. What is heard one by one and passed over otherwise
(quotes, books, index prices, liquidations) is in row_streams.py.
"""

from collections.abc import Iterator
from itertools import repeat
from typing import Any

from actors.columns import ChunkedColumns, EventColumns, MarkColumns, TickColumns, chunks_of, kind_of
from actors.tape import FOREVER
from messages import FundingRate, MarkPrice, Message, Period, Tick, UtcNs, period_start
from messages.bulk import bulk_block, bulk_tick

BLOCK_MAX = 16_384
SINGLES = 1_024
"""Ticks turned into Python numbers at a time, at most: often somebody hears only the next few."""
SINGLES_FIRST = 64


class TickStream:
    """Ticks of one symbol: one by one while anybody hears them, else in blocks up to the period's boundary."""

    kind: type[Message] = Tick

    def __init__(self, columns: TickColumns | ChunkedColumns, block_period: Period | None) -> None:
        self.topic = (columns.symbol, None)
        self._chunks: Iterator[TickColumns] = chunks_of(columns)
        self._block_period = block_period
        self._columns: TickColumns | None = None
        self._length = 0
        self._at = 0
        self._end = 0
        self._due: UtcNs = FOREVER
        self._singly = True
        self._loaded_at = self._loaded_end = 0
        self._many = SINGLES_FIRST
        self._rows: list[tuple[UtcNs, UtcNs, float, float, int]] = []
        """(received, ts, price, size, aggressor) of the loaded rows: only single ticks need them as Python numbers."""

    def next_at(self, *, singly: bool) -> UtcNs:
        """The next tick's time, or the last of the next block's."""
        at = self._at
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
        assert self._columns is not None
        received = self._columns.received
        window = received[at : at + BLOCK_MAX]
        end = len(window)
        if self._block_period is not None:
            boundary = period_start(int(window[0]), self._block_period) + self._block_period
            if window[-1] >= boundary:
                end = int(window.searchsorted(boundary))
        self._end = at + end
        self._due = int(window[end - 1])
        return self._due

    def take(self) -> Message:
        """The single tick or the block that was announced."""
        if not self._singly:
            return self._block(self._end)
        at = self._at
        self._at = at + 1
        received, ts, price, size, aggressor = self._rows[at - self._loaded_at]
        return bulk_tick(self.topic[0], ts, received, price, size, aggressor)

    def rows(self) -> list[tuple[UtcNs, UtcNs, float, float, int]]:
        """The next single ticks as (received, ts, price, size, aggressor), at least one; empty at the end."""
        if self.next_at(singly=True) == FOREVER:
            return []
        return self._rows[self._at - self._loaded_at :]

    def passed(self, count: int) -> None:
        """So many of these were said."""
        self._at += count

    def interrupt(self, now: UtcNs) -> Message | None:
        """The announced block's ticks before `now`."""
        if self._singly or self._end <= self._at or self._columns is None:
            return None
        end = self._at + int(self._columns.received[self._at : self._end].searchsorted(now))
        return self._block(end) if end > self._at else None

    def _next_chunk(self) -> bool:
        self._columns = next(self._chunks, None)
        self._length = 0 if self._columns is None else len(self._columns)
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
        self._loaded_at, self._loaded_end = start, start + len(self._rows)

    def _block(self, end: int) -> Message:
        columns, rows = self._columns, slice(self._at, end)
        assert columns is not None
        self._at = end
        return bulk_block(
            self.topic[0],
            int(columns.received[end - 1]),
            columns.ts[rows].data,
            columns.price[rows].data,
            columns.size[rows].data,
        )


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
