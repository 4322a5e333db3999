"""The actor shell: one component in one incarnation. Delivery, containment, epochs and stamping happen here, once.

`ThreadedHost` (threaded_host.py) runs Pykka's loop on a thread of its own. `ReplayHost` has no loop: the scheduler
calls the same `deliver`. Whatever a component raises, `SystemExit` included, ends this incarnation and no other; the
message being handled is lost and named, and what waits in the address's mailbox waits for the next incarnation. Where
somebody who keeps the money or is the way of orders has no memory left, the run ends besides.
"""

import abc
import traceback
from collections.abc import Callable, Iterable
from operator import itemgetter
from types import CodeType
from typing import Any, Final, Protocol, TypeAlias

import pykka

from actors.component import Component, Handler, NotWarmYet, handlers_of
from actors.runtime.pykka_seam import ManualShell
from actors.runtime.slot import VITAL, Slot, State
from actors.tape import Batch
from messages import ActorFailed, ActorStarted, ActorStopped, Address, Envelope, Message, UtcNs, WakeAt

Keep: TypeAlias = Callable[[tuple[int, Message]], None]
"""Notes a (message id, message) that was handled, for the address's next incarnation."""


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

    def memory_ran_out(self, address: Address, during: str) -> None:
        """Somebody without whom no money is safe has no memory left: the run ends."""

    def close(self, slot: Slot) -> None:
        """The address's last incarnation is over."""


class RunEnds(Exception):  # noqa: N818 - it is not an error of its own, but what several have in common
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
        self.hung = False
        """Set when it is fenced for hanging: nobody waits for it, and what it hangs on is lost."""
        self._runtime = runtime
        self._warm = warm
        self._component: Component | None = None
        self._handlers: dict[type[Message], Handler] = {}
        self._ways: dict[type[Message], tuple[Handler, Keep | None]] = {}
        """Handler, and where the address keeps what was handled, if it does: one look-up per message."""
        self.flows: dict[type[Message], Any] = {}
        """The routes of what it says, by class: a replay's runtime notes them here."""
        self._released = False

    def deliver(self, envelope: Envelope) -> None:
        """Let the component handle what is in the envelope."""
        self.handle(envelope[5], envelope[0])

    @abc.abstractmethod
    def handle(self, message: Message, message_id: int) -> None:
        """Let the component handle one message, contain what it raises, and send what it answers."""

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
            # Once: what fails on it too has nobody after it who is asked.
            lost, slot.died_on = slot.died_on, None
            if lost is not None:
                answers += tuple(component.died_on(lost[1]))
            with slot.lock:
                if slot.epoch != self.epoch:
                    slot.fenced += 1
                    slot.died_on = slot.died_on or lost
                    return False
                if lost is not None and type(lost[1]) in component.hears_again and type(lost[1]) in slot.kept:
                    # From now on it is one of those that were handled.
                    slot.kept[type(lost[1])].append(lost)
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
        heritage = slot.component.heritage() if slot.component is not None else slot.inherited
        self._component = component = slot.spec.factory(heritage)
        self._handlers = _noting(component, handlers_of(component))
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

    def fail(self, error: BaseException, during: str, message_id: int, message: Message | None = None) -> bool:
        """This incarnation is over: release, keep later messages in the mailbox, and tell the supervisor.

        `message`: what it died on, of which its successor is told.

        False when it was fenced before: then its failure is of no concern to anybody.
        """
        slot = self.slot
        if isinstance(error, MemoryError) and slot.spec.kind in VITAL and slot.epoch == self.epoch:
            # First of all: whatever else is done about it takes memory.
            self._runtime.memory_ran_out(slot.address, during)
        text, trace = self._described(error)
        self.release()
        with slot.lock:
            if slot.epoch != self.epoch:
                return False
            slot.deliver, slot.ways = slot.store, None
            slot.state = State.DOWN
            if message is not None:
                # Who fails in a start has not been told yet what the one before it failed on.
                slot.died_on = message_id, message
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
            try:
                answers = self._handlers[type(message)](message)
            except NotWarmYet:
                continue
            timers.extend(answer for answer in answers if isinstance(answer, WakeAt) and answer.at >= now)
        component.warmed_up()
        return tuple(timers)


def _noting(component: Component, handlers: dict[type[Message], Handler]) -> dict[type[Message], Handler]:
    """The same, and the component notes what it hears, where it wants to."""
    if type(component).begins is Component.begins:
        return handlers
    begins = component.begins

    def noted(handler: Handler) -> Handler:
        def heard(message: Message) -> Any:
            begins(message)
            return handler(message)

        return heard

    return {message_class: noted(handler) for message_class, handler in handlers.items()}


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

    def handle(self, message: Message, message_id: int) -> None:
        """By the way of its class; without one it is not for this component."""
        way = (self.slot.ways or {}).get(message.__class__)
        if way is not None:
            way(message, message_id)

    def came_up(self) -> None:
        """From now on the scheduler hands messages over without a mailbox."""
        super().came_up()
        slot = self.slot
        slot.deliver = self.deliver
        slot.ways = {message_class: self._way(*way) for message_class, way in self._ways.items()}

    def cut_off(self, *, hung: bool) -> None:
        """Nobody else will release what it holds."""
        super().cut_off(hung=hung)
        self.release()

    def _way(self, handler: Handler, keep: Keep | None) -> Callable[[Message, int], None]:
        """The handling of one class. Everything is looked up beforehand: most messages of a replay are bars."""
        runtime, slot, epoch, through = self._runtime, self.slot, self.epoch, self.through

        def handled(message: Message, message_id: int) -> None:
            try:
                answers: Any = handler(message)
                if answers:
                    if answers.__class__ is tuple:
                        runtime.answered(self, message_id, answers)
                    elif answers.__class__ is Batch:
                        runtime.play(self, answers)
                    else:
                        runtime.answered(self, message_id, tuple(answers))
            except through:
                raise
            except BaseException as error:  # noqa: BLE001 - a strategy's sys.exit() must not stop the risk guard
                self.fail(error, type(message).__name__, message_id, message)
                return
            slot.handled += 1
            if keep is not None and slot.epoch == epoch:
                keep((message_id, message))

        return handled


HANDLED: Final = {code for code in ReplayHost._way.__code__.co_consts if isinstance(code, CodeType)}
"""What runs while a component handles a message in a replay: how the watchdog finds who is busy."""
