"""Messages with defaults, for tests: say only what the test is about. Append; what stands here others rely on."""

from decimal import Decimal

from messages import (
    NS_PER_SECOND,
    Bar,
    Fill,
    FillPart,
    Instrument,
    Kind,
    Liquidity,
    Order,
    OrderBook,
    OrderType,
    Owner,
    Quote,
    Share,
    Signal,
    TargetShares,
    Tick,
    TickBlock,
    UtcNs,
)

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


# The way from a wish to a fill.


def an_instrument(symbol="XBTUSD", **fields):
    """A linear contract in USD: a tick of 0.5, one contract a lot, no fees."""
    terms = {"kind": Kind.LINEAR, "tick_size": Decimal("0.5"), "currency": "USD", **fields}
    return Instrument(symbol=symbol, **terms)


def a_signal(target=1.0, *, strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, in_lots=False, price=100.0):
    return Signal(strategy=strategy, symbol=symbol, number=number, ts=ts, target=target, in_lots=in_lots, price=price)


def a_target(shares=(("trend", 1),), *, symbol="XBTUSD", ts=MONDAY, price=100.0, account="main"):
    """TargetShares from (strategy, lots) pairs, each with the same signal price."""
    return TargetShares(
        account=account,
        symbol=symbol,
        ts=ts,
        shares=tuple(Share(strategy, lots, signal_price=price) for strategy, lots in shares),
    )


def an_order(lots=1, *, client_id="run000-trend-1", owners=None, symbol="XBTUSD", ts=MONDAY, **fields):
    """A market order of one strategy, unless told otherwise; a limit or stop price makes it that type."""
    if "limit_price" in fields:
        fields.setdefault("type", OrderType.LIMIT)
    if "stop_price" in fields:
        fields.setdefault("type", OrderType.STOP)
    pairs = (("trend", lots),) if owners is None else owners
    return Order(
        account="main",
        client_id=client_id,
        symbol=symbol,
        lots=sum(each for _, each in pairs),
        owners=tuple(Owner(strategy, each) for strategy, each in pairs),
        ts=ts,
        **fields,
    )


def a_fill(lots=1, *, order=None, price=100.0, execution_id=None, ts=MONDAY, parts=None, symbol="XBTUSD", fee_minor=0):
    """A fill of an order's one owner, or of the given (strategy, lots) parts; a lot is worth its price in cents."""
    client_id = "run000-trend-1" if order is None else order.client_id
    if parts is None:
        parts = (("trend" if order is None else order.owners[0].strategy, lots),)
    value = round(price * 100)
    return Fill(
        account="main",
        currency="USD",
        symbol=symbol,
        client_id=client_id,
        execution_id=execution_id or f"{client_id}-1",
        ts=ts,
        lots=sum(each for _, each in parts),
        price=price,
        liquidity=Liquidity.TAKER,
        value_minor=sum(each for _, each in parts) * value,
        fee_minor=fee_minor,
        parts=tuple(
            FillPart(strategy, each, each * value, fee_minor if number == 0 else 0)
            for number, (strategy, each) in enumerate(parts)
        ),
    )
