"""The numbered changes of a recorded book: in which order they apply, and where the chain breaks."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from messages import iso_utc

Row = tuple[Any, ...]
"""ts, received, part, side, price, size, is_snapshot."""
_KEPT = 10_000
"""Changes that may come before the snapshot that does not have them yet."""


@attrs.frozen
class Change:
    """Levels with their new sizes."""

    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> "Change":
        """Of pairs of texts; ValueError for a price or size that cannot be."""
        return cls(tuple(_level(pair) for pair in bids), tuple(_level(pair) for pair in asks))


def _level(pair: Sequence[str]) -> tuple[float, float]:
    price, size = float(pair[0]), float(pair[1])
    if not (0 < price < float("inf") and 0 <= size < float("inf")):
        raise ValueError(f"a level of the book cannot be: price {pair[0]}, size {pair[1]}")
    return price, size


@attrs.define
class _Chain:
    """What is known of one symbol's book."""

    number: int | None = None
    """The last change's."""
    as_of: int | None = None
    """The snapshot's."""
    before: "deque[tuple[int, int, Change]]" = attrs.field(factory=lambda: deque(maxlen=_KEPT))
    """The last changes before any snapshot."""


@attrs.define
class BookFolder:
    """Makes rows of numbered changes, symbol by symbol, over files that are imported one after another."""

    part: int = -1
    breaks: int = 0
    first_break: int = 0
    """UTC ns of receipt."""
    outdated: int = 0
    folded: int = 0
    began_without: int = 0
    """Changes before the first snapshot."""
    snapshots: int = 0
    symbols: tuple[str, ...] = ()
    _chains: dict[str, _Chain] = attrs.field(factory=dict)

    def copy(self) -> "BookFolder":
        """Another one that knows the same, and has nothing to report yet."""
        chains = {
            name: _Chain(chain.number, chain.as_of, chain.before.copy()) for name, chain in self._chains.items()
        }  # fmt: skip
        return BookFolder(part=self.part, chains=chains)

    def know(self, symbol: str) -> None:
        """Remember that the file is of this symbol too."""
        if symbol not in self.symbols:
            self.symbols = (*self.symbols, symbol)

    def change(self, symbol: str, numbers: tuple[int, int], change: Change, *, ts: int, received: int) -> list[Row]:
        """The rows of a difference; none when the book is newer already. `numbers`: the one it follows, and its own."""
        follows, number = numbers
        chain = self._chains.setdefault(symbol, _Chain())
        if chain.number is not None and follows != chain.number:
            self.first_break = self.first_break or received
            self.breaks += 1
        chain.number = number
        if chain.as_of is None:
            self.began_without += 1
            chain.before.append((number, ts, change))
        elif number <= chain.as_of:
            self.outdated += 1
            return []
        return self._rows(change, ts, received, whole=False)

    def snapshot(self, symbol: str, number: int, change: Change, *, ts: int, received: int) -> list[Row]:
        """The rows of the whole book, with the newer differences that came before it: as of the last of them."""
        chain = self._chains.setdefault(symbol, _Chain())
        self.snapshots += 1
        sides = dict(change.bids), dict(change.asks)
        for later, then, missed in chain.before:
            if later > number:
                self.folded, ts = self.folded + 1, max(ts, then)
                for side, levels in zip(sides, (missed.bids, missed.asks), strict=True):
                    side.update(levels)
        bids, asks = ({price: size for price, size in side.items() if size} for side in sides)
        chain.before.clear()
        chain.as_of = number
        whole = Change(tuple(sorted(bids.items(), reverse=True)), tuple(sorted(asks.items())))
        return self._rows(whole, ts, received, whole=True)

    def notes(self) -> Iterator[str]:
        """What there is to say of the chain."""
        if self.breaks:
            first = iso_utc(self.first_break)
            yield f"the book's chain breaks {self.breaks} times, first at {first}: changes are missing"
        else:
            yield "the book's chain of changes is whole"
        if self.snapshots:
            yield f"{self.folded} changes newer than the snapshot that came before it are folded into it"
        if self.outdated:
            yield f"{self.outdated} changes older than the snapshot that came after it are left out"
        if self.began_without:
            yield f"{self.began_without:,} changes come before a snapshot: until then the book is only known in part"

    def _rows(self, change: Change, ts: int, received: int, *, whole: bool) -> list[Row]:
        self.part += 1
        rows: list[Row] = []
        for side, levels in ((1, change.bids), (-1, change.asks)):
            rows += [(ts, received, self.part, side, price, size, int(whole)) for price, size in levels]
        return rows or [(ts, received, self.part, 0, 0.0, 0.0, int(whole))]
