"""What a strategy hears of what it asked for: how its orders fare, and its part of each execution."""

import attrs

from messages import (
    AmendRejected,
    Liquidity,
    Lots,
    Minor,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Symbol,
    UtcNs,
)

OrderEvent = OrderAccepted | OrderRefused | OrderRejected | OrderAmended | AmendRejected | OrderEnded
"""What `on_order` hears about the orders that this strategy owns, alone or with others."""


@attrs.frozen(kw_only=True)
class StrategyFill:
    """One strategy's part of an execution, as `on_fill` hears it."""

    ts: UtcNs
    symbol: Symbol
    lots: Lots
    price: float
    fee_minor: Minor
    """Its share of the fee: paid when positive, received when negative."""
    liquidity: Liquidity
    client_id: str
    position: Lots
    """What the strategy holds in the symbol after this fill."""
