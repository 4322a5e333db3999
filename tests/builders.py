"""Messages with defaults, for tests: say only what the test is about. Append; what stands here others rely on."""

from messages import NS_PER_SECOND, Bar, OrderBook, Quote, Tick, TickBlock, UtcNs

SECOND = NS_PER_SECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MONDAY: UtcNs = 1_704_067_200 * SECOND
"""2024-01-01T00:00:00Z, a Monday: the start of a minute, an hour, a day, a week."""


def a_tick(price=100.0, size=1.0, *, ts=MONDAY, received=None, symbol="XBTUSD", aggressor=0):
    return Tick(
        symbol=symbol, ts=ts, received=ts if received is None else received, price=price, size=size, aggressor=aggressor
    )


def a_block(*ticks, received=None):
    """The ticks (of one symbol) as one block."""
    return TickBlock(
        symbol=ticks[0].symbol,
        received=ticks[-1].received if received is None else received,
        ts=tuple(tick.ts for tick in ticks),
        prices=tuple(tick.price for tick in ticks),
        sizes=tuple(tick.size for tick in ticks),
    )


def a_quote(bid=99.5, ask=100.5, *, ts=MONDAY, received=None, symbol="XBTUSD", bid_size=10.0, ask_size=10.0):
    return Quote(
        symbol=symbol,
        ts=ts,
        received=ts if received is None else received,
        bid=bid,
        bid_size=bid_size,
        ask=ask,
        ask_size=ask_size,
    )


def a_book(bids=((99.5, 10.0),), asks=((100.5, 10.0),), *, ts=MONDAY, received=None, symbol="XBTUSD"):
    return OrderBook(symbol=symbol, ts=ts, received=ts if received is None else received, bids=bids, asks=asks)


def a_bar(
    close=100.0,
    *,
    open=None,  # noqa: A002 - the bar's own word
    high=None,
    low=None,
    volume=1.0,
    turnover=None,
    ticks=None,
    open_ts=MONDAY,
    period=MINUTE,
    received=None,
    symbol="XBTUSD",
):
    """A closed bar; open, high and low are its close unless told."""
    return Bar(
        symbol=symbol,
        period=period,
        open_ts=open_ts,
        close_ts=open_ts + period,
        received=open_ts + period if received is None else received,
        open=close if open is None else open,
        high=close if high is None else high,
        low=close if low is None else low,
        close=close,
        volume=volume,
        turnover=turnover,
        ticks=ticks,
    )
