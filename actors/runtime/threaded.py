"""The threaded runtime: one Pykka thread per component, a timer thread, and a watchdog that judges by progress.

Nothing here blocks a sender. A feed that plays recorded columns waits while too much is unfinished, and its clock is
the feed's; a live feed brings the wall clock. `stop()` is ordered and has a deadline; who does not stop by then is
fenced and abandoned.
"""

import itertools
import threading
import time
from collections.abc import Iterator
from heapq import heappop, heappush
from heapq import merge as merge_sorted

from actors.runtime.clocks import Clock, WallClock
from actors.runtime.host import Host, ThreadedHost
from actors.runtime.router import Flow, Plan
from actors.runtime.runtime import OUTSIDE, SUPERVISOR, Runtime
from actors.runtime.slot import ActorKind, Slot, State
from actors.runtime.watchdog import what
from actors.tape import FOREVER, Batch, Stream
from messages import (
    ActorFailed,
    ActorHung,
    Address,
    Envelope,
    Message,
    Pull,
    StopSystem,
    SystemReady,
    SystemStopped,
    UtcNs,
    WakeAt,
    Woke,
)

UNFINISHED_MAX = 2_000
"""A played feed waits while more messages than this are on their way."""
TICK_SECONDS = 0.02


class ThreadedRuntime(Runtime):
    """Start, send, stop. `handler_seconds` is how long a handler, a start or a stop may take before it counts as hung."""

    def __init__(
        self, *, clock: Clock | None = None, handler_seconds: float = 30.0, speed: float | None = None
    ) -> None:
        super().__init__()
        self.failure: ActorFailed | None = None
        """Why the supervisor failed, if it did."""
        self.abandoned: tuple[Address, ...] = ()
        self._clock = clock or WallClock()
        self._handler_seconds = handler_seconds
        self._speed = speed
        self._lock = threading.Condition(threading.Lock())
        self._unfinished = 0
        self._timers: list[tuple[UtcNs, int, int, Slot, int, str]] = []
        self._turns = itertools.count()
        self._over = threading.Event()
        self._stopped = threading.Event()
        self._is_ready = threading.Event()
        self._hosts: list[ThreadedHost] = []
        self._ticker: threading.Thread | None = None
        self._pace: tuple[UtcNs, float] | None = None

    # What an owner calls.

    def start(self, timeout: float = 30.0) -> None:
        """Start every actor; RuntimeError when they are not all up (or given up on) in time."""
        slot = self.slots[SUPERVISOR]
        slot.epoch = 1
        self._ticker = threading.Thread(target=self._tick, name="openoutcry-clock", daemon=True)
        self._ticker.start()
        self.launch(slot, warm=False)
        self._is_ready.wait(timeout)
        if not self._is_ready.is_set():
            late = [slot.address for slot in self.slots.values() if slot.state is not State.UP]
            self.stop(timeout=5.0)
            raise RuntimeError(f"not up within {timeout:g} s: {', '.join(late)}")
        self._pull()

    def send(self, message: Message) -> None:
        """Say something from outside, routed as the table's `outside` rows tell."""
        self.say(OUTSIDE, message, sender=OUTSIDE)

    def stop(self, timeout: float = 10.0) -> tuple[Address, ...]:
        """Stop in order within `timeout` seconds: the addresses that had to be abandoned."""
        deadline = time.monotonic() + timeout
        if not self._stopped.is_set() and self.failure is None:
            self.say(OUTSIDE, StopSystem("stop was called"), sender=OUTSIDE)
            self._stopped.wait(timeout)
        self._over.set()
        for slot in self.slots.values():
            # Fences whoever is still running, the supervisor included.
            slot.epoch += 1
            slot.mailbox.nudge()
        threads = [(host.slot.address, host.thread) for host in self._hosts if host.thread is not None]
        for _, thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.05, deadline - time.monotonic()))
        if self._ticker is not None and self._ticker is not threading.current_thread():
            self._ticker.join(1.0)
        for slot in self.slots.values():
            if slot.state is not State.QUARANTINED:
                slot.state = State.STOPPED
        hanging = {address for address, thread in threads if thread.is_alive()}
        self.abandoned = tuple(sorted(hanging.union(self.abandoned)))
        return self.abandoned

    def wait_until_idle(self, timeout: float = 30.0) -> bool:
        """Wait until nothing is on its way and a played feed has ended: False when that takes too long."""
        deadline = time.monotonic() + timeout
        with self._lock:
            while self._unfinished or not (self.feed_over or self._live_feed()):
                left = deadline - time.monotonic()
                if left <= 0 or self._over.is_set():
                    return False
                self._lock.wait(min(left, 0.1))
        return True

    def _live_feed(self) -> bool:
        return isinstance(self._clock, WallClock)

    # Delivery.

    def now(self) -> UtcNs:
        """The clock's."""
        return self._clock.now()

    def dispatch(self, flow: Flow, envelope: Envelope) -> None:
        """Into the mailbox of everybody the plan names."""
        self._send_to(flow.plan(envelope.message), envelope)

    def _send_to(self, plan: Plan, envelope: Envelope) -> None:
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
            if self._unfinished <= 0:
                self._lock.notify_all()

    def undone(self) -> None:
        """One message more is unfinished."""
        with self._lock:
            self._unfinished += 1

    def cleared(self, count: int) -> None:
        """Messages to an address that will not come back are finished with."""
        for _ in range(count):
            self.done()

    # The feed.

    def _pull(self) -> None:
        feeds = [slot for slot in self.slots.values() if slot.role == "feed"]
        if not feeds:
            self.feed_over = True
        for feed in feeds:
            self.put(feed, Envelope(next(self._ids), 0, OUTSIDE, 0, self.now(), Pull(self.now())))

    def play(self, host: Host, batch: Batch) -> None:
        """In the feed's own thread: each message at its time, waiting while too much is unfinished."""
        assert isinstance(host, ThreadedHost)
        for at, plan, message in merge_sorted(self._tape(batch), *map(self._streamed, batch.streams), key=_at):
            self._hold_back(host, at)
            if host.slot.epoch != host.epoch or self._over.is_set():
                return
            self._fire_timers(at)
            self._clock.reached(at)
            if message is not None:
                envelope = Envelope(next(self._ids), 0, host.slot.address, host.epoch, self.now(), message)
                self._send_to(plan, envelope)
        self._pull()

    def _tape(self, batch: Batch) -> Iterator[tuple[UtcNs, Plan, Message | None]]:
        if batch.run is not None:
            bars, opens = batch.run.bars, batch.run.opens
            bar_plan = self.router.flow("feed", bars.kind).plan_of(bars.topic)
            open_plan = self.router.flow("feed", opens.kind).plan_of(opens.topic)
            for opens_at, at, bar in batch.run.rows:
                yield opens_at, open_plan, opens.take(opens_at) if any(hearers for _, hearers in open_plan) else None
                yield at, bar_plan, bar
        for at, _step, source in batch.entries:
            plan = self.router.flow("feed", source.kind).plan_of(source.topic)
            heard = not source.optional or any(hearers for _, hearers in plan)
            yield at, plan, source.take(at) if heard else None

    def _streamed(self, stream: Stream) -> Iterator[tuple[UtcNs, Plan, Message | None]]:
        plan = self.router.flow("feed", stream.kind).plan_of(stream.topic)
        while (at := stream.next_at(singly=True)) != FOREVER:
            yield at, plan, stream.take()

    def _hold_back(self, host: ThreadedHost, at: UtcNs) -> None:
        if self._speed is not None:
            started_at, started = self._pace = self._pace or (at, time.monotonic())
            due = started + (at - started_at) / 1e9 / self._speed
            while (left := due - time.monotonic()) > 0 and not self._over.wait(min(left, 0.1)):
                host.busy_since = time.monotonic()
        while self._unfinished > UNFINISHED_MAX and not self._over.is_set() and host.slot.epoch == host.epoch:
            host.busy_since = time.monotonic()
            with self._lock:
                self._lock.wait(0.005)
        host.busy_since = time.monotonic()

    def feed_ended(self) -> None:
        """A played feed is over."""
        with self._lock:
            self.feed_over = True
            self._lock.notify_all()

    # Time.

    def wake(self, slot: Slot, epoch: int, wish: WakeAt) -> None:
        """Set a timer; one that is due fires at once."""
        entry = (wish.at, int(wish.step), next(self._turns), slot, epoch, wish.token)
        if wish.at <= self.now():
            self._wake_now(entry)
            return
        with self._lock:
            heappush(self._timers, entry)

    def _fire_timers(self, until: UtcNs) -> None:
        while True:
            with self._lock:
                if not self._timers or self._timers[0][0] > until:
                    return
                entry = heappop(self._timers)
            self._clock.reached(entry[0])
            self._wake_now(entry)

    def _wake_now(self, entry: tuple[UtcNs, int, int, Slot, int, str]) -> None:
        _at, _step, _turn, slot, epoch, token = entry
        if epoch == slot.epoch or slot.strategy is None:
            now = self.now()
            self.put(slot, Envelope(next(self._ids), 0, slot.address, slot.epoch, now, Woke(now, token)))

    def _tick(self) -> None:
        """The timer thread: fires what is due on the clock, and looks for hosts that make no progress."""
        reported: set[int] = set()
        while not self._over.wait(TICK_SECONDS):
            if self._live_feed() or self.feed_over:
                # A played feed that has ended leaves its last timers to nobody else.
                self._fire_timers(self.now() if self._live_feed() else FOREVER)
            for host in list(self._hosts):
                since = host.busy_since
                slow = since and time.monotonic() - since > self._handler_seconds
                if slow and id(host) not in reported and host.slot.epoch == host.epoch:
                    reported.add(id(host))
                    self._report_hang(host, time.monotonic() - since)

    def _report_hang(self, host: ThreadedHost, seconds: float) -> None:
        slot = host.slot
        hung = ActorHung(
            actor=slot.address,
            epoch=host.epoch,
            during=what(host.handling),
            seconds=seconds,
            at=self.now(),
            handled=slot.handled,
        )
        if slot.role == SUPERVISOR:
            error = f"hung for {seconds:.1f} s"
            self.supervisor_failed(
                ActorFailed(actor=slot.address, epoch=host.epoch, during=hung.during, error=error, at=hung.at)
            )
            return
        self.say("host", hung, sender=slot.address, epoch=host.epoch)
        if isinstance(host.handling, Envelope):
            self.done()

    # Actors.

    def launch(self, slot: Slot, *, warm: bool) -> None:
        """Start an incarnation on a new thread; a thread that cannot be had is a failed start."""
        host = ThreadedHost(slot, self, warm=warm)
        slot.host = host
        try:
            host.start_up()
        except RuntimeError as error:
            host.fail(error, "start", 0)
            return
        self._hosts.append(host)

    def halt_incarnation(self, slot: Slot) -> None:
        """Strategies and the feed stop before what waits for them, everybody else after it."""
        first = slot.spec.kind is ActorKind.STRATEGY or slot.role == "feed"
        slot.mailbox.put_stop(first=first)

    def supervisor_failed(self, failure: ActorFailed) -> None:
        """Close the gate; whoever owns the system sees `failure`, and exits with 70."""
        self.gate_open = False
        self.failure = failure
        self._is_ready.set()
        self._stopped.set()
        with self._lock:
            self._lock.notify_all()

    def _system_ready(self, host: Host, cause: int, message: Message) -> None:
        assert isinstance(message, SystemReady)
        super()._system_ready(host, cause, message)
        self._is_ready.set()

    def _system_stopped(self, host: Host, cause: int, message: Message) -> None:
        assert isinstance(message, SystemStopped)
        super()._system_stopped(host, cause, message)
        self.abandoned = message.abandoned
        self._stopped.set()


def _at(entry: tuple[UtcNs, Plan, Message | None]) -> UtcNs:
    return entry[0]
