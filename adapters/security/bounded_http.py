"""A small HTTP server whose every resource has a bound: requests at a time, seconds for one to arrive, what is said.

Requests are judged by their heads before anything of a body is read. Nothing that came is ever repeated in an answer or
a log. The control endpoint and the endpoints for external events are made of it.
"""

import io
import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from adapters.security.control_rules import Asked, Recent, Refused

REQUESTS_MAX: Final = 16
"""At a time; whoever comes then is turned away unheard, and may come again."""
REQUEST_S: Final = 5.0
"""For all of a request to arrive: who sends it drop by drop gives up his place."""
_TOLD_MAX: Final = 20
"""Refusals in a minute that the operator is told of."""


class BoundedServer(ThreadingHTTPServer):
    """A bounded number of requests at a time, each with a bounded time to arrive. OSError when it cannot listen."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    # Windows would let another program listen on the same port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, address: tuple[str, int], handler: "type[BoundedHandler]") -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._places = threading.BoundedSemaphore(REQUESTS_MAX)
        self._told = Recent(_TOLD_MAX)
        super().__init__(address, handler)

    def trouble(self, text: str) -> None:
        """What an operator should know, in words without secrets."""

    def tell_refusal(self, refused: Refused) -> None:
        """Tell the operator, but not so often that somebody could fill the log."""
        if self._told.another(time.monotonic()) is None:
            self.trouble(f"refused a request: {refused.reason}")

    def server_bind(self) -> None:
        """Without the name server that HTTPServer asks for our name."""
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """See ThreadingMixIn."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """See ThreadingMixIn."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Nothing goes to stderr past the log."""
        self.trouble("a request broke off")


class _Deadline(io.RawIOBase):
    """What a socket sends until a moment; TimeoutError after it, however steadily it drips."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See RawIOBase."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class BoundedHandler(BaseHTTPRequestHandler):
    """One request on one connection. Subclasses answer in `respond`, whatever its verb."""

    server: BoundedServer
    protocol_version = "HTTP/1.0"

    def setup(self) -> None:
        """See StreamRequestHandler."""
        super().setup()
        self.rfile = io.BufferedReader(_Deadline(self.connection, REQUEST_S))

    def do_GET(self) -> None:
        """See BaseHTTPRequestHandler."""
        self.respond()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = do_GET  # noqa: N815

    def respond(self) -> None:
        """Judge, do, answer."""
        raise NotImplementedError

    def asked(self) -> Asked:
        """The head of the request."""
        headers = [(name.lower(), str(value)) for name, value in self.headers.items()]
        # Of the bytes that came: the parsed path has lost slashes at its beginning.
        words = self.requestline.split()
        return Asked(verb=self.command, target=words[1] if len(words) > 1 else "", headers=headers)

    def body(self) -> bytes | None:
        """As many bytes as the head, judged before, has told of; None when fewer came."""
        length = int(self.headers["content-length"])
        found = self.rfile.read(length)
        return found if len(found) == length else None

    def refuse(self, refused: Refused) -> None:
        """Say why not."""
        self.server.tell_refusal(refused)
        headers = {} if refused.wait_s is None else {"Retry-After": str(refused.wait_s)}
        if refused.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        self.answer(refused.status, {"error": refused.reason}, headers)

    def answer(self, status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> None:
        """As JSON."""
        content = json.dumps(body).encode()
        told = {
            "Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(content)),
            "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'", **(headers or {}),
        }  # fmt: skip
        self.connection.settimeout(REQUEST_S)
        self.send_response_only(status)
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What the standard library itself refuses: without repeating anything of what came."""
        self.answer(code, {"error": "this is not a request that is understood here"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name is the base class's
        """No access log: what stands in a request is nobody else's business."""
