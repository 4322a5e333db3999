"""The gateway: one account's orders at BitMEX, and everything that the venue says of the account.

    approvals ->  order desk  -> courier -> workers      ReadVenue -> reader -> VenueRead
    the wire  ->  private line -> reports -> order desk, executions -> OrderAccepted ... Fill ... OrderEnded

It decides and does no I/O: a line and three workers are told in messages what to send. Time is what messages say.
"""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, Final

from actors.component import Answers, Component
from adapters.bitmex.answers import LoginFailed
from adapters.bitmex.courier import Outcome, Workers
from adapters.bitmex.dead_mans_switch import HeartbeatRules
from adapters.bitmex.earlier_lives import EarlierLives
from adapters.bitmex.events import AuditNeeded, LoginRefused
from adapters.bitmex.gateway_parts import GatewayParts, made
from adapters.bitmex.private_line import Heard, PrivateLine
from adapters.bitmex.reports import Execution, OrderReport
from adapters.bitmex.stream import Stream
from messages import (
    NS_PER_MILLISECOND,
    Account,
    Address,
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    CancelRejected,
    Fill,
    ForeignActivity,
    FundingPaid,
    HaltTrading,
    Heartbeat,
    Instrument,
    LineClosed,
    LineOpened,
    Message,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRejected,
    OrderTimed,
    OrderUnknown,
    PositionAdjusted,
    Quarantined,
    ReadVenue,
    RequestAnswered,
    Symbol,
    TextReceived,
    UtcNs,
    VenueConnected,
    VenueLost,
    VenueRead,
    WakeAt,
    Woke,
)

_FACTS: Final = (
    OrderAccepted, OrderRejected, OrderAmended, AmendRejected, CancelRejected, OrderEnded, OrderUnknown, OrderTimed,
    Fill, FundingPaid, PositionAdjusted, ForeignActivity, HaltTrading, Quarantined,
)  # fmt: skip
"""What others have to hear though whoever was to say it failed."""
_TICK: Final = "tick"
_SOON: Final = NS_PER_MILLISECOND
"""The shortest timer: what is due at once and cannot be done must not turn without end."""


