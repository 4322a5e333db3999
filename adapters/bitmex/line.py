"""The actor at the socket: moves text between one connection and its user, and decides nothing.

A fresh thread for each connection opens it, then reads: it says what came, through `say`. What is to be sent is sent by
the actor's own thread. A connection that was given up is not heard of again, however late its bytes come.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from actors.component import Component
from adapters.bitmex.connection import Connection
from adapters.bitmex.credentials import Keys
from adapters.bitmex.transport import SOCKET, allowed
from messages import (
    Address,
    CloseLine,
    LineClosed,
    LineOpened,
    Message,
    OpenLine,
    SendLogin,
    SendText,
    TextReceived,
    UtcNs,
)

_JOIN_S: Final = 2.0


class Line(Component):
    """One connection at a time, whatever it is made of."""

    def cut(self, why: str) -> None:
        """Give the connection up, from any thread: its user hears that it is closed."""
        raise NotImplementedError


class SocketLine(Line):
    """One WebSocket connection at a time to `url`, for the actor `user`.

    Hears OpenLine, CloseLine, SendText, SendLogin; says LineOpened, LineClosed (once for each connection that was not
    closed by CloseLine or another OpenLine), TextReceived. What its reader says goes through `say`, which must take
    messages from any thread and not block. A handler blocks for 5 s at most, when the other side does not read.
    With `keys` it can log in, and key and secret are made unreadable in what comes in. `clock` gives ns UTC.
    ValueError for a url without TLS that is not on this machine. `authorities`: see `transport.verified`.
    """

    def __init__(
        self,
        address: Address,
        user: Address,
        url: str,
        say: Callable[[Message], None],
        *,
        clock: Callable[[], UtcNs] = time.time_ns,
        keys: Keys | None = None,
        authorities: str | None = None,
    ) -> None:
        allowed(url, SOCKET)
        self.address = address
        self._user, self._url, self._say = user, url, say
        self._clock, self._keys, self._authorities = clock, keys, authorities
        self._lock = threading.Lock()
        """Held while something is said of the connection, or while it is exchanged for another."""
        self._current: Connection | None = None
        self._thread: threading.Thread | None = None

    def on_open_line(self, message: OpenLine) -> tuple[Message, ...]:
        """Connect, in a thread of its own; what was connected is closed."""
        self._drop()
        connection = Connection(message.number, self._url, self._keys, self._authorities)
        self._current = connection
        self._thread = threading.Thread(
            target=self._live, args=(connection,), name=f"{self.address} {message.number}", daemon=True
        )
        self._thread.start()
        return ()

    def on_close_line(self, message: CloseLine) -> tuple[Message, ...]:
        """Close it; nothing more is said of it."""
        if self._current is not None and self._current.number == message.number:
            self._drop()
        return ()

    def on_send_text(self, message: SendText) -> tuple[Message, ...]:
        """Send it, on the connection that it was meant for and on no other."""
        connection = self._of(message.number)
        return () if connection is None else self._ended(connection, connection.send(message.text))

    def on_send_login(self, message: SendLogin) -> tuple[Message, ...]:
        """Log in, signed now."""
        assert self._keys is not None, f"{self.address} has no keys to log in with"
        connection = self._of(message.number)
        return () if connection is None else self._ended(connection, connection.log_in(message.expires))

    def cut(self, why: str) -> None:
        """Give the connection up, from any thread: its user hears that it is closed."""
        connection = self._current
        if connection is not None:
            self._tell(connection, self._closed(connection, why), ends=True)
            connection.leave()

    def release(self) -> None:
        """Close, and wait a moment for the reader's thread."""
        self._drop()
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def _of(self, number: int) -> Connection | None:
        connection = self._current
        return connection if connection is not None and connection.number == number and connection.is_open else None

    def _drop(self) -> None:
        with self._lock:
            connection, self._current = self._current, None
        if connection is not None:
            connection.leave()

    def _ended(self, connection: Connection, why: str) -> tuple[Message, ...]:
        """What is said of a connection's end, by whoever notices first. Nothing while `why` is ""."""
        if not why:
            return ()
        with self._lock:
            if self._current is not connection:
                return ()
            self._current = None
        connection.leave()
        return (self._closed(connection, why),)

    def _closed(self, connection: Connection, why: str) -> LineClosed:
        return LineClosed(to=self._user, number=connection.number, reason=why, at=self._clock())

    # In the reader's thread.

    def _live(self, connection: Connection) -> None:
        why = "its reader failed"
        try:
            why = connection.opened() or self._read(connection)
        finally:
            self._tell(connection, self._closed(connection, why), ends=True)
            connection.close()

    def _read(self, connection: Connection) -> str:
        """Say what comes. Why nothing more will."""
        user, number = self._user, connection.number
        self._tell(connection, LineOpened(to=user, number=number, at=self._clock()))
        while self._current is connection:
            text, why = connection.read()
            at = self._clock()
            if why:
                return why
            self._tell(connection, TextReceived(to=user, number=number, text=text, at=at))
        return "closed by ourselves"

    def _tell(self, connection: Connection, message: Message, *, ends: bool = False) -> None:
        with self._lock:
            if self._current is connection:
                if ends:
                    self._current = None
                self._say(message)
