"""What both runtimes are: addresses, stamping, routing, and the execution of what the supervisor orders.

A runtime decides nothing. It delivers what components say to whom the routes name, turns WakeAt into Woke, keeps
subscriptions, and executes StartActor, StopActor and FenceActor, from the supervisor and from nobody else.
"""

import abc
import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import partial

import attrs

from actors.restored import Restored
from actors.routes import ROUTES, Route
from actors.runtime.host import Host, RunEnds
from actors.runtime.mailbox import CLOSED
from actors.runtime.router import Flow, Router
from actors.runtime.slot import BESIDE, VITAL, ActorSpec, Slot, State
from actors.tape import Batch
from messages import (
    ActorFailed,
    ActorLagging,
    ActorQuarantined,
    Address,
    ApprovedOrder,
    Envelope,
    FeedEnded,
    FenceActor,
    HaltTrading,
    Message,
    StartActor,
    StopActor,
    Subscribe,
    SystemReady,
    SystemStopped,
    Unsubscribe,
    UtcNs,
    WakeAt,
)

OUTSIDE = "outside"
"""The sender of what a host application sends."""
SUPERVISOR = "supervisor"
GUARD = "risk-guard"
DEAD_LETTERS_KEPT = 1_000


@attrs.frozen
class DeadLetter:
    """A message that could not be delivered, and why."""

    address: Address
    message: str
    """Class name; the content stays out, so that nothing secret can be read here."""
    id: int
    reason: str


@attrs.frozen(kw_only=True)
class ActorStatus:
    """What a host application sees of one actor."""

    address: Address
    state: str
    epoch: int
    handled: int
    waiting: int
    cap: int
    """What may wait there of what must be delivered."""
    conflated: int
    restarts: int
    fenced: int
    lagging: bool


class SupervisorFailed(RunEnds):
    """The supervisor itself raised: nothing may go on unsupervised. Exit code 70."""


class MemoryRanOut(RunEnds):
    """An actor that keeps the money, or is the way of orders, had none left: what is known of the money may be wrong.

    Who owns the process takes orders back as far as that goes, and ends it: exit code 1.
    """

    def __init__(self, address: Address, during: str) -> None:
        super().__init__(f"memory ran out in {address}, which was at {during}")


