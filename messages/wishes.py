"""What strategies want, and what the portfolio makes of it: Signal -> TargetShares. Sizes are signed whole lots."""

import attrs

from messages.base import Message, filled, finite, frozen_tuple, not_zero, positive, whole
from messages.terms import OrderType, TimeInForce
from messages.units import Account, Lots, StrategyId, Symbol, UtcNs

_optional_price = attrs.validators.optional(positive)


@attrs.frozen(kw_only=True, weakref_slot=False)
class Signal(Message):
    """A strategy's wish: the position that it wants to hold from now on. Sent only when the wish changed."""

    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    """Counts this strategy's signals from 1, so that a fill can be traced back to it."""
    ts: UtcNs = attrs.field(validator=whole)
    target: float = attrs.field(validator=finite)
    """In units, scaled by the portfolio; in whole lots when `in_lots`."""
    in_lots: bool = False
    price: float | None = attrs.field(default=None, validator=_optional_price)
    """The last price the strategy had seen: what later slippage is measured against."""

    def __attrs_post_init__(self) -> None:
        if self.in_lots and self.target != int(self.target):
            raise ValueError(f"Signal of {self.strategy}: target {self.target!r} in lots must be a whole number")


@attrs.frozen(kw_only=True)
class PlaceOrder(Message):
    """A strategy's own order (buy/sell): it enters order mode, where nothing is netted or crossed."""

    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    """Counts this strategy's own orders from 1; it cancels by this number."""
    ts: UtcNs = attrs.field(validator=whole)
    lots: Lots = attrs.field(validator=not_zero)
    type: OrderType = OrderType.MARKET
    limit_price: float | None = attrs.field(default=None, validator=_optional_price)
    stop_price: float | None = attrs.field(default=None, validator=_optional_price)
    trail: float | None = attrs.field(default=None, validator=_optional_price)
    """Distance of a trailing stop from the best price seen, in price."""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    price: float | None = attrs.field(default=None, validator=_optional_price)
    """The last price the strategy had seen: what later slippage is measured against."""


@attrs.frozen(kw_only=True)
class AmendPlaced(Message):
    """A strategy changes its own working order; what is None stays as it is."""

    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    ts: UtcNs = attrs.field(validator=whole)
    lots: Lots | None = attrs.field(default=None, validator=attrs.validators.optional(not_zero))
    """The new total, filled lots included, with the order's sign."""
    limit_price: float | None = attrs.field(default=None, validator=_optional_price)
    stop_price: float | None = attrs.field(default=None, validator=_optional_price)


@attrs.frozen(kw_only=True)
class CancelPlaced(Message):
    """A strategy takes back its own order, or all of its orders in a symbol when `number` is None."""

    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    number: int | None = None


@attrs.frozen(weakref_slot=False)
class Share:
    """What one strategy shall hold of the account's position."""

    strategy: StrategyId = attrs.field(validator=filled)
    lots: Lots = attrs.field(validator=whole)
    algorithm: str = "market"
    signal_price: float | None = None


@attrs.frozen(kw_only=True, weakref_slot=False)
class TargetShares(Message):
    """What each strategy of an account shall hold in a symbol; the net target is the sum."""

    account: Account = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    shares: tuple[Share, ...] = attrs.field(validator=frozen_tuple)


@attrs.frozen(kw_only=True)
class ShareRounded(Message):
    """A wish that comes to nothing: the strategy asked for something and its share is no lot."""

    account: Account = attrs.field(validator=filled)
    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    wanted: float = attrs.field(validator=finite)
    """In lots, before rounding."""
    ts: UtcNs = attrs.field(validator=whole)
    reason: str = attrs.field(default="share-rounds-to-zero", validator=filled)
    """Or `scale-unknown` while too few bars were heard to size by, `no-equity` where nothing is left to risk,
    `no-short` where spot would have to be sold short."""


@attrs.frozen(kw_only=True)
class ShareSized(Message):
    """The portfolio's sizing gave a strategy another weight, for the market or the account's equity has moved."""

    account: Account = attrs.field(validator=filled)
    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    weight: float = attrs.field(validator=finite)
    """Lots per unit of signal, before rounding."""
    volatility: float | None = attrs.field(default=None, validator=attrs.validators.optional(finite))
    """Of the symbol, a year; None where sizing does not look at it."""
    lots: Lots = attrs.field(validator=whole)
    """The share that it comes to."""


@attrs.frozen(kw_only=True)
class GaveUp(Message):
    """An execution algorithm will not bring this strategy to its target: its time or its price is over."""

    account: Account = attrs.field(validator=filled)
    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    algorithm: str = attrs.field(validator=filled)
    lots: Lots = attrs.field(validator=not_zero)
    """What is still lacking, signed."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class Annotated(Message):
    """Something a strategy drew: a mark on the chart (with a text) or a point of a named line (with a price)."""

    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    kind: str = attrs.field(validator=attrs.validators.in_(("mark", "line")))
    name: str = attrs.field(validator=filled)
    price: float | None = attrs.field(default=None, validator=attrs.validators.optional(finite))
    text: str = attrs.field(default="", validator=attrs.validators.instance_of(str))
