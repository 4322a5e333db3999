"""One symbol's order book from rows of `orderBookL2`: its levels by id, its best levels by price, and if it can be.

Updates carry no price and deletes only keys, so the price is remembered by id; the id itself is opaque.
"""

from bisect import bisect_left, insort
from typing import Final, TypeAlias

import attrs

from adapters.bitmex.fields import FieldError, needed, price, size, wrong
from adapters.bitmex.tables import Change
from messages import Level

_Id: TypeAlias = tuple[str, str | int]
_SIDES: Final = ("Buy", "Sell")
Touched: TypeAlias = tuple[str, float, float]
"""(side, price, size now): 0 when the level is gone."""


@attrs.define
class _Side:
    prices: list[float] = attrs.field(factory=list)
    """Rising."""
    sizes: dict[float, float] = attrs.field(factory=dict)

    def put(self, at: float, amount: float) -> None:
        if at not in self.sizes:
            insort(self.prices, at)
        self.sizes[at] = amount

    def take(self, at: float) -> None:
        if self.sizes.pop(at, None) is not None:
            del self.prices[bisect_left(self.prices, at)]


class Book:
    """All levels of one symbol. Sizes are in contracts."""

    def __init__(self) -> None:
        self._bids, self._asks = _Side(), _Side()
        self._price_of: dict[_Id, float] = {}

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask: no market can be so, only a copy of one."""
        bids, asks = self._bids.prices, self._asks.prices
        return bool(bids and asks) and bids[-1] >= asks[0]

    def best(self, depth: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """(bids, asks), best first, at most `depth` of each; a side may be empty."""
        bids, asks = self._bids, self._asks
        return (
            tuple((at, bids.sizes[at]) for at in bids.prices[: -depth - 1 : -1]),
            tuple((at, asks.sizes[at]) for at in asks.prices[:depth]),
        )

    def apply(self, change: Change) -> tuple[Touched, ...]:
        """One level: what became of it, and of the price that it had. FieldError when it cannot be a level.

        The book must then be asked for again.
        """
        side, level = change.row.get("side"), change.row.get("id")
        if side not in _SIDES or type(level) not in (str, int):
            raise wrong("side and id", (side, level), "a level's")
        assert isinstance(side, str)
        assert isinstance(level, (str, int))
        levels = self._bids if side == "Buy" else self._asks
        known = self._price_of.pop((side, level), None)
        if change.action == "delete":
            if known is None:
                return ()
            levels.take(known)
            return ((side, known, 0.0),)
        at = needed(price(change.row, "price"), "price")
        amount = needed(size(change.row, "size"), "size")
        moved: tuple[Touched, ...] = ()
        if known is not None and known != at:
            levels.take(known)
            moved = ((side, known, 0.0),)
        elif known is None and at in levels.sizes:
            raise FieldError(f"two levels at {at}")
        levels.put(at, amount)
        self._price_of[(side, level)] = at
        return (*moved, (side, at, amount))
