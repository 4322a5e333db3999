"""A threaded runtime's time and feed: timers, and how a played feed is kept from running ahead of who trades on it.

Everything that is on its way is counted. A feed that plays recorded columns waits while too much is unfinished, and its
clock is the feed's; a live feed brings the wall clock.
"""

import itertools
import threading
import time
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from actors.routes import Route
from actors.runtime.clocks import Clock, WallClock
from actors.runtime.host import Host
from actors.runtime.played import Streamed, interleaved, tape_of
from actors.runtime.router import Plan
from actors.runtime.runtime import OUTSIDE, SUPERVISOR, Runtime
from actors.runtime.slot import Slot, State
from actors.runtime.streams import place_of
from actors.runtime.threaded_host import ThreadedHost
from actors.runtime.tracer import Tracer
from actors.tape import Batch
from messages import NS_PER_SECOND, Envelope, Pull, UtcNs, WakeAt, Woke

UNFINISHED_MAX = 2_000
"""A played feed waits while more messages than this are on their way."""
ANSWER_SECONDS = 0.1
"""How long a played feed waits for everybody to have answered one instant before it says the next: history must not run
ahead of those who trade on it. Who takes longer does not hold up the others: the feed goes on, up to UNFINISHED_MAX."""
_Timer: TypeAlias = tuple[UtcNs, int, int, Slot, int, str]
"""(at, step, turn, whose, of which epoch, token)"""


