"""What an account holds, and what its orders may still do to it, summed by symbol (I5, I14).

Each order counts with what may still be filled of it, from its approval until its end is known. Reduce-only orders
bring a position to nothing and no further. A sum costs the same however many orders there are.
"""

from collections.abc import Mapping

from messages import Lots, Symbol


class Sums:
    """One account's."""

    def __init__(self, positions: Mapping[Symbol, Lots]) -> None:
        self.positions: dict[Symbol, Lots] = dict(positions)
        self._left: dict[str, tuple[Symbol, Lots, bool]] = {}
        self._totals: dict[tuple[Symbol, bool, bool], Lots] = {}
        """By (symbol, whether they buy, whether they only reduce), zero or above."""

    def __len__(self) -> int:
        return len(self._left)

    def fold(self, symbol: Symbol, lots: Lots) -> None:
        """So many more are held."""
        self.positions[symbol] = self.positions.get(symbol, 0) + lots

    def count(self, client_id: str, symbol: Symbol, lots: Lots, *, only_reduces: bool) -> None:
        """From now on so many signed lots may still be filled of that order; 0: it does not count."""
        known = self._left.pop(client_id, None)
        if known is not None:
            self._add(known[0], -known[1], known[1] > 0, only_reduces=known[2])
        if lots:
            self._left[client_id] = (symbol, lots, only_reduces)
            self._add(symbol, lots, lots > 0, only_reduces=only_reduces)

    def forget(self, client_id: str) -> None:
        """It does not count any more."""
        self.count(client_id, "", 0, only_reduces=False)

    def left(self, client_id: str) -> Lots:
        """What an order counts with."""
        known = self._left.get(client_id)
        return 0 if known is None else known[1]

    def worst(self, symbol: Symbol, *, buys: bool, moved: Lots = 0) -> Lots:
        """The position on one side, in lots of that side, should everything on that side be filled.

        `moved`: signed lots that are to be left out of what is held.
        """
        held = self.positions.get(symbol, 0) - moved
        if not buys:
            held = -held
        free = self._totals.get((symbol, buys, False), 0)
        reducing = self._totals.get((symbol, buys, True), 0)
        return held + free + min(reducing, max(-held, 0))

    def only_shrinks(self, client_id: str, symbol: Symbol, lots: Lots) -> bool:
        """Whether an order, which is counted, can do nothing but shrink the position, whatever else is on its way."""
        held = self.positions.get(symbol, 0)
        buys = lots > 0
        all_lots = self._totals.get((symbol, buys, False), 0) + self._totals.get((symbol, buys, True), 0)
        others = all_lots - abs(self.left(client_id))
        return others + abs(lots) <= (-held if buys else held)

    def _add(self, symbol: Symbol, lots: Lots, buys: bool, *, only_reduces: bool) -> None:  # noqa: FBT001 - a side
        key = (symbol, buys, only_reduces)
        self._totals[key] = self._totals.get(key, 0) + (lots if buys else -lots)
