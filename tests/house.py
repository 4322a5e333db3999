"""A small house of toy actors on either runtime: the same test runs in a replay and on threads.

    house.toy("strategy:a", {"poison": crash})
    house.start()
    house.tell("strategy:a", "one", "poison", "two")
    house.until(lambda: house.heard("strategy:a") == ["one", "two"])

A toy hears ExternalEvent; its text says what to do, and every text that was heard is in `house.log`. On threads the
clock is set by hand, so that no test depends on how long something took.
"""

import threading
import time
from collections.abc import Callable, Iterable

import pykka

from actors.component import Component
from actors.runtime.clocks import FeedClock, WallClock
from actors.runtime.replay import ReplayRuntime
from actors.runtime.runtime import Runtime
from actors.runtime.slot import ActorKind, ActorSpec
from actors.runtime.threaded import ThreadedRuntime
from actors.supervisor import ChildSpec, RestartPolicy, Supervisor
from messages import ExternalEvent
from tests.builders import MONDAY, SECOND

PATIENCE = 20.0
"""Seconds after which a test gives up waiting; nothing waits that long unless it is broken."""

KINDS = {
    "strategy": ActorKind.STRATEGY,
    "portfolio": ActorKind.CORE,
    "executor": ActorKind.CORE,
    "risk-guard": ActorKind.CORE,
    "venue": ActorKind.VENUE,
    "feed": ActorKind.MARKET,
    "tick-filter": ActorKind.MARKET,
    "bar-builder": ActorKind.MARKET,
}
RANKS = {"feed": 0, "tick-filter": 1, "bar-builder": 2}


def an_event(text="", *, source="toy", ts=MONDAY):
    return ExternalEvent(source=source, kind="text", ts=ts, received=ts, payload={"text": text})


def crash(_toy, _event):
    raise ValueError("crashed as told")


class HandClock(WallClock):
    """A live clock that goes on only when the test says so."""

    def __init__(self, at=MONDAY):
        self.at = at

    def now(self):
        return self.at


class Toy(Component):
    """Does what the text of an event says, and notes it."""

    def __init__(self, house, address, acts=None, keeps=None, on_start=None):
        self.house, self.address = house, address
        self.number = house.made(address)
        """Which incarnation this is, from 1."""
        self._acts, self._keeps, self._on_start = acts or {}, keeps or {}, on_start
        self.state = []
        """What this incarnation has handled: grows with the message, goes with the incarnation."""

    def keeps(self):
        return self._keeps

    def on_start(self):
        return () if self._on_start is None else self._on_start(self)

    def on_external_event(self, event):
        act = self._acts.get(event.get("text"))
        answers = () if act is None else act(self, event)
        self.state.append(event.get("text"))
        self.house.note(self.address, event.get("text"))
        return answers or ()

    def on_stop(self):
        self.house.note(self.address, "on_stop")
        return ()

    def release(self):
        self.house.note(self.address, "release")


