"""The trace back: facts by class, single messages, and a life batch by batch. Every row is checked against its CRC.

What is not as it was written is a JournalError that names file and row. A last transaction that was torn is SQLite's
own business: it is not there.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import attrs

from adapters.journal.batches import Handled, batch_checksum, fact_checksum, unpack, unpack_handled
from adapters.journal.store import TRACE_FILE, JournalError, lives, naming, open_to_read
from messages import Envelope, Message
from messages.codec import CodecError, decode

_COLUMNS: Final = "life, id, batch, cause, sender, epoch, posted, message, client_id, body, crc"


@attrs.frozen
class Fact:
    """One message that was said, and in which life."""

    life: int
    envelope: Envelope


@attrs.frozen
class Stretch:
    """What was written together: messages by id, and who handled what, in that order."""

    said: tuple[Envelope, ...]
    handled: tuple[Handled, ...]
    gaps: tuple[tuple[str, int], ...]
    """What was left out (market, facts, handled), and how many."""


class TraceReader:
    """Reads a folder's trace, also while it is written. To be closed, or used in a `with`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / TRACE_FILE
        self._connection = open_to_read(folder, TRACE_FILE)

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def facts(self, classes: Iterable[type[Message]], *, before_life: int | None = None) -> Iterator[Fact]:
        """All facts of some classes, of all lives up to one (exclusive), in the order they were said."""
        names = [each.__name__ for each in classes]
        query = (
            f"SELECT {_COLUMNS} FROM facts WHERE message IN ({','.join('?' * len(names))})"  # noqa: S608 - marks only
            " AND (?  IS NULL OR life < ?) ORDER BY life, id"
        )
        for row in self._rows(query, (*names, before_life, before_life)):
            yield Fact(row[0], self._fact(row))

    def last_facts(self, message_class: type[Message], keys: str, *, before_life: int | None = None) -> Iterator[Fact]:
        """Of each combination of fields, named as in `account, symbol`, the last fact."""
        fields = ", ".join(f"json_extract(body, '$.fields.{name.strip()}')" for name in keys.split(","))
        query = (
            f"SELECT {_COLUMNS} FROM (SELECT *, row_number() OVER (PARTITION BY {fields} "  # noqa: S608 - our own names
            "ORDER BY life DESC, id DESC) AS place FROM facts"
            " WHERE message = ? AND (? IS NULL OR life < ?)) WHERE place = 1 ORDER BY life, id"
        )
        for row in self._rows(query, (message_class.__name__, before_life, before_life)):
            yield Fact(row[0], self._fact(row))

    def client_ids_of_accounts(
        self, message_class: type[Message], *, before_life: int | None = None
    ) -> Iterator[tuple[str, str]]:
        """(account, client id) of all facts of a class that has an order."""
        yield from self._rows(
            "SELECT json_extract(body, '$.fields.order.account'), client_id FROM facts"
            " WHERE message = ? AND (? IS NULL OR life < ?)",
            (message_class.__name__, before_life, before_life),
        )

    def lots_filled_at_end(self, *, before_life: int | None = None) -> Iterator[tuple[str, int]]:
        """(client id, lots filled) of the end of each order, as it was told; the most, where it was told twice."""
        yield from self._rows(
            "SELECT client_id, max(abs(json_extract(body, '$.fields.lots_filled'))) FROM facts"
            " WHERE message = 'OrderEnded' AND (?1 IS NULL OR life < ?1) GROUP BY 1",
            (before_life,),
        )

    def last_reads(self, *, before_life: int | None = None) -> Iterator[tuple[str, int]]:
        """(account, when) of the last time that each account's venue was read with success."""
        yield from self._rows(
            "SELECT json_extract(body, '$.fields.account'), max(json_extract(body, '$.fields.ts')) FROM facts"
            " WHERE message = 'VenueRead' AND json_extract(body, '$.fields.failure') = ''"
            " AND (?1 IS NULL OR life < ?1) GROUP BY 1",
            (before_life,),
        )

    def highest_numbers(
        self, message_class: type[Message], *, before_life: int | None = None
    ) -> Iterator[tuple[str, int]]:
        """(strategy, the highest number) of a class that its strategies count."""
        yield from self._rows(
            "SELECT json_extract(body, '$.fields.strategy'), max(json_extract(body, '$.fields.number')) FROM facts"
            " WHERE message = ? AND (? IS NULL OR life < ?) GROUP BY 1",
            (message_class.__name__, before_life, before_life),
        )

    def equities(self, *, before_life: int | None = None) -> Iterator[tuple[str, str, int, int]]:
        """(account, currency, ts, equity in minor units) of every EquityMarked, in the order they were said."""
        columns = ", ".join(
            f"json_extract(body, '$.fields.{name}')" for name in ("account", "currency", "ts", "equity_minor")
        )
        yield from self._rows(
            f"SELECT {columns} FROM facts WHERE message = ? AND (? IS NULL OR life < ?) ORDER BY life, id",  # noqa: S608
            ("EquityMarked", before_life, before_life),
        )

    def stretches(self, life: int) -> Iterator[Stretch]:
        """A life from its beginning, as it was written."""
        facts = self._rows(f"SELECT {_COLUMNS} FROM facts WHERE life = ? ORDER BY batch, id", (life,))  # noqa: S608
        fact = next(facts, None)
        gaps = self._rows("SELECT batch, what, count FROM gaps WHERE life = ? ORDER BY batch", (life,))
        gap = next(gaps, None)
        for number, said, handled in self._batches(life):
            messages, left_out = said, []
            while fact is not None and fact[2] == number:
                messages.append(self._fact(fact))
                fact = next(facts, None)
            while gap is not None and gap[0] == number:
                left_out.append((gap[1], gap[2]))
                gap = next(gaps, None)
            messages.sort(key=_id)
            yield Stretch(tuple(messages), handled, tuple(left_out))
        if fact is not None:
            raise JournalError(f"{self._path}: life {life}: facts of batch {fact[2]}, which is not there")

    def find(self, life: int, number: int) -> Envelope | None:
        """One message by its id; None when it was not written."""
        row = next(self._rows(f"SELECT {_COLUMNS} FROM facts WHERE life = ? AND id = ?", (life, number)), None)  # noqa: S608
        if row is not None:
            return self._fact(row)
        where = " AND first_id <= ? AND last_id >= ? ORDER BY batch"
        for _, said, _ in self._batches(life, where, number, number):
            for envelope in said:
                if envelope.id == number:
                    return envelope
        return None

    # Inside.

    def _batches(
        self, life: int, where: str = " ORDER BY batch", *values: int
    ) -> Iterator[tuple[int, list[Envelope], tuple[Handled, ...]]]:
        query = f"SELECT batch, first_id, last_id, bulk, handled, crc FROM batches WHERE life = ?{where}"  # noqa: S608
        for number, first, last, bulk, handled, crc in self._rows(query, (life, *values)):
            with self._blaming(f"batch {number} of life {life}"):
                if batch_checksum(life, number, (first, last), bulk, handled) != crc:
                    raise CodecError("it is not what was written: damaged, or changed by somebody")
                yield number, unpack(bulk), tuple(unpack_handled(handled))

    def _rows(self, query: str, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        with naming(self._path):
            # Not `yield from`: that closes the cursor when it is given up, which may be after the connection.
            for row in self._connection.execute(query, values):  # noqa: UP028
                yield row

    def _fact(self, row: tuple[Any, ...]) -> Envelope:
        life, number, _, cause, sender, epoch, posted, _, _, body, crc = row
        with self._blaming(f"message {number} of life {life}"):
            if fact_checksum(life, row[1:10]) != crc:
                raise CodecError("it is not what was written: damaged, or changed by somebody")
            return Envelope(number, cause, sender, epoch, posted, decode(json.loads(body)))

    @contextmanager
    def _blaming(self, what: str) -> Iterator[None]:
        try:
            yield
        except (CodecError, ValueError, TypeError) as error:
            raise JournalError(f"{self._path}: {what}: {error}") from error


def _id(envelope: Envelope) -> int:
    return envelope.id


def check(folder: Path) -> int:
    """Read and check every row of the trace: how many facts there are. JournalError names the first bad one."""
    with TraceReader(folder) as reader:
        return sum(len(stretch.said) for life in lives(folder) for stretch in reader.stretches(life.number))
