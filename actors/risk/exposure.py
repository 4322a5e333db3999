"""What approved orders may still do to a position: each counts in full until its end, and all its fills, are known.

An amend on its way makes two orders of one, of which nobody knows which the venue works: the larger of old and new
counts. Answers may be late, twice or in any order; what is counted may then be too much for a while, and is never too
little.
"""

from typing import TypeVar

from actors.risk.approved import Approved, part_of
from messages import Fill, Lots, Order, StrategyId, Symbol, UtcNs

_Key = TypeVar("_Key", Symbol, tuple[StrategyId, Symbol])


class Exposure:
    """Positions and approved orders of one account, in signed lots by symbol. Unknown orders count as working.

    With `by_strategy` the same is known of each (strategy, symbol), from the parts of fills and the owners of orders.
    """

    def __init__(self, *, by_strategy: bool = False) -> None:
        self.position: dict[Symbol, Lots] = {}
        self.buying: dict[Symbol, Lots] = {}
        """May still be bought, zero or above."""
        self.selling: dict[Symbol, Lots] = {}
        """May still be sold, zero or above."""
        self.by_strategy = by_strategy
        self.positions_of: dict[tuple[StrategyId, Symbol], Lots] = {}
        self.buying_of: dict[tuple[StrategyId, Symbol], Lots] = {}
        self.selling_of: dict[tuple[StrategyId, Symbol], Lots] = {}
        self._approved: dict[str, Approved] = {}

    # What is asked.

    def knows(self, client_id: str) -> Order | None:
        """An approved order that is not known to have ended, as the venue was last known to work it."""
        approved = self._approved.get(client_id)
        return approved.order if approved is not None and approved.ended_filled is None else None

    def is_other(self, order: Order) -> bool:
        """Whether its client id belongs to an approved order of another symbol or side."""
        known = self._approved.get(order.client_id)
        return known is not None and (known.order.symbol != order.symbol or (known.order.lots > 0) != (order.lots > 0))

    def worst(self, symbol: Symbol) -> Lots:
        """The larger side of a symbol, zero or above, should everything that raises it be filled."""
        position = self.position.get(symbol, 0)
        return max(position + self.buying.get(symbol, 0), self.selling.get(symbol, 0) - position)

    def others(self, order: Order) -> tuple[Lots, Lots]:
        """(buying, selling) of all approved orders but this one, which may have been approved before."""
        buying, selling = self.buying.get(order.symbol, 0), self.selling.get(order.symbol, 0)
        known = self._approved.get(order.client_id)
        return (buying, selling) if known is None else _without(known.left, buying, selling)

    def reducing(self, order: Order) -> Lots:
        """What other reduce-only orders of its symbol and side may still fill, zero or above."""
        lots = [
            each.left
            for client_id, each in self._approved.items()
            if client_id != order.client_id and each.order.symbol == order.symbol and each.only_reduces()
        ]
        return sum([abs(left) for left in lots if (left > 0) == (order.lots > 0)])

    def others_of(self, strategy: StrategyId, order: Order) -> tuple[Lots, Lots]:
        """`others`, of one strategy's parts."""
        key = (strategy, order.symbol)
        buying, selling = self.buying_of.get(key, 0), self.selling_of.get(key, 0)
        known = self._approved.get(order.client_id)
        return (buying, selling) if known is None else _without(known.parts.get(strategy, (0, 0))[1], buying, selling)

    def left_of(self, order: Order, strategy: StrategyId | None = None) -> Lots:
        """What may still be filled of the order, or of one strategy's part, were it worked as it is here."""
        lots = order.lots if strategy is None else part_of(order, strategy)
        known = self._approved.get(order.client_id)
        if known is None:
            return lots
        filled = known.filled if strategy is None else known.parts.get(strategy, (0, 0))[0]
        return max(0, lots - filled) if order.lots > 0 else min(0, lots - filled)

    def eases(self, order: Order) -> bool:
        """Whether an amend takes nothing but lots away, whoever owns them: it can make nothing worse."""
        return self._approved[order.client_id].eases(order)

    def open_orders(
        self, symbol: Symbol | None = None, strategy: StrategyId | None = None, besides: str | None = None
    ) -> int:
        """Approved orders that are not known to have ended: of a symbol, of a strategy, without one of them."""
        return sum(
            1
            for client_id, approved in self._approved.items()
            if approved.ended_filled is None
            and client_id != besides
            and (symbol is None or approved.order.symbol == symbol)
            and (strategy is None or part_of(approved.order, strategy) != 0)
        )

    def approved(self) -> tuple[str, ...]:
        """The client ids of all orders that count."""
        return tuple(self._approved)

    # What happens.

    def approve(self, order: Order) -> None:
        """From now on it may be filled. An order approved again is counted once, as the larger of the two."""
        known = self._approved.get(order.client_id)
        if known is None:
            known = self._approved[order.client_id] = Approved(order)
            _count(self.buying, self.selling, order.symbol, order.lots)
            if self.by_strategy:
                self._recount_parts(known)
            return
        known.approved_at = order.ts
        known.ended_filled = None
        if order.lots != known.order.lots or order.owners != known.order.owners:
            known.asked.append(order)
        self._recount(known)

    def reject(self, client_id: str, ts: UtcNs) -> None:
        """The venue did not take it. The answer to an earlier submission, heard again, is told by its time."""
        approved = self._approved.get(client_id)
        if approved is not None and ts >= approved.approved_at:
            self.end(client_id)

    def amend(self, order: Order) -> None:
        """It may be worked as it is here, or as before."""
        approved = self._approved[order.client_id]
        approved.asked.append(order)
        self._recount(approved)

    def amended(self, order: Order) -> None:
        """It is worked as it is here."""
        approved = self._approved.get(order.client_id)
        if approved is not None:
            approved.amended(order)
            self._recount(approved)

    def not_amended(self, order: Order, ts: UtcNs) -> None:
        """It is worked as before."""
        approved = self._approved.get(order.client_id)
        if approved is not None:
            approved.not_amended(order, ts)
            self._recount(approved)

    def fold(self, symbol: Symbol, lots: Lots, strategy: StrategyId | None = None) -> None:
        """Change the position, and that of a strategy if it is named."""
        self.position[symbol] = self.position.get(symbol, 0) + lots
        if strategy is not None and self.by_strategy:
            self._fold_part(strategy, symbol, lots)

    def cross(self, fill: Fill) -> None:
        """Two strategies of the account traded with each other: the account holds what it held."""
        for part in fill.parts:
            self._fold_part(part.strategy, fill.symbol, part.lots)

    def fill(self, fill: Fill) -> None:
        """Fold a fill: position instead of possibility."""
        symbol, lots = fill.symbol, fill.lots
        self.position[symbol] = self.position.get(symbol, 0) + lots
        approved = self._approved.get(fill.client_id)
        if self.by_strategy:
            for part in fill.parts:
                self._fold_part(part.strategy, symbol, part.lots)
                if approved is not None:
                    filled, left = approved.parts.get(part.strategy, (0, 0))
                    approved.parts[part.strategy] = (filled + part.lots, left)
        if approved is None:
            return
        approved.filled += lots
        self._recount(approved)
        self._forget_if_over(fill.client_id, approved)

    def end(self, client_id: str, lots_filled: Lots = 0) -> None:
        """The order is over, having filled so many lots; those whose fills have not been heard count until they are."""
        approved = self._approved.get(client_id)
        if approved is None:
            return
        known = approved.ended_filled
        if known is None or abs(lots_filled) > abs(known):
            approved.ended_filled = lots_filled
        self._recount(approved)
        self._forget_if_over(client_id, approved)

    # Inside.

    def _forget_if_over(self, client_id: str, approved: Approved) -> None:
        if approved.ended_filled is not None and approved.left == 0:
            del self._approved[client_id]

    def _recount(self, approved: Approved) -> None:
        order = approved.order
        left = approved.may_fill()
        if left != approved.left:
            _count(self.buying, self.selling, order.symbol, left - approved.left, side=order.lots)
            approved.left = left
        if self.by_strategy:
            self._recount_parts(approved)

    def _recount_parts(self, approved: Approved) -> None:
        owners = [owner.strategy for each in approved.ways() for owner in each.owners]
        for strategy in dict.fromkeys((*owners, *approved.parts)):
            filled, known = approved.parts.get(strategy, (0, 0))
            left = approved.part_may_fill(strategy, filled)
            key = (strategy, approved.order.symbol)
            _count(self.buying_of, self.selling_of, key, left - known, side=approved.order.lots)
            approved.parts[strategy] = (filled, left)

    def _fold_part(self, strategy: StrategyId, symbol: Symbol, lots: Lots) -> None:
        key = (strategy, symbol)
        self.positions_of[key] = self.positions_of.get(key, 0) + lots


def _without(left: Lots, buying: Lots, selling: Lots) -> tuple[Lots, Lots]:
    return (buying - left, selling) if left > 0 else (buying, selling + left)


def _count(
    buying: dict[_Key, Lots], selling: dict[_Key, Lots], key: _Key, lots: Lots, side: Lots | None = None
) -> None:
    """Signed lots more, or fewer, of what an order of the side (its own sign, unless told) may still do."""
    if (lots if side is None else side) > 0:
        buying[key] = buying.get(key, 0) + lots
    else:
        selling[key] = selling.get(key, 0) - lots
