"""How the account stands at the venue: ReadVenue -> questions, one after the other -> VenueRead.

Open orders, then ours by name, then executions since the last that were had (with an overlap), then positions and
money. Executions are said as fills as they come, so that they all stand before the VenueRead. An answer that does not
come is asked for again a few times; then the read has failed, which says nothing of the account.
"""

import enum
from collections.abc import Mapping
from typing import Final

import attrs

from adapters.bitmex import private
from adapters.bitmex.answers import Accepted, LoginFailed, VenueRefused
from adapters.bitmex.courier import Courier, Job, JobKind, Outcome
from adapters.bitmex.executions import Executions
from adapters.bitmex.fields import FieldError, Row
from adapters.bitmex.look_ups import BATCH
from adapters.bitmex.order_desk import OrderDesk
from adapters.bitmex.queries import Pages, executions, margin, open_orders, orders_named, positions
from adapters.bitmex.requests import Request
from messages import (
    NS_PER_SECOND,
    Account,
    ForeignActivity,
    Instrument,
    Lots,
    Message,
    Minor,
    ReadVenue,
    Symbol,
    UtcNs,
    VenueRead,
)

OVERLAP: Final = 60 * NS_PER_SECOND
"""Executions are asked for from before the last that were had: they may show late at the venue."""
READ_WAIT: Final = 60 * NS_PER_SECOND
"""A read that takes longer than this has failed."""
_TRIES: Final = 5
_PAUSES: Final = tuple(pause * NS_PER_SECOND // 2 for pause in (1, 2, 4, 8))
_GOING_PAUSES: Final = (NS_PER_SECOND // 2, 2 * NS_PER_SECOND)
"""Before looking again whether orders that must go are gone: soon, and then within the budget of questions."""


class _Step(enum.IntEnum):
    OPEN = 0
    NAMED = 1
    EXECUTIONS = 2
    POSITIONS = 3
    MARGIN = 4


@attrs.define
class _Read:
    """One read under way."""

    wanted: ReadVenue
    since: UtcNs
    begun: UtcNs
    step: _Step = _Step.OPEN
    pages: Pages | None = attrs.field(factory=open_orders)
    named: tuple[str, ...] = ()
    """Ours that were unsettled when it began, and those still to be asked for."""
    to_name: tuple[str, ...] = ()
    open_ids: set[str] = attrs.field(factory=set)
    found: set[str] = attrs.field(factory=set)
    lots: dict[Symbol, Lots] = attrs.field(factory=dict)
    marks: dict[Symbol, float] = attrs.field(factory=dict)
    balances: dict[str, Minor] = attrs.field(factory=dict)
    tries: int = 0
    is_again: bool = False
    due: UtcNs | None = 0
    latest: UtcNs = 0
    asked_positions: UtcNs = 0
    """When, by the venue's clock: its answer holds everything before."""


class Reader:
    """Reads one account, once at a time. `since`: the time up to which executions are known, by our clock."""

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        *,
        desk: OrderDesk,
        books: Executions,
        courier: Courier,
        since: UtcNs,
    ) -> None:
        self._since = since
        self._latest: UtcNs = 0
        """The venue's time of the last execution that a read has brought."""
        self.is_done = False
        """Whether a read has succeeded since the last `abandon`."""
        self._account, self._instruments = account, instruments
        self._desk, self._books, self._courier = desk, books, courier
        self._read: _Read | None = None
        self._number = 0
        self._named: dict[Symbol, None] = {}

    def begin(self, wanted: ReadVenue, at: UtcNs) -> tuple[Message, ...]:
        """A read that is under way is given up for this one."""
        named = self._desk.orders.unsettled_ids
        since = max(self._courier.clock.venue_time(self._since), self._latest)
        self._read = _Read(wanted, max(0, since - OVERLAP), at, named=named, to_name=named)
        return self.tick(at)

    def abandon(self, reason: str, at: UtcNs) -> tuple[Message, ...]:
        """The venue is lost: what was read means nothing any more."""
        self.is_done = False
        return self._failed(reason, at) if self._read is not None else ()

    def tick(self, at: UtcNs) -> tuple[Message, ...]:
        """The next question, if it is time for it."""
        read = self._read
        if read is None:
            return ()
        if at >= read.begun + READ_WAIT:
            return self._failed("the venue did not answer in time", at)
        if read.due is None or at < read.due:
            return ()
        read.due = None
        if read.step is _Step.POSITIONS:
            read.asked_positions = max(
                0, self._courier.clock.venue_time(at) - (self._courier.clock.uncertainty(at) or 0)
            )
        self._number += 1
        return self._courier.send(self._question(read), Job(JobKind.READ, number=self._number), at)

    def next_due(self) -> UtcNs | None:
        """When `tick` may have something to do."""
        read = self._read
        if read is None:
            return None
        return read.begun + READ_WAIT if read.due is None else min(read.due, read.begun + READ_WAIT)

    def answered(self, outcome: Outcome, at: UtcNs) -> tuple[Message, ...]:
        """A page came, or did not."""
        read = self._read
        if read is None or outcome.job.number != self._number:
            return ()
        answer = outcome.answer
        if isinstance(answer, Accepted):
            read.tries = 0
            try:
                said = self._page(read, answer.rows, at)
                more = self._go_on(read, len(answer.rows), at)
            except FieldError as error:
                return self._failed(f"{read.step.name.lower()}: {error}", at)
            return (*said, *more, *self.tick(at))
        read.tries += 1
        if read.tries >= _TRIES or isinstance(answer, (VenueRefused, LoginFailed)):
            return self._failed(f"{read.step.name.lower()}: {answer.text}", at)
        read.due = at + _PAUSES[read.tries - 1]
        return ()

    # Inside.

    def _question(self, read: _Read) -> Request:
        if read.step is _Step.NAMED:
            return orders_named(read.to_name[:BATCH])
        if read.step is _Step.POSITIONS:
            return positions()
        if read.step is _Step.MARGIN:
            return margin()
        assert read.pages is not None
        return read.pages.request

    def _page(self, read: _Read, rows: tuple[Row, ...], at: UtcNs) -> tuple[Message, ...]:
        said: list[Message] = []
        for row in rows:
            if read.step in (_Step.OPEN, _Step.NAMED):
                report = private.order_report(row, self._instrument(row))
                (read.found if read.step is _Step.NAMED else read.open_ids).add(report.client_id)
                said += self._desk.report(report, at)
            elif read.step is _Step.EXECUTIONS:
                execution = private.execution(row, self._instrument(row))
                read.latest = max(read.latest, execution.ts)
                said += self._books.take(execution, at)
            elif read.step is _Step.POSITIONS:
                said += self._position(read, row, at)
            else:
                report_ = private.margin(row)
                if report_.wallet_minor is not None:
                    read.balances[report_.currency] = report_.wallet_minor
        return tuple(said)

    def _position(self, read: _Read, row: Row, at: UtcNs) -> tuple[Message, ...]:
        instrument = self._instrument(row)
        report = private.position(row, instrument)
        symbol = report.symbol
        if instrument is not None:
            if report.lots is None:
                raise FieldError(f"{report.contracts} contracts of {symbol} are no whole lots")
            read.lots[symbol] = read.lots.get(symbol, 0) + report.lots
            if report.mark_price is not None:
                read.marks[symbol] = report.mark_price
        elif report.contracts and symbol not in self._named:
            self._named[symbol] = None
            text = f"{report.contracts:+d} contracts of {symbol}, which is not traded here"
            return (ForeignActivity(account=self._account, kind="position", symbol=symbol, text=text, ts=at),)
        return ()

    def _instrument(self, row: Row) -> Instrument | None:
        symbol = row.get("symbol")
        return self._instruments.get(symbol) if isinstance(symbol, str) else None

    def _go_on(self, read: _Read, rows: int, at: UtcNs) -> tuple[Message, ...]:
        """What is asked next."""
        read.due = at
        if read.step in (_Step.OPEN, _Step.EXECUTIONS):
            assert read.pages is not None
            read.pages = read.pages.after(rows)
            if read.pages is not None:
                return ()
        if read.step is _Step.NAMED:
            read.to_name = read.to_name[BATCH:]
        if read.step is _Step.OPEN or (read.step is _Step.NAMED and read.to_name):
            read.step = _Step.NAMED if read.to_name else _Step.EXECUTIONS
        elif read.step is _Step.MARGIN:
            return self._succeeded(read, at)
        else:
            read.step = _Step(read.step + 1)
        if read.step is not _Step.EXECUTIONS or read.pages is not None:
            return ()
        self._desk.listed(frozenset(read.open_ids), read.named, frozenset(read.found | read.open_ids), at)
        if self._desk.must_go:
            # They are being cancelled: look again, from the beginning, until they are gone.
            again = self._desk.orders.unsettled_ids
            pause = _GOING_PAUSES[1 if read.is_again else 0]
            self._read = _Read(
                read.wanted, read.since, read.begun, named=again, to_name=again, due=at + pause, is_again=True
            )
            return ()
        read.pages = executions(since=read.since)
        return ()

    def _succeeded(self, read: _Read, at: UtcNs) -> tuple[Message, ...]:
        self._read = None
        self.is_done = True
        self._latest = max(self._latest, read.latest)
        self._books.shown = read.asked_positions
        return (
            VenueRead(
                account=self._account,
                number=read.wanted.number,
                positions=tuple([(symbol, read.lots.get(symbol, 0)) for symbol in sorted(self._instruments)]),
                marks=tuple(sorted(read.marks.items())),
                unsettled=self._desk.unsettled,
                balances=tuple(sorted(read.balances.items())),
                ts=at,
            ),
        )

    def _failed(self, reason: str, at: UtcNs) -> tuple[Message, ...]:
        assert self._read is not None
        number, self._read = self._read.wanted.number, None
        return (VenueRead(account=self._account, number=number, failure=reason, ts=at),)
