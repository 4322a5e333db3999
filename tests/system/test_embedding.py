"""A host keeps its process: systems do not see each other, take nothing from it and leave nothing behind."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import attrs
import numpy as np
import pykka
import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import TickColumns
from actors.strategies import RandomPositions
from adapters.generated import generated_bars
from adapters.results import result_files
from messages import ActorFailed, Bar, EquityMarked, Fill, Instrument, Kind, Signal
from tests.builders import MINUTE, MONDAY, a_bar, a_tick
from tests.system.commands import ROOT


class Flips(Strategy):
    """Long and short in turn, at every bar."""

    def on_bar(self, bar):
        self.target(1.0 if self.history(1)[0].open_ts // MINUTE % 2 else -1.0)


class FlipsAtTicks(Strategy):
    def on_tick(self, tick):
        if self.position() in (-1, 0):
            self.target(1.0)
        if self.position() == 1:
            self.target(-1.0)


def _instrument(symbol="XBTUSD"):
    return Instrument(symbol=symbol, kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")


def _live(strategy, **settings):
    return TradingSystem(feed=None, instruments=[_instrument()], strategies=[strategy], **settings)


class Heard(list):
    """What a callback was told; a test waits for it instead of sleeping."""

    def __init__(self):
        super().__init__()
        self._more = threading.Condition()

    def __call__(self, message):
        with self._more:
            self.append(message)
            self._more.notify_all()

    def has(self, count, *, within):
        with self._more:
            return self._more.wait_for(lambda: len(self) >= count, timeout=within)

    def wait_for(self, count):
        assert self.has(count, within=20), self[:]


def _bytes(result):
    return {name: "".join(chunks) for name, chunks in result_files(result).items()}


def _backtest(seed):
    return _bytes(
        TradingSystem(
            feed=generated_bars("XBTUSD", seed=seed, bars=400), strategies=[RandomPositions, Flips]
        ).backtest()
    )


def test_systems_that_run_at_the_same_time_come_to_what_they_come_to_alone():
    alone = [_backtest(seed) for seed in (1, 2, 3)]

    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(_backtest, (1, 2, 3)))

    assert together == alone
    assert alone[0] != alone[1]


def test_a_system_made_after_another_one_is_as_if_it_were_the_first():
    first = _backtest(1)
    _backtest(2)

    assert _backtest(1) == first


def test_two_live_systems_with_the_same_names_hear_only_their_own():
    systems, heard = [_live(Flips), _live(Flips)], [Heard(), Heard()]
    for system, callback in zip(systems, heard, strict=True):
        system.subscribe(Bar, callback)
        system.start()
    try:
        systems[0].send(a_bar(100.0))
        systems[1].send(a_bar(200.0))
        for callback in heard:
            callback.wait_for(1)
    finally:
        for system in systems:
            assert system.stop() == ()

    assert [[bar.close for bar in callback] for callback in heard] == [[100.0], [200.0]]


def test_ticks_sent_in_become_signals_orders_and_fills_heard_by_callbacks():
    signals, fills = Heard(), Heard()
    system = _live(FlipsAtTicks)
    system.subscribe(Signal, signals)
    system.subscribe(Fill, fills)
    system.start()
    try:
        for number in range(500):
            # Orders are stamped by the wall clock, and fill at what is received after them.
            system.send(a_tick(100.0 + number % 3, ts=time.time_ns()))
            if fills.has(3, within=0.05):
                break
        fills.wait_for(3)
        signals.wait_for(3)
        states = {status.address: status.state for status in system.status()}
    finally:
        assert system.stop() == ()

    assert states["strategy:flips-at-ticks"] == "up"
    assert states["venue@main"] == "up"
    assert [fill.lots for fill in fills[:3]] == [1, -2, 2]
    assert all(100.0 <= fill.price <= 102.0 for fill in fills)
    assert [row.execution_id for row in system.result().fills] == [fill.execution_id for fill in fills]


def test_bars_sent_in_are_heard_and_a_late_subscriber_hears_from_then_on():
    early, late = Heard(), Heard()
    system = _live(Flips)
    system.subscribe(Signal, early)
    system.start()
    try:
        system.send(a_bar(100.0))
        early.wait_for(1)
        system.subscribe(Signal, late)
        for minute in range(1, 200):
            system.send(a_bar(100.0 + minute, open_ts=MONDAY + minute * MINUTE))
            early.wait_for(minute + 1)
            if late:
                break
        late.wait_for(1)
    finally:
        assert system.stop() == ()

    assert late[0] in early[1:]
    assert [signal.number for signal in early] == list(range(1, len(early) + 1))


def test_what_nobody_hears_from_outside_is_refused_unless_a_callback_asked_for_it():
    system = _live(FlipsAtTicks)
    balance = EquityMarked(account="main", currency="USD", ts=MONDAY, equity_minor=5)
    with pytest.raises(ValueError, match="nobody hears EquityMarked from outside"):
        system.send(balance)
    heard = Heard()
    system.subscribe(EquityMarked, heard)
    system.start()

    system.send(balance)

    heard.wait_for(1)
    system.stop()
    assert heard == [balance]


def test_a_callback_that_raises_harms_nobody():
    fine, failures = Heard(), Heard()
    system = _live(Flips)
    system.subscribe(Signal, lambda _signal: 1 / 0)
    system.subscribe(Signal, fine)
    system.subscribe(ActorFailed, failures)
    system.start()
    try:
        for minute in range(20):
            system.send(a_bar(100.0, open_ts=MONDAY + minute * MINUTE))
        fine.wait_for(20)
        failures.wait_for(1)
    finally:
        assert system.stop() == ()

    assert len(fine) == 20
    assert {failed.actor for failed in failures} == {"listener:1"}


def test_a_callback_that_raises_in_a_backtest_changes_no_byte_of_it():
    bars = generated_bars("XBTUSD", bars=200)
    calm = TradingSystem(feed=bars, strategies=[Flips]).backtest()
    system = TradingSystem(feed=bars, strategies=[Flips])
    system.subscribe(Signal, lambda _signal: sys.exit(1))

    assert _bytes(system.backtest()) == _bytes(calm)


def test_the_host_keeps_its_signals_loggers_registry_and_threads():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    loggers, level = list(logging.getLogger().handlers), logging.getLogger().level
    before, hook = set(threading.enumerate()), threading.excepthook

    system = _live(Flips)
    assert system.status() == ()
    system.start()
    assert [thread for thread in threading.enumerate() if thread not in before]
    assert pykka.ActorRegistry.get_all() == []
    system.send(a_bar())
    assert system.stop() == ()
    TradingSystem(feed=generated_bars("XBTUSD", bars=50), strategies=[Flips]).backtest()

    assert {number: signal.getsignal(number) for number in handlers} == handlers
    assert (list(logging.getLogger().handlers), logging.getLogger().level) == (loggers, level)
    assert threading.excepthook is hook
    assert [t for t in threading.enumerate() if t not in before and not t.daemon] == []
    assert {status.state for status in system.status() if status.address != "supervisor"} == {"stopped"}


def test_a_host_that_stops_every_actor_of_its_own_does_not_stop_ours():
    heard = Heard()
    system = _live(Flips)
    system.subscribe(Signal, heard)
    system.start()
    try:
        pykka.ActorRegistry.stop_all(timeout=5)
        system.send(a_bar())
        heard.wait_for(1)
    finally:
        assert system.stop() == ()


def test_a_system_runs_once_and_says_so():
    system = TradingSystem(feed=generated_bars("XBTUSD", bars=10), strategies=[Flips])
    system.backtest()

    with pytest.raises(RuntimeError, match="runs once"):
        system.backtest()
    with pytest.raises(TypeError, match="takes nothing from outside"):
        system.send(a_bar())


def test_the_tick_size_of_columns_without_an_instrument_fits_their_opens_too():
    bars = generated_bars("XBTUSD", seed=1, bars=300)
    finer = attrs.evolve(bars, open=bars.open + 0.1, high=bars.high + 1, low=bars.low)

    result = TradingSystem(feed=finer, strategies=[RandomPositions]).backtest()

    assert {fill.price for fill in result.fills} <= set(finer.open)


def test_what_is_no_strategy_is_said():
    with pytest.raises(TypeError, match=r"subclasses of actors\.Strategy .* not 'ema-cross'"):
        TradingSystem(feed=None, strategies=["ema-cross"])


def test_a_live_bar_waits_a_moment_for_ticks_that_are_on_their_way_and_a_recorded_one_does_not():
    live = TradingSystem(feed=None, strategies=[], instruments=[_instrument()])
    recorded = TradingSystem(feed=generated_bars("XBTUSD", bars=10), strategies=[])
    told = TradingSystem(feed=None, strategies=[], instruments=[_instrument()], close_grace_ns=5)

    assert [system.setup.close_grace_ns for system in (live, recorded, told)] == [250_000_000, 0, 5]


def test_the_bar_builder_keeps_the_policies_that_a_system_was_made_with():
    second = 10**9
    delayed = TickColumns(
        symbol="XBTUSD",
        ts=MONDAY + np.array([500, 900, 3000]) * 10**6,
        received=MONDAY + np.array([500, 1100, 3000]) * 10**6,
        price=[100.0, 101.0, 100.0],
        size=[1.0, 1.0, 1.0],
    )
    entry = StrategyEntry(id="one", strategy=RandomPositions, symbols=("XBTUSD",), period=second)

    def late_ones(**policies):
        result = TradingSystem(feed=delayed, strategies=[entry], **policies).backtest()
        return result.bad_item_counts.get("late", 0)

    assert [late_ones(), late_ones(late="next"), late_ones(close_grace_ns=second // 4)] == [1, 0, 0]


def test_what_does_not_fit_together_is_said_before_anything_runs():
    entry = StrategyEntry(id="one", strategy=Flips, symbols=("ETHUSD",), period=MINUTE)

    with pytest.raises(ValueError, match="ETHUSD, of which there is no instrument: XBTUSD"):
        TradingSystem(feed=generated_bars("XBTUSD", bars=10), strategies=[entry])


HOST = "import sys; sys.path[:0] = {paths!r}\nfrom actors import TradingSystem\nprint('imported')"


@pytest.mark.parametrize("kind", ["a package", "a folder without __init__.py", "a module"])
def test_a_hosts_own_adapters_in_place_of_ours_are_named_in_the_error(tmp_path, kind):
    if kind == "a module":
        (tmp_path / "adapters.py").write_text("MINE = True\n")
    else:
        (tmp_path / "adapters").mkdir()
        if kind == "a package":
            (tmp_path / "adapters" / "__init__.py").write_text("MINE = True\n")
    # A folder without __init__.py never shadows a package that comes later on the path.
    code = HOST.format(paths=[str(tmp_path), str(ROOT)])
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    if kind == "a folder without __init__.py":
        assert done.stdout == "imported\n", done.stderr
        return
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: openoutcry needs its own package 'adapters'")
    assert str(tmp_path) in last
    assert "Rename the other 'adapters'" in last
