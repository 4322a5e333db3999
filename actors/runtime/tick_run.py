"""The hot loop of who hears every tick: ticks of one stream, one after the other, past queue and agenda.

It does what `VirtualTime._hand_on` does for the feed's tick and then for the filter's, with everything looked up
beforehand: who hears it, by which way, and which of them has a shortcut (`Component.shortcut`) for a tick that changes
nothing but what it remembers. Where a whole stretch of ticks does that (`Component.spared`), only who has neither is
called at each of them (`TickRun._span`). Whatever is not as usual is left to the slow way.
"""

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from actors.runtime.router import Plan
from actors.runtime.slot import Slot
from actors.tick_span import Spared
from messages import Envelope, Message, Step, Tick
from messages.bulk import bulk_tick, bulk_ticks

if TYPE_CHECKING:
    from actors.feed_streams import TickStream
    from actors.runtime.playback import Playback

_TICKS: Final = Step.TICKS
_SINGLY_MAX: Final = 256
"""So many ticks are said one by one, at most, before a stretch is tried again."""
Shortcut: TypeAlias = Callable[[Any], bool]
Way: TypeAlias = Callable[[Message, int], None]
Hearer: TypeAlias = tuple[Slot, Any, Way | None, Shortcut | None]
"""(who, the ways of its incarnation, its way of ticks, its shortcut): good as long as the slot's ways are these."""
Leg: TypeAlias = tuple[int, int | None, tuple[Hearer, ...]]
"""(its place in the plan, its step, who hears)"""


@attrs.frozen
class _Told:
    """Who is called at each tick of a stretch, all in one leg, and who is told of it when it is over."""

    place: int
    step: int
    ways: tuple[Way, ...]
    spared: tuple[tuple[Slot, Spared], ...]


@attrs.frozen
class _Course:
    """The way of a stream's ticks, as long as the same ones hear them and none of these fails."""

    gate: Hearer
    legs: tuple[Leg, ...]
    hearers: tuple[Hearer, ...]
    """Of all legs, the gate first."""
    told: _Told | None
    """None: no stretch can be said."""

    @property
    def holds(self) -> bool:
        """Whether all of them are still up as they were."""
        return all(slot.ways is ways for slot, ways, _, _ in self.hearers)


class TickRun:
    """Says single ticks of one stream. Which way they take is looked up once for each group of hearers."""

    def __init__(self, runtime: "Playback", stream: "TickStream") -> None:
        self._runtime = runtime
        self._stream = stream
        self._symbol = stream.topic[0]
        flow = runtime.router.flow("tick-filter", Tick)
        # Plans and their lists live: who hears is found in them at any time.
        self._singly = flow.subscribed(stream.topic)
        self._plan: Plan = flow.plan(bulk_tick(self._symbol, 0, 0, 1.0, 0.0, 0))
        self._feed_plan: Plan = runtime.router.flow("feed", Tick).plan_of(stream.topic)
        self._courses: dict[tuple[tuple[Slot, ...], ...], _Course] = {}
        """By all who hear."""
        self._latest: _Course | None = None
        self._version = -1
        """The router's, when the latest was found."""

    def run(self) -> bool:
        """Say the announced tick and those behind it, until something else comes before the next, or nobody hears them.

        False: none was said, the announced one neither.
        """
        announced = True
        while any(self._singly) and (course := self._course()) is not None:
            goes_on = self._run(course, announced=announced)
            announced = False
            if not goes_on:
                break
        return not announced

    def _course(self) -> _Course | None:
        """The way that the next tick takes; None where it is not the usual one."""
        version, latest = self._runtime.router.version, self._latest
        if latest is not None and version == self._version and latest.holds:
            return latest
        hearers = tuple([tuple(hearers) for _, hearers in (*self._feed_plan, *self._plan)])
        course = self._courses.get(hearers)
        if course is None or not course.holds:
            course = self._looked_up()
            if course is not None:
                self._courses[hearers] = course
        self._latest, self._version = course, version
        return course

    def _looked_up(self) -> _Course | None:
        gates = [slot for _, hearers in self._feed_plan for slot in hearers]
        if len(gates) != 1:
            return None
        # The tick filter, if it is up: nobody else hears the feed itself.
        gate = _hearer(gates[0], self._symbol)
        if gate[3] is None:
            return None
        legs = tuple(
            [
                (place, step, tuple([_hearer(slot, self._symbol) for slot in hearers]))
                for place, (step, hearers) in enumerate(self._plan)
                if hearers
            ]
        )
        all_hearers = (gate, *[hearer for _, _, hearers in legs for hearer in hearers])
        return _Course(gate, legs, all_hearers, _told(gate, legs, self._symbol))

    def _run(self, course: _Course, *, announced: bool) -> bool:
        """True: who hears has changed, and it goes on. False: something else is next.

        `announced`: the first tick's time has come.
        """
        router, told, singly = self._runtime.router, course.told, 1
        version = router.version
        while True:
            if told is not None and self._span(course, told, version):
                announced, singly = False, 1
                if router.version != version or not course.holds:
                    return True
                continue
            most = None if told is None else singly
            goes_on = _one_by_one(self._runtime, self._stream, course, self._plan, most, announced=announced)
            if goes_on is not None:
                return goes_on
            announced, singly = False, min(2 * singly, _SINGLY_MAX)

    def _span(self, course: _Course, told: _Told, version: int) -> bool:  # noqa: PLR0912 - as below
        """Say the ticks up to what comes next, or up to one that more follows from. False: none was said."""
        runtime, stream = self._runtime, self._stream
        agenda, ready, later = runtime._agenda, runtime._ready, runtime._legs
        until = runtime._streams_to[0]
        if agenda and agenda[0][0] < until:
            until = agenda[0][0]
        if not runtime._now <= stream.next_at(singly=True) < until or runtime._stopping is not None:
            return False
        span = stream.span(until)
        if span is None:
            return False
        for _, spared in told.spared:
            if not spared.allows(span):
                return False
        router, count, waiting = runtime.router, 0, len(agenda)
        way, *others = told.ways
        # Every tick has two, as the feed's and as the filter's.
        numbers = islice(runtime._ids, 1, None, 2)
        runtime._step = told.step
        try:
            for tick, number in zip(bulk_ticks(self._symbol, span.rows), numbers, strict=False):
                count += 1
                runtime._now = tick.received
                way(tick, number)
                if others:
                    for other in others:
                        other(tick, number)
                if ready or later or len(agenda) != waiting or router.version != version:
                    break
        finally:
            if count:
                said = span.rows[:count]
                for slot, spared in told.spared:
                    spared.remember(said)
                    slot.handled += count
                stream.passed(count)
        if ready or later:
            runtime._drain()
        if router.version != version:
            # From here on others hear it than those who were looked up.
            runtime._hand_on(self._plan[told.place + 1 :], tick, number, course.gate[0])
        return True


