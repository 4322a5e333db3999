"""A live system on a virtual clock, on one thread: what threads do, in an order that a seed chooses.

Whoever simulates the world around it lets the clock run to the next thing that happens there, says it in the name of
the actor that would have heard it (`voice`), and drains. There are no steps of an instant here: as on threads, what is
said is on its way to everybody at once. Failures are put into handlers from outside, by an `Interposed`.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from heapq import heappush
from typing import Final, Literal, Protocol

import attrs

from actors.routes import Route
from actors.runtime.host import Host
from actors.runtime.replay import ReplayRuntime
from actors.runtime.router import Flow
from actors.runtime.runtime import OUTSIDE, SUPERVISOR, ActorStatus, Runtime
from actors.runtime.schedule import ScheduledMailboxes
from actors.runtime.simulated_host import SimulatedHost
from actors.runtime.slot import Slot
from actors.runtime.tracer import Tracer
from messages import (
    NS_PER_SECOND,
    ActorFailed,
    ActorHung,
    Address,
    Envelope,
    Message,
    Step,
    StopSystem,
    UtcNs,
    WakeAt,
    Woke,
)

Moment = Literal["launch", "start", "warm-up", "stop"]
PATIENCE: Final = 30 * NS_PER_SECOND
"""Who is busy for longer counts as hung."""
STOP_PATIENCE: Final = 10 * NS_PER_SECOND // 8
"""The same in an ordered stop, in which one that hangs must leave time for the others."""
_AT_ONCE: Final = Step.TIMERS
_END: Final = int(Step.CHECKS) + 1


class Interposed(Protocol):
    """Who stands between a message and its handler."""

    def before(self, slot: Slot, message: Message) -> BaseException | None:
        """What the handler raises in place of handling it. What this raises itself (RunEnds) ends the process."""

    def after(self, slot: Slot, message: Message) -> BaseException | None:
        """What the handler raises when it has handled it, before its answers are heard."""

    def moment(self, slot: Slot, moment: Moment) -> BaseException | None:
        """What befalls an incarnation when its thread is to be had, in its start, its warm-up, or its stop."""


@attrs.frozen
class _Action:
    """On the agenda."""

    act: Callable[[], None]

    def play(self, _turn: int) -> None:
        self.act()


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
        self.is_ready = False
        """Every actor is up, or given up on."""
        self._has_stopped = False
        self._patience = PATIENCE
        self._stuck: list[SimulatedHost] = []

    # Time, as whoever drives it lets it pass.

    @property
    def next_due(self) -> UtcNs | None:
        """When the next timer is."""
        return self._agenda[0][0] if self._agenda else None

    @property
    def is_over(self) -> bool:
        """Every actor has stopped, or nobody supervises any more, or memory ran out."""
        return self._has_stopped or self.failure is not None or self.out_of_memory is not None

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

    def hangs(self, host: SimulatedHost, seconds: float | None) -> None:
        """A host does not return; it goes on after `seconds`, unless that is None. The watchdog looks in time."""
        self._stuck = [each for each in self._stuck if each.is_stuck and each is not host] + [host]
        self._let(self._patience, lambda: self._look_at(host))
        if seconds is not None:
            self._let(round(seconds * NS_PER_SECOND), host.go_on)

    def _let(self, delay: int, action: Callable[[], None]) -> None:
        heappush(self._agenda, (self._now + delay, _AT_ONCE, 0, "", next(self._turns), None, _Action(action)))

    def _look_at(self, host: SimulatedHost) -> None:
        """The watchdog looks, and tells of one that has been busy for too long."""
        slot, spent = host.slot, self._now - host.stuck_since
        if not host.is_stuck or host.is_reported or spent < self._patience or slot.epoch != host.epoch:
            return
        host.is_reported = True
        seconds = spent / NS_PER_SECOND
        hung = ActorHung(
            actor=slot.address, epoch=slot.epoch, seconds=seconds, during="handler", at=self._now, handled=slot.handled
        )
        if slot.role == SUPERVISOR:
            failed = ActorFailed(
                actor=slot.address, epoch=slot.epoch, during="handler", error=f"hung for {seconds:.1f} s", at=self._now
            )
            self.supervisor_failed(failed)
            return
        self.say("host", hung, sender=slot.address, epoch=slot.epoch)

    def send(self, message: Message) -> None:
        """Said from outside, as a host application does."""
        self.say(OUTSIDE, message, sender=OUTSIDE)

    def end(self) -> None:
        """Ask for an ordered stop; it takes its time, and is less patient."""
        self._patience = STOP_PATIENCE
        for host in self._stuck:
            since = self._now - host.stuck_since
            self._let(max(0, STOP_PATIENCE - since), partial(self._look_at, host))
        self.say(OUTSIDE, StopSystem("asked to"), sender=OUTSIDE)

    def die(self) -> None:
        """The process is gone: nothing is said or handled any more, and what the kernel closes is closed."""
        self._agenda.clear()
        self._ready.clear()
        for slot in self.slots.values():
            slot.deliver, slot.ways = slot.store, None
            if slot.host is not None:
                slot.host.release()
        for host in self._stuck:
            host.release()

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

    def halt_incarnation(self, slot: Slot) -> None:
        """See ReplayRuntime; one that hangs does not stop before it goes on."""
        host = slot.host
        if isinstance(host, SimulatedHost):
            host.halt(super().halt_incarnation)
        else:
            super().halt_incarnation(slot)

    def hand_over_waiting(self, slot: Slot) -> None:
        """What waited in the mailbox is delivered before all else."""
        self._hand_over_waiting(slot)

    def give_back(self, slot: Slot, envelope: Envelope) -> None:
        """What a fenced incarnation had in hand is its successor's."""
        if slot.is_over:
            self.bury(slot, envelope, slot.state.value)
        else:
            super().put(slot, envelope)

    def status(self) -> tuple[ActorStatus, ...]:
        """See Runtime: with what is on its way."""
        waiting = Counter(slot.address for slot, _ in self._ready)
        if self._schedule is not None:
            waiting = self._schedule.waiting_by_address()
        return tuple([attrs.evolve(each, waiting=each.waiting + waiting[each.address]) for each in super().status()])

    def _system_ready(self, host: Host, cause: int, message: Message) -> None:
        self.is_ready = True
        super()._system_ready(host, cause, message)

    def _system_stopped(self, host: Host, cause: int, message: Message) -> None:
        self._has_stopped = True
        super()._system_stopped(host, cause, message)

    def memory_ran_out(self, address: Address, during: str) -> None:
        """The gate closes; whoever owns the process looks, and ends it."""
        Runtime.memory_ran_out(self, address, during)

    def supervisor_failed(self, failure: ActorFailed) -> None:
        """The gate closes; whoever owns the process looks, and ends it."""
        self.gate_open = False
        self.failure = failure
