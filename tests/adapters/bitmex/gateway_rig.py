"""A gateway, a model venue and what moves bytes between them, in virtual time: as kind or unkind as a test wants."""

import heapq
import itertools
from collections import Counter
from random import Random

import attrs

from actors.component import handler_name
from actors.reconciler import Reconciler
from adapters.bitmex.courier import Workers
from adapters.bitmex.dead_mans_switch import HeartbeatRules
from adapters.bitmex.earlier_lives import EarlierLives
from adapters.bitmex.gateway import BitmexGateway
from messages import (
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CloseLine,
    Fill,
    Heartbeat,
    LineClosed,
    LineOpened,
    OpenLine,
    OrderEnded,
    OrderRejected,
    PositionAdjusted,
    ReadVenue,
    RequestAnswered,
    SendLogin,
    SendRequest,
    SendText,
    TextReceived,
    VenueRead,
    WakeAt,
    Woke,
)
from tests.adapters.bitmex.frames import a_frame, an_execution_row
from tests.adapters.bitmex.model_venue import INSTRUMENT, SYMBOL, Venue, stamp
from tests.builders import MONDAY, SECOND, an_order

MS = SECOND // 1000
_EARLIER = {field.name for field in attrs.fields(EarlierLives)}
WORKERS = Workers("rest:orders@main", "rest:cancels@main", "rest:queries@main")


def order(lots=1, client_id="run000-trend-1", **fields):
    return an_order(lots, client_id=client_id, symbol=SYMBOL, **fields)


def a_fill_told(rig, lots, total):
    """A frame: so many lots of our first order were bought now, after which so many are filled in all."""
    row = an_execution_row(
        symbol=SYMBOL,
        clOrdID="run000-trend-1",
        lastQty=lots,
        cumQty=total,
        timestamp=stamp(rig.at),
        transactTime=stamp(rig.at),
    )
    return TextReceived(to="venue@main", number=1, text=a_frame("execution", "insert", row), at=rig.at)


class Fate:
    """What becomes of one request: `lost` "" | "before" | "after" its effect; or a status instead of it."""

    def __init__(self, lost="", status=None, text="", effect=MS, back=MS):
        self.lost, self.status, self.text, self.effect, self.back = lost, status, text, effect, back


