"""Small servers that do on a socket exactly what a test wants, and a listener that waits for what is said."""

import base64
import contextlib
import hashlib
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from tests.waiting import until

PATIENCE = 30.0
KEY, SECRET = "canary-key-0123456789", "canary-secret-ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@contextlib.contextmanager
def serving(handle, context=None):
    """A port on which each connection is given to `handle(connection)`, in a thread; closed when that returns."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    ends, threads = threading.Event(), []

    def serve(connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(PATIENCE)
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                handle(connection)

    def accept():
        while not ends.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ends.set()
        accepting.join(PATIENCE)
        listener.close()
        for thread in threads:
            thread.join(1)


def head_of(connection):
    """The first line and headers of a request, or b"" when the other side left."""
    told = b""
    while not told.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return b""
        told += byte
    return told


def request_of(connection):
    """(first line, headers in lower case, body) of a request; None when the other side left."""
    head = head_of(connection)
    if not head:
        return None
    line, *rest = head.decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    body = b""
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65_536)
    return line, headers, body


def answer(body=b"{}", status="200 OK", **headers):
    """The bytes of an answer."""
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{told}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Answering:
    """Answers each request with the next of `answers` (bytes, or a call with the connection); the last one for ever."""

    def __init__(self, *answers):
        self.requests, self.answers, self.connections = [], list(answers), 0

    def __call__(self, connection):
        self.connections += 1
        while (request := request_of(connection)) is not None:
            self.requests.append(request)
            told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if callable(told):
                if told(connection) != "go on":
                    return
            else:
                connection.sendall(told)


def shake(connection):
    """The server's part of a WebSocket's opening."""
    head = head_of(connection)
    (key,) = [line.partition(b":")[2].strip() for line in head.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key")]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    return head


def frame(payload, opcode=1, fin=True, length=None):
    """A server's frame. `length` is what it claims to be."""
    payload = payload.encode() if isinstance(payload, str) else payload
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        return head + bytes([size]) + payload
    return head + (b"\x7e" + size.to_bytes(2, "big") if size < 65_536 else b"\x7f" + size.to_bytes(8, "big")) + payload


def exactly(connection, count):
    told = b""
    while len(told) < count:
        part = connection.recv(count - len(told))
        if not part:
            raise ConnectionError("left")
        told += part
    return told


def frame_of(connection):
    """(opcode, payload) of a client's frame."""
    first, second = exactly(connection, 2)
    size = second & 0x7F
    if size >= 126:
        size = int.from_bytes(exactly(connection, 2 if size == 126 else 8), "big")
    mask = exactly(connection, 4)
    return first & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(exactly(connection, size)))


class Heard:
    """What was said, from whatever thread."""

    def __init__(self):
        self.said = []

    def __call__(self, message):
        self.said.append(message)

    def of(self, *kinds):
        return [message for message in list(self.said) if isinstance(message, kinds)]

    def until(self, kind, count=1):
        until(lambda: len(self.of(kind)) >= count, lambda: self.said)
        return self.of(kind)


def certificate(folder, names="IP:127.0.0.1,DNS:localhost"):
    """(certificate file, TLS context of a server that has it), made now."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, so no certificate can be made")
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(made), "-days", "2",
         "-subj", "/CN=test", "-addext", f"subjectAltName={names}"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return str(made), context
