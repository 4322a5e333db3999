"""The defects of the system that this one follows (requirements, q1 to q18): one test each, named after it.

Those about orders (q8, q9, q15, q18) stand in test_defects_orders.py.
Those of exchanges and accounts (q7, q10, q12, q16, q17) belong to live trading and are not here.
"""

import json
import time
from decimal import Decimal

import attrs
import numpy as np
import pytest

from actors import Strategy, TradingSystem
from actors.columns import TickColumns
from actors.strategies import BuyAndHold, RandomPositions
from adapters.generated import generated_bars, generated_ticks
from messages import (
    ALL_MESSAGES,
    Bar,
    BarOpen,
    Fill,
    Instrument,
    Kind,
    Signal,
    SubmitOrder,
    Tick,
)
from tests.builders import MINUTE, MONDAY, SECOND
from tests.system.commands import SHARED_DATA, run_here

XBTUSD = Instrument(symbol="XBTUSD", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")


class Watches(Strategy):
    """Notes for every bar that it is given what it can see."""

    warmup = 5

    def on_bar(self, bar):
        time.sleep(self.slow)
        self.mark(f"{bar.open_ts} {bar.close} {self.history(1)[0].close} {self.now}")

    slow = 0.0


class Slowly(Watches):
    slow = 0.001


def _notes(strategy, *, threads, bars):
    system = TradingSystem(feed=bars, strategies=[strategy], instruments=[XBTUSD])
    if not threads:
        return [mark.text for mark in system.backtest().marks]
    system.start()
    assert system.wait_until_idle(30)
    system.stop()
    return [mark.text for mark in system.result().marks]


@pytest.mark.parametrize(("strategy", "threads"), [(Watches, False), (Watches, True), (Slowly, True)])
def test_q1_what_is_handled_is_what_was_sent_at_any_speed(strategy, threads):
    bars = generated_bars("XBTUSD", bars=300)

    notes = _notes(strategy, threads=threads, bars=bars)

    rows = zip(bars.open_ts.tolist(), bars.close.tolist(), bars.close_ts.tolist(), strict=True)
    assert notes == [f"{opened} {close} {close} {closed}" for opened, close, closed in rows]


def test_q2_the_first_bar_is_delivered_and_the_last_one_once():
    bars = generated_bars("XBTUSD", bars=50)

    times = [int(note.split()[0]) for note in _notes(Watches, threads=False, bars=bars)]

    assert times == bars.open_ts.tolist()


def test_q3_the_last_n_bars_are_n_and_end_with_the_current_one():
    seen = []

    class Looks(Strategy):
        warmup = 7

        def on_bar(self, bar):
            seen.append((bar, [self.history(n) for n in range(1, 8)]))

    TradingSystem(feed=generated_bars("XBTUSD", bars=30), strategies=[Looks]).backtest()

    delivered = [bar for bar, _ in seen]
    for number, (_, looks) in enumerate(seen, 1):
        for n, last in enumerate(looks, 1):
            assert list(last) == delivered[max(0, number - n) : number]
            assert len(last) == min(n, number)


def test_q4_random_is_short_as_often_as_long():
    result = TradingSystem(feed=generated_bars("XBTUSD", bars=3000), strategies=[RandomPositions]).backtest()

    wished = [signal.target for signal in result.signals]
    shares = [wished.count(target) / len(wished) for target in (-1.0, 0.0, 1.0)]
    assert all(abs(share - 1 / 3) < 0.05 for share in shares), shares


def test_q5_the_period_is_found_in_the_file_and_said(tmp_path):
    path = SHARED_DATA / "IF.csv"
    if not path.exists():
        pytest.skip("real market data IF.csv are not beside this checkout")

    done = run_here(
        "backtest",
        "--data",
        path,
        "--strategy",
        "buy-and-hold",
        "--timezone",
        "Asia/Shanghai",
        "--out",
        "out",
        cwd=tmp_path,
    )

    data = json.loads((tmp_path / "out" / "summary.json").read_text())["data"][0]
    assert data["period"] == "5m"
    assert "5m" in done.stdout


def test_q6_whichever_actor_fails_the_run_goes_on_or_says_why_it_does_not():
    class Fails(Strategy):
        def on_bar(self, bar):
            raise RuntimeError("dead")

    result = TradingSystem(feed=generated_bars("XBTUSD", bars=50), strategies=[Fails, BuyAndHold]).backtest()

    assert len(result.fills) == 1
    assert result.quarantined.keys() == {"strategy:fails"}
    assert result.failures[0].error == "RuntimeError: dead"


def test_q11_a_bar_closes_on_the_clock_keeps_its_volume_and_no_late_tick_touches_it():
    heard = []

    class Ears(Strategy):
        def on_bar(self, bar):
            heard.append((bar.open_ts - MONDAY, bar.high, bar.volume, bar.ticks, self.now - MONDAY))

    # The third tick is late: it belongs to the first minute and comes in the second; then nothing for an hour.
    ts = np.array([1, 30, 59, 70, 3700]) * SECOND + MONDAY
    received = np.array([1, 30, 65, 70, 3700]) * SECOND + MONDAY
    ticks = TickColumns(
        symbol="XBTUSD",
        ts=ts,
        received=received,
        price=[100.0, 101.0, 109.0, 102.0, 103.0],
        size=[1.0, 2.0, 4.0, 8.0, 16.0],
    )
    result = TradingSystem(feed=ticks, strategies=[Ears], instruments=[XBTUSD]).backtest()

    assert heard[:2] == [(0, 101.0, 3.0, 2, 60 * SECOND), (MINUTE, 102.0, 8.0, 1, 120 * SECOND)]
    assert sum(result.bad_item_counts.values()) == 1


def test_q13_what_is_overridden_is_heard_and_what_cannot_be_heard_is_said():
    heard = []

    class Ears(Strategy):
        def on_bar(self, bar):
            heard.append(Bar)

        def on_bar_open(self, bar_open):
            heard.append(BarOpen)

        def on_tick(self, tick):
            heard.append(Tick)

        def on_book(self, book):
            """Nothing in this feed ever calls it."""

    ticks = TradingSystem(feed=generated_ticks("XBTUSD", ticks=1000), strategies=[Ears]).backtest()
    assert set(heard) == {Bar, BarOpen, Tick}
    assert ticks.unused_callbacks == {"ears": ("on_book",)}

    bars = TradingSystem(feed=generated_bars("XBTUSD", bars=10), strategies=[Ears]).backtest()
    assert set(bars.unused_callbacks["ears"]) == {"on_tick", "on_book"}


def test_q14_no_message_can_be_changed_after_it_was_sent():
    seen = []
    system = TradingSystem(feed=generated_bars("XBTUSD", bars=50), strategies=[RandomPositions])
    for message_class in ALL_MESSAGES:
        system.subscribe(message_class, seen.append)
    system.backtest()

    classes = {type(message) for message in seen}
    assert {Bar, Signal, Fill, SubmitOrder} <= classes
    for message in {type(message): message for message in seen}.values():
        field = attrs.fields(type(message))[0].name
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(message, field, None)
        hash(message)
