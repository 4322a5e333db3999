"""How a live run reaches the world: what makes the actors at its sockets, its workers and its files.

Everything above these decides without knowing them, so that a simulated network and disk can stand in their place.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from actors.component import Component
from adapters.bitmex.credentials import Keys
from adapters.bitmex.line import Line, SocketLine
from adapters.bitmex.rest import RestWorker, WorkerHeritage
from adapters.journal.store import open_to_write
from adapters.journal.trace import EVERY_NS
from adapters.live.pauses import seconds_passed
from messages import Address, Message, Period, UtcNs


class Wires(Protocol):
    """What a live run is given."""

    trace_every: Period
    """How often the trace is written."""

    def passed(self) -> float:
        """Seconds that go on while the process stands still; see Pauses."""

    def line(
        self, address: Address, user: Address, url: str, say: Callable[[Message], None], *, clock: Callable[[], UtcNs],
        keys: Keys | None = None,
    ) -> Line:  # fmt: skip
        """An actor with one socket at a time; see SocketLine."""

    def worker(
        self, address: Address, origin: str, say: Callable[[Message], None], *, clock: Callable[[], UtcNs],
        keys: Keys | None = None, gate: Callable[[], bool] = lambda: True, heritage: WorkerHeritage | None = None,
    ) -> Component:  # fmt: skip
        """An actor that sends one request at a time; see RestWorker. `say`: where it speaks from outside a handler."""

    def file(self, folder: Path, name: str, *, full_sync: bool = False) -> sqlite3.Connection:
        """One of a run's files, to write; see `journal.store.open_to_write`."""


class RealWires:
    """The network and the disk of this machine."""

    trace_every: Period = EVERY_NS

    def passed(self) -> float:
        """See Wires."""
        return seconds_passed()

    def line(
        self, address: Address, user: Address, url: str, say: Callable[[Message], None], *, clock: Callable[[], UtcNs],
        keys: Keys | None = None,
    ) -> Line:  # fmt: skip
        """See Wires."""
        return SocketLine(address, user, url, say, clock=clock, keys=keys)

    def worker(
        self, address: Address, origin: str, say: Callable[[Message], None], *, clock: Callable[[], UtcNs],  # noqa: ARG002 it waits in its handler
        keys: Keys | None = None, gate: Callable[[], bool] = lambda: True, heritage: WorkerHeritage | None = None,
    ) -> Component:  # fmt: skip
        """See Wires."""
        return RestWorker(origin, keys, gate=gate, clock=clock, heritage=heritage)

    def file(self, folder: Path, name: str, *, full_sync: bool = False) -> sqlite3.Connection:
        """See Wires."""
        return open_to_write(folder, name, full_sync=full_sync)
