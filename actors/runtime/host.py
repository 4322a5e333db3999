"""The actor shell: one component in one incarnation. Delivery, containment, epochs and stamping happen here, once.

`ThreadedHost` runs Pykka's loop on a thread of its own. `ReplayHost` has no loop: the scheduler calls the same
`deliver`. Whatever a component raises, `SystemExit` included, ends this incarnation and no other; the message being
handled is lost and named, and what waits in the address's mailbox waits for the next incarnation.
"""

import time
import traceback
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, Protocol

import pykka

from actors.component import Component, Handler, handlers_of
from actors.runtime.mailbox import Stop
from actors.runtime.pykka_seam import ManualShell, ThreadShell
from actors.runtime.slot import ActorKind, Slot, State
from actors.tape import Batch
from messages import ActorFailed, ActorStarted, ActorStopped, ApprovedOrder, Envelope, Message, UtcNs, WakeAt


class Post(Protocol):
    """What a host needs of the runtime it lives in."""

    def now(self) -> UtcNs:
        """The runtime's clock, in ns."""

    def answered(self, host: "Host", cause: int, answers: Iterable[Message]) -> None:
        """Send what a component said because of the message with id `cause`."""

    def report(self, host: "Host", message: Message) -> None:
        """Send what the shell itself has to say about its actor."""

    def play(self, host: "Host", batch: Batch) -> None:
        """Send a feed's batch, each message at its time."""

    def close(self, slot: Slot) -> None:
        """The address's last incarnation is over."""


class RunEnds(Exception):
    """Something that is nobody's failure to contain: it ends the whole run."""


class HandlerTimedOut(BaseException):
    """Raised inside a handler that took too long, by the replay's watchdog; it ends the run, not the actor."""


