"""What happens inside actors: exceptions of every kind, at any message, start, warm-up or stop; crash loops; hangs."""

from collections.abc import Callable
from typing import Any, Final

from actors.runtime.simulated import Moment
from actors.runtime.simulated_host import Hang
from actors.runtime.slot import Slot
from adapters.simulation.faults.fault import Fault
from messages import Address, TextReceived


class HandlerRaises(Fault):
    """An actor fails on a message, before it has done anything, or when it has and nobody knows.

    By chance, and systematically: after each start it has its turn at the k-th message, k from one to thousands.
    """

    code = "F61"
    what = "an exception in a handler"
    chance = 0.00015
    _TURN: Final = 0.12

    def begin(self) -> None:
        """No actor has been seen."""
        self._left: dict[tuple[Address, int, int], int] = {}
        super().begin()

    def _is_its_turn(self, slot: Slot) -> bool:
        """Whether this is the message at which this incarnation is to fail: drawn when it handles its first one."""
        key = (slot.address, self.weather.process.life, slot.epoch)
        left = self._left.get(key)
        if left is None:
            fails = self.random.random() < self._TURN * self.intensity
            left = round(2 ** self.random.uniform(0, 12)) if fails else -1
        self._left[key] = left - 1
        return left == 1

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """Before it."""
        if slot.role != "supervisor" and ((self._is_its_turn(slot) and self.hits()) or self.strikes()):
            return RuntimeError(f"{type(message).__name__} made it fail")
        return None

    def after_handling(self, slot: Slot, message: Any) -> BaseException | None:
        """After it."""
        if slot.role != "supervisor" and self.strikes():
            return RuntimeError(f"{type(message).__name__} made it fail in the end")
        return None


class Unordinary(Fault):
    """What is no ordinary error: sys.exit() in a strategy, a deep recursion, memory that cannot be had."""

    code = "F68"
    what = "SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError, MemoryError in an actor"
    chance = 0.00015

    def _error(self) -> BaseException:
        kinds = (SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError, MemoryError)
        return self.random.choice(kinds)()

    def before(self, slot: Slot, message: Any) -> BaseException | None:  # noqa: ARG002 any
        """Of any actor."""
        return self._error() if slot.role != "supervisor" and self.strikes() else None

    def moment(self, slot: Slot, moment: Moment) -> BaseException | None:
        """In on_start, in a warm-up, in on_stop."""
        if slot.role == "supervisor" or moment == "launch" or not self.strikes(0.02):
            return None
        return self.random.choice((SystemExit, GeneratorExit, RecursionError, MemoryError))()


class StartFails(Fault):
    """An incarnation fails in its on_start or its warm-up, or hangs there."""

    code = "F67"
    what = "failure or hang in a start or a warm-up"
    chance = 0.03

    def moment(self, slot: Slot, moment: Moment) -> BaseException | None:
        """Of the first start too."""
        if slot.role == "supervisor" or moment == "stop" or not self.strikes():
            return None
        if moment == "launch":
            return Hang(self.random.choice((None, 1.0, 20.0, 45.0)))
        return RuntimeError(f"{moment} made it fail")


class NoThread(Fault):
    """Threads cannot be had, for a moment or for some seconds."""

    code = "F69"
    what = "a thread cannot be started"
    chance = 0.01
    _until = 0

    def moment(self, slot: Slot, moment: Moment) -> BaseException | None:
        """Launches fail until there are threads again."""
        if moment != "launch" or slot.role == "supervisor" or not self.weather.blows:
            return None
        now = self.weather.world.now
        if now < self._until:
            if not self.hits():
                return None
        elif self.strikes():
            self._until = now + self.random.choice((0, 0, 10**8, 10**9, 10**9, 10**10))
        else:
            return None
        return RuntimeError("can't start new thread")

    def calm(self) -> None:
        """There are enough."""
        self._until = 0


class CrashLoop(Fault):
    """An actor fails at the same kind of message again and again, as over a mistake that the message lays bare."""

    code = "F66"
    what = "a crash loop"
    every_s = 900.0
    _loops: tuple[Address, str] | None = None
    _wanted = False

    def _due(self) -> None:
        """The next message that is drawn is the one; it counts when it fails."""
        if self.weather.blows:
            self._wanted = True
            self._later()

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """The one that it is now about, whenever it handles such a message."""
        if not self._wanted and self._loops is None:
            return None
        kind = (slot.address, message.__class__.__name__)
        if self._wanted and slot.role != "supervisor" and self.random.random() < 0.01:
            self._wanted, self._loops = False, kind
            self.after(self.random.choice((1, 10, 60)), self.calm)
        if kind == self._loops and self.hits():
            return RuntimeError(f"{kind[1]} makes it fail every time")
        return None

    def calm(self) -> None:
        """The mistake is mended."""
        self._loops = None


class Hangs(Fault):
    """A handler does not return for long, or never; or one is only slow."""

    code = "F70"
    what = "a handler that does not return"
    chance = 0.00004

    def before(self, slot: Slot, message: Any) -> BaseException | None:  # noqa: ARG002 any
        """Of any actor but the supervisor."""
        if slot.role == "supervisor" or not self.strikes():
            return None
        return Hang(self.random.choice((None, 0.2, 2.0, 10.0, 29.0)))


class OldOnesWake(Fault):
    """A handler that hung returns when its successor has long been at work, and says what it had to say.

    Who reads a socket is told apart: what it heard is said again in the voice of an incarnation that is over.
    """

    code = "F73"
    what = "an old incarnation wakes after its replacement and speaks"
    chance = 0.00004
    _LINES: Final = {"venue": "line@main", "feed": "line:market"}

    def begin(self) -> None:
        """All voices are those of the living."""
        self._doomed: dict[Address, Callable[[], None]] = {}
        super().begin()

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """A hang, or the end of a reader whose voice lasts longer than it."""
        speaks = self._doomed.pop(slot.address, None)
        if speaks is not None:
            if not self.hits():
                return None
            for seconds in (0.001, 1.0, 30.0):
                self.after(seconds, speaks)
            return RuntimeError("its reader lives on")
        line = self._LINES.get(slot.role)
        if line is not None and message.__class__ is TextReceived:
            if self.random.random() < 10 * self.chance * self.intensity:
                self._doomed[line] = self._voice(line, message)
            return None
        if slot.role == "supervisor" or not self.strikes():
            return None
        return Hang(self.random.choice((30.2, 31.0, 45.0, 90.0)))

    def _voice(self, address: Address, message: TextReceived) -> Callable[[], None]:
        process = self.weather.process
        runtime = process.runtime
        assert runtime is not None
        voice = runtime.voice(address)

        def speaks() -> None:
            if process.runtime is runtime:
                process.hear(lambda _at: voice(message))

        return speaks


FAULTS: Final[tuple[type[Fault], ...]] = (
    HandlerRaises, Unordinary, StartFails, NoThread, CrashLoop, Hangs, OldOnesWake,
)  # fmt: skip
