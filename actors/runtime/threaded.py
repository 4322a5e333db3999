"""The threaded runtime: one Pykka thread per component, a timer thread, and a watchdog that judges by progress.

Nothing here blocks a sender. A feed that plays recorded columns waits while too much is unfinished, and its clock is
the feed's; a live feed brings the wall clock. `stop()` is ordered and has a deadline; who does not stop by then is
fenced and abandoned.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from actors.routes import ROUTES, Route
from actors.runtime.clocks import Clock, WallClock
from actors.runtime.host import Host
from actors.runtime.mailbox import CLOSED, Stop
from actors.runtime.played import Streamed, interleaved, tape_of
from actors.runtime.router import Flow, Plan
from actors.runtime.runtime import OUTSIDE, SUPERVISOR, Runtime, SupervisorFailed
from actors.runtime.slot import Slot, State
from actors.runtime.threaded_host import ThreadedHost
from actors.runtime.tracer import Tracer
from actors.runtime.watchdog import Patience, what
from actors.tape import Batch
from messages import (
    ActorFailed,
    ActorHung,
    Address,
    Envelope,
    Message,
    Pull,
    StartActor,
    StopSystem,
    SystemReady,
    SystemStopped,
    UtcNs,
    WakeAt,
    Woke,
)

UNFINISHED_MAX = 2_000
"""A played feed waits while more messages than this are on their way."""
ANSWER_SECONDS = 0.1
"""How long a played feed waits for everybody to have answered one instant before it says the next: history must not run
ahead of those who trade on it. Who takes longer does not hold up the others: the feed goes on, up to UNFINISHED_MAX."""
TICK_SECONDS = 0.02
LOOK_SECONDS_MAX = 0.05
"""Of the time between two looks at who makes progress, no more counts: the rest this process was not given."""
_Timer: TypeAlias = tuple[UtcNs, int, int, Slot, int, str]
"""(at, step, turn, whose, of which epoch, token)"""
STOP_GROUPS = 6
"""A stop goes through at most five groups of actors, and one that hangs must leave time for the others."""


class ThreadedRuntime(Runtime):
    """Start, send, stop. `handler_seconds`: a handler, a start or a stop that takes longer counts as hung."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        handler_seconds: float = 30.0,
        speed: float | None = None,
        routes: Iterable[Route] = ROUTES,
        tracer: Tracer | None = None,
    ) -> None:
        super().__init__(routes)
        self.tracer = tracer
        self.failure: ActorFailed | None = None
        """Why the supervisor failed, if it did."""
        self.abandoned: tuple[Address, ...] = ()
        self._clock = clock or WallClock()
        self._patience = handler_seconds
        self._speed = speed
        self._lock = threading.Condition(threading.Lock())
        self._unfinished = 0
        self._timers: list[_Timer] = []
        self._turns = itertools.count()
        self._over = threading.Event()
        self._stopped = threading.Event()
        self._is_ready = threading.Event()
        self._hosts: list[ThreadedHost] = []
        self._launching = threading.Lock()
        """Held while a thread is started, and while the end is declared: none is started after it."""
        self._feeds: list[Slot] = []
        self._held_back = True
        self._is_slow = False
        """Somebody did not answer in time: the feed goes on without waiting until all have caught up."""
        """The feed is not playing: not yet, or not for the moment."""
        self._ticker: threading.Thread | None = None
        self._pace: tuple[UtcNs, float] | None = None
        self._streaming: list[Streamed] = []
        """Ticks, quotes and events that go on through all batches of the feed."""

    # What an owner calls.

    def start(self, timeout: float = 30.0) -> None:
        """Start every actor; RuntimeError when they are not all up (or given up on) in time, or stopped meanwhile.

        SupervisorFailed when there is nobody to start them.
        """
        slot = self.slots[SUPERVISOR]
        slot.epoch = 1
        self._ticker = threading.Thread(target=self._tick, name="openoutcry-clock", daemon=True)
        self._ticker.start()
        self.launch(slot, warm=False)
        self._is_ready.wait(timeout)
        if self.failure is not None:
            self.stop(timeout=5.0)
            raise SupervisorFailed(f"{self.failure.error}\n{self.failure.trace}")
        if not self._is_ready.is_set():
            late = [slot.address for slot in self.slots.values() if slot.state is not State.UP]
            self.stop(timeout=5.0)
            raise RuntimeError(f"not up within {timeout:g} s: {', '.join(late)}")
        if self._over.is_set():
            raise RuntimeError("stopped before it was up")
        self._pull()

    def send(self, message: Message) -> None:
        """Say something from outside, routed as the table's `outside` rows tell."""
        self.say(OUTSIDE, message, sender=OUTSIDE)

    def stop(self, timeout: float = 10.0) -> tuple[Address, ...]:
        """Stop in order within `timeout` seconds: the addresses that had to be abandoned.

        Who takes longer than a fraction of it over one thing counts as hung, so that the others get their turn.
        """
        deadline = time.monotonic() + timeout
        self._patience = min(self._patience, timeout / STOP_GROUPS)
        if self._ticker is not None and not self._stopped.is_set():
            self.say(OUTSIDE, StopSystem("stop was called"), sender=OUTSIDE)
            self._stopped.wait(timeout)
        with self._launching:
            self._over.set()
        self._is_ready.set()
        supervisor = self.slots[SUPERVISOR]
        supervisor.mailbox.put_stop(first=True)
        hosts = [host for host in self._hosts if host.thread is not None and host.thread.is_alive()]
        for host in hosts:
            if host.slot is not supervisor:
                self._fence(host)
        for host in hosts:
            # Whoever is known to hang is not waited for again.
            left = 0.0 if host.hung or host.reported_hung else deadline - time.monotonic()
            self._join(host.thread, max(0.1, left))
        self._join(self._ticker, 1.0)
        hanging = {host.slot.address for host in hosts if host.thread is not None and host.thread.is_alive()}
        for host in hosts:
            self._fence(host)
        for slot in self.slots.values():
            if slot.state is not State.QUARANTINED:
                slot.state = State.STOPPED
            self.close(slot)
        self.abandoned = tuple(sorted(hanging.union(self.abandoned)))
        return self.abandoned

    @staticmethod
    def _fence(host: ThreadedHost) -> None:
        slot = host.slot
        with slot.lock:
            if slot.epoch == host.epoch and not slot.is_over:
                slot.epoch += 1
        slot.mailbox.nudge()

    @staticmethod
    def _join(thread: threading.Thread | None, seconds: float) -> None:
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)

    def voice(self, address: Address) -> Callable[[Message], None]:
        """What a thread of an actor's own speaks with: in the actor's name, routed as what its role says.

        For sockets and the like, whose reader is no actor. What it says once its incarnation is fenced is dropped.
        """
        slot = self.slots[address]
        epoch = slot.epoch

        def say(message: Message) -> None:
            if slot.epoch == epoch and not slot.is_over:
                self.say(slot.role, message, sender=address, epoch=epoch)

        return say

    def wait_until_idle(self, timeout: float = 30.0) -> bool:
        """Wait until nothing is on its way and a played feed has ended: False when that takes too long.

        After a played feed has ended, that includes the restarts that were put off.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            while self._unfinished or not (self._live_feed() or (self.feed_over and not self._restarts())):
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

    def tell(self, address: Address, message: Message) -> None:
        """Send one message to one address; KeyError when there is none."""
        slot = self.slots[address]
        envelope = Envelope(next(self._ids), 0, OUTSIDE, 0, self.now(), message)
        if self.tracer is not None:
            self.tracer.said(envelope)
        self.put(slot, envelope)

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

    def give_back(self, slot: Slot, item: Envelope | Stop) -> None:
        """Into the mailbox that it was taken from, unless that takes nothing any more or has something newer."""
        answer = slot.mailbox.put_back(item)
        if answer < 1 and isinstance(item, Envelope):
            if answer == CLOSED:
                self.bury(slot, item, slot.state.value)
            self.done()

    def lose(self, slot: Slot, envelope: Envelope, reason: str) -> None:
        """Name a message that was taken and is not handled, and count it out."""
        self.bury(slot, envelope, reason)
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

    def _start_actor(self, host: Host, cause: int, message: Message) -> None:
        assert isinstance(message, StartActor)
        super()._start_actor(host, cause, message)
        slot = self.slots[message.actor]
        if slot.role == "feed" and message.warm and self._is_ready.is_set() and not slot.mailbox.holds(Pull):
            # The one before it died with the Pull in hand.
            self._pull_from(slot)

    def play(self, host: Host, batch: Batch) -> None:
        """In the feed's own thread: each message at its time, waiting while too much is unfinished."""
        assert isinstance(host, ThreadedHost)
        slot = host.slot
        self._streaming += [Streamed(self.router, stream) for stream in (*batch.streams, *batch.events)]
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

    def _tick(self) -> None:
        """The timer thread: fires what is due on the clock, and looks for hosts that make no progress."""
        patience = Patience(LOOK_SECONDS_MAX)
        try:
            while not self._over.wait(TICK_SECONDS):
                if self._live_feed():
                    self._fire_timers(self.now())
                else:
                    self._fire_restarts()
                hosts = list(self._hosts)
                patience.look(time.monotonic())
                patience.forget(hosts)
                for host in hosts:
                    seconds = patience.spent(host, host.busy_since)
                    if seconds > self._patience and not host.reported_hung and host.slot.epoch == host.epoch:
                        host.reported_hung = True
                        self._report_hang(host, seconds)
                if not threading.main_thread().is_alive():
                    # Nobody is left to stop what trades here.
                    self.stop()
        except Exception as error:  # noqa: BLE001 - without timers and watchdog nothing may go on
            self.supervisor_failed(
                ActorFailed(actor=SUPERVISOR, epoch=1, during="clock", error=repr(error), at=self.now())
            )

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

    # Actors.

    def launch(self, slot: Slot, *, warm: bool) -> None:
        """Start an incarnation on a new thread; a thread that cannot be had is a failed start."""
        if self.tracer is not None:
            self.tracer.made(slot.address, slot.epoch, warm=warm)
        host = ThreadedHost(slot, self, warm=warm)
        slot.host = host
        with self._launching:
            if self._over.is_set():
                return
            self.undone()
            try:
                host.start_up()
            except RuntimeError as error:
                host.busy_since = 0.0
                host.fail(error, "start", 0)
                host.start_is_over()
                return
            self._hosts = [other for other in self._hosts if other.thread is not None and other.thread.is_alive()]
            self._hosts.append(host)

    def halt_incarnation(self, slot: Slot) -> None:
        """Strategies and the feed stop before what waits for them, everybody else after it."""
        slot.mailbox.put_stop(first=slot.stops_first)
        if isinstance(slot.host, ThreadedHost):
            slot.host.leaving = True

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