class Host(pykka.Actor):
    """One incarnation of the actor at an address."""

    through: tuple[type[BaseException], ...] = ()
    """What is not the component's failure, and passes."""

    def __init__(self, slot: Slot, runtime: Post, *, warm: bool) -> None:
        super().__init__()
        self.slot = slot
        self.epoch = slot.epoch
        self.handling: Envelope | str | None = None
        """On threads, what it is busy with: read by the watchdog, and by nobody else."""
        self.failed = False
        self.hung = False
        """Set when it is fenced for hanging: nobody waits for it, and what it hangs on is lost."""
        self._runtime = runtime
        self._warm = warm
        self._component: Component | None = None
        self._handlers: dict[type[Message], Handler] = {}
        self._ways: dict[type[Message], tuple[Handler, Callable[[tuple[int, Message]], None] | None]] = {}
        """Handler, and where the address keeps what was handled, if it does: one look-up per message."""
        self._released = False

    def deliver(self, envelope: Envelope) -> None:
        """Let the component handle what is in the envelope."""
        self.handle(envelope[5], envelope[0])

    def handle(self, message: Message, message_id: int) -> None:
        """Let the component handle one message, contain what it raises, and send what it answers."""
        way = self._ways.get(message.__class__)
        if way is None:
            return
        handler, keep = way
        try:
            answers = handler(message)
            if answers:
                if answers.__class__ is tuple:
                    self._runtime.answered(self, message_id, answers)
                elif answers.__class__ is Batch:
                    self._runtime.play(self, answers)  # type: ignore[arg-type]
                else:
                    self._runtime.answered(self, message_id, tuple(answers))
        except self.through:
            raise
        except BaseException as error:  # noqa: BLE001 - a strategy's sys.exit() must not stop the risk guard
            self.fail(error, type(message).__name__, message_id)
            return
        slot = self.slot
        slot.handled += 1
        if keep is not None and slot.epoch == self.epoch:
            keep((message_id, message))

    def begin(self) -> bool:
        """Make the component, start it, warm it up if asked to: True when the actor is up."""
        slot = self.slot
        doing = self.handling = "start"
        try:
            component = self._make()
            answers = tuple(component.on_start())
            if self._warm:
                doing = self.handling = "warm-up"
                answers += self._warm_up(component)
            doing = self.handling = "start"
            with slot.lock:
                if slot.epoch != self.epoch:
                    slot.fenced += 1
                    return False
                self._runtime.answered(self, 0, answers)
                self.came_up()
                self._runtime.report(self, ActorStarted(slot.address, self.epoch))
        except self.through:
            raise
        except BaseException as error:  # noqa: BLE001 - as in handle
            self.fail(error, doing, 0)
            return False
        self.handling = None
        return True

    def came_up(self) -> None:
        """Its start has ended well: called with the slot's lock held."""
        self.slot.state = State.UP

    def cut_off(self, *, hung: bool) -> None:
        """It is being fenced: called with the slot's lock held."""
        self.hung = hung

    def _make(self) -> Component:
        slot = self.slot
        heritage = slot.component.heritage() if slot.component is not None else None
        self._component = component = slot.spec.factory(heritage)
        self._handlers = handlers_of(component)
        keeps = component.keeps()
        with slot.lock:
            if slot.epoch == self.epoch:
                slot.component = component
                for message_class, count in keeps.items():
                    slot.keep(message_class, count)
                kept = slot.kept
                self._ways = {
                    message_class: (handler, kept[message_class].append if message_class in kept else None)
                    for message_class, handler in self._handlers.items()
                }
        return component

    def end(self) -> None:
        """An ordered stop: on_stop, release, and the report."""
        component, slot = self._component, self.slot
        self.handling = "stop"
        try:
            answers = tuple(component.on_stop()) if component is not None else ()
            self.release()
            with slot.lock:
                if slot.epoch != self.epoch:
                    slot.fenced += 1
                    return
                self._runtime.answered(self, 0, answers)
                slot.state = State.STOPPED
                self._runtime.close(slot)
                self._runtime.report(self, ActorStopped(slot.address, self.epoch))
        except self.through:
            raise
        except BaseException as error:  # noqa: BLE001 - as in handle
            self.fail(error, "stop", 0)
        self.handling = None

    def release(self) -> None:
        """Let the component give back what it holds, once, whatever became of it."""
        if self._released or self._component is None:
            return
        self._released = True
        try:
            self._component.release()
        except self.through:
            raise
        except BaseException:  # noqa: BLE001 - it is over already; there is nobody left to tell but the report before
            return

    def fail(self, error: BaseException, during: str, message_id: int) -> bool:
        """This incarnation is over: release, keep later messages in the mailbox, and tell the supervisor.

        False when it was fenced before: then its failure is of no concern to anybody.
        """
        slot = self.slot
        self.failed = True
        text, trace = self._described(error)
        self.release()
        with slot.lock:
            if slot.epoch != self.epoch:
                return False
            slot.deliver, slot.hand = slot.store, None
            slot.state = State.DOWN
            report = ActorFailed(
                actor=slot.address,
                epoch=self.epoch,
                during=during,
                message_id=message_id,
                error=text,
                trace=trace,
                at=self._runtime.now(),
                handled=slot.handled,
            )
            self._runtime.report(self, report)
        return True

    def _described(self, error: BaseException) -> tuple[str, str]:
        name = type(error).__name__
        try:
            text = str(error)
            return f"{name}: {text}" if text else name, "".join(traceback.format_exception(error)[-8:])
        except self.through:
            raise
        except BaseException:  # noqa: BLE001 - even what describes an exception may be a strategy's own code
            return name, ""

    def _warm_up(self, component: Component) -> tuple[Message, ...]:
        """Feed what the address kept, in the order it was heard. Of the answers only timers still ahead survive."""
        kept = sorted((pair for pairs in self.slot.kept.values() for pair in tuple(pairs)), key=itemgetter(0))
        now = self._runtime.now()
        timers: list[Message] = []
        for _, message in kept:
            answers = self._handlers[type(message)](message)
            timers.extend(answer for answer in answers if isinstance(answer, WakeAt) and answer.at >= now)
        component.warmed_up()
        return tuple(timers)


class ReplayHost(Host, ManualShell):
    """Driven by the replay's scheduler, on its thread."""

    through = (KeyboardInterrupt, HandlerTimedOut, RunEnds)

    def start_up(self) -> None:
        """Start at once; from then on the address delivers here."""
        self.slot.state = State.STARTING
        self.launch()

    def on_start(self) -> None:
        """Pykka's hook."""
        self.begin()

    def came_up(self) -> None:
        """From now on the scheduler hands messages over without a mailbox."""
        super().came_up()
        self.slot.deliver, self.slot.hand = self.deliver, self.handle

    def cut_off(self, *, hung: bool) -> None:
        """Nobody else will release what it holds."""
        super().cut_off(hung=hung)
        self.release()


