"""The main thread of a life: starts the actors, watches, and stops them in order. It decides nothing about trading."""

import gc
import time
from collections.abc import Mapping
from typing import Final

from actors.runtime.runtime import SupervisorFailed
from actors.system import TradingSystem
from adapters.interrupts import Interrupts
from adapters.live.run import LiveRun
from adapters.live.screen import Screen
from adapters.live.snapshot import Snapshot
from adapters.live.state import WATCHER
from adapters.live.status import status_of
from adapters.live.stopping import TIME_OVER, Phase, Step, Stopping
from adapters.live.watch import Watch
from adapters.security.control import ControlServer
from messages import CancelAll, HaltTrading, TradingState

LOOK_S: Final = 0.1
"""How often it looks at what was asked of it."""
START_S: Final = 60.0
STOP_S: Final = 10.0
ABORT_S: Final = 0.5
_STOPPED: Final = (TradingState.HALTED, None)
"""None: nothing has passed yet, for the venue was never ready, or the run was halted when it began."""


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
        self.stopping = Stopping(on_stop=run.settings.live.on_stop)
        self.internal: str | None = None
        """Why the system could not go on, when that was our own bug."""
        self.failed: str | None = None
        """Why it could not go on otherwise."""
        self._screen = Screen(run.state, quiet=silent)
        self._is_aborted = self._is_done = False
        self._heard = False
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
            with self._screen:
                self._trade()
            self._is_done = True
        except SupervisorFailed as failure:
            self.internal = str(failure)
        except KeyboardInterrupt:
            self._is_aborted = True
            self.stopping.request(self._interrupts.name or "SIGINT", self._run.clock.now())
        finally:
            self._interrupts.stops(_noted)
            control.close()
            if self._watch is not None:
                self._watch.stopping()
            system.stop(ABORT_S if self._is_aborted else STOP_S)
            if self._watch is not None:
                self._watch.end(self._left_undone())
            try:
                run.trace.close()
            finally:
                if run.recording is not None:
                    run.recording.close(run.clock.now())
            run.seconds["run"] = time.perf_counter() - began

    def _left_undone(self) -> str:
        """What is left to the watchdog, or "": nothing where somebody wanted the end at once."""
        if self._is_aborted:
            return ""
        if not self._is_done or self.failed is not None:
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
        while self.stopping.phase is not Phase.STOPPED:
            self._system.check()
            if self._watch is not None:
                self._watch.look(is_halted=self._lets_nothing_pass())
            self._ask(until)
            self._look()
            self._screen.draw(self._run.clock.now())
            time.sleep(LOOK_S)

    def _ask(self, until: float | None) -> None:
        """Whether somebody wants the stop."""
        if self.stopping.asked_by is not None:
            return
        if self._interrupts.name is not None:
            self._do(self.stopping.request(self._interrupts.name, self._run.clock.now()))
        elif until is not None and time.monotonic() >= until:
            self._do(self.stopping.request(TIME_OVER, self._run.clock.now()))

    def _look(self) -> None:
        if self.stopping.phase in (Phase.FLATTENING, Phase.CANCELLING):
            now = self._run.state.snapshot()
            heard = self._has_heard(now)
            # Twice: what the state's own actor is in the middle of waits nowhere.
            is_heard, self._heard = heard and self._heard, heard
            # Who is halted lets nothing pass that would close a position: there is nothing to wait for.
            done = now.is_flat or any(each.state is TradingState.HALTED for each in now.accounts)
            self._do(
                self.stopping.look(self._run.clock.now(), open_orders=now.open_orders, is_flat=done, is_heard=is_heard)
            )

    def _has_heard(self, now: Snapshot) -> bool:
        """Whether the guards have stopped, and all that they had let pass before is in this snapshot.

        An order is said to the state before its guard judges it, so it waits there at the latest when the guard stops.
        """
        stopped = _STOPPED if self.stopping.phase is Phase.CANCELLING else (*_STOPPED, TradingState.FLATTENING)
        live = self._system.setup.live_accounts
        return all(each.state in stopped for each in now.accounts if each.account in live) and not any(
            each.waiting for each in self._system.status() if each.address == WATCHER
        )

    def _do(self, steps: tuple[Step, ...]) -> None:
        # DISARM and STOP need no word: a gateway whose orders are to stay takes the switch off when it is stopped.
        for step in steps:
            if step in (Step.CANCEL, Step.FLATTEN):
                self._heard = False
                self._system.send(self.stopping.halt(self._run.clock.now(), flatten=step is Step.FLATTEN))

    # From another terminal, on the control server's threads.

    def _halt(self, reason: str, flatten: bool) -> Mapping[str, object]:  # noqa: FBT001 as the server calls it
        """At once: the gate first, then the venue's orders, past every mailbox that is full of something else."""
        now = self._run.clock.now()
        # What is halted lets nothing pass any more that would bring a position to nothing: then it is not promised.
        flatten = flatten and not self._is_halted()
        if not flatten:
            self._system.close_gate()
        accounts = sorted(self._system.setup.live_accounts)
        for account in accounts:
            self._system.tell(f"venue@{account}", CancelAll(account=account, ts=now))
        self._system.send(HaltTrading(reason=f"halted by hand: {reason}", ts=now, flatten=flatten))
        return {"gate": "open" if flatten else "closed", "cancelled": accounts, "flatten": flatten}

    def _lets_nothing_pass(self) -> bool:
        """Of anything that could open an order."""
        live, states = self._system.setup.live_accounts, self._run.state.states()
        return not self._system.gate_is_open or all(states.get(each) is TradingState.HALTED for each in live)

    def _is_halted(self) -> bool:
        states = [account.state for account in self._run.state.snapshot().accounts]
        return not self._system.gate_is_open or TradingState.HALTED in states

    def _status(self) -> Mapping[str, object]:
        return status_of(self._run, self._system)


def _collect_garbage_seldom() -> None:
    """What there is now stays: walking over it again and again keeps every thread from running, for milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _noted(_signal: str) -> None:
    """The name stands in the interrupts."""
