"""Messages to columns and back, kind by kind. What was written comes back equal."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isnan, nan
from typing import Any, Final, TypeAlias

import numpy as np

from adapters.store.kinds import TEXT, Kind, KindName, kind_named
from messages import (
    Bar,
    BookChange,
    ExternalEvent,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    Message,
    OrderBook,
    OrderFlow,
    Quarantined,
    Quote,
    SpreadSample,
    Symbol,
    Tick,
    VenueSnapshot,
)

Columns: TypeAlias = Mapping[str, "np.ndarray[Any, Any]"]
"""Columns of one length; a text column is an array of objects."""

_to_json: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode
_CHUNK: Final = 50_000


def dtype_of(kind_of_column: str) -> "np.dtype[Any]":
    """How a column of that sort is kept in memory."""
    return np.dtype(object if kind_of_column == TEXT else kind_of_column)


def empty_columns(kind: Kind) -> dict[str, "np.ndarray[Any, Any]"]:
    """No rows."""
    return {name: np.empty(0, dtype=dtype_of(sort)) for name, sort in kind.columns.items()}


def rows_of(kind: KindName, messages: Iterable[Message]) -> dict[str, "np.ndarray[Any, Any]"]:
    """The columns of messages of one kind, in their order. Parts are counted from 0."""
    kind = kind_named(kind)
    told = list(_rows(kind, messages))
    if not told:
        return empty_columns(kind)
    return {
        name: _array(values, sort)
        for (name, sort), values in zip(kind.columns.items(), zip(*told, strict=True), strict=True)
    }


def messages_of(kind: KindName, symbol: Symbol, columns: Columns) -> Iterator[Message]:
    """The messages that such columns are of, in their order; `symbol` is what each shall be of (of events the source).

    A message of several levels must be whole in the columns, as in each of a store's chunks it is.
    """
    kind = kind_named(kind)
    make = _MAKERS[kind.base]
    names = tuple(kind.columns)
    count = len(columns[names[0]])
    if kind.is_parted:
        if count:
            yield from _parted(kind, symbol, columns)
        return
    for first in range(0, count, _CHUNK):
        lists = [columns[name][first : first + _CHUNK].tolist() for name in names]
        for row in zip(*lists, strict=True):
            yield make(kind, symbol, *row)


def _array(values: Sequence[Any], sort: str) -> "np.ndarray[Any, Any]":
    if sort != TEXT:
        return np.array(values, dtype=sort)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _rows(kind: Kind, messages: Iterable[Message]) -> Iterator[tuple[Any, ...]]:
    if kind.is_parted:
        for part, message in enumerate(messages):
            yield from _level_rows(part, message)
        return
    row_of = _ROWS[kind.base]
    for message in messages:
        yield row_of(message)


def _level_rows(part: int, message: Any) -> Iterator[tuple[Any, ...]]:
    rest = (int(message.is_snapshot),) if isinstance(message, BookChange) else ()
    ts, received = message.ts, message.received
    for price, size in message.bids:
        yield (ts, received, part, 1, price, size, *rest)
    for price, size in message.asks:
        yield (ts, received, part, -1, price, size, *rest)
    if not message.bids and not message.asks:
        yield (ts, received, part, 0, 0.0, 0.0, *rest)


def _or_nan(value: float | None) -> float:
    return nan if value is None else value


def _or_none(value: float) -> float | None:
    return None if isnan(value) else value


def _snapshot_row(side: VenueSnapshot) -> tuple[Any, ...]:
    numbers = (side.last, side.bid, side.bid_size, side.ask, side.ask_size)
    return (side.symbol, -1 if side.ts is None else side.ts, *map(_or_nan, numbers))


def _payload_text(payload: tuple[tuple[str, Any], ...]) -> str:
    """An object; pairs where a name stands twice."""
    named = dict(payload)
    return _to_json(named if len(named) == len(payload) else payload)


def _item_text(item: Message) -> str:
    from messages.codec import encode  # noqa: PLC0415 takes 0.1 s, which only those pay who set something aside

    return _to_json(encode(item))


_ROWS: Final[Mapping[str, Callable[[Any], tuple[Any, ...]]]] = {
    "ticks": lambda m: (m.ts, m.received, m.price, m.size, m.aggressor),
    "quotes": lambda m: (m.ts, m.received, m.bid, m.bid_size, m.ask, m.ask_size),
    "bars": lambda m: (
        m.open_ts, m.close_ts, m.received, m.open, m.high, m.low, m.close, m.volume, _or_nan(m.turnover),
        -1 if m.ticks is None else m.ticks,
    ),
    "funding": lambda m: (m.ts, m.received, m.rate),
    "marks": lambda m: (m.ts, m.received, m.price),
    "index": lambda m: (m.ts, m.received, m.price),
    "liquidations": lambda m: (m.ts, m.received, m.order_id, m.side, m.size, _or_nan(m.price)),
    "events": lambda m: (m.ts, m.received, m.kind, _payload_text(m.payload)),
    "quarantine": lambda m: (m.received, m.reason, m.text, "" if m.item is None else _item_text(m.item)),
    "flow": lambda m: (
        m.open_ts, m.close_ts, m.received, m.buy_volume, m.sell_volume, m.unknown_volume, m.buys, m.sells,
    ),
    "spreads": lambda m: (m.received, *_snapshot_row(m.a), *_snapshot_row(m.b)),
}  # fmt: skip


def _bar(kind: Kind, symbol: Symbol, *row: Any) -> Message:
    open_ts, close_ts, received, open_, high, low, close, volume, turnover, ticks = row
    return Bar(
        symbol=symbol, period=kind.period or close_ts - open_ts, open_ts=open_ts, close_ts=close_ts, received=received,
        open=open_, high=high, low=low, close=close, volume=volume, turnover=_or_none(turnover),
        ticks=None if ticks < 0 else ticks,
    )  # fmt: skip


def _event(_kind: Kind, symbol: Symbol, *row: Any) -> Message:
    ts, received, sort, payload = row
    fields = json.loads(payload)
    pairs = fields if isinstance(fields, dict) else tuple((name, value) for name, value in fields)
    return ExternalEvent(source=symbol, kind=sort, ts=ts, received=received, payload=pairs)


def _quarantined(_kind: Kind, symbol: Symbol, *row: Any) -> Message:
    from messages.codec import decode  # noqa: PLC0415 as above

    received, reason, text, item = row
    whole: Any = decode(json.loads(item)) if item else None
    return Quarantined(symbol=symbol, received=received, reason=reason, text=text, item=whole)


def _flow(kind: Kind, symbol: Symbol, *row: Any) -> Message:
    open_ts, close_ts, received, buy, sell, unknown, buys, sells = row
    return OrderFlow(
        symbol=symbol, period=kind.period or close_ts - open_ts, open_ts=open_ts, close_ts=close_ts, received=received,
        buy_volume=buy, sell_volume=sell, unknown_volume=unknown, buys=buys, sells=sells,
    )  # fmt: skip


def _snapshot(row: tuple[Any, ...]) -> VenueSnapshot:
    symbol, ts, *numbers = row
    last, bid, bid_size, ask, ask_size = map(_or_none, numbers)
    return VenueSnapshot(
        symbol=symbol, ts=None if ts == -1 else ts, last=last, bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size
    )


_Maker: TypeAlias = Callable[..., Message]
_MAKERS: Final[Mapping[str, _Maker]] = {
    "ticks": lambda _kind, symbol, ts, received, price, size, aggressor: Tick(
        symbol=symbol, ts=ts, received=received, price=price, size=size, aggressor=aggressor
    ),
    "quotes": lambda _kind, symbol, ts, received, bid, bid_size, ask, ask_size: Quote(
        symbol=symbol, ts=ts, received=received, bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size
    ),
    "books": lambda _kind, symbol, ts, received, bids, asks: OrderBook(
        symbol=symbol, ts=ts, received=received, bids=bids, asks=asks
    ),
    "l2": lambda _kind, symbol, ts, received, bids, asks, is_snapshot: BookChange(
        symbol=symbol, ts=ts, received=received, bids=bids, asks=asks, is_snapshot=bool(is_snapshot)
    ),
    "bars": _bar,
    "funding": lambda _kind, symbol, ts, received, rate: FundingRate(
        symbol=symbol, ts=ts, received=received, rate=rate
    ),
    "marks": lambda _kind, symbol, ts, received, price: MarkPrice(symbol=symbol, ts=ts, received=received, price=price),
    "index": lambda _kind, symbol, ts, received, price: IndexPrice(
        symbol=symbol, ts=ts, received=received, price=price
    ),
    "liquidations": lambda _kind, symbol, ts, received, order_id, side, size, price: Liquidation(
        symbol=symbol, ts=ts, received=received, order_id=order_id, side=side, size=size, price=_or_none(price)
    ),
    "events": _event,
    "quarantine": _quarantined,
    "flow": _flow,
    "spreads": lambda _kind, symbol, received, *sides: SpreadSample(
        name=symbol, received=received, a=_snapshot(sides[:7]), b=_snapshot(sides[7:])
    ),
}


def starts_of(part: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Where each message begins in the rows of a column `part`."""
    if len(part) == 0:
        return np.empty(0, dtype=np.int64)
    return np.concatenate(([0], np.flatnonzero(part[1:] != part[:-1]) + 1))


def _parted(kind: Kind, symbol: Symbol, columns: Columns) -> Iterator[Message]:
    make = _MAKERS[kind.base]
    starts = starts_of(columns["part"])
    ends = np.append(starts[1:], len(columns["part"]))
    rest = [columns["is_snapshot"][starts].tolist()] if "is_snapshot" in columns else []
    heads = zip(starts.tolist(), ends.tolist(), columns["ts"][starts].tolist(), columns["received"][starts].tolist(),
                *rest, strict=True)  # fmt: skip
    sides, prices, sizes = (columns[name] for name in ("side", "price", "size"))
    for start, end, ts, received, *more in heads:
        levels = list(zip(sides[start:end].tolist(), prices[start:end].tolist(), sizes[start:end].tolist(),
                          strict=True))  # fmt: skip
        bids = tuple((price, size) for side, price, size in levels if side > 0)
        asks = tuple((price, size) for side, price, size in levels if side < 0)
        yield make(kind, symbol, ts, received, bids, asks, *more)
