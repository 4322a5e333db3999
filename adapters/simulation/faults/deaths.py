"""How the process ends or stands still, without being asked."""

from typing import Final

from adapters.simulation.faults.fault import Fault
from adapters.simulation.process import ProcessDied


class KilledAtJournal(Fault):
    """kill -9 just before or just after something is written to the order journal."""

    code = "F30"
    what = "killed at a journal boundary"
    chance = 0.01

    def before_write(self, name: str, statement: str) -> None:
        """Nothing of it is in the file."""
        if name == "journal.sqlite" and "orders" in statement and self.strikes():
            raise ProcessDied

    def after_write(self, name: str, statement: str) -> None:
        """All of it is in the file, and nobody knows."""
        if name == "journal.sqlite" and "orders" in statement and self.strikes():
            raise ProcessDied


class Suspended(Fault):
    """SIGSTOP, or a lid that is closed; then it goes on."""

    code = "F55"
    what = "process stopped and resumed"
    every_s = 600.0

    def strike(self) -> None:
        """For seconds, or for longer."""
        process = self.weather.process
        if not process.is_paused:
            process.pause()
            self.after(self.random.choice((5, 20, 90, 600)), process.resume)

    def calm(self) -> None:
        """It goes on."""
        self.weather.process.resume()


FAULTS: Final[tuple[type[Fault], ...]] = (KilledAtJournal, Suspended)
