"""A replay's order: the queue for what is said at once, the agenda for what has a time or a step of its own.

The order within an instant is `Step`'s; within a step it is the order of saying. What is said at once goes through one
queue, first in, first out. Timers, later steps of the instant and announced streams wait on one heap, the agenda. Ticks
are handed on leg by leg, past both, for nothing comes between them.

A schedule seed replaces the queue by one per (sender, receiver), served in a random order and not always to the end
before the next event: interleavings that threads could produce, with each sender's order kept.
"""

import itertools
from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any, Final

from actors.routes import Route
from actors.runtime.host import Host
from actors.runtime.router import Flow, Plan
from actors.runtime.runtime import Runtime
from actors.runtime.schedule import LOOPS_MAX, Schedule, circles
from actors.runtime.slot import Slot
from messages import (
    Bar,
    BookChange,
    Envelope,
    Message,
    OrderBook,
    Quote,
    Step,
    Tick,
    TickBlock,
    UtcNs,
    WakeAt,
    Woke,
)

_new = tuple.__new__
_TICKING = frozenset({Tick, TickBlock, Quote, OrderBook, BookChange})
# An enum's member costs ten times what a global does, and these are asked for at every order.
_VENUE_BARS: Final = Step.VENUE_BARS
_CHECKS: Final = Step.CHECKS
_TICKS: Final = Step.TICKS
_NETTING: Final = Step.NETTING
_NETTINGS = (Step.NETTING, Step.OPENS_NETTING, Step.TICKS_NETTING)


