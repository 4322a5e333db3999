"""Strategies whose process stops working, each in another way, when a file `go` is beside `done`.

Before that each keeps an order at the venue that nothing fills.
"""

import ctypes
import os
import sys
import time
from pathlib import Path

from actors.runtime.threaded_host import ThreadedHost
from messages import Heartbeat
from tests.system.live.traders import Once

LONG_S = 60.0


class Waits(Once):
    """Does nothing bad; holds something."""

    lots: int = 1
    """Bought at market at first."""

    def act(self):
        if self.turn == 1:
            if self.lots:
                self.buy(self.lots)
            self.buy(1, limit=float(int(self.quote.bid * 0.9)))
        self._look()

    def _look(self):
        # What a flipper does at every turn is left out.
        done = Path(self.done)
        if self.done and done.with_name("go").exists() and not done.exists():
            done.touch()
            self.fail()

    def fail(self):
        """Nothing."""


class KeepsPython(Waits):
    """C code that holds the interpreter's lock: no thread runs, and no handler of a signal."""

    def fail(self):
        hush = ctypes.PyDLL(None).usleep
        until = time.monotonic() + LONG_S
        while time.monotonic() < until:
            # A signal ends one of them early, and the lock is not given back in between for long enough.
            for _ in range(1_000):
                hush(1_000_000)


class Breaks(Waits):
    """Something else in the process is broken, whose actor handles its next message of that class so."""

    actor: str = ""

    def broken(self, _message):
        """In the place of its handler."""
        raise NotImplementedError

    def fail(self):
        (host,) = {each for each in _hosts() if each.slot.address == self.actor and each.slot.epoch == each.epoch}
        for message in list(host._ways) if self.actor == "supervisor" else [Heartbeat]:
            host._ways[message] = (self.broken, None)
        if self.actor == "supervisor":
            # It is told of a failure, and that is the last thing it hears.
            raise ZeroDivisionError("a strategy's own mistake")


def _hosts():
    """Of all actors of this process: each waits on its own thread."""
    for innermost in sys._current_frames().values():
        frame = innermost
        while frame is not None:
            if isinstance(frame.f_locals.get("self"), ThreadedHost):
                yield frame.f_locals["self"]
            frame = frame.f_back


class Hangs(Breaks):
    """It does not come back."""

    def broken(self, _message):
        time.sleep(LONG_S)


class Raises(Breaks):
    """It raises."""

    def broken(self, _message):
        raise RuntimeError("broken by the test")


class Dies(Waits):
    """The process is gone, without a word."""

    def fail(self):
        os._exit(9)
