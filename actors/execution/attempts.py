"""How long to wait before what was not taken is tried again, and how often that may happen. Times are ns."""

from collections import deque

from messages import NS_PER_SECOND, UtcNs

BACK_OFF_NS = NS_PER_SECOND // 2
"""Before the first retry; each further one waits twice as long."""
BACK_OFF_MAX_NS = 30 * NS_PER_SECOND
RETRIES_PER_MINUTE = 30
"""Of all orders of the account together; further ones wait until the minute is over."""
_MINUTE = 60 * NS_PER_SECOND


def back_off(failures: int) -> int:
    """How long to wait after so many failures before this one."""
    return min(BACK_OFF_NS << min(failures, 16), BACK_OFF_MAX_NS)


class Retries:
    """Bounds the retries of an account."""

    def __init__(self) -> None:
        self._times: deque[UtcNs] = deque()

    def time(self, at: UtcNs) -> UtcNs:
        """When what wants to be tried again at a time may be."""
        times = self._times
        if len(times) >= RETRIES_PER_MINUTE:
            at = max(at, times.popleft() + _MINUTE)
        times.append(at)
        return at
