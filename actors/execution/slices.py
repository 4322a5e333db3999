"""Cutting a group of owners' lots into orders that are no larger than the largest order allowed."""

from collections.abc import Sequence

from messages import Lots, Owner


def sliced(owners: Sequence[Owner], order_lots_max: Lots | None) -> list[tuple[Owner, ...]]:
    """One order's owners, or as few slices as the largest order allows. Owners stay in their order."""
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
                current, room = [], order_lots_max
    if current:
        slices.append(tuple(current))
    return slices
