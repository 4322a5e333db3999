"""An order at the venue, and how far it has come."""

from typing import Final

import attrs

from actors.venue.states import OrderEvent, OrderState, step
from messages import FillPart, Lots, Order, OrderType, StrategyId, TimeInForce, UtcNs

# An enum's member costs ten times what a global does, and these are asked for at every order.
_TRIGGER: Final = OrderEvent.TRIGGER
_FILL_PART: Final = OrderEvent.FILL_PART
_FILL_REST: Final = OrderEvent.FILL_REST
_MARKET: Final = OrderType.MARKET
_LIMIT: Final = OrderType.LIMIT
_STOPS: Final = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
_GTC: Final = TimeInForce.GTC
_AT_ONCE: Final = (TimeInForce.IOC, TimeInForce.FOK)
_ACCEPTED: Final = step(OrderState.ARRIVED, OrderEvent.ACCEPT)


@attrs.define(eq=False)
class Resting:
    """An order that was accepted."""

    order: Order
    arrived: UtcNs
    fresh: bool = True
    """No price was shown since it arrived: a limit order that meets the first one takes, all later ones make."""
    waits: bool = False
    """For the next price shown, whatever it is, as market orders do; the others wait for a price of their own."""
    triggered: bool = False
    """A stop that was touched."""
    stop: float | None = None
    """Where a trailing stop stands; None until there is a price that it can follow."""
    until: UtcNs | None = None
    """When its day ends."""
    filled: Lots = 0
    executions: int = 0
    state: OrderState = _ACCEPTED
    got: dict[StrategyId, Lots] | None = None
    """What each of several owners got by executions so far."""

    @property
    def left(self) -> Lots:
        """What is still to be filled, signed."""
        return self.order.lots - self.filled

    @property
    def ends_at_once(self) -> bool:
        """Whether what cannot be filled at the first price is cancelled."""
        return self.order.time_in_force is not _GTC and self.order.time_in_force in _AT_ONCE

    @property
    def is_dormant_stop(self) -> bool:
        """Whether it waits for its trigger: until then it takes no margin."""
        return not self.triggered and self.order.type in _STOPS

    def trigger(self) -> None:
        """Its stop was touched."""
        self.state = step(self.state, _TRIGGER)
        self.triggered = True
        self.fresh = False

    def fold(self, lots: Lots, parts: tuple[FillPart, ...]) -> None:
        """An execution: `lots` for the order, `parts` for its owners."""
        self.filled += lots
        self.executions += 1
        if self.filled == self.order.lots:
            self.state = step(self.state, _FILL_REST)
            return
        self.state = step(self.state, _FILL_PART)
        if len(self.order.owners) > 1:
            got = self.got = self.got or {}
            for part in parts:
                got[part.strategy] = got.get(part.strategy, 0) + part.lots

    def wanting(self) -> list[tuple[StrategyId, Lots]]:
        """What each owner still lacks, with the order's sign."""
        got, sign = self.got or {}, 1 if self.order.lots > 0 else -1
        # An amend may have left an owner less than it has got already: then it lacks nothing.
        lacking = [(owner.strategy, (owner.lots - got.get(owner.strategy, 0)) * sign) for owner in self.order.owners]
        return [(strategy, max(0, lots) * sign) for strategy, lots in lacking]


def waits_for_any_price(order: Order) -> bool:
    """Whether the next price shown decides about it: a market order, or a limit order that may not rest."""
    return order.type is _MARKET or (order.type is _LIMIT and order.time_in_force in _AT_ONCE)
