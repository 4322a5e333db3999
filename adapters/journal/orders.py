"""The journal in the order path: what the guard approved is written first, and goes to the venue then.

guard -> journal -> gateway. One message, one commit. What cannot be written is not sent, and trading halts; cancels go
on all the same, for taking risk away needs no disk. A connection that failed once is never trusted again: whether its
last commit is in the file nobody knows, and the next one would rest on it.

There is one writer. Who opens the file takes the lease; every write of an earlier holder then finds that it has lost it
and fails, so that two processes never both send. (That a second one is refused at its start is the lock's task, which
the whole folder has.)

Rows are chained: each carries the SHA-256 of the one before it and of itself, so that no row can be changed, put in or
taken out in the middle without all later ones being made anew.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import attrs

from actors.component import Answers, Component
from actors.runtime.slot import ActorKind, ActorSpec
from adapters.journal.store import ORDERS_FILE, JournalError, naming, open_to_read, open_to_write, transaction
from messages import (
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    HaltTrading,
    Heartbeat,
    Message,
    OrderRejected,
    UtcNs,
)
from messages.codec import CodecError, decode, encode

FAILED: Final = "journal-failed"
"""Why an order is rejected that could not be written."""
_BEGIN: Final = hashlib.sha256(b"openoutcry journal").digest()
_KINDS: Final = ("ApprovedOrder", "ApprovedAmend", "ApprovedCancel")
"""What may stand in a row: one of another kind may be something that works at the venue."""
_to_json: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

_INSERT = "INSERT INTO orders SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT token FROM lease) = ?7"
_BEAT = "UPDATE beat SET number = ?1, ts = ?2 WHERE (SELECT token FROM lease) = ?3"


@attrs.frozen
class Journalled:
    """One row: what passed, in which life."""

    seq: int
    life: int
    message: str
    """Name of its class: ApprovedOrder, ApprovedAmend or ApprovedCancel."""
    client_id: str
    body: str

    def decoded(self) -> Message:
        """The message again; JournalError when it is none."""
        try:
            return decode(json.loads(self.body))
        except (CodecError, ValueError) as error:
            raise JournalError(f"{ORDERS_FILE}: row {self.seq} is no message: {error}") from error


class Journal(Component):
    """Writes what the guard approved, then passes it on.

    Hears ApprovedOrder, ApprovedAmend, ApprovedCancel, Heartbeat. Says the same once it is written; when that fails,
    OrderRejected or AmendRejected instead, and HaltTrading. A Heartbeat passes when a write succeeds, and not else.
    JournalError at the start when the file cannot be had.
    """

    hears_again = frozenset({ApprovedCancel})

    def __init__(
        self,
        folder: Path,
        *,
        life: int,
        full_sync: bool = False,
        opened: Callable[..., sqlite3.Connection] = open_to_write,
    ) -> None:
        self._folder, self._life, self._full_sync, self._opened = folder, life, full_sync, opened
        self._connection: sqlite3.Connection | None = None
        self._token = 0
        self._seq = 0
        self._chain = _BEGIN
        self._failure = ""
        """Why nothing is written any more."""

    def on_start(self) -> Answers:
        """Open the file, take the lease, and go on with the chain from its last row."""
        connection = self._opened(self._folder, ORDERS_FILE, full_sync=self._full_sync)
        self._connection = connection
        with naming(self._folder / ORDERS_FILE), transaction(connection):
            row = connection.execute("SELECT token FROM lease").fetchone()
            self._token = 1 if row is None else row[0] + 1
            connection.execute("DELETE FROM lease")
            connection.execute("INSERT INTO lease VALUES (?)", (self._token,))
            connection.execute("DELETE FROM beat")
            connection.execute("INSERT INTO beat VALUES (0, 0)")
            last = connection.execute("SELECT seq, chain FROM orders ORDER BY seq DESC LIMIT 1").fetchone()
            if last is not None:
                self._seq, self._chain = last
        return ()

    def on_approved_order(self, approved: ApprovedOrder) -> Answers:
        """To the venue when written; else it was never sent, and will not be."""
        order = approved.order
        if self._written(approved, order.client_id):
            return (approved,)
        return (
            OrderRejected(order=order, reason=FAILED, standing=True, ts=order.ts),
            self._halt(order.ts),
        )

    def on_approved_amend(self, approved: ApprovedAmend) -> Answers:
        """To the venue when written; else the order works as before."""
        if self._written(approved, approved.order.client_id):
            return (approved,)
        return (AmendRejected(approved.order, FAILED, approved.ts), self._halt(approved.ts))

    def on_approved_cancel(self, approved: ApprovedCancel) -> Answers:
        """To the venue in any case."""
        if self._written(approved, approved.client_id):
            return (approved,)
        return (approved, self._halt(approved.ts))

    def on_heartbeat(self, heartbeat: Heartbeat) -> Answers:
        """Passes if something can be written."""
        if self._done(_BEAT, (heartbeat.number, heartbeat.ts, self._token)):
            return (heartbeat,)
        return (self._halt(heartbeat.ts),)

    def lost(self, message: Message) -> Answers:
        """An order or amend did not pass, and may be asked for again: in the file or not, nobody has sent it."""
        if isinstance(message, ApprovedOrder):
            order = message.order
            return (OrderRejected(order=order, reason=FAILED, standing=False, ts=order.ts),)
        if isinstance(message, ApprovedAmend):
            return (AmendRejected(message.order, FAILED, message.ts),)
        return ()

    def release(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()

    def _written(self, message: Message, client_id: str) -> bool:
        body = _to_json(encode(message))
        seq, name = self._seq + 1, type(message).__name__
        chain = _link(self._chain, seq, self._life, body)
        if not self._done(_INSERT, (seq, self._life, name, client_id, body, chain, self._token)):
            return False
        self._seq, self._chain = seq, chain
        return True

    def _done(self, statement: str, values: tuple[object, ...]) -> bool:
        """Whether the statement is committed. After a failure none will be."""
        if self._failure or self._connection is None:
            self._failure = self._failure or "it was never opened"
            return False
        try:
            if self._connection.execute(statement, values).rowcount == 1:
                return True
            self._failure = "another process writes it now"
        except (sqlite3.Error, OSError) as error:
            self._failure = str(error) or type(error).__name__
        return False

    def _halt(self, ts: UtcNs) -> HaltTrading:
        return HaltTrading(reason=f"journal: {self._failure}", ts=ts)


def journal_spec(
    folder: Path, *, life: int, full_sync: bool = False, opened: Callable[..., sqlite3.Connection] = open_to_write
) -> ActorSpec:
    """The journal as an actor, of the kind that gateways are: without it no order passes. `opened` opens its file."""
    return ActorSpec(
        address="journal",
        role="journal",
        kind=ActorKind.VENUE,
        factory=lambda _heritage: Journal(folder, life=life, full_sync=full_sync, opened=opened),
    )


def read_orders(folder: Path, *, before_life: int | None = None) -> Iterator[Journalled]:
    """What passed, in order, up to a life (exclusive); JournalError names the first row that is not as it was written.

    The whole chain is checked while it is read. Rows cut off at the end cannot be noticed in it.
    """
    path = folder / ORDERS_FILE
    chain, expected = _BEGIN, 1
    with closing(open_to_read(folder, ORDERS_FILE)) as connection, naming(path):
        rows = connection.execute("SELECT seq, life, message, client_id, body, chain FROM orders ORDER BY seq")
        for seq, life, message, client_id, body, link in rows:
            if seq != expected:
                raise JournalError(f"{path}: row {expected} is missing: somebody has changed the file")
            chain = _link(chain, seq, life, body)
            if chain != link or not _tells(body, message, client_id):
                raise JournalError(f"{path}: row {seq} is not what was written: somebody has changed it")
            if message not in _KINDS:
                raise JournalError(f"{path}: row {seq} is a {message}: written by a newer openoutcry")
            expected += 1
            if before_life is None or life < before_life:
                yield Journalled(seq, life, message, client_id, body)


def _tells(body: str, message: str, client_id: str) -> bool:
    """Whether the columns beside the text say what it says."""
    return f'"message":"{message}"' in body and f'"client_id":{json.dumps(client_id)}' in body


def _link(before: bytes, seq: int, life: int, body: str) -> bytes:
    return hashlib.sha256(b"%b%d|%d|%b" % (before, seq, life, body.encode())).digest()
