"""Whether this process has been running: one that stood still must not go on where it was; the world has not waited.

SIGSTOP, a machine that sleeps, a hypervisor, C code that keeps the interpreter for itself: afterwards what is in
mailboxes and sockets is old, timers are due all at once, and everybody believes that the market is fresh. So a thread
looks at the time again and again, and so does whoever is about to open something; who finds that too much has passed
cuts the lines. What follows is what follows on any lost line: nothing is fresh, and account and venue are compared
anew. Until they agree, no request that opens leaves.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from messages import Address, UtcNs, VenueReady

LONGEST_S: Final = 3.0
"""Of standing still: as old as an item of the market may be."""
_LOOK_S: Final = 0.1


class Pauses:
    """One process's. `clock`: the run's, ns UTC; `passed` counts seconds, those too in which the machine sleeps."""

    def __init__(
        self, clock: Callable[[], UtcNs], passed: Callable[[], float] | None = None, longest_s: float = LONGEST_S
    ) -> None:
        self.count = 0
        """How often it stood still."""
        self._clock, self._passed, self._longest_s = clock, passed or seconds_passed, longest_s
        self._cuts: dict[Address, Callable[[str], None]] = {}
        self._lock = threading.Lock()
        self._last: float | None = None
        self._since: UtcNs | None = None
        """When it was found to go on again; None once account and venue were compared after that."""
        self._over = threading.Event()

    def cuts(self, address: Address, cut: Callable[[str], None]) -> None:
        """After a pause this is called, with why. From any thread; the last one of an address counts."""
        self._cuts[address] = cut

    def start(self) -> None:
        """Look from now on, in a thread of its own."""
        threading.Thread(target=self._watch, name="pauses", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    def may_open(self) -> bool:
        """Whether something that opens may leave now. Asked by whoever sends, who may be the first to run again."""
        self.look()
        return self._since is None

    def heard(self, ready: VenueReady) -> None:
        """Account and venue agree. What was said before the pause says nothing."""
        with self._lock:
            if self._since is not None and ready.ts >= self._since:
                self._since = None

    def look(self) -> None:
        """Find out how long ago somebody looked. From any thread."""
        with self._lock:
            now = self._passed()
            stood = 0.0 if self._last is None else now - self._last
            self._last = now
            if stood <= self._longest_s:
                return
            self.count += 1
            self._since = self._clock()
        for cut in list(self._cuts.values()):
            cut(f"this process stood still for {stood:.1f} s")

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_S):
            self.look()


def seconds_passed() -> float:
    """Since the machine was started; where it can tell, those too in which it slept."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
