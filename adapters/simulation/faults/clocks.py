"""Clocks that are wrong: ours against the exchange's, and what a machine's two clocks make of a night's sleep."""

from typing import Final

from adapters.simulation.faults.fault import Fault
from messages import NS_PER_SECOND


class _OfOurs(Fault):
    """Moves the machine's clock. A process that lives goes by what has passed since it began, as WallClock does."""

    def __init__(self, *told: object) -> None:
        super().__init__(*told)  # type: ignore[arg-type]
        self._next = 0
        """ns by which it is to be moved when the process is gone."""
        self._moved = 0

    def at_next_start(self, by: int) -> None:
        """The process goes, and the clock is set: its next life sees it."""
        self._next += by
        self.weather.process.killed()

    def life_ended(self) -> None:
        """Nobody looks at the clock now."""
        self.move(self._next)
        self._next = 0

    def move(self, by: int) -> None:
        """Set it."""
        self._moved += by
        self.weather.process.clock.offset += by

    def calm(self) -> None:
        """Somebody sets it right, and starts the process again where it goes by the old time."""
        if abs(self._moved) > 10 * NS_PER_SECOND:
            self._next = -self._moved
            if self.weather.process.is_alive:
                self.weather.process.killed()
            else:
                self.life_ended()


class Skewed(_OfOurs):
    """The clock is wrong by a second to an hour when a life begins, or goes wrong slowly; or the exchange's is set."""

    code = "F26"
    what = "clock wrong by seconds to an hour, or drifting"
    every_s = 500.0

    def strike(self) -> None:
        """One way of it."""
        kind = self.random.choice(("start", "drift", "exchange"))
        process, world = self.weather.process, self.weather.world
        if kind == "start":
            # Ahead by much, strategies would believe that the run is over.
            by = self.random.choice((1, 5, 60, -1, -5, -50, -50, -3_600)) * self.random.uniform(0.3, 1.0)
            self.at_next_start(round(by * NS_PER_SECOND))
        elif kind == "drift":
            process.clock.drift(self.random.randint(-500, 500), world.now)
        else:
            self.weather.exchange.skew = round(self.random.uniform(-20, 20) * NS_PER_SECOND)

    def calm(self) -> None:
        """See above."""
        super().calm()
        self.weather.exchange.skew = 0
        self.weather.process.clock.drift(0, self.weather.world.now)


class TwoClocks(_OfOurs):
    """The machine sleeps, and the clock that timers go by sleeps with it; or the wall clock jumps between two lives."""

    code = "F88"
    what = "monotonic and wall clock part; the wall goes back an hour"
    every_s = 600.0

    def strike(self) -> None:
        """One way of it."""
        process = self.weather.process
        if self.random.random() < 0.5:
            self.at_next_start(self.random.choice((-3_600, -100, -50, -30, 40)) * NS_PER_SECOND)
        elif not process.is_paused:
            slept = self.random.choice((5, 20, 40, 40, 600))
            process.pause()
            self.after(slept, lambda: self._wakes(slept))

    def _wakes(self, slept: int) -> None:
        """It is as late as it was; the wall clock knows better, and the next life asks it."""
        if self.weather.process.is_paused:
            by = slept * NS_PER_SECOND
            self.move(-by)
            self._next += by
            self.weather.process.resume()


FAULTS: Final[tuple[type[Fault], ...]] = (Skewed, TwoClocks)