class Rig:
    """`said`: all that the gateway said to anybody but the wire. `requests`: all that it asked workers to send."""

    def __init__(self, *, reads=True, beats=True, venue=None, instrument=INSTRUMENT, **gateway):
        self.at, self.venue, self.instruments = MONDAY, venue or Venue(MONDAY), {instrument.symbol: instrument}
        self.settings = {"run6": "run000", "heartbeat": HeartbeatRules(), **gateway}
        self.earlier = {
            "executions_since": MONDAY,
            **{each: self.settings.pop(each) for each in _EARLIER & gateway.keys()},
        }
        self.said, self.requests, self.lines = [], [], []
        self.fates, self.fate_of = {}, lambda request: Fate()
        self.frame_fate = lambda table, text: [(MS, text)]
        self.beats, self.line_number, self.is_cut = beats, None, False
        self._timers, self._count, self.life = [], itertools.count(), 0
        self.approved = {}
        self.reconciler = Reconciler("main", self.instruments, gateway.get("positions", {})) if reads else None
        self.settings.pop("positions", None)
        self.gateway = self.made()
        self._do(self.gateway.on_start())

    def made(self, heritage=None):
        return BitmexGateway(
            earlier=EarlierLives(**self.earlier),
            account="main", address="venue@main", line="line@main", workers=WORKERS, instruments=self.instruments,
            random=Random(1), heritage=heritage, **self.settings,
        )  # fmt: skip

    def restart(self):
        """As a supervisor does after a failure."""
        self.gateway = self.made(self.gateway.heritage())
        self._timers = [each for each in self._timers if each[2] != "woke"]
        heapq.heapify(self._timers)
        self._do(self.gateway.on_start())

    def kill(self):
        """As kill -9, and another life on the same journal. What has left is on its way still; answers are not."""
        self.life += 1
        ended = {each.order.client_id: abs(each.lots_filled) for each in self.of(OrderEnded)}
        rejected, held, filled = {}, Counter(), Counter()
        for each in self.said:
            if isinstance(each, OrderRejected):
                rejected[each.order.client_id] = each.order.ts
            elif isinstance(each, Fill):
                held.update({(part.strategy, each.symbol): part.lots for part in each.parts})
                filled.update({(each.client_id, part.strategy): part.lots for part in each.parts})
            elif isinstance(each, PositionAdjusted):
                held[each.strategy, each.symbol] += each.lots
        self.earlier.update(
            approved={
                client_id: order
                for client_id, order in self.approved.items()
                if rejected.get(client_id, -1) < order.ts and ended.get(client_id) != _filled(filled, client_id)
            },
            filled=filled,
            held=held,
            known_executions=[each.execution_id for each in self.of(Fill)]
            + [each.adjustment_id for each in self.of(PositionAdjusted)],
            executions_since=max((each.ts for each in self.of(VenueRead) if not each.failure), default=MONDAY),
        )
        if self.reconciler is not None:
            net = sum(held.values())
            self.reconciler = Reconciler("main", self.instruments, {SYMBOL: net})
        self.line_number, self.venue.subscribed = None, set()
        self.gateway = self.made()
        self._do(self.gateway.on_start())

    # What tests say.

    def tell(self, message):
        """The gateway hears it; gives what it says to anybody but the wire."""
        before = len(self.said)
        self._hear(self.gateway, message)
        return self.said[before:]

    def approve(self, order_):
        self.approved[order_.client_id] = order_
        return self.tell(ApprovedOrder(order_))

    def amend(self, order_):
        return self.tell(ApprovedAmend(order_, self.at))

    def cancel(self, client_id="run000-trend-1"):
        return self.tell(ApprovedCancel(account="main", client_id=client_id, symbol=SYMBOL, ts=self.at))

    def run(self, seconds=1.0):
        """Time passes; gives what was said in it."""
        before, until = len(self.said), self.at + round(seconds * SECOND)
        self._flush()
        while self._timers and self._timers[0][0] <= until:
            at, _, _, action = heapq.heappop(self._timers)
            self.at = self.venue.at = max(self.at, at)
            if self.venue.cancel_all_at is not None and self.at >= self.venue.cancel_all_at:
                self.venue.cancel_all_at = None
                self.venue._cancel_all({})
            action()
            self._flush()
        self.at = self.venue.at = until
        return self.said[before:]

    def read(self):
        """One read; its answer and what was said before it."""
        self.tell(ReadVenue(account="main", number=self.at, ts=self.at))
        before = len(self.said)
        self.run(5)
        return self.said[before:]

    def cut(self, reason="connection reset"):
        """The socket breaks."""
        number, self.line_number = self.line_number, None
        self.venue.subscribed, self.venue.frames = set(), []
        if number is not None:
            self._later(
                MS, lambda: self._tell_line(LineClosed(to="venue@main", number=number, reason=reason, at=self.at))
            )

    def of(self, *classes, since=0):
        return [each for each in self.said[since:] if isinstance(each, classes)]

    # Inside.

    def _later(self, wait, action, kind="net"):
        heapq.heappush(self._timers, (self.at + wait, next(self._count), kind, action))

    def _hear(self, who, message):
        if who not in (self.gateway, self.reconciler):
            # Of an earlier life, or incarnation.
            return
        handler = getattr(who, handler_name(type(message)), None)
        if handler is not None:
            self._do(handler(message), who)

    def _do(self, said, who=None):
        for each in tuple(said):
            self._one(each, who or self.gateway)

    def _one(self, said, who):
        if isinstance(said, WakeAt):
            wait = max(0, said.at - self.at)
            kind = "woke" if who is self.gateway else "net"
            self._later(wait, lambda: self._hear(who, Woke(self.at, said.token)), kind)
        elif isinstance(said, (OpenLine, CloseLine, SendText, SendLogin)):
            self._wire(said)
        elif isinstance(said, SendRequest):
            self.requests.append(said)
            self._request(said)
        elif isinstance(said, ReadVenue):
            self._hear(self.gateway, said)
        else:
            self.said.append(said)
            if isinstance(said, Heartbeat) and self.beats:
                life = self.life
                self._later(MS, lambda: life == self.life and self._hear(self.gateway, said))
            if who is not self.reconciler and self.reconciler is not None:
                self._hear(self.reconciler, said)
            elif who is self.reconciler:
                self._hear(self.gateway, said)

    def _wire(self, said):
        self.lines.append(said)
        if isinstance(said, OpenLine):
            number = said.number
            if self.is_cut:
                closed = lambda: LineClosed(to="venue@main", number=number, reason="no route", at=self.at)  # noqa: E731
                self._later(MS, lambda: self._tell_line(closed()))
                return
            self.line_number = number
            self._later(MS, lambda: self._tell_line(LineOpened(to="venue@main", number=number, at=self.at)))
            self._frames(self.venue.accept(), wait=2 * MS)
        elif isinstance(said, CloseLine):
            self.line_number = None
            self.venue.subscribed = set()
        elif said.number == self.line_number:
            login = isinstance(said, SendLogin)
            self._frames(self.venue.log_in() if login else self.venue.command(said.text), wait=2 * MS)

    def _frames(self, texts, wait):
        number = self.line_number
        for text in texts:
            self._later(wait, lambda text=text: self._text(number, text))

    def _flush(self):
        """What happened at the venue is told on the socket."""
        number, frames = self.line_number, self.venue.frames
        self.venue.frames = []
        for table, text in frames:
            for wait, each in self.frame_fate(table, text):
                self._later(wait, lambda each=each: self._text(number, each))

    def _text(self, number, text):
        if number == self.line_number and number is not None:
            self._tell_line(TextReceived(to="venue@main", number=number, text=text, at=self.at))

    def _tell_line(self, message):
        self._hear(self.gateway, message)

    def _request(self, request):
        fate = self.fates.pop((request.verb, request.path.removeprefix("/api/v1").partition("?")[0]), None)
        fate = fate or self.fate_of(request)
        started, life = self.at, self.life

        def answer(**fields):
            if life != self.life:
                return
            sent = started if fields.get("reached") is False else started + MS
            self._hear(
                self.gateway,
                RequestAnswered(
                    to="venue@main", number=request.number, started=started, sent=sent, received=self.at, **fields
                ),
            )

        def arrive():
            if fate.lost == "before":
                self._later(fate.back, lambda: answer(failure="timed out"))
                return
            if fate.lost == "never":
                self._later(fate.back, lambda: answer(failure="no connection", reached=False))
                return
            if fate.status is not None:
                self._later(fate.back, lambda: answer(status=fate.status, body=fate.text))
                return
            status, body = self.venue.answer(request.verb, request.path, request.body)
            if fate.lost == "after":
                self._later(fate.back, lambda: answer(failure="timed out"))
            elif fate.lost != "late":
                self._later(fate.back, lambda: answer(status=status, body=body))

        if fate.lost == "late":
            # The worker gave up; the request arrives all the same.
            self._later(fate.back, lambda: answer(failure="timed out"))
        self._later(fate.effect, arrive)


def _filled(filled, client_id):
    return abs(sum(lots for (name, _), lots in filled.items() if name == client_id))


def ready(**gateway):
    """A rig whose gateway is connected and has read the venue."""
    rig = Rig(**gateway)
    rig.run(1)
    assert rig.gateway._is_ready, rig.said
    return rig


def reads_of(rig):
    return rig.of(VenueRead)
