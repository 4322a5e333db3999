"""Who looks after the process: starts it again when it is gone, and lets it go on after a halt, as somebody would."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from adapters.simulation.checks.ledger import booked_lots
from adapters.simulation.process import RESTART
from adapters.simulation.world import World
from messages import (
    NS_PER_SECOND,
    Account,
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelRejected,
    Envelope,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRejected,
    OrderUnknown,
    TradingState,
    TradingStateChanged,
    UtcNs,
    VenueRead,
)

if TYPE_CHECKING:
    from adapters.simulation.exchange_side import ExchangeSide
    from adapters.simulation.process import Process

_LOOK: Final = 10 * NS_PER_SECOND
_HALTED: Final = 60 * NS_PER_SECOND
"""So long it is left halted before somebody comes."""


class Operator:
    """See above. Knows the trading state by what the guard says."""

    process: "Process"
    settles_s = 15
    """So long nothing may have to be settled before it counts as settled."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.states: dict[Account, TradingState] = {}
        self.leaves = False
        """The run is ending: nobody starts it again."""
        self.restarts = 0
        self._doubtful: dict[str, None] = {}
        """Client ids of orders of which an answer is still to come."""
        self._unknown: dict[str, None] = {}
        """Those of which the answer was lost."""
        self._known: dict[str, None] = {}
        """Those that we believe to work."""
        self._halted_at: UtcNs | None = None
        self._resumes = False
        world.after(_LOOK, self._look)

    # As a tracer.

    def said(self, envelope: Envelope) -> None:
        """Notes the trading state, and what is under way."""
        message = envelope.message
        kind = message.__class__
        if kind in _HEARD:
            _HEARD[kind](self, message)

    def _state(self, message: TradingStateChanged) -> None:
        self.states[message.account] = message.state

    def _asks(self, message: ApprovedOrder | ApprovedAmend) -> None:
        self._doubtful[message.order.client_id] = None

    def _lost(self, message: OrderUnknown) -> None:
        self._unknown[message.order.client_id] = None

    def _cancels(self, message: ApprovedCancel) -> None:
        self._doubtful[message.client_id] = None

    def _works(self, message: OrderAccepted | OrderAmended | AmendRejected) -> None:
        self._doubtful.pop(message.order.client_id, None)
        if not isinstance(message, AmendRejected):
            self._unknown.pop(message.order.client_id, None)
            self._known[message.order.client_id] = None

    def _is_over(self, message: OrderRejected | OrderEnded) -> None:
        self._doubtful.pop(message.order.client_id, None)
        self._unknown.pop(message.order.client_id, None)
        self._known.pop(message.order.client_id, None)

    def _not_cancelled(self, message: CancelRejected) -> None:
        self._doubtful.pop(message.client_id, None)

    def _read(self, message: VenueRead) -> None:
        for client_id in message.unsettled:
            if client_id not in self._known:
                self._unknown[client_id] = None

    def handled(self, address: str, epoch: int, message_id: int) -> None:
        """See Tracer."""

    def made(self, address: str, epoch: int, *, warm: bool) -> None:
        """See Tracer."""

    # As who follows the process.

    def life_began(self, life: int) -> None:  # noqa: ARG002 as all who follow
        """Nobody knows its state yet."""
        self.states = {}
        self._doubtful.clear()
        self._unknown.clear()
        self._known.clear()
        self._halted_at = None

    def life_ended(self, life: int, how: str) -> None:  # noqa: ARG002 as all who follow
        """Start another."""
        self.states = {}
        if not self.leaves:
            self._world.after(RESTART, self._start)

    def calm(self) -> None:
        """Whatever has halted goes on soon."""
        if self.process.is_paused:
            self.process.resume()

    @property
    def is_active(self) -> bool:
        """Whether orders pass."""
        return bool(self.states) and all(state is TradingState.ACTIVE for state in self.states.values())

    def ours(self, exchange: "ExchangeSide") -> list[str]:
        """Client ids of our orders that work at the exchange."""
        orders = [order for order in exchange.account.open.values() if order.is_open]
        prefix = f"{self.process.run6}-"
        return sorted(order.client_id for order in orders if order.client_id.startswith(prefix))

    def why(self, exchange: "ExchangeSide") -> str:
        """Why it is not at rest, or ""."""
        if not self.process.is_alive:
            return "there is no process"
        if not self.is_active:
            return f"trading is {', '.join(sorted(set(self.states.values()))) or 'not begun'}"
        if self._doubtful or self._unknown:
            return f"nobody knows of {', '.join([*self._doubtful, *self._unknown][:5])}"
        there, here = self.ours(exchange), sorted(self._known)
        if there != here:
            return f"{here} are believed to work, {there} do"
        held = {symbol: each.lots for symbol, each in exchange.account.positions.items() if each.lots}
        booked = booked_lots(self.process.folder)
        return "" if booked == held else f"booked are {booked}, the exchange holds {held}"

    def _start(self) -> None:
        if not self.process.is_alive and not self.leaves:
            self.restarts += 1
            self.process.start(resume=self._resumes)
            self._resumes = False

    def _look(self) -> None:
        halted = any(state in (TradingState.HALTED, TradingState.FLATTENING) for state in self.states.values())
        if not halted or self.leaves or not self.process.is_alive:
            self._halted_at = None
        elif self._halted_at is None:
            self._halted_at = self._world.now
        elif self._world.now - self._halted_at >= _HALTED:
            self._halted_at = None
            self._resumes = True
            self.process.stop()
        self._world.after(_LOOK, self._look)


_HEARD: Final[Mapping[type[Any], Callable[[Operator, Any], None]]] = {
    TradingStateChanged: Operator._state,
    ApprovedOrder: Operator._asks,
    ApprovedAmend: Operator._asks,
    OrderUnknown: Operator._lost,
    ApprovedCancel: Operator._cancels,
    OrderAccepted: Operator._works,
    OrderAmended: Operator._works,
    AmendRejected: Operator._works,
    OrderRejected: Operator._is_over,
    OrderEnded: Operator._is_over,
    CancelRejected: Operator._not_cancelled,
    VenueRead: Operator._read,
}
"""What is noted of which message."""
