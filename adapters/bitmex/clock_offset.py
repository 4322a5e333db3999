"""How far the venue's clock is ahead of ours: an interval that every answer narrows and age widens.

An answer that was asked for at `sent` and had at `received` was given in between; it shows the venue's time up to its
own resolution (1 s for a `Date` header or an error text, 1 ms for a welcome). So the offset lies within
[shown - received, shown + resolution - sent]: measurements are intersected, and one that contradicts the others starts
anew, for then a clock was set.
"""

from typing import Final

from messages import NS_PER_SECOND, Period, UtcNs

_DRIFT_PPM: Final = 200
"""How fast two clocks may part: a poor crystal, and half of what time synchronisation slews by at most."""


class ClockOffset:
    """Bounds of (venue's time - our time), in ns. Unknown until measured, and then taken for 0."""

    def __init__(self) -> None:
        self._low = self._high = 0
        self._measured: UtcNs | None = None

    @property
    def is_known(self) -> bool:
        """Whether it was measured at all."""
        return self._measured is not None

    def measured(self, shown: UtcNs, sent: UtcNs, received: UtcNs, resolution: Period = NS_PER_SECOND) -> None:
        """An answer asked for at `sent` showed a time; nothing is learned when it was had before it was asked for."""
        if received < sent:
            return
        low, high = shown - received, shown + resolution - sent
        if self._measured is not None:
            before_low, before_high = self._bounds(received)
            if max(low, before_low) <= min(high, before_high):
                low, high = max(low, before_low), min(high, before_high)
        self._low, self._high, self._measured = low, high, received

    def _bounds(self, at: UtcNs) -> tuple[int, int]:
        assert self._measured is not None
        parted = abs(at - self._measured) * _DRIFT_PPM // 1_000_000
        return self._low - parted, self._high + parted

    @property
    def offset(self) -> int:
        """The middle of the bounds."""
        return 0 if self._measured is None else (self._low + self._high) // 2

    def uncertainty(self, at: UtcNs) -> Period | None:
        """How far the truth may be from `offset`; None when nothing was measured."""
        if self._measured is None:
            return None
        low, high = self._bounds(at)
        return (high - low + 1) // 2

    def venue_time(self, at: UtcNs) -> UtcNs:
        """What the venue's clock shows when ours shows `at`."""
        return at + self.offset

    def latest_venue_time(self, at: UtcNs) -> UtcNs:
        """The latest that the venue's clock may show: what an expiry has to lie behind."""
        return self.venue_time(at) + (self.uncertainty(at) or 0)
