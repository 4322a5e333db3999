"""The clock of the machine that trades: as far off as it is wrong, and never going back while a process lives."""

import attrs

from messages import UtcNs

_PPM = 1_000_000


@attrs.define(kw_only=True)
class LocalClock:
    """Local time = true time + offset + drift. `began`: true time from which it drifts."""

    began: UtcNs
    offset: int = 0
    """ns by which it is ahead."""
    drift_ppm: int = 0
    """Microseconds that it gains in a second."""

    def local(self, true: UtcNs) -> UtcNs:
        """What it shows."""
        return true + self.offset + (true - self.began) * self.drift_ppm // _PPM

    def drift(self, ppm: int, true: UtcNs) -> None:
        """From now on it goes wrong at this rate; what it shows does not jump."""
        self.offset = self.local(true) - true
        self.began, self.drift_ppm = true, ppm

    def true(self, local: UtcNs) -> UtcNs:
        """When it will show at least that."""
        passed = local - self.offset - self.began
        found = self.began + -(-passed * _PPM // (_PPM + self.drift_ppm))
        while self.local(found) < local:
            found += 1
        return found
