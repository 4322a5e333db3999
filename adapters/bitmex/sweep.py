"""The kill: everything in the account is cancelled, at once and again, until the venue shows that nothing of ours is.

It is the one thing that touches strangers' orders too. It needs no line, no readiness and no budget, and what was asked
for is remembered until it is done.
"""

from typing import Final

from adapters.bitmex import requests
from adapters.bitmex.answers import Accepted
from adapters.bitmex.courier import Courier, Job, JobKind, Outcome
from adapters.bitmex.fields import FieldError, Row
from adapters.bitmex.order_desk import OrderDesk
from adapters.bitmex.ours import Stage
from adapters.bitmex.private import order_report
from adapters.bitmex.queries import Pages, open_orders
from messages import NS_PER_SECOND, CancelAll, Message, UtcNs

_PAUSES: Final = tuple(pause * NS_PER_SECOND // 2 for pause in (1, 2, 4, 10))


class Sweep:
    """An account's cancel of all, while one is wanted."""

    def __init__(self, desk: OrderDesk, courier: Courier) -> None:
        self._desk, self._courier = desk, courier
        self._wanted: CancelAll | None = None
        self._since: UtcNs = 0
        self._due: UtcNs | None = None
        self._tries = 0
        self._number = 0
        """Of the last cancel of all, of this kill or an earlier one: what answers another says nothing of this one."""
        self._pages: Pages | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether it is not known to be done."""
        return self._wanted is not None

    def begin(self, wanted: CancelAll, at: UtcNs) -> tuple[Message, ...]:
        """The request first, and everything else after it."""
        self._wanted, self._since, self._tries, self._pages = wanted, at, 0, None
        return (*self._cancel(at), *self._desk.doom(wanted.ts, at))

    def recover(self, at: UtcNs) -> None:
        """After a restart: whoever waited for an answer is gone."""
        if self._wanted is not None:
            self._due = at

    def tick(self, at: UtcNs) -> tuple[Message, ...]:
        """Again, if it is time."""
        return self._cancel(at) if self._due is not None and at >= self._due else ()

    def next_due(self) -> UtcNs | None:
        """When `tick` may have something to do."""
        return self._due

    def answered(self, outcome: Outcome, at: UtcNs) -> tuple[Message, ...]:
        """The answer to a cancel of all, or to the question what is open after it."""
        if self._wanted is None or outcome.job.number != self._number:
            return ()
        if not isinstance(outcome.answer, Accepted):
            self._again(at)
            return ()
        rows = outcome.answer.rows
        said: list[Message] = []
        for row in rows:
            try:
                said += self._desk.row(row, at)
            except FieldError:
                continue
        if outcome.job.kind is JobKind.CANCEL_ALL:
            self._pages = open_orders()
        elif any(self._must_go(row) for row in rows):
            self._again(at)
            return tuple(said)
        else:
            self._pages = self._pages.after(len(rows)) if self._pages is not None else None
        if self._pages is None:
            self._wanted = self._due = None
            return tuple(said)
        return (*said, *self._courier.send(self._pages.request, Job(JobKind.SWEEP, number=self._number), at))

    def _must_go(self, row: Row) -> bool:
        """Whether an open order is one of ours that was there when all was cancelled."""
        try:
            report = order_report(row)
        except FieldError:
            return True
        if report.is_over or not self._desk.orders.are_ours(report.client_id):
            return False
        ours = self._desk.orders.get(report.client_id)
        return ours is None or (ours.doomed and ours.stage is Stage.LIVE)

    def _cancel(self, at: UtcNs) -> tuple[Message, ...]:
        assert self._wanted is not None
        self._tries += 1
        self._number += 1
        self._due, self._pages = None, None
        request = requests.cancel_all(self._wanted)
        return self._courier.send_at_once(request, Job(JobKind.CANCEL_ALL, number=self._number), at)

    def _again(self, at: UtcNs) -> None:
        self._pages = None
        self._due = at + _PAUSES[min(self._tries, len(_PAUSES)) - 1]
