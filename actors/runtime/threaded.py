"""The threaded runtime: one Pykka thread per component, a timer thread, and a watchdog that judges by progress.

Nothing here blocks a sender; timed.py has the time, and the pace of a feed that is played. `stop()` is ordered and has
a deadline; who does not stop by then is fenced and abandoned.
"""

import threading
import time
from collections.abc import Iterable

from actors.routes import ROUTES, Route
from actors.runtime.clocks import Clock
from actors.runtime.host import Host
from actors.runtime.mailbox import CLOSED, Stop
from actors.runtime.router import Flow
from actors.runtime.runtime import OUTSIDE, SUPERVISOR, SupervisorFailed
from actors.runtime.slot import Slot, State
from actors.runtime.threaded_host import ThreadedHost
from actors.runtime.timed import TimedRuntime
from actors.runtime.tracer import Tracer
from actors.runtime.watchdog import Patience, what
from messages import (
    ActorFailed,
    ActorHung,
    Address,
    Envelope,
    FenceActor,
    Message,
    Pull,
    StartActor,
    StopSystem,
    SystemReady,
    SystemStopped,
)

TICK_SECONDS = 0.02
LOOK_SECONDS_MAX = 0.05
"""Of the time between two looks at who makes progress, no more counts: the rest this process was not given."""
FENCE_SECONDS = 1.0
"""So long a healthy actor that is to restart with another may take to finish what it has in hand."""
STOP_GROUPS = 8
"""A stop goes through at most seven groups of actors, and one that hangs must leave time for the others."""


class ThreadedRuntime(TimedRuntime):
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
        super().__init__(routes, clock=clock, speed=speed, tracer=tracer)
        self.failure: ActorFailed | None = None
        """Why the supervisor failed, if it did."""
        self.abandoned: tuple[Address, ...] = ()
        self._patience = handler_seconds
        self._stopped = threading.Event()
        self._is_ready = threading.Event()
        self._hosts: list[ThreadedHost] = []
        self._launching = threading.Lock()
        """Held while a thread is started, and while the end is declared: none is started after it."""
        self._ticker: threading.Thread | None = None

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

    # Delivery.

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

    def _start_actor(self, host: Host, cause: int, message: Message) -> None:
        assert isinstance(message, StartActor)
        super()._start_actor(host, cause, message)
        slot = self.slots[message.actor]
        if slot.role == "feed" and message.warm and self._is_ready.is_set() and not slot.mailbox.holds(Pull):
            # The one before it died with the Pull in hand.
            self._pull_from(slot)

    def _fence_actor(self, host: Host, cause: int, message: Message) -> None:
        """A healthy one between two messages, if it comes to that in time.

        What it leaves to its heir would tell of orders and halts that were never said, were it cut off in between.
        """
        assert isinstance(message, FenceActor)
        slot = self.slots[message.actor]
        deadline = time.monotonic() + FENCE_SECONDS
        while True:
            with slot.lock:
                ready = not (isinstance(slot.host, ThreadedHost) and slot.host.is_handling)
                if ready or message.hung or time.monotonic() >= deadline or self._over.is_set():
                    super()._fence_actor(host, cause, message)
                    return
            time.sleep(0.001)

    def _tick(self) -> None:
        """The timer thread: fires what is due on the clock, and looks for hosts that make no progress."""
        patience = Patience(LOOK_SECONDS_MAX)
        try:
            while not self._over.wait(self._until_due(TICK_SECONDS)):
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
