"""The control endpoint of a running trader: HTTP on this machine alone, to halt it and to ask how it is.

A thread listens, each request has a thread of its own for a few seconds at most, and `on_halt` runs in it at once: no
mailbox stands between the operator and the gate. Whoever may ask is judged in `control_rules`; the other end is
`control_client`. The run folder gets `control.json` (where we listen), `control.lock` (held while we do, so that a
client sends its token to nobody who took our port after us), `control.token` and `status.token`.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from adapters.errors import InputError
from adapters.security.bounded_http import BoundedHandler, BoundedServer
from adapters.security.control_rules import Gatekeeper
from adapters.security.lock import FileLock
from adapters.security.private_files import private_folder, write_private_atomically
from adapters.security.tokens import Tokens, tokens_of

CONTROL_FILE: Final = "control.json"
LOCK_FILE: Final = "control.lock"
HOSTS: Final = ("127.0.0.1", "::1")
REASON_MAX: Final = 200
"""Characters of a reason."""
_POLL_S: Final = 0.1

OnHalt = Callable[[str, bool], Mapping[str, object]]
"""Halts, given the reason and whether to flatten; returns what was done, as JSON can write it."""
OnStatus = Callable[[], Mapping[str, object]]
"""How things stand, as JSON can write it."""


class ControlServer:
    """Listens from `start` to `close`.

    `on_halt` and `on_status` are called on threads of the server, several at a time. `on_trouble` hears, in words
    without secrets, what an operator should know: requests that were refused, calls that failed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        on_halt: OnHalt,
        on_status: OnStatus,
        on_trouble: Callable[[str], None] = lambda _text: None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """InputError for a host that others could reach, and for a token that is empty, weak or readable by others."""
        if host not in HOSTS:
            raise InputError(f"control listens on this machine alone ({' or '.join(HOSTS)}), not on {host!r}")
        self.port = 0
        self._folder = private_folder(folder)
        self._tokens = tokens_of(folder)
        self.redact = self._tokens.redact
        """Takes the tokens out of a text: for the log's redactor."""
        self._address = (host, port)
        self._calls = _Calls(on_halt, on_status, on_trouble)
        self._lock = FileLock(folder / LOCK_FILE, f"control of {folder}", folder)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Listen; returns the port. InputError when the port or the folder is taken."""
        self._lock.acquire()
        try:
            try:
                self._server = _Server(self._address, self._tokens, self._calls)
            except OSError as error:
                host, port = self._address
                raise InputError(f"control cannot listen on {host} port {port}: {error.strerror or error}") from None
            self.port = self._server.server_address[1]
            told = {"host": self._address[0], "port": self.port, "pid": os.getpid()}
            write_private_atomically(self._folder / CONTROL_FILE, json.dumps(told) + "\n")
        except BaseException:
            self._end()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), name="control", daemon=True)
        self._thread.start()
        return self.port

    def close(self) -> None:
        """Stop listening. Answers under way still go out, as long as the process lives."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
            with contextlib.suppress(OSError):
                (self._folder / CONTROL_FILE).unlink(missing_ok=True)
        self._end()

    def _end(self) -> None:
        if self._server is not None:
            self._server.server_close()
            self._server = None
        self._lock.release()


class _Calls:
    """What the requests come to."""

    def __init__(self, on_halt: OnHalt, on_status: OnStatus, on_trouble: Callable[[str], None]) -> None:
        self._on_halt = on_halt
        self._on_status = on_status
        self._on_trouble = on_trouble

    def halt(self, body: bytes) -> tuple[int, Mapping[str, object]]:
        """Status and answer."""
        try:
            reason, flatten = _order(body)
        except ValueError as error:
            return 400, {"error": str(error)}
        return self._called("halt", lambda: self._on_halt(reason, flatten))

    def status(self) -> tuple[int, Mapping[str, object]]:
        """Status and answer."""
        return self._called("status", self._on_status)

    def trouble(self, text: str) -> None:
        """Tell the operator; a failure in that is no reason to fail a request."""
        with contextlib.suppress(Exception):
            self._on_trouble(text)

    def _called(self, name: str, call: Callable[[], Mapping[str, object]]) -> tuple[int, Mapping[str, object]]:
        try:
            answer = call()
            json.dumps(answer)
        except Exception as error:  # noqa: BLE001 whoever asked must hear that it did not work
            self.trouble(f"{name} failed: {type(error).__name__}: {error}")
            return 500, {"error": f"{name} failed: {type(error).__name__}; the log says more"}
        return 200, answer


def _order(body: bytes) -> tuple[str, bool]:
    """Reason and whether to flatten; ValueError with words for whoever sent it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    if not isinstance(found, dict) or not set(found) <= {"reason", "flatten"}:
        raise ValueError('the body is {"reason": "...", "flatten": false}')
    reason, flatten = found.get("reason", "operator"), found.get("flatten", False)
    if not isinstance(flatten, bool):
        raise ValueError("flatten is true or false")  # noqa: TRY004 of the sender's value, not of ours
    if not (isinstance(reason, str) and reason.strip() and len(reason) <= REASON_MAX and reason.isprintable()):
        raise ValueError(f"the reason is printable text of at most {REASON_MAX} characters")
    return reason.strip(), flatten


class _Server(BoundedServer):
    """Judges by the gatekeeper, and calls."""

    def __init__(self, address: tuple[str, int], tokens: Tokens, calls: _Calls) -> None:
        self.calls = calls
        super().__init__(address, _Handler)
        self.gatekeeper = Gatekeeper(tokens, self.server_address[1])

    def trouble(self, text: str) -> None:
        """Tell the operator."""
        self.calls.trouble(f"control: {text}")


class _Handler(BoundedHandler):
    """One request on one connection."""

    server: _Server

    def respond(self) -> None:
        """Halt, or say how things stand."""
        calls = self.server.calls
        refused = self.server.gatekeeper.judge(self.asked(), time.monotonic())
        if refused is not None:
            self.refuse(refused)
        elif self.command == "GET":
            self.answer(*calls.status())
        else:
            body = self.body()
            if body is not None:
                self.answer(*calls.halt(body))
