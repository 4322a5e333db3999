"""The replay runtime: one thread, a virtual clock that jumps to the next event, and one total order.

What comes next, and in which order everything is delivered, is `virtual_time`'s; how a feed is played on it is
`playback`'s. Here the feed is asked for batch after batch, and actors are started and stopped.
"""

from collections.abc import Callable, Iterable
from typing import Final

from actors.routes import ROUTES, Route
from actors.runtime.host import HandlerTimedOut, ReplayHost
from actors.runtime.pacing import Pacer
from actors.runtime.playback import Playback
from actors.runtime.runtime import OUTSIDE, SUPERVISOR, MemoryRanOut, SupervisorFailed
from actors.runtime.slot import Slot, State
from actors.runtime.watchdog import ReplayWatchdog
from messages import (
    ActorFailed,
    Address,
    Envelope,
    Pull,
    Step,
    StopSystem,
    UtcNs,
)

# An enum's member costs ten times what a global does, and these are asked for at every order.
_VENUE_BARS: Final = Step.VENUE_BARS
_MARKS: Final = Step.MARKS
_CHECKS: Final = Step.CHECKS
_VENUE_OPENS: Final = Step.VENUE_OPENS
_TICKS: Final = Step.TICKS


class ReplayRuntime(Playback):
    """Runs to the end of its feed when told to, on the caller's thread."""

    knows_instants = True

    def __init__(
        self,
        *,
        start_at: UtcNs = 0,
        schedule_seed: int | None = None,
        handler_seconds: float | None = 30.0,
        routes: Iterable[Route] = ROUTES,
    ) -> None:
        super().__init__(start_at=start_at, schedule_seed=schedule_seed, routes=routes)
        self.watchdog = ReplayWatchdog(self, handler_seconds) if handler_seconds else None

    # The run.

    def run(self, *, progress: Callable[[UtcNs], None] | None = None, pacer: Pacer | None = None) -> None:
        """Start every actor, play the feed to its end, stop every actor.

        `progress(now)` is called after each batch, and now and then while streams are played. `pacer` lets everything
        pass that is played, which then waits for it. HandlerTimedOut, KeyboardInterrupt, MemoryRanOut and
        SupervisorFailed pass.
        """
        watchdog = self.watchdog
        self._progress, self._pacer = progress, pacer
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
        slot.deliver, slot.ways = slot.store, None
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

    def memory_ran_out(self, address: Address, during: str) -> None:
        """Figures that somebody without memory has kept are worth nothing."""
        super().memory_ran_out(address, during)
        self._stopping = "memory ran out"
        raise MemoryRanOut(address, during)

    def progress(self) -> int:
        """How many messages have been handled so far; read by the watchdog's thread."""
        return sum(slot.handled for slot in tuple(self.slots.values()))
