"""What befalls mailboxes and the order of things: they are full, their readers slow, others are served first.

All of it is what threads may do on a busy machine. Where a run has no schedule everything is delivered at once, and
none of it is possible.
"""

from functools import partial
from typing import Final

from actors.runtime.simulated import SimulatedRuntime
from actors.runtime.slot import Slot, State
from adapters.simulation.faults.fault import Fault
from messages import NS_PER_MILLISECOND, UtcNs

_OVERFLOW_MAX_S: Final = 30
_LATENESS_MS: Final = (1, 40, 400)
_WATCHING: Final = frozenset({"supervisor"})
"""Roles that a busy machine serves like all others, and which nothing here is aimed at."""


class _OfMailboxes(Fault):
    """What all of them need."""

    def is_possible(self) -> bool:
        """In a process that runs, and whose order of things is chosen."""
        runtime = self.weather.process.runtime
        return runtime is not None and runtime.mailboxes is not None and not self.weather.process.is_paused

    @property
    def runtime(self) -> SimulatedRuntime:
        """Of the life that is."""
        runtime = self.weather.process.runtime
        assert runtime is not None
        return runtime

    def slots(self) -> list[Slot]:
        """Of all actors that are up, but who watches them."""
        return [slot for slot in self.runtime.slots.values() if slot.state is State.UP and slot.role not in _WATCHING]

    def let_go(self, runtime: SimulatedRuntime, slot: Slot) -> None:
        """It reads what has come."""
        runtime.slow_down(slot.address, slow=False)
        self.weather.process.hear(_nothing)


class SmallMailbox(_OfMailboxes):
    """For a while an actor reads nothing, and there is next to no room for what it does not read."""

    code = "F63"
    what = "a mailbox overflows"
    every_s = 600.0

    def begin(self) -> None:
        """All are as large as they should be."""
        self._small: dict[Slot, tuple[SimulatedRuntime, int]] = {}
        super().begin()

    def strike(self) -> None:
        """Until something was turned away, or replaced by something newer."""
        slot = self.random.choice(self.slots())
        if slot in self._small:
            return
        self._small[slot] = (self.runtime, slot.mailbox.cap)
        slot.mailbox.cap = self.random.randint(0, 4)
        self.runtime.slow_down(slot.address)
        turned_away = self._turned_away(self.runtime, slot)
        self.after(1, partial(self._look, slot, turned_away, self.weather.world.now))

    def _look(self, slot: Slot, before: int, since: UtcNs) -> None:
        if slot not in self._small:
            return
        waited = (self.weather.world.now - since) // 1_000_000_000
        if self._turned_away(self._small[slot][0], slot) == before and waited < _OVERFLOW_MAX_S:
            self.after(1, partial(self._look, slot, before, since))
        else:
            self._grow(slot)

    @staticmethod
    def _turned_away(runtime: SimulatedRuntime, slot: Slot) -> int:
        return runtime.dead_letter_counts[f"{slot.address}: mailbox full"] + slot.mailbox.conflated

    def _grow(self, slot: Slot) -> None:
        runtime, slot.mailbox.cap = self._small.pop(slot)
        if runtime is self.weather.process.runtime:
            self.let_go(runtime, slot)

    def calm(self) -> None:
        """As large as before."""
        for slot in list(self._small):
            self._grow(slot)


class SlowConsumer(_OfMailboxes):
    """An actor takes long over what it hears: it reads what has come, and nothing for a while."""

    code = "F64"
    what = "a slow consumer"
    every_s = 180.0

    def strike(self) -> None:
        """For up to a minute."""
        slot = self.random.choice(self.slots())
        pause = self.random.choice((0.01, 0.1, 1.0, 10.0))
        turns = max(1, round(min(60.0, 100 * pause) / pause))
        self._busy(self.runtime, slot, pause, self.random.randint(1, turns))

    def _busy(self, runtime: SimulatedRuntime, slot: Slot, pause: float, turns: int) -> None:
        if runtime is not self.weather.process.runtime:
            return
        self.let_go(runtime, slot)
        if turns and self.weather.blows:
            runtime.slow_down(slot.address)
            self.after(pause, partial(self._busy, runtime, slot, pause, turns - 1))


class AnotherTurn(_OfMailboxes):
    """An actor comes last for a while, timers come late, or some actors stop one by one and go on in another order."""

    code = "F65"
    what = "another legal order"
    every_s = 60.0

    def strike(self) -> None:
        """For some seconds."""
        self.random.choice((self._last, self._late, self._clog))()

    def _last(self) -> None:
        runtime, slot = self.runtime, self.random.choice(self.slots())
        assert runtime.mailboxes is not None
        last = runtime.mailboxes.last
        last.add(slot.address)
        self.after(self.random.uniform(1, 30), partial(last.discard, slot.address))

    def _late(self) -> None:
        runtime = self.runtime
        runtime.timers_late = self.random.choice(_LATENESS_MS) * NS_PER_MILLISECOND
        self.after(self.random.uniform(1, 30), partial(setattr, runtime, "timers_late", 0))

    def _clog(self) -> None:
        runtime, slots = self.runtime, self.slots()
        chosen = self.random.sample(slots, min(len(slots), self.random.randint(2, 6)))
        for number, slot in enumerate(chosen):
            self.after(0.2 * number, partial(self._stop, runtime, slot))
        self.random.shuffle(chosen)
        for number, slot in enumerate(chosen):
            self.after(2 + 0.2 * number, partial(self._go_on, runtime, slot))

    def _stop(self, runtime: SimulatedRuntime, slot: Slot) -> None:
        if self.weather.blows:
            runtime.slow_down(slot.address)

    def _go_on(self, runtime: SimulatedRuntime, slot: Slot) -> None:
        if runtime is self.weather.process.runtime:
            self.let_go(runtime, slot)

    def calm(self) -> None:
        """First come, first served, as far as threads do that."""
        runtime = self.weather.process.runtime
        if runtime is not None and runtime.mailboxes is not None:
            runtime.timers_late = 0
            runtime.mailboxes.last.clear()
            for address in sorted(runtime.mailboxes.slow):
                runtime.slow_down(address, slow=False)


def _nothing(_at: UtcNs) -> None:
    """Time goes on, and what waits is delivered."""


FAULTS: Final[tuple[type[Fault], ...]] = (SmallMailbox, SlowConsumer, AnotherTurn)
