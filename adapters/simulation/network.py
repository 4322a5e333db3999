"""The way of a request and of a frame: how long, whether it arrives, and what befalls it. TCP keeps a line's order."""

from email.utils import formatdate
from random import Random
from typing import Final, Protocol

import attrs

from adapters.bitmex.credentials import Keys, LoopbackKeys, redacted
from adapters.bitmex.sender import LEAD, Outcome, kept_headers
from adapters.bitmex.signing import expires_at
from adapters.simulation.exchange_side import KEY, SECRET, ExchangeSide, ExchangeSocket
from adapters.simulation.trip import Trip, Waiting, request_of
from adapters.simulation.world import World
from messages import NS_PER_MILLISECOND, NS_PER_SECOND, Address, SendRequest, UtcNs

__all__ = ["KEYS", "PATIENCE", "Befalls", "Frame", "Network", "Reading", "Socket", "Trip", "Waiting", "Watches"]

KEYS: Final = LoopbackKeys(KEY, SECRET)
PATIENCE: Final = 10 * NS_PER_SECOND
"""How long a worker waits for an answer."""
_NEAR: Final = 4 * NS_PER_MILLISECOND
_SPREAD_MS: Final = 8.0


class Reading(Protocol):
    """The line that a socket belongs to."""

    address: Address

    def opened(self, socket: "Socket") -> None:
        """Connected."""

    def heard(self, socket: "Socket", text: str) -> None:
        """A frame came."""

    def closed(self, socket: "Socket", why: str) -> None:
        """The connection has ended, or could not be made."""


@attrs.define(eq=False, kw_only=True)
class Frame:
    """A text on its way to the trading process."""

    socket: "Socket"
    text: str
    table: str
    delay: int
    copies: int = 1
    overtaken: bool = False
    """Later ones do not wait for it."""
    cut: bool = False
    """The connection ends instead."""


class Befalls(Protocol):
    """What goes wrong on the way."""

    def request(self, trip: Trip) -> None:
        """A request leaves."""

    def arriving(self, trip: Trip) -> None:
        """It is at the exchange, and has had no effect yet."""

    def response(self, trip: Trip) -> None:
        """It has had its effect; its answer leaves."""

    def connection(self, address: Address) -> str:
        """A line connects: why it cannot, or ""."""

    def spoken(self, socket: "Socket", text: str) -> str:
        """The process says something on a line: the frame that answers it instead of the exchange, or ""."""

    def frame(self, frame: Frame) -> None:
        """A frame leaves the exchange."""


class Watches(Protocol):
    """Who looks at what passes."""

    def sent(self, trip: Trip) -> None:
        """A request leaves the process."""

    def arrived(self, trip: Trip) -> None:
        """It has had its effect at the exchange."""


class Socket:
    """One connection, seen from the network."""

    def __init__(self, network: "Network", line: Reading, number: int) -> None:
        self.network, self.line, self.number = network, line, number
        self.there = ExchangeSocket(self.carry)
        self.is_open = False
        self.is_dead = False
        """Nothing passes any more, and neither side has been told: a half-open connection."""
        self._last_in: UtcNs = 0
        self._last_out: UtcNs = 0

    def send(self, text: str) -> None:
        """From the process to the exchange, in order."""
        if self.is_dead:
            return
        world = self.network.world
        said = self.network.befalls.spoken(self, text)
        if said:
            world.after(2 * self.network.latency(), lambda: self._arrived(said))
            return
        self._last_out = max(self._last_out, world.now + self.network.latency())
        world.at(self._last_out, lambda: None if self.is_dead else self.network.exchange.heard(self.there, text))

    def leave(self) -> None:
        """The process closes it."""
        self.is_open = False
        self.network.exchange.left(self.there)

    def cut(self, why: str = "the connection was reset") -> None:
        """It breaks, and the process is told."""
        if not self.is_open:
            return
        self.leave()
        self.line.closed(self, why)

    def carry(self, text: str, table: str) -> None:
        """From the exchange to the process."""
        if self.is_dead:
            return
        network = self.network
        frame = Frame(socket=self, text=text, table=table, delay=network.latency())
        network.befalls.frame(frame)
        world = network.world
        if frame.cut:
            world.after(frame.delay, self.cut)
            return
        for _ in range(frame.copies):
            self.tell(frame.text, frame.delay, overtaken=frame.overtaken)

    def tell(self, text: str, delay: int, *, overtaken: bool = False) -> None:
        """From the exchange to the process, so many ns later: in order, unless later ones may overtake it."""
        when = self.network.world.now + delay
        if not overtaken:
            when = self._last_in = max(self._last_in, when)
        self.network.world.at(when, lambda: self._arrived(text))

    def _arrived(self, text: str) -> None:
        if self.is_open and not self.is_dead:
            self.line.heard(self, text)


