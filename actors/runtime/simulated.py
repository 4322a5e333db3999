"""A live system on a virtual clock, on one thread: what threads do, in an order that a seed chooses.

Whoever simulates the world around it lets the clock run to the next thing that happens there, says it in the name of
the actor that would have heard it (`voice`), and drains. There are no steps of an instant here: as on threads, what is
said is on its way to everybody at once. Failures are put into handlers from outside, by an `Interposed`.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from actors.component import Handler
from actors.routes import Route
from actors.runtime.host import Host, Keep, ReplayHost
from actors.runtime.replay import ReplayRuntime
from actors.runtime.router import Flow
from actors.runtime.runtime import OUTSIDE, Runtime
from actors.runtime.schedule import ScheduledMailboxes
from actors.runtime.slot import Slot, State
from actors.runtime.tracer import Tracer
from messages import (
    ActorFailed,
    ActorHung,
    Address,
    ApprovedOrder,
    Envelope,
    Message,
    Step,
    StopSystem,
    UtcNs,
    WakeAt,
    Woke,
)

_AT_ONCE: Final = Step.TIMERS
_END: Final = int(Step.CHECKS) + 1


class Interposed(Protocol):
    """Who stands between a message and its handler."""

    def before(self, slot: Slot, message: Message) -> BaseException | None:
        """What the handler raises in place of handling it. What this raises itself (RunEnds) ends the process."""

    def after(self, slot: Slot, message: Message) -> BaseException | None:
        """What the handler raises when it has handled it, before its answers are heard."""


class SimulatedRuntime(ReplayRuntime):
    """Driven from outside: `start`, then `advance` and `drain`, then `end` or nothing more. See the module.

    `schedule_seed`: which of the legal orders; None: first in, first out.
    """

    knows_instants = False

    def __init__(
        self,
        *,
        start_at: UtcNs,
        schedule_seed: int | None,
        routes: Iterable[Route],
        tracer: Tracer,
        interposed: Interposed,
    ) -> None:
        super().__init__(start_at=start_at, schedule_seed=schedule_seed, handler_seconds=None, routes=routes)
        self._schedule = self.mailboxes = None if schedule_seed is None else ScheduledMailboxes(schedule_seed)
        """What waits for whom; None: nothing waits any longer than it takes to deliver it."""
        self.timers_late = 0
        """ns by which timers come later than asked for, as they may on a busy machine."""
        self.tracer = tracer
        self.interposed = interposed
        self.failure: ActorFailed | None = None
        """Why the supervisor failed, if it did."""
        self._has_stopped = False

    # Time, as whoever drives it lets it pass.

    @property
    def next_due(self) -> UtcNs | None:
        """When the next timer is."""
        return self._agenda[0][0] if self._agenda else None

    @property
    def is_over(self) -> bool:
        """Every actor has stopped, or nobody supervises any more."""
        return self._has_stopped or self.failure is not None

    def drain(self, *, everything: bool = False) -> None:
        """Deliver what waits; with a schedule perhaps not all of it, unless `everything` is asked for."""
        self._drain(everything=everything)

    def wake_up(self, at: UtcNs) -> None:
        """The process was stopped for a while, and knows it when it looks at the clock: all timers of it come now."""
        self._now = max(self._now, at)
        self._run_agenda(at, _END)

    def slow_down(self, address: Address, *, slow: bool = True) -> None:
        """Whether an actor is served nothing for a while. Only with a schedule."""
        if self.mailboxes is not None:
            (self.mailboxes.slow.add if slow else self.mailboxes.slow.discard)(address)

    def hangs(self, address: Address, seconds: float) -> None:
        """The watchdog has found an actor busy for too long."""
        slot = self.slots[address]
        hung = ActorHung(
            actor=address, epoch=slot.epoch, seconds=seconds, during="handler", at=self._now, handled=slot.handled
        )
        self.say("host", hung, sender=address, epoch=slot.epoch)

    def send(self, message: Message) -> None:
        """Said from outside, as a host application does."""
        self.say(OUTSIDE, message, sender=OUTSIDE)

    def end(self) -> None:
        """Ask for an ordered stop; it takes its time."""
        self.say(OUTSIDE, StopSystem("asked to"), sender=OUTSIDE)

    def die(self) -> None:
        """The process is gone: nothing is said or handled any more, and what the kernel closes is closed."""
        self._agenda.clear()
        self._ready.clear()
        for slot in self.slots.values():
            slot.deliver, slot.ways = slot.store, None
            if slot.host is not None:
                slot.host.release()

    # As on threads.

    def answered(self, host: Host, cause: int, answers: Iterable[Message]) -> None:
        """See Runtime: without a replay's short cuts."""
        Runtime.answered(self, host, cause, answers)

    def dispatch(self, flow: Flow, envelope: Envelope) -> None:
        """To everybody at once."""
        self.tracer.said(envelope)
        for _step, hearers in flow.plan(envelope.message):
            for slot in tuple(hearers):
                self.put(slot, envelope)

    def put(self, slot: Slot, envelope: Envelope) -> None:
        """Queue for one address."""
        if envelope.message.__class__ is Woke:
            self.tracer.said(envelope)
        mailboxes = self.mailboxes
        if mailboxes is not None and not mailboxes.admits(slot, envelope):
            self.turned_away(slot, envelope, waiting=mailboxes.waiting_for(slot.address))
            return
        super().put(slot, envelope)

    def tell(self, address: Address, message: Message) -> None:
        """Send one message to one address; KeyError when there is none."""
        envelope = Envelope(next(self._ids), 0, OUTSIDE, 0, self._now, message)
        self.tracer.said(envelope)
        self.put(self.slots[address], envelope)

    def wake(self, slot: Slot, epoch: int, wish: WakeAt) -> None:
        """Timers know no steps."""
        super().wake(slot, epoch, WakeAt(max(wish.at, self._now) + self.timers_late, wish.token, _AT_ONCE))

    def launch(self, slot: Slot, *, warm: bool) -> None:
        """Start an incarnation at once, and hand it what waited."""
        self.tracer.made(slot.address, slot.epoch, warm=warm)
        slot.host = host = SimulatedHost(slot, self, warm=warm)
        host.start_up()
        if slot.state is State.UP:
            self._hand_over_waiting(slot)

    def _system_stopped(self, host: Host, cause: int, message: Message) -> None:
        self._has_stopped = True
        super()._system_stopped(host, cause, message)

    def supervisor_failed(self, failure: ActorFailed) -> None:
        """The gate closes; whoever owns the process looks, and ends it."""
        self.gate_open = False
        self.failure = failure


class SimulatedHost(ReplayHost):
    """As a replay's; what is interposed may raise in its handler's place."""

    def _way(self, handler: Handler, keep: Keep | None) -> Callable[[Message, int], None]:
        runtime, slot = self._runtime, self.slot
        assert isinstance(runtime, SimulatedRuntime)
        interposed, tracer, epoch = runtime.interposed, runtime.tracer, self.epoch

        def befallen(message: Any) -> Iterable[Message]:
            error = interposed.before(slot, message)
            if error is not None:
                raise error
            answers = tuple(handler(message))
            error = interposed.after(slot, message)
            if error is not None:
                raise error
            return answers

        way = super()._way(befallen, keep)

        def handled(message: Message, message_id: int) -> None:
            if message.__class__ is ApprovedOrder and not runtime.gate_open:
                runtime.bury(slot, Envelope(message_id, 0, slot.address, epoch, runtime.now(), message), "gate closed")
                return
            before = slot.handled
            way(message, message_id)
            if slot.handled != before:
                tracer.handled(slot.address, epoch, message_id)

        return handled
