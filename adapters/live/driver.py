"""The main thread of a life: starts the actors, watches, and stops them in order. It decides nothing about trading."""

import gc
import time
from collections.abc import Mapping
from typing import Final

from loguru import logger

from actors.runtime.runtime import MemoryRanOut, SupervisorFailed
from actors.system import TradingSystem
from adapters.interrupts import Interrupts
from adapters.journal import JournalError
from adapters.live.ordered_stop import OrderedStop
from adapters.live.run import LiveRun
from adapters.live.screen import Screen
from adapters.live.status import status_of
from adapters.live.stopping import TIME_OVER
from adapters.live.watch import Watch
from adapters.security.control import ControlServer
from adapters.words import counted
from messages import TradingState

LOOK_S: Final = 0.1
"""How often it looks at what was asked of it."""
START_S: Final = 60.0
STOP_S: Final = 10.0
ABORT_S: Final = 0.5
TAKE_BACK_S: Final = 2.0
"""How long one that ends at once waits for its orders to be gone."""


class Driver:
    """One life's. `seconds`: end by itself after so long. `silent`: no status is shown."""

    def __init__(
        self,
        run: LiveRun,
        system: TradingSystem,
        interrupts: Interrupts,
        *,
        seconds: float | None,
        silent: bool,
        watch: Watch | None = None,
    ) -> None:
        self._run, self._system, self._interrupts, self._seconds = run, system, interrupts, seconds
        self._stop = OrderedStop(run, system, system.send)
        self.stopping = self._stop.stopping
        self.internal: str | None = None
        """Why the system could not go on, when that was our own bug."""
        self.failed: str | None = None
        """Why it could not go on otherwise."""
        self._screen = Screen(run.state, quiet=silent)
        self._is_aborted = self._is_done = False
        self._violations = 0
        """How many violated invariants were logged."""
        self._watch = watch

    def drive(self) -> None:
        """Until the end, whatever brings it; then every actor is stopped, and what was said is written down."""
        run, system = self._run, self._system
        control = ControlServer(run.folder, on_halt=self._halt, on_status=self._status)
        run.guard(control.redact)
        began = time.perf_counter()
        # The first signal is looked for here; the second interrupts whatever is under way.
        self._interrupts.stops(_noted)
        try:
            control.start()
            run.pauses.start()
            with self._screen:
                self._trade()
            self._is_done = True
        except SupervisorFailed as failure:
            self.internal = str(failure)
            self._take_back()
        except MemoryRanOut as failure:
            self.failed = str(failure)
            logger.critical(f"{failure}: orders are taken back, and the run ends")
            self._take_back()
        except KeyboardInterrupt:
            self._is_aborted = True
            self.stopping.request(self._interrupts.name or "SIGINT", self._run.clock.now())
            self._take_back()
        except BaseException:
            self._take_back()
            raise
        finally:
            self._interrupts.stops(_noted)
            run.pauses.close()
            control.close()
            if self._watch is not None:
                self._watch.stopping()
            try:
                system.stop(ABORT_S if self._is_aborted else STOP_S)
                if self._watch is not None:
                    self._watch.end(self._left_undone())
            finally:
                # One more signal may interrupt the stop.
                self._close()
            run.seconds["run"] = time.perf_counter() - began

    def _close(self) -> None:
        """What was said is written down; a disk that takes no more is no reason to tell nothing at all."""
        run = self._run
        try:
            run.trace.close()
        except JournalError as error:
            self.failed = self.failed or str(error)
        finally:
            if run.recording is not None:
                run.recording.close(run.clock.now())

    def _take_back(self) -> None:
        """Who ends without the ordered stop leaves no orders either: a cancel of all, past every queue, and a moment.

        The venue has to answer within that; whether it did is said. Where orders are to stay, they stay.
        """
        setup = self._system.setup
        if self._run.settings.live.on_stop == "leave" or not (setup.live_accounts and self._system.status()):
            return
        self._stop.cancel_all()
        self._system.send(self.stopping.halt(self._run.clock.now(), flatten=False))
        until, is_over = time.monotonic() + TAKE_BACK_S, False
        while time.monotonic() < until:
            now = self._run.state.snapshot()
            was_over, is_over = is_over, self._stop.has_heard(now) and not now.open_orders
            if was_over and is_over:
                return
            time.sleep(LOOK_S)
        if now.open_orders:
            words = f"{counted(now.open_orders, 'order')} of ours may still be open: it was ended at once"
            self.stopping.troubles.append(words)

    def _left_undone(self) -> str:
        """What is left to the watchdog, or "": of an end that somebody wanted, what did not come about in time."""
        if self.failed is not None or not (self._is_done or self._is_aborted):
            return self.failed or "the run could not go on, by an error of its own"
        return "; ".join(self.stopping.troubles)

    def _trade(self) -> None:
        try:
            self._system.start(clock=self._run.clock, timeout=START_S)
        except RuntimeError as error:
            self.failed = str(error)
            return
        _collect_garbage_seldom()
        until = None if self._seconds is None else time.monotonic() + self._seconds
        while not self._stop.is_done:
            self._system.check()
            if self._watch is not None:
                self._watch.look(is_halted=self._lets_nothing_pass())
            self._ask(until)
            self._stop.look()
            self._alarm()
            self._screen.draw(self._run.clock.now())
            time.sleep(LOOK_S)

    def _ask(self, until: float | None) -> None:
        """Whether somebody wants the stop."""
        if self.stopping.asked_by is not None:
            return
        if self._interrupts.name is not None:
            self._stop.request(self._interrupts.name)
        elif until is not None and time.monotonic() >= until:
            self._stop.request(TIME_OVER)

    def _alarm(self) -> None:
        """What the auditor found stands in the log too."""
        count, last = self._run.state.violations
        if count > self._violations:
            self._violations = count
            logger.critical(f"an invariant does not hold, and trading is halted: {last}")

    # From another terminal, on the control server's threads.

    def _halt(self, reason: str, flatten: bool) -> Mapping[str, object]:  # noqa: FBT001 as the server calls it
        return self._stop.halt(reason, flatten=flatten)

    def _lets_nothing_pass(self) -> bool:
        """Of anything that could open an order."""
        live, states = self._system.setup.live_accounts, self._run.state.states()
        return not self._system.gate_is_open or all(states.get(each) is TradingState.HALTED for each in live)

    def _status(self) -> Mapping[str, object]:
        return status_of(self._run, self._system)


def _collect_garbage_seldom() -> None:
    """What there is now stays: walking over it again and again keeps every thread from running, for milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _noted(_signal: str) -> None:
    """The name stands in the interrupts."""
