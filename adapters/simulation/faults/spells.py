"""Faults that last for a while: they begin at random times, and strike at what passes until they are over."""

from typing import ClassVar

from adapters.simulation.faults.fault import Fault


class Spell(Fault):
    """Begins every `every_s` seconds on average and lasts for `lasts_s`; only what it strikes at meanwhile counts."""

    lasts_s: ClassVar[tuple[float, ...]]
    """One of these, or what comes near it."""
    is_on = False

    def _due(self) -> None:
        if not self.weather.blows:
            return
        if not self.is_on and self.is_possible():
            self.is_on = True
            self.after(self.random.choice(self.lasts_s) * self.random.uniform(0.5, 1.0), self.end)
            self.strike()
        self._later()

    def end(self) -> None:
        """It is over, by itself or because nothing goes wrong any more."""
        if self.is_on:
            self.is_on = False
            self.over()

    def over(self) -> None:
        """Undo what it has done."""

    def calm(self) -> None:
        """See Fault."""
        self.end()