class ThreadedHost(Host, ThreadShell):
    """On its own thread, reading the address's mailbox."""

    def __init__(self, slot: Slot, runtime: "ThreadedPost", *, warm: bool) -> None:
        super().__init__(slot, runtime, warm=warm)
        self._threads = runtime
        self._predecessor = slot.host
        self._in_hand: Envelope | Stop | None = None
        """Taken from the mailbox and not yet accounted for. Guarded by the slot's lock."""
        self._counts = True
        """False: it was fenced before what it has in hand began to count."""
        self.leaving = False
        """Told to stop: a feed does not play its batch to the end then."""
        self.reported_hung = False
        self.busy_since = 0.0
        """time.monotonic() when it began what it is doing; 0.0 when idle."""

    def start_up(self) -> None:
        """Start the thread; RuntimeError when there is none to be had."""
        self.slot.state = State.STARTING
        self.handling = "start"
        self.busy_since = time.monotonic()
        daemon = self.slot.spec.kind in (ActorKind.STRATEGY, ActorKind.EDGE)
        self.launch(self._take, name=f"{self.slot.address}#{self.epoch}", daemon=daemon)

    def on_start(self) -> None:
        """Pykka's hook, on the new thread: after the predecessor's thread has ended, unless that one hangs."""
        self._await_predecessor()
        self.busy_since = time.monotonic()
        if not self.begin():
            self.release()
            self.finish()
        self.busy_since = 0.0

    def _await_predecessor(self) -> None:
        before = self._predecessor
        while isinstance(before, ThreadedHost) and not before.hung and self.slot.epoch == self.epoch:
            if before.thread is None:
                # Its thread could not be had, so it waited for nobody.
                before = before._predecessor
                continue
            before.thread.join(0.1)
            if not before.thread.is_alive():
                break
        self._predecessor = None

    def on_receive(self, message: Any) -> None:
        """Pykka's hook: one item of the mailbox, or None when this incarnation is over."""
        if message is None:
            self.release()
            self.finish()
            return
        slot, threads = self.slot, self._threads
        with slot.lock:
            if slot.epoch != self.epoch:
                # Fenced between taking and now: it belongs to the next incarnation.
                threads.give_back(slot, message)
                return
            if not threads.gate_open and isinstance(message, Envelope) and isinstance(message.message, ApprovedOrder):
                threads.lose(slot, message, "gate closed")
                return
            self._in_hand, self._counts = message, True
            self.handling = message
            self.busy_since = time.monotonic()
        try:
            if isinstance(message, Stop):
                self.end()
                self.finish()
            else:
                self.deliver(message)
        except BaseException as error:  # noqa: BLE001 - a mistake of the shell's own must not pass silently either
            self.fail(error, "delivery", 0)
        finally:
            self.busy_since = 0.0
            self.handling = None
            self._put_down()

    def _put_down(self) -> None:
        slot = self.slot
        with slot.lock:
            item, self._in_hand = self._in_hand, None
            if isinstance(item, Envelope):
                if self._counts:
                    self._threads.done()
                else:
                    self._threads.give_back(slot, item)

    def handle(self, message: Message, message_id: int) -> None:
        """As any host; besides, the message counts and its answers are said in one piece, before a fence or not at all."""
        way = self._ways.get(message.__class__)
        if way is None:
            return
        handler, keep = way
        slot = self.slot
        try:
            answers = handler(message)
            if answers and answers.__class__ is not tuple and answers.__class__ is not Batch:
                answers = tuple(answers)
            with slot.lock:
                if slot.epoch != self.epoch:
                    self._counts = False
                    slot.fenced += bool(answers)
                    return
                if answers.__class__ is tuple:
                    self._runtime.answered(self, message_id, answers)
                slot.handled += 1
                if keep is not None:
                    keep((message_id, message))
            if answers.__class__ is Batch:
                self._runtime.play(self, answers)  # type: ignore[arg-type]
        except BaseException as error:  # noqa: BLE001 - as in the host's own
            self.fail(error, type(message).__name__, message_id)

    def fail(self, error: BaseException, during: str, message_id: int) -> bool:
        """As any host; the thread ends besides. What a fenced one failed on is its successor's to handle."""
        self.handling = f"release after {during}"
        in_office = super().fail(error, during, message_id)
        self._counts = in_office
        self.finish()
        return in_office

    def cut_off(self, *, hung: bool) -> None:
        """One that hangs is not waited for: what it has in hand is lost, and named."""
        super().cut_off(hung=hung)
        if not hung:
            return
        item, self._in_hand = self._in_hand, None
        if isinstance(item, Envelope):
            self._threads.lose(self.slot, item, "in hand of an incarnation that hangs")
        if self._predecessor is not None:
            self._predecessor.cut_off(hung=True)

    def _take(self) -> Envelope | Stop | None:
        mailbox = self.slot.mailbox
        while self.slot.epoch == self.epoch and not self.actor_stopped.is_set():
            item = mailbox.wait(0.5)
            if item is not None:
                return item
        return None


class ThreadedPost(Post, Protocol):
    """What a threaded host needs besides."""

    gate_open: bool

    def done(self) -> None:
        """One delivered message is finished with."""

    def give_back(self, slot: Slot, item: Envelope | Stop) -> None:
        """An item goes back to where it was taken from."""

    def lose(self, slot: Slot, envelope: Envelope, reason: str) -> None:
        """A message that was taken is not handled: name it, and count it out."""
