"""I15, I16 and the orders of I4: states move along a written graph, all end, and both sides know the same ones."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from adapters.simulation.checks.check import Check
from adapters.simulation.checks.journalled import journalled
from adapters.simulation.checks.ledger import written

GRAPH: Final[Mapping[str, Mapping[str, str]]] = {
    # Where an order is, what is said of it, where it is then.
    "new": {"SubmitOrder": "submitted"},
    "submitted": {"ApprovedOrder": "approved", "OrderRefused": "refused", "SubmitOrder": "submitted"},
    "approved": {
        "ApprovedOrder": "approved", "OrderAccepted": "live", "OrderRejected": "rejected", "OrderUnknown": "unknown",
        "OrderEnded": "over", "Fill": "live", "SubmitOrder": "approved", "OrderAmended": "live",
    },
    "unknown": {
        "OrderAccepted": "live", "OrderRejected": "rejected", "OrderUnknown": "unknown", "OrderEnded": "over",
        "Fill": "live", "SubmitOrder": "unknown", "ApprovedOrder": "unknown", "OrderAmended": "live",
    },
    "live": {
        "OrderAccepted": "live", "OrderEnded": "over", "Fill": "live", "OrderAmended": "live", "OrderUnknown": "live",
        "SubmitOrder": "live", "ApprovedOrder": "live", "OrderRejected": "rejected",
    },
    # Nothing leaves an end but an order that was refused and is asked for again; fills come late, and are booked.
    "refused": {"SubmitOrder": "submitted", "OrderRefused": "refused"},
    "rejected": {
        "SubmitOrder": "submitted", "OrderRejected": "rejected", "Fill": "over", "OrderAccepted": "live",
        "OrderEnded": "over", "ApprovedOrder": "approved",
    },
    "over": {"Fill": "over", "OrderEnded": "over", "OrderAccepted": "over", "OrderUnknown": "over"},
}  # fmt: skip
ROOMY: Final = 100
"""Messages for which there is room in any mailbox."""
ENDS: Final = frozenset({"refused", "rejected", "over"})
_WORDS: Final = (
    "SubmitOrder", "ApprovedOrder", "OrderRefused", "OrderAccepted", "OrderRejected", "OrderUnknown", "OrderAmended",
    "OrderEnded", "Fill",
)  # fmt: skip


@attrs.define
class _Order:
    state: str
    life: int
    approvals: int = 0


class OrderStates(Check):
    """See the module. A life knows of earlier ones' orders what is in the journal: they are approved, and no more."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._orders: dict[str, _Order] = {}
        self._life = 0
        for word in _WORDS:
            setattr(self, f"on_{word}", getattr(self, f"_{'fill' if word == 'Fill' else 'word'}"))

    def life_began(self, life: int) -> None:
        """What its predecessor only said, nobody knows."""
        self._life = life
        known = journalled(self.facts.folder)
        for name in [name for name, order in self._orders.items() if order.state not in ENDS and name not in known]:
            del self._orders[name]
        for name, order in self._orders.items():
            if order.state == "refused" and name in known:
                # Asked for again after a rejection, and refused: of both nothing may be written.
                order.state = "rejected"
            elif order.state not in ENDS:
                # It was asked for again after a rejection, and that is not written: it is rejected, for all that is.
                is_asked = order.state == "submitted" or known[name] < order.approvals
                order.state = "rejected" if is_asked else "unknown"
                order.approvals = known[name]

    def _word(self, envelope: Any) -> None:
        message = envelope.message
        kind = type(message).__name__
        if kind == "ApprovedOrder" and not envelope.sender.startswith("risk-guard"):
            return
        self._moves(message.order.client_id, kind)

    def _fill(self, envelope: Any) -> None:
        fill = envelope.message
        if fill.liquidity in ("maker", "taker"):
            self._moves(fill.client_id, "Fill")

    def _moves(self, name: str, kind: str) -> None:
        order = self._orders.get(name)
        before = "new" if order is None else order.state
        after = GRAPH[before].get(kind)
        if after is None:
            self.violated("I15", f"{kind} of {name}, which is {before}")
            return
        if order is None:
            self._orders[name] = _Order(after, self._life)
        else:
            order.state, order.life = after, self._life
        self._orders[name].approvals += kind == "ApprovedOrder"

    def at_rest(self) -> None:
        """What works is known to both."""
        prefix = self.facts.prefix
        ours = sorted(name for name, order in self._orders.items() if order.state not in ENDS)
        there = sorted(row["clOrdID"] for row in self.truth.open_orders() if row["clOrdID"].startswith(prefix))
        if ours != there:
            self.violated("I4", f"we believe that {ours} work, at the exchange {there} do")

    def over(self) -> None:
        """All was cancelled, and all has ended."""
        left = sorted(f"{name} ({order.state})" for name, order in self._orders.items() if order.state not in ENDS)
        if left:
            self.violated("I16", f"these never ended: {', '.join(left[:10])}")


class NothingLost(Check):
    """I16: no mailbox turns away what must be delivered; what was approved ends, by what is written."""

    def on_ActorLagging(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A mailbox was full; one that a fault has made next to nothing of may be."""
        lagging = envelope.message
        if lagging.waiting >= ROOMY:
            self.violated("I16", f"{lagging.waiting} messages wait for {lagging.actor}, and some were turned away")

    def over(self) -> None:
        """The files tell the same."""
        ends = ("OrderRefused", "OrderRejected", "OrderEnded")
        ended = {fields["order"]["client_id"] for _, fields in written(self.facts.folder, ends)}
        left = [name for name in journalled(self.facts.folder) if name not in ended]
        if left:
            self.violated("I16", f"nothing is written of the end of {', '.join(left[:10])}")


CHECKS = (OrderStates, NothingLost)
