"""Order books checked: whole ones each by itself, changes by keeping the book that they make."""

from collections.abc import Mapping
from heapq import heappop, heappush
from typing import Any

import attrs
import numpy as np

from adapters.data.check_flow import StreamCheck
from adapters.data.findings import Finding
from adapters.store.rows import starts_of


@attrs.define
class BookSide:
    """The levels of one side; `sign` +1 for bids, -1 for asks."""

    sign: int
    levels: dict[float, float] = attrs.field(factory=dict)
    _heap: list[float] = attrs.field(factory=list)

    def clear(self) -> None:
        """Forget all."""
        self.levels.clear()
        self._heap.clear()

    def set(self, price: float, size: float) -> bool:
        """A level's new size, 0 when it is gone. False: what is to go was not there."""
        if size:
            if price not in self.levels:
                heappush(self._heap, -self.sign * price)
            self.levels[price] = size
            return True
        return self.levels.pop(price, None) is not None

    def best(self) -> float | None:
        """The best price, None when the side is empty."""
        # A level that went and came again stands in the heap twice, which does no harm.
        while self._heap:
            price = -self.sign * self._heap[0]
            if price in self.levels:
                return price
            heappop(self._heap)
        return None


@attrs.define(eq=False)
class _LevelCheck(StreamCheck):
    """What both forms of books share: rows are levels, and a message is looked at when it is whole."""

    _held: dict[str, Any] | None = None

    def add(self, columns: Mapping[str, Any]) -> None:
        """The next rows; those of the last message wait for what may follow."""
        if not len(columns["received"]):
            return
        if self._held is not None:
            columns = {name: np.concatenate([self._held[name], array]) for name, array in columns.items()}
        last = int(starts_of(columns["part"])[-1])
        self._held = {name: array[last:] for name, array in columns.items()}
        super().add({name: array[:last] for name, array in columns.items()})

    def findings(self) -> list[Finding]:
        """What was found, the last message included."""
        if self._held is not None:
            super().add(self._held)
            self._held = None
        return super().findings()

    def judge(self, columns: Mapping[str, Any]) -> None:
        """Levels that cannot be."""
        price, size, side = columns["price"], columns["size"], columns["side"]
        level = side != 0
        bad = level & ~((price > 0) & (price < np.inf) & (size >= 0) & (size < np.inf))
        self._tallies["values"].add(
            bad, columns["received"], lambda row: f"side {side[row]} price {price[row]:.10g} size {size[row]:.10g}"
        )

    def prices(self, columns: Mapping[str, Any]) -> Any:  # noqa: ARG002 as the others
        """Levels leap."""
        return None

    def _crossed(self, bid: float | None, ask: float | None, received: int) -> None:
        if bid is not None and ask is not None and bid >= ask:
            self._tallies["crossed"].say(received, f"bid {bid:.10g} ask {ask:.10g}")

    def value_findings(self) -> list[Finding]:
        """Values, and crossed books."""
        return [
            *super().value_findings(),
            *self._tallies["crossed"].finding(
                "crossed-book",
                "{n} time(s) the best bid is not below the best ask",
                "changes are missing, or out of order",
            ),
        ]


class BookCheck(_LevelCheck):
    """Whole books."""

    def judge(self, columns: Mapping[str, Any]) -> None:
        """Each book's best prices."""
        super().judge(columns)
        starts = starts_of(columns["part"])
        side, price = columns["side"], columns["price"]
        bids = np.maximum.reduceat(np.where(side > 0, price, -np.inf), starts)
        asks = np.minimum.reduceat(np.where(side < 0, price, np.inf), starts)
        self._tallies["crossed"].add(
            bids >= asks, columns["received"][starts], lambda row: f"bid {bids[row]:.10g} ask {asks[row]:.10g}"
        )


@attrs.define(eq=False)
class ChangeCheck(_LevelCheck):
    """Changes of a book."""

    _bids: BookSide = attrs.field(factory=lambda: BookSide(1))
    _asks: BookSide = attrs.field(factory=lambda: BookSide(-1))
    _known: bool = False
    """A snapshot was seen."""

    def judge(self, columns: Mapping[str, Any]) -> None:
        """The book after each message."""
        super().judge(columns)
        starts = starts_of(columns["part"]).tolist()
        ends = [*starts[1:], len(columns["part"])]
        received = columns["received"][starts].tolist() if starts else []
        whole = columns["is_snapshot"][starts].tolist() if starts else []
        sides, prices, sizes = (columns[name].tolist() for name in ("side", "price", "size"))
        for begin, end, at, snapshot in zip(starts, ends, received, whole, strict=True):
            self._apply(
                zip(sides[begin:end], prices[begin:end], sizes[begin:end], strict=True), at, whole=bool(snapshot)
            )

    def value_findings(self) -> list[Finding]:
        """Values, crossed books, and changes of what is not known."""
        return [
            *super().value_findings(),
            *self._tallies["unknown"].finding(
                "no-snapshot", "{n} change(s) before the first snapshot", "until then the book is only known in part",
                is_note=self._known,
            ),
            *self._tallies["gone"].finding(
                "unknown-level", "{n} level(s) that go and were not there", "below a snapshot's depth, or changes lack",
                is_note=True,
            ),
        ]  # fmt: skip

    def _apply(self, levels: Any, received: int, *, whole: bool) -> None:
        if whole:
            self._bids.clear()
            self._asks.clear()
            self._known = True
        elif not self._known:
            self._tallies["unknown"].say(received, "")
        for side, price, size in levels:
            if side and not (self._bids if side > 0 else self._asks).set(price, size) and self._known:
                self._tallies["gone"].say(received, f"{price:.10g}")
        if self._known:
            self._crossed(self._bids.best(), self._asks.best(), received)
