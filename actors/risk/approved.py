"""One approved order as the guard knows it: all that it may have been at the venue, and what was heard of it.

That an order was amended to fewer lots does not say that no more of them were filled before: their fills may still be
on their way. So it counts as the largest that it ever was, until its end tells how much of it was filled.
"""

from messages import Lots, Order, StrategyId, UtcNs


class Approved:
    """One approved order: what it is and was, and what was heard of it."""

    __slots__ = ("_not_done", "_was", "approved_at", "asked", "ended_filled", "filled", "left", "order", "parts")

    def __init__(self, order: Order) -> None:
        self.order = order
        """As it was last known to be worked."""
        self.approved_at = order.ts
        self.left = order.lots
        self.filled = 0
        self.ended_filled: Lots | None = None
        self.asked: list[Order] = []
        """What it was to be amended to, where the answer is not known."""
        self.parts: dict[StrategyId, tuple[Lots, Lots]] = {}
        """By strategy: (filled, may still be filled). Kept only where somebody asks for strategies."""
        self._was: list[Order] = []
        self._not_done: set[tuple[Order, UtcNs]] = set()

    def ways(self) -> tuple[Order, ...]:
        """All that it may be at the venue, or was."""
        return (self.order, *self._was, *self.asked)

    def only_reduces(self) -> bool:
        """Whether it was reduce-only all along."""
        return all(order.reduce_only for order in self.ways())

    def may_fill(self) -> Lots:
        """Signed lots whose fills may still be heard of, whichever way it is worked. Never past zero."""
        lots = self.order.lots
        if self.ended_filled is not None:
            lots = abs(self.ended_filled) if lots > 0 else -abs(self.ended_filled)
        elif self.asked or self._was:
            all_lots = [order.lots for order in self.ways()]
            lots = max(all_lots) if lots > 0 else min(all_lots)
        left = lots - self.filled
        return max(0, left) if self.order.lots > 0 else min(0, left)

    def part_may_fill(self, strategy: StrategyId, filled: Lots) -> Lots:
        """The same for one owner. Whose the missing fills of an ended order are is not known: anybody's."""
        sign = 1 if self.order.lots > 0 else -1
        most = max([sign * part_of(order, strategy) for order in self.ways()])
        left = max(0, most - sign * filled)
        return sign * (left if self.ended_filled is None else min(left, abs(self.left)))

    def eases(self, order: Order) -> bool:
        """Whether to amend it to this takes nothing but lots away, whoever owns them: that can make nothing worse."""
        if any(_terms(each) != _terms(order) for each in (self.order, *self.asked)):
            return False
        now = self.order
        return abs(order.lots) <= abs(now.lots) and all(
            abs(owner.lots) <= abs(part_of(now, owner.strategy)) for owner in order.owners
        )

    def amended(self, order: Order) -> None:
        """The venue works it as it is here. What it was before counts on, where that was any larger."""
        before = self.order
        if before.owners != order.owners and all(before.owners != each.owners for each in self._was):
            self._was.append(before)
        self.order = order
        if order in self.asked:
            self.asked.remove(order)

    def not_amended(self, order: Order, ts: UtcNs) -> None:
        """The venue did not do it. Heard again, that must not be taken for the answer to a later amend."""
        if (order, ts) not in self._not_done:
            self._not_done.add((order, ts))
            if order in self.asked:
                self.asked.remove(order)


def part_of(order: Order, strategy: StrategyId) -> Lots:
    """A strategy's lots of an order, 0 when it owns none of it."""
    return sum([owner.lots for owner in order.owners if owner.strategy == strategy])


def _terms(order: Order) -> tuple[object, ...]:
    return (order.type, order.limit_price, order.stop_price, order.trail, order.reduce_only)
