"""Events that are sent to us: an HTTP endpoint, on this machine alone unless somebody says otherwise.

A thread listens, each request has a thread of its own for a few seconds at most, and what is right is said at once,
with the time at which its last byte had come. `door` judges; how much may come at a time is bounded in every way.
"""

import threading
import time
from typing import Final

from adapters.configuration import ListenSection
from adapters.events.door import Door, events_of
from adapters.events.rows import RowError
from adapters.events.teller import Teller
from adapters.security.bounded_http import BoundedHandler, BoundedServer
from adapters.security.control_rules import Refused

_REST_S: Final = 1.0
_AGAIN_S: Final = 5.0
"""Until it is tried again to listen on a port that is taken."""
_POLL_S: Final = 0.1


class Endpoint:
    """The worker: begins to listen, tries again where the port is taken, and stops when it is closed."""

    def __init__(self, section: ListenSection, teller: Teller, token: str, *, kind: str) -> None:
        self._section, self._teller, self._kind = section, teller, kind
        self._door = Door(
            token,
            host=section.host,
            port=section.port,
            bytes_max=section.bytes_max,
            per_second=section.events_per_second,
        )
        self._server: _Server | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    def heritage(self) -> None:
        """What was sent was heard; there is nothing to go on from."""

    def turn(self) -> float:
        """See that somebody listens."""
        section = self._section
        with self._lock:
            if self._server is not None or self._is_closed:
                return _REST_S
            try:
                self._server = server = _Server(section, self._teller, self._door, self._kind)
            except OSError as error:
                where = f"{section.host} port {section.port}"
                self._teller.trouble(f"cannot listen on {where}: {error.strerror or error}")
                return _AGAIN_S
        name = f"events:{self._teller.source} listens"
        threading.Thread(target=server.serve_forever, args=(_POLL_S,), name=name, daemon=True).start()
        self._teller.well()
        return _REST_S

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            self._is_closed = True
            server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()


class _Server(BoundedServer):
    """Listens from its making on."""

    def __init__(self, section: ListenSection, teller: Teller, door: Door, kind: str) -> None:
        self.teller, self.door, self.kind = teller, door, kind
        super().__init__((section.host, section.port), _Handler)

    def trouble(self, text: str) -> None:
        """What was refused is named like what cannot be read: both are bounded, and neither repeats what came."""
        self.teller.malformed(f"the endpoint {text}")


class _Handler(BoundedHandler):
    """One request on one connection."""

    server: _Server

    def respond(self) -> None:
        """Hear the events, or say why not."""
        server = self.server
        refused = server.door.judge(self.asked(), time.monotonic())
        if refused is not None:
            self.refuse(refused)
            return
        body = self.body()
        if body is None:
            return
        received = server.teller.clock()
        try:
            rows = events_of(body, server.kind, received)
        except RowError as error:
            self.refuse(Refused(400, str(error)))
            return
        refused = server.door.more(len(rows) - 1, time.monotonic())
        if refused is not None:
            self.refuse(refused)
            return
        if server.teller.over:
            # Nobody says it any more: who sends shall not believe that it was heard.
            self.refuse(Refused(503, "the endpoint is being closed", 1))
            return
        for row in rows:
            server.teller.event(row.event(server.teller.source, received))
        self.answer(200, {"heard": len(rows)})
