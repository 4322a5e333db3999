"""A connected socket that one thread reads while others write: what the WebSocket library is given to work on.

The library would read each frame in several small calls, and with TLS would let two threads into one session at once.
Here bytes are read as they come, many at a time, and TLS is entered by one thread at a time, for moments only: waiting
happens outside. Everything has a limit: the bytes of one message, and the time of a handshake and of a write.
"""

import contextlib
import selectors
import socket
import ssl
import threading
import time
from typing import Final

MESSAGE_MAX: Final = 4 * 1024 * 1024
WRITE_S: Final = 5.0
_CHUNK: Final = 65_536


class TooLong(Exception):  # noqa: N818 said of a message
    """More bytes came than a message may have."""


class Pipe:
    """See above. Has the methods of a socket that the library calls.

    OSError (TimeoutError among them) when reading or writing fails; TooLong from reading.
    """

    def __init__(self, sock: socket.socket, *, ends: float) -> None:
        """`ends`: by `time.monotonic()`, when reading gives up; see `no_deadline`."""
        self._socket = sock
        self._ends: float | None = ends
        self._lock = threading.Lock()
        self._closed = False
        self._bytes = memoryview(b"")
        self._taken = 0
        sock.settimeout(0.0)
        self._readable, self._writable = selectors.DefaultSelector(), selectors.DefaultSelector()
        self._readable.register(sock, selectors.EVENT_READ)
        self._writable.register(sock, selectors.EVENT_WRITE)

    def no_deadline(self) -> None:
        """From now on reading waits as long as nothing comes: whoever knows the protocol watches silence."""
        self._ends = None

    def message_ended(self) -> None:
        """What is read next belongs to another message."""
        self._taken = 0

    def forgive(self, count: int) -> None:
        """So many of the bytes read belonged to no message."""
        self._taken = max(0, self._taken - count)

    def recv(self, count: int) -> bytes:
        """At least one byte and at most `count`; b"" when the other side has ended."""
        if not self._bytes:
            self._bytes = memoryview(self._read())
        part = self._bytes[:count]
        self._bytes = self._bytes[count:]
        self._taken += len(part)
        if self._taken > MESSAGE_MAX:
            raise TooLong(f"a message of more than {MESSAGE_MAX} bytes")
        return part.tobytes()

    def _read(self) -> bytes:
        while True:
            with self._lock:
                self._open()
                try:
                    return self._socket.recv(_CHUNK)
                except (BlockingIOError, ssl.SSLWantReadError):
                    wait = self._readable
                except ssl.SSLWantWriteError:
                    wait = self._writable
            self._wait(wait, self._ends)

    def send(self, data: bytes) -> int:
        """Write all of it; the library lets one frame pass after another.

        TimeoutError after 5 s: the line is then of no more use, for a part may have gone.
        """
        ends = time.monotonic() + WRITE_S
        left = memoryview(data)
        while left:
            wait = None
            with self._lock:
                self._open()
                try:
                    left = left[self._socket.send(left) :]
                except (BlockingIOError, ssl.SSLWantWriteError):
                    wait = self._writable
                except ssl.SSLWantReadError:
                    wait = self._readable
            if wait is not None:
                self._wait(wait, ends)
        return len(data)

    def handshake(self) -> None:
        """Of TLS, when the socket has it."""
        shaken = not isinstance(self._socket, ssl.SSLSocket)
        while not shaken:
            assert isinstance(self._socket, ssl.SSLSocket)
            try:
                self._socket.do_handshake()
                shaken = True
            except ssl.SSLWantReadError:
                self._wait(self._readable, self._ends)
            except ssl.SSLWantWriteError:
                self._wait(self._writable, self._ends)

    def _open(self) -> None:
        if self._closed:
            raise ConnectionAbortedError("closed by ourselves")

    @staticmethod
    def _wait(selector: selectors.BaseSelector, ends: float | None) -> None:
        left = None if ends is None else ends - time.monotonic()
        if (left is not None and left <= 0) or not selector.select(left):
            raise TimeoutError("timed out")

    def gettimeout(self) -> float:
        """Anything but 0: the library then leaves waiting to us."""
        return WRITE_S

    def settimeout(self, _value: float | None) -> None:
        """Times are set here, not by the library."""

    def shutdown(self, _how: int = socket.SHUT_RDWR) -> None:
        """End it, from any thread: whoever reads or writes wakes up with an error."""
        with self._lock:
            if not self._closed:
                self._closed = True
                # Of the socket beneath: that of TLS would forget its session. Fails where the other side was first.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back. Only for the thread that reads: its number may at once belong to somebody else."""
        self.shutdown()
        with self._lock:
            self._readable.close()
            self._writable.close()
            self._socket.close()
