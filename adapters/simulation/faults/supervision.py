"""What befalls the supervisor itself."""

from typing import Any, Final

from actors.runtime.simulated_host import Hang
from actors.runtime.slot import Slot
from adapters.simulation.faults.fault import Fault


class SupervisorFails(Fault):
    """An exception in the supervisor, at whatever it is told; or it hangs. Nothing may go on unsupervised."""

    code = "F72"
    what = "the supervisor fails or hangs"
    chance = 0.01

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """Before it has decided."""
        if slot.role != "supervisor" or not self.strikes():
            return None
        return Hang() if self.random.random() < 0.3 else RuntimeError(f"{type(message).__name__} was too much")

    def after_handling(self, slot: Slot, message: Any) -> BaseException | None:
        """When it has, and nobody hears of it."""
        if slot.role == "supervisor" and self.strikes():
            return RuntimeError(f"{type(message).__name__} was too much in the end")
        return None


FAULTS: Final[tuple[type[Fault], ...]] = (SupervisorFails,)
