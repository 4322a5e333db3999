"""The book keeper: changes of an order book become the book's best levels, which is what strategies hear.

It stands between feed and tick filter: what it says is judged as any book is, so that a crossed or empty one is set
aside by name and heard by nobody.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterable
from copy import deepcopy

import attrs

from actors.component import Component
from messages import BookChange, Message, OrderBook, Quarantined, Symbol
from messages.market import Level

LEVELS = 10
"""How many of the best levels of each side are said."""
NO_SNAPSHOT = "no-snapshot"
"""A change of a book of which the whole was never heard."""
NOT_A_LEVEL = "not-a-level"
"""A change with a price that is none, or a size below zero: all of it is set aside."""


class Side:
    """One side of a book: its levels, best first. `sign` is +1 for bids, -1 for asks."""

    __slots__ = ("_keys", "_sign", "_sizes", "best")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[float] = []
        """Prices times -sign, so that the best is the first."""
        self._sizes: dict[float, float] = {}
        self.best: tuple[Level, ...] = ()
        """The best levels, as `settle` has left them."""

    def clear(self) -> None:
        """Nothing is known of it any more."""
        self._keys.clear()
        self._sizes.clear()

    def change(self, levels: Iterable[Level]) -> None:
        """New sizes of some levels; 0: the level is gone."""
        keys, sizes, sign = self._keys, self._sizes, self._sign
        for price, size in levels:
            if size > 0.0:
                if price not in sizes:
                    insort(keys, -sign * price)
                sizes[price] = size
            elif sizes.pop(price, None) is not None:
                del keys[bisect_left(keys, -sign * price)]

    def settle(self, levels: int) -> bool:
        """Look at the best levels: whether any of them has changed."""
        sizes, sign = self._sizes, self._sign
        best = tuple([(price := -sign * key, sizes[price]) for key in self._keys[:levels]])
        if best == self.best:
            return False
        self.best = best
        return True


@attrs.frozen
class Book:
    """Both sides of one symbol's book."""

    bids: Side = attrs.field(factory=lambda: Side(1))
    asks: Side = attrs.field(factory=lambda: Side(-1))


class BookKeeper(Component):
    """Hears BookChange. Says an OrderBook of the best levels when one of these has changed, and Quarantined.

    Until a symbol's first snapshot nothing is known, and its changes are set aside. `heritage`: what the last
    incarnation's `heritage()` gave.
    """

    def __init__(self, *, levels: int = LEVELS, heritage: dict[Symbol, Book] | None = None) -> None:
        if levels < 1:
            raise ValueError(f"levels must be at least 1, not {levels}")
        self._levels = levels
        self._books: dict[Symbol, Book] = heritage if heritage is not None else {}

    def heritage(self) -> dict[Symbol, Book]:
        """The books as they are, as a copy: one that hangs may go on in what it has."""
        return deepcopy(self._books)

    def on_book_change(self, change: BookChange) -> tuple[Message, ...]:
        """The book after the change, if anything that is said of it is new."""
        if not all(0.0 < price < math.inf and 0.0 <= size < math.inf for price, size in (*change.bids, *change.asks)):
            return (_aside(change, NOT_A_LEVEL),)
        book = self._books.get(change.symbol)
        if book is None:
            if not change.is_snapshot:
                return (_aside(change, NO_SNAPSHOT),)
            book = self._books[change.symbol] = Book()
        if change.is_snapshot:
            book.bids.clear()
            book.asks.clear()
        book.bids.change(change.bids)
        book.asks.change(change.asks)
        bids_changed = bool(change.bids or change.is_snapshot) and book.bids.settle(self._levels)
        asks_changed = bool(change.asks or change.is_snapshot) and book.asks.settle(self._levels)
        if not (bids_changed or asks_changed):
            return ()
        return (
            OrderBook(
                symbol=change.symbol,
                ts=change.ts,
                received=change.received,
                bids=book.bids.best,
                asks=book.asks.best,
            ),
        )


def _aside(change: BookChange, reason: str) -> Quarantined:
    text = f"change of {len(change.bids)} bids and {len(change.asks)} asks, ts {change.ts}"
    return Quarantined(symbol=change.symbol, received=change.received, reason=reason, text=text)