class TimedRuntime(Runtime):
    """The part of a threaded runtime that knows the time. `speed`: how much faster than it was a feed is played."""

    def __init__(
        self, routes: Iterable[Route], *, clock: Clock | None, speed: float | None, tracer: Tracer | None
    ) -> None:
        super().__init__(routes)
        self.tracer = tracer
        self._clock = clock or WallClock()
        self._speed = speed
        self._over = threading.Event()
        self._lock = threading.Condition(threading.Lock())
        self._unfinished = 0
        self._timers: list[_Timer] = []
        self._turns = itertools.count()
        self._feeds: list[Slot] = []
        self._held_back = True
        """The feed is not playing: not yet, or not for the moment."""
        self._is_slow = False
        """Somebody did not answer in time: the feed goes on without waiting until all have caught up."""
        self._pace: tuple[UtcNs, float] | None = None
        self._streaming: list[Streamed] = []
        """Ticks, quotes and events that go on through all batches of the feed."""

    # What is on its way.

    def _send_to(self, plan: Plan, envelope: Envelope) -> None:
        if self.tracer is not None:
            self.tracer.said(envelope)
        for _step, hearers in plan:
            for slot in tuple(hearers):
                self.put(slot, envelope)

    def put(self, slot: Slot, envelope: Envelope) -> None:
        """Into one mailbox. Counted before, so that idleness is never seen too early."""
        self.undone()
        if self.store(slot, envelope) < 1:
            self.done()

    def done(self) -> None:
        """One message less is unfinished."""
        with self._lock:
            self._unfinished -= 1
            if self._unfinished <= 1:
                self._lock.notify_all()

    def undone(self) -> None:
        """One message more is unfinished."""
        with self._lock:
            self._unfinished += 1

    def given_up(self) -> None:
        """A message that will not be handled is finished with."""
        self.done()

    # The feed.

    def _pull(self) -> None:
        self._feeds = [slot for slot in self.slots.values() if slot.role == "feed"]
        self._held_back = False
        if not self._feeds:
            self.feed_ended()
        for feed in self._feeds:
            self._pull_from(feed)

    def _pull_from(self, feed: Slot) -> None:
        self.put(feed, Envelope(next(self._ids), 0, OUTSIDE, 0, self.now(), Pull(self.now())))

    def play(self, host: Host, batch: Batch) -> None:
        """In the feed's own thread: each message at its time, waiting while too much is unfinished."""
        assert isinstance(host, ThreadedHost)
        slot = host.slot
        streams = sorted((*batch.events, *batch.streams), key=place_of)
        self._streaming += [Streamed(self.router, stream) for stream in streams]
        for at, plan, optional, make in interleaved(tape_of(self.router, batch), self._streaming, all_of_it=batch.last):
            self._hold_back(host, at)
            with slot.lock:
                if self._is_leaving(host):
                    return
                self._fire_timers(at)
                self._clock.reached(at)
                if not optional or any(hearers for _, hearers in plan):
                    envelope = Envelope(next(self._ids), 0, slot.address, host.epoch, self.now(), make())
                    self._send_to(plan, envelope)
        self._pull_from(slot)

    def _is_leaving(self, host: ThreadedHost) -> bool:
        return host.leaving or host.slot.epoch != host.epoch or self._over.is_set()

    def _hold_back(self, host: ThreadedHost, at: UtcNs) -> None:
        if self._speed is not None:
            started_at, started = self._pace = self._pace or (at, time.monotonic())
            due = started + (at - started_at) / 1e9 / self._speed
            while (left := due - time.monotonic()) > 0 and not self._is_leaving(host):
                self._over.wait(min(left, 0.1))
                host.busy_since = time.monotonic()
        self._await_answers(host)
        while self._unfinished > UNFINISHED_MAX and not self._is_leaving(host):
            self._held_back = True
            host.busy_since = time.monotonic()
            with self._lock:
                self._lock.wait(0.005)
        self._held_back = False
        host.busy_since = time.monotonic()

    def _await_answers(self, host: ThreadedHost) -> None:
        with self._lock:
            if self._unfinished <= 1:
                # What is unfinished is the feed's own Pull.
                self._is_slow = False
            elif not self._is_slow:
                self._is_slow = not self._lock.wait_for(
                    lambda: self._unfinished <= 1 or self._is_leaving(host), ANSWER_SECONDS
                )

    def feed_ended(self) -> None:
        """A played feed is over."""
        with self._lock:
            self.feed_over = True
            self._lock.notify_all()

    # Time.

    def now(self) -> UtcNs:
        """The clock's."""
        return self._clock.now()

    def _live_feed(self) -> bool:
        return isinstance(self._clock, WallClock)

    def wake(self, slot: Slot, epoch: int, wish: WakeAt) -> None:
        """Set a timer; one that is due fires at once."""
        entry = (wish.at, int(wish.step), next(self._turns), slot, epoch, wish.token)
        if wish.at <= self.now():
            self._wake_now(entry)
            return
        with self._lock:
            heappush(self._timers, entry)

    def _until_due(self, most: float) -> float:
        """Seconds to wait for the next timer of a live clock, `most` at most."""
        with self._lock:
            due = self._timers[0][0] if self._timers else None
        if due is None or not self._live_feed():
            return most
        return min(most, max(0.0, (due - self._clock.now()) / NS_PER_SECOND))

    def _fire_timers(self, until: UtcNs) -> None:
        while True:
            with self._lock:
                if not self._timers or self._timers[0][0] > until:
                    return
                entry = heappop(self._timers)
            self._clock.reached(entry[0])
            self._wake_now(entry)

    def _fire_restarts(self) -> None:
        """While a played feed's clock stands still, nothing is gained by letting a restart wait for it."""
        if not (self._held_back or self.feed_over or any(feed.state is not State.UP for feed in self._feeds)):
            return
        with self._lock:
            due = self._restarts()
            if due:
                self._timers = [entry for entry in self._timers if entry[3].role != SUPERVISOR]
                heapify(self._timers)
                self._unfinished += len(due)
        for entry in sorted(due):
            self._wake_now(entry)
            self.done()

    def _restarts(self) -> list[_Timer]:
        return [timer for timer in self._timers if timer[3].role == SUPERVISOR]

    def _wake_now(self, entry: _Timer) -> None:
        at, _step, _turn, slot, epoch, token = entry
        if epoch == slot.epoch or slot.strategy is None:
            now = max(self.now(), at)
            envelope = Envelope(next(self._ids), 0, slot.address, slot.epoch, now, Woke(now, token))
            if self.tracer is not None:
                self.tracer.said(envelope)
            self.put(slot, envelope)