class BitmexGateway(Component):
    """The venue of one account.

    Hears ApprovedOrder, ApprovedAmend, ApprovedCancel, CancelAll, ReadVenue, Heartbeat (come back), Fill (internal
    ones) and PositionAdjusted (the reconciler's), RequestAnswered, LineOpened, LineClosed, TextReceived, Woke.
    Says OrderAccepted, OrderRejected, OrderAmended, AmendRejected, CancelRejected, OrderEnded, OrderTimed,
    OrderUnknown, Fill, FundingPaid, PositionAdjusted, ForeignActivity, VenueConnected, VenueLost, VenueRead,
    Heartbeat, HeartbeatReturned, HaltTrading, Quarantined, SendRequest, OpenLine, CloseLine, SendText, SendLogin,
    WakeAt.

    Orders go only while the line is up, everything private is heard, the account was read since and the dead man's
    switch is set. `leave_orders`: at an ordered stop that is taken off, so that orders stay.
    """

    # A kill and a cancel are done again; a crossing and a difference count once.
    hears_again = frozenset({CancelAll, ApprovedCancel, Fill, PositionAdjusted})

    def __init__(
        self,
        *,
        account: Account,
        address: Address,
        line: Address,
        workers: Workers,
        instruments: Mapping[Symbol, Instrument],
        run6: str,
        random: Random,
        earlier: EarlierLives,
        heartbeat: HeartbeatRules | None = None,
        leave_orders: bool = False,
        heritage: Any = None,
    ) -> None:
        self.account = account
        self._leave_orders = leave_orders
        if isinstance(heritage, GatewayParts):
            parts = heritage
        else:
            parts = made(
                account,
                instruments,
                prefix=f"{run6}-",
                address=address,
                workers=workers,
                earlier=earlier,
                heartbeat=heartbeat or HeartbeatRules(),
            )
        self._parts = parts
        self._desk, self._reader, self._switch = parts.desk, parts.reader, parts.switch
        stream = Stream()
        stream.instruments.update(instruments)
        self._line = PrivateLine(
            line, random=random, clock=parts.courier.clock, stream=stream, number=parts.line_number
        )
        self._alarm_at: UtcNs | None = None
        self._is_connected = self._is_started = self._is_stopped = self._has_halted = False
        self._lost: str | None = None
        self._audit = ""

    def on_start(self) -> Answers:
        """Asks for the time: what it is to do begins with that. A successor has no line any more."""
        wake = WakeAt(self._parts.now, _TICK)
        if not self._parts.was_started:
            return (wake,)
        self._lost = "the gateway was started again"
        return (VenueLost(account=self.account, reason=self._lost, ts=self._parts.now), wake)

    def heritage(self) -> GatewayParts:
        """All but the line, which is opened anew. A copy: one that hangs may go on in what it has."""
        self._parts.line_number = self._line.number
        return self._parts.copied()

    def died_on(self, message: Message) -> Answers:
        """What was to be said of it is said: the parts know it as told, and nobody has heard it.

        What was to leave for the venue is not sent now: it may have left, and is looked for as all is that nobody
        answers.
        """
        return (*self._parts.unsaid(message, _FACTS), *super().died_on(message))

    def lost(self, message: Message) -> Answers:
        """An order or amend of which the desk knows nothing was not sent."""
        if isinstance(message, ApprovedOrder | ApprovedAmend):
            at = self._parts.begin(message, self._parts.now)
            return self._settled(self._desk.lost(message, at))
        return ()

    def on_stop(self) -> Answers:
        """Closes the line. Nothing is cancelled: who stops the system has had that done.

        The dead man's switch is taken off where orders are to stay, and where none of ours is left: it would cancel
        whatever others have in the account by then. While the end of one of ours is not known it stays armed.
        """
        self._is_stopped = True
        at = self._parts.now
        done = self._leave_orders or not self._desk.orders.unsettled_ids
        return (*(self._switch.disarm(at) if done else ()), *self._line.stop(at).wire)

    # Orders.

    def on_approved_order(self, approved: ApprovedOrder) -> Answers:
        """Sent once; refused for the time being while the venue is not ready."""
        at = self._parts.begin(approved, approved.order.ts)
        return self._settled(self._desk.place(approved, at, is_ready=self._is_ready))

    def on_approved_amend(self, approved: ApprovedAmend) -> Answers:
        """The same for a change."""
        at = self._parts.begin(approved, approved.ts)
        return self._settled(self._desk.amend(approved, at, is_ready=self._is_ready))

    def on_approved_cancel(self, approved: ApprovedCancel) -> Answers:
        """Always sent."""
        return self._settled(self._desk.cancel(approved, self._parts.begin(approved, approved.ts)))

    def on_cancel_all(self, wanted: CancelAll) -> Answers:
        """At once, and until nothing of ours is open."""
        return self._settled(self._parts.sweep.begin(wanted, self._parts.begin(wanted, wanted.ts)))

    # What others know.

    def on_fill(self, fill: Fill) -> Answers:
        """Two strategies crossed: others hold it now."""
        self._parts.books.fold(fill)
        return ()

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """The reconciler's."""
        self._parts.books.adjust(adjusted)
        return ()

    def on_read_venue(self, wanted: ReadVenue) -> Answers:
        """Answered by one VenueRead, after the fills that it brought."""
        at = self._parts.begin(wanted, wanted.ts)
        if not self._is_connected:
            reason = self._lost or "not connected"
            return self._settled((VenueRead(account=self.account, number=wanted.number, failure=reason, ts=at),))
        return self._settled(self._reader.begin(wanted, at))

    def on_heartbeat(self, beat: Heartbeat) -> Answers:
        """Come back from its way round."""
        at = self._parts.begin(beat, self._parts.now)
        return self._settled(self._switch.returned(beat, at))

    # The wire.

    def on_line_opened(self, opened: LineOpened) -> Answers:
        """Connected."""
        return self._heard(self._line.hear(opened, self._parts.begin(opened, opened.at)))

    def on_line_closed(self, closed: LineClosed) -> Answers:
        """Disconnected."""
        return self._heard(self._line.hear(closed, self._parts.begin(closed, closed.at)))

    def on_text_received(self, received: TextReceived) -> Answers:
        """A frame."""
        return self._heard(self._line.hear(received, self._parts.begin(received, received.at)))

    def on_request_answered(self, answered: RequestAnswered) -> Answers:
        """From a worker."""
        at = self._parts.begin(answered, answered.received)
        outcome = self._parts.courier.answered(answered, at)
        return () if outcome is None else self._settled(self._take(outcome, at))

    def on_woke(self, woke: Woke) -> Answers:
        """Everything that is due."""
        at = self._parts.begin(woke, woke.at)
        if self._alarm_at is not None and at >= self._alarm_at:
            self._alarm_at = None
        words = self._parts.words
        if not self._is_started:
            self._is_started = self._parts.was_started = True
            words += self._parts.recover(at)
            self._hear(self._line.start(at))
        self._hear(self._line.tick(at))
        for outcome in self._parts.courier.overdue(at):
            words += self._take(outcome, at)
        return self._settled(self._parts.tick(at, is_connected=self._is_connected))

    # Inside.

    @property
    def _is_ready(self) -> bool:
        """Whether orders may go: a read has found what came before, and waited until it was gone where it must be.

        And the dead man's switch is set: what is opened before it nobody would cancel if this process died.
        """
        return self._is_connected and self._reader.is_done and self._switch.is_set

    def _heard(self, heard: Heard) -> Answers:
        self._hear(heard)
        return self._settled(())

    def _hear(self, heard: Heard) -> None:
        """What the session said, as what it means."""
        at, said = self._parts.now, self._parts.words
        said += heard.wire
        for each in heard.said:
            if isinstance(each, OrderReport):
                said += self._desk.report(each, at)
            elif isinstance(each, Execution):
                said += self._parts.books.take(each, at)
            elif isinstance(each, Quarantined):
                said.append(each)
            elif isinstance(each, AuditNeeded):
                self._audit = each.reason
            elif isinstance(each, LoginRefused):
                said += self._halt(f"the venue refused the log-in: {each.text}")

    def _take(self, outcome: Outcome, at: UtcNs) -> tuple[Message, ...]:
        answer = outcome.answer
        said = self._parts.take(outcome, at)
        if isinstance(answer, LoginFailed) and not answer.expired:
            return (*self._halt(f"the venue does not take our keys: {answer.text}"), *said)
        return said

    def _halt(self, reason: str) -> tuple[Message, ...]:
        """Once: nothing that is tried again with the same keys can do better."""
        if self._has_halted:
            return ()
        self._has_halted = True
        return (HaltTrading(reason=reason, account=self.account, ts=self._parts.now),)

    def _settled(self, said: Iterable[Message]) -> tuple[Message, ...]:
        """What was said of this message, and this; then what readiness has become, then the next timer."""
        words, at = self._parts.words, self._parts.now
        words += said
        self._parts.settle()
        if self._is_connected:
            self._audit = self._audit or self._parts.books.take_doubt() or self._parts.missing.overdue(at)
        return (*words, *self._readiness(), *self._alarm())

    def _readiness(self) -> tuple[Message, ...]:
        """Said when it changes. What could not be understood counts as a loss, after which all is compared anew."""
        reason = self._line.down or self._switch.trouble(self._parts.now)
        said: list[Message] = []
        audit, self._audit = self._audit, ""
        if self._is_connected and (reason or audit):
            self._is_connected, self._lost = False, reason or audit
            said.append(VenueLost(account=self.account, reason=self._lost, ts=self._parts.now))
            said += self._reader.abandon(self._lost, self._parts.now)
        elif reason and self._lost is None and self._is_started and self._line.has_failed:
            self._lost = reason
            said.append(VenueLost(account=self.account, reason=reason, ts=self._parts.now))
        if not reason and not self._is_connected:
            self._is_connected, self._lost = True, None
            said.append(VenueConnected(account=self.account, ts=self._parts.now))
        return tuple(said)

    def _alarm(self) -> tuple[Message, ...]:
        if self._is_stopped or not self._is_started:
            return ()
        # Without a venue nobody can be asked for fills, and a timer for it would be due again at once.
        missing = self._parts.missing.next_due() if self._is_connected else None
        times = (self._parts.next_due(), self._line.next_due(), missing)
        due = max(min([each for each in times if each is not None]), self._parts.now + _SOON)
        if self._alarm_at is not None and self._alarm_at <= due:
            return ()
        self._alarm_at = due
        return (WakeAt(due, _TICK),)
