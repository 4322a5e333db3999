"""Money behaves alike in a replay and on threads: algorithms arrive, funding is paid once, liquidation ends an account.

What a thread may reorder is left open; what is promised is not.
"""

from decimal import Decimal

import attrs
import numpy as np
import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.simulated_venue import SimulatedVenue
from actors.strategies import BuyAndHold
from adapters.generated import generated_bars
from messages import ApprovedOrder, Liquidity, OrderAmended, OrderEnded, TradingState, TradingStateChanged
from tests.builders import MINUTE, MONDAY
from tests.system.crashes import Watch
from tests.system.runs import on_threads
from tests.system.test_no_look_ahead_money import ALGORITHMS, LINEAR, funding_rates

BARS = 120
QUIET = MONDAY + 70 * MINUTE
GIVES_UP = "dice-3"
CALM = [generated_bars("ETHUSD", bars=BARS, seed=4, volatility_per_year=3.0)]
FREE = attrs.evolve(LINEAR, taker_fee=Decimal(0), maker_fee=Decimal(0))


def _replayed(system):
    return system.backtest()


RUNTIMES = pytest.mark.parametrize("run", [_replayed, on_threads])


def _entries(*pairs, lots=2):
    return [
        StrategyEntry(
            id=f"dice-{number}", strategy=cls, symbols=("ETHUSD",), period=MINUTE, execution=execution, account=account,
            lots=lots,
        )
        for number, (cls, execution, account) in enumerate(pairs)
    ]  # fmt: skip


def _falling():
    """A market that loses a tenth of a percent a minute for an hour, and then half of it in a single bar."""
    bars = generated_bars("ETHUSD", bars=80, seed=4, volatility_per_year=0.3)
    level = np.where(np.arange(80) < 60, 1 - np.arange(80) * 0.0005, 0.5)
    prices = {name: np.rint(getattr(bars, name) * level * 2) / 2 for name in ("open", "high", "low", "close")}
    return attrs.evolve(bars, **prices)


class Dice(Strategy):
    def on_bar(self, bar):
        if bar.close_ts <= QUIET and self.random.random() < 0.4:
            self.target(float(self.random.randint(-3, 3)))


@RUNTIMES
def test_every_algorithm_arrives_and_none_over_trades(run):
    system = TradingSystem(
        feed=CALM, strategies=_entries(*((Dice, each, "main") for each in ALGORITHMS)), instruments=[LINEAR],
        half_spread_ticks=2, volume_cap=0.05, cash={"USD": 10**9},
    )  # fmt: skip
    watch = Watch(system)

    result = run(system)

    assert result.failures == ()
    assert result.halted is None
    assert watch.lacking(but=(GIVES_UP,)) == {}
    assert watch.twice == watch.too_large == []
    held = {(row.strategy, row.symbol): row.position_lots for row in result.strategies if row.position_lots}
    assert held == {key: lots for key, lots in watch.positions.items() if lots}
    assert len(watch.fills) > 150


@RUNTIMES
def test_funding_is_paid_once_and_what_is_paid_is_what_the_books_say(run):
    system = TradingSystem(
        feed=[*CALM, funding_rates("ETHUSD", 2)], cash={"USD": 10**9}, instruments=[LINEAR],
        strategies=_entries((BuyAndHold, "market", "main"), (Dice, "opponent", "main"), (Dice, "market", "second")),
    )  # fmt: skip

    result = run(system)

    paid = [(each.account, each.ts) for each in result.funding]
    assert len(paid) == len(set(paid)) > 20
    rates = dict(zip(*(column.tolist() for column in _columns(funding_rates("ETHUSD", 2))), strict=True))
    assert {ts for account, ts in paid if account == "main"} <= rates.keys()
    for each in result.funding:
        exact = -each.lots * Decimal(repr(each.price)) * 100 * Decimal(repr(rates[each.ts]))
        assert abs(each.amount_minor - exact) <= Decimal("0.5")
        assert each.amount_minor == sum(part.amount_minor for part in each.parts)
    booked = sum(row.funding_minor for row in result.strategies)
    assert booked == sum(each.amount_minor for each in result.funding) != 0
    assert booked == sum(entry.amount_minor for entry in result.ledger if entry.kind == "funding")


