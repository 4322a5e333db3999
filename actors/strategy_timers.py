"""Timers that a strategy asks for by a delay: counted from now, or from the first instant that it knows."""

from datetime import timedelta
from typing import NamedTuple

from actors.strategy_values import number
from messages import NS_PER_SECOND, UtcNs, WakeAt


class Later(NamedTuple):
    """A timer asked for before any time was known."""

    delay: int
    name: str


class FirstTimers:
    """The timers that `on_start` asked for by a delay, with the times that they came to."""

    def __init__(self) -> None:
        self._resolved: list[tuple[UtcNs, Later]] = []

    def begin(self, timer: Later, now: UtcNs) -> WakeAt:
        """Now a time is known to count from."""
        self._resolved.append((now + timer.delay, timer))
        return WakeAt(now + timer.delay, timer.name)

    def lapsed(self, now: UtcNs) -> list[Later]:
        """Those that ended up to now, once: they were counted from an old bar. None is kept any longer."""
        lapsed = [timer for at, timer in self._resolved if at <= now]
        self._resolved.clear()
        return lapsed


def delay_ns(delay: float | timedelta) -> int:
    """Nanoseconds of seconds or a timedelta; ValueError for a negative one."""
    if isinstance(delay, timedelta):
        ns = ((delay.days * 86_400 + delay.seconds) * 1_000_000 + delay.microseconds) * 1_000
    else:
        ns = round(number("wake_in", delay) * NS_PER_SECOND)
    if ns < 0:
        raise ValueError(f"wake_in({delay!r}): the delay must not be negative")
    return ns
