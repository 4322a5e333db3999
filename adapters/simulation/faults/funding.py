"""Payments of funding that come when nobody expects them: while nobody hears, late, twice, turned round, or of 0."""

from typing import Any, Final

from adapters.exchange.wire import dumps, loads
from adapters.simulation.faults.others import AtVenue
from adapters.simulation.network import Frame
from messages import NS_PER_SECOND, Address

_MINUTE: Final = 60 * NS_PER_SECOND
_RATES: Final = (0.0001, -0.0001, 0.0, 0.003, -0.003, 0.000001)
_KINDS: Final = ("unheard", "late", "again", "renamed", "plain")


class FundingBefallen(AtVenue):
    """Funding is paid at the next minute already, at another rate, and the news of it has a fate of its own."""

    code = "F44"
    what = "funding unheard, late, twice, turned round, or 0"
    every_s = 300.0
    _kind = "plain"
    _is_deaf = False

    def is_possible(self) -> bool:
        """If somebody pays or receives."""
        return bool(self.weather.exchange.account.positions) and not self._is_deaf

    def strike(self) -> None:
        """At the next minute."""
        due = self.floor.now - self.floor.now % _MINUTE + _MINUTE
        self._kind = self.random.choice(_KINDS)
        for market in self.floor.markets.values():
            market.funding_at, market.funding_rate = due, self.random.choice(_RATES)
        if self._kind == "unheard":
            before = (due - self.weather.world.now) / NS_PER_SECOND - self.random.uniform(0, 1)
            self.after(max(0.0, before), self._deafen)

    def _deafen(self) -> None:
        if not self.weather.blows:
            return
        self._is_deaf = True
        for name in sorted(self.weather.network.sockets):
            socket = self.weather.network.sockets.get(name)
            if socket is not None:
                socket.cut("the connection was reset")
        self.after(self.random.uniform(1, 20), self.calm)

    def connection(self, address: Address) -> str:  # noqa: ARG002 of all lines
        """Not before it is over."""
        return "no route to host" if self._is_deaf else ""

    def frame(self, frame: Frame) -> None:
        """The news of a payment."""
        if frame.table != "execution" or '"Funding"' not in frame.text or not self.weather.blows:
            return
        if self._kind == "late":
            frame.delay, frame.overtaken = round(self.random.choice((2, 30, 200)) * NS_PER_SECOND), True
        elif self._kind == "again":
            frame.copies = 2
        elif self._kind == "renamed":
            self._rename(frame)

    def _rename(self, frame: Frame) -> None:
        told: dict[str, Any] = loads(frame.text)
        if told["action"] != "insert":
            return
        for row in told["data"]:
            row["execID"] = f"{self.random.getrandbits(32):08x}{row['execID'][8:]}"
        again = dumps(told)
        self._kind = "plain"
        self.after(self.random.uniform(0, 5), lambda: self._again(frame, again))

    def _again(self, frame: Frame, text: str) -> None:
        if frame.socket.is_open and self.weather.blows:
            frame.socket.there.carry(text, frame.table)

    def calm(self) -> None:
        """Lines may connect."""
        self._is_deaf = False


FAULTS: Final = (FundingBefallen,)
