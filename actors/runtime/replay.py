"""The replay runtime: one thread, a virtual clock that jumps to the next event, and one total order.

The order within an instant is `Step`'s; within a step it is the order of saying. Bars come from the feed's tape, ticks
and quotes from its streams, everything with a time of its own (timers, later steps, streams) waits on one heap, the
agenda. What is said at once goes through one queue, first in, first out.

A schedule seed replaces that queue by one per (sender, receiver), served in a random order and not always to the end
before the next event: interleavings that threads could produce, with each sender's order kept.
"""

import itertools
from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any, Final

from actors.runtime.host import HandlerTimedOut, Host, ReplayHost
from actors.runtime.router import Flow, Plan
from actors.runtime.runtime import OUTSIDE, SUPERVISOR, Runtime, SupervisorFailed
from actors.runtime.schedule import LOOPS_MAX, Schedule, circles
from actors.runtime.slot import Slot, State
from actors.runtime.streams import Playing
from actors.runtime.watchdog import ReplayWatchdog
from actors.tape import FOREVER, Batch, Run, Stream
from messages import (
    ActorFailed,
    Bar,
    Envelope,
    Message,
    OrderBook,
    Pull,
    Quote,
    Step,
    StopSystem,
    Subscribe,
    Tick,
    TickBlock,
    Unsubscribe,
    UtcNs,
    WakeAt,
    Woke,
)
from messages.bulk import bulk_bar_open

_new = tuple.__new__
_TICKING = frozenset({Tick, TickBlock, Quote, OrderBook})
# An enum's member costs ten times what a global does, and these are asked for at every order.
_VENUE_BARS: Final = Step.VENUE_BARS
_CHECKS: Final = Step.CHECKS
_VENUE_OPENS: Final = Step.VENUE_OPENS
_TICKS: Final = Step.TICKS
_NETTING: Final = Step.NETTING
_NETTINGS = (Step.NETTING, Step.OPENS_NETTING, Step.TICKS_NETTING)


def _rising(plan: Plan) -> list[tuple[int, tuple[Slot, ...]]]:
    """The legs of a bar's plan that somebody hears, each with the step that it is heard in: never an earlier one."""
    legs: list[tuple[int, tuple[Slot, ...]]] = []
    level: int = _VENUE_BARS
    for step, hearers in plan:
        if hearers:
            level = level if step is None or step < level else step
            legs.append((level, tuple(hearers)))
    return legs