class House:
    """Actors are added first, then started; `until` waits for what a test expects."""

    def __init__(self, *, threads):
        self.threads = threads
        self.clock = HandClock()
        self.log = []
        """(address, text), in the order of handling."""
        self.names = []
        """The thread that each entry of the log was made on."""
        self.runtime: Runtime | None = None
        self.policy: RestartPolicy | None = None
        self.handler_seconds = PATIENCE
        self.speed: float | None = None
        self.schedule_seed: int | None = None
        self.seed = 0
        self.supervisor: Callable[[list[ChildSpec]], Component] | None = None
        self.may_leave: set[str] = set()
        """Addresses whose threads this test leaves hanging on purpose."""
        self.blocks: list[threading.Event] = []
        self._specs: list[ActorSpec] = []
        self._made: dict[str, int] = {}

    # Building.

    def add(self, address, make, *, role=None, kind=None, account=None, strategy=None, rank=None, cap=None, keeps=None):
        """An actor; `make()` or `make(heritage)` gives its component."""
        role = role or address.partition(":")[0].partition("@")[0]
        code = getattr(make, "__code__", None)
        given = 0 if code is None else code.co_argcount - len(make.__defaults__ or ())
        more = {} if cap is None else {"mailbox_cap": cap}
        if role == "strategy":
            strategy = strategy or address.partition(":")[2]
            account = account or "main"
        if "@" in address:
            account = address.partition("@")[2]
        spec = ActorSpec(
            address=address,
            role=role,
            kind=kind or KINDS.get(role, ActorKind.EDGE),
            factory=make if given else lambda _heritage: make(),
            account=account,
            strategy=strategy,
            keeps=keeps or {},
            **more,
        )
        self._specs.append(spec)
        if self.runtime is not None:
            self.runtime.add(spec)
        return spec

    def toy(self, address, acts=None, *, keeps=None, on_start=None, **more):
        """An actor that does as the text says."""
        return self.add(address, lambda: Toy(self, address, acts, keeps, on_start), **more)

    def build(self):
        """The runtime with everybody in it, not yet started."""
        children = [
            ChildSpec(address=s.address, kind=s.kind, account=s.account, rank=RANKS.get(s.role, 0)) for s in self._specs
        ]
        make = self.supervisor or (lambda specs: Supervisor(specs, seed=self.seed, policy=self.policy))
        if self.threads:
            self.runtime = ThreadedRuntime(clock=self.clock, handler_seconds=self.handler_seconds, speed=self.speed)
        else:
            self.runtime = ReplayRuntime(start_at=MONDAY, handler_seconds=None, schedule_seed=self.schedule_seed)
        self.runtime.add(
            ActorSpec(
                address="supervisor", role="supervisor", kind=ActorKind.ROOT, factory=lambda _heritage: make(children)
            )
        )
        for spec in self._specs:
            self.runtime.add(spec)

    def start(self, **options):
        """Start all; the supervisor starts first."""
        self.build()
        self.runtime.start(**options)
        return self

    def play(self):
        """Play the feed to its end, then stop in order. On threads the feed's time is the clock."""
        if not self.threads:
            self.build()
            self.runtime.run()
            return
        self.clock = FeedClock(MONDAY)
        self.start()
        self.until_quiet()
        assert self.runtime.stop() == ()

    def block(self):
        """An event for a handler to wait on; the end of the test sets it."""
        self.blocks.append(threading.Event())
        return self.blocks[-1]

    # Driving.

    def tell(self, address, *texts):
        """Send events to one actor, all of them before the first is handled in a replay."""
        for text in texts:
            self.runtime.tell(address, an_event(text) if isinstance(text, str) else text)
        self.settle()

    def send(self, *messages):
        """Say something from outside, as the routes tell."""
        for message in messages:
            self.runtime.say("outside", message, sender="outside")
        self.settle()

    def settle(self):
        """In a replay: deliver all that waits. Threads need no telling."""
        if isinstance(self.runtime, ReplayRuntime):
            self.runtime.settle()

    def advance(self, seconds):
        """Let the clock go on."""
        self.clock.at += round(seconds * SECOND)
        if isinstance(self.runtime, ReplayRuntime):
            self.runtime.advance(self.clock.at)
            self.runtime.settle()

    def until(self, condition, *, passing=0):
        """Wait for the condition, `passing` seconds on the clock at a time; AssertionError when it does not come."""
        deadline = time.monotonic() + PATIENCE
        pause, rounds = threading.Event(), 0
        while not condition():
            rounds += 1
            if time.monotonic() > deadline or (not self.threads and rounds > (100 if passing else 0)):
                raise AssertionError(
                    f"it did not come: {self.log[-20:]}\n" + "\n".join(map(str, self.runtime.status()))
                )
            if self.threads:
                pause.wait(0.002)
            if passing:
                self.advance(passing)

    def until_up(self, address, epoch=None):
        """Wait for an incarnation, letting time pass for its back-off, and for everything that was on its way."""
        up = ("up",) if epoch is None else ("up", epoch)
        self.until(lambda: (self.status(address).state, self.status(address).epoch)[: len(up)] == up, passing=1)
        self.until_quiet()

    def until_down(self, address, incarnation=2):
        """Wait until an incarnation, not the one before it, has failed."""
        self.until(lambda: (self.incarnations(address), self.status(address).state) == (incarnation, "down"))

    def until_quiet(self):
        """Wait until nothing is on its way."""
        if isinstance(self.runtime, ThreadedRuntime):
            assert self.runtime.wait_until_idle(PATIENCE), self.runtime.status()

    def stop(self, timeout=10.0):
        """An ordered stop: the addresses that were abandoned."""
        if isinstance(self.clock, HandClock):
            self.clock.at += SECOND
        answer = self.runtime.stop(timeout) if self.threads else self.runtime.stop()
        return answer or ()

    # Looking.

    def status(self, address):
        return next(status for status in self.runtime.status() if status.address == address)

    def slot(self, address):
        return self.runtime.slots[address]

    def heard(self, address):
        """What was handled at an address, by all incarnations."""
        return [text for where, text in list(self.log) if where == address and text not in ("on_stop", "release")]

    def note(self, address, text):
        self.log.append((address, text))
        self.names.append(threading.current_thread().name)

    def made(self, address):
        """Count one more component made for an address."""
        self._made[address] = self._made.get(address, 0) + 1
        return self._made[address]

    def incarnations(self, address):
        return self._made.get(address, 0)

    def close(self):
        """The end of the test: nothing may be left."""
        if self.threads and self.runtime is not None:
            self.runtime.stop(2.0)
        for block in self.blocks:
            block.set()
        if self.threads and self.runtime is not None:
            assert_no_thread_left(spec.address for spec in self._specs)
        assert pykka.ActorRegistry.get_all() == []


def assert_no_thread_left(addresses: Iterable[str]):
    """Every actor's thread ends, the blocked ones after their block was lifted."""
    wanted = {"supervisor", "openoutcry-clock", *addresses}
    deadline = time.monotonic() + PATIENCE
    for thread in threading.enumerate():
        if thread.name.partition("#")[0] in wanted:
            thread.join(max(0.0, deadline - time.monotonic()))
            assert not thread.is_alive(), thread.name
