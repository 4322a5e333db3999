"""Everything that was said, and who handled it in which order: written beside the stream, in batches.

The runtime tells a `Trace` what happens, from every thread; that costs an append. The actor `trace` wakes itself every
50 ms and writes what has come since, in one transaction. An actor, and no thread of its own kind, so that it is
supervised like everybody: one that hangs is noticed, one that fails is restarted (the Trace, and with it what was not
written yet, outlives it), and it can say HaltTrading. What is said after it has stopped is written by `close`.

Kill -9 loses the last batch, and no more. What follows from that: orders that passed are in the journal, and fills are
asked for again at the venue; everybody folds what is here and nothing else.

When writing is too slow, market data are left out first, with a note of how many; then facts too, and trading halts,
as it does when a write fails: a life that is not written down cannot be gone on with. What was not written waits and is
tried again, on a new connection.
"""

import itertools
import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import attrs

from actors.component import Answers, Component
from actors.runtime.slot import ActorKind, ActorSpec
from adapters.journal.batches import (
    BULK,
    MADE_COLD,
    MADE_WARM,
    MARKET,
    Handled,
    batch_checksum,
    fact_checksum,
    pack,
    pack_handled,
)
from adapters.journal.store import TRACE_FILE, JournalError, open_to_write, transaction
from messages import (
    NS_PER_SECOND,
    WIRE_MESSAGES,
    Address,
    Bar,
    Envelope,
    FenceActor,
    HaltTrading,
    Message,
    Period,
    Pull,
    StartActor,
    StopActor,
    WakeAt,
    Woke,
)
from messages.codec import encode

REPLAYED: Final = frozenset({"tick-filter", "bar-builder", "strategy", "portfolio", "executor", "risk-guard"})
"""Roles that decide by messages alone, and so can be run again."""
MARKET_WAITING_MAX: Final = 100_000
"""With more waiting than this, market data are left out."""
WAITING_MAX: Final = 500_000
"""With more waiting than this, everything is."""
EVERY_NS: Final = NS_PER_SECOND // 20
RETRY_NS: Final = NS_PER_SECOND
CLOSE_SECONDS: Final = 10.0
_LEFT_OUT: Final = WIRE_MESSAGES | {StartActor, StopActor, FenceActor, Pull}
_to_json: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def role_of(address: Address) -> str:
    """`strategy` of `strategy:ema`, `portfolio` of `portfolio@main`."""
    return address.partition(":")[0].partition("@")[0]


@attrs.frozen
class _Batch:
    """What was taken to be written together."""

    number: int
    facts: Sequence[Envelope]
    bulk: Sequence[Envelope]
    handled: Sequence[Handled]
    gaps: Sequence[tuple[str, int]]


class Trace:
    """What a runtime tells of a life. Its `said`, `handled` and `made` may be called from every thread."""

    def __init__(
        self,
        folder: Path,
        *,
        life: int,
        market_waiting_max: int = MARKET_WAITING_MAX,
        waiting_max: int = WAITING_MAX,
        opened: Callable[..., sqlite3.Connection] = open_to_write,
        every: Period = EVERY_NS,
    ) -> None:
        self.folder, self.life, self.opened, self.every = folder, life, opened, every
        self.writers = itertools.count(1)
        """Numbers of those who write it, one after the other."""
        self.lost_facts = 0
        """How many messages that are not the market's were left out, since the beginning."""
        self._said: deque[Envelope] = deque()
        self._handled: deque[Handled] = deque()
        self._market_max, self._max = market_waiting_max, waiting_max
        self._lost: dict[str, int] = {}
        self._losing = threading.Lock()
        self._writing = threading.Lock()
        """One writes at a time, although a component that hangs may still be at it when `close` is called."""
        self._batches = itertools.count(1)
        self._pending: _Batch | None = None
        self._is_replayed: dict[Address, bool] = {}

    # What the runtime tells.

    def said(self, envelope: Envelope) -> None:
        """A message is on its way."""
        message_class = envelope[5].__class__
        if message_class in _LEFT_OUT:
            return
        waiting = len(self._said)
        if waiting >= self._market_max and (message_class in MARKET or waiting >= self._max):
            self._lose("market" if message_class in MARKET else "facts")
            return
        self._said.append(envelope)

    def handled(self, address: Address, epoch: int, message_id: int) -> None:
        """A message was handled, and counts."""
        replayed = self._is_replayed.get(address)
        if replayed is None:
            replayed = self._is_replayed[address] = role_of(address) in REPLAYED
        if replayed:
            if len(self._handled) < self._max:
                self._handled.append((address, epoch, message_id))
            else:
                self._lose("handled")

    def made(self, address: Address, epoch: int, *, warm: bool) -> None:
        """A new incarnation begins."""
        self.handled(address, epoch, MADE_WARM if warm else MADE_COLD)

    # What is done with it.

    def write(self, connection: sqlite3.Connection) -> bool:
        """Write what has come since the last time; False when there was nothing. sqlite3.Error when it fails.

        What could not be written is kept, and is what the next call begins with.
        """
        with self._writing:
            batch = self._pending = self._pending or self._take()
            if batch is None:
                return False
            _write(connection, self.life, batch)
            self._pending = None
            return True

    def close(self) -> None:
        """After everything has stopped: write what is left. JournalError when it cannot be."""
        if not self._writing.acquire(timeout=CLOSE_SECONDS):
            raise JournalError(f"{self.folder / TRACE_FILE}: its end could not be written: a write hangs")
        self._writing.release()
        try:
            with closing(self.opened(self.folder, TRACE_FILE)) as connection:
                while self.write(connection):
                    pass
        except sqlite3.Error as error:
            raise JournalError(f"{self.folder / TRACE_FILE}: its end could not be written: {error}") from error

    # Inside.

    def _lose(self, what: str) -> None:
        with self._losing:
            self._lost[what] = self._lost.get(what, 0) + 1
            self.lost_facts += what == "facts"

    def _take(self) -> _Batch | None:
        # Handled first: then everything that its handling said is in this batch, or in one before it.
        handled = _drained(self._handled)
        facts: list[Envelope] = []
        bulk: list[Envelope] = []
        for envelope in _drained(self._said):
            message_class = envelope[5].__class__
            if message_class is Woke and role_of(envelope[2]) not in REPLAYED:
                continue
            is_bulk = message_class in BULK and not (message_class is Bar and envelope[2] == "bar-builder")
            (bulk if is_bulk else facts).append(envelope)
        with self._losing:
            gaps, self._lost = tuple(self._lost.items()), {}
        if not (handled or facts or bulk or gaps):
            return None
        return _Batch(next(self._batches), facts, bulk, handled, gaps)


