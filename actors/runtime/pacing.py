"""A replay in the time that it took: what a feed plays waits, item by item, until a pacer lets it pass.

Only the feed's tape and streams are wrapped. The clock, the order and everything that is decided are the replay's own,
so that no speed changes a result.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import attrs

from actors.tape import FOREVER, Batch, Entry, Run, Source, Stream
from messages import Message, Step, Symbol, TickBlock, UtcNs


class Pacer(Protocol):
    """Knows the wall's time, which a replay does not."""

    def wait(self, at: UtcNs) -> None:
        """Come back when this time has come, or when the run is to stop."""

    def saw(self, message: Message) -> None:
        """What is played then."""


def paced(batch: Batch, pacer: Pacer) -> Batch:
    """The same batch, each item of it at its time."""
    entries = batch.entries if batch.run is None else _entries_of(batch.run)
    return attrs.evolve(
        batch,
        entries=_waiting(entries, pacer),
        run=None,
        streams=tuple([PacedStream(stream, pacer) for stream in batch.streams]),
        events=tuple([PacedStream(stream, pacer) for stream in batch.events]),
    )


class PacedStream:
    """A stream whose items wait for their time."""

    def __init__(self, stream: Stream, pacer: Pacer) -> None:
        self._stream = stream
        self._pacer = pacer
        self._due: UtcNs = FOREVER

    @property
    def kind(self) -> type[Message]:
        """As the stream's."""
        return self._stream.kind

    @property
    def topic(self) -> tuple[Symbol, int | None]:
        """As the stream's."""
        return self._stream.topic

    def next_at(self, *, singly: bool) -> UtcNs:
        """As the stream's."""
        self._due = self._stream.next_at(singly=singly)
        return self._due

    def take(self) -> Message:
        """What was announced, when its time has come."""
        self._pacer.wait(self._due)
        message = self._stream.take()
        self._pacer.saw(message)
        return message

    def interrupt(self, now: UtcNs) -> TickBlock | None:
        """As the stream's: its time has come already."""
        return self._stream.interrupt(now)


class _PacedSource:
    """A tape's source whose messages are seen as they are made."""

    def __init__(self, source: Source, pacer: Pacer) -> None:
        self.kind, self.topic, self.optional = source.kind, source.topic, source.optional
        self._source = source
        self._pacer = pacer

    def take(self, at: UtcNs) -> Message:
        """The message that belongs to the entry at `at`."""
        message = self._source.take(at)
        self._pacer.saw(message)
        return message


def _entries_of(run: Run) -> Iterator[Entry]:
    """Bars that would be played past the agenda, as entries of a tape: their sources make the same, in order."""
    for opens_at, at, _bar in run.rows:
        yield opens_at, Step.VENUE_OPENS, run.opens
        yield at, Step.VENUE_BARS, run.bars


def _waiting(entries: Iterable[Entry], pacer: Pacer) -> Iterator[Entry]:
    known: dict[Source, _PacedSource] = {}
    for at, step, source in entries:
        pacer.wait(at)
        seen = known.get(source)
        if seen is None:
            seen = known[source] = _PacedSource(source, pacer)
        yield at, step, seen
