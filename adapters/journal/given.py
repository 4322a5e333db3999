"""What a life was given at its start besides what earlier lives left: history to warm up with, and facts of its own.

Without it a life could not be run again: what actors hear before the first message is in no trace.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs

from actors.bars.wanted import BarSoFar
from actors.restored import Restored
from actors.setup import Setup
from adapters.journal.batches import pack, unpack
from adapters.journal.restoring import restore
from adapters.journal.store import TRACE_FILE, JournalError, naming, open_to_read, open_to_write, transaction
from messages import Address, Envelope, Message, UtcNs
from messages.codec import CodecError


@attrs.frozen(kw_only=True)
class Given:
    """What a life began with, of its own."""

    kept: Mapping[Address, tuple[Message, ...]] = attrs.field(factory=dict)
    """By address: heard before anything else, after what earlier lives left there."""
    facts: Mapping[str, Any] = attrs.field(factory=dict)
    """Texts, numbers, lists and mappings by name."""

    @property
    def lift_halt(self) -> bool:
        """Whether a halt was lifted at this start."""
        return bool(self.facts.get("lift_halt", False))

    @property
    def so_far(self) -> tuple[BarSoFar, ...]:
        """The bars that were open at the start."""
        return tuple([BarSoFar(**each) for each in self.facts.get("so_far", ())])


def write_given(
    folder: Path, life: int, kept: Mapping[Address, Sequence[Message]], facts: Mapping[str, Any] | None = None
) -> None:
    """Keep what a life is given, before it starts; what was kept of it before is replaced. JournalError if it fails."""
    rows = [(life, address, _packed(messages), json.dumps({})) for address, messages in kept.items()]
    rows.append((life, "", _packed(()), json.dumps(dict(facts or {}), allow_nan=False)))
    with closing(open_to_write(folder, TRACE_FILE)) as trace, naming(folder / TRACE_FILE), transaction(trace):
        trace.execute("DELETE FROM given WHERE life = ?", (life,))
        trace.executemany("INSERT INTO given VALUES (?, ?, ?, ?, ?)", [(*row, _checksum(*row)) for row in rows])


def read_given(folder: Path, life: int) -> Given:
    """What a life was given; JournalError when it cannot be read, or is not what was written."""
    kept: dict[Address, tuple[Message, ...]] = {}
    told: dict[str, Any] = {}
    query = "SELECT life, address, messages, facts, crc FROM given WHERE life = ? ORDER BY address"
    with closing(open_to_read(folder, TRACE_FILE)) as trace, naming(folder / TRACE_FILE):
        for *row, crc in trace.execute(query, (life,)):
            _, address, packed, facts = row
            try:
                _check(row, crc)
                if address:
                    kept[address] = tuple([each.message for each in unpack(packed)])
                else:
                    told = json.loads(facts)
            except (CodecError, ValueError, TypeError) as error:
                name = address or "its facts"
                raise JournalError(f"{folder / TRACE_FILE}: what life {life} was given ({name}): {error}") from error
    return Given(kept=kept, facts=told)


def restored_again(folder: Path, setup: Setup, *, now: UtcNs, before_life: int, given: Given) -> Restored:
    """What a life began with, to be run again: what earlier lives left, then what it was given. See `restore`."""
    began = restore(folder, setup, now=now, before_life=before_life, lift_halt=given.lift_halt).restored
    kept = {name: (*began.kept.get(name, ()), *heard) for name, heard in given.kept.items()}
    return attrs.evolve(began, kept={**began.kept, **kept})


def _check(row: Sequence[Any], crc: int) -> None:
    if _checksum(*row) != crc:
        raise CodecError("it is not what was written: damaged, or changed by somebody")


def _packed(messages: Sequence[Message]) -> bytes:
    return pack([Envelope(number, 0, "", 0, 0, message) for number, message in enumerate(messages, 1)])


def _checksum(life: int, address: Address, messages: bytes, facts: str) -> int:
    return zlib.crc32(messages, zlib.crc32(f"{life}|{address}|{facts}".encode()))
