"""The main thread of a simulated life: as the driver of a live run, told by the world's clock when to look."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from actors.runtime.simulated import SimulatedRuntime
from actors.system import TradingSystem
from adapters.live.driver import ABORT_S, LOOK_S, START_S, STOP_S
from adapters.live.ordered_stop import OrderedStop
from adapters.live.run import LiveRun
from messages import NS_PER_SECOND

if TYPE_CHECKING:
    from adapters.simulation.process import Process

_LOOK: Final = round(LOOK_S * NS_PER_SECOND)


class Driving:
    """One life's. It looks only while there is something to look for."""

    def __init__(self, process: "Process", run: LiveRun, system: TradingSystem, runtime: SimulatedRuntime) -> None:
        self._process, self._runtime = process, runtime
        self._stop = OrderedStop(run, system, runtime.send)
        self._signal = ""
        self._is_aborted = False
        self._is_ending = False

    def begin(self) -> None:
        """The start has a deadline."""
        self._after(round(START_S * NS_PER_SECOND), self._require_start)

    def signal(self, name: str) -> None:
        """SIGINT or SIGTERM: the first asks for an ordered stop, the second ends whatever is under way."""
        if not self._signal:
            self._signal = name
            self._look()
        elif not self._is_aborted:
            self._is_aborted = True
            self._stop.request(name)
            self.end(ABORT_S)

    def halt(self, reason: str, *, flatten: bool) -> None:
        """The kill switch, from another terminal."""
        self._stop.halt(reason, flatten=flatten)

    def end(self, seconds: float = STOP_S) -> None:
        """Stop every actor in order; who does not stop in so many seconds is left."""
        if not self._is_ending:
            self._is_ending = True
            self._runtime.end()
        self._after(round(seconds * NS_PER_SECOND), lambda: self._process.leave(self._runtime))

    def _require_start(self) -> None:
        if not self._runtime.is_ready:
            self.end()

    def _look(self) -> None:
        """As Driver does, every so often from the first signal on."""
        if self._is_ending:
            return
        if self._runtime.is_ready:
            if self._stop.stopping.asked_by is None:
                self._stop.request(self._signal)
            self._stop.look()
        if self._stop.is_done:
            self.end()
        else:
            self._after(_LOOK, self._look)

    def _after(self, delay: int, act: Callable[[], None]) -> None:
        def due() -> None:
            if self._process.runtime is self._runtime:
                self._process.hear(lambda _at: act())

        self._process.world.after(delay, due)
