"""What a feed on a thread plays, in time order: the bars of a batch, and the streams that go on through all batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from actors.runtime.router import Plan, Router
from actors.tape import FOREVER, Batch, Stream
from messages import Message, UtcNs

Played: TypeAlias = tuple[UtcNs, Plan, bool, Callable[[], Message]]
"""(when, who hears it, skipped when nobody does, makes it)"""


class Streamed:
    """One stream and who hears it. `due` is its next item's time, FOREVER when there is none."""

    def __init__(self, router: Router, stream: Stream) -> None:
        self._plan = router.flow("feed", stream.kind).plan_of(stream.topic)
        self._stream = stream
        self.due: UtcNs = stream.next_at(singly=True)

    def take(self) -> Played:
        """The item that was due."""
        at, message = self.due, self._stream.take()
        self.due = self._stream.next_at(singly=True)
        return at, self._plan, False, partial(_given, message)


def tape_of(router: Router, batch: Batch) -> Iterator[Played]:
    """The bars and opens of a batch."""
    if batch.run is not None:
        bars, opens = batch.run.bars, batch.run.opens
        bar_plan = router.flow("feed", bars.kind).plan_of(bars.topic)
        open_plan = router.flow("feed", opens.kind).plan_of(opens.topic)
        for opens_at, at, bar in batch.run.rows:
            yield opens_at, open_plan, True, partial(opens.take, opens_at)
            yield at, bar_plan, False, partial(_given, bar)
    for at, _step, source in batch.entries:
        plan = router.flow("feed", source.kind).plan_of(source.topic)
        yield at, plan, source.optional, partial(source.take, at)


def interleaved(tape: Iterable[Played], streams: Sequence[Streamed], *, all_of_it: bool) -> Iterator[Played]:
    """The tape, and before each entry what the streams have from earlier times; with `all_of_it` their rest, too."""
    for entry in tape:
        yield from _until(streams, entry[0])
        yield entry
    if all_of_it:
        yield from _until(streams, FOREVER)


def _until(streams: Sequence[Streamed], end: UtcNs) -> Iterator[Played]:
    while streams:
        first = min(streams, key=_due)
        if first.due >= end:
            return
        yield first.take()


def _due(stream: Streamed) -> UtcNs:
    return stream.due


def _given(message: Message) -> Message:
    return message
