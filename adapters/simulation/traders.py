"""Strategies that give the system something to do: they change their minds often, and come to rest when told to.

Each has a `wish`, which a fault may set: it is carried out at the next bar in place of its own, whatever it is.
"""

from typing import Any

from actors import Strategy


class Wishing(Strategy):
    """What all have in common. `quiet_at_s`: seconds since 1970, by its own clock; from then on it wishes no more."""

    warmup: int = 3
    changes: float = 0.4
    """How often a bar changes its mind."""
    quiet_at_s: float = 0.0

    def __init__(self) -> None:
        self.wish: tuple[str, tuple[Any, ...], dict[str, Any]] | None = None
        """Name of a method of Strategy, and what it is called with."""
        self.wishes_at_every_bar = False
        """Also while it is warmed up."""

    def on_bar(self, bar):  # type: ignore[no-untyped-def]
        """The wish, or what it wants itself."""
        wish, self.wish = self.wish, None
        if self.quiet_at_s and self.now >= self.quiet_at_s * 1_000_000_000:
            return
        if wish is not None:
            name, values, named = wish
            getattr(self, name)(*values, **named)
        elif self.wishes_at_every_bar:
            self.target(4.0)
            self.buy(1, limit=bar.close)
        else:
            self.throw(bar)  # type: ignore[no-untyped-call]

    def throw(self, bar):  # type: ignore[no-untyped-def]
        """What it wants itself."""


class Dice(Wishing):
    """At a bar, now and then, another target."""

    lots_max: int = 4

    def throw(self, _bar):  # type: ignore[no-untyped-def]
        """Throw."""
        if self.random.random() < self.changes:
            self.target(float(self.random.randint(-self.lots_max, self.lots_max)))


class Orders(Wishing):
    """Orders of its own: limits near the price that wait, markets that close what they brought."""

    def throw(self, bar):  # type: ignore[no-untyped-def]
        """Buy or sell a little, or take back what waits."""
        chance = self.random.random()
        if chance < self.changes / 2:
            away = self.random.choice((-1, 1)) * self.random.randint(1, 8)
            side = self.buy if away > 0 else self.sell
            side(self.random.randint(1, 2), limit=bar.close - away)
        elif chance < self.changes:
            (self.sell if self.position() > 0 else self.buy)(self.random.randint(1, 2))
        elif chance < self.changes * 1.2:
            self.cancel()


class Reader(Strategy):
    """Looks at every quote and book, and changes its mind about as often as `Dice`: it has books subscribed to."""

    warmup: int = 0
    changes: float = 0.01
    lots_max: int = 4
    quiet_at_s: float = 0.0

    def on_quote(self, quote):  # type: ignore[no-untyped-def]
        """Follow the heavier side, now and then."""
        self._lean(quote.bid_size - quote.ask_size)

    def on_book(self, book):  # type: ignore[no-untyped-def]
        """The same, of ten levels."""
        self._lean(sum(size for _, size in book.bids) - sum(size for _, size in book.asks))

    def _lean(self, lean: float) -> None:
        if self.quiet_at_s and self.now >= self.quiet_at_s * 1_000_000_000:
            return
        if self.random.random() < self.changes:
            self.target(float(self.random.randint(0, self.lots_max) * (1 if lean > 0 else -1)))
