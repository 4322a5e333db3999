"""A run at a speed waits for the wall's time and no longer, and shows where it stands by what it has booked."""

import time
from decimal import Decimal
from io import StringIO

import pytest

from actors import StrategyEntry, TradingSystem
from actors.recorder import Record
from actors.strategies import EmaCross
from adapters.generated import generated_bars, generated_ticks
from adapters.pacing import Pace, Standing, StandingLine
from messages import Tick
from tests.builders import MINUTE, MONDAY, SECOND, a_tick, an_instrument


def test_it_waits_until_the_data_s_time_has_passed_at_its_speed():
    pace = Pace(100.0, stopped=lambda: False)
    pace.wait(MONDAY)
    began = time.monotonic()

    pace.wait(MONDAY + 20 * SECOND)

    assert time.monotonic() - began == pytest.approx(0.2, abs=0.15)


def test_who_is_late_does_not_wait():
    pace = Pace(1.0, stopped=lambda: False)
    pace.wait(MONDAY + SECOND)
    began = time.monotonic()

    pace.wait(MONDAY)

    assert time.monotonic() - began < 0.1


def test_a_stop_ends_the_waiting():
    pace = Pace(0.001, stopped=lambda: True)
    pace.wait(MONDAY)
    began = time.monotonic()

    pace.wait(MONDAY + 3600 * SECOND)

    assert time.monotonic() - began < 1.0


class Recording:
    """A pacer that never waits."""

    def __init__(self):
        self.waited, self.messages, self.prices = [], [], {}

    def wait(self, at):
        self.waited.append(at)

    def saw(self, message):
        self.messages.append(message)
        if hasattr(message, "price"):
            self.prices[message.symbol] = message.price
        if hasattr(message, "close"):
            self.prices[message.symbol] = message.close


def run(feed, pacer=None):
    entry = StrategyEntry(id="cross", strategy=EmaCross, symbols=("XBTUSD",), period=MINUTE)
    instruments = [an_instrument(taker_fee=Decimal("0.00075"))]
    system = TradingSystem(feed=feed, strategies=[entry], instruments=instruments, run_id="pace")
    runtime = system.make_replay()
    runtime.run(pacer=pacer)
    return system, system.result()


FEEDS = {
    "bars": generated_bars("XBTUSD", seed=2, bars=800, period=MINUTE, tick_size=0.5),
    "ticks": generated_ticks("XBTUSD", seed=2, ticks=5_000, mean_gap_ns=2 * SECOND, tick_size=0.5),
}


@pytest.mark.parametrize("feed", FEEDS)
def test_everything_that_is_played_waits_in_the_order_of_time_and_nothing_else_changes(feed):
    pacer = Recording()

    _, paced = run(FEEDS[feed], pacer)
    _, plain = run(FEEDS[feed])

    assert pacer.waited == sorted(pacer.waited)
    assert len(pacer.waited) >= len(pacer.messages) > 100
    assert (paced.fills, paced.signals, paced.ledger) == (plain.fills, plain.signals, plain.ledger)
    assert len(plain.fills) > 2


@pytest.mark.parametrize("feed", FEEDS)
def test_the_standing_at_the_end_is_the_result_s_equity(feed):
    pacer = Recording()
    system, result = run(FEEDS[feed], pacer)
    # Blocks of ticks are seen whole, with no price of their own here.
    pacer.prices["XBTUSD"] = float((FEEDS[feed].close if feed == "bars" else FEEDS[feed].price)[-1])
    cash = {"main": system.setup.cash_of("main")}
    standing = Standing(system.record, system.setup.instruments, cash, pacer.prices)
    standing.fold()

    assert standing.equity_minor("main") == {"USD": result.summaries[0].equity_end_minor}
    assert standing.fills == len(system.record.fills)
    assert f"{standing.fills:,} fills" in standing.line(MONDAY)


def test_the_last_price_is_seen():
    pace = Pace(1e9, stopped=lambda: False)

    pace.saw(a_tick(101.5))

    assert pace.prices == {"XBTUSD": 101.5}
    assert isinstance(a_tick(), Tick)


class Words:
    """Says lines of a given length."""

    def __init__(self, *lengths):
        self.lengths = list(lengths)

    def line(self, _now):
        return "x" * self.lengths.pop(0)


def test_the_standing_line_fits_the_terminal_and_covers_the_one_before(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = StringIO()
    monkeypatch.setattr("adapters.pacing._SHOW_S", -1.0)
    line = StandingLine(Words(100, 10), stream)

    line(MONDAY)
    line(MONDAY)
    line.close()

    assert stream.getvalue().split("\r")[1:] == ["x" * 39, "x" * 10 + " " * 29, " " * 10, ""]


def test_a_small_profit_shows_in_the_standing_line():
    standing = Standing(Record(), {"XBTUSD": an_instrument(currency="XBT")}, {"main": {"XBT": 100_000_942}}, {})

    assert "1.00000942 XBT  flat" in standing.line(MONDAY)