class Runtime(abc.ABC):
    """The part that replay and threads share."""

    knows_instants = False
    """Whether everybody has heard everything of an instant before the next one comes."""

    def __init__(self, routes: Iterable[Route] = ROUTES) -> None:
        self.router = Router(routes)
        self.slots: dict[Address, Slot] = {}
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self.dead_letter_counts: Counter[str] = Counter()
        self.gate_open = True
        """Read before an ApprovedOrder is delivered; closed when nobody supervises or guards any more. See `stops`."""
        self.out_of_memory: tuple[Address, str] | None = None
        """Which of those without whom no money is safe ran out of memory, and at what: the run ends."""
        self.feed_over = False
        """The feed has said that nothing more will come, and all that it said was played."""
        self._ids = itertools.count(1)
        self._orders: dict[type[Message], Callable[[Host, int, Message], None]] = {
            WakeAt: self._wake_at,
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            StartActor: self._start_actor,
            StopActor: self._stop_actor,
            FenceActor: self._fence_actor,
            ActorQuarantined: self._quarantine_actor,
            FeedEnded: self._feed_ended_said,
            SystemReady: self._system_ready,
            SystemStopped: self._system_stopped,
        }

    def add(self, spec: ActorSpec) -> Slot:
        """A new address; ValueError when it exists. The supervisor starts what lives there."""
        if spec.address in self.slots:
            raise ValueError(f"there is an actor at {spec.address} already")
        slot = Slot(spec)
        slot.store = slot.deliver = partial(self.store, slot)
        self.slots[spec.address] = slot
        self.router.add(slot)
        return slot

    def restore(self, restored: Restored) -> None:
        """Before the start: what an earlier life left, for the first incarnation at each address; KeyError for others.

        What is heard again counts as older than everything that will be said.
        """
        for address in (*restored.kept, *restored.heritage):
            self.slots[address].is_restored = True
        for address, heritage in restored.heritage.items():
            self.slots[address].inherited = heritage
        for address, messages in restored.kept.items():
            slot = self.slots[address]
            for number, message in enumerate(messages, -len(messages)):
                slot.kept.setdefault(message.__class__, deque()).append((number, message))

    def status(self) -> tuple[ActorStatus, ...]:
        """Every address, as it is now."""
        return tuple(
            ActorStatus(
                address=slot.address,
                state=slot.state.value,
                epoch=slot.epoch,
                handled=slot.handled,
                waiting=len(slot.mailbox),
                cap=slot.mailbox.cap,
                conflated=slot.mailbox.conflated,
                restarts=slot.restarts,
                fenced=slot.fenced,
                lagging=slot.lagging,
            )
            for slot in self.slots.values()
        )

    # What a host needs (see Post in host.py).

    @abc.abstractmethod
    def now(self) -> UtcNs:
        """The runtime's clock in ns."""

    def answered(self, host: Host, cause: int, answers: Iterable[Message]) -> None:
        """Send what a component said; an incarnation that was fenced says nothing any more."""
        slot = host.slot
        if slot.epoch != host.epoch:
            slot.fenced += 1
            return
        for message in answers:
            execute = self._orders.get(message.__class__)
            if execute is not None:
                execute(host, cause, message)
                continue
            envelope = Envelope(next(self._ids), cause, slot.address, host.epoch, self.now(), message)
            self.dispatch(self.router.flow(slot.role, message.__class__), envelope)

    def report(self, host: Host, message: Message) -> None:
        """Send what a shell says about its own actor, in the role `host`."""
        slot = host.slot
        if slot.role == SUPERVISOR:
            # Nobody supervises the supervisor: its start needs no word, and its failure ends everything.
            if isinstance(message, ActorFailed):
                self.supervisor_failed(message)
            return
        self.say("host", message, sender=slot.address, epoch=host.epoch)

    def memory_ran_out(self, address: Address, during: str) -> None:
        """No order leaves any more; whoever owns the system sees it, and ends it."""
        self.gate_open = False
        self.out_of_memory = address, during

    @abc.abstractmethod
    def play(self, host: Host, batch: Batch) -> None:
        """Send a feed's batch."""

    def say(self, role: str, message: Message, *, sender: Address, epoch: int = 0, cause: int = 0) -> None:
        """Route one message that no component said in answer to another."""
        envelope = Envelope(next(self._ids), cause, sender, epoch, self.now(), message)
        self.dispatch(self.router.flow(role, message.__class__), envelope)

    def voice(self, address: Address) -> Callable[[Message], None]:
        """What a thread of an actor's own speaks with: in the actor's name, routed as what its role says.

        For sockets and the like, whose reader is no actor. What it says once its incarnation is fenced is dropped.
        """
        slot = self.slots[address]
        epoch = slot.epoch

        def say(message: Message) -> None:
            if slot.epoch == epoch and not slot.is_over:
                self.say(slot.role, message, sender=address, epoch=epoch)

        return say

    def tell(self, address: Address, message: Message) -> None:
        """Send one message to one address; KeyError when there is none."""
        envelope = Envelope(next(self._ids), 0, OUTSIDE, 0, self.now(), message)
        self.put(self.slots[address], envelope)

    @abc.abstractmethod
    def dispatch(self, flow: Flow, envelope: Envelope) -> None:
        """Bring a message to everybody whom the routes name."""

    @abc.abstractmethod
    def put(self, slot: Slot, envelope: Envelope) -> None:
        """Bring a message to one address."""

    @abc.abstractmethod
    def supervisor_failed(self, failure: ActorFailed) -> None:
        """Close the gate and end everything."""

    # What cannot be delivered.

    def bury(self, slot: Slot, envelope: Envelope, reason: str) -> None:
        """Note a message that could not be delivered."""
        self.dead_letter_counts[f"{slot.address}: {reason}"] += 1
        name = type(envelope.message).__name__
        self.dead_letters.append(DeadLetter(slot.address, name, envelope.id, reason))

    def store(self, slot: Slot, envelope: Envelope) -> int:
        """Put into the mailbox: how many more wait, 0 when it cannot be delivered or replaced another."""
        if slot.is_over:
            self.bury(slot, envelope, slot.state.value)
            return 0
        if not self.gate_open and self.stops(slot, envelope.message):
            self.bury(slot, envelope, "gate closed")
            return 0
        more = slot.mailbox.put(envelope)
        if more >= 0:
            return more
        if more == CLOSED:
            self.bury(slot, envelope, slot.state.value)
            return 0
        self.turned_away(slot, envelope, waiting=len(slot.mailbox))
        return 0

    @staticmethod
    def stops(slot: Slot, message: Message) -> bool:
        """Whether a closed gate keeps this from here: an order from who is on its way out, and not from who looks on.

        An auditor that did not hear of an approval would take what becomes of the order for a violation.
        """
        return isinstance(message, ApprovedOrder) and slot.spec.kind in VITAL

    def turned_away(self, slot: Slot, envelope: Envelope, *, waiting: int) -> None:
        """A mailbox is full: said once of an address, and trading halts where somebody waits for it."""
        self.bury(slot, envelope, "mailbox full")
        if slot.lagging:
            return
        slot.lagging = True
        self.say("host", ActorLagging(actor=slot.address, waiting=waiting, at=self.now()), sender=slot.address)
        if slot.spec.kind not in BESIDE:
            reason = f"mailbox of {slot.address} is full"
            self.say(SUPERVISOR, HaltTrading(reason=reason, ts=self.now()), sender=slot.address)

    def close(self, slot: Slot) -> None:
        """Its last incarnation is over: name what waits there, and what will still be sent there, as undeliverable."""
        for envelope in slot.mailbox.close():
            self.bury(slot, envelope, slot.state.value)
            self.given_up()

    # What components ask of the runtime.

    @abc.abstractmethod
    def wake(self, slot: Slot, epoch: int, wish: WakeAt) -> None:
        """Set a timer."""

    def _wake_at(self, host: Host, _cause: int, message: Message) -> None:
        assert isinstance(message, WakeAt)
        self.wake(host.slot, host.epoch, message)

    def _subscribe(self, host: Host, _cause: int, message: Message) -> None:
        assert isinstance(message, Subscribe)
        self.router.subscribe(host.slot, message)

    def _unsubscribe(self, host: Host, _cause: int, message: Message) -> None:
        assert isinstance(message, Unsubscribe)
        self.router.unsubscribe(host.slot, message)

    # What the supervisor orders.

    def _slot_for(self, host: Host, address: Address) -> Slot:
        if host.slot.role != SUPERVISOR:
            raise PermissionError(f"{host.slot.address} is not the supervisor and starts or stops nobody")
        return self.slots[address]

    @abc.abstractmethod
    def launch(self, slot: Slot, *, warm: bool) -> None:
        """Make and start an incarnation."""

    @abc.abstractmethod
    def halt_incarnation(self, slot: Slot) -> None:
        """End an incarnation in order."""

    def _start_actor(self, host: Host, _cause: int, message: Message) -> None:
        assert isinstance(message, StartActor)
        slot = self._slot_for(host, message.actor)
        with slot.lock:
            first = not slot.epoch
            if not first:
                slot.restarts += 1
            slot.epoch = message.epoch
        self.launch(slot, warm=message.warm or (first and slot.is_restored))

    def _stop_actor(self, host: Host, _cause: int, message: Message) -> None:
        assert isinstance(message, StopActor)
        self.halt_incarnation(self._slot_for(host, message.actor))

    def _fence_actor(self, host: Host, _cause: int, message: Message) -> None:
        assert isinstance(message, FenceActor)
        slot = self._slot_for(host, message.actor)
        with slot.lock:
            if slot.host is not None:
                slot.host.cut_off(hung=message.hung)
            slot.epoch = message.epoch + 1
            slot.deliver, slot.ways = slot.store, None
            slot.state = State.DOWN
        slot.mailbox.nudge()

    def _quarantine_actor(self, host: Host, cause: int, message: Message) -> None:
        assert isinstance(message, ActorQuarantined)
        slot = self._slot_for(host, message.actor)
        slot.state = State.QUARANTINED
        if slot.role == GUARD:
            # Nothing passes unguarded, not even what it let pass before and is on its way.
            self.gate_open = False
        self.router.drop(slot)
        self.close(slot)
        self._say_on(host, cause, message)

    def _feed_ended_said(self, host: Host, cause: int, message: Message) -> None:
        self.feed_ended()
        self._say_on(host, cause, message)

    def _system_ready(self, host: Host, cause: int, message: Message) -> None:
        self._say_on(host, cause, message)

    def _system_stopped(self, host: Host, cause: int, message: Message) -> None:
        self._say_on(host, cause, message)

    def _say_on(self, host: Host, cause: int, message: Message) -> None:
        self.say(host.slot.role, message, sender=host.slot.address, epoch=host.epoch, cause=cause)

    @abc.abstractmethod
    def feed_ended(self) -> None:
        """The feed said that nothing more will come."""

    def given_up(self) -> None:  # noqa: B027 - not every runtime counts
        """A message that waited is given up on: a runtime that counts what is unfinished counts it out."""