def _hearer(slot: Slot, symbol: str) -> Hearer:
    ways, component = slot.ways, slot.component
    if ways is None or component is None:
        return slot, None, None, None
    return slot, ways, ways.get(Tick), component.shortcut(Tick, symbol)


def _told(gate: Hearer, legs: tuple[Leg, ...], symbol: str) -> _Told | None:
    """Who hears each tick of a stretch: the last leg, if everybody before it can be spared."""
    spared: list[tuple[Slot, Spared]] = []
    for slot, ways, _, _ in (gate, *[hearer for _, _, hearers in legs[:-1] for hearer in hearers]):
        component = slot.component
        sparing = None if ways is None or component is None else component.spared(symbol)
        if sparing is None:
            return None
        spared.append((slot, sparing))
    place, step, hearers = legs[-1]
    ways_of_tick = tuple([way for _, _, way, shortcut in hearers if way is not None and shortcut is None])
    if len(ways_of_tick) < len(hearers):
        return None
    return _Told(place, _TICKS if step is None else step, ways_of_tick, tuple(spared))


def _one_by_one(  # noqa: PLR0912, PLR0915 - the hot loop: what is called costs more than what is done
    runtime: "Playback", stream: "TickStream", course: _Course, plan: Plan, most: int | None, *, announced: bool
) -> bool | None:
    """As `TickRun._run`, for so many at most. None: these were said, and it goes on as before."""
    router, ids, agenda, ready, later = runtime.router, runtime._ids, runtime._agenda, runtime._ready, runtime._legs
    symbol, version, legs = stream.topic[0], router.version, course.legs
    gate_slot, gate_ways, gate_way, passes = course.gate
    assert gate_way is not None
    assert passes is not None
    is_stale = False
    while rows := stream.rows(most):
        count = 0
        try:
            for at, ts, price, size, aggressor in rows:
                if announced:
                    announced = False
                elif is_stale or router.version != version or gate_slot.ways is not gate_ways:
                    return True
                elif (agenda and agenda[0][0] <= at) or at >= runtime._streams_to[0] or runtime._stopping is not None:
                    if not runtime._is_next(at):
                        return False
                elif at > runtime._now:
                    runtime._now = at
                count += 1
                runtime._step = _TICKS
                tick = bulk_tick(symbol, ts, at, price, size, aggressor)
                number = next(ids)
                if not passes(tick):
                    gate_way(tick, number)
                    if ready or later:
                        runtime._drain()
                    continue
                gate_slot.handled += 1
                number = next(ids)
                for place, step, hearers in legs:
                    handed = False
                    for slot, ways, way, shortcut in hearers:
                        if shortcut is not None and slot.ways is ways and shortcut(tick):
                            slot.handled += 1
                            continue
                        handed = True
                        if step is not None:
                            runtime._step = step
                        if ways is None or slot.ways is not ways:
                            is_stale = slot.ways is not ways
                            envelope = Envelope(number, 0, gate_slot.address, gate_slot.epoch, runtime._now, tick)
                            runtime._hand(slot, envelope)
                        elif way is not None:
                            way(tick, number)
                    if handed:
                        if ready or later:
                            runtime._drain()
                        if router.version != version:
                            # From here on others hear it than those who were looked up.
                            runtime._hand_on(plan[place + 1 :], tick, number, gate_slot)
                            break
        finally:
            stream.passed(count)
        if most is not None:
            return None if router.version == version and course.holds else True
    return False
