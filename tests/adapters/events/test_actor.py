"""A source is an actor that nobody waits for: it is restarted when it fails, and its failures halt nothing."""

import threading
import time

import pytest

from actors import Strategy, TradingSystem
from actors.live_routes import LIVE_ROUTES
from actors.runtime.slot import ActorKind, ActorSpec
from actors.strategy_entry import StrategyEntry
from actors.supervisor import RestartPolicy
from adapters.events.actor import ROLE, EventSource
from adapters.events.teller import Teller
from messages import ActorFailed, ActorQuarantined, HaltTrading, TradingStateChanged
from tests.builders import MINUTE, an_instrument
from tests.house import PATIENCE, an_event
from tests.waiting import until


class Script:
    """A worker that does in each of its turns what it is told, and leaves what it said last."""

    def __init__(self, teller, turns, heritage):
        self.teller, self.turns, self.inherited, self.left = teller, turns, heritage, heritage
        self.is_closed = False

    def turn(self):
        return self.turns.pop(0)(self) if self.turns else 0.01

    def heritage(self):
        return self.left

    def close(self):
        self.is_closed = True


def says(text):
    def turn(script):
        script.left = text
        script.teller.event(an_event(text, source="mood", ts=time.time_ns()))
        return 0.0

    return turn


def dies(_script):
    raise RuntimeError("the worker died")


class Hears(Strategy):
    """Notes the texts of events."""

    def on_start(self):
        self.log = LOG

    def on_event(self, event):
        self.log.append(event.get("text"))


LOG = []


class Trader:
    """A system with one source that is told what to do."""

    def __init__(self, *turns, failures=3):
        LOG.clear()
        self.turns, self.workers, self.heard = list(turns), [], []
        entry = StrategyEntry(id="s", strategy=Hears, symbols="XBTUSD", period=MINUTE)
        self.system = TradingSystem(
            strategies=[entry], instruments=[an_instrument()], routes=LIVE_ROUTES, beside=lambda _setup: [self._spec()],
            restarts=RestartPolicy(failures=failures, delays_s=(0.0,)),
        )  # fmt: skip
        for each in (ActorFailed, ActorQuarantined, HaltTrading, TradingStateChanged):
            self.system.subscribe(each, self.heard.append)

    def _spec(self):
        address = f"{ROLE}:mood"

        def factory(heritage):
            def make(teller):
                self.workers.append(Script(teller, self.turns, heritage))
                return self.workers[-1]

            return EventSource(Teller("mood", self.system.voice(address), time.time_ns), make)

        return ActorSpec(address=address, role=ROLE, kind=ActorKind.SOURCE, factory=factory)

    def __enter__(self):
        self.system.start()
        return self

    def __exit__(self, *_):
        assert self.system.stop() == ()

    def until(self, condition):
        until(condition, lambda: (LOG, self.heard, self.system.status()), PATIENCE)

    def of(self, kind):
        return [each for each in list(self.heard) if isinstance(each, kind)]


def test_what_its_worker_says_is_heard_by_strategies_though_it_says_it_at_once():
    with Trader(says("one"), says("two")) as trader:
        trader.until(lambda: LOG == ["one", "two"])


def test_a_worker_that_dies_is_followed_by_another_that_goes_on_where_it_stood():
    with Trader(says("one"), dies, says("two")) as trader:
        trader.until(lambda: LOG == ["one", "two"])
        # Who listens is an actor too, and may hear of the failure after the strategy heard what came of it.
        trader.until(lambda: trader.of(ActorFailed))

        assert [worker.inherited for worker in trader.workers] == [None, "one"]
        assert trader.workers[0].is_closed
        (failed,) = trader.of(ActorFailed)
        assert (failed.actor, failed.error) == ("events:mood", "RuntimeError: the worker died")


def test_a_source_that_keeps_failing_is_given_up_and_trading_goes_on():
    with Trader(*[dies] * 10, failures=1) as trader:
        trader.until(lambda: trader.of(ActorQuarantined))

        assert trader.of(ActorQuarantined)[0].actor == "events:mood"
        trader.system.send(an_event("from outside"))
        trader.until(lambda: LOG == ["from outside"])
        assert trader.of(HaltTrading) == []
        assert all(state.state.value == "active" for state in trader.of(TradingStateChanged))
        assert trader.system.gate_is_open


def test_a_worker_that_waits_for_something_delays_no_stop():
    waits = threading.Event()
    began = threading.Event()

    def hangs(_script):
        began.set()
        waits.wait(PATIENCE)
        return 0.0

    try:
        with Trader(hangs) as trader:
            trader.until(began.is_set)
            stops = time.monotonic()
        assert time.monotonic() - stops < 3
    finally:
        waits.set()


def test_what_a_worker_says_after_the_stop_is_not_heard():
    with Trader(says("one")) as trader:
        trader.until(lambda: LOG == ["one"])
    (worker,) = trader.workers

    worker.teller.event(an_event("late", source="mood", ts=time.time_ns()))

    assert LOG == ["one"]


@pytest.mark.parametrize("address", ["strategy:s", "risk-guard@main"])
def test_sources_stop_before_whoever_hears_them(address):
    order = []
    trader = Trader(says("one"))
    with trader:
        trader.until(lambda: LOG == ["one"])
        for name in ("events:mood", address):
            slot = trader.system._runtime.slots[name]
            component = slot.component
            release = component.release
            component.release = lambda name=name, release=release: (order.append(name), release())

    assert order == ["events:mood", address]
