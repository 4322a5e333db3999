"""A strategy that fails, exits or hangs harms itself: the others decide and trade as if it had not been there."""

import sys
import threading
from decimal import Decimal

import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.portfolio import Portfolio
from actors.runtime.host import HandlerTimedOut
from actors.runtime.runtime import MemoryRanOut
from adapters.generated import generated_bars
from messages import ActorHung, Instrument, Kind
from tests.builders import MINUTE, MONDAY
from tests.system.runs import on_threads

BARS = 200
DEATH = MONDAY + 100 * MINUTE
"""The bar that closes here is somebody's last."""
FEED = [generated_bars(symbol, bars=BARS) for symbol in ("XBTUSD", "ETHUSD")]
INSTRUMENTS = [
    Instrument(symbol=s, kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD") for s in ("XBTUSD", "ETHUSD")
]


class Good(Strategy):
    """Decides by its history alone, notes what it saw, and trades at about every third bar."""

    def on_bar(self, bar):
        self.react(bar)
        seen = int(sum(each.close * 2 for each in self.history(5)))
        self.mark(str(seen))
        self.target(float(seen % 3 - 1))
        self.wake_in(30)

    def on_timer(self, name):
        pass

    def on_fill(self, fill):
        pass

    def react(self, bar):
        """What the bad ones do otherwise."""


def _once(cls, at=DEATH):
    """A subclass that fails once; whether it has is kept outside, for instances come and go."""
    return type(cls.__name__, (cls,), {"at": at, "done": []})


class RaisesAtABar(Good):
    def react(self, bar):
        if bar.close_ts == self.at:
            raise ValueError("no")


class Exits(Good):
    def react(self, bar):
        if bar.close_ts == self.at:
            sys.exit(0)


class RaisesWhatNobodyCatches(Good):
    def react(self, bar):
        if bar.close_ts == self.at:
            raise BaseException("no")


class RaisesWhatCannotBeTold(Good):
    def react(self, bar):
        if bar.close_ts == self.at:
            raise MuteError


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


class FailsToStart(Good):
    def on_start(self):
        if not self.done:
            self.done.append(1)
            raise OSError("not yet")


class FailsAtAFill(Good):
    def on_fill(self, fill):
        if fill.ts >= self.at and not self.done:
            self.done.append(1)
            raise ZeroDivisionError


class FailsAtATimer(Good):
    def on_timer(self, name):
        if self.now >= self.at and not self.done:
            self.done.append(1)
            raise KeyError(name)


class FailsFromThenOn(Good):
    def react(self, bar):
        if bar.close_ts >= self.at:
            raise RuntimeError("every time")


class HoldsAndThenFails(FailsFromThenOn):
    """It has wanted the same for long when it fails: on threads, too, it holds that by then."""

    def on_bar(self, bar):
        self.react(bar)
        self.target(1.0)


class FailsWhileWarmingUp(Good):
    def react(self, bar):
        if bar.close_ts == self.at:
            self.done.append(1)
        if self.done:
            raise RuntimeError("and again")


FAILURES = [
    RaisesAtABar, Exits, RaisesWhatNobodyCatches, RaisesWhatCannotBeTold, FailsToStart, FailsAtAFill, FailsAtATimer,
    FailsFromThenOn, FailsWhileWarmingUp,
]  # fmt: skip


def _system(bad, **settings):
    """`bad` shares symbol and account with `near`, the symbol with `other`, and neither with `far`."""
    end = settings.pop("on_quarantine", "hold")
    entries = [
        StrategyEntry(id=name, strategy=cls, symbols=(symbol,), period=MINUTE, account=account, on_quarantine=end)
        for name, cls, symbol, account in (
            ("bad", bad, "XBTUSD", "main"), ("near", Good, "XBTUSD", "main"), ("other", Good, "XBTUSD", "second"),
            ("far", Good, "ETHUSD", "second"),
        )
    ]  # fmt: skip
    return TradingSystem(feed=FEED, strategies=entries, instruments=INSTRUMENTS, run_id="same00", **settings)


def _replayed(bad, **settings):
    return _system(bad, **settings).backtest()


def _threaded(bad, **settings):
    return on_threads(_system(bad, **settings))


RUNTIMES = pytest.mark.parametrize("run", [_replayed, _threaded])


@pytest.fixture(scope="module")
def calm():
    """The same run in which nobody fails."""
    return _replayed(Good)


def _signals(result, *strategies):
    return {name: [s for s in result.signals if s.strategy == name] for name in strategies}


def _marks(result, strategy, after):
    return {mark.ts: mark.text for mark in result.marks if mark.strategy == strategy and mark.ts > after}


@RUNTIMES
@pytest.mark.parametrize("failure", FAILURES)
def test_whatever_one_does_the_others_signals_stay_as_they_are(calm, failure, run):
    result = run(_once(failure))

    assert result.failures
    assert {each.actor for each in result.failures} == {"strategy:bad"}
    assert _signals(result, "near", "other", "far") == _signals(calm, "near", "other", "far")
    assert len(result.signals) > 200
    assert result.halted is None


@pytest.mark.parametrize("failure", FAILURES)
def test_fills_of_who_shares_no_account_stay_as_they_are(calm, failure):
    result = _replayed(_once(failure))

    for name in ("other", "far"):
        fills = [row for row in calm.fills if row.strategy == name]
        assert [row for row in result.fills if row.strategy == name] == fills != []


@RUNTIMES
@pytest.mark.parametrize("failure", [FailsAtATimer, FailsAtAFill])
def test_who_is_restarted_knows_every_bar_that_its_predecessor_knew(calm, failure, run):
    result = run(_once(failure))

    assert result.restarts == {"strategy:bad": 1}
    assert result.quarantined == {}
    assert _marks(result, "bad", DEATH) == _marks(calm, "bad", DEATH)


@RUNTIMES
@pytest.mark.parametrize("failure", [RaisesAtABar, Exits])
def test_who_died_on_a_bar_misses_that_bar_and_no_other(calm, failure, run):
    result = run(_once(failure))

    assert result.restarts == {"strategy:bad": 1}
    missing = DEATH + 4 * MINUTE
    assert _marks(result, "bad", missing) == _marks(calm, "bad", missing)
    assert _marks(result, "bad", 0).keys() == _marks(calm, "bad", 0).keys() - {DEATH}


@RUNTIMES
def test_who_fails_again_and_again_is_given_up_on_and_the_result_says_so(run):
    result = run(_once(FailsFromThenOn))

    assert result.restarts == {"strategy:bad": 3}
    assert result.quarantined.keys() == {"strategy:bad"}
    assert len(result.failures) == 4
    assert result.failures[0].during == "Bar"
    assert result.failures[0].error == "RuntimeError: every time"
    assert all(signal.ts < DEATH for signal in result.signals if signal.strategy == "bad")


@RUNTIMES
def test_who_fails_while_warming_up_is_given_up_on_at_once(run):
    result = run(_once(FailsWhileWarmingUp))

    assert result.quarantined.keys() == {"strategy:bad"}
    assert [failed.during for failed in result.failures] == ["Bar", "warm-up"]


@RUNTIMES
@pytest.mark.parametrize("on_quarantine", ["hold", "flatten"])
def test_what_a_quarantined_strategy_holds_is_held_or_brought_to_nothing(on_quarantine, run):
    result = run(_once(HoldsAndThenFails), on_quarantine=on_quarantine)

    (lots,) = [row.position_lots for row in result.strategies if row.strategy == "bad"]
    assert lots == (1 if on_quarantine == "hold" else 0)


# Hanging.


def _hanging(release):
    class Hangs(Good):
        def react(self, bar):
            if bar.close_ts == DEATH:
                release.wait(60)

    return Hangs


class Spins(Good):
    def react(self, bar):
        while bar.close_ts == DEATH:
            pass


def test_on_threads_the_others_go_on_while_one_hangs(calm):
    release, hung = threading.Event(), []
    system = _system(_hanging(release), handler_seconds=1.0)
    system.subscribe(ActorHung, hung.append)
    system.start()
    try:
        assert system.wait_until_idle(30), system.status()
        status = {each.address: each for each in system.status()}
        system.stop()
    finally:
        release.set()
    result = system.result()

    assert [(each.actor, each.during) for each in hung] == [("strategy:bad", "Bar")]
    assert status["strategy:bad"].epoch >= 2
    assert _signals(result, "near", "other", "far") == _signals(calm, "near", "other", "far")
    missing = DEATH + 4 * MINUTE
    assert _marks(result, "bad", missing) == _marks(calm, "bad", missing)


def test_in_a_replay_a_hang_ends_the_run_and_names_who_and_what():
    with pytest.raises(HandlerTimedOut, match=r"strategy:bad was busy with one Bar for 0\.2 s"):
        _replayed(Spins, handler_seconds=0.2)


def test_in_a_replay_memory_that_runs_out_in_the_core_ends_the_run_and_names_who_and_what(monkeypatch):
    def runs_out(_portfolio, _fill):
        raise MemoryError

    monkeypatch.setattr(Portfolio, "on_fill", runs_out)

    with pytest.raises(MemoryRanOut, match="memory ran out in portfolio@second, which was at Fill"):
        _replayed(Good)