class TraceWriter(Component):
    """Writes the trace, as often as it is to be. Hears Woke. Says WakeAt, and HaltTrading when that fails."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._connection: sqlite3.Connection | None = None
        self._halted = False
        self._lost = 0
        self._token = f"write:{next(trace.writers)}"
        """A timer that an earlier incarnation set is not this one's."""

    def on_start(self) -> Answers:
        """Open the file; when it cannot be had, that is the first write's failure."""
        with suppress(sqlite3.Error, OSError, JournalError):
            self._connection = self._opened()
        return (WakeAt(1, self._token),)

    def on_woke(self, woke: Woke) -> Answers:
        """Write, and wake again."""
        if woke.token != self._token:
            return ()
        failure = self._write()
        if failure:
            again = WakeAt(woke.at + RETRY_NS, self._token)
            halted, self._halted = self._halted, True
            return (again,) if halted else (HaltTrading(reason=f"trace: {failure}", ts=woke.at), again)
        self._halted = False
        again = WakeAt(woke.at + self._trace.every, self._token)
        lost, self._lost = self._lost, self._trace.lost_facts
        if self._lost > lost:
            reason = f"trace: {self._lost - lost} messages were said faster than they could be written"
            return (HaltTrading(reason=reason, ts=woke.at), again)
        return (again,)

    def on_stop(self) -> Answers:
        """Write what there is; what comes later is written at the end."""
        self._write()
        return ()

    def release(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        return self._trace.opened(self._trace.folder, TRACE_FILE)

    def _write(self) -> str:
        """Why it failed, or nothing. After a failure the connection is not used again."""
        try:
            if self._connection is None:
                self._connection = self._opened()
            self._trace.write(self._connection)
        except (sqlite3.Error, OSError, JournalError) as error:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            return str(error) or type(error).__name__
        return ""


def trace_spec(trace: Trace) -> ActorSpec:
    """The trace's writer as an actor, beside the stream; but nobody trades without it."""
    return ActorSpec(
        address="trace", role="trace", kind=ActorKind.EDGE, factory=lambda _heritage: TraceWriter(trace), is_needed=True
    )


def _drained(waiting: "deque[Any]") -> list[Any]:
    # So many as there are now: others go on appending.
    return [waiting.popleft() for _ in range(len(waiting))]


def _write(connection: sqlite3.Connection, life: int, batch: _Batch) -> None:
    number = batch.number
    known = connection.execute("SELECT 1 FROM batches WHERE life = ? AND batch = ?", (life, number)).fetchone()
    if known:
        # Its commit had failed, and was done all the same.
        return
    facts = [_row(life, number, envelope) for envelope in batch.facts]
    ids = [envelope[0] for envelope in batch.bulk]
    span = (min(ids), max(ids)) if ids else (0, 0)
    bulk, handled = pack(batch.bulk), pack_handled(batch.handled)
    crc = batch_checksum(life, number, span, bulk, handled)
    with transaction(connection):
        connection.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)", (life, number, *span, bulk, handled, crc)
        )
        connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", facts)
        connection.executemany(
            "INSERT INTO gaps VALUES (?, ?, ?, ?)", [(life, number, what, count) for what, count in batch.gaps]
        )


def _row(life: int, number: int, envelope: Envelope) -> tuple[Any, ...]:
    message = envelope.message
    body = _to_json(encode(message))
    row = (*(envelope.id, number, envelope.cause, envelope.sender, envelope.epoch, envelope.posted),
           type(message).__name__, _client_id(message), body)  # fmt: skip
    return (life, *row, fact_checksum(life, row))


def _client_id(message: Message) -> str:
    order = getattr(message, "order", None)
    return getattr(message if order is None else order, "client_id", "")
