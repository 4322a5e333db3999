"""Deaths in the middle of finding out how things stand."""

from typing import Final

from adapters.simulation.faults.fault import Fault
from adapters.simulation.faults.reads import REPORTS, asks
from adapters.simulation.trip import Trip


class KilledInReconciliation(Fault):
    """The process is killed, and its next lives are killed too, each at some question of their first reads."""

    code = "F33b"
    what = "killed while reconciling, repeatedly"
    every_s = 600.0
    _left = 0
    _questions = 0

    def strike(self) -> None:
        """The first time."""
        self._left = self.random.randint(1, 5)
        self.weather.process.killed()

    def life_began(self) -> None:
        """How far it gets."""
        self._questions = self.random.randint(1, 12)

    def request(self, trip: Trip) -> None:
        """Before, while or after the exchange answers."""
        if not self._left or not asks(trip, *REPORTS):
            return
        self._questions -= 1
        if self._questions == 0 and self.chances(1.0):
            self._left -= 1
            life, process = self.weather.process.life, self.weather.process
            self.after(self.random.uniform(0.0, 0.05), lambda: process.killed() if process.life == life else None)


FAULTS: Final[tuple[type[Fault], ...]] = (KilledInReconciliation,)
