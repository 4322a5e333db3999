"""What an executor remembers of one order from its submission until its end is known."""

import attrs

from actors.execution.states import AMENDING, CANCELLING, CLOSING, EDGES, UNKNOWN, WAITING, WORKING, OrderState
from messages import Lots, Order, OrderType, StrategyId, UtcNs

_LIMIT = OrderType.LIMIT


@attrs.define(eq=False)
class Amends:
    """What was asked to change in an order, and how that went."""

    asked: Order | None = None
    """On its way: the order may be this one or the one before, and counts as the larger of both."""
    queued: Order | None = None
    """What its strategy wants next, once the order is at the venue and nothing else is on its way."""
    tries: int = 0
    """Rejected so many times in a row."""
    refused_price: float | None = None
    """The last price that was rejected; not asked for again before `again_at`."""
    again_at: UtcNs = 0
    no_smaller: bool = False
    """It could not be made smaller, and is cancelled instead."""


@attrs.define(eq=False)
class Working:
    """One order. Unknown is a state: it stays here until its end is known."""

    order: Order
    """As the venue has it, as far as that is known."""
    left: dict[StrategyId, Lots]
    """The most that each owner may still get of it; it has the order's sign."""
    submitted_at: UtcNs
    since: UtcNs
    """When it was sent, or last got another price."""
    state: OrderState = UNKNOWN
    filled: Lots = 0
    last_fill: str = ""
    """Execution id of the last one in `filled`: a successor may hear it again."""
    cancel_tries: int = 0
    cancel_at: UtcNs | None = None
    """The cancel was rejected, and will be asked for again then."""
    attempts: int = 1
    retry_at: UtcNs | None = None
    """To be submitted again then."""
    ended_filled: Lots | None = None
    """It has ended with so many lots, of which fills are still missing."""
    number: int | None = None
    """The strategy's own number of an order that it placed itself."""
    amends: Amends | None = None

    def to(self, state: OrderState) -> None:
        """On to the next state of its life."""
        assert state in EDGES[self.state], f"{self.order.client_id}: {self.state.name} -> {state.name}"
        self.state = state

    def at_venue(self) -> None:
        """Something shows that the venue has it."""
        if self.state is UNKNOWN or self.state is WAITING:
            self.to(WORKING)
            self.retry_at = None

    def leaves_all(self) -> bool:
        """Whether every fill that its end told of has been heard."""
        return self.ended_filled is not None and abs(self.filled) >= abs(self.ended_filled)

    @property
    def asked(self) -> Order | None:
        """The change that is on its way."""
        return self.amends.asked if self.amends is not None else None

    @property
    def to_be(self) -> Order:
        """The order as it will be once everything that was asked for has happened."""
        return self.asked or self.order

    def smaller(self) -> bool:
        """Whether it can be made smaller where it stands."""
        return (
            self.state is WORKING
            and len(self.left) == 1
            and self.order.type is _LIMIT
            and self.number is None
            and not (self.amends is not None and self.amends.no_smaller)
        )

    def expected(self, owner: StrategyId) -> Lots:
        """What an owner may get of it once everything that was asked for has happened."""
        if self.order.type is _LIMIT and self.state is CANCELLING:
            return 0
        if self.state is AMENDING and len(self.left) == 1:
            return _rest(self.to_be.lots, self.filled)
        return self.left[owner]

    def recount(self) -> None:
        """After its lots were, or were not, amended: only an order of one owner ever is."""
        if len(self.left) == 1 and self.state is not CLOSING:
            ((owner, _),) = self.left.items()
            asked = self.asked
            larger = asked if asked is not None and abs(asked.lots) > abs(self.order.lots) else self.order
            self.left[owner] = _rest(larger.lots, self.filled)


def _rest(lots: Lots, filled: Lots) -> Lots:
    return max(0, lots - filled) if lots > 0 else min(0, lots - filled)
