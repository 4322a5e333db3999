"""The truth about orders at a venue that answers late: what the convergence tests judge an executor by."""

import attrs

from tests.builders import a_fill


@attrs.define
class AtVenue:
    """The truth about one order."""

    order: object
    parts: dict = attrs.field(factory=dict)
    """Filled so far, by owner."""
    executions: int = 0
    over: bool = False

    @property
    def filled(self):
        """Signed lots."""
        return sum(self.parts.values())

    def left(self):
        """What may still be filled, by owner."""
        return left_of(self.order, self.parts)

    def fill(self, lots, ts):
        """As many of these lots (above zero) as are left, owner after owner; returns the fill that tells of it."""
        parts, room = [], lots
        for owner, left in self.left().items():
            part = min(abs(left), room)
            if part:
                room -= part
                parts.append((owner, part if left > 0 else -part))
        for owner, part in parts:
            self.parts[owner] = self.parts.get(owner, 0) + part
        self.executions += 1
        execution_id = f"{self.order.client_id}-{self.executions}"
        return a_fill(order=self.order, parts=tuple(parts), execution_id=execution_id, ts=ts)


def left_of(order, parts):
    """What may still be filled of an order, by owner, when `parts` of it are filled."""
    left = {owner.strategy: owner.lots - parts.get(owner.strategy, 0) for owner in order.owners}
    return {owner: lots for owner, lots in left.items() if lots * order.lots > 0}
