"""True time, and what happens next: the exchange's, the network's and the faults' events, and the process's timers."""

import itertools
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final, Protocol

from messages import NS_PER_SECOND, UtcNs

FOREVER: Final[UtcNs] = 2**62
BUSY_MAX: Final = 200_000
"""Events at one instant before the run is said to be going in circles."""


class GoesInCirclesError(RuntimeError):
    """Events bring about one another without end at one instant."""


class Living(Protocol):
    """The process, as the world sees it."""

    def next_due(self) -> UtcNs:
        """True time of its next timer; FOREVER while it does nothing by itself."""

    def advance(self, to: UtcNs) -> None:
        """It lives on to that time: timers, and what waits."""


class World:
    """Runs. At equal times what happens around the process comes before its timers."""

    def __init__(self, began: UtcNs) -> None:
        self.began = self.now = began
        self.process: Living | None = None
        self.events = 0
        self._agenda: list[tuple[UtcNs, int, Callable[[], None]]] = []
        self._turns = itertools.count()

    def at(self, when: UtcNs, action: Callable[[], None]) -> None:
        """Let something happen then, or at once when that is past."""
        heappush(self._agenda, (max(when, self.now), next(self._turns), action))

    def after(self, delay: int, action: Callable[[], None]) -> None:
        """Let something happen in so many ns."""
        self.at(self.now + delay, action)

    @property
    def seconds(self) -> float:
        """Simulated so far."""
        return (self.now - self.began) / NS_PER_SECOND

    def run(self, until: UtcNs) -> None:
        """Everything up to and with an instant."""
        agenda, busy, last = self._agenda, 0, -1
        while True:
            process = self.process
            own = FOREVER if process is None else process.next_due()
            due = agenda[0][0] if agenda else FOREVER
            at = min(own, due)
            if at > until:
                break
            busy = busy + 1 if at <= last else 0
            last = max(last, at)
            if busy > BUSY_MAX:
                raise GoesInCirclesError(f"more than {BUSY_MAX} events at {self.seconds:.3f} s")
            self.now = max(self.now, at)
            self.events += 1
            if due <= own:
                heappop(agenda)[2]()
                process = self.process
            if process is not None:
                process.advance(self.now)
        self.now = max(self.now, until)
        if self.process is not None:
            self.process.advance(self.now)
