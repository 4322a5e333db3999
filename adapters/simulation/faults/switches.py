"""The kill switch at the worst times, and who fails or hangs while it is thrown."""

from typing import Any, Final

from actors.runtime.simulated import Moment
from actors.runtime.simulated_host import Hang
from actors.runtime.slot import Slot
from adapters.simulation.faults.fault import Fault
from adapters.simulation.trip import Trip
from messages import Address, ApprovedOrder, HaltTrading

_BESIDE: Final = ("listener", "recorder", "trace", "strategy", "reconciler")


class KillSwitch(Fault):
    """Thrown at any time: while an order is in flight or its answer is, in a reconnect, in a restart, in a recovery."""

    code = "F50"
    what = "kill switch with orders in flight, in reconnects, restarts and recoveries"
    every_s = 400.0
    _WHEN: Final = ("now", "request", "response", "approved", "connection", "start", "recovery")

    def begin(self) -> None:
        """Nothing is planned."""
        self._when = ""
        super().begin()

    def _due(self) -> None:
        """Now, or at the next occasion of some kind; it counts when it is thrown."""
        if self.weather.blows:
            self._when = self.random.choice(self._WHEN)
            self._at("now")
            self._later()

    def _at(self, when: str, *seconds: float) -> None:
        if when != self._when or not self.weather.process.is_alive or not self.hits():
            return
        self._when = ""
        flatten, by_hand = self.random.random() < 0.3, self.random.random() < 0.7
        process, reason = self.weather.process, f"by hand, at {when}"
        throw = process.halt_by_hand if by_hand else process.halt
        self.after(self.random.choice((0.0, *seconds)), lambda: throw(reason, flatten=flatten))

    def request(self, trip: Trip) -> None:
        """An order is on its way."""
        if trip.is_order:
            self._at("request", 0.001, 0.01)

    def response(self, trip: Trip) -> None:
        """It is there, and its answer is on its way."""
        if trip.is_order:
            self._at("response", 0.001)

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """Approved, and not yet written."""
        if self._when == "approved" and slot.role == "journal" and message.__class__ is ApprovedOrder:
            self._at("approved")
        return None

    def connection(self, address: Address) -> str:
        """In a reconnect."""
        if address.startswith("line@"):
            self._at("connection", 0.01, 0.3, 1.0)
        return ""

    def moment(self, slot: Slot, moment: Moment) -> BaseException | None:
        """In the restart of an actor."""
        if moment == "warm-up" and slot.restarts:
            self._at("start")
        return None

    def life_began(self) -> None:
        """In the recovery of a life."""
        self._at("recovery", 0.05, 0.3, 1.0)


class OthersFail(Fault):
    """Trading is halted, and who stands beside fails or hangs just then, or in its on_stop."""

    code = "F51"
    what = "listener, recorder, trace, on_stop fail or hang during a halt"
    every_s = 400.0
    _until = 0

    def strike(self) -> None:
        """Throw it, and for a while nothing goes well."""
        self._until = self.weather.world.now + 10 * 10**9
        self.weather.process.halt("somebody halts it")
        if self.random.random() < 0.5:
            process, life = self.weather.process, self.weather.process.life
            self.after(2.0, lambda: process.signal("SIGTERM") if process.life == life else None)

    def _error(self, slot: Slot, chance: float) -> BaseException | None:
        if self.weather.world.now >= self._until or slot.role not in _BESIDE or self.random.random() > chance:
            return None
        return Hang() if self.random.random() < 0.4 else RuntimeError("it fails when it is needed most")

    def before(self, slot: Slot, message: Any) -> BaseException | None:  # noqa: ARG002 any
        """At whatever it hears."""
        return self._error(slot, 0.05)

    def moment(self, slot: Slot, moment: Moment) -> BaseException | None:
        """At its end."""
        return self._error(slot, 0.5) if moment == "stop" else None

    def calm(self) -> None:
        """They do what they should."""
        self._until = 0


class ChangesBeforeSend(Fault):
    """Between approval and send there is a pause, and in it something changes: a halt, a line that breaks, fills."""

    code = "F74"
    what = "the state changes between approval and send"
    chance = 0.02

    def before(self, slot: Slot, message: Any) -> BaseException | None:
        """Who has the order in hand takes its time."""
        if message.__class__ is not ApprovedOrder or slot.role not in ("journal", "venue") or not self.strikes():
            return None
        process, life = self.weather.process, self.weather.process.life
        what = self.random.random()
        pause = self.random.choice((0.05, 0.5, 3.0, 12.0))

        def changes() -> None:
            runtime = process.runtime
            if runtime is None or process.life != life:
                return
            if what < 0.25:
                process.halt("halted while an order waits to be sent", flatten=what < 0.08)
            elif what < 0.4:
                process.hear(lambda at: runtime.send(HaltTrading(reason="halted as well", account="main", ts=at)))
            elif what < 0.7 and (socket := self.weather.network.sockets.get("line@main")) is not None:
                socket.cut()

        self.after(pause / 2, changes)
        return Hang(pause)


FAULTS: Final[tuple[type[Fault], ...]] = (KillSwitch, OthersFail, ChangesBeforeSend)
