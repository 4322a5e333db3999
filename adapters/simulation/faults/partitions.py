"""What does not get through: connections that are refused, names that are not known, networks that are half there."""

from typing import Final

from adapters.exchange.refusals import overloaded, rate_limited
from adapters.exchange.wire import dumps, loads
from adapters.simulation.faults.answers import page
from adapters.simulation.faults.fault import Fault
from adapters.simulation.faults.requests import is_act
from adapters.simulation.faults.spells import Spell
from adapters.simulation.network import Socket
from adapters.simulation.trip import Trip

MARKET: Final = "line:market"


class Refused(Spell):
    """A line cannot connect, many times over; or its log-in, or what it subscribes to, is refused."""

    code = "F29"
    what = "connect, log-in or subscription refused"
    every_s = 300.0
    lasts_s = (5.0, 30.0, 240.0)
    _kind = ""

    def strike(self) -> None:
        """One way of it, and the lines have to begin again."""
        self._kind = self.random.choice(("connect", "connect", "log-in", "subscribe"))
        for _, socket in sorted(self.weather.network.sockets.items()):
            socket.cut()

    def connection(self, address: str) -> str:  # noqa: ARG002 all of them
        """Refused."""
        return "connection refused" if self.is_on and self._kind == "connect" and self.chances(1.0) else ""

    def spoken(self, socket: Socket, text: str) -> str:  # noqa: ARG002 of whichever
        """What the exchange says to it."""
        if not self.is_on or text == "ping":
            return ""
        told = loads(text)
        if self._kind == "log-in" and told.get("op") == "authKeyExpires" and self.chances(0.9):
            status, error = self.random.choice(
                ((503, "The system is currently overloaded. Please try again later."), (401, "Signature not valid."),
                 (429, "Rate limit exceeded, retry in 2 seconds."))
            )  # fmt: skip
            return dumps(
                {"status": status, "error": error, "meta": {}, "request": {"op": "authKeyExpires", "args": []}}
            )
        if self._kind == "subscribe" and told.get("op") == "subscribe" and self.chances(0.7):
            return dumps({"status": 503, "error": "Unable to subscribe at this time.", "meta": {}, "request": told})
        return ""


class NoNetwork(Spell):
    """Names are not known, certificates are wrong, or a portal answers everything with a page of its own."""

    code = "F78"
    what = "no DNS, bad certificates, a captive portal"
    every_s = 350.0
    lasts_s = (3.0, 20.0, 90.0)
    _why = ""

    def strike(self) -> None:
        """One way of it; the lines break with the network."""
        self._why = self.random.choice(
            (
                "the address is not known; is there a network?",
                "SSLCertVerificationError: certificate has expired",
                "SSLCertVerificationError: Hostname mismatch",
                "",
            )
        )
        for _, socket in sorted(self.weather.network.sockets.items()):
            socket.cut()

    def request(self, trip: Trip) -> None:
        """It does not get as far as the exchange."""
        if not (self.is_on and self.chances(1.0)):
            return
        if self._why:
            trip.refused = self._why
        else:
            trip.proxied = page(200, "Welcome to our wireless network")

    def connection(self, address: str) -> str:  # noqa: ARG002 all of them
        """Nor does a line."""
        if not (self.is_on and self.chances(1.0)):
            return ""
        return self._why or "Handshake status 200 OK"


class Partition(Spell):
    """Some ways are there and others are not: requests or lines, the market or the account."""

    code = "F82"
    what = "requests without lines, lines without requests, market without account"
    every_s = 300.0
    lasts_s = (5.0, 20.0, 70.0)
    _kind = ""

    def strike(self) -> None:
        """One way of it. A line that is lost breaks, or is silent."""
        self._kind = self.random.choice(("requests", "lines", "market", "account"))
        silent = self.random.random() < 0.5
        for name, socket in sorted(self.weather.network.sockets.items()):
            if self._is_lost(name) and socket.is_open and self.chances(1.0):
                if silent:
                    socket.is_dead = True
                else:
                    socket.cut()

    def _is_lost(self, address: str) -> bool:
        if self._kind == "lines":
            return True
        return (self._kind == "market") == (address == MARKET) if self._kind in ("market", "account") else False

    def request(self, trip: Trip) -> None:
        """Lost on its way, or back."""
        if self.is_on and self._kind == "requests" and self.chances(1.0):
            if self.random.random() < 0.7:
                trip.lost_out = True
            else:
                trip.lost_back = True

    def connection(self, address: str) -> str:
        """It cannot be made."""
        return "network is unreachable" if self.is_on and self._is_lost(address) and self.chances(1.0) else ""


class KilledInBadWeather(Spell):
    """The kill switch is used while requests are refused or lost, and goes on wanting what it wants."""

    code = "F54"
    what = "kill switch under 503, 429, bans and partitions"
    every_s = 500.0
    lasts_s = (10.0, 30.0, 80.0)
    _kind = ""

    def is_possible(self) -> bool:
        """If something could be cancelled."""
        return super().is_possible() and not self.weather.process.is_stopping

    def strike(self) -> None:
        """A while after it began to go wrong."""
        self._kind = self.random.choice(("503", "429", "502", "lost", "unheard", "refused"))
        flatten = self.random.random() < 0.5
        self.after(self.random.uniform(0.0, 5.0), lambda: self._kill(flatten=flatten))

    def _kill(self, *, flatten: bool) -> None:
        if self.weather.process.is_alive and self.chances(1.0):
            self.weather.process.halt("told to, in bad weather", flatten=flatten)

    def request(self, trip: Trip) -> None:
        """Of everything, most of the time."""
        if not self.is_on or self.random.random() < 0.15:
            return
        if self._kind == "503" and is_act(trip):
            trip.instead = overloaded()
        elif self._kind == "429":
            trip.instead = rate_limited(self.random.randint(1, 5))
        elif self._kind == "502":
            trip.proxied = page(502)
        elif self._kind == "lost":
            trip.lost_out = True
        elif self._kind == "unheard":
            trip.lost_back = True
        elif self._kind == "refused":
            trip.refused = "network is unreachable"


FAULTS: Final[tuple[type[Fault], ...]] = (Refused, NoNetwork, Partition, KilledInBadWeather)
