"""What happens inside actors: exceptions, at any message of any of them."""

from typing import Any, Final

from actors.runtime.slot import Slot
from adapters.simulation.faults.fault import Fault


class HandlerRaises(Fault):
    """An actor fails on a message, before it has done anything, or when it has and nobody knows."""

    code = "F61"
    what = "an exception in a handler"
    chance = 0.0003

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """Before it."""
        if slot.role != "supervisor" and self.strikes():
            return RuntimeError(f"{type(message).__name__} made it fail")
        return None

    def after_handling(self, slot: Slot, message: Any) -> BaseException | None:
        """After it."""
        if slot.role != "supervisor" and self.strikes():
            return RuntimeError(f"{type(message).__name__} made it fail in the end")
        return None


FAULTS: Final[tuple[type[Fault], ...]] = (HandlerRaises,)
