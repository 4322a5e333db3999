"""A price-time order book of many participants: what rests, who is next, and what an aggressive order meets.

Prices are whole ticks, sizes whole lots, an order is a number that its owner gave it. It knows neither accounts nor
money. At one price who came first is served first; making an order smaller keeps its place, anything else loses it.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

from messages import Lots


class Match(NamedTuple):
    """A resting order met an aggressive one, at the resting order's price."""

    maker: int
    """The resting order's number."""
    ticks: int
    lots: Lots
    """Above zero."""
    done: bool
    """Nothing of the resting order is left."""


class _Side:
    """One side: levels by ticks, each a dictionary whose order is the order of arrival."""

    __slots__ = ("levels", "sign", "sizes", "sorted")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        """+1 buys, -1 sells."""
        self.levels: dict[int, dict[int, Lots]] = {}
        self.sizes: dict[int, Lots] = {}
        self.sorted: list[int] = []
        """Keys of the levels, the best one last: -ticks of sells, ticks of buys."""

    def add(self, number: int, ticks: int, lots: Lots) -> None:
        level = self.levels.get(ticks)
        if level is None:
            self.levels[ticks], self.sizes[ticks] = {number: lots}, lots
            insort(self.sorted, ticks * self.sign)
        else:
            level[number] = lots
            self.sizes[ticks] += lots

    def change(self, number: int, ticks: int, lots: Lots) -> None:
        """What is left of an order; 0 removes it, and its level with the last one."""
        level = self.levels[ticks]
        self.sizes[ticks] += lots - level[number]
        if lots:
            level[number] = lots
            return
        del level[number]
        if not level:
            del self.levels[ticks], self.sizes[ticks]
            key = ticks * self.sign
            if self.sorted[-1] == key:
                self.sorted.pop()
            else:
                del self.sorted[bisect_left(self.sorted, key)]

    def best(self) -> int | None:
        return self.sorted[-1] * self.sign if self.sorted else None


class OrderBook:
    """One symbol's book. Lots are signed in what is asked (positive buys), and above zero in what rests."""

    __slots__ = ("_buys", "_changed", "_places", "_sells")

    def __init__(self) -> None:
        self._buys, self._sells = _Side(1), _Side(-1)
        self._places: dict[int, tuple[_Side, int]] = {}
        self._changed: dict[tuple[int, int], None] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def best_bid(self) -> int | None:
        """Ticks of the highest buy; None when nobody buys."""
        return self._buys.best()

    @property
    def best_ask(self) -> int | None:
        """Ticks of the lowest sell; None when nobody sells."""
        return self._sells.best()

    def crosses(self, lots: Lots, ticks: int) -> bool:
        """Whether an order at this limit would meet somebody at once."""
        best = self.best_ask if lots > 0 else self.best_bid
        return best is not None and (ticks >= best if lots > 0 else ticks <= best)

    def rest(self, number: int, lots: Lots, ticks: int) -> None:
        """Put an order behind all others at its price. It must not cross, and its number must be new."""
        assert lots != 0, "nothing rests"
        assert number not in self._places, "it rests already"
        assert not self.crosses(lots, ticks), "it would have been matched"
        side = self._buys if lots > 0 else self._sells
        side.add(number, ticks, abs(lots))
        self._places[number] = (side, ticks)
        self._changed[side.sign, ticks] = None

    def cancel(self, number: int) -> Lots:
        """Take an order away; returns what was left of it. KeyError for one that does not rest."""
        side, ticks = self._places.pop(number)
        left = side.levels[ticks][number]
        side.change(number, ticks, 0)
        self._changed[side.sign, ticks] = None
        return left

    def reduce(self, number: int, lots: Lots) -> None:
        """Leave `lots` (above zero, fewer than now) of an order, which keeps its place."""
        side, ticks = self._places[number]
        assert 0 < lots <= side.levels[ticks][number]
        side.change(number, ticks, lots)
        self._changed[side.sign, ticks] = None

    def available(self, lots: Lots, limit: int | None, enough: Lots) -> Lots:
        """How much an order could meet at its limit or better, counted no further than `enough`."""
        side = self._sells if lots > 0 else self._buys
        found = 0
        for key in reversed(side.sorted):
            ticks = key * side.sign
            if found >= enough or (limit is not None and (ticks > limit if lots > 0 else ticks < limit)):
                break
            found += side.sizes[ticks]
        return min(found, enough)

    def next_match(self, lots: Lots, limit: int | None) -> Match | None:
        """Meet the next resting order with at most |lots|; None when nobody is there at the limit or better."""
        side = self._sells if lots > 0 else self._buys
        ticks = side.best()
        if ticks is None or (limit is not None and (ticks > limit if lots > 0 else ticks < limit)):
            return None
        number, resting = next(iter(side.levels[ticks].items()))
        taken = min(abs(lots), resting)
        side.change(number, ticks, resting - taken)
        if taken == resting:
            del self._places[number]
        self._changed[side.sign, ticks] = None
        return Match(number, ticks, taken, taken == resting)

    def levels(self, sign: int, count: int | None = None) -> Iterator[tuple[int, Lots]]:
        """(ticks, lots) of a side (+1 buys, -1 sells), the best first, at most `count`."""
        side = self._buys if sign > 0 else self._sells
        keys = side.sorted if count is None else side.sorted[-count:]
        for key in reversed(keys):
            yield key * sign, side.sizes[key * sign]

    def size_at(self, sign: int, ticks: int) -> Lots:
        """What rests at a price; 0 for nothing."""
        return (self._buys if sign > 0 else self._sells).sizes.get(ticks, 0)

    def take_changes(self) -> tuple[tuple[int, int], ...]:
        """(sign, ticks) of every level touched since the last call, in the order of the first touch."""
        changed = tuple(self._changed)
        self._changed.clear()
        return changed
