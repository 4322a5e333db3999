"""How a group of owners' lots is worked: the names that `execution = ...` may have.

An algorithm is given the owners of one side and the largest order allowed, and returns the owners of each order to be
sent now. Market orders are all there is so far; the executor knows nothing of the names.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from messages import Lots, Owner

Algorithm: TypeAlias = Callable[[Sequence[Owner], Lots | None], list[tuple[Owner, ...]]]


def market(owners: Sequence[Owner], order_lots_max: Lots | None) -> list[tuple[Owner, ...]]:
    """Market orders at once: one, or as few slices as the largest order allows. Owners stay in their order."""
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


ALGORITHMS: Mapping[str, Algorithm] = {"market": market}
