"""A control endpoint for tests, and somebody who asks it with exactly the lines he wants."""

import contextlib
import json
import socket
import threading

from adapters.security.control import ControlServer


class Trader:
    """What stands behind the endpoint: keeps what it was told."""

    def __init__(self, folder, **options):
        self.halts, self.troubles, self.threads = [], [], []
        self.fails = None
        self.folder = folder
        self.server = ControlServer(
            folder, on_halt=self.halt, on_status=self.status, on_trouble=self.troubles.append, **options
        )

    def halt(self, reason, flatten):
        self.threads.append(threading.current_thread())
        if self.fails is not None:
            raise self.fails
        self.halts.append((reason, flatten))
        return {"state": "HALTED", "cancelled": 3}

    def status(self):
        return {"state": "ACTIVE", "positions": {"XBTUSD": 5}}

    @property
    def port(self):
        return self.server.port

    def token(self, name="control"):
        return (self.folder / f"{name}.token").read_text().strip()

    def good(self, verb="POST", token=None):
        """The header lines of a request that is right in everything."""
        lines = [f"Host: 127.0.0.1:{self.port}", f"Authorization: Bearer {token or self.token()}"]
        if verb == "POST":
            lines += ["Content-Type: application/json", "X-Openoutcry: 1"]
        return lines

    def ask(self, lines, target="/halt", verb="POST", body=b"{}", sized=True):
        """(status, header text, parsed body) of one request."""
        if sized and verb == "POST":
            lines = [*lines, f"Content-Length: {len(body)}"]
        head = "\r\n".join([f"{verb} {target} HTTP/1.1", *lines, "", ""]).encode("utf-8", "surrogateescape")
        answer = self.raw(head + body)
        told, _, content = answer.partition("\r\n\r\n")
        return int(told.split()[1]), told, json.loads(content) if content else None

    def raw(self, content):
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as wire:
            # Who is refused by the head of his request may find the wire closed before the end of its body.
            with contextlib.suppress(ConnectionError):
                wire.sendall(content)
            answer = b""
            with contextlib.suppress(ConnectionError):
                while part := wire.recv(65_536):
                    answer += part
            return answer.decode()


@contextlib.contextmanager
def trading(folder, **options):
    trader = Trader(folder, **options)
    trader.server.start()
    try:
        yield trader
    finally:
        trader.server.close()
