"""Cutting a group of owners' lots into orders that are no larger than the largest order allowed."""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from messages import Lots, Owner, StrategyId, Symbol

SLICES_MAX: Final = 100
"""Of one decision. A wish that needs more is a mistake, and must not keep its executor busy for hours."""


@attrs.frozen
class LargestOrder:
    """The most lots that one order may have; of every strategy and symbol where None is named."""

    lots: Lots
    strategy: StrategyId | None = None
    symbol: Symbol | None = None


def largest(limits: Iterable[LargestOrder], symbol: Symbol, owners: Iterable[Owner]) -> Lots | None:
    """How large an order in a symbol, of which these may be the owners, may be; None where nothing limits it."""
    names = {owner.strategy for owner in owners}
    return min(
        [
            limit.lots
            for limit in limits
            if limit.symbol in (None, symbol) and (limit.strategy is None or limit.strategy in names)
        ],
        default=None,
    )


def sliced(owners: Sequence[Owner], order_lots_max: Lots | None) -> list[tuple[Owner, ...]]:
    """One order's owners, or as few slices as the largest order allows. Owners stay in their order.

    Of more slices than SLICES_MAX the first ones: what is lacking then is decided on again when they are over.
    """
    if order_lots_max is None or abs(sum([owner.lots for owner in owners])) <= order_lots_max:
        return [tuple(owners)]
    slices: list[tuple[Owner, ...]] = []
    current: list[Owner] = []
    room = order_lots_max
    for owner in owners:
        sign, left = (1 if owner.lots > 0 else -1), abs(owner.lots)
        while left:
            part = min(left, room)
            current.append(Owner(owner.strategy, sign * part))
            left -= part
            room -= part
            if not room:
                slices.append(tuple(current))
                if len(slices) == SLICES_MAX:
                    return slices
                current, room = [], order_lots_max
    if current:
        slices.append(tuple(current))
    return slices
