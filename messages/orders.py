"""From a strategy's wish to a fill: Signal -> TargetShares -> SubmitOrder -> ApprovedOrder -> Fill -> OrderEnded.

Sizes are signed whole lots, money is signed whole minor units. From TargetShares on, every message carries its account.
"""

import enum
from typing import Final

import attrs

from messages.base import Message, filled, finite, frozen_tuple, not_zero, positive, whole
from messages.units import Account, Lots, Minor, StrategyId, Symbol, UtcNs

_optional_price = attrs.validators.optional(positive)


class OrderType(enum.StrEnum):
    """How an order meets the market."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    """Becomes a market order when the stop price is touched."""


# An enum's member costs ten times what a global does, and these are asked for at every order.
_LIMIT: Final = OrderType.LIMIT
_STOP: Final = OrderType.STOP


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
    HALTED = "halted"
    """Cancels only."""
    FLATTENING = "flattening"
    """Cancels, and orders that reduce a position."""


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


@attrs.frozen(weakref_slot=False)
class Owner:
    """One strategy's part of an order, fixed at submission; it has the order's sign."""

    strategy: StrategyId = attrs.field(validator=filled)
    lots: Lots = attrs.field(validator=not_zero)


@attrs.frozen(kw_only=True, weakref_slot=False)
class Order:
    """One order from intent to end. `client_id` is unique for ever and stays through retries and amends."""

    account: Account = attrs.field(validator=filled)
    client_id: str = attrs.field(validator=attrs.validators.matches_re(r"[A-Za-z0-9-]{1,36}"))
    symbol: Symbol = attrs.field(validator=filled)
    lots: Lots = attrs.field(validator=not_zero)
    type: OrderType = OrderType.MARKET
    limit_price: float | None = attrs.field(default=None, validator=_optional_price)
    stop_price: float | None = attrs.field(default=None, validator=_optional_price)
    reduce_only: bool = False
    owners: tuple[Owner, ...] = attrs.field(validator=frozen_tuple)
    reference_price: float | None = attrs.field(default=None, validator=_optional_price)
    """The last price its maker had seen: what the guard's price sanity starts from."""
    ts: UtcNs = attrs.field(validator=whole)
    """When it was decided."""

    def __attrs_post_init__(self) -> None:
        owners, lots = self.owners, self.lots
        if (owners[0].lots if len(owners) == 1 else sum([owner.lots for owner in owners])) != lots:
            raise ValueError(f"Order {self.client_id}: its owners' lots do not add up to {self.lots}")
        if (self.type is _LIMIT) != (self.limit_price is not None):
            raise ValueError(f"Order {self.client_id}: limit_price belongs to a limit order and to no other")
        if (self.type is _STOP) != (self.stop_price is not None):
            raise ValueError(f"Order {self.client_id}: stop_price belongs to a stop order and to no other")


@attrs.frozen(weakref_slot=False)
class SubmitOrder(Message):
    """The executor asks the risk guard to let an order through."""

    order: Order


@attrs.frozen(weakref_slot=False)
class ApprovedOrder(Message):
    """The guard's proof: the venue takes this and nothing else, and only the guard makes one."""

    order: Order


@attrs.frozen(weakref_slot=False)
class OrderRefused(Message):
    """The guard did not let an order through; it never reached the venue."""

    order: Order
    reason: str = attrs.field(validator=filled)
    """A code: order-size, position-limit, price-band, order-rate, halted, unknown-symbol."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(weakref_slot=False)
class OrderAccepted(Message):
    """The venue has the order."""

    order: Order
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class OrderRejected(Message):
    """The venue does not take the order."""

    order: Order
    reason: str = attrs.field(validator=filled)
    standing: bool
    """True: the same order would be rejected again (margin, band, closed). False: it passes (overload, rate)."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(weakref_slot=False)
class FillPart:
    """One owner's part of a fill. The parts add up to the fill, to the lot and to the minor unit."""

    strategy: StrategyId = attrs.field(validator=filled)
    lots: Lots = attrs.field(validator=not_zero)
    value_minor: Minor = attrs.field(validator=whole)
    fee_minor: Minor = attrs.field(validator=whole)


