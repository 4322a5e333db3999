"""Is a price believable, given the prices accepted before it?

A price is off-band when it lies further than a fraction from the median of the last accepted ones. Sorting a window for
each trade would cost more than all the rest, so the band also keeps bounds of its window: whatever the median is, it
lies between them, and a price near enough to both of them needs no median. Only a price that leaves the proven range
makes the bounds be counted anew, and only one that leaves that too makes the window be sorted.
"""

import math
from collections import deque
from collections.abc import Sequence

_CALM_NEVER = (math.inf, -math.inf)


class PriceBand:
    """The last accepted prices of one stream, and the judgement of the next one.

    `band` is a fraction: 0.2 accepts median x 0.8 .. median x 1.2, None accepts everything. Nothing is judged before
    `needed` prices were accepted. After a genuine jump every price is off-band: when `jump` of them in a row agree
    with one another (the highest is at most 1 + band times the lowest) the market has moved. The last of these is
    accepted and they become the window; those before it stay rejected, for until then they could have been errors.
    The median is the middle one, of an even number the upper of the two, so that it is always a price that was seen.
    """

    __slots__ = ("_band", "_down", "_highest", "_jump", "_lowest", "_needed", "_run", "_up", "high", "low", "window")

    def __init__(self, band: float | None, *, window: int, needed: int, jump: int) -> None:
        self.window: deque[float] = deque(maxlen=window)
        """The last accepted prices, oldest first."""
        self.low, self.high = _CALM_NEVER if band is not None else (math.ulp(0.0), math.nextafter(math.inf, 0.0))
        """A price from low to high is accepted, and changes nothing but the window: the caller may append it itself."""
        self._band = band
        self._up = 1.0 + (band or 0.0)
        self._down = 1.0 - (band or 0.0)
        self._needed = needed
        self._jump = jump
        self._run: list[float] = []
        # Bounds of the window: never inside its smallest and largest price, possibly outside.
        self._lowest, self._highest = math.inf, -math.inf

    def accepts(self, price: float) -> bool:
        """Judge the next price, above zero and finite, and remember it."""
        if self._band is None or self._proves(price, price):
            self.window.append(price)
            return True
        window = self.window
        if len(window) >= self._needed:
            median = sorted(window)[len(window) // 2]
            if not median * self._down <= price <= median * self._up:
                return self._moved(price)
        window.append(price)
        self._run.clear()
        self._bound()
        return True

    def accepts_all(self, lowest: float, highest: float, prices: Sequence[float]) -> bool:
        """Remember prices that lie between two of them, if it is certain that each would be accepted; else do nothing.

        False means that the band does not know without judging them one after the other.
        """
        if self._band is not None and not self._proves(lowest, highest):
            return False
        window = self.window
        window.extend(prices[-window.maxlen :] if window.maxlen else prices)
        return True

    def covers(self, lowest: float, highest: float) -> bool:
        """Whether it is certain that each price between two would be accepted, whatever comes in which order.

        Nothing is remembered but how far the proof reaches: `low` and `high` lie around both if it is.
        """
        return self._band is None or self._proves(lowest, highest)

    def _proves(self, lowest: float, highest: float) -> bool:
        # Every median from now on lies within the bounds widened by what comes: if the two ends of that range are in
        # each other's band, nothing in it can be off-band. Rounding is monotone, so this holds in floats too.
        if self._run:
            return False
        if not self._widen(lowest, highest):
            if not self.window:
                return False
            self._bound()
            return self._widen(lowest, highest)
        return True

    def _widen(self, lowest: float, highest: float) -> bool:
        low = lowest if lowest < self._lowest else self._lowest
        high = highest if highest > self._highest else self._highest
        if not (high <= low * self._up and low >= high * self._down):
            return False
        self._lowest = self.low = low
        self._highest = self.high = high
        return True

    def _moved(self, price: float) -> bool:
        run = self._run
        run.append(price)
        if max(run) > min(run) * self._up:
            run[:] = (price,)
        self.low, self.high = _CALM_NEVER
        if len(run) < self._jump:
            return False
        self.window.clear()
        self.window.extend(run)
        run.clear()
        self._bound()
        return True

    def _bound(self) -> None:
        self._lowest, self._highest = min(self.window), max(self.window)
        calm = self._highest <= self._lowest * self._up and self._lowest >= self._highest * self._down
        self.low, self.high = (self._lowest, self._highest) if calm else _CALM_NEVER