class VirtualTime(Runtime):
    """The part of a replay that decides what comes next. It knows no feed and starts nobody."""

    def __init__(self, *, start_at: UtcNs, schedule_seed: int | None, routes: Iterable[Route]) -> None:
        super().__init__(routes)
        self._now = start_at
        self._step: int = _VENUE_BARS
        self._agenda: list[tuple[Any, ...]] = []
        self._turns = itertools.count()
        self._timers_at, self._timers_now = -1, 0
        self._ready: deque[tuple[Slot, Envelope]] = deque()
        self._legs: deque[tuple[int, Envelope, list[Slot]]] = deque()
        self._streams_to: tuple[UtcNs, int] = (0, 0)
        """How far streams may go on without coming back to the agenda."""
        self._schedule = None if schedule_seed is None else Schedule(schedule_seed)
        self._stopping: str | None = None

    def now(self) -> UtcNs:
        """The virtual clock."""
        return self._now

    # Delivery.

    def answered(self, host: Host, cause: int, answers: Iterable[Message]) -> None:
        """As every runtime, in one piece, because a backtest lives in here."""
        slot = host.slot
        epoch = host.epoch
        if slot.epoch != epoch:
            slot.fenced += 1
            return
        flows, ids, now, step_now = host.flows, self._ids, self._now, self._step
        ready = self._ready if self._schedule is None else None
        for message in answers:
            message_class = message.__class__
            flow = flows.get(message_class)
            if flow is None:
                execute = self._orders.get(message_class)
                if execute is not None:
                    execute(host, cause, message)
                    continue
                flow = flows[message_class] = self.router.flow(slot.role, message_class)
            if flow.at_once and ready is not None:
                # Nearly all that actors say: queued in place, as `_spread` does.
                key = flow.key(message)
                envelope = _new(Envelope, (next(ids), cause, slot.address, epoch, now, message))
                hearers = flow.hearers.get(key)
                for hearer in flow.all_hearers(key) if hearers is None else hearers:
                    ready.append((hearer, envelope))
                continue
            plan = flow.plans.get(flow.key(message)) or flow.plan(message)
            if message_class in _TICKING and ready is not None and step_now >= _TICKS:
                self._hand_on(plan, message, next(ids), slot)
                step_now = self._step
                continue
            self._spread(plan, _new(Envelope, (next(ids), cause, slot.address, epoch, now, message)))

    def dispatch(self, flow: Flow, envelope: Envelope) -> None:
        """Queue for everybody the plan names: at once, or on the agenda for a later step of this instant."""
        self._spread(flow.plan(envelope[5]), envelope)

    def _spread(self, plan: Plan, envelope: Envelope) -> None:
        step_now, ready = self._step, self._ready
        for step, hearers in plan:
            if hearers:
                if step is None or step <= step_now:
                    if self._schedule is None:
                        for slot in hearers:
                            ready.append((slot, envelope))
                    else:
                        for slot in hearers:
                            self._schedule.put(slot, envelope)
                else:
                    self._later(step, envelope, hearers)

    def _later(self, step: int, envelope: Envelope, hearers: list[Slot]) -> None:
        if self._step >= _TICKS and self._schedule is None:
            # A tick is heard by all, step by step, before the next: it waits for nothing on the agenda.
            self._legs.append((step, envelope, hearers))
            return
        message = envelope[5]
        period, symbol = (message.period, message.symbol) if message.__class__ is Bar else (0, "")
        heappush(self._agenda, (self._now, step, period, symbol, next(self._turns), envelope, hearers))

    def put(self, slot: Slot, envelope: Envelope) -> None:
        """Queue for one address."""
        if self._schedule is None:
            self._ready.append((slot, envelope))
        else:
            self._schedule.put(slot, envelope)

    def _drain(self, *, everything: bool = False) -> None:
        if self._schedule is not None:
            self._schedule.drain(everything=everything)
            return
        ready, legs = self._ready, self._legs
        left = LOOPS_MAX
        while ready or legs:
            if not ready:
                step, envelope, hearers = legs.popleft()
                self._step = step
                ready.extend([(slot, envelope) for slot in hearers])
                continue
            slot, envelope = ready.popleft()
            ways = slot.ways
            if ways is None:
                slot.store(envelope)
            else:
                message = envelope[5]
                way = ways.get(message.__class__)
                if way is not None:
                    way(message, envelope[0])
            left -= 1
            if not left:
                raise circles(slot, envelope)

    # Time.

    def wake(self, slot: Slot, epoch: int, wish: WakeAt) -> None:
        """Put a timer on the agenda; one that is past is due now, at the next step that fits."""
        at: UtcNs = wish.at
        step: int = wish.step
        if at <= self._now:
            at = self._now
            if step < self._step:
                step = next((netting for netting in _NETTINGS if netting >= self._step), Step.TICKS_NETTING)
                if wish.step is not _NETTING:
                    step = self._step
        heappush(self._agenda, (at, step, 0, slot.address, next(self._turns), None, (slot, epoch, wish.token)))

    def _run_agenda(self, until: UtcNs, step: int, *, streams_to: tuple[UtcNs, int] | None = None) -> None:
        """Serve everything on the agenda that comes before (until, step)."""
        agenda = self._agenda
        self._streams_to = streams_to or (until, step)
        while agenda:
            first = agenda[0]
            if first[0] > until or (first[0] == until and first[1] >= step):
                return
            at, _, _, _, _, envelope, target = first
            if envelope is None and target.__class__ is tuple:
                was_stopping = self._stopping is not None
                self._catch_up(at)
                # In an ordered stop nothing is played any more, and a timer that is due must not wait for it for ever.
                if self._stopping is not None and not was_stopping:
                    return
                if agenda[0] is not first:
                    # What was said has asked for an earlier timer.
                    continue
            heappop(agenda)
            self._step = first[1]
            if at > self._now:  # noqa: PLR1730 - max() is a call
                self._now = at
            if envelope is not None:
                for slot in target:
                    self.put(slot, envelope)
            elif target.__class__ is tuple:
                slot, epoch, token = target
                if epoch != slot.epoch and slot.strategy is not None:
                    continue
                now = self._now
                woke = Envelope(next(self._ids), 0, slot.address, slot.epoch, now, Woke(now, token))
                self._count_timer(slot, woke)
                self.put(slot, woke)
            else:
                target.play(first[4])
            self._drain(everything=first[1] >= _CHECKS)
            if self._stopping is not None:
                return

    def _catch_up(self, at: UtcNs) -> None:
        """A timer comes at that time: what a feed has from before it is said first."""

    def _count_timer(self, slot: Slot, woke: Envelope) -> None:
        self._timers_now = self._timers_now + 1 if self._timers_at == self._now else 0
        self._timers_at = self._now
        if self._timers_now > LOOPS_MAX:
            raise circles(slot, woke)

    @staticmethod
    def _hand(slot: Slot, envelope: Envelope) -> None:
        """To whoever is up there, by its way of the class, or into the mailbox."""
        ways = slot.ways
        if ways is None:
            slot.store(envelope)
            return
        way = ways.get(envelope[5].__class__)
        if way is not None:
            way(envelope[5], envelope[0])

    def _hand_on(self, plan: Plan, message: Message, number: int, sender: Slot) -> None:
        """A tick, quote or block, leg by leg and each to its end, past queue and agenda: nothing comes between."""
        ready, legs = self._ready, self._legs
        for step, hearers in plan:
            if hearers:
                if step is not None:
                    self._step = step
                for slot in tuple(hearers):
                    ways = slot.ways
                    if ways is None:
                        slot.store(Envelope(number, 0, sender.address, sender.epoch, self._now, message))
                        continue
                    way = ways.get(message.__class__)
                    if way is not None:
                        way(message, number)
                if ready or legs:
                    self._drain()
