"""Who looks after the process: starts it again when it is gone, and lets it go on after a halt, as somebody would."""

from typing import TYPE_CHECKING, Final

from adapters.simulation.checks.ledger import booked_lots
from adapters.simulation.process import RESTART
from adapters.simulation.settling import Settling
from adapters.simulation.world import World
from messages import NS_PER_SECOND, Account, ActorQuarantined, Envelope, TradingState, TradingStateChanged, UtcNs

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
        self._settling = Settling()
        self._halted_at: UtcNs | None = None
        self._resumes = False
        world.after(_LOOK, self._look)

    # As a tracer.

    def said(self, envelope: Envelope) -> None:
        """Notes the trading state; without its guard an account is halted, and there is nobody left to say so."""
        message = envelope.message
        self._settling.said(envelope)
        if isinstance(message, ActorQuarantined):
            role, _, account = message.actor.partition("@")
            if role == "risk-guard":
                self.states[account] = TradingState.HALTED
        if isinstance(message, TradingStateChanged):
            self.states[message.account] = message.state

    def handled(self, address: str, epoch: int, message_id: int) -> None:
        """See Tracer."""

    def made(self, address: str, epoch: int, *, warm: bool) -> None:
        """See Tracer."""

    # As who follows the process.

    def life_began(self, life: int) -> None:  # noqa: ARG002 as all who follow
        """Nobody knows its state yet."""
        self.states = {}
        self._settling = Settling()
        self._halted_at = None

    def life_ended(self, life: int, how: str) -> None:  # noqa: ARG002 as all who follow
        """Start another."""
        self.states = {}
        if not self.leaves:
            self._world.after(RESTART, self._start)

    def start_refused(self, why: str) -> None:  # noqa: ARG002 as all who follow
        """Whoever can puts it right; then it is started once more."""
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
        if self._settling.doubtful:
            return f"nobody knows of {', '.join(self._settling.doubtful[:5])}"
        there, here = self.ours(exchange), self._settling.working
        if there != here:
            return f"{here} are believed to work, {there} do"
        held = {symbol: each.lots for symbol, each in sorted(exchange.account.positions.items()) if each.lots}
        booked = booked_lots(self.process.folder)
        return "" if booked == held else f"booked are {booked}, the exchange holds {held}"

    def _start(self) -> None:
        if not self.process.is_alive and not self.leaves:
            self.restarts += 1
            self.process.start(resume=self._resumes)
            self._resumes = self._resumes and not self.process.is_alive

    def _shown(self) -> list[TradingState]:
        """What the screen says while no guard has said anything: a run that was halted begins so without a word."""
        run = self.process.run
        views = () if run is None else run.state.snapshot().accounts
        return [view.state for view in views if view.state is not None]

    def _look(self) -> None:
        states = self.states.values() or self._shown()
        halted = any(state in (TradingState.HALTED, TradingState.FLATTENING) for state in states)
        if not halted or self.leaves or not self.process.is_alive:
            self._halted_at = None
        elif self._halted_at is None:
            self._halted_at = self._world.now
        elif self._world.now - self._halted_at >= _HALTED:
            self._halted_at = None
            self._resumes = True
            self.process.signal("SIGINT")
        self._world.after(_LOOK, self._look)
