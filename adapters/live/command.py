"""`python run.py live`: prepare, recover, trade, stop in order, sum up.

A life of a run is one process on its folder. Every life begins the same way, the first and the one after a kill -9:
lock, keys, contracts, journal, warm-up, actors; then the gateway and the reconciler read the account until it agrees,
and only then does the guard let orders pass.
"""

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import attrs

from adapters.interrupts import Interrupts
from adapters.live.beginning import begun
from adapters.live.driver import Driver
from adapters.live.ending import ended
from adapters.live.settings import LiveOptions
from adapters.results import new_run_folder

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
        driver = Driver(run, system, interrupts, seconds=command.seconds, silent=command.quiet or command.as_json)
        driver.drive()
        return ended(run, system, driver, quiet=command.quiet, as_json=command.as_json)
