"""Plays a feed in virtual time: bars from its tape, ticks and quotes from its streams, events on the agenda.

The hot loop of every backtest is here (`_play_run`): one series of bars goes past queue and heap, as long as nothing
else is due before the next of them.
"""

from collections.abc import Callable, Iterable
from heapq import heappush
from typing import Any, Final, TypeAlias

from actors.feed_streams import TickStream
from actors.routes import Route
from actors.runtime.host import Host
from actors.runtime.pacing import Pacer, paced
from actors.runtime.router import Plan
from actors.runtime.slot import Slot
from actors.runtime.streams import HEARD_FROM, Announced, Playing
from actors.runtime.tick_run import TickRun
from actors.runtime.virtual_time import VirtualTime
from actors.tape import FOREVER, Batch, Calm, Run, Source, Stream
from messages import Bar, Envelope, ExternalEvent, Message, Step, Subscribe, Unsubscribe, UtcNs
from messages.bulk import bulk_bar_open

# An enum's member costs ten times what a global does, and these are asked for at every order.
_VENUE_BARS: Final = Step.VENUE_BARS
_MARKS: Final = Step.MARKS
_CHECKS: Final = Step.CHECKS
_VENUE_OPENS: Final = Step.VENUE_OPENS
_TICKS: Final = Step.TICKS
_Way: TypeAlias = tuple[Slot, Any, Callable[[Message, int], None] | None, Calm | None]
"""(who hears, the ways of the incarnation that is up, its way of the class, what spares it bars): good as long as the
slot's ways are these."""


def _rising(plan: Plan, source: Source) -> list[tuple[int, tuple[_Way, ...]]]:
    """The legs of a bar's plan that somebody hears, each with the step that it is heard in: never an earlier one."""
    legs: list[tuple[int, tuple[_Way, ...]]] = []
    level: int = _VENUE_BARS
    for step, hearers in plan:
        if hearers:
            level = level if step is None or step < level else step
            legs.append((level, tuple([_way(slot, source) for slot in hearers])))
    return legs


def _way(slot: Slot, source: Source) -> _Way:
    ways, component = slot.ways, slot.component
    if ways is None or component is None:
        return slot, None, None, None
    return slot, ways, ways.get(source.kind), component.calm(*source.topic)


class Playback(VirtualTime):
    """The part of a replay that knows feeds. It starts nobody."""

    def __init__(self, *, start_at: UtcNs, schedule_seed: int | None, routes: Iterable[Route]) -> None:
        super().__init__(start_at=start_at, schedule_seed=schedule_seed, routes=routes)
        self._streams: dict[tuple[type[Message], str], Playing] = {}
        self._batch: Batch | None = None
        self._pacer: Pacer | None = None
        """Who lets what is played pass; None: nothing waits."""
        self._progress: Callable[[UtcNs], None] | None = None
        self._feed: Slot | None = None

    def play(self, host: Host, batch: Batch) -> None:
        """The feed's answer to Pull: played by `_pull`, when the queue is empty."""
        self._batch = batch if self._pacer is None else paced(batch, self._pacer)
        self._feed = host.slot

    def _play(self, batch: Batch) -> None:
        for stream in batch.streams:
            self._add_stream(stream)
        for stream in batch.events:
            self._add_events(stream)
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
        legs: list[tuple[int, tuple[_Way, ...]]] = []
        for opens_at, at, bar in run.rows:
            if opens_heard or version != router.version or (agenda and agenda[0][0] <= at):
                self._approach(open_plan, opens_at, at, bar)
                version = router.version
                opens_heard = any(hearers for _, hearers in open_plan)
                legs = _rising(bar_plan, run.bars)
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
                for slot, ways, way, calm in hearers:
                    if way is not None and slot.ways is ways:
                        if calm is not None and calm.low < bar.low and bar.high < calm.high:
                            calm.bar = bar
                        else:
                            way(bar, number)
                    else:
                        self._hand(slot, Envelope(number, 0, feed.address, feed.epoch, at, bar))
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
        role, kind = HEARD_FROM.get(stream.kind, ("feed", stream.kind))
        listeners = self.router.flow(role, kind).subscribed(stream.topic)
        if kind is not stream.kind:
            listeners = [*listeners, self.router.listeners(stream.kind)]
        say = self._say_tick if self._schedule is None else self._say_now
        run = TickRun(self, stream).run if self._schedule is None and isinstance(stream, TickStream) else None
        playing = Playing(stream, plan, listeners, announce=self._announce, say=say, is_next=self._is_next, run=run)
        self._streams[stream.kind, stream.topic[0]] = playing
        playing.announce()

    def _announce(self, at: UtcNs, playing: Playing) -> int:
        turn = next(self._turns)
        heappush(self._agenda, (max(at, self._now), _TICKS, 0, playing.place, turn, None, playing))
        return turn

    def _add_events(self, stream: Stream) -> None:
        plan = self.router.flow("feed", stream.kind).plan_of(stream.topic)
        Announced(stream, plan, announce=self._announce_event, say=self._say_event).announce()

    def _announce_event(self, at: UtcNs, event: Announced) -> int:
        turn = next(self._turns)
        heappush(self._agenda, (max(at, self._now), event.step, event.place, event.symbol, turn, None, event))
        return turn

    def _catch_up(self) -> None:
        for playing in self._streams.values():
            playing.catch_up(self._now)

    def _say_event(self, plan: Plan, message: Message) -> None:
        is_external = message.__class__ is ExternalEvent
        for playing in self._streams.values():
            # Ticks of this very instant come after funding and marks, and before external events.
            playing.catch_up(self._now + is_external)
        self._step = _TICKS if is_external else _MARKS
        self._say_now(plan, message)

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

    def _play_streams(self) -> None:
        while self._stopping is None:
            due = min((playing.due for playing in self._streams.values()), default=FOREVER)
            if due == FOREVER:
                return
            self._run_agenda(max(due, self._now), _CHECKS + 1, streams_to=(FOREVER, 0))
            if self._progress is not None:
                self._progress(self._now)

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
        for (kind, symbol), playing in self._streams.items():
            heard = message.message is kind or message.message is HEARD_FROM.get(kind, ("", kind))[1]
            if heard and message.symbol in (None, symbol):
                playing.listeners_changed(self._now)
