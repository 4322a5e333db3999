"""What a gateway is made of beside its line: all that a new incarnation goes on with after a failure."""

from collections.abc import Mapping
from copy import deepcopy

import attrs

from adapters.bitmex.budget import Budget
from adapters.bitmex.clock_offset import ClockOffset
from adapters.bitmex.courier import Courier, JobKind, Outcome, Workers
from adapters.bitmex.dead_mans_switch import DeadMansSwitch, HeartbeatRules
from adapters.bitmex.earlier_lives import EarlierLives
from adapters.bitmex.executions import Executions
from adapters.bitmex.holders import Holders
from adapters.bitmex.missing_fills import MissingFills
from adapters.bitmex.order_desk import OrderDesk
from adapters.bitmex.reading import OVERLAP, Reader
from adapters.bitmex.sweep import Sweep
from messages import Account, Address, Instrument, Message, Symbol, UtcNs


@attrs.define(kw_only=True)
class GatewayParts:
    """One account's. It is the gateway's heritage, whole: what is under way is answered to whoever is there by then."""

    courier: Courier
    desk: OrderDesk
    books: Executions
    reader: Reader
    sweep: Sweep
    switch: DeadMansSwitch
    missing: MissingFills = attrs.field(factory=MissingFills)
    was_started: bool = False
    """Whether they have been at work."""
    line_number: int = 0
    """Of the last connection."""
    now: UtcNs = 0
    """The latest time that was heard of."""
    on: Message | None = None
    """What is being heard, or was last."""
    words: list[Message] = attrs.field(factory=list)
    """What is to be said of it so far."""
    is_settled: bool = False
    """Whether that is all."""

    def begin(self, message: Message, at: UtcNs) -> UtcNs:
        """A message is heard at a time of its own: gives the time it is now, which does not go back."""
        self.on, self.words, self.now = message, [], max(self.now, at)
        self.is_settled = False
        return self.now

    def copied(self) -> "GatewayParts":
        """The same, of its own. What is being heard is known by its identity, and stays what it is."""
        on, self.on = self.on, None
        try:
            copy = deepcopy(self)
        finally:
            self.on = on
        copy.on = on
        return copy

    def settle(self) -> None:
        """All that is to be said of it is known."""
        self.missing.hear(self.words, self.now)
        self.is_settled = True

    def unsaid(self, message: Message, kinds: tuple[type[Message], ...]) -> list[Message]:
        """What was to be said of these kinds when a predecessor failed on a message."""
        if self.on is not message:
            return []
        if not self.is_settled:
            self.settle()
        return [each for each in self.words if isinstance(each, kinds)]

    def recover(self, at: UtcNs) -> tuple[Message, ...]:
        """After a start: whatever a predecessor was in the middle of is found out about, or given up."""
        self.desk.recover(at)
        self.sweep.recover(at)
        return self.reader.abandon("the gateway was started again", at)

    def take(self, outcome: Outcome, at: UtcNs) -> tuple[Message, ...]:
        """What came of a request, to whom it belongs."""
        kind = outcome.job.kind
        if kind in (JobKind.CANCEL_ALL, JobKind.SWEEP):
            return self.sweep.answered(outcome, at)
        if kind is JobKind.READ:
            return self.reader.answered(outcome, at)
        if kind is JobKind.SWITCH:
            self.switch.answered(outcome)
            return ()
        return self.desk.answered(outcome, at)

    def tick(self, at: UtcNs, *, is_connected: bool) -> tuple[Message, ...]:
        """Everything that is due, cancels first."""
        return (
            *self.sweep.tick(at),
            *self.desk.tick(at),
            *self.reader.tick(at),
            *self.switch.tick(at, is_connected=is_connected),
            *self.courier.pump(at),
        )

    def next_due(self) -> UtcNs:
        """When `tick` may have something to do."""
        due = self.switch.next_due()
        for each in (self.sweep.next_due(), self.desk.next_due(), self.reader.next_due()):
            due = due if each is None else min(due, each)
        waiting = self.courier.next_due(self.now)
        return due if waiting is None else min(due, waiting)


def made(
    account: Account,
    instruments: Mapping[Symbol, Instrument],
    *,
    prefix: str,
    address: Address,
    workers: Workers,
    earlier: EarlierLives,
    heartbeat: HeartbeatRules,
) -> GatewayParts:
    """The parts of a first incarnation."""
    since = earlier.executions_since
    courier = Courier(address, workers, ClockOffset(), Budget(0))
    desk = OrderDesk(account, instruments, prefix, courier)
    for order in earlier.approved.values():
        desk.remember(order, earlier.filled)
    for order in earlier.over.values():
        desk.remember(order, earlier.filled, is_over=True)
    holders = Holders(earlier.held)
    books = Executions(
        account, instruments, orders=desk.orders, holders=holders, clock=courier.clock, since=since - OVERLAP
    )
    books.know(earlier.known_executions, earlier.known_funding)
    return GatewayParts(
        courier=courier,
        desk=desk,
        books=books,
        reader=Reader(account, instruments, desk=desk, books=books, courier=courier, since=since),
        sweep=Sweep(desk, courier),
        switch=DeadMansSwitch(account, heartbeat, courier),
        missing=MissingFills(earlier.filled),
    )
