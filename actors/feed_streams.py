"""What a feed plays beside its bars: streams of ticks, quotes, funding rates and mark prices, one a symbol."""

from itertools import repeat

import numpy as np

from actors.columns import EventColumns, MarkColumns, QuoteColumns, TickColumns
from actors.tape import FOREVER
from messages import FundingRate, MarkPrice, Message, Period, Quote, Tick, TickBlock, UtcNs, period_start
from messages.bulk import bulk_tick

BLOCK_MAX = 4_096
SINGLES = 1_024
"""Ticks turned into Python numbers at a time: often somebody hears only the next few."""


class TickStream:
    """Ticks of one symbol: one by one while anybody hears them, else in blocks up to the period's boundary."""

    kind: type[Message] = Tick

    def __init__(self, columns: TickColumns, block_period: Period | None) -> None:
        self.topic = (columns.symbol, None)
        self._columns = columns
        self._block_period = block_period
        self._at = 0
        self._end = 0
        self._singly = True
        self._loaded_at = self._loaded_end = 0
        self._rows: list[tuple[UtcNs, UtcNs, float, float, int]] = []
        """(received, ts, price, size, aggressor) of the loaded rows: only single ticks need them as Python numbers."""

    def next_at(self, *, singly: bool) -> UtcNs:
        """The next tick's time, or the last of the next block's."""
        at, self._singly = self._at, singly
        if singly:
            if at >= self._loaded_end or at < self._loaded_at:
                if at >= len(self._columns):
                    return FOREVER
                self._load(at)
            return self._rows[at - self._loaded_at][0]
        received = self._columns.received
        if at >= len(received):
            return FOREVER
        window = received[at : at + BLOCK_MAX]
        end = len(window)
        if self._block_period is not None:
            boundary = period_start(int(window[0]), self._block_period) + self._block_period
            end = int(window.searchsorted(boundary))
        self._end = at + end
        return int(window[end - 1])

    def take(self) -> Message:
        """The single tick or the block that was announced."""
        if not self._singly:
            return self._block(self._end)
        at = self._at
        self._at = at + 1
        received, ts, price, size, aggressor = self._rows[at - self._loaded_at]
        return bulk_tick(self.topic[0], ts, received, price, size, aggressor)

    def interrupt(self, now: UtcNs) -> Message | None:
        """The announced block's ticks before `now`."""
        if self._singly or self._end <= self._at:
            return None
        end = self._at + int(self._columns.received[self._at : self._end].searchsorted(now))
        return self._block(end) if end > self._at else None

    def _load(self, start: int) -> None:
        columns, rows = self._columns, slice(start, start + SINGLES)
        aggressors = repeat(0) if columns.aggressor is None else columns.aggressor[rows].tolist()
        columns_now = (columns.received, columns.ts, columns.price, columns.size)
        self._rows = list(zip(*[column[rows].tolist() for column in columns_now], aggressors, strict=False))
        self._loaded_at, self._loaded_end = start, start + len(self._rows)

    def _block(self, end: int) -> Message:
        columns, rows = self._columns, slice(self._at, end)
        self._at = end
        return TickBlock(
            symbol=self.topic[0],
            received=int(columns.received[end - 1]),
            ts=tuple(columns.ts[rows].tolist()),
            prices=tuple(columns.price[rows].tolist()),
            sizes=tuple(columns.size[rows].tolist()),
        )


class QuoteStream:
    """Quotes of one symbol: made one by one while anybody hears them, passed over otherwise."""

    kind: type[Message] = Quote

    def __init__(self, columns: QuoteColumns) -> None:
        self.topic = (columns.symbol, None)
        self._columns = columns
        self._at = 0
        self._announced = False

    def next_at(self, *, singly: bool) -> UtcNs:
        """The next quote's time; FOREVER while nobody listens."""
        self._announced = singly
        return int(self._columns.received[self._at]) if singly and self._at < len(self._columns) else FOREVER

    def take(self) -> Message:
        """The quote that was announced."""
        columns, at = self._columns, self._at
        self._at = at + 1
        return Quote(
            symbol=self.topic[0],
            ts=int(columns.ts[at]),
            received=int(columns.received[at]),
            bid=float(columns.bid[at]),
            bid_size=float(columns.bid_size[at]),
            ask=float(columns.ask[at]),
            ask_size=float(columns.ask_size[at]),
        )

    def interrupt(self, now: UtcNs) -> Message | None:
        """Nobody listened until now: what lies before now is past."""
        if not self._announced:
            self._at = max(self._at, int(np.searchsorted(self._columns.received, now, side="left")))
        return None


class EventStream:
    """Funding rates or mark prices of one symbol: few, and never passed over."""

    def __init__(self, columns: EventColumns) -> None:
        self.topic = (columns.symbol, None)
        self.kind: type[Message] = MarkPrice if isinstance(columns, MarkColumns) else FundingRate
        self._columns = columns
        self._at = 0

    def next_at(self, *, singly: bool) -> UtcNs:  # noqa: ARG002 - a stream is asked so
        """The next one's time."""
        return int(self._columns.received[self._at]) if self._at < len(self._columns) else FOREVER

    def take(self) -> Message:
        """The next one."""
        columns, at = self._columns, self._at
        self._at = at + 1
        symbol, ts, received = columns.symbol, int(columns.ts[at]), int(columns.received[at])
        if isinstance(columns, MarkColumns):
            return MarkPrice(symbol=symbol, ts=ts, received=received, price=float(columns.price[at]))
        return FundingRate(symbol=symbol, ts=ts, received=received, rate=float(columns.rate[at]))

    def interrupt(self, _now: UtcNs) -> Message | None:
        """Nothing is ever announced in a block."""
        return None
