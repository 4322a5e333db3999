"""The transport of `requests`, with one connection to one origin, which signs last and sees when bytes leave.

A request goes `Transport.carry` -> urllib3's pool -> `_Connection.request`, which connects if it must, only then asks
for the headers (so that no signature grows old while TLS shakes hands), and writes everything at once: whether and when
it left is seen and not guessed. An answer is read against a deadline for all of it, not for each piece.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from adapters.bitmex.transport import AGENT, REST, allowed, verified
from messages import UtcNs


class Held(Exception):  # noqa: N818 nothing is wrong: it is told to stay
    """The request may not leave any more; the text says why."""


@attrs.define(kw_only=True, eq=False)
class Attempt:
    """One request on its way, and what is known of it."""

    verb: str
    target: str
    """Path and query, which stand in the first line exactly so."""
    body: bytes
    headers: Callable[[], Mapping[str, str]] = attrs.field(repr=False)
    """Asked for when the connection stands: signs, or raises Held."""
    clock: Callable[[], UtcNs] = attrs.field(repr=False)
    ends: float
    """By `time.monotonic()`: when to give up."""
    reused: bool = False
    """Whether its connection had carried requests before, so that the other side may have left it."""
    wrote: bool = False
    """Whether any byte of it may have left."""
    sent: UtcNs = 0
    """When the last byte was written; 0 when none was."""


class _Deadline(io.RawIOBase):
    """A socket to be read until a time. TimeoutError after it, however much dribbles in before."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock, self._ends = sock, ends
        self._raw: Any = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, ends: float, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Deadline(sock, ends))


class _Connection(HTTPConnection):
    debuglevel = 0  # What somebody sets for all of http.client would print headers.

    def __init__(self, *arguments: Any, transport: "Transport", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._transport = transport
        self._parts: list[bytes] | None = None

    def request(  # type: ignore[override]  # with the options that urllib3 passes, whatever they are
        self, method: str, _url: str, body: Any = None, headers: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        """Connect, sign, write; the target is the attempt's own, which nobody has encoded once more."""
        attempt = self._transport.attempt
        assert attempt is not None
        attempt.reused = self.sock is not None
        if self.sock is None:
            self.connect()
        self.timeout = max(attempt.ends - time.monotonic(), 0.001)
        self.sock.settimeout(self.timeout)
        self.response_class = partial(_Answer, ends=attempt.ends)  # type: ignore[assignment]  # called, no more
        self._parts = []
        try:
            super().request(method, attempt.target, body, {**(headers or {}), **attempt.headers()}, **options)
            whole = b"".join(self._parts)
        finally:
            self._parts = None
        attempt.wrote = True
        super().send(whole)
        attempt.sent = attempt.clock()

    def send(self, data: Any) -> None:
        """Head and body leave together: one write, one segment."""
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class Transport(HTTPAdapter):
    """One keep-alive connection to one origin. A whole `Session` would add cookies, redirects, proxies: none wanted."""

    def __init__(self, origin: str, authorities: str | None = None) -> None:
        self.attempt: Attempt | None = None
        parts = allowed(origin, REST)
        assert parts.hostname is not None
        self._url = f"{origin}/"
        self._verify: bool | str = authorities or True
        self._pool: HTTPConnectionPool
        if parts.scheme == "https":
            context: ssl.SSLContext = verified(authorities)
            self._pool = HTTPSConnectionPool(parts.hostname, parts.port, ssl_context=context)
            self._pool.ConnectionCls = partial(_SecureConnection, transport=self)  # type: ignore[assignment]
        else:
            self._pool = HTTPConnectionPool(parts.hostname, parts.port)
            self._pool.ConnectionCls = partial(_Connection, transport=self)  # type: ignore[assignment]
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        """The one pool, wherever a request says that it goes."""
        return self._pool

    def get_connection(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        """As above, for releases of `requests` before 2.32.2."""
        return self._pool

    def carry(self, attempt: Attempt, connect_s: float) -> Response:
        """Send it, and have the head of its answer. RequestException, or what `attempt.headers` raises."""
        self.attempt = attempt
        request = PreparedRequest()
        request.method, request.url = attempt.verb, self._url
        request.headers = CaseInsensitiveDict(
            {
                "accept": "application/json",
                "accept-encoding": "gzip",
                "content-type": "application/json",
                "content-length": str(len(attempt.body)),
                "user-agent": AGENT,
            }
        )
        request.body = attempt.body or None
        left = max(attempt.ends - time.monotonic(), 0.001)
        try:
            return self.send(request, stream=True, timeout=(min(connect_s, left), left), verify=self._verify)
        finally:
            self.attempt = None

    def close(self) -> None:
        """Close the connection; another is made when one is needed."""
        self._pool.close()
        super().close()
