"""Streams of what is said one by one: quotes, order books, their changes, index prices, liquidations, funding, marks.

While nobody listens a stream reads nothing; who begins to listen hears what comes from then on. Funding rates and mark
prices are always listened to.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import attrs

from actors.columns import (
    BookColumns,
    FundingColumns,
    IndexColumns,
    Ints,
    LiquidationColumns,
    MarkColumns,
    QuoteColumns,
    chunks_of,
    holds_changes,
    kind_of,
)
from actors.tape import FOREVER
from messages import (
    BookChange,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    Message,
    OrderBook,
    Quote,
    Symbol,
    TickBlock,
    UtcNs,
)
from messages.bulk import bulk_quote
from messages.market import Level

ROWS, ROWS_FIRST = 1_024, 16
"""Rows turned into Python numbers at a time: more and more to who goes on hearing."""
Row: TypeAlias = tuple[Any, ...]
"""What one message is made of; its time first."""


@attrs.frozen
class Reading:
    """How columns of one class become messages of another."""

    makes: type[Message]
    times: Callable[[Any], Ints]
    """When each message of a chunk is received."""
    rows: Callable[[Any, int, int], list[Row]]
    """The rows of some of its messages, in Python's numbers."""
    make: Callable[..., Message]
    """(symbol, *row)"""


class RowStream:
    """Messages of one symbol and class, made one by one while anybody hears them, and passed over otherwise."""

    def __init__(self, columns: Any) -> None:
        self._reading = reading = reading_of(columns)
        self.kind = reading.makes
        self.topic = (columns.symbol, None)
        self._chunks: Iterator[Any] = chunks_of(columns)
        self._columns: Any = None
        self._times: Any = ()
        self._at = 0
        self._announced = False
        self._past: UtcNs | None = None
        self._rows: list[Row] = []
        self._loaded_at = self._loaded_end = 0
        self._many = ROWS_FIRST

    def next_at(self, *, singly: bool) -> UtcNs:
        """The next one's time; FOREVER while nobody listens."""
        self._announced = singly
        if not singly:
            return FOREVER
        if self._past is not None:
            self._pass_over(self._past)
            self._past = None
        at = self._at
        if not self._loaded_at <= at < self._loaded_end:
            if at >= len(self._times) and not self._next_chunk():
                return FOREVER
            self._load(self._at)
            return self._rows[0][0]  # type: ignore[no-any-return]
        return self._rows[at - self._loaded_at][0]  # type: ignore[no-any-return]

    def take(self) -> Message:
        """The one that was announced."""
        at = self._at
        self._at = at + 1
        return self._reading.make(self.topic[0], *self._rows[at - self._loaded_at])

    def interrupt(self, now: UtcNs) -> TickBlock | None:
        """Nobody listened until now: what lies before now is past. It is passed over when somebody listens."""
        if not self._announced:
            self._past = now
        return None

    def _pass_over(self, now: UtcNs) -> None:
        while True:
            ahead = self._times[self._at :]
            if len(ahead) and ahead[-1] >= now:
                self._at += int(ahead.searchsorted(now))
                return
            if not self._next_chunk():
                return

    def _next_chunk(self) -> bool:
        self._columns = next(self._chunks, None)
        self._times = () if self._columns is None else self._reading.times(self._columns)
        self._at = self._loaded_at = self._loaded_end = 0
        return self._columns is not None

    def _load(self, start: int) -> None:
        self._many = min(self._many * 2, ROWS) if start == self._loaded_end else ROWS_FIRST
        end = min(start + self._many, len(self._times))
        self._rows = self._reading.rows(self._columns, start, end)
        self._loaded_at, self._loaded_end = start, end


def reading_of(columns: Any) -> Reading:
    """How these are read; KeyError for what does not come in rows."""
    of = kind_of(columns)
    if of is BookColumns:
        return CHANGES if holds_changes(columns) else BOOKS
    return _READINGS[of]


