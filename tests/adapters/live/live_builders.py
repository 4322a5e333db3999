"""A live run that has been heard for a while, for what shows it."""

from adapters.exchange.contracts import XBTUSD
from adapters.live.state import LiveState
from messages import (
    ActorFailed,
    ActorStarted,
    Fill,
    FillPart,
    ForeignActivity,
    Liquidity,
    MarketFresh,
    Order,
    OrderAccepted,
    OrderEnded,
    OrderRefused,
    OrderType,
    Outcome,
    Owner,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
    VenueConnected,
    VenueReady,
)
from tests.builders import MONDAY, SECOND, a_bar, a_quote

INSTRUMENT = XBTUSD.instrument
STRATEGIES = (("main", "random", "XBTUSD"), ("main", "ema-cross", "XBTUSD"))


def a_state(instruments=(INSTRUMENT,), strategies=STRATEGIES):
    return LiveState(
        venue="loopback", account="main", run_id="3f2a1c", started=MONDAY,
        instruments={each.symbol: each for each in instruments}, strategies=strategies,
    )  # fmt: skip


def a_live_order(lots=5, number=1, *, strategy="random", ts=MONDAY, price=None, account="main"):
    return Order(
        account=account, client_id=f"3f2a1c-{strategy}-{number}", symbol="XBTUSD", lots=lots, ts=ts,
        owners=(Owner(strategy, lots),), type=OrderType.MARKET if price is None else OrderType.LIMIT, limit_price=price,
    )  # fmt: skip


def a_live_fill(lots=5, number=1, *, strategy="random", price=50_000.0, ts=MONDAY, value=None, fee=0, account="main"):
    value = -lots * 200_000 if value is None else value
    return Fill(
        account=account, currency="XBT", symbol="XBTUSD", client_id=f"3f2a1c-{strategy}-{number}",
        execution_id=f"{account}-{strategy}-{number}", ts=ts, lots=lots, price=price, liquidity=Liquidity.TAKER,
        value_minor=value, fee_minor=fee, parts=(FillPart(strategy, lots, value, fee),),
    )  # fmt: skip


def said(state, *messages):
    for message in messages:
        state.hear(message)
    return state


def a_busy_state():
    """Two strategies, one of which was restarted; an order that works, one that was refused, a stranger."""
    state = said(
        a_state(),
        VenueConnected(account="main", ts=MONDAY + SECOND),
        TradingStateChanged(account="main", state=TradingState.RECOVERING, reason="start", ts=MONDAY),
        VenueReady(account="main", ts=MONDAY + 2 * SECOND),
        TradingStateChanged(account="main", state=TradingState.ACTIVE, reason="venue ready", ts=MONDAY + 2 * SECOND),
        MarketFresh(symbol="XBTUSD", ts=MONDAY + 2 * SECOND),
        a_bar(50_000.0, open_ts=MONDAY, period=SECOND),
    )
    for number in range(1, 13):
        ts = MONDAY + (3 + number) * SECOND
        lots = 5 if number % 2 else -5
        order = a_live_order(lots, number, ts=ts)
        said(
            state, SubmitOrder(order), OrderAccepted(order, ts), a_live_fill(lots, number, ts=ts, fee=500),
            OrderEnded(order, Outcome.FILLED, lots, ts),
        )  # fmt: skip
    late = MONDAY + 20 * SECOND
    working, refused = a_live_order(-10, 13, strategy="ema-cross", ts=late, price=50_100.0), a_live_order(900, 14)
    return said(
        state,
        a_live_fill(-10, 99, strategy="ema-cross", ts=late, fee=1_000),
        SubmitOrder(working), OrderAccepted(working, late),
        SubmitOrder(refused), OrderRefused(refused, "order-size", late),
        ActorFailed(actor="strategy:random", epoch=1, during="Bar", error="ZeroDivisionError: division", at=late),
        ActorStarted("strategy:random", 2),
        ForeignActivity(account="main", kind="order", symbol="XBTUSD", text="buy 1 at 49,000 by hand", ts=late),
        a_quote(50_250.0, 50_250.5, ts=late, received=late + 12_000_000),
        a_bar(50_250.2, open_ts=late, period=SECOND),
    )  # fmt: skip
