"""`python run.py live`: prepare, recover, trade, stop in order, sum up.

A life of a run is one process on its folder. Every life begins the same way, the first and the one after a kill -9:
lock, keys, contracts, journal, warm-up, actors; then the gateway and the reconciler read the account until it agrees,
and only then does the guard let orders pass.
"""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import attrs
from loguru import logger

from actors.system import TradingSystem
from adapters.interrupts import Interrupts
from adapters.live.beginning import begun
from adapters.live.driver import Driver
from adapters.live.ending import ended
from adapters.live.exchange_process import our_command
from adapters.live.run import LiveRun
from adapters.live.settings import LiveOptions
from adapters.live.watch import Peer, Watch
from adapters.live.watchdog_process import START_S, WatchdogProcess, setup_for, write_stacks_when_asked
from adapters.results import new_run_folder
from messages import HaltTrading, HeartbeatReturned, WatchdogChanged

SWITCH_S = 0.0005
"""How long one thread may keep the others from running: an order passes through ten of them."""


@attrs.frozen(kw_only=True)
class LiveCommand:
    """What the command line says beside what is traded."""

    options: LiveOptions = attrs.field(factory=LiveOptions)
    out: Path | None = None
    seconds: float | None = None
    """End by itself after so long."""
    live_money: bool = False
    resume: bool = False
    """Trade again although an earlier life was halted."""
    quiet: bool = False
    as_json: bool = False
    log_level: str = "warning"


def run_live(command: LiveCommand, interrupts: Interrupts) -> int:
    """The whole command; returns the exit code. InputError, VenueError and bugs are the caller's to tell."""
    sys.setswitchinterval(SWITCH_S)
    folder = command.out if command.out is not None else new_run_folder("live").path
    with ExitStack() as stack:
        began = time.perf_counter()
        run, system = begun(
            command.options,
            folder,
            stack,
            live_money=command.live_money,
            resume=command.resume,
            log_level=command.log_level,
        )
        run.seconds["load"] = time.perf_counter() - began
        watch = _watched(command, run, system, stack)
        driver = Driver(
            run, system, interrupts, seconds=command.seconds, silent=command.quiet or command.as_json, watch=watch
        )
        driver.drive()
        return ended(run, system, driver, quiet=command.quiet, as_json=command.as_json)


def _watched(command: LiveCommand, run: LiveRun, system: TradingSystem, stack: ExitStack) -> Watch | None:
    """A second process that watches this one, where there is to be one. WatchdogFailed when it does not begin."""
    plan = run.watchdog
    if plan is None:
        return None
    number = write_stacks_when_asked(run.folder, stack)
    restart = _again(command, run)

    def make(start_s: float) -> Peer:
        return WatchdogProcess(setup_for(run, start_s=start_s, restart=restart, stack_signal=number))

    def tell(text: str, *, is_there: bool) -> None:
        logger.log("INFO" if is_there else "WARNING", text)
        run.state.hear(WatchdogChanged(is_there=is_there, text=text, ts=run.clock.now()))

    def lost(reason: str) -> None:
        if plan.halts_when_lost:
            system.send(HaltTrading(reason=reason, ts=run.clock.now()))

    watch = Watch(make, silence_s=plan.silence_s, start_s=START_S, tell=tell, lost=lost)
    system.subscribe(HeartbeatReturned, watch.returned)

    def ends(kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        # Where the driver has not come to it. Who interrupts twice wants it to end as it is.
        failed = kind is not None and issubclass(kind, Exception)
        watch.end("the run could not go on, by an error of its own" if failed else "")

    stack.push(ends)
    watch.begin()
    return watch


def _again(command: LiveCommand, run: LiveRun) -> list[str]:
    """The command that goes on with this run; nothing where it was to end by itself."""
    if command.seconds is not None:
        return []
    told = ["live", "--out", str(run.folder.absolute()), "--quiet", "--log-level", command.log_level]
    return our_command(*told, *(["--live-money"] if command.live_money else []))
