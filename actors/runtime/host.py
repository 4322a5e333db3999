"""The actor shell: one component in one incarnation. Delivery, containment, epochs and stamping happen here, once.

`ThreadedHost` runs Pykka's loop on a thread of its own. `ReplayHost` has no loop: the scheduler calls the same
`deliver`. Whatever a component raises, `SystemExit` included, ends this incarnation and no other; the message being
handled is lost and named, and what waits in the address's mailbox waits for the next incarnation.
"""

import time
import traceback
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

import pykka

from actors.component import Component, Handler, handlers_of
from actors.runtime.mailbox import Stop
from actors.runtime.pykka_seam import ManualShell, ThreadShell
from actors.runtime.slot import ActorKind, Slot, State
from actors.tape import Batch
from messages import ActorFailed, ActorStarted, ActorStopped, Envelope, Message, UtcNs, WakeAt

if TYPE_CHECKING:
    pass


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


PREDECESSOR_SECONDS = 5.0
"""How long a new incarnation waits for the thread of the one before it to end."""


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
        """Set when it is fenced for hanging: what it hangs on is not given to its successor."""
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
            if answers and answers.__class__ is not tuple and answers.__class__ is not Batch:
                answers = tuple(answers)
        except self.through:
            raise
        except BaseException as error:  # noqa: BLE001 - a strategy's sys.exit() must not stop the risk guard
            self.fail(error, type(message).__name__, message_id)
            return
        slot = self.slot
        slot.handled += 1
        if keep is not None and slot.epoch == self.epoch:
            keep((message_id, message))
        if answers:
            if answers.__class__ is tuple:
                self._runtime.answered(self, message_id, answers)
            else:
                self._runtime.play(self, answers)  # type: ignore[arg-type]

    def begin(self) -> bool:
        """Make the component, start it, warm it up if asked to: True when the actor is up."""
        doing = "start"
        self.handling = doing
        try:
            self._component = component = self._make()
            self._handlers = handlers_of(component)
            answers = tuple(component.on_start())
            if self._warm:
                doing = self.handling = "warm-up"
                answers += self._warm_up(component)
        except self.through:
            raise
        except BaseException as error:  # noqa: BLE001 - as in deliver
            self.fail(error, doing, 0)
            return False
        self.handling = None
        kept = self.slot.kept
        self._ways = {
            message_class: (handler, kept[message_class].append if message_class in kept else None)
            for message_class, handler in self._handlers.items()
        }
        self._runtime.answered(self, 0, answers)
        self._runtime.report(self, ActorStarted(self.slot.address, self.epoch))
        return True

    def _make(self) -> Component:
        slot = self.slot
        heritage = slot.component.heritage() if slot.component is not None else None
        component = slot.spec.factory(heritage)
        slot.component = component
        for message_class, count in component.keeps().items():
            slot.keep(message_class, count)
        return component

    def end(self) -> None:
        """An ordered stop: on_stop, release, and the report."""
        component = self._component
        self.handling = "stop"
        if component is not None:
            try:
                answers = tuple(component.on_stop())
            except self.through:
                raise
            except BaseException as error:  # noqa: BLE001 - as in deliver
                self.fail(error, "stop", 0)
                return
            self._runtime.answered(self, 0, answers)
        self.release()
        self.handling = None
        self.slot.state = State.STOPPED
        self._runtime.report(self, ActorStopped(self.slot.address, self.epoch))

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

    def fail(self, error: BaseException, during: str, message_id: int) -> None:
        """This incarnation is over: keep later messages in the mailbox, release, and tell the supervisor."""
        slot = self.slot
        self.handling = None
        self.failed = True
        self.release()
        if slot.epoch != self.epoch:
            return
        slot.deliver, slot.hand = slot.store, None
        slot.state = State.DOWN
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        trace = "".join(traceback.format_exception(error)[-8:])
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

    through = (KeyboardInterrupt, HandlerTimedOut)

    def start_up(self) -> None:
        """Start at once; from then on the address delivers here."""
        self.slot.state = State.STARTING
        self.launch()

    def on_start(self) -> None:
        """Pykka's hook."""
        if self.begin():
            self.slot.state = State.UP
            self.slot.deliver, self.slot.hand = self.deliver, self.handle


class ThreadedHost(Host, ThreadShell):
    """On its own thread, reading the address's mailbox."""

    def __init__(self, slot: Slot, runtime: "ThreadedPost", *, warm: bool) -> None:
        super().__init__(slot, runtime, warm=warm)
        self._threads = runtime
        self._predecessor = slot.host
        self.busy_since = 0.0
        """time.monotonic() when it began what it is doing; 0.0 when idle."""

    def start_up(self) -> None:
        """Start the thread; RuntimeError when there is none to be had."""
        self.slot.state = State.STARTING
        self.busy_since = time.monotonic()
        daemon = self.slot.spec.kind in (ActorKind.STRATEGY, ActorKind.EDGE)
        self.launch(self._take, name=f"{self.slot.address}#{self.epoch}", daemon=daemon)

    def on_start(self) -> None:
        """Pykka's hook, on the new thread: after the predecessor's thread has ended, unless that one hangs."""
        predecessor, self._predecessor = self._predecessor, None
        if isinstance(predecessor, ThreadedHost) and predecessor.thread is not None and not predecessor.hung:
            predecessor.thread.join(PREDECESSOR_SECONDS)
        self.busy_since = time.monotonic()
        if self.begin():
            if self.slot.epoch == self.epoch:
                self.slot.state = State.UP
        else:
            self.finish()
        self.busy_since = 0.0

    def on_receive(self, message: Any) -> None:
        """Pykka's hook: one item of the mailbox, or None when this incarnation is over."""
        if message is None:
            self.finish()
            return
        self.busy_since = time.monotonic()
        self.handling = message
        try:
            if isinstance(message, Stop):
                self.end()
                self.finish()
            else:
                self.deliver(message)
                if self.slot.epoch != self.epoch and not self.hung and not self.failed:
                    # Fenced meanwhile, its answers dropped: the message is the successor's to handle.
                    self.slot.mailbox.put_back(message)
                    self._threads.undone()
        finally:
            self.busy_since = 0.0
            self.handling = None
            if not isinstance(message, Stop):
                self._threads.done()

    def fail(self, error: BaseException, during: str, message_id: int) -> None:
        """As any host; the thread ends besides."""
        super().fail(error, during, message_id)
        self.finish()

    def _take(self) -> Envelope | Stop | None:
        mailbox = self.slot.mailbox
        while self.slot.epoch == self.epoch and not self.actor_stopped.is_set():
            item = mailbox.wait(0.5)
            if item is None:
                continue
            if self.slot.epoch != self.epoch and isinstance(item, Envelope):
                # Fenced between the wait and now: the item belongs to the next incarnation.
                mailbox.put_back(item)
                break
            return item
        return None


class ThreadedPost(Post, Protocol):
    """What a threaded host needs besides."""

    def done(self) -> None:
        """One delivered message is finished with."""

    def undone(self) -> None:
        """A message went back into a mailbox."""

