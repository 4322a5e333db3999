"""An account's orders at the venue: placed, amended and cancelled once each, and followed until their end is known.

approval -> request -> answer or silence -> reports -> end. Nothing is ever sent again by itself.
"""

from collections.abc import Mapping
from typing import Final

from adapters.bitmex import requests
from adapters.bitmex.courier import Job, JobKind
from adapters.bitmex.order_answers import OrderAnswers
from adapters.bitmex.ours import CANCEL_PAUSE, OurOrder, Stage
from messages import (
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    Lots,
    Message,
    Order,
    OrderAccepted,
    OrderRejected,
    StrategyId,
    UtcNs,
)

NOT_READY: Final = "venue-not-ready"
LOST: Final = "gateway-failed"
OVERTAKEN: Final = "cancelled-before-it-left"
"""By a cancel of all, which does not wait for the journal as an approval does."""


class OrderDesk(OrderAnswers):
    """One account's: what the guard approved, in this life and in earlier ones."""

    _taken_back: UtcNs = -1
    """When all was cancelled last: what was approved before it does not leave any more, however late it arrives."""

    # An earlier life.

    def remember(self, order: Order, filled: Mapping[tuple[str, StrategyId], Lots], *, is_over: bool = False) -> None:
        """Approved in an earlier life. Its end is not known, and whatever is left of it must go; or it is over."""
        instrument = self._instruments.get(order.symbol)
        if instrument is not None:
            got = {owner.strategy: filled.get((order.client_id, owner.strategy), 0) for owner in order.owners}
            ours = OurOrder(order, instrument, doomed=True, got=got)
            self.orders.add(ours)
            if is_over:
                ours.stage = Stage.OVER
                self.orders.note(ours)

    def recover(self, at: UtcNs) -> None:
        """After a start: find out about everything on its way that nobody waits for any more."""
        self.searches.hurry(at)
        for ours in self.orders.unsettled():
            client_id = ours.order.client_id
            if ours.stage is Stage.SENT and not self._courier.is_busy(JobKind.PLACE, client_id):
                self.searches.begin(client_id, at, at, to_cancel=True)
            elif ours.amending is not None and not self._courier.is_busy(JobKind.AMEND, client_id):
                self.searches.begin(client_id, at, at, to_cancel=False)

    # What the guard approved.

    def place(self, approved: ApprovedOrder, at: UtcNs, *, is_ready: bool) -> tuple[Message, ...]:
        """Sent once, unless it was sent before and not rejected."""
        order = approved.order
        known = self.orders.get(order.client_id)
        if known is not None and known.stage is not Stage.REJECTED:
            if known.stage is Stage.LIVE and known.report is not None:
                return (OrderAccepted(known.order, at),)
            return known.end_again(at)
        # What is to get flat is decided because of the kill, and not before it.
        if order.ts + order.reduce_only <= self._taken_back:
            return (OrderRejected(order=order, reason=OVERTAKEN, standing=False, ts=at),)
        if not is_ready:
            return (OrderRejected(order=order, reason=NOT_READY, standing=False, ts=at),)
        instrument = self._instruments[order.symbol]
        try:
            request = requests.place(approved, instrument)
        except ValueError:
            return (OrderRejected(order=order, reason="invalid", standing=True, ts=at),)
        # A search for the one that was rejected has found what it can.
        self.searches.done(order.client_id)
        self.orders.add(OurOrder(order, instrument))
        return self._courier.send(request, Job(JobKind.PLACE, (order.client_id,)), at)

    def amend(self, approved: ApprovedAmend, at: UtcNs, *, is_ready: bool) -> tuple[Message, ...]:
        """Sent once, for an order that the venue is known to work."""
        order = approved.order
        ours = self.orders.get(order.client_id)
        if ours is not None and ours.amending == order:
            return ()
        if ours is None or ours.stage is Stage.SENT:
            reason = "unknown-order"
        elif ours.is_settled or ours.doomed:
            reason = "order-over"
        elif ours.amending is not None:
            reason = "amend-under-way"
        else:
            reason = "" if is_ready else NOT_READY
        if reason or ours is None:
            return (AmendRejected(order, reason, at),)
        try:
            request = requests.amend(approved, ours.instrument)
        except ValueError:
            return (AmendRejected(order, "invalid", at),)
        ours.ask_amend(order)
        return self._courier.send(request, Job(JobKind.AMEND, (order.client_id,)), at)

    def cancel(self, approved: ApprovedCancel, at: UtcNs) -> tuple[Message, ...]:
        """Sent whatever the state of the line, and not while one of the same is under way."""
        ours = self.orders.get(approved.client_id)
        if ours is None or ours.stage is Stage.REJECTED:
            return (self._not_cancelled(approved.client_id, approved.symbol, "unknown-order", at),)
        if ours.is_settled:
            return ours.end_again(at)
        if self._courier.is_busy(JobKind.CANCEL, approved.client_id):
            return ()
        return self._courier.send(requests.cancel(approved), Job(JobKind.CANCEL, (approved.client_id,)), at)

    def lost(self, approved: ApprovedOrder | ApprovedAmend, at: UtcNs) -> tuple[Message, ...]:
        """Whoever was to place or change it failed: rejected, where that had not begun. Else it is being looked up."""
        order = approved.order
        ours = self.orders.get(order.client_id)
        if isinstance(approved, ApprovedAmend):
            begun = ours is not None and ours.amending == order
            return () if begun else (AmendRejected(order, LOST, at),)
        if ours is not None and ours.stage is not Stage.REJECTED:
            return ()
        return (OrderRejected(order=order, reason=LOST, standing=False, ts=at),)

    def doom(self, wanted: UtcNs, at: UtcNs) -> tuple[Message, ...]:
        """Nothing of what was approved up to `wanted` shall stay.

        What has not left is given back, what has not even arrived is rejected when it does; what is on its way to the
        venue goes later.
        """
        self._taken_back = max(self._taken_back, wanted)
        said: list[Message] = []
        for outcome in self._courier.give_back_opens(at):
            said += self.answered(outcome, at)
        for ours in self.orders.unsettled():
            # The cancel of all is on its way: single ones follow where that does not do.
            ours.doomed, ours.cancel_at = True, at + CANCEL_PAUSE
        return tuple(said)
