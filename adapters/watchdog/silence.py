"""How long somebody has said nothing, in time that whoever listens was really given.

A listener that was stopped, or whose machine slept, finds the clock far ahead and has heard nothing meanwhile: that
proves nothing. So of the time between two looks no more than `GIVEN_S` counts. On a machine that hardly lets anybody
run a silence lasts longer by that, and still ends.
"""

from typing import Final

GIVEN_S: Final = 1.0
"""Several times what lies between two looks."""


class Silence:
    """Told a monotonic time in seconds with each look."""

    def __init__(self, now: float) -> None:
        self._looked = now
        self.seconds = 0.0
        """Since somebody was last heard, as far as it counts."""

    def look(self, now: float) -> float:
        """Another look; returns the silence so far."""
        self.seconds += min(max(0.0, now - self._looked), GIVEN_S)
        self._looked = max(self._looked, now)
        return self.seconds

    def broken(self) -> None:
        """Somebody was heard."""
        self.seconds = 0.0
