"""What approved orders may still do to a position: each counts in full until its end, and all its fills, are known."""

from messages import Fill, Lots, Order, Symbol, UtcNs


class _Approved:
    __slots__ = ("approved_at", "ended_filled", "filled", "left", "symbol")

    def __init__(self, order: Order) -> None:
        self.symbol = order.symbol
        self.approved_at = order.ts
        self.left = order.lots
        self.filled = 0
        self.ended_filled: Lots | None = None


class Exposure:
    """Positions and approved orders of one account, in signed lots by symbol. Unknown orders count as working."""

    def __init__(self) -> None:
        self.position: dict[Symbol, Lots] = {}
        self.buying: dict[Symbol, Lots] = {}
        """May still be bought, zero or above."""
        self.selling: dict[Symbol, Lots] = {}
        """May still be sold, zero or above."""
        self._approved: dict[str, _Approved] = {}

    def others(self, order: Order) -> tuple[Lots, Lots]:
        """(buying, selling) of all approved orders but this one, which may have been approved before."""
        buying, selling = self.buying.get(order.symbol, 0), self.selling.get(order.symbol, 0)
        known = self._approved.get(order.client_id)
        if known is not None:
            if known.left > 0:
                buying -= known.left
            else:
                selling += known.left
        return buying, selling

    def approve(self, order: Order) -> None:
        """From now on it may be filled. An order approved again is counted once."""
        known = self._approved.get(order.client_id)
        if known is None:
            self._approved[order.client_id] = _Approved(order)
            self._count(order.symbol, order.lots, 1)
        else:
            known.approved_at = order.ts

    def reject(self, client_id: str, ts: UtcNs) -> None:
        """The venue did not take it. The answer to an earlier submission, heard again, is told by its time."""
        approved = self._approved.get(client_id)
        if approved is not None and ts >= approved.approved_at:
            self.end(client_id)

    def fold(self, symbol: Symbol, lots: Lots) -> None:
        """Change the position."""
        self.position[symbol] = self.position.get(symbol, 0) + lots

    def fill(self, fill: Fill) -> None:
        """Fold a fill: position instead of possibility."""
        self.fold(fill.symbol, fill.lots)
        approved = self._approved.get(fill.client_id)
        if approved is None:
            return
        approved.filled += fill.lots
        # Never past zero: a venue that fills too much must not open room on the other side.
        part = fill.lots if abs(fill.lots) <= abs(approved.left) else approved.left
        approved.left -= part
        self._count(approved.symbol, part, -1)
        self._forget_if_over(fill.client_id, approved)

    def end(self, client_id: str, lots_filled: Lots = 0) -> None:
        """The order is over, having filled so many lots; those whose fills have not been heard count until they are."""
        approved = self._approved.get(client_id)
        if approved is None:
            return
        approved.ended_filled = lots_filled
        missing = max(0, abs(lots_filled) - abs(approved.filled))
        left = min(missing, abs(approved.left))
        signed = left if approved.left > 0 else -left
        self._count(approved.symbol, approved.left - signed, -1)
        approved.left = signed
        self._forget_if_over(client_id, approved)

    def _forget_if_over(self, client_id: str, approved: _Approved) -> None:
        if approved.ended_filled is not None and abs(approved.filled) >= abs(approved.ended_filled):
            self._count(approved.symbol, approved.left, -1)
            del self._approved[client_id]

    def _count(self, symbol: Symbol, lots: Lots, sign: int) -> None:
        if lots > 0:
            self.buying[symbol] = self.buying.get(symbol, 0) + sign * lots
        elif lots < 0:
            self.selling[symbol] = self.selling.get(symbol, 0) - sign * lots
