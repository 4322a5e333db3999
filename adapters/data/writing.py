"""Columns on their way into the store: gathered, and cut only where a cut changes nothing.

The store takes rows that are equal to rows which it has for the same rows. Two equal trades of one file are two, so
they must come to it in one piece: a cut never parts rows of one instant. Days are kept whole as far as memory allows,
for each cut inside a day writes that day's file once more.
"""

from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from adapters.data.shaping import StoreColumns
from adapters.store.merging import joined, taken
from adapters.store.rows import Columns
from messages import NS_PER_DAY

if TYPE_CHECKING:
    from adapters.store import Store

ROWS_MAX: Final = 2_000_000
"""How many rows are gathered before some are written."""


@attrs.define(eq=False)
class SeriesWriter:
    """One series of a store, written in the order of `received`."""

    store: "Store | None"
    """None: nothing is written, and rows are only counted."""
    venue: str
    symbol: str
    kind: str
    rows_max: int = ROWS_MAX
    rows: int = 0
    """Rows that came."""
    new: int = 0
    """Rows that the store did not have; 0 where nothing is written."""
    beside: int = 0
    """Other rows that stood among the new ones before."""
    first: int | None = None
    last: int | None = None
    """UTC ns of `received`, of bars and flows of `open_ts`."""
    _parts: list[Columns] = attrs.field(factory=list)
    gathered: int = 0
    """Rows that wait to be written."""

    def add(self, columns: StoreColumns) -> None:
        """Take some rows, and write what may be written."""
        received = columns["received"]
        if not len(received):
            return
        times = columns.get("open_ts", received)
        self.first = int(times[0]) if self.first is None else self.first
        self.last = int(times[-1])
        self.rows += len(received)
        if self.store is None:
            return
        self._parts.append(columns)
        self.gathered += len(received)
        if self.gathered >= self.rows_max:
            self._write(whole=False)

    def relieve(self) -> bool:
        """Write what may be written before its time; whether something was."""
        before = self.gathered
        self._write(whole=False)
        return self.gathered < before

    def finish(self) -> None:
        """Write the rest."""
        if self.gathered:
            self._write(whole=True)

    def _write(self, *, whole: bool) -> None:
        assert self.store is not None
        columns = joined(self._parts)
        cut = len(columns["received"]) if whole else cut_of(columns["received"])
        if cut:
            written = self.store.write(self.venue, self.symbol, self.kind, taken(columns, slice(None, cut)))
            self.new += written.new
            self.beside += written.beside
        self.gathered = len(columns["received"]) - cut
        self._parts = [{name: array[cut:].copy() for name, array in columns.items()}] if self.gathered else []


def cut_of(received: "np.ndarray[Any, np.dtype[np.int64]]") -> int:
    """Before which row to cut: where the last day begins, else where the last instant does; 0: nowhere."""
    for instants in (received // NS_PER_DAY, received):
        changes = np.flatnonzero(instants[1:] != instants[:-1])
        if len(changes):
            return int(changes[-1]) + 1
    return 0
