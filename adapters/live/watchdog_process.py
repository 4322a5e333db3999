"""The watchdog as the trader has it: a process of ours, with a pipe each way, and nothing secret in either."""

import contextlib
import faulthandler
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from adapters.bitmex.credentials import VARIABLES
from adapters.bitmex.environment import Loopback
from adapters.live.run import LiveRun
from adapters.security.private_files import open_private
from adapters.watchdog.record import LOG_FILE, STACKS_FILE
from adapters.watchdog.setup import Setup
from adapters.watchdog.words import Lines, Word, line

_MAIN: Final = Path(__file__).resolve().parents[1] / "watchdog" / "__main__.py"
_READ: Final = 65_536
_GOES_S: Final = 2.0
"""So long one that was told goodbye may take."""
START_S: Final = 90.0
"""So long a start may take until the first heartbeat is back: longer than all actors may take to be up."""
STOP_S: Final = 40.0
"""So long the ordered stop of the actors may take, which has deadlines of its own."""
_BUDGET_S: Final = 600.0
"""So long a venue is asked again that does not do what it is asked."""
_LOCAL_S: Final = 60.0
"""The same of an exchange on this machine: one that is not there has ended, and its accounts with it."""

_ended: list["subprocess.Popen[bytes]"] = []
"""Kept: a process object that is collected while its process runs says so."""


class WatchdogFailed(Exception):  # noqa: N818 as ExchangeFailed
    """There is to be a watchdog, and it did not begin: says what is known. Exit code 1; nothing was traded."""


class WatchdogProcess:
    """One that was started. OSError when it cannot be."""

    def __init__(self, setup: Setup) -> None:
        hidden = {name for names in VARIABLES.values() for name in names}
        with open_private(Path(setup.folder, LOG_FILE)) as log:
            self._process = subprocess.Popen(  # noqa: S603 our own program
                # Alone with the standard library: no environment, no installed package can keep it from starting.
                [sys.executable, "-I", "-S", str(_MAIN)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={name: value for name, value in os.environ.items() if name not in hidden},
                # Ctrl-C in our terminal is not meant for it, and neither is the end of our session.
                start_new_session=True,
                bufsize=0,
            )
        self.pid = self._process.pid
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._lines = Lines()
        for pipe in (self._to, self._from):
            os.set_blocking(pipe.fileno(), False)
        self._write(setup.to_line())

    def say(self, word: Word, rest: str = "") -> None:
        """Never waits: what does not fit into the pipe is for one that does not read it."""
        self._write(line(word, rest))

    def _write(self, data: bytes) -> None:
        # Gone, or it does not listen: both are seen by what it says back.
        with contextlib.suppress(OSError):
            os.write(self._to.fileno(), data)

    def heard(self) -> list[tuple[str, str]]:
        """What it has said by now."""
        told: list[tuple[str, str]] = []
        while True:
            try:
                data = os.read(self._from.fileno(), _READ)
            except OSError:
                return told
            if not data:
                return told
            told += self._lines.take(data)

    @property
    def ended(self) -> str | None:
        """How it ended, in words; None while it runs."""
        code = self._process.poll()
        return None if code is None else f"it ended with code {code}"

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOES_S)

    def leave(self, seconds: float = _GOES_S) -> None:
        """Wait for its end for so long, and close the pipes."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        for pipe in (self._to, self._from):
            pipe.close()
        if self._process.poll() is None:
            _ended.append(self._process)


def setup_for(run: LiveRun, *, start_s: float, restart: Iterable[str], stack_signal: int) -> Setup:
    """What a run's watchdog is told."""
    plan = run.watchdog
    assert plan is not None
    environment = run.venue.environment
    is_local = isinstance(environment, Loopback)
    return Setup(
        trader=os.getpid(),
        life=run.life,
        folder=str(run.folder.absolute()),
        origin=environment.rest,
        authorities=None if is_local else _authorities(),
        keys=str(plan.keys),
        account_lock=None if run.account_lock is None else str(run.account_lock),
        silence_s=float(plan.silence_s),
        start_s=start_s,
        stop_s=STOP_S,
        budget_s=_LOCAL_S if is_local else _BUDGET_S,
        flatten=plan.flatten,
        symbols=run.settings.symbols,
        stack_signal=stack_signal,
        restart=tuple(restart) if plan.restart else (),
    )


def _authorities() -> str:
    """The same as the trader's own: systems differ in what they trust, and some have nothing."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: PLC0415 only real venues need it

    return str(DEFAULT_CA_BUNDLE_PATH)


def write_stacks_when_asked(folder: Path, stack: ExitStack) -> int:
    """From now on a signal, whose number is returned, writes the stacks of all threads into a file of the folder.

    It does so while Python itself stands still, for it is done in C and takes no lock.
    """
    file = stack.enter_context(open_private(folder / STACKS_FILE))
    faulthandler.register(signal.SIGUSR1, file=file, all_threads=True)
    stack.callback(faulthandler.unregister, signal.SIGUSR1)
    return signal.SIGUSR1
