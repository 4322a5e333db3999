"""The actors at the simulated network's edge: as SocketLine and RestWorker, without sockets and threads.

A worker waits in no handler here: what would wait in its mailbox waits in it, and goes to its successor.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import attrs

from actors.component import Component
from adapters.bitmex.credentials import Keys
from adapters.bitmex.line import Line
from adapters.bitmex.rest import WorkerHeritage, begun_before, why_held
from adapters.bitmex.sender import Outcome
from adapters.simulation.disk import Disk
from adapters.simulation.network import Network, Socket, Trip
from messages import (
    NS_PER_SECOND,
    Address,
    CancelAll,
    CloseLine,
    LineClosed,
    LineOpened,
    Message,
    OpenLine,
    Period,
    RequestAnswered,
    SendLogin,
    SendRequest,
    SendText,
    TextReceived,
    UtcNs,
    WakeAt,
    Woke,
)


class Hearing(Protocol):
    """The process, as its edge knows it."""

    life: int
    stood_s: float
    """Seconds in which it stood still, so far."""

    def hear(self, what: Callable[[UtcNs], None]) -> None:
        """Something has come from outside: it is said with the time at which the process notices."""


class SimulatedLine(Line):
    """See SocketLine."""

    def __init__(
        self, address: Address, user: Address, say: Callable[[Message], None], *, network: Network, process: Hearing,
        keys: Keys | None,
    ) -> None:  # fmt: skip
        self.address = address
        self._user, self._say, self._network, self._process, self._keys = user, say, network, process, keys
        self._socket: Socket | None = None

    def on_open_line(self, message: OpenLine) -> tuple[Message, ...]:
        """Connect; what was connected is closed."""
        self._drop()
        self._socket = self._network.connect(self, message.number)
        return ()

    def on_close_line(self, message: CloseLine) -> tuple[Message, ...]:
        """Close it; nothing more is said of it."""
        if self._socket is not None and self._socket.number == message.number:
            self._drop()
        return ()

    def on_send_text(self, message: SendText) -> tuple[Message, ...]:
        """Send it, on the connection that it was meant for and on no other."""
        self._send(message.number, message.text)
        return ()

    def on_send_login(self, message: SendLogin) -> tuple[Message, ...]:
        """Log in, signed now."""
        assert self._keys is not None
        self._send(message.number, self._keys.login(message.expires))
        return ()

    def release(self) -> None:
        """Close."""
        self._drop()

    def _send(self, number: int, text: str) -> None:
        socket = self._socket
        if socket is not None and socket.number == number and socket.is_open:
            socket.send(text)

    def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            self._network.forget(socket)

    # The network says.

    def opened(self, socket: Socket) -> None:
        """Connected."""
        self._tell(socket, lambda at: LineOpened(to=self._user, number=socket.number, at=at))

    def heard(self, socket: Socket, text: str) -> None:
        """A frame came; what it repeats of our keys is made unreadable."""
        text = text if self._keys is None else self._keys.redact(text)
        self._tell(socket, lambda at: TextReceived(to=self._user, number=socket.number, text=text, at=at))

    def cut(self, why: str) -> None:
        """See Line."""
        socket = self._socket
        if socket is not None:
            self._network.forget(socket)
            # Whoever cuts it may be in the middle of something.
            self._network.world.after(0, lambda: self.closed(socket, why))

    def closed(self, socket: Socket, why: str) -> None:
        """It has ended."""
        self._tell(socket, lambda at: LineClosed(to=self._user, number=socket.number, reason=why, at=at), ends=True)

    def _tell(self, socket: Socket, said: Callable[[UtcNs], Message], *, ends: bool = False) -> None:
        def tell(at: UtcNs) -> None:
            if self._socket is socket:
                if ends:
                    self._socket = None
                self._say(said(at))

        self._process.hear(tell)


class SimulatedWorker(Component):
    """See RestWorker."""

    def __init__(
        self, address: Address, say: Callable[[Message], None], network: Network, process: Hearing, *,
        keys: Keys | None, gate: Callable[[], bool], clock: Callable[[], UtcNs], left: "deque[SendRequest]",
        heritage: WorkerHeritage | None,
    ) -> None:  # fmt: skip
        self.address = address
        self._say, self._network, self._process, self._gate, self._clock = say, network, process, gate, clock
        self._keys, self._waiting = keys, left
        self._trip: Trip | None = None
        told = heritage or WorkerHeritage()
        self._before = self._begun = told.begun
        self._taken_back = told.taken_back

    def heritage(self) -> WorkerHeritage:
        """See RestWorker."""
        return WorkerHeritage(self._begun, self._taken_back)

    def on_start(self) -> tuple[Message, ...]:
        """What a predecessor had in hand and did not answer is sent again, as a mailbox gives it back, but not yet."""
        return (WakeAt(0, "go on"),) if self._waiting else ()

    def died_on(self, message: Message) -> tuple[Message, ...]:
        """The predecessor has failed on this one, which no mailbox gives back: whoever asked finds out by himself."""
        for place, waiting in enumerate(self._waiting):
            if waiting is message:
                del self._waiting[place]
                break
        return ()

    def on_woke(self, _woke: Woke) -> tuple[Message, ...]:
        """It is known by now what is to be gone on with."""
        return self._next()

    def on_cancel_all(self, cancel: CancelAll) -> tuple[Message, ...]:
        """What was asked for before it and opens is not sent any more."""
        self._taken_back = max(self._taken_back, cancel.ts)
        return ()

    def on_send_request(self, message: SendRequest) -> tuple[Message, ...]:
        """Send it, when what came before is answered."""
        self._waiting.append(message)
        return self._next()

    def release(self) -> None:
        """Whoever waits for it will not hear of it."""
        if self._trip is not None:
            self._network.abandon(self._trip)
            self._trip = None

    def finished(self, outcome: Outcome) -> None:
        """There is an answer."""

        def tell(at: UtcNs) -> None:
            trip = self._trip
            if trip is None:
                return
            self._trip = None
            self._waiting.popleft()
            self._say(_answered(trip.message, attrs.evolve(outcome, received=at)))
            for message in self._next():
                self._say(message)

        self._process.hear(tell)

    def _next(self) -> tuple[Message, ...]:
        said: list[Message] = []
        while self._trip is None and self._waiting:
            message, now = self._waiting[0], self._clock()
            begun = (message.reply_to, message.number)
            if message.opens and begun == self._before:
                self._waiting.popleft()
                said.append(begun_before(message, now))
                continue
            if message.opens:
                self._begun = begun
            why = why_held(message, now, gate_is_open=self._gate(), taken_back=self._taken_back)
            if not why:
                self._trip = self._network.send(self, message, life=self._process.life, started=now, keys=self._keys)
                break
            self._waiting.popleft()
            said.append(_answered(message, Outcome(failure=why, reached=False, started=now, sent=now, received=now)))
        return tuple(said)


def _answered(message: SendRequest, outcome: Outcome) -> RequestAnswered:
    fields: dict[str, Any] = attrs.asdict(outcome, recurse=False)
    return RequestAnswered(to=message.reply_to, number=message.number, **fields)


class SimulatedWires:
    """One life's: what its actors at the edge are made of."""

    trace_every: Period = NS_PER_SECOND
    """Seldom: it saves time, and more is lost at a death."""

    def __init__(self, network: Network, disk: Disk, process: Hearing) -> None:
        self._network, self._disk, self._process = network, disk, process
        self._left: dict[Address, deque[SendRequest]] = {}

    def passed(self) -> float:
        """See Wires: nothing but what it stood still, for somebody looks all the time."""
        return self._process.stood_s

    def line(
        self, address: Address, user: Address, url: str, say: Callable[[Message], None], *,  # noqa: ARG002 one place
        clock: Callable[[], UtcNs], keys: Keys | None = None,  # noqa: ARG002 it is told the time
    ) -> Line:  # fmt: skip
        """See Wires."""
        return SimulatedLine(address, user, say, network=self._network, process=self._process, keys=keys)

    def worker(
        self, address: Address, origin: str, say: Callable[[Message], None], *,  # noqa: ARG002 there is one place
        clock: Callable[[], UtcNs], keys: Keys | None = None, gate: Callable[[], bool] = lambda: True,
        heritage: WorkerHeritage | None = None,
    ) -> Component:  # fmt: skip
        """See Wires."""
        left = self._left.setdefault(address, deque())
        return SimulatedWorker(
            address, say, self._network, self._process,
            keys=keys, gate=gate, clock=clock, left=left, heritage=heritage,
        )  # fmt: skip

    def file(self, folder: Path, name: str, *, full_sync: bool = False) -> sqlite3.Connection:
        """See Wires."""
        return self._disk.file(folder, name, full_sync=full_sync)
