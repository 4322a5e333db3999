"""What `run.py chaos` does to one strategy: it crashes at each kind of message, before it is handled and after it."""

from collections import Counter
from typing import Any, Final

from actors.runtime.slot import Slot
from adapters.simulation.faults.fault import Fault

THEIRS: Final = "strategy:yours"
"""The address of the strategy that is tried."""


class StrategyCrashes(Fault):
    """Now and then, at whatever it was crashed at least often; seldom enough that nobody gives it up for that."""

    code = "crash"
    what = "the strategy crashes, before or after a message"
    every_s = 240.0

    def begin(self) -> None:
        """Nothing is due yet."""
        super().begin()
        self._is_due = False
        self.at: Counter[tuple[str, str]] = Counter()

    def strike(self) -> None:
        """The next time that fits."""
        self._is_due = True

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """It has not handled it."""
        return self._crash(slot, message, "before")

    def after_handling(self, slot: Slot, message: Any) -> BaseException | None:
        """It has handled it, and nobody has heard what it wants."""
        return self._crash(slot, message, "after")

    def _crash(self, slot: Slot, message: Any, when: str) -> BaseException | None:
        if slot.address != THEIRS:
            return None
        key = (type(message).__name__, when)
        self.at.setdefault(key, 0)
        if not self._is_due or self.at[key] > min(self.at.values()):
            return None
        self._is_due = False
        self.at[key] += 1
        return RuntimeError(f"crashed on purpose {when} {key[0]}")


CHAOS: Final[tuple[type[Fault], ...]] = (StrategyCrashes,)