class ReplayRuntime(Runtime):
    """Runs to the end of its feed when told to, on the caller's thread."""

    def __init__(
        self, *, start_at: UtcNs = 0, schedule_seed: int | None = None, handler_seconds: float | None = 30.0
    ) -> None:
        super().__init__()
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
        self._streams: dict[tuple[type[Message], str], Playing] = {}
        self._batch: Batch | None = None
        self._feed: Slot | None = None
        self._stopping: str | None = None
        self.watchdog = ReplayWatchdog(self, handler_seconds) if handler_seconds else None

    # The run.

    def now(self) -> UtcNs:
        """The virtual clock."""
        return self._now

    def run(self, *, progress: Any = None) -> None:
        """Start every actor, play the feed to its end, stop every actor.

        `progress(now)` is called after each batch. HandlerTimedOut, KeyboardInterrupt and SupervisorFailed pass.
        """
        watchdog = self.watchdog
        if watchdog is not None:
            watchdog.start()
        try:
            self.start()
            while not self.feed_over and self._stopping is None:
                self._pull()
                if progress is not None:
                    progress(self._now)
            self.stop()
        except HandlerTimedOut:
            assert watchdog is not None
            assert watchdog.found is not None
            actor, message = watchdog.found
            raise HandlerTimedOut(f"{actor} was busy with one {message} for {watchdog.seconds:g} s") from None
        finally:
            if watchdog is not None:
                watchdog.stop()
            for slot in self.slots.values():
                self.close(slot)
                if slot.host is not None:
                    slot.host.release()

    def start(self) -> None:
        """Start the supervisor, which starts the others."""
        slot = self.slots[SUPERVISOR]
        slot.epoch = 1
        self.launch(slot, warm=False)
        self._settle()
        self._feed = next((slot for slot in self.slots.values() if slot.role == "feed"), None)

    def stop(self) -> None:
        """An ordered stop of everything, at the virtual now."""
        self._run_agenda(self._now, _CHECKS + 1)
        self._drain(everything=True)
        self.say(OUTSIDE, StopSystem(self._stopping or "end of feed"), sender=OUTSIDE)
        self._settle()

    def request_stop(self, reason: str) -> None:
        """Stop in order before the next bar; may be called from a signal handler or another thread."""
        self._stopping = reason

    def settle(self) -> None:
        """Deliver everything that waits at this instant: for tests and for hosts that send from outside."""
        self._settle()
        self._run_agenda(self._now, _CHECKS + 1)

    def advance(self, at: UtcNs) -> None:
        """Let the clock run to `at`, serving timers on the way: for tests and for hosts without a feed."""
        self._run_agenda(at, _CHECKS + 1)
        self._now = max(self._now, at)

    def _settle(self) -> None:
        self._drain(everything=True)
        self._catch_up_now()

    def _catch_up_now(self) -> None:
        agenda = self._agenda
        while agenda and agenda[0][0] <= self._now:
            self._run_agenda(self._now, _CHECKS + 1)

    def _pull(self) -> None:
        feed = self._feed
        if feed is None or feed.is_over:
            self._stopping = "there is no feed any more"
            return
        epoch = feed.epoch
        if feed.state is State.UP:
            # A Pull to a feed that is down would wait for it, and a second one bring a batch that nobody plays.
            self.put(feed, Envelope(next(self._ids), 0, OUTSIDE, 0, self._now, Pull(self._now)))
            self._drain(everything=True)
        batch, self._batch = self._batch, None
        if batch is not None:
            self._play(batch)
        elif not self.feed_over and feed.epoch == epoch:
            # The feed is down: let the supervisor's timers bring it back, or find that it does not come back.
            if not self._agenda:
                self._stopping = "the feed does not come back"
            else:
                self._run_agenda(self._agenda[0][0], _CHECKS + 1)

    def play(self, host: Host, batch: Batch) -> None:
        """The feed's answer to Pull: played by `_pull`, when the queue is empty."""
        self._batch = batch
        self._feed = host.slot

    def _play(self, batch: Batch) -> None:
        for stream in batch.streams:
            self._add_stream(stream)
        if batch.run is not None:
            self._play_run(batch.run)
        agenda, plans = self._agenda, dict[Any, Plan]()
        for at, step, source in batch.entries:
            if agenda and agenda[0][0] <= at:
                self._run_agenda(at, step)
                if self._stopping is not None:
                    return
            plan = plans.get(source)
            if plan is None:
                plan = plans[source] = self.router.flow("feed", source.kind).plan_of(source.topic)
            if not source.optional or any(hearers for _, hearers in plan):
                self._now, self._step = at, step
                self._say_now(plan, source.take(at))
        if batch.last:
            self._play_streams()

    def _play_run(self, run: Run) -> None:
        """The hot loop: what `_play` does, for bars that wait for nobody, without a queue or a heap in between."""
        feed = self._feed
        assert feed is not None
        router, ids, agenda, ready = self.router, self._ids, self._agenda, self._ready
        bar_plan = router.flow("feed", run.bars.kind).plan_of(run.bars.topic)
        open_plan = router.flow("feed", run.opens.kind).plan_of(run.opens.topic)
        version, opens_heard, shuffled = -1, True, self._schedule is not None
        legs: list[tuple[int, tuple[Slot, ...]]] = []
        for opens_at, at, bar in run.rows:
            if opens_heard or version != router.version or (agenda and agenda[0][0] <= at):
                self._approach(open_plan, opens_at, at, bar)
                version = router.version
                opens_heard = any(hearers for _, hearers in open_plan)
                legs = _rising(bar_plan)
            if self._stopping is not None:
                return
            self._now = at
            if shuffled:
                self._step = _VENUE_BARS
                self._say_now(bar_plan, bar)
                continue
            number = next(ids)
            for step, hearers in legs:
                if agenda and agenda[0][0] <= at:
                    self._run_agenda(at, step)
                self._step = step
                for slot in hearers:
                    hand = slot.hand
                    if hand is not None:
                        hand(bar, number)
                    else:
                        slot.store(Envelope(number, 0, feed.address, feed.epoch, at, bar))
                if ready:
                    self._drain()

    def _approach(self, open_plan: Plan, opens_at: UtcNs, at: UtcNs, bar: Bar) -> None:
        """What lies between two bars of a run: timers and later steps, and the open, if anybody hears it."""
        self._run_agenda(opens_at, _VENUE_OPENS)
        if self._stopping is None and any(hearers for _, hearers in open_plan):
            self._now, self._step = opens_at, _VENUE_OPENS
            # The open is this very bar's; the feed's own look-up by time would find the same.
            self._say_now(open_plan, bulk_bar_open(bar.symbol, bar.period, opens_at, opens_at, bar.open))
        self._run_agenda(at, _VENUE_BARS)

    def _add_stream(self, stream: Stream) -> None:
        plan = self.router.flow("feed", stream.kind).plan_of(stream.topic)
        listeners = self.router.flow("tick-filter", stream.kind).subscribed(stream.topic)
        say = self._say_tick if self._schedule is None else self._say_now
        playing = Playing(stream, plan, listeners, announce=self._announce, say=say, is_next=self._is_next)
        self._streams[stream.kind, playing.symbol] = playing
        playing.announce()

    def _announce(self, at: UtcNs, playing: Playing) -> int:
        turn = next(self._turns)
        heappush(self._agenda, (max(at, self._now), _TICKS, 0, playing.symbol, turn, None, playing))
        return turn

    def _is_next(self, at: UtcNs) -> bool:
        agenda = self._agenda
        if self._stopping is not None or (at, _TICKS) >= self._streams_to:
            return False
        if agenda and agenda[0][0] <= at and agenda[0][:2] <= (at, _TICKS):
            return False
        if at > self._now:  # noqa: PLR1730 - max() is a call, and this runs at every tick
            self._now = at
        self._step = _TICKS
        return True

    def _say_now(self, plan: Plan, message: Message) -> None:
        feed = self._feed
        assert feed is not None
        self._spread(plan, Envelope(next(self._ids), 0, feed.address, feed.epoch, self._now, message))
        self._drain()

    def _say_tick(self, plan: Plan, message: Message) -> None:
        feed = self._feed
        assert feed is not None
        self._hand_on(plan, message, next(self._ids), feed)

    def _hand_on(self, plan: Plan, message: Message, number: int, sender: Slot) -> None:
        """A tick, quote or block, leg by leg and each to its end, past queue and agenda: nothing comes between."""
        ready, legs = self._ready, self._legs
        for step, hearers in plan:
            if hearers:
                if step is not None:
                    self._step = step
                for slot in tuple(hearers):
                    hand = slot.hand
                    if hand is not None:
                        hand(message, number)
                    else:
                        slot.store(Envelope(number, 0, sender.address, sender.epoch, self._now, message))
                if ready or legs:
                    self._drain()

    def _play_streams(self) -> None:
        while self._stopping is None:
            due = min((playing.due for playing in self._streams.values()), default=FOREVER)
            if due == FOREVER:
                return
            self._run_agenda(max(due, self._now), _CHECKS + 1, streams_to=(FOREVER, 0))

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
            hand = slot.hand
            if hand is not None:
                hand(envelope[5], envelope[0])
            else:
                slot.store(envelope)
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
            heappop(agenda)
            at, self._step, _, _, _, envelope, target = first
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

    def _count_timer(self, slot: Slot, woke: Envelope) -> None:
        self._timers_now = self._timers_now + 1 if self._timers_at == self._now else 0
        self._timers_at = self._now
        if self._timers_now > LOOPS_MAX:
            raise circles(slot, woke)

    def _subscribe(self, host: Host, _cause: int, message: Message) -> None:
        self.router.subscribe(host.slot, message)  # type: ignore[arg-type]
        if self._streams:
            self._listeners_changed(message)

    def _unsubscribe(self, host: Host, _cause: int, message: Message) -> None:
        self.router.unsubscribe(host.slot, message)  # type: ignore[arg-type]
        if self._streams:
            self._listeners_changed(message)

    def _listeners_changed(self, message: Message) -> None:
        assert isinstance(message, Subscribe | Unsubscribe)
        if message.message in (Tick, Quote):
            for (kind, symbol), playing in self._streams.items():
                if kind is message.message and message.symbol in (None, symbol):
                    playing.listeners_changed(self._now)

    # Actors.

    def launch(self, slot: Slot, *, warm: bool) -> None:
        """Start an incarnation at once, and hand it what waited."""
        slot.host = host = ReplayHost(slot, self, warm=warm)
        host.start_up()
        if slot.state is State.UP:
            self._hand_over_waiting(slot)

    def _hand_over_waiting(self, slot: Slot) -> None:
        waiting = []
        while (item := slot.mailbox.take()) is not None:
            waiting.append(item)
        for item in reversed(waiting):
            if isinstance(item, Envelope):
                if self._schedule is None:
                    self._ready.appendleft((slot, item))
                else:
                    self._schedule.put_first(slot, item)

    def halt_incarnation(self, slot: Slot) -> None:
        """End an incarnation in order: a strategy or feed now, everybody else after what waits for it."""
        if not slot.stops_first:
            self._deliver_waiting(slot)
        host = slot.host
        slot.deliver, slot.hand = slot.store, None
        if host is None:
            slot.state = State.STOPPED
            return
        host.end()
        slot.host = None

    def _deliver_waiting(self, slot: Slot) -> None:
        if self._schedule is not None:
            waiting = self._schedule.take_for(slot)
        else:
            waiting = [envelope for to, envelope in self._ready if to is slot]
            others = [entry for entry in self._ready if entry[0] is not slot]
            self._ready.clear()
            self._ready.extend(others)
        for envelope in waiting:
            slot.deliver(envelope)

    def feed_ended(self) -> None:
        """Nothing more will come: the run ends."""
        self.feed_over = True

    def supervisor_failed(self, failure: ActorFailed) -> None:
        """Nothing goes on unsupervised."""
        self.gate_open = False
        self._stopping = "the supervisor failed"
        raise SupervisorFailed(f"{failure.error}\n{failure.trace}")

    def progress(self) -> int:
        """How many messages have been handled so far; read by the watchdog's thread."""
        return sum(slot.handled for slot in tuple(self.slots.values()))
