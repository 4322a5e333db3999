"""Indicators that move by one bar at a constant cost."""

import math
from collections import deque


class RollingHigh:
    """The highest of the last values, for any number of them up to `n`.

    It keeps only values that no later one has reached, so they fall from front to back; adding costs a constant on
    average.
    """

    __slots__ = ("_candidates", "_count", "_n")

    def __init__(self, n: int) -> None:
        self._n = n
        self._count = 0
        self._candidates: deque[tuple[float, int]] = deque()
        """(value, how many values there were before it)"""

    def add(self, value: float) -> None:
        """Take the next value in; the oldest of more than `n` falls out."""
        candidates = self._candidates
        while candidates and candidates[-1][0] <= value:
            candidates.pop()
        count = self._count
        candidates.append((value, count))
        if candidates[0][1] <= count - self._n:
            candidates.popleft()
        self._count = count + 1

    def of_last(self, m: int) -> float:
        """The highest of the last `m` values (all there are, when there are fewer); -inf before the first."""
        oldest = self._count - m
        for value, before in self._candidates:
            if before >= oldest:
                return value
        return -math.inf


class AverageTrueRange:
    """Wilder's average true range: N = ((n - 1) x previous N + true range) / n, in price.

    Seeded with the simple average of the first `n` true ranges; 0.0 until these exist. The first bar's true range is
    high - low. Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978); the Turtles' rules
    (OriginalTurtles.org, 2003, chapter 3) use the same smoothing with n = 20.
    """

    __slots__ = ("_close", "_left", "_n", "_sum", "value")

    def __init__(self, n: int) -> None:
        self._n = n
        self._left = n
        self._sum = 0.0
        self._close: float | None = None
        self.value = 0.0

    def add(self, high: float, low: float, close: float) -> None:
        """Take the next closed bar in."""
        before = self._close
        self._close = close
        true_range = (high if before is None or before < high else before) - (
            low if before is None or before > low else before
        )
        if self._left == 0:
            self.value += (true_range - self.value) / self._n
            return
        self._left -= 1
        self._sum += true_range
        if self._left == 0:
            self.value = self._sum / self._n
