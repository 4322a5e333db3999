"""One request at a time to the venue, by the standard library: a new connection each, TLS verified, no redirects."""

import contextlib
import email.utils
import http.client
import json
import ssl
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from adapters.watchdog.keys import Keys
from adapters.watchdog.rescue import Answer, Ask
from adapters.watchdog.words import one_line

TIMEOUT_S: Final = 10.0
LEAD_S: Final = 9
"""So long a signature holds: an order that closes a position must not arrive when somebody trades again."""
_BODY_MAX: Final = 8 * 1024 * 1024
_PIECE: Final = 65_536
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")
_SKEW_S: Final = 2.0
"""What the head of an answer tells of the venue's time is a whole second, and was on its way."""


class Venue:
    """One venue and account. ValueError for an origin that keys may not be sent to; OSError for no authorities."""

    def __init__(
        self, origin: str, keys: Keys, authorities: str | None, clock: Callable[[], float] = time.time
    ) -> None:
        self._parts = _allowed(origin)
        self._keys, self._clock = keys, clock
        self._context: ssl.SSLContext | None = None
        if self._parts.scheme == "https":
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._context.minimum_version = ssl.TLSVersion.TLSv1_2
            if authorities is None:
                self._context.load_default_certs()
            else:
                self._context.load_verify_locations(authorities)
        self._ahead_s = 0.0
        """How far the venue's clock goes before ours, where that matters."""

    def send(self, request: Ask) -> Answer:
        """Send it, once, and say what came of it: whatever goes wrong is an answer too."""
        ends = time.monotonic() + TIMEOUT_S
        connection = self._connection()
        try:
            expires = int(self._clock() + self._ahead_s) + LEAD_S
            headers = {
                "accept": "application/json",
                "content-type": "application/json",
                "user-agent": "openoutcry",
                "connection": "close",
                **self._keys.headers(request.verb, request.path, expires, request.body),
            }
            connection.request(request.verb, request.path, request.body.encode() or None, headers)
            response = connection.getresponse()
            body = _read(response, ends)
        except (OSError, http.client.HTTPException) as error:
            return Answer(failure=self._told(f"{type(error).__name__}: {error}"))
        finally:
            connection.close()
        self._learn(response)
        return self._answer(response, body)

    def _connection(self) -> http.client.HTTPConnection:
        assert self._parts.hostname is not None
        if self._context is None:
            return http.client.HTTPConnection(self._parts.hostname, self._parts.port, timeout=TIMEOUT_S)
        return http.client.HTTPSConnection(
            self._parts.hostname, self._parts.port, timeout=TIMEOUT_S, context=self._context
        )

    def _answer(self, response: http.client.HTTPResponse, body: bytes) -> Answer:
        try:
            told = json.loads(body)
        except ValueError:
            told = None
        status = response.status
        if 200 <= status < 300:
            return Answer(status, told, "" if told is not None else "an answer that is no JSON")
        error = told.get("error") if isinstance(told, dict) else None
        text = error.get("message") if isinstance(error, dict) else None
        failure = self._told(f"status {status}{f': {text}' if text else ''}")
        return Answer(status, failure=failure, pause_s=_seconds(response.headers.get("retry-after")))

    def _learn(self, response: http.client.HTTPResponse) -> None:
        """Signed by the venue's clock a request is not too old because ours is wrong."""
        with contextlib.suppress(ValueError, TypeError):
            told = email.utils.parsedate_to_datetime(response.headers["date"]).timestamp()
            ahead = told - self._clock()
            self._ahead_s = ahead if abs(ahead) > _SKEW_S else 0.0

    def _told(self, text: str) -> str:
        return one_line(self._keys.redact(text))


def _allowed(origin: str) -> SplitResult:
    parts = urlsplit(origin)
    if not parts.hostname or parts.username is not None or parts.path:
        raise ValueError(f"{parts.scheme}://{parts.hostname}: an origin is a host and no more")
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOCAL):
        raise ValueError(f"{parts.scheme}://{parts.hostname}: without TLS only this machine is spoken to")
    return parts


def _read(response: http.client.HTTPResponse, ends: float) -> bytes:
    """All of it, against one deadline: TimeoutError after it, however much dribbles in before."""
    body = b""
    while piece := response.read1(_PIECE):
        body += piece
        if len(body) > _BODY_MAX:
            raise http.client.HTTPException(f"an answer of more than {_BODY_MAX} bytes")
        if time.monotonic() >= ends:
            raise TimeoutError("the answer did not end in time")
    return body


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else 0.0
