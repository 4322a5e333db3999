"""Whoever hears single ticks changes nothing for those who hear bars alone, at whatever time they wake."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem
from adapters.generated import generated_ticks
from messages import Tick
from tests.builders import MINUTE, SECOND


class Bars(Strategy):
    """Notes its bars, and trades at timers that end at no bar's end."""

    wake_s: float = 7.3

    def on_start(self):
        self.woken = 0

    def on_bar(self, bar):
        self.heard.append((self.id, self.now, bar))
        self.wake_in(self.wake_s)

    def on_timer(self, name):
        self.woken += 1
        self.target(self.woken % 3 - 1)


class Ticks(Strategy):
    """Makes every tick of its symbol come by itself."""

    def on_tick(self, tick):
        pass


def outcome(periods, *, singly, grace=0, wake_s=7.3):
    heard = []
    hearing = type("Hearing", (Bars,), {"heard": heard})
    entries = [
        StrategyEntry(
            id=f"s{number}", strategy=hearing, symbols="XBTUSD", period=period, params={"wake_s": wake_s + number}
        )
        for number, period in enumerate(periods)
    ]
    if singly:
        entries.append(StrategyEntry(id="ticks", strategy=Ticks, symbols="XBTUSD", period=periods[0]))
    ticks = generated_ticks("XBTUSD", seed=3, ticks=6_000)
    result = TradingSystem(feed=ticks, strategies=entries, close_grace_ns=grace).backtest()
    # Client ids bear the run's name, which is another with another strategy.
    fills = [(fill.ts, fill.strategy, fill.lots, fill.price) for fill in result.fills]
    return heard, fills, result.bad_item_counts


@pytest.mark.parametrize("periods", [(5 * MINUTE, 7 * MINUTE), (15 * SECOND, 40 * SECOND), (MINUTE, 5 * MINUTE)])
@pytest.mark.parametrize("grace", [0, SECOND // 4])
def test_bars_of_every_period_hold_all_their_trades(periods, grace):
    in_blocks, one_by_one = outcome(periods, singly=False, grace=grace), outcome(periods, singly=True, grace=grace)

    assert in_blocks == one_by_one
    assert in_blocks[2] == {}
    assert {bar.period for _, _, bar in in_blocks[0]} == set(periods)


@settings(max_examples=15)
@given(
    periods=st.lists(
        st.integers(1, 30).map(lambda seconds: 10 * seconds * SECOND), min_size=1, max_size=3, unique=True
    ),
    wake_s=st.floats(0.001, 400),
    grace=st.sampled_from([0, 1, SECOND // 4, 3 * SECOND]),
)
# The feed begins forty seconds before the longer bar ends, within the first of the shorter ones.
@example(periods=[50 * SECOND, 170 * SECOND], wake_s=1.0, grace=0)
def test_at_whatever_time_somebody_wakes(periods, wake_s, grace):
    in_blocks = outcome(periods, singly=False, grace=grace, wake_s=wake_s)

    assert in_blocks == outcome(periods, singly=True, grace=grace, wake_s=wake_s)


class Waking(Strategy):
    """Wants to be woken at every tick, at once and a little later."""

    def on_tick(self, tick):
        self.wake_in(0.0)
        self.wake_in(0.5)


@pytest.mark.parametrize("ticks", [1, 2, 40])
def test_a_stop_while_timers_are_due_serves_them_and_ends(ticks):
    entry = StrategyEntry(id="waking", strategy=Waking, symbols="XBTUSD", period=MINUTE)
    system, heard = TradingSystem(feed=generated_ticks("XBTUSD", seed=3, ticks=200), strategies=[entry]), []

    def hear(tick):
        heard.append(tick)
        if len(heard) == ticks:
            runtime.request_stop("enough")

    system.subscribe(Tick, hear)
    runtime = system.make_replay()
    runtime.run()

    assert ticks <= len(heard) < 50
