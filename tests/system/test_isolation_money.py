"""What one trader does, crashes over or leaves undone moves nobody else's fills: own accounts and paper are apart."""

import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.risk.limits import ScopedLimits
from actors.risk_guard import RiskLimits
from actors.sizing.sizing import Sizing
from adapters.generated import generated_bars
from tests.builders import MINUTE, MONDAY
from tests.system.test_no_look_ahead_money import ALGORITHMS, INVERSE, LINEAR, funding_rates

BARS = 100
DEATH = MONDAY + 40 * MINUTE
FEED = [
    *(generated_bars(symbol, seed=7, bars=BARS, volatility_per_year=3.0) for symbol in ("XBTUSD", "ETHUSD")),
    funding_rates("XBTUSD", 1),
    funding_rates("ETHUSD", 2),
]


class Dice(Strategy):
    def on_bar(self, bar):
        self.react(bar)
        if self.random.random() < 0.4:
            self.target(float(self.random.randint(-2, 2)), bar.symbol)

    def react(self, bar):
        """What others do besides."""


class Orders(Dice):
    """Own orders besides, and all of the market's volume if it gets it."""

    def react(self, bar):
        if bar.close_ts > DEATH:
            self.buy(50_000, bar.symbol, limit=bar.close + 500)
            self.sell(50_000, bar.symbol, limit=bar.close - 500)


class Crashes(Dice):
    def react(self, bar):
        if bar.close_ts == DEATH:
            raise RuntimeError("crashed as told")


class CrashesAlways(Dice):
    def react(self, bar):
        if bar.close_ts >= DEATH:
            raise RuntimeError("crashed as told")


class CrashesAtFills(Dice):
    def on_fill(self, fill):
        if fill.ts >= DEATH:
            raise RuntimeError("crashed as told")


class Ruined(Dice):
    """Holds much, with little to lose."""

    def react(self, bar):
        self.target(-3.0, bar.symbol)

    def on_bar(self, bar):
        self.react(bar)


OTHERS = (None, Dice, Orders, Crashes, CrashesAlways, CrashesAtFills, Ruined)


def _run(cls, account, execution="chase"):
    """`bee` in the account main, with somebody beside it in another account."""
    pairs = [("bee", Dice, "main", execution), ("bee-two", Dice, "main", "market")]
    if cls is not None:
        pairs.append(("neighbour", cls, account, "opponent"))
    entries = [
        StrategyEntry(
            id=name, strategy=strategy, symbols=("XBTUSD", "ETHUSD"), period=MINUTE, account=of, execution=how, lots=3
        )
        for name, strategy, of, how in sorted(pairs)
    ]  # fmt: skip
    system = TradingSystem(
        feed=FEED, strategies=entries, instruments=[INVERSE, LINEAR], cash={"XBT": 10**9, "USD": 10**9},
        sizing=Sizing(method="risk-parity", target_volatility=2.5, volatility_window=8), half_spread_ticks=2,
        volume_cap=0.1, risk=RiskLimits(daily_loss_max=0.5), run_id="apart0",
        account_cash={account: {"USD": 13_000_00}} if cls is Ruined else {},
        scoped_limits=[ScopedLimits(symbol="ETHUSD", position_lots_max=10)],
    )  # fmt: skip
    return system.backtest()


def _of_main(result):
    """Everything that `bee` and its account have to do with."""
    return {
        "signals": [signal for signal in result.signals if signal.strategy.startswith("bee")],
        "orders": [row for row in result.orders if row.account == "main"],
        "fills": [row for row in result.fills if row.account == "main"],
        "ledger": [entry for entry in result.ledger if entry.account == "main"],
        "funding": [paid for paid in result.funding if paid.account == "main"],
        "weights": [sized for sized in result.weights if sized.account == "main"],
        "books": [row for row in result.strategies if row.account == "main"],
        "equity": {curve.currency: curve.equity_minor.tolist() for curve in result.curves if curve.account == "main"},
    }


@pytest.fixture(scope="module")
def alone():
    """`bee` without a neighbour."""
    return _of_main(_run(None, ""))


@pytest.mark.parametrize("account", ["second", "paper:neighbour"])
@pytest.mark.parametrize("neighbour", OTHERS[1:])
def test_whoever_trades_beside_it_in_another_account_it_is_as_if_it_were_alone(alone, neighbour, account):
    result = _run(neighbour, account)

    assert len(alone["fills"]) > 60
    assert len(alone["funding"]) > 10
    assert _of_main(result) == alone
    beside = [row for row in result.fills if row.account == account]
    assert len(beside) > 5


def test_the_neighbours_were_as_bad_as_they_were_to_be():
    # Once at the bar of each symbol.
    assert _run(Crashes, "second").restarts == {"strategy:neighbour": 2}
    assert "strategy:neighbour" in _run(CrashesAlways, "second").quarantined
    assert "strategy:neighbour" in _run(CrashesAtFills, "paper:neighbour").quarantined
    ruined = _run(Ruined, "second")
    assert (ruined.halted or "").startswith(("liquidated", "daily loss"))


@pytest.mark.parametrize("execution", ALGORITHMS, ids=lambda each: each if isinstance(each, str) else each["algorithm"])
def test_so_it_is_with_every_algorithm(execution):
    """The venue of each account gives its own part of the market's volume."""
    assert _of_main(_run(Orders, "paper:neighbour", execution)) == _of_main(_run(None, "", execution))


@pytest.mark.parametrize("account", ["main", "second"])
def test_that_the_comparison_sees_a_neighbour_in_the_same_account(alone, account):
    assert (_of_main(_run(Orders, account)) == alone) == (account == "second")
