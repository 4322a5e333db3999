"""How many orders passed lately: a window that slides with the time that messages tell."""

from collections import deque
from collections.abc import Iterable

from messages import NS_PER_SECOND, UtcNs

_MINUTE = 60 * NS_PER_SECOND


class Rate:
    """What passed within the last minute, against a limit a second and a limit a minute (None: not limited).

    A window holds what is less than its length old: what passed exactly a second ago is outside.
    """

    __slots__ = ("_passed", "_per_minute", "_per_second")

    def __init__(self, per_second: int | None, per_minute: int | None, passed: Iterable[UtcNs] = ()) -> None:
        self._per_second = per_second
        self._per_minute = per_minute
        self._passed = deque(passed)

    @property
    def passed(self) -> tuple[UtcNs, ...]:
        """When, oldest first."""
        return tuple(self._passed)

    def note(self, now: UtcNs) -> None:
        """One more passes."""
        self._passed.append(now)

    def is_full(self, now: UtcNs) -> bool:
        """Whether one more would be too many."""
        passed = self._passed
        while passed and passed[0] <= now - _MINUTE:
            passed.popleft()
        if self._per_minute is not None and len(passed) >= self._per_minute:
            return True
        if self._per_second is None:
            return False
        # From the newest backwards: no more than the limit have to be looked at.
        newest = len(passed) - self._per_second
        return newest >= 0 and passed[newest] > now - NS_PER_SECOND
