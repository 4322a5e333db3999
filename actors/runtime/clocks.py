"""The two clocks of the threaded runtime. A replay's clock is its scheduler."""

import time
from typing import Protocol

from messages import UtcNs


class Clock(Protocol):
    """Where the threaded runtime gets its time from."""

    def now(self) -> UtcNs:
        """Nanoseconds since 1970 UTC; never goes back."""

    def reached(self, at: UtcNs) -> None:
        """The feed has come to `at`."""


class WallClock:
    """The machine's clock, kept from going back. The only place in `actors` that reads it."""

    def __init__(self) -> None:
        self._base = time.time_ns() - time.monotonic_ns()

    def now(self) -> UtcNs:
        """Wall time at start plus what has passed since."""
        return self._base + time.monotonic_ns()

    def reached(self, at: UtcNs) -> None:
        """A live feed follows the wall clock, not the other way round."""


class FeedClock:
    """The time of the last thing a recorded feed said: history played on threads has its own now."""

    def __init__(self, start_at: UtcNs = 0) -> None:
        self._now = start_at

    def now(self) -> UtcNs:
        """The feed's time."""
        return self._now

    def reached(self, at: UtcNs) -> None:
        """Go on to `at`."""
        self._now = max(self._now, at)
