"""The volatility of closes as they come, annualised: over a window, or exponentially weighted. A bar costs the same
however long the window is, and a million bars leave no error behind.
"""

import math
from collections import deque
from typing import Protocol

from messages import NS_PER_SECOND, Period

YEAR_NS = 365 * 24 * 3600 * NS_PER_SECOND
"""Markets that never close have 365 days a year."""
_LOST = 0.01
"""A sum of squares that fell below this part of what it has been since it was last summed up has lost digits."""


class Deviation(Protocol):
    """A standard deviation of the last values."""

    def add(self, value: float) -> None:
        """Take in one more value."""

    def per_bar(self) -> float | None:
        """The deviation now; None while it is not known."""


class WindowDeviation:
    """Sample standard deviation (n - 1) of the last `size` values; None until there are so many.

    The mean and the sum of squared distances from it follow each value that comes and goes: the update of Welford
    (Technometrics 4(3), 1962), for a window. They are summed up afresh once per window, and where most of the sum has
    left it, for what is left of a difference of large numbers is mostly their rounding.
    """

    __slots__ = ("_largest", "_mean", "_since", "_size", "_squares", "_values")

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: deque[float] = deque()
        self._mean = self._squares = self._largest = 0.0
        self._since = 0

    def add(self, value: float) -> None:
        """Take in one more value, and let the oldest go where the window is full."""
        values, size = self._values, self._size
        values.append(value)
        if len(values) <= size:
            if len(values) == size:
                self._sum_up()
            return
        oldest, before = values.popleft(), self._mean
        self._mean = mean = before + (value - oldest) / size
        self._squares = squares = self._squares + (value - oldest) * (value - mean + oldest - before)
        self._since += 1
        self._largest = max(self._largest, squares)
        if self._since >= size or squares < self._largest * _LOST:
            self._sum_up()

    def per_bar(self) -> float | None:
        """The deviation of the window."""
        return math.sqrt(self._squares / (self._size - 1)) if len(self._values) == self._size else None

    def _sum_up(self) -> None:
        self._mean = mean = math.fsum(self._values) / self._size
        self._squares = self._largest = math.fsum([(value - mean) ** 2 for value in self._values])
        self._since = 0


class WeightedDeviation:
    """Root of the exponentially weighted mean of squared values, the latest first; None until `halflife` values came.

    RiskMetrics (J.P. Morgan/Reuters, "RiskMetrics - Technical Document", 4th edition, 1996, section 5.2): the mean is
    taken as zero, and a value k bars old counts decay^k. Their weights' true sum stands in place of 1 / (1 - decay),
    which it comes to with time, so that a young measurement is not too low.
    """

    __slots__ = ("_count", "_decay", "_halflife", "_squares", "_weights")

    def __init__(self, halflife: int) -> None:
        self._halflife = halflife
        self._decay = 0.5 ** (1 / halflife)
        self._squares = self._weights = 0.0
        self._count = 0

    def add(self, value: float) -> None:
        """Take in one more value; all others count a little less."""
        # Both sums forget their rounding as fast as they forget values.
        self._squares = self._squares * self._decay + value * value
        self._weights = self._weights * self._decay + 1.0
        self._count += 1

    def per_bar(self) -> float | None:
        """The weighted deviation."""
        return math.sqrt(self._squares / self._weights) if self._count >= self._halflife else None


class Volatility:
    """The volatility a year of one symbol: of the log returns of its closes, times the root of the bars in 365 days."""

    __slots__ = ("_deviation", "_last", "_root")

    def __init__(self, deviation: Deviation, period: Period) -> None:
        self._deviation = deviation
        self._root = math.sqrt(YEAR_NS / period)
        self._last: float | None = None

    def add(self, close: float) -> None:
        """Take in the next bar's close."""
        last, self._last = self._last, close
        if last is not None:
            # The difference of two near prices is exact, their quotient is not; of distant ones it is the other way.
            move = (close - last) / last
            self._deviation.add(math.log1p(move) if move > -0.5 else math.log(close / last))

    def a_year(self) -> float | None:
        """As a fraction; None while too few returns are known."""
        deviation = self._deviation.per_bar()
        return None if deviation is None else deviation * self._root
