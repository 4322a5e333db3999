"""Rows from several places as one stream in the order of `received`: days of Parquet and live segments.

A source says from when on it has rows, and gives them in pieces, each in order. The merge opens a source when the
stream has come to its time, and gives on no row before every source that could have an earlier one has been asked. Of
rows of one instant those of the source with the lower rank come first, however the pieces fall, and whatever else a
source has: the order of a series is the same in every range of it, and before and after a rolling.
"""

from collections.abc import Callable, Iterable, Iterator

import attrs
import numpy as np

from adapters.store.kinds import Kind
from adapters.store.merging import appended, count_of, joined, renumbered, taken
from adapters.store.rows import Columns, starts_of


@attrs.frozen(eq=False)
class Source:
    """Rows of a series in one place."""

    first: int
    """No row in it was received before."""
    open: Callable[[], Iterator[Columns]]
    """Its pieces: each in the order of `received`, and after the piece before; messages are whole."""
    rank: int = 0
    """Whose rows come first at one instant; of one rank those of who begins earlier."""


@attrs.define(eq=False)
class _Head:
    """A source that is being read."""

    pieces: Iterator[Columns]
    buffer: Columns
    rank: int
    is_done: bool = False

    @property
    def last(self) -> int:
        return int(self.buffer["received"][-1])


def merged_pieces(kind: Kind, sources: Iterable[Source]) -> Iterator[Columns]:
    """The rows of all sources in order, in pieces of whole messages. Parts are not yet counted through."""
    waiting = sorted(sources, key=lambda source: source.first)
    waiting.reverse()
    heads: list[_Head] = []
    while waiting or heads:
        if not heads:
            _open_next(waiting, heads)
            continue
        unfinished = [head.last for head in heads if not head.is_done]
        horizon = min(unfinished) if unfinished else max(head.last for head in heads)
        if waiting and waiting[-1].first <= horizon:
            _open_next(waiting, heads)
        elif len(heads) == 1:
            yield heads[0].buffer
            _refill(heads, heads[0])
        elif unfinished:
            yield from _before(kind, heads, horizon)
        else:
            yield appended(kind, [head.buffer for head in heads])
            heads.clear()


def in_chunks(kind: Kind, pieces: Iterable[Columns], rows: int) -> Iterator[Columns]:
    """Pieces cut to at most so many rows, or to one message that has more; parts are counted through all of them."""
    part = 0
    for piece in pieces:
        counted = renumbered(kind, piece, part)
        count = count_of(counted)
        if kind.is_parted and count:
            part = int(counted["part"][-1]) + 1
        starts = starts_of(counted["part"]) if kind.is_parted else None
        first = 0
        while first < count:
            last = min(first + rows, count)
            if starts is not None and last < count:
                last = _message_end(starts, first, last, count)
            yield taken(counted, slice(first, last))
            first = last


def whole_messages(kind: Kind, pieces: Iterable[Columns]) -> Iterator[Columns]:
    """Pieces that a file's rows were cut into, cut anew so that no message stands in two of them."""
    if not kind.is_parted:
        yield from pieces
        return
    rest: list[Columns] = []
    for piece in pieces:
        if count_of(piece) == 0:
            continue
        rows = joined([*rest, piece])
        begins = int(starts_of(rows["part"])[-1])
        if begins:
            yield taken(rows, slice(0, begins))
        rest = [taken(rows, slice(begins, None))]
    yield from rest


def _message_end(starts: "np.ndarray[tuple[int], np.dtype[np.int64]]", first: int, last: int, count: int) -> int:
    """Where the last message ends that fits between; of one that does not fit, its own end."""
    index = int(np.searchsorted(starts, last, "right")) - 1
    if starts[index] > first:
        return int(starts[index])
    return int(starts[index + 1]) if index + 1 < len(starts) else count


def _open_next(waiting: list[Source], heads: list[_Head]) -> None:
    source = waiting.pop()
    pieces = source.open()
    first = _next_piece(pieces)
    if first is not None:
        heads.append(_Head(pieces, first, source.rank))
        heads.sort(key=lambda head: head.rank)


def _next_piece(pieces: Iterator[Columns]) -> Columns | None:
    return next((piece for piece in pieces if count_of(piece)), None)


def _refill(heads: list[_Head], head: _Head) -> None:
    piece = None if head.is_done else _next_piece(head.pieces)
    if piece is None:
        heads.remove(head)
    else:
        head.buffer = piece


def _before(kind: Kind, heads: list[_Head], horizon: int) -> Iterator[Columns]:
    """What was received before that instant; where that is nothing, more is read."""
    counts = [int(np.searchsorted(head.buffer["received"], horizon, "left")) for head in heads]
    if not any(counts):
        for head in heads:
            if not head.is_done and head.last == horizon:
                piece = _next_piece(head.pieces)
                if piece is None:
                    head.is_done = True
                else:
                    # Numbers of parts that meet by chance would make one message of two.
                    head.buffer = _lengthened(kind, head.buffer, piece)
        return
    early = [taken(head.buffer, slice(0, count)) for head, count in zip(heads, counts, strict=True) if count]
    yield appended(kind, early)
    for head, count in zip(list(heads), counts, strict=True):
        head.buffer = taken(head.buffer, slice(count, None))
        if count_of(head.buffer) == 0:
            _refill(heads, head)


def _lengthened(kind: Kind, buffer: Columns, piece: Columns) -> Columns:
    if kind.is_parted:
        buffer = renumbered(kind, buffer)
        piece = renumbered(kind, piece, int(buffer["part"][-1]) + 1)
    return joined([buffer, piece])
