"""One approved order as the guard knows it: all that it may be at the venue, and what was heard of it."""

from messages import Lots, Order, StrategyId, UtcNs


class Approved:
    """One approved order: as it may be at the venue, and what was heard of it."""

    __slots__ = (
        "amended_at",
        "answered",
        "approved_at",
        "asked",
        "ended_filled",
        "filled",
        "left",
        "order",
        "parts",
        "together",
    )

    def __init__(self, order: Order) -> None:
        self.order = order
        self.approved_at = order.ts
        self.amended_at: UtcNs | None = None
        self.left = order.lots
        self.filled = 0
        self.ended_filled: Lots | None = None
        self.asked: list[Order] = []
        """What it was to be amended to, where the answer is not known."""
        self.together: list[Order] = []
        """What it was amended to at the time that `order` was, too: which of them came last is not known."""
        self.answered: set[tuple[Order, UtcNs, bool]] = set()
        self.parts: dict[StrategyId, tuple[Lots, Lots]] = {}
        """By strategy: (filled, may still be filled). Kept only where somebody asks for strategies."""

    def ways(self) -> tuple[Order, ...]:
        """All that it may be at the venue."""
        return (self.order, *self.together, *self.asked)

    def may_fill(self) -> Lots:
        """Signed lots that may still be filled, whichever way it is worked. Never past zero."""
        lots = self.order.lots
        if self.ended_filled is not None:
            lots = abs(self.ended_filled) if lots > 0 else -abs(self.ended_filled)
        elif self.asked or self.together:
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
        if any(_terms(each) != _terms(order) for each in self.ways()):
            return False
        now = self.order
        return abs(order.lots) <= abs(now.lots) and all(
            abs(owner.lots) <= abs(part_of(now, owner.strategy)) for owner in order.owners
        )

    def answers(self, order: Order, ts: UtcNs, *, done: bool) -> bool:
        """Take an answer to an amend; False for one heard before, which must not be taken for that to a later amend."""
        answer = (order, ts, done)
        if answer in self.answered:
            return False
        self.answered.add(answer)
        if order in self.asked:
            self.asked.remove(order)
        if not done:
            return True
        if self.amended_at is None or ts > self.amended_at:
            self.order, self.amended_at = order, ts
            self.together.clear()
        elif ts == self.amended_at:
            self.together.append(order)
        return True


def part_of(order: Order, strategy: StrategyId) -> Lots:
    """A strategy's lots of an order, 0 when it owns none of it."""
    return sum([owner.lots for owner in order.owners if owner.strategy == strategy])


def _terms(order: Order) -> tuple[object, ...]:
    return (order.type, order.limit_price, order.stop_price, order.trail, order.reduce_only)
