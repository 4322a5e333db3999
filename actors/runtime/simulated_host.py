"""One incarnation on the simulated runtime: as a replay's, and it may fail or hang wherever its thread could.

One that hangs is busy: what comes waits in the mailbox. In time the watchdog finds it; and it may go on, in office or
fenced. A fenced one does what it was about to do, and nobody hears of it: its message is its successor's, unless it
was cut off because it hung. A successor waits for the end of its predecessor's thread, as on threads.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.component import Component, Handler
from actors.runtime.host import Keep, ReplayHost
from actors.runtime.slot import Slot, State
from messages import Envelope, Message

if TYPE_CHECKING:
    from actors.runtime.simulated import SimulatedRuntime


class Hang(Exception):  # noqa: N818 it is not raised: it is what happens in place of an exception
    """It does not return, or not for `seconds` (None: never)."""

    def __init__(self, seconds: float | None = None) -> None:
        super().__init__(f"hangs for {seconds} s")
        self.seconds = seconds


class SimulatedHost(ReplayHost):
    """See the module."""

    _runtime: "SimulatedRuntime"

    def __init__(self, slot: Slot, runtime: "SimulatedRuntime", *, warm: bool) -> None:
        predecessor = slot.host
        super().__init__(slot, runtime, warm=warm)
        self.is_stuck = False
        self.stuck_since = 0
        self.is_reported = False
        """The watchdog has found it."""
        self._goes_on: Callable[[], None] | None = None
        self._in_hand: Envelope | None = None
        self._is_to_stop = False
        self._predecessor = predecessor if isinstance(predecessor, SimulatedHost) else None
        self._heir: SimulatedHost | None = None

    # Starting and stopping.

    def start_up(self) -> None:
        """Start: at once, late, or not at all."""
        slot, before = self.slot, self._predecessor
        if before is not None and before.is_stuck and not before.hung:
            before._heir = self
            self._wait(None, self._start)
            return
        error = self._runtime.interposed.moment(slot, "launch")
        if error is None:
            self._start()
        elif isinstance(error, Hang):
            self._wait(error.seconds, self._start)
        else:
            self.fail(error, "start", 0)

    def _start(self) -> None:
        if self.slot.epoch != self.epoch:
            return
        super().start_up()
        if self.slot.state is State.UP:
            self._runtime.hand_over_waiting(self.slot)

    def _make(self) -> Component:
        component = super()._make()
        error = self._runtime.interposed.moment(self.slot, "start")
        if error is not None:
            begin = component.on_start

            def fails() -> Iterable[Message]:
                begin()
                raise error

            component.on_start = fails  # type: ignore[method-assign]
        return component

    def _warm_up(self, component: Component) -> tuple[Message, ...]:
        error = self._runtime.interposed.moment(self.slot, "warm-up")
        if error is not None:
            raise error
        return super()._warm_up(component)

    def halt(self, halt: Callable[[Slot], None]) -> None:
        """An ordered stop: `halt` does it, when it comes to that."""
        if self.is_stuck:
            self._is_to_stop = True
            return
        halt(self.slot)

    def end(self) -> None:
        """See Host."""
        error = self._runtime.interposed.moment(self.slot, "stop")
        if error is None:
            super().end()
        elif isinstance(error, Hang):
            self._wait(error.seconds, super().end)
        else:
            self.fail(error, "stop", 0)

    # Hanging.

    def _wait(self, seconds: float | None, goes_on: Callable[[], None], in_hand: Envelope | None = None) -> None:
        slot = self.slot
        self.is_stuck, self._goes_on, self._in_hand = True, goes_on, in_hand
        self.stuck_since = self._runtime.now()
        if slot.state is not State.UP:
            slot.state = State.STARTING
        slot.deliver, slot.ways = slot.store, None
        self._runtime.hangs(self, seconds)

    def go_on(self) -> None:
        """What it hung on is over."""
        if not self.is_stuck:
            return
        self.is_stuck = False
        goes_on, self._goes_on = self._goes_on, None
        assert goes_on is not None
        goes_on()
        if self.slot.epoch != self.epoch:
            self.release()
        elif self._is_to_stop:
            self._runtime.halt_incarnation(self.slot)
        heir, self._heir = self._heir, None
        if heir is not None:
            heir.go_on()

    def cut_off(self, *, hung: bool) -> None:
        """What a stuck one holds, it holds until it goes on."""
        if not self.is_stuck:
            super().cut_off(hung=hung)
            return
        self.hung = hung
        if hung:
            self._lose()
            if self._predecessor is not None and self._predecessor.is_stuck:
                self._predecessor.cut_off(hung=True)

    def _lose(self) -> None:
        envelope, self._in_hand = self._in_hand, None
        if envelope is not None:
            self.slot.died_on = envelope.id, envelope.message
            self._runtime.bury(self.slot, envelope, "in hand of an incarnation that hangs")

    # Handling.

    def _way(self, handler: Handler, keep: Keep | None) -> Callable[[Message, int], None]:
        runtime, slot = self._runtime, self.slot
        interposed, tracer, epoch = runtime.interposed, runtime.tracer, self.epoch

        def befallen(message: Any) -> Iterable[Message]:
            answers = tuple(handler(message))
            error = interposed.after(slot, message)
            if error is not None:
                raise error
            return answers

        way = super()._way(befallen, keep)

        def handle(message: Message, message_id: int) -> None:
            before = slot.handled
            way(message, message_id)
            if slot.handled != before:
                tracer.handled(slot.address, epoch, message_id)

        def late(message: Message, message_id: int) -> None:
            envelope, self._in_hand = self._in_hand, None
            if slot.epoch == epoch:
                self.came_up()
                handle(message, message_id)
                if slot.state is State.UP:
                    runtime.hand_over_waiting(slot)
                return
            with suppress(Exception):
                # Its failure is of no concern to anybody; what it says is for the runtime to drop.
                answers = tuple(handler(message))
                if answers:
                    runtime.answered(self, message_id, answers)
            if envelope is not None:
                runtime.give_back(slot, envelope)

        def handled(message: Message, message_id: int) -> None:
            error = interposed.before(slot, message)
            if not runtime.gate_open and runtime.stops(slot, message):
                runtime.bury(slot, Envelope(message_id, 0, slot.address, epoch, runtime.now(), message), "gate closed")
            elif error is None:
                handle(message, message_id)
            elif isinstance(error, Hang):
                envelope = Envelope(message_id, 0, slot.address, epoch, runtime.now(), message)
                self._wait(error.seconds, partial(late, message, message_id), envelope)
            else:
                self.fail(error, type(message).__name__, message_id, message)

        return handled
