"""In whatever order threads could have delivered a run's messages, its money adds up: with all that can move it."""

from decimal import Decimal

import attrs
import numpy as np
import pytest

from actors import StrategyEntry, TradingSystem
from actors.risk.limits import ScopedLimits
from actors.sizing.sizing import Sizing
from actors.strategies import BuyAndHold, RandomPositions
from adapters.generated import generated_bars, generated_ticks
from messages import (
    ApprovedAmend,
    ApprovedOrder,
    Fill,
    FundingPaid,
    Instrument,
    Kind,
    Liquidity,
    OrderEnded,
    TradingState,
    TradingStateChanged,
)
from tests.builders import MINUTE
from tests.system.probers import EveryOrder
from tests.system.runs import overheard
from tests.system.test_no_look_ahead_money import ALGORITHMS, LINEAR, funding_rates

DATED = Instrument(
    symbol="XBTUSD", kind=Kind.INVERSE, tick_size=Decimal("0.5"), currency="XBT", taker_fee=Decimal("0.0005"),
    settlement_fee=Decimal("0.0001"), expiry=generated_bars("XBTUSD", bars=1).open_ts[0].item() + 70 * MINUTE,
)  # fmt: skip
OURS = (Liquidity.MAKER, Liquidity.TAKER)


def _falling(symbol):
    bars = generated_bars(symbol, bars=90, seed=4, volatility_per_year=0.5)
    level = np.where(np.arange(90) < 60, 1.0, 0.6)
    prices = {name: np.rint(getattr(bars, name) * level * 2) / 2 for name in ("open", "high", "low", "close")}
    return attrs.evolve(bars, **prices)


FEED = [
    _falling("ETHUSD"),
    funding_rates("ETHUSD", 2),
    generated_ticks("XBTUSD", ticks=900, mean_gap_ns=6 * 10**9, seed=3),
]


def _played(seed):
    """(result, everything said about orders and money, in the order in which it was said)"""
    pairs = [
        *((RandomPositions, each, "main") for each in ALGORITHMS),
        (EveryOrder, "market", "second"), (RandomPositions, "chase", "second"), (BuyAndHold, "market", "gambler"),
    ]  # fmt: skip
    entries = [
        StrategyEntry(
            id=f"{cls.__name__.lower()[:8]}-{number}", strategy=cls, symbols=("ETHUSD", "XBTUSD"), period=MINUTE,
            execution=execution, account=account, lots=2,
        )
        for number, (cls, execution, account) in enumerate(pairs)
    ]  # fmt: skip
    system = TradingSystem(
        feed=FEED, strategies=entries, instruments=[LINEAR, DATED], schedule_seed=seed, half_spread_ticks=2,
        cash={"USD": 10**9, "XBT": 10**8}, account_cash={"gambler": {"USD": 20_000_00}}, volume_cap=0.2,
        scoped_limits=[ScopedLimits(account="main", symbol="ETHUSD", position_lots_max=5)],
        account_sizing={"main": Sizing(method="risk-parity", target_volatility=0.5, volatility_window=8)},
    )  # fmt: skip
    return overheard(system)


def _adds_up(result):
    for summary in result.summaries:
        where = (summary.account, summary.currency)
        entries = [each.amount_minor for each in result.ledger if (each.account, each.currency) == where]
        assert sum(entries) == summary.cash_end_minor - summary.cash_start_minor
        books = [row for row in result.strategies if (row.account, row.currency) == where]
        assert sum(row.pnl_minor for row in books) == summary.pnl_minor
        assert sum(row.funding_minor for row in books) == summary.funding_minor


def _positions_are_the_fold(result):
    folded = {}
    for row in result.fills:
        key = row.account, row.strategy, row.symbol
        folded[key] = folded.get(key, 0) + row.lots
    assert {(row.account, row.strategy, row.symbol): row.position_lots for row in result.strategies} == folded
    return folded


def _orders_keep_within(said):
    """No fill without approval, none past an order's lots or its end; each limit is kept by the fills' own fold."""
    largest, filled, over, net = {}, {}, set(), 0
    for message in said:
        if isinstance(message, ApprovedOrder):
            largest[message.order.client_id] = abs(message.order.lots)
        elif isinstance(message, ApprovedAmend):
            largest[message.order.client_id] = max(largest[message.order.client_id], abs(message.order.lots))
        elif isinstance(message, OrderEnded):
            over.add(message.order.client_id)
            assert filled.get(message.order.client_id, 0) == message.lots_filled
        elif isinstance(message, Fill):
            if message.liquidity in OURS:
                assert message.client_id not in over
                filled[message.client_id] = filled.get(message.client_id, 0) + message.lots
                assert abs(filled[message.client_id]) <= largest[message.client_id]
            if (message.account, message.symbol) == ("main", "ETHUSD") and message.liquidity is not Liquidity.INTERNAL:
                net += message.lots
                assert abs(net) <= 5
    return filled


@pytest.mark.parametrize("seeds", [range(5), range(5, 10)], ids=str)
def test_no_interleaving_breaks_a_promise_about_money(seeds):
    for seed in seeds:
        result, said = _played(seed)

        assert result.failures == ()
        _adds_up(result)
        folded = _positions_are_the_fold(result)
        assert len(_orders_keep_within(said)) > 60
        paid = [(each.account, each.symbol, each.ts) for each in said if isinstance(each, FundingPaid)]
        assert len(paid) == len(set(paid)) > 10
        # The one was liquidated and stays flat, and what has expired nobody holds.
        stops = [each for each in said if isinstance(each, TradingStateChanged)]
        assert [(each.account, each.state) for each in stops] == [("gambler", TradingState.HALTED)]
        assert stops[0].reason.startswith("liquidated")
        held = {key[0] for key, lots in folded.items() if lots and key[2] == "ETHUSD"}
        assert "gambler" not in held
        assert "main" in held
        assert not [key for key, lots in folded.items() if lots and key[2] == "XBTUSD"]
        assert {fill.liquidity for fill in said if isinstance(fill, Fill)} == set(Liquidity)
        (gambler,) = [s for s in result.summaries if (s.account, s.currency) == ("gambler", "USD")]
        assert gambler.cash_end_minor == gambler.equity_end_minor >= 0


def test_a_seed_gives_its_own_order_again():
    orders = [[repr(message) for message in _played(seed)[1]] for seed in (1, 2, 1)]

    assert orders[0] == orders[2] != orders[1]