def _received(columns: Any) -> Ints:
    return columns.received  # type: ignore[no-any-return]


def _book_times(columns: BookColumns) -> Ints:
    return columns.received[columns.starts[:-1]]


def _plain_rows(*names: str) -> Callable[[Any, int, int], list[Row]]:
    def rows(columns: Any, start: int, end: int) -> list[Row]:
        return list(zip(*[_listed(getattr(columns, name)[start:end]) for name in names], strict=True))

    return rows


def _listed(values: Any) -> Any:
    return values if isinstance(values, tuple) else values.tolist()


def _book_rows(columns: BookColumns, start: int, end: int) -> list[Row]:
    """(received, ts, whether it is all of the book, bids, asks)"""
    edges = columns.starts[start : end + 1].tolist()
    rows = slice(edges[0], edges[-1])
    sides, prices, sizes = (column[rows].tolist() for column in (columns.side, columns.price, columns.size))
    heads = columns.starts[start:end]
    whole = [1] * len(heads) if columns.is_snapshot is None else columns.is_snapshot[heads].tolist()
    made: list[Row] = []
    first = edges[0]
    for number, (received, ts) in enumerate(
        zip(columns.received[heads].tolist(), columns.ts[heads].tolist(), strict=True)
    ):
        bids: list[Level] = []
        asks: list[Level] = []
        for row in range(edges[number] - first, edges[number + 1] - first):
            side = sides[row]
            if side > 0:
                bids.append((prices[row], sizes[row]))
            elif side < 0:
                asks.append((prices[row], sizes[row]))
        made.append((received, ts, whole[number], tuple(bids), tuple(asks)))
    return made


def _book(symbol: Symbol, received: UtcNs, ts: UtcNs, _whole: int, bids: Any, asks: Any) -> Message:
    return OrderBook(symbol=symbol, ts=ts, received=received, bids=bids, asks=asks)


def _change(symbol: Symbol, received: UtcNs, ts: UtcNs, whole: int, bids: Any, asks: Any) -> Message:  # noqa: PLR0917
    return BookChange(symbol=symbol, ts=ts, received=received, is_snapshot=bool(whole), bids=bids, asks=asks)


def _index(symbol: Symbol, received: UtcNs, ts: UtcNs, price: float) -> Message:
    return IndexPrice(symbol=symbol, ts=ts, received=received, price=price)


def _mark(symbol: Symbol, received: UtcNs, ts: UtcNs, price: float) -> Message:
    return MarkPrice(symbol=symbol, ts=ts, received=received, price=price)


def _funding(symbol: Symbol, received: UtcNs, ts: UtcNs, rate: float) -> Message:
    return FundingRate(symbol=symbol, ts=ts, received=received, rate=rate)


def _liquidation(  # noqa: PLR0917 - values in the order of the columns
    symbol: Symbol, received: UtcNs, ts: UtcNs, order_id: str, side: int, size: float, price: float
) -> Message:
    return Liquidation(
        symbol=symbol,
        ts=ts,
        received=received,
        order_id=order_id,
        side=side,
        size=size,
        price=None if math.isnan(price) else price,
    )


BOOKS = Reading(OrderBook, _book_times, _book_rows, _book)
CHANGES = Reading(BookChange, _book_times, _book_rows, _change)
_READINGS: dict[type[Any], Reading] = {
    QuoteColumns: Reading(
        Quote, _received, _plain_rows("received", "ts", "bid", "bid_size", "ask", "ask_size"), bulk_quote
    ),
    IndexColumns: Reading(IndexPrice, _received, _plain_rows("received", "ts", "price"), _index),
    MarkColumns: Reading(MarkPrice, _received, _plain_rows("received", "ts", "price"), _mark),
    FundingColumns: Reading(FundingRate, _received, _plain_rows("received", "ts", "rate"), _funding),
    LiquidationColumns: Reading(
        Liquidation, _received, _plain_rows("received", "ts", "order_id", "side", "size", "price"), _liquidation
    ),
}
