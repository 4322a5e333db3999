"""Finds a handler that does not come back, by wall time, from a thread beside the replay.

Nothing is stamped per message: as long as the count of handled messages moves, nobody hangs. When it stands still, the
replay's own stack says which host is inside which handler.
"""

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from actors.runtime.host import HANDLED, HandlerTimedOut, Host
from messages import Address, Envelope


class Patience:
    """How long each host has been at what it is doing, in time that this process was really given.

    A process that is stopped, or that its machine hardly lets run, makes nobody hang: of the time between two looks no
    more than `look_seconds_max` counts, so whoever looks has to have been running besides.
    """

    def __init__(self, look_seconds_max: float) -> None:
        self._most = look_seconds_max
        self._looked: float | None = None
        self._given = 0.0
        self._since: dict[object, tuple[float, float]] = {}

    def look(self, now: float) -> None:
        """Another look, at a time of a clock that does not go back, in seconds."""
        if self._looked is not None:
            self._given += min(now - self._looked, self._most)
        self._looked = now

    def spent(self, host: object, busy_since: float) -> float:
        """Seconds that it has been at what it began at `busy_since` (0.0: it is idle), as far as looks have seen."""
        if not busy_since:
            self._since.pop(host, None)
            return 0.0
        known = self._since.get(host)
        if known is None or known[0] != busy_since:
            self._since[host] = known = (busy_since, self._given)
        return self._given - known[1]

    def forget(self, hosts: Iterable[object]) -> None:
        """Everybody but these."""
        self._since = {host: self._since[host] for host in hosts if host in self._since}


class Watched(Protocol):
    """What the watchdog looks at."""

    def progress(self) -> int:
        """How many messages have been handled so far."""


def what(handling: Any) -> str:
    """The name of what a host is busy with: a message class, or start, warm-up, stop."""
    return type(handling.message).__name__ if isinstance(handling, Envelope) else str(handling)


def running(thread: int) -> tuple[Address, str] | None:
    """The actor that a thread is inside of, and what it handles; None when it is in no handler."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        host = frame.f_locals.get("self")
        if isinstance(host, Host):
            if frame.f_code in HANDLED:
                return host.slot.address, type(frame.f_locals["message"]).__name__
            if frame.f_code in (Host.begin.__code__, Host.end.__code__):
                return host.slot.address, what(host.handling)
        frame = frame.f_back
    return None


class ReplayWatchdog:
    """Raises HandlerTimedOut inside a handler that runs longer than `seconds`.

    A handler that cannot be interrupted (stuck in C code, or swallowing every exception) is given as long again; then
    `on_stuck(actor, message)` is called, from the watchdog's own thread, to end the process if its owner wants that.
    """

    def __init__(self, watched: Watched, seconds: float) -> None:
        self.seconds = seconds
        self.found: tuple[Address, str] | None = None
        """(actor, message class) of the handler that took too long."""
        self.on_stuck: Callable[[Address, str], None] | None = None
        self._watched = watched
        self._over = threading.Event()
        self._target = 0

    def start(self) -> None:
        """Watch the calling thread."""
        self._target = threading.get_ident()
        threading.Thread(target=self._watch, name="replay-watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._over.set()

    def _watch(self) -> None:
        seen, since = -1, time.monotonic()
        while not self._over.wait(min(1.0, self.seconds / 5)):
            progress, busy = self._watched.progress(), running(self._target)
            if progress != seen or busy is None:
                seen, since = progress, time.monotonic()
                continue
            waited = time.monotonic() - since
            if waited >= self.seconds and self.found is None:
                self.found = busy
                thread = ctypes.c_ulong(self._target)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(HandlerTimedOut))
            elif waited >= 2 * self.seconds and self.found is not None and self.on_stuck is not None:
                self.on_stuck(*self.found)
                return
