"""How the process ends or stands still, without being asked."""

from typing import Any, Final

from actors.runtime.slot import Slot
from adapters.simulation.faults.fault import Fault
from adapters.simulation.process import ProcessDied


class Killed(Fault):
    """kill -9: just before or after something is written to the order journal; at a random instant; and at a message.

    Which message is drawn among all kinds that were ever handled, so that each has its turn, however rare.
    """

    code = "F30"
    what = "killed at journal boundaries, at any instant, at any kind of message"
    chance = 0.01
    every_s = 900.0

    def begin(self) -> None:
        """Nothing has been seen."""
        self._kinds: dict[tuple[str, str], None] = {}
        self._aimed: tuple[str, str] | None = None
        self._is_after = False
        super().begin()

    def _due(self) -> None:
        """Aims at one kind of message, or hits at this very instant."""
        if not self.weather.blows:
            return
        if self.random.random() < 0.2:
            if self.weather.process.is_alive and self.hits():
                self.weather.process.killed()
        elif self._kinds:
            self._aimed, self._is_after = self.random.choice(list(self._kinds)), self.random.random() < 0.5
        self._later()

    def before(self, slot: Slot, message: Any) -> None:
        """It has done nothing with it."""
        kind = (slot.role, message.__class__.__name__)
        self._kinds[kind] = None
        if kind == self._aimed and not self._is_after:
            self._hit()

    def after_handling(self, slot: Slot, message: Any) -> None:
        """It has done all of it, and nobody has heard."""
        if self._is_after and (slot.role, message.__class__.__name__) == self._aimed:
            self._hit()

    def _hit(self) -> None:
        self._aimed = None
        if self.hits():
            raise ProcessDied

    def before_write(self, name: str, statement: str) -> None:
        """Nothing of it is in the file."""
        if name == "journal.sqlite" and "orders" in statement and self.strikes():
            raise ProcessDied

    def after_write(self, name: str, statement: str) -> None:
        """All of it is in the file, and nobody knows."""
        if name == "journal.sqlite" and "orders" in statement and self.strikes():
            raise ProcessDied


class KilledInRecovery(Fault):
    """It dies, and dies again while it recovers, some times in a row: before the first actor, or after some messages.

    An order, a fill, or anything may be on its way each time.
    """

    code = "F33"
    what = "killed again and again while it recovers"
    every_s = 1_200.0

    _left = 0
    _messages = 0

    def strike(self) -> None:
        """The first time."""
        self._left = self.random.randint(1, 6)
        self.weather.process.killed()

    def life_began(self) -> None:
        """After how many messages of its recovery it dies: most of it is in the first few hundred."""
        self._messages = 0
        if self._left and self.weather.blows:
            self._left -= 1
            self._messages = round(2 ** self.random.uniform(0, 9)) if self.random.random() < 0.8 else -1

    def restored(self) -> None:
        """It has read everything, and done nothing yet."""
        if self._messages < 0 and self.hits():
            raise ProcessDied

    def before(self, slot: Slot, message: Any) -> None:  # noqa: ARG002 of whomever
        """One more."""
        if self._messages > 0:
            self._messages -= 1
            if not self._messages and self.hits():
                raise ProcessDied

    def calm(self) -> None:
        """It lives."""
        self._left = self._messages = 0


class Suspended(Fault):
    """SIGSTOP, or a lid that is closed; then it goes on."""

    code = "F55"
    what = "process stopped and resumed"
    every_s = 450.0

    def strike(self) -> None:
        """For seconds, or for longer."""
        process = self.weather.process
        if not process.is_paused:
            process.pause()
            self.after(self.random.choice((5, 20, 90, 600)), process.resume)

    def calm(self) -> None:
        """It goes on."""
        self.weather.process.resume()


class Signalled(Fault):
    """SIGINT or SIGTERM: at any time, in the first seconds of a life, in its own shutdown, and twice."""

    code = "F52"
    what = "SIGINT and SIGTERM, also at start, in shutdown, twice"
    every_s = 900.0

    def strike(self) -> None:
        """Now; and perhaps again."""
        name = self.random.choice(("SIGINT", "SIGTERM"))
        self.weather.process.signal(name)
        if self.random.random() < 0.5:
            self._again(name, self.random.choice((0.0, 0.05, 1.0, 5.0)))

    def life_began(self) -> None:
        """At its start, or in its reconciliation."""
        if self.strikes(0.05):
            name = self.random.choice(("SIGINT", "SIGTERM"))
            self._again(name, self.random.choice((0.0, 0.001, 0.05, 0.5, 2.0)))

    def _again(self, name: str, seconds: float) -> None:
        life = self.weather.process.life

        def due() -> None:
            if self.weather.process.life == life:
                self.weather.process.signal(name)

        self.after(seconds, due)


FAULTS: Final[tuple[type[Fault], ...]] = (Killed, KilledInRecovery, Suspended, Signalled)
