"""Core and venue fail while algorithms work: the next incarnation goes on, nobody over-trades, and nothing is lost.

An actor that fails loses the message that it was handling and nothing else. What was asked in that message is answered
all the same, for whoever asked sends nothing more before he knows.
"""

import pytest

from actors import Strategy, StrategyEntry, TradingSystem, simulated_venue
from actors.executor import Executor
from actors.portfolio import Portfolio
from actors.risk.gate import Gate
from actors.risk_guard import RiskGuard
from actors.simulated_venue import SimulatedVenue
from actors.venue import dealing
from adapters.generated import generated_bars
from messages import ReportPositions
from tests.builders import MINUTE, MONDAY
from tests.system.crashes import Watch, crashes
from tests.system.test_no_look_ahead_money import ALGORITHMS, LINEAR, funding_rates

BARS = 120
QUIET = MONDAY + 80 * MINUTE
"""From here on nobody changes his mind, so that everybody can arrive."""
FEED = [generated_bars("ETHUSD", bars=BARS, seed=4, volatility_per_year=3.0), funding_rates("ETHUSD", 2)]
GIVES_UP = "dice-3"
"""Works by signal-limit, and need not arrive."""


class Dice(Strategy):
    def on_bar(self, bar):
        if bar.close_ts <= QUIET and self.random.random() < 0.4:
            self.target(float(self.random.randint(-3, 3)))


def system(**settings):
    """Every algorithm in one account, and two in another, where nobody fails."""
    pairs = [*((each, "main") for each in ALGORITHMS), ("market", "second"), (ALGORITHMS[5], "second")]
    entries = [
        StrategyEntry(
            id=f"dice-{number}", strategy=Dice, symbols=("ETHUSD",), period=MINUTE, execution=execution,
            account=account, lots=2,
        )
        for number, (execution, account) in enumerate(pairs)
    ]  # fmt: skip
    return TradingSystem(
        feed=FEED, strategies=entries, instruments=[LINEAR], half_spread_ticks=2, volume_cap=0.05, run_id="crash0",
        cash={"USD": 10**9}, **settings,
    )  # fmt: skip


def _played(played):
    """(result, watch, what portfolio and executor of the account that fails believe in the end)"""
    watch = Watch(played)
    runtime = played.make_replay()
    runtime.run()
    asked = ReportPositions(account="main", number=1)
    believed = [
        report.positions
        for role in ("portfolio", "executor")
        for report in runtime.slots[f"{role}@main"].component.on_report_positions(asked)
    ]
    return played.result(), watch, believed


def _second(result):
    return [row for row in result.fills if row.account == "second"]


@pytest.fixture(scope="module")
def calm():
    """The same run in which nobody fails."""
    result, watch, _ = _played(system())
    assert watch.lacking(but=(GIVES_UP,)) == {}
    return result


CORE = ("risk-guard@main", "executor@main", "portfolio@main")
VENUE = ("venue@main",)
POINTS = [
    # Where it fails: the handler, or deep inside it; after its work is done, where that makes a difference.
    (VENUE, SimulatedVenue, "on_bar", False), (VENUE, SimulatedVenue, "on_bar", True),
    (VENUE, SimulatedVenue, "on_bar_open", False), (VENUE, SimulatedVenue, "on_bar_open", True),
    (VENUE, SimulatedVenue, "on_funding_rate", False), (VENUE, SimulatedVenue, "on_funding_rate", True),
    (VENUE, simulated_venue, "wrong_order", False), (VENUE, SimulatedVenue, "on_approved_order", True),
    (VENUE, dealing, "amend", False), (VENUE, dealing, "amend", True),
    (VENUE, dealing, "cancel", False), (VENUE, dealing, "cancel", True),
    (CORE, Gate, "judge", False), (CORE, Gate, "judge", True), (CORE, RiskGuard, "on_order_accepted", False),
    (CORE, RiskGuard, "on_order_ended", False), (CORE, RiskGuard, "on_order_amended", False),
    (CORE, Executor, "on_bar", False), (CORE, Executor, "on_target_shares", False), (CORE, Executor, "on_woke", False),
    (CORE, Executor, "on_order_accepted", False), (CORE, Executor, "on_order_amended", False),
    (CORE, Portfolio, "on_signal", False), (CORE, Portfolio, "on_signal", True), (CORE, Portfolio, "on_woke", False),
    (CORE, Portfolio, "on_woke", True), (CORE, Portfolio, "on_funding_paid", False),
    (CORE, Executor, "on_fill", False), (CORE, RiskGuard, "on_fill", False), (CORE, Portfolio, "on_fill", False),
    (CORE, Executor, "on_fill", True), (CORE, Portfolio, "on_fill", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("restarted", "owner", "name", "after"),
    POINTS,
    ids=[f"{o.__name__.rpartition('.')[2]}.{n}{'-done' * a}" for _, o, n, a in POINTS],
)
@pytest.mark.parametrize("at", [2, 9])
def test_whoever_fails_wherever_everybody_arrives_and_nobody_is_over_traded(
    monkeypatch, calm, restarted, owner, name, after, at
):
    happened = crashes(monkeypatch, owner, name, at=at, after=after)

    result, watch, believed = _played(system())

    assert happened
    assert len(result.failures) == 1
    assert result.restarts == dict.fromkeys(restarted, 1)
    assert result.quarantined == {}
    assert result.halted is None
    assert watch.too_much == watch.too_large == []
    assert watch.lacking(but=(GIVES_UP,)) == {}
    held = sorted((strategy, symbol, lots) for (strategy, symbol), lots in watch.positions.items() if lots)
    mine = tuple(each for each in held if each[0] not in ("dice-9", "dice-10"))
    assert believed == [mine, mine]
    assert len({(row.account, row.execution_id, row.strategy) for row in result.fills}) == len(result.fills)
    assert len(result.funding) == len({(paid.account, paid.ts) for paid in result.funding})
    assert _second(result) == _second(calm)
    assert len(_second(calm)) > 50


def test_a_venue_that_fails_again_and_again_ends_the_trading_of_all_and_says_why(monkeypatch):
    def fails(*_arguments):
        raise RuntimeError("crashed as told")

    monkeypatch.setattr(simulated_venue, "wrong_order", fails)

    result, watch, _ = _played(system())

    assert {address for address in result.quarantined if "venue" in address}
    assert "is given up on" in result.halted
    assert [fill for fill in watch.fills if fill.liquidity != "internal"] == []
