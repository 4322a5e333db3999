"""A strategy may hear a symbol that it does not trade: its prices are there, and nothing else of it is anywhere."""

import pytest

from actors import Strategy, TradingSystem
from actors.risk.limits import RiskLimits
from actors.strategies import BuyAndHold, EmaCross, RandomPositions, Turtle
from actors.strategy_entry import StrategyEntry
from adapters.generated import generated_bars
from messages import Bar
from tests.actors.test_event_streams import some_bars, some_ticks
from tests.builders import MINUTE, MONDAY, SECOND


def run(strategy, *feed, **entry):
    told = {"symbols": "XBTUSD", "hears": "GOLD", "period": MINUTE, **entry}
    return TradingSystem(feed=feed, strategies=[StrategyEntry(id="s", strategy=strategy, **told)]).backtest()


class Follows(Strategy):
    """Wants gold's last move, without saying which symbol: it trades one."""

    def on_bar(self, bar):
        if bar.symbol == "GOLD":
            return
        closes = [each.close for each in self.history(2, "GOLD")]
        self.target(1 if closes[-1] > closes[0] else -1)


GOLD = some_bars(symbol="GOLD", price=1_800.123)


def test_its_bars_and_history_are_heard_and_the_traded_symbol_needs_no_name():
    result = run(Follows, some_bars(), GOLD)

    assert not result.failures
    assert {signal.symbol for signal in result.signals} == {"XBTUSD"}
    assert {signal.target for signal in result.signals} == {1, -1}
    assert result.fills


def test_it_has_no_instrument_no_equity_and_no_place_in_the_results():
    alone = run(Follows, some_bars(), GOLD)

    assert list(alone.instruments) == ["XBTUSD"]
    assert {row.symbol for row in alone.strategies} == {"XBTUSD"}
    assert len(alone.curves) == 1


def test_its_prices_do_not_change_what_the_traded_symbol_is_worth():
    class Holds(Strategy):
        def on_bar(self, bar):
            if bar.symbol == "XBTUSD":
                self.target(1)

    heard = run(Holds, some_bars(), some_bars(symbol="GOLD", price=9_999.0))
    other = run(Holds, some_bars(), some_bars(symbol="GOLD", price=1.0))

    assert heard.curves[0].equity_minor.tolist() == other.curves[0].equity_minor.tolist()


@pytest.mark.parametrize("call", ["target", "target_lots", "buy", "sell"])
def test_trading_it_is_an_error_that_names_it(call):
    class Trades(Strategy):
        def on_bar(self, bar):
            getattr(self, call)(1, "GOLD")

    result = run(Trades, some_bars(), GOLD)

    assert "s hears GOLD and does not trade it" in result.failures[0].error
    assert not result.fills


def test_its_ticks_are_heard_and_bars_are_built_of_them():
    heard = []

    class Hears(Strategy):
        def on_tick(self, tick):
            heard.append(tick.symbol)

        def on_bar(self, bar):
            heard.append((bar.symbol, bar.close))

    times = [MONDAY + second * SECOND for second in (1, 30, 61, 130)]
    result = run(Hears, GOLD, some_ticks(times), symbols="GOLD", hears="XBTUSD")

    assert heard.count("XBTUSD") == 4
    assert ("XBTUSD", 101.0) in heard
    assert list(result.instruments) == ["GOLD"]


@pytest.mark.parametrize("symbol", ["GOLD", "XBTUSD"])
def test_nobody_but_the_strategy_hears_the_bars_of_what_is_only_heard(symbol):
    entry = StrategyEntry(id="s", strategy=Follows, symbols="XBTUSD", hears="GOLD", period=MINUTE)
    risk = RiskLimits(daily_loss_max=0.5)
    runtime = TradingSystem(feed=[some_bars(), GOLD], strategies=[entry], risk=risk).make_replay()
    runtime.run()

    plan = runtime.router.flow("feed", Bar).plan_of((symbol, MINUTE))
    hearers = {slot.role for _, slots in plan for slot in slots}

    assert "strategy" in hearers
    assert (hearers == {"strategy"}) == (symbol == "GOLD")


def test_a_symbol_that_another_strategy_trades_keeps_its_instrument():
    entries = [
        StrategyEntry(id="a", strategy=Follows, symbols="XBTUSD", hears="GOLD", period=MINUTE),
        StrategyEntry(id="b", strategy=Strategy, symbols="GOLD", period=MINUTE),
    ]

    result = TradingSystem(feed=[some_bars(), GOLD], strategies=entries).backtest()

    assert sorted(result.instruments) == ["GOLD", "XBTUSD"]


def test_a_symbol_cannot_be_traded_and_only_heard():
    with pytest.raises(ValueError, match="GOLD is traded, and heard without saying so"):
        StrategyEntry(id="s", strategy=Follows, symbols=("XBTUSD", "GOLD"), hears="GOLD", period=MINUTE)


@pytest.mark.parametrize(
    ("strategy", "params"),
    [
        (RandomPositions, {}),
        (EmaCross, {"fast": 2, "slow": 3}),
        (Turtle, {"entry_bars": 2, "exit_bars": 1, "atr_bars": 2, "lots": 1}),
        (BuyAndHold, {}),
    ],
)
def test_the_strategies_that_are_built_in_decide_by_what_they_trade_whatever_else_they_hear(strategy, params):
    bars = generated_bars("XBTUSD", seed=3, bars=60)
    others = generated_bars("GOLD", seed=4, bars=60)
    alone = run(strategy, bars, params=params, hears=())
    hearing = run(strategy, bars, others, params=params)

    assert not hearing.failures
    assert hearing.signals
    assert hearing.signals == alone.signals
