"""What came of requests about orders. One whose answer was lost is looked up, and never sent again."""

from typing import Final

from adapters.bitmex.answers import (
    Accepted,
    Answer,
    LoginFailed,
    RateLimited,
    VenueOverloaded,
    VenueRefused,
    VenueSilent,
    cancel_outcomes,
)
from adapters.bitmex.courier import JobKind, Outcome
from adapters.bitmex.fields import FieldError
from adapters.bitmex.order_reports import OrderReports
from adapters.bitmex.ours import OurOrder, Stage
from messages import (
    AmendRejected,
    Message,
    OrderEnded,
    OrderRejected,
    OrderTimed,
    OrderUnknown,
    UtcNs,
)
from messages import Outcome as End

_CHANGED: Final = ("order-over", "unknown-order", "not-found")
"""Refusals after which the order is not what we believe."""


class OrderAnswers(OrderReports):
    """One account's: answers of the workers."""

    def answered(self, outcome: Outcome, at: UtcNs) -> tuple[Message, ...]:
        """The answer to a request of this desk's."""
        kind = outcome.job.kind
        if kind is JobKind.PLACE:
            return self._placed(outcome, at)
        if kind is JobKind.AMEND:
            return self._amended(outcome, at)
        if kind is JobKind.CANCEL:
            return self._cancelled(outcome, at)
        if kind is JobKind.LOOK_UP:
            return self._looked_up(outcome, at)
        return ()

    # Inside.

    def _placed(self, outcome: Outcome, at: UtcNs) -> tuple[Message, ...]:
        (client_id,) = outcome.job.client_ids
        ours, answer = self.orders.get(client_id), outcome.answer
        if ours is None:
            return ()
        if isinstance(answer, Accepted):
            return (self._timed(ours, outcome), *self._row_of(ours, answer, outcome.started, at))
        if isinstance(answer, VenueSilent):
            if not ours.is_settled and ours.report is None:
                # A fill has told that it is there, whatever became of the answer.
                is_there = ours.filled != 0
                self.searches.begin(client_id, outcome.started, at, to_cancel=not is_there)
                return () if is_there else (OrderUnknown(ours.order, at),)
            return ()
        if ours.report is not None:
            # It is there, whatever this answer says.
            return ()
        reason, standing = _reason(answer)
        ours.stage = Stage.REJECTED
        self.orders.note(ours)
        return (OrderRejected(order=ours.order, reason=reason, standing=standing, ts=at),)

    def _timed(self, ours: OurOrder, outcome: Outcome) -> OrderTimed:
        return OrderTimed(
            account=self._account,
            client_id=ours.order.client_id,
            symbol=ours.order.symbol,
            decided=ours.order.ts,
            handed=outcome.started,
            sent=outcome.sent,
            acknowledged=outcome.received,
        )

    def _row_of(self, ours: OurOrder, answer: Accepted, started: UtcNs, at: UtcNs) -> tuple[Message, ...]:
        """The order in an answer; where it cannot be read it is looked up."""
        client_id = ours.order.client_id
        for row in answer.rows:
            try:
                if row.get("clOrdID") == client_id:
                    return self.row(row, at)
            except FieldError:
                break
        self.searches.begin(client_id, started, at, to_cancel=ours.stage is Stage.SENT)
        return ()

    def _amended(self, outcome: Outcome, at: UtcNs) -> tuple[Message, ...]:
        (client_id,) = outcome.job.client_ids
        ours, answer = self.orders.get(client_id), outcome.answer
        if ours is None:
            return ()
        said: tuple[Message, ...] = ()
        if isinstance(answer, Accepted):
            said = self._row_of(ours, answer, outcome.started, at)
        asked = ours.amending
        if asked is None:
            # It was seen in the stream already, or the order is over.
            return said
        if isinstance(answer, (Accepted, VenueSilent)):
            self.searches.begin(client_id, outcome.started, at, to_cancel=False)
            return said
        ours.amending = None
        reason, _standing = _reason(answer)
        if reason in _CHANGED:
            self.searches.begin(client_id, at, at, to_cancel=False)
        return (AmendRejected(asked, reason, at),)

    def _cancelled(self, outcome: Outcome, at: UtcNs) -> tuple[Message, ...]:
        said: list[Message] = []
        (client_id,) = outcome.job.client_ids
        answer, reason = outcome.answer, ""
        if isinstance(answer, Accepted):
            for each in cancel_outcomes(answer):
                reason = reason or each.error
                try:
                    said += self.row(each.row, at)
                except FieldError:
                    # Today's engine says no more than that it could not; what it became is looked up.
                    continue
        else:
            reason = _reason(answer)[0]
        if isinstance(answer, (Accepted, VenueRefused)):
            self.searches.cancelled(client_id, at)
            self.strays.cancelled(client_id, is_known=isinstance(answer, Accepted))
        else:
            self.searches.unanswered((client_id,), at)
        ours = self.orders.get(client_id)
        if ours is None or ours.is_settled:
            return tuple(said)
        self.searches.begin(client_id, at, at, to_cancel=ours.stage is Stage.SENT)
        if not ours.doomed:
            said.append(self._not_cancelled(client_id, ours.order.symbol, reason or "not-cancelled", at))
        return tuple(said)

    def _looked_up(self, outcome: Outcome, at: UtcNs) -> tuple[Message, ...]:
        wanted, answer = outcome.job.client_ids, outcome.answer
        if not isinstance(answer, Accepted):
            self.searches.unanswered(wanted, at)
            return ()
        said: list[Message] = []
        for row in answer.rows:
            try:
                said += self.row(row, at)
            except FieldError:
                continue
        found = {row.get("clOrdID") for row in answer.rows}
        for client_id in wanted:
            if client_id in self.searches:
                said += self._not_found(client_id, at, is_there=client_id in found)
        return tuple(said)

    def _not_found(self, client_id: str, at: UtcNs, *, is_there: bool) -> tuple[Message, ...]:
        """The order, or the change that was asked for, is not at the venue; after some time that is believed."""
        ours = self.orders.get(client_id)
        if ours is None or ours.is_settled:
            self.searches.done(client_id)
            return ()
        if is_there and ours.amending is None:
            # What the venue says of it cannot be read.
            self.searches.unanswered((client_id,), at)
            return ()
        if not self.searches.absent(client_id, at):
            return ()
        self.searches.done(client_id)
        if is_there:
            asked, ours.amending = ours.amending, None
            return () if asked is None else (AmendRejected(asked, "venue-silent", at),)
        is_sent = ours.stage is Stage.SENT and not ours.filled
        ours.stage = Stage.REJECTED if is_sent else Stage.OVER
        self.orders.note(ours)
        if is_sent:
            return (OrderRejected(order=ours.order, reason="not-at-venue", standing=False, ts=at),)
        # It was there and is not known any more: what it filled was told by its executions.
        return (OrderEnded(ours.order, End.CANCELLED, ours.filled, at, "forgotten"),)


def _reason(answer: Answer) -> tuple[str, bool]:
    """(code, whether the same would happen again) of an answer that is not Accepted."""
    if isinstance(answer, VenueRefused):
        return answer.code, answer.standing
    if isinstance(answer, VenueOverloaded):
        return "venue-overloaded", False
    if isinstance(answer, RateLimited):
        return "rate-limited", False
    if isinstance(answer, LoginFailed):
        return ("clock-skew", False) if answer.expired else ("login-failed", True)
    return "venue-silent", False
