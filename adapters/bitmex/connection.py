"""One WebSocket connection, as far as bytes go: opened, read, written, ended; failures are words without secrets."""

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from adapters.bitmex.credentials import Keys, redacted
from adapters.bitmex.fields import repeated
from adapters.bitmex.pipe import Pipe
from adapters.bitmex.transport import AGENT, SOCKET, allowed, verified

if TYPE_CHECKING:
    from websocket import WebSocket

OPEN_S: Final = 10.0
"""To connect, to shake hands for TLS and for WebSocket: all of it."""
_SWITCHED: Final = 101
_PORTS: Final = {"ws": 80, "wss": 443}
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_CONTROL: Final = (_PING, _PONG)
_CONTROL_HEAD: Final = 2
"""Bytes before what a ping holds."""


class Connection:
    """To `url`. `opened` and `read` are for one thread, which also calls `close` at the end; the rest is for any."""

    def __init__(self, number: int, url: str, keys: Keys | None, authorities: str | None = None) -> None:
        self.number = number
        self.is_open = False
        self._url, self._keys, self._authorities = url, keys, authorities
        self._pipe: Pipe | None = None
        self._socket: WebSocket | None = None
        self._left = threading.Event()

    def opened(self) -> str:
        """Connect. Why it could not be, or ""."""
        try:
            self._connect(time.monotonic() + OPEN_S)
        except Exception as error:  # noqa: BLE001 the library's frames hold what it was given to send
            return self._said(error)
        self.is_open = True
        return ""

    def _connect(self, ends: float) -> None:
        import websocket  # noqa: PLC0415 loaded by who connects

        # Somebody may have switched it on in this process: it would write log-ins.
        websocket.enableTrace(traceable=False)
        parts = allowed(self._url, SOCKET)
        assert parts.hostname is not None
        sock = socket.create_connection((parts.hostname, parts.port or _PORTS[parts.scheme]), timeout=OPEN_S)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if parts.scheme == "wss":
                context = verified(self._authorities)
                sock = context.wrap_socket(sock, server_hostname=parts.hostname, do_handshake_on_connect=False)
            pipe = Pipe(sock, ends=ends)
        except BaseException:
            sock.close()
            raise
        self._pipe = pipe
        if self._left.is_set():
            pipe.shutdown()
        pipe.handshake()
        # A socket of ours is neither connected through a proxy, nor taken elsewhere by a redirect.
        connected = websocket.WebSocket(skip_utf8_validation=True)
        connected.connect(  # type: ignore[no-untyped-call]  # the library's own gap
            self._url, socket=pipe, redirect_limit=0, suppress_origin=True, header=[f"User-Agent: {AGENT}"]
        )
        if connected.getstatus() != _SWITCHED:
            # Some versions of the library take an answer that leads elsewhere for an opened socket.
            raise websocket.WebSocketException(f"the venue answered with status {connected.getstatus()}")
        pipe.no_deadline()
        pipe.message_ended()
        self._socket = connected

    def read(self) -> tuple[str, str]:
        """The next text; or "" and why there will be none. Pings are answered by the way."""
        assert self._socket is not None
        assert self._pipe is not None
        try:
            kind, content = _PING, b""
            while kind in _CONTROL:
                kind, frame = self._socket.recv_data_frame(control_frame=True)
                content = frame.data
                if kind in _CONTROL:
                    # It may come between two parts of a message.
                    self._pipe.forgive(_CONTROL_HEAD + len(content))
            self._pipe.message_ended()
            if kind == _TEXT:
                # The library checks each byte by itself in Python; decoding does so too.
                return redacted(content.decode(), self._keys), ""
        except Exception as error:  # noqa: BLE001 as above
            return "", self._said(error)
        if kind == _CLOSE:
            code, reason = int.from_bytes(content[:2], "big"), content[2:].decode("utf-8", "replace")
            return "", self._clean(f"the venue closed it: {code or 'no code'} {reason}".rstrip())
        return "", f"a frame that is no text (opcode {kind})"

    def send(self, text: str) -> str:
        """Send a text frame. Why it failed, or ""."""
        assert self._socket is not None
        try:
            self._socket.send(text)
        except Exception as error:  # noqa: BLE001 as above
            return self._said(error)
        return ""

    def log_in(self, expires: int) -> str:
        """Send a log-in. Why it failed, or ""."""
        assert self._socket is not None
        assert self._keys is not None
        try:
            # In no variable of ours: a traceback may show those.
            self._socket.send(self._keys.login(expires))
        except Exception as error:  # noqa: BLE001 as above
            # Its own words might repeat the signature, which nobody can recognise any more.
            return f"the log-in could not be sent: {type(error).__name__}"
        return ""

    def leave(self) -> None:
        """End it, from any thread. Whoever reads is woken."""
        self.is_open = False
        self._left.set()
        if self._pipe is not None:
            self._pipe.shutdown()

    def close(self) -> None:
        """Give back the socket, when nobody reads any more."""
        self.leave()
        if self._pipe is not None:
            with contextlib.suppress(OSError):
                self._pipe.close()

    def _clean(self, text: str) -> str:
        return repeated(redacted(text, self._keys))

    def _said(self, error: Exception) -> str:
        status = getattr(error, "status_code", None)
        if status is not None:
            after = (getattr(error, "resp_headers", None) or {}).get("retry-after")
            return self._clean(
                f"the venue answered with status {status}" + (f", retry after {after} s" if after else "")
            )
        # A payload that could not be read stands in some of their texts: nobody needs all of it.
        return self._clean(f"{type(error).__name__}: {error}")
