"""The hot loop of who hears every tick: ticks of one stream, one after the other, past queue and agenda.

It does what `VirtualTime._hand_on` does for the feed's tick and then for the filter's, with everything looked up
beforehand: who hears it, by which way, and which of them has a shortcut (`Component.shortcut`) for a tick that changes
nothing but what it remembers. Whatever is not as usual is left to the slow way.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from actors.runtime.router import Plan
from actors.runtime.slot import Slot
from messages import Envelope, Message, Step, Tick
from messages.bulk import bulk_tick

if TYPE_CHECKING:
    from actors.feed_streams import TickStream
    from actors.runtime.playback import Playback

_TICKS: Final = Step.TICKS
Shortcut: TypeAlias = Callable[[Any], bool]
Way: TypeAlias = Callable[[Message, int], None]
Hearer: TypeAlias = tuple[Slot, Any, Way | None, Shortcut | None]
"""(who, the ways of its incarnation, its way of ticks, its shortcut): good as long as the slot's ways are these."""
Leg: TypeAlias = tuple[int, int | None, tuple[Hearer, ...]]
"""(its place in the plan, its step, who hears)"""


def run_ticks(runtime: "Playback", stream: "TickStream") -> bool:
    """Say the announced tick and those behind it, until something else comes before the next, or nobody hears them.

    False: none was said, the announced one neither.
    """
    router, announced = runtime.router, True
    flow = router.flow("tick-filter", Tick)
    plan = flow.plan(bulk_tick(stream.topic[0], 0, 0, 1.0, 0.0, 0))
    singly = flow.subscribed(stream.topic)
    while any(singly) and (gate := _gate(runtime, stream)) is not None:
        goes_on = _run(runtime, stream, gate, _legs(plan, stream.topic[0]), plan, announced=announced)
        announced = False
        if not goes_on:
            break
    return not announced


def _gate(runtime: "Playback", stream: "TickStream") -> Hearer | None:
    """The tick filter, if it is up and nobody else hears the feed itself."""
    hearers = [slot for _, hearers in runtime.router.flow("feed", Tick).plan_of(stream.topic) for slot in hearers]
    if len(hearers) != 1:
        return None
    gate = _hearer(hearers[0], stream.topic[0])
    return gate if gate[3] is not None else None


def _legs(plan: Plan, symbol: str) -> list[Leg]:
    return [
        (place, step, tuple([_hearer(slot, symbol) for slot in hearers]))
        for place, (step, hearers) in enumerate(plan)
        if hearers
    ]


def _hearer(slot: Slot, symbol: str) -> Hearer:
    ways, component = slot.ways, slot.component
    if ways is None or component is None:
        return slot, None, None, None
    return slot, ways, ways.get(Tick), component.shortcut(Tick, symbol)


def _run(  # noqa: PLR0912 - the hot loop: what is called costs more than what is done
    runtime: "Playback", stream: "TickStream", gate: Hearer, legs: list[Leg], plan: Plan, *, announced: bool
) -> bool:
    """True: who hears has changed, and it goes on. False: something else is next.

    `announced`: the first tick's time has come.
    """
    router, ids, agenda, ready, later = runtime.router, runtime._ids, runtime._agenda, runtime._ready, runtime._legs
    symbol, version = stream.topic[0], router.version
    gate_slot, gate_ways, gate_way, passes = gate
    assert gate_way is not None
    assert passes is not None
    is_stale = False
    while rows := stream.rows():
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
    return False
