"""The words of trading that messages are made with: kinds of orders, their ends, and what may be traded."""

import enum


class OrderType(enum.StrEnum):
    """How an order meets the market."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    """Becomes a market order when the stop price is touched."""
    STOP_LIMIT = "stop-limit"
    """Becomes a limit order when the stop price is touched."""
    TRAILING_STOP = "trailing-stop"
    """A stop that follows the best price seen since it arrived, at a distance, and never goes back."""


class TimeInForce(enum.StrEnum):
    """How long an order works."""

    GTC = "gtc"
    """Until it is filled or cancelled."""
    IOC = "ioc"
    """What the first price shown fills, fills; the rest is cancelled."""
    FOK = "fok"
    """All of it at the first price shown, or nothing."""
    DAY = "day"
    """Until the trading day ends: the end of the day's last session, 00:00 UTC where the market never closes."""


class Liquidity(enum.StrEnum):
    """Which side of the book a fill took, or what else it came from."""

    MAKER = "maker"
    TAKER = "taker"
    INTERNAL = "internal"
    """Two strategies of one account traded with each other: no order, no fee."""
    LIQUIDATION = "liquidation"
    SETTLEMENT = "settlement"


class Outcome(enum.StrEnum):
    """How an order ended."""

    FILLED = "filled"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    REJECTED = "rejected"


class TradingState(enum.StrEnum):
    """What the risk guard lets through."""

    ACTIVE = "active"
    REDUCE_ONLY = "reduce-only"
    """Cancels, and orders that reduce a position; those on their way are left alone."""
    RECOVERING = "recovering"
    """Cancels only: the venue is not ready, or not known to agree. Passes by itself when it is; orders keep working."""
    HALTED = "halted"
    """Cancels only."""
    FLATTENING = "flattening"
    """Cancels, and orders that reduce a position; the executor brings every position to nothing."""
