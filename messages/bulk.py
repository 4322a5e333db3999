"""The bulk path: bars and ticks from columns that were checked as a whole, without checking each once more.

A frozen attrs class sets its fields through `object.__setattr__`, which costs more than everything else that is done
with a bar. So a plain twin with the same slots is filled and its class then switched: the result is an ordinary frozen
instance. The twin's layout is the frozen class's, held by a test, and nothing but columns may be read this way.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from messages.base import Message
from messages.market import Bar, BarOpen, Quote, Tick, TickBlock
from messages.units import Period, Symbol, UtcNs


def _twin(message_class: type[Any]) -> type[Any]:
    names = tuple(field.name for field in attrs.fields(message_class))
    return type(f"_{message_class.__name__}Twin", (Message,), {"__slots__": names})


_BarTwin = _twin(Bar)
_BarOpenTwin = _twin(BarOpen)
_TickTwin = _twin(Tick)
_QuoteTwin = _twin(Quote)
_TickBlockTwin = _twin(TickBlock)


def bulk_bars(  # noqa: PLR0917 - columns in the order of the fields
    symbol: Symbol,
    period: Period,
    open_ts: Iterable[UtcNs],
    close_ts: Iterable[UtcNs],
    opens: Iterable[float],
    highs: Iterable[float],
    lows: Iterable[float],
    closes: Iterable[float],
    volumes: Iterable[float],
    turnovers: Iterable[float | None],
) -> Iterator[tuple[UtcNs, UtcNs, Bar]]:
    """(open_ts, close_ts, bar) of each row; `received` is `close_ts`, the number of ticks is unknown."""
    twin, frozen = _BarTwin, Bar
    rows = zip(open_ts, close_ts, opens, highs, lows, closes, volumes, turnovers, strict=False)
    for open_at, close_at, open_, high, low, close, volume, turnover in rows:
        bar = twin()
        bar.symbol = symbol
        bar.period = period
        bar.open_ts = open_at
        bar.close_ts = bar.received = close_at
        bar.open = open_
        bar.high = high
        bar.low = low
        bar.close = close
        bar.volume = volume
        bar.turnover = turnover
        bar.ticks = None
        bar.__class__ = frozen
        yield open_at, close_at, bar


def bulk_bar(  # noqa: PLR0917 - values in the order of the fields
    symbol: Symbol,
    period: Period,
    open_ts: UtcNs,
    close_ts: UtcNs,
    received: UtcNs,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    turnover: float | None,
    ticks: int | None,
) -> Bar:
    """One bar that was built of what had been checked."""
    bar: Any = _BarTwin()
    bar.symbol = symbol
    bar.period = period
    bar.open_ts = open_ts
    bar.close_ts = close_ts
    bar.received = received
    bar.open = open_
    bar.high = high
    bar.low = low
    bar.close = close
    bar.volume = volume
    bar.turnover = turnover
    bar.ticks = ticks
    bar.__class__ = Bar
    return bar  # type: ignore[no-any-return]


def bulk_bar_open(symbol: Symbol, period: Period, ts: UtcNs, received: UtcNs, price: float) -> BarOpen:
    """One open."""
    opened: Any = _BarOpenTwin()
    opened.symbol = symbol
    opened.period = period
    opened.ts = ts
    opened.received = received
    opened.price = price
    opened.__class__ = BarOpen
    return opened  # type: ignore[no-any-return]


def bulk_tick(  # noqa: PLR0917 - values in the order of the fields
    symbol: Symbol, ts: UtcNs, received: UtcNs, price: float, size: float, aggressor: int
) -> Tick:
    """One tick."""
    tick: Any = _TickTwin()
    tick.symbol = symbol
    tick.ts = ts
    tick.received = received
    tick.price = price
    tick.size = size
    tick.aggressor = aggressor
    tick.__class__ = Tick
    return tick  # type: ignore[no-any-return]


def bulk_ticks(symbol: Symbol, rows: Iterable[tuple[UtcNs, UtcNs, float, float, int]]) -> Iterator[Tick]:
    """The tick of each row, which is (received, ts, price, size, aggressor)."""
    twin: Any = _TickTwin
    frozen = Tick
    for received, ts, price, size, aggressor in rows:
        tick = twin()
        tick.symbol = symbol
        tick.ts = ts
        tick.received = received
        tick.price = price
        tick.size = size
        tick.aggressor = aggressor
        tick.__class__ = frozen
        yield tick


def bulk_quote(  # noqa: PLR0917 - values in the order of the fields
    symbol: Symbol, received: UtcNs, ts: UtcNs, bid: float, bid_size: float, ask: float, ask_size: float
) -> Quote:
    """One quote."""
    quote: Any = _QuoteTwin()
    quote.symbol = symbol
    quote.ts = ts
    quote.received = received
    quote.bid = bid
    quote.bid_size = bid_size
    quote.ask = ask
    quote.ask_size = ask_size
    quote.__class__ = Quote
    return quote  # type: ignore[no-any-return]


def bulk_block(  # noqa: PLR0917 - values in the order of the fields
    symbol: Symbol,
    received: UtcNs,
    ts: memoryview,
    prices: memoryview,
    sizes: memoryview,
    reach: tuple[float, float] | None = None,
) -> TickBlock:
    """One block of ticks; its columns are read-only and of one length, at least 1."""
    block: Any = _TickBlockTwin()
    block.symbol = symbol
    block.received = received
    block.ts = ts
    block.prices = prices
    block.sizes = sizes
    block.reach = reach
    block.__class__ = TickBlock
    return block  # type: ignore[no-any-return]
