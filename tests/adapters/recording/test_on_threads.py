"""Beside a system that trades the recorder keeps everything, waits for nothing, and halts only where it is told to."""

import time

import pytest

from actors import Strategy, TradingSystem
from actors.live_routes import LIVE_ROUTES
from actors.runtime.tracer import Tracers
from adapters.recording import Recording, RecordingTap, recorder_spec
from adapters.store import Store
from messages import NS_PER_SECOND, ActorFailed, RecordingResumed, RecordingStopped, TradingState, TradingStateChanged
from tests.adapters.journal.runs import SYMBOL, entries
from tests.adapters.recording.recording_builders import NoRoller
from tests.adapters.recording.test_recording import Full
from tests.adapters.store.store_builders import read
from tests.builders import a_quote, a_tick, an_instrument
from tests.waiting import until


class Idle(Strategy):
    """Hears every tick, and does nothing."""

    def on_tick(self, tick):
        pass


class Heard:
    """Everything that was said."""

    def __init__(self):
        self.messages = []

    def said(self, envelope):
        self.messages.append(envelope.message)

    def handled(self, address, epoch, message_id):
        pass

    def made(self, address, epoch, *, warm):
        pass

    def of(self, kind):
        return [message for message in self.messages if isinstance(message, kind)]


class Run:
    """A system with a recorder; the market is what the test sends."""

    def __init__(self, root, **options):
        self.recording = Recording(root, RecordingTap({"outside": "loopback"}, venue="loopback"), roller=NoRoller())
        self.heard = Heard()
        self.system = TradingSystem(
            strategies=entries(Idle), instruments=[an_instrument(SYMBOL)], cash={"USD": 10**9}, routes=LIVE_ROUTES,
            tracer=Tracers([self.heard, self.recording.tap]),
            beside=lambda _setup: [recorder_spec(self.recording, batch_ns=NS_PER_SECOND // 100, **options)],
        )  # fmt: skip

    def __enter__(self):
        self.system.start()
        return self

    def __exit__(self, *_error):
        assert self.system.stop() == ()
        self.recording.close(time.time_ns())

    def send(self, *messages):
        for message in messages:
            self.system.send(message)

    def until(self, found):
        until(found, lambda: self.heard.messages[-20:])


def now_ticks(count):
    now = time.time_ns()
    return [a_tick(100.0 + number, ts=now + number, received=now + number, symbol=SYMBOL) for number in range(count)]


def test_a_running_system_is_recorded_whole_and_its_end_too(tmp_path):
    ticks = now_ticks(300)
    quotes = [a_quote(99.0, 100.0 + number, ts=ticks[0].ts, symbol=SYMBOL) for number in range(300)]
    with Run(tmp_path) as run:
        run.send(*ticks[:100], *quotes)
        run.until(lambda: run.recording.written == 400)
        run.send(*ticks[100:])

    store = Store(tmp_path)
    assert read(store, "ticks", symbol=SYMBOL, venue="loopback") == ticks
    assert read(store, "quotes", symbol=SYMBOL, venue="loopback") == quotes
    assert run.recording.lost == 0


@pytest.mark.parametrize("halts", [True, False])
def test_a_full_disk_halts_trading_or_not_as_it_was_told(tmp_path, monkeypatch, halts):
    disk = Full(monkeypatch)
    with Run(tmp_path, halts=halts) as run:
        disk.is_full = True
        run.send(*now_ticks(3))
        run.until(lambda: run.heard.of(RecordingStopped))
        disk.is_full = False
        run.until(lambda: run.heard.of(RecordingResumed))

    halted = [each for each in run.heard.of(TradingStateChanged) if each.state is TradingState.HALTED]
    assert [each.reason for each in halted] == ["recording: database or disk is full"] * halts
    assert len(read(Store(tmp_path), "ticks", symbol=SYMBOL, venue="loopback")) == 3


def test_a_recorder_that_dies_is_started_again_and_nothing_is_missing(tmp_path, monkeypatch):
    with Run(tmp_path) as run:
        real, died = run.recording.write, []

        def dies_once(now):
            if len(run.heard.messages) > 20 and not died:
                died.append(now)
                raise RuntimeError("a bug of ours")
            return real(now)

        monkeypatch.setattr(run.recording, "write", dies_once)
        ticks = now_ticks(50)
        run.send(*ticks)
        run.until(lambda: run.heard.of(ActorFailed))
        run.until(lambda: run.recording.written == 50)

    assert [each.actor for each in run.heard.of(ActorFailed)] == ["market-recorder"]
    assert read(Store(tmp_path), "ticks", symbol=SYMBOL, venue="loopback") == ticks