def _columns(rates):
    return rates.ts, rates.rate


class Trader(Strategy):
    """Always wants something else."""

    def on_bar(self, bar):
        self.target(float(self.random.randint(-2, 2)))


@RUNTIMES
def test_a_liquidation_ends_the_accounts_trading_and_nobody_elses(run):
    system = TradingSystem(
        feed=[_falling()], instruments=[LINEAR], cash={"USD": 3_000_00},
        strategies=_entries((BuyAndHold, "market", "gambler"), (Trader, "market", "second"), lots=1),
        account_cash={"second": {"USD": 10**9}},
    )  # fmt: skip
    changes = []
    system.subscribe(TradingStateChanged, changes.append)

    result = run(system)

    ruined = [row for row in result.fills if row.account == "gambler"]
    assert ruined[-1].liquidity is Liquidity.LIQUIDATION
    assert sum(row.lots for row in ruined) == 0
    assert [(each.account, each.state) for each in changes] == [("gambler", TradingState.HALTED)]
    assert result.halted.startswith("liquidated")
    equity = {curve.account: int(curve.equity_minor.min()) for curve in result.curves}
    assert equity["gambler"] >= 0
    assert max(row.ts for row in result.fills if row.account == "second") > ruined[-1].ts


class Counting(SimulatedVenue):
    """A host's own venue: notes whose orders reach it."""

    def on_approved_order(self, approved: ApprovedOrder):
        self.reached.append((self.account, approved.order.account))
        return super().on_approved_order(approved)


@RUNTIMES
@pytest.mark.parametrize("execution", ["market", "chase"])
def test_a_paper_account_never_reaches_the_hosts_own_venue(run, execution):
    made, reached = [], []

    def venue(account, instruments):
        made.append(account)
        counting = Counting(account, instruments, None, dict.fromkeys(instruments, MINUTE))
        counting.reached = reached
        return counting

    pairs = [(Trader, execution, account) for account in ("main", "paper:dice-1", "paper:dice-2")]
    system = TradingSystem(feed=CALM, strategies=_entries(*pairs), instruments=[FREE], venue=venue)

    result = run(system)

    assert made == ["main"]
    assert set(reached) == {("main", "main")}
    orders = {account: [row for row in result.orders if row.account == account] for _, _, account in pairs}
    assert len(reached) == len([row for row in orders["main"] if row.status != "refused"]) > 20
    assert min(len(rows) for rows in orders.values()) > 20
    assert {summary.account for summary in result.summaries if summary.is_paper} == {"paper:dice-1", "paper:dice-2"}


class Amender(Strategy):
    """Keeps one bid far below the market, which it moves and changes in size at every bar."""

    def on_start(self):
        self.number = None

    def on_bar(self, bar):
        limit = bar.close - 5_000.0
        if self.number is None:
            self.number = self.buy(3, limit=limit)
        elif bar.close_ts < QUIET:
            self.amend(self.number, lots=1 + int(bar.close) % 5, limit=limit)
        else:
            self.cancel(self.number)


@RUNTIMES
def test_an_own_order_is_amended_where_it_works_and_ends_once(run):
    system = TradingSystem(feed=CALM, strategies=_entries((Amender, "market", "main")), instruments=[LINEAR])
    amended, ended = [], []
    system.subscribe(OrderAmended, amended.append)
    system.subscribe(OrderEnded, ended.append)

    result = run(system)

    (order,) = result.orders
    assert (order.status, order.amends) == ("cancelled", len(amended))
    assert len(amended) > 20
    assert {each.order.client_id for each in amended} == {order.client_id} == {each.order.client_id for each in ended}
    assert (order.lots, order.price) == (amended[-1].order.lots, amended[-1].order.limit_price)
    assert result.fills == ()