@attrs.frozen(kw_only=True, weakref_slot=False)
class Fill(Message):
    """One execution. Position is the fold of these (and of PositionAdjusted) and of nothing else."""

    account: Account = attrs.field(validator=filled)
    currency: str = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    client_id: str = attrs.field(validator=filled)
    execution_id: str = attrs.field(validator=filled)
    """Unique in an account: who hears it twice folds it once."""
    ts: UtcNs = attrs.field(validator=whole)
    lots: Lots = attrs.field(validator=not_zero)
    price: float = attrs.field(validator=positive)
    liquidity: Liquidity
    value_minor: Minor = attrs.field(validator=whole)
    """Signed value of the lots at the price: profit is the value sold less the value bought, for every kind."""
    fee_minor: Minor = attrs.field(validator=whole)
    """Paid when positive, received when negative."""
    parts: tuple[FillPart, ...] = attrs.field(validator=frozen_tuple)
    ambiguous: bool = False
    """The bar's path did not decide this fill; the pessimistic path was taken."""

    def __attrs_post_init__(self) -> None:
        lots = value = fee = 0
        for part in self.parts:
            lots += part.lots
            value += part.value_minor
            fee += part.fee_minor
        if lots != self.lots or value != self.value_minor or fee != self.fee_minor:
            raise ValueError(f"Fill {self.execution_id}: its parts do not add up to its lots, value and fee")


@attrs.frozen(weakref_slot=False)
class OrderEnded(Message):
    """An order is over at the venue: no later fill of it is expected, though a late one is still folded."""

    order: Order
    outcome: Outcome
    lots_filled: Lots = attrs.field(validator=whole)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class CancelOrder(Message):
    """The executor wants an order taken back. Cancels pass the guard, counted, and are never refused."""

    account: Account = attrs.field(validator=filled)
    client_id: str = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class ApprovedCancel(Message):
    """A cancel on its way from the guard to the venue."""

    account: Account = attrs.field(validator=filled)
    client_id: str = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class CancelRejected(Message):
    """The venue could not cancel: it never knew the order, or the order is over."""

    account: Account = attrs.field(validator=filled)
    client_id: str = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    reason: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class CancelAll(Message):
    """The guard takes back every order of an account at the venue."""

    account: Account = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class PositionAdjusted(Message):
    """A difference to the venue that no fill explains, booked by the reconciler under its own name."""

    account: Account = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    strategy: StrategyId = attrs.field(validator=filled)
    adjustment_id: str = attrs.field(validator=filled)
    lots: Lots = attrs.field(validator=whole)
    value_minor: Minor = attrs.field(validator=whole)
    ts: UtcNs = attrs.field(validator=whole)
    reason: str = ""


@attrs.frozen(kw_only=True)
class ShareRounded(Message):
    """A wish too small for one lot: the strategy asked for something and its share is nothing."""

    account: Account = attrs.field(validator=filled)
    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    wanted: float = attrs.field(validator=finite)
    """In lots, before rounding."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class HaltTrading(Message):
    """Somebody saw what must not be: the guard stops trading. `account` None means all of them."""

    reason: str = attrs.field(validator=filled)
    account: Account | None = None
    ts: UtcNs = attrs.field(default=0, validator=whole)


@attrs.frozen(kw_only=True)
class TradingStateChanged(Message):
    """The guard's new state, and why."""

    account: Account = attrs.field(validator=filled)
    state: TradingState
    reason: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True, weakref_slot=False)
class EquityMarked(Message):
    """The portfolio's equity at the last prices, said after each bar when live marks are asked for."""

    account: Account = attrs.field(validator=filled)
    currency: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    equity_minor: Minor = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class Annotated(Message):
    """Something a strategy drew: a mark on the chart (with a text) or a point of a named line (with a price)."""

    strategy: StrategyId = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    kind: str = attrs.field(validator=attrs.validators.in_(("mark", "line")))
    name: str = attrs.field(validator=filled)
    price: float | None = attrs.field(default=None, validator=attrs.validators.optional(finite))
    text: str = ""
