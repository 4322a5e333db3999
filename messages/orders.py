"""From intent to end: SubmitOrder -> ApprovedOrder | OrderRefused -> OrderAccepted | OrderRejected -> OrderEnded.

Sizes are signed whole lots. Every message carries its account, in itself or in its order.
"""

from typing import Final

import attrs

from messages.base import Message, filled, frozen_tuple, not_zero, positive, whole
from messages.terms import OrderType, Outcome, TimeInForce
from messages.units import Account, Lots, StrategyId, Symbol, UtcNs

_optional_price = attrs.validators.optional(positive)

# An enum's member costs ten times what a global does, and these are asked for at every order.
_MARKET: Final = OrderType.MARKET
_LIMIT: Final = OrderType.LIMIT
_GTC: Final = TimeInForce.GTC


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
    trail: float | None = attrs.field(default=None, validator=_optional_price)
    """Distance of a trailing stop from the best price seen, in price."""
    time_in_force: TimeInForce = _GTC
    post_only: bool = False
    """Cancelled rather than filled as a taker; belongs to limit orders."""
    algorithm: str = "market"
    """What works it: the name of an execution algorithm, or `own` for what a strategy placed itself."""
    decision_price: float | None = attrs.field(default=None, validator=_optional_price)
    """The price when the change that it is a part of was decided: what implementation shortfall is measured from."""
    number: int | None = None
    """The strategy's own number of an order that it placed itself: what `buy` and `sell` returned."""

    def __attrs_post_init__(self) -> None:
        owners, lots = self.owners, self.lots
        if (owners[0].lots if len(owners) == 1 else sum([owner.lots for owner in owners])) != lots:
            raise ValueError(f"Order {self.client_id}: its owners' lots do not add up to {self.lots}")
        if self.type is _MARKET:
            # Nearly all orders of most runs: nothing but a market order has none of these.
            if self.limit_price is None is self.stop_price is self.trail and not self.post_only:
                return
            self._say_what_does_not_belong()
        elif self.type is _LIMIT and self.limit_price is not None:
            if self.stop_price is not None or self.trail is not None:
                self._say_what_does_not_belong()
        else:
            self._say_what_does_not_belong()

    def _say_what_does_not_belong(self) -> None:
        kind, name = self.type, f"Order {self.client_id}"
        if (kind in (OrderType.LIMIT, OrderType.STOP_LIMIT)) != (self.limit_price is not None):
            raise ValueError(f"{name}: limit_price belongs to a limit or stop-limit order and to no other")
        if (kind in (OrderType.STOP, OrderType.STOP_LIMIT)) != (self.stop_price is not None):
            raise ValueError(f"{name}: stop_price belongs to a stop or stop-limit order and to no other")
        if (kind is OrderType.TRAILING_STOP) != (self.trail is not None):
            raise ValueError(f"{name}: trail belongs to a trailing stop and to no other")
        if self.post_only and kind is not _LIMIT:
            raise ValueError(f"{name}: only a limit order can be post-only")


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
    """A code; `actors/risk/limits.py` names them all."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(weakref_slot=False)
class OrderAccepted(Message):
    """The venue has the order."""

    order: Order
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(weakref_slot=False)
class OrderUnknown(Message):
    """Nobody knows whether the venue has the order: its answer was lost. It counts as sent, and is looked up."""

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
class AmendOrder(Message):
    """The executor wants a working order to be this from now on: the same client id, other lots or prices."""

    order: Order
    """`lots` is the new total, what was filled included."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(weakref_slot=False)
class ApprovedAmend(Message):
    """The guard's proof that an order may be changed so."""

    order: Order
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(weakref_slot=False)
class OrderAmended(Message):
    """The venue works the order as it is here. An order that this leaves nothing of ends next."""

    order: Order
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(weakref_slot=False)
class AmendRejected(Message):
    """Guard or venue did not change the order: it works as before, or is over."""

    order: Order
    """As it was to be."""
    reason: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(weakref_slot=False)
class OrderEnded(Message):
    """An order is over at the venue: no later fill of it is expected, though a late one is still folded."""

    order: Order
    outcome: Outcome
    lots_filled: Lots = attrs.field(validator=whole)
    ts: UtcNs = attrs.field(validator=whole)
    reason: str = ""
    """Why a venue ended it unasked: post-only, ioc, fok, day, reduce-only, insufficient-margin, expired, liquidated."""


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