class Network:
    """Between one process and one exchange."""

    def __init__(
        self, world: World, exchange: ExchangeSide, befalls: Befalls, watches: Watches, random: Random
    ) -> None:
        self.world, self.exchange, self.befalls, self._watches = world, exchange, befalls, watches
        self._random = random
        self.slow = 0
        """ns by which everything takes longer."""
        self.trips = 0
        self.sockets: dict[Address, Socket] = {}
        self._trips: list[Trip] = []

    def latency(self) -> int:
        """One way, in ns."""
        return self.slow + _NEAR + round(self._random.expovariate(1.0) * _SPREAD_MS * NS_PER_MILLISECOND)

    # Lines.

    def connect(self, line: Reading, number: int) -> Socket:
        """A line asks for a connection, and is told what came of it."""
        socket = Socket(self, line, number)
        self.sockets[line.address] = socket
        why = self.befalls.connection(line.address)
        self.world.after(2 * self.latency(), lambda: self._connected(socket, why))
        return socket

    def _connected(self, socket: Socket, why: str) -> None:
        if self.sockets.get(socket.line.address) is not socket:
            return
        if why:
            socket.line.closed(socket, why)
            return
        socket.is_open = True
        socket.line.opened(socket)
        self.exchange.opened(socket.there)

    @property
    def is_connected(self) -> bool:
        """Whether all lines are that have ever connected."""
        return all(socket.is_open for socket in self.sockets.values())

    def forget(self, socket: Socket) -> None:
        """Its line has left it."""
        if self.sockets.get(socket.line.address) is socket:
            del self.sockets[socket.line.address]
        socket.leave()

    def die(self) -> None:
        """The process is gone: the kernel closes its sockets, and nobody waits for answers."""
        for socket in list(self.sockets.values()):
            self.forget(socket)
        for trip in self._trips:
            trip.over = True
        self._trips.clear()

    # Requests.

    def send(self, worker: Waiting, message: SendRequest, *, life: int, started: UtcNs, keys: Keys | None) -> Trip:
        """A request leaves; the worker is told what came of it, once."""
        self.trips += 1
        trip = Trip(
            number=self.trips, life=life, message=message, worker=worker, started=started,
            out=self.latency(), back=self.latency(),
        )  # fmt: skip
        self.befalls.request(trip)
        self._trips.append(trip)
        if trip.refused:
            self.world.after(self.latency(), lambda: self._over(trip, self._failure(trip, trip.refused, reached=False)))
            return trip
        self._watches.sent(trip)
        message = trip.message
        expires = expires_at(started + message.clock_offset, LEAD)
        signed = {} if keys is None else keys.headers(message.verb, message.path, expires, trip.altered or message.body)
        self.world.after(trip.out, lambda: self._arrive(trip, signed))
        self.world.after(
            PATIENCE, lambda: self._over(trip, self._failure(trip, f"no answer within {PATIENCE // NS_PER_SECOND} s"))
        )
        return trip

    def abandon(self, trip: Trip) -> None:
        """Nobody waits for its answer any more; it goes its way."""
        trip.over = True

    def _arrive(self, trip: Trip, signed: dict[str, str]) -> None:
        if trip.lost_out:
            return
        if trip.proxied is None:
            self.befalls.arriving(trip)
            trip.response = self.exchange.answer(request_of(trip, signed), trip.instead)
            trip.arrived = True
            self._watches.arrived(trip)
        else:
            trip.response = trip.proxied
        self.befalls.response(trip)
        if not trip.lost_back:
            dated = formatdate(self.exchange.wall_s(), usegmt=True)
            self.world.after(trip.back, lambda: self._back(trip, dated))

    def arrive_late(self, trip: Trip, delay: int) -> None:
        """It reaches the engine in so many ns, once more or after all; nobody hears of its answer."""
        trip.is_late = True
        self.world.after(delay, lambda: self._arrive_late(trip))

    def _arrive_late(self, trip: Trip) -> None:
        # It was signed in time: what it waits in lies behind whoever looks at signatures.
        message = trip.message
        signed = KEYS.headers(message.verb, message.path, int(self.exchange.wall_s()) + 1, message.body)
        self.exchange.answer(request_of(trip, signed))
        trip.arrived = True
        self._watches.arrived(trip)

    def _back(self, trip: Trip, dated: str) -> None:
        response = trip.response
        assert response is not None
        headers = kept_headers({**response.headers, "date": dated}.items(), str)
        self._over(
            trip,
            Outcome(
                status=response.status, headers=headers, body=redacted(response.body, KEYS),
                started=trip.started, sent=trip.started, received=trip.started,
            ),
        )  # fmt: skip

    @staticmethod
    def _failure(trip: Trip, why: str, *, reached: bool = True) -> Outcome:
        return Outcome(failure=why, reached=reached, started=trip.started, sent=trip.started, received=trip.started)

    def _over(self, trip: Trip, outcome: Outcome) -> None:
        if trip.over:
            return
        trip.over = True
        self._trips = [each for each in self._trips if each is not trip]
        trip.worker.finished(outcome)
