"""What a fault is: it strikes at a seam by chance, or at random times; it is counted, and over when it is calm."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from messages import NS_PER_SECOND, Address, UtcNs

if TYPE_CHECKING:
    from actors.runtime.simulated import Moment
    from actors.runtime.slot import Slot
    from adapters.simulation.faults.weather import Weather
    from adapters.simulation.network import Frame, Socket, Trip


class Fault:
    """Overrides the seams at which it strikes, and asks `strikes` there: what is not overridden is never asked.

    At intensity 1 it strikes with `chance` at each occasion, or every `every_s` seconds on average.
    """

    code: ClassVar[str]
    """Of the catalogue, such as F01."""
    what: ClassVar[str]
    """In a few words."""
    chance: ClassVar[float] = 0.0
    every_s: ClassVar[float] = 0.0
    """0: it strikes at seams only."""
    decides: ClassVar[bool] = False
    """It has a strategy want something that it would not by itself: run again without it, it decides otherwise."""

    lasts_until: UtcNs = 0
    """True time up to which the process was told to wait."""

    def __init__(self, weather: "Weather", seed: str, intensity: float) -> None:
        self.weather, self.intensity = weather, intensity
        self.random = Random(f"{seed} {self.code}")  # noqa: S311 no secret comes of it

    # Whether it strikes.

    def strikes(self, chance: float | None = None) -> bool:
        """Whether it strikes now; counted when it does."""
        odds = (self.chance if chance is None else chance) * self.intensity
        return self.weather.blows and self.random.random() < odds and self.weather.strikes(self)

    def hits(self) -> bool:
        """Whether it strikes now, when its odds were drawn before; counted when it does."""
        return self.weather.blows and self.weather.strikes(self)

    def chances(self, odds: float) -> bool:
        """Whether it strikes now with these odds, whatever its intensity; counted when it does."""
        return self.weather.blows and self.random.random() < odds and self.weather.strikes(self)

    def begin(self) -> None:
        """The run begins."""
        if self.every_s:
            self._later()

    def _later(self) -> None:
        pause = self.random.expovariate(self.intensity / self.every_s)
        self.weather.world.after(round(pause * NS_PER_SECOND), self._due)

    def _due(self) -> None:
        if self.weather.blows:
            if self.is_possible() and self.weather.strikes(self):
                self.strike()
            self._later()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Let something follow."""
        self.weather.world.after(round(seconds * NS_PER_SECOND), action)

    # What it does.

    def is_possible(self) -> bool:
        """Whether a timed strike would mean anything now: without a process nothing befalls it."""
        return self.weather.process.is_alive

    def strike(self) -> None:
        """Its time has come."""

    def calm(self) -> None:
        """Nothing goes wrong any more: what lasts is over."""

    def life_began(self) -> None:
        """A new life of the process is about to start."""

    def life_ended(self) -> None:
        """A life of the process is over."""

    def start_refused(self, why: str) -> None:
        """The process did not start, for it cannot read what it left: whoever changed that puts it right."""

    # Seams.

    def request(self, trip: "Trip") -> None:
        """A request leaves the process."""

    def arriving(self, trip: "Trip") -> None:
        """It is at the exchange, and has had no effect yet."""

    def response(self, trip: "Trip") -> None:
        """It has had its effect; the answer leaves the exchange."""

    def connection(self, address: Address) -> str:  # noqa: ARG002 for who overrides it
        """A line connects: why it cannot, or ""."""
        return ""

    def spoken(self, socket: "Socket", text: str) -> str:  # noqa: ARG002 for who overrides it
        """The process says something on a line: the frame that answers it in the exchange's place, or ""."""
        return ""

    def frame(self, frame: "Frame") -> None:
        """A frame leaves the exchange."""

    def before(self, slot: "Slot", message: Any) -> BaseException | None:  # noqa: ARG002 for who overrides it
        """An actor is about to handle a message: what it raises instead."""
        return None

    def after_handling(self, slot: "Slot", message: Any) -> BaseException | None:  # noqa: ARG002 for who overrides it
        """It has handled it, and nobody has heard what it says: what it raises instead."""
        return None

    def moment(self, slot: "Slot", moment: "Moment") -> BaseException | None:  # noqa: ARG002 for who overrides it
        """An incarnation is launched, starts, is warmed up or stops: what befalls it."""
        return None

    def restored(self) -> None:
        """A new life has read what earlier ones left, and has not started an actor: raises the end of the process."""

    def before_write(self, name: str, statement: str) -> None:
        """A file is about to be written: raises what befalls it."""

    def after_write(self, name: str, statement: str) -> None:
        """It is in the file."""

    def opening(self, name: str) -> None:
        """A file is about to be opened: raises what befalls it."""
