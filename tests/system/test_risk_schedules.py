"""In whatever order threads could have delivered a run's messages, no limit is exceeded, by the fills' own fold."""

from collections import Counter
from decimal import Decimal

import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.risk.limits import ScopedLimits
from actors.risk_guard import RiskLimits
from actors.strategies import RandomPositions
from adapters.generated import generated_bars
from messages import ApprovedAmend, ApprovedOrder, Fill, Instrument, Kind, Liquidity, OrderEnded, OrderRefused
from tests.builders import MINUTE
from tests.system.runs import overheard

MOST = 4
XBTUSD = Instrument(symbol="XBTUSD", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")


class Bracket(Strategy):
    """Orders of its own, on both sides of the market, taken back now and then, and by a timer inside the bar."""

    def on_bar(self, bar):
        self.wake_in(30)
        if self.random.random() < 0.3:
            self.cancel(symbol=bar.symbol)
        self.buy(2, bar.symbol, limit=bar.close - 5)
        self.sell(2, bar.symbol, limit=bar.close + 5)

    def on_timer(self, name):
        self.buy(1) if self.random.random() < 0.5 else self.sell(1)


def _run(seed, **limits):
    """(fills at the venue, codes of refusals), in the order that they were said in."""
    fills, refused = [], []
    entries = [
        StrategyEntry(id=name, strategy=cls, symbols=("XBTUSD",), period=MINUTE, lots=3)
        for name, cls in (
            ("dice-a", RandomPositions), ("dice-b", RandomPositions), ("dice-c", RandomPositions), ("pair", Bracket),
        )
    ]  # fmt: skip
    system = TradingSystem(
        feed=generated_bars("XBTUSD", bars=80), strategies=entries, instruments=[XBTUSD], risk=RiskLimits(**limits),
        schedule_seed=seed,
    )  # fmt: skip
    system.subscribe(Fill, fills.append)
    system.subscribe(OrderRefused, refused.append)
    result = system.backtest()
    assert result.failures == ()
    return [fill for fill in fills if fill.liquidity is not Liquidity.INTERNAL], [each.reason for each in refused]


@pytest.mark.parametrize("seeds", [range(10), range(10, 20)], ids=str)
def test_no_interleaving_carries_the_position_past_its_limit(seeds):
    for seed in seeds:
        fills, reasons = _run(seed, position_lots_max=MOST)

        position, most = 0, 0
        for fill in fills:
            position += fill.lots
            most = max(most, abs(position))
        # The limit is reached, so that there is something to exceed.
        assert most == MOST
        assert "position-limit" in reasons


# Limits of a strategy, a symbol and an account, under orders that are worked by algorithms.

SYMBOLS = ("XBTUSD", "ETHUSD")
LIMITED = (
    ScopedLimits(strategy="joiner", position_lots_max=2),
    ScopedLimits(symbol="XBTUSD", account="main", position_lots_max=5, open_orders_max=3),
    ScopedLimits(account="second", order_lots_max=2, position_lots_max=2),
    ScopedLimits(strategy="pair", open_orders_max=2),
)


def _said(seed):
    """(message in the order in which they were said, result): a listener would hear them in another one."""
    entries = [
        StrategyEntry(
            id=name, strategy=cls, symbols=SYMBOLS, period=MINUTE, lots=2, account=account, execution=execution
        )
        for name, cls, account, execution in (
            ("joiner", RandomPositions, "main", "join"), ("chaser", RandomPositions, "main", "chase"),
            ("dice", RandomPositions, "main", "market"), ("pair", Pair, "main", "market"),
            ("other", RandomPositions, "second", "opponent"), ("third", RandomPositions, "second", "market"),
        )
    ]  # fmt: skip
    instruments = [
        Instrument(symbol=each, kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD") for each in SYMBOLS
    ]
    system = TradingSystem(
        feed=[generated_bars(each, bars=50, seed=2) for each in SYMBOLS], strategies=entries, instruments=instruments,
        scoped_limits=LIMITED, schedule_seed=seed, half_spread_ticks=3,
    )  # fmt: skip
    result, said = overheard(system)
    return said, result


class Pair(Bracket):
    """The same on two symbols."""

    def on_bar(self, bar):
        if self.random.random() < 0.3:
            self.cancel(symbol=bar.symbol)
        self.buy(1, bar.symbol, limit=bar.close - 5)
        self.sell(1, bar.symbol, limit=bar.close + 5)


@pytest.mark.parametrize("seeds", [range(6), range(6, 12)], ids=str)
def test_no_interleaving_carries_anybody_past_limits_of_his_own(seeds):
    reasons, most = Counter(), Counter()
    for seed in seeds:
        said, result = _said(seed)

        assert result.failures == ()
        assert result.halted is None
        reasons.update(message.reason for message in said if isinstance(message, OrderRefused))
        for name, number in _folded(said).items():
            most[name] = max(most[name], number)
    # Each limit is reached, so that there is something to exceed.
    assert most == {
        "joiner": 2, "XBTUSD of main": 5, "second": 2, "order of second": 2, "open in XBTUSD": 3, "open of pair": 2,
    }  # fmt: skip
    assert reasons.keys() <= {"position-limit", "open-orders", "order-size"}
    assert reasons["position-limit"] > 20 < reasons["open-orders"]


def _folded(said):
    """The most of everything that is limited, by the fills' and ends' own fold."""
    positions, most, working = Counter(), Counter(), {}

    def reached(name, number):
        most[name] = max(most[name], abs(number))

    for message in said:
        if isinstance(message, Fill):
            if message.liquidity is not Liquidity.INTERNAL:
                positions[message.account, message.symbol] += message.lots
            for part in message.parts:
                positions[part.strategy, message.symbol] += part.lots
                reached(part.strategy, positions[part.strategy, message.symbol])
            reached(f"{message.symbol} of {message.account}", positions[message.account, message.symbol])
            reached(message.account, positions[message.account, message.symbol])
        elif isinstance(message, ApprovedOrder | ApprovedAmend):
            order = message.order
            reached(f"order of {order.account}", order.lots)
            if isinstance(message, ApprovedOrder):
                working[order.client_id] = order
            reached("open in XBTUSD", sum(o.symbol == "XBTUSD" and o.account == "main" for o in working.values()))
            reached("open of pair", sum(o.owners[0].strategy == "pair" for o in working.values()))
        elif isinstance(message, OrderEnded):
            working.pop(message.order.client_id, None)
    names = ("joiner", "XBTUSD of main", "second", "order of second", "open in XBTUSD", "open of pair")
    return {name: most[name] for name in names}
