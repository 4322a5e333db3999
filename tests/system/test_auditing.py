"""An audited system: in no legal order of its messages is anything found, and what is planted halts it and is told."""

from decimal import Decimal

import attrs
import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.executor import Executor
from actors.risk.gate import Gate
from actors.risk.limits import RiskLimits, ScopedLimits
from actors.risk_guard import RiskGuard
from actors.simulated_venue import SimulatedVenue
from actors.strategies import RandomPositions
from adapters.generated import generated_bars
from messages import (
    AmendRejected,
    ApprovedOrder,
    CancelAll,
    Fill,
    HaltTrading,
    Instrument,
    InvariantViolated,
    Kind,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    TradingState,
    TradingStateChanged,
)
from tests.audited import WITH_AUDITOR
from tests.builders import MINUTE, an_instrument
from tests.system.crashes import crashes
from tests.system.probers import EveryOrder
from tests.system.runs import on_threads, overheard

SYMBOLS = ("XBTUSD", "ETHUSD")


class Bracket(Strategy):
    """Orders of its own on both sides of the market, changed and taken back now and then."""

    def on_start(self):
        self.last = None

    def on_bar(self, bar):
        chance = self.random.random()
        if chance < 0.3:
            self.cancel(symbol=bar.symbol)
        elif chance < 0.6 and self.last is not None:
            self.amend(self.last, lots=self.random.randint(1, 3))
        self.last = self.buy(2, bar.symbol, limit=bar.close - 5)
        self.sell(2, bar.symbol, limit=bar.close + 5)


def a_system(seed=None, *, bars=40, **settings):
    """Algorithms and own orders in two accounts, limits that are reached, and an auditor."""
    entries = [
        StrategyEntry(
            id=name, strategy=cls, symbols=SYMBOLS, period=MINUTE, lots=2, account=account, execution=execution
        )
        for name, cls, account, execution in (
            ("joiner", RandomPositions, "main", "join"), ("chaser", RandomPositions, "main", "chase"),
            ("dice", RandomPositions, "main", "market"), ("pair", Bracket, "main", "market"),
            ("every", EveryOrder, "second", "market"), ("third", RandomPositions, "second", "opponent"),
        )
    ]  # fmt: skip
    return TradingSystem(**{
        "feed": [generated_bars(each, bars=bars, seed=2) for each in SYMBOLS], "strategies": entries,
        "instruments": [
            Instrument(symbol=each, kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD") for each in SYMBOLS
        ],
        "risk": RiskLimits(position_lots_max=5, order_lots_max=3),
        "scoped_limits": [ScopedLimits(symbol="XBTUSD", account="main", position_lots_max=3, open_orders_max=6)],
        "half_spread_ticks": 3, "volume_cap": 0.2, "schedule_seed": seed, **WITH_AUDITOR, **settings,
    })  # fmt: skip


def violations(system):
    return [f"{each.invariant}: {each.text}" for each in system.record.violated]


@pytest.mark.parametrize("seeds", [(None, 1, 2), range(3, 6)], ids=str)
def test_in_no_legal_order_of_a_systems_messages_is_anything_found(seeds):
    said_of = set()
    for seed in seeds:
        system = a_system(seed)
        result, said = overheard(system)

        assert result.failures == ()
        assert violations(system) == []
        said_of |= {type(each) for each in said} | {each.reason for each in said if isinstance(each, OrderRefused)}
    # There was something to find: orders of every kind, changes, limits that were met.
    assert {ApprovedOrder, OrderAccepted, Fill, OrderEnded, OrderAmended, AmendRejected} <= said_of
    assert "position-limit" in said_of


@pytest.mark.parametrize("seed", [None, 1])
@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        (SimulatedVenue, "on_bar", True), (SimulatedVenue, "on_approved_order", True), (Gate, "judge", False),
        (RiskGuard, "on_order_ended", False), (Executor, "on_target_shares", False),
        (Executor, "on_order_accepted", False),
    ],
)  # fmt: skip
def test_nothing_is_found_when_somebody_fails_and_comes_back(monkeypatch, seed, owner, name, after):
    happened = crashes(monkeypatch, owner, name, at=7, after=after)
    system = a_system(seed)
    system.backtest()

    assert happened
    assert violations(system) == []


def test_an_auditor_that_fails_comes_back_alone_and_finds_nothing_that_is_not_there(monkeypatch):
    from actors.auditing.account import AuditedAccount  # noqa: PLC0415 - what fails in this test alone

    honest, calls = AuditedAccount.asked, []

    def fails(account, order):
        calls.append(order)
        if len(calls) in (5, 20):
            raise RuntimeError("crashed as told")
        return honest(account, order)

    monkeypatch.setattr(AuditedAccount, "asked", fails)
    system = a_system()
    result = system.backtest()

    assert result.restarts == {"auditor": 2}
    assert violations(system) == []
    assert result.halted is None


def test_a_run_that_is_audited_decides_as_one_that_is_not():
    audited, alone = a_system().backtest(), a_system(routes=TradingSystem.__init__.__kwdefaults__["routes"]).backtest()

    assert audited.fills == alone.fills
    assert len(audited.fills) > 100


def _approves_all(_gate, _order, _state, _now, *, amends=False):
    return None


def _approves_more(self, submit):
    order = submit.order
    more = attrs.evolve(
        order, lots=order.lots * 2, owners=tuple([attrs.evolve(o, lots=o.lots * 2) for o in order.owners])
    )
    return (ApprovedOrder(more),)


@pytest.mark.parametrize(
    ("owner", "name", "mutant", "invariant"),
    [
        (Gate, "judge", _approves_all, "I5"),
        (RiskGuard, "on_submit_order", _approves_more, "I2"),
        (RiskGuard, "on_submit_order", None, ""),
        (SimulatedVenue, "on_approved_order", lambda _self, _approved: (), "I16"),
    ],
    ids=["guard-that-refuses-nothing", "guard-that-approves-twice-as-much", "none", "venue-that-says-nothing"],
)
def test_what_is_broken_on_purpose_is_found(monkeypatch, owner, name, mutant, invariant):
    if mutant is not None:
        monkeypatch.setattr(owner, name, mutant)
    system = a_system()
    result = system.backtest()

    assert {each.invariant for each in system.record.violated} >= {invariant} - {""}
    assert bool(system.record.violated) == bool(invariant)
    assert (result.halted is not None) == bool(invariant)


class Rogue(SimulatedVenue):
    """Accepts an order that nobody approved, after a while."""

    accepted = 0

    def on_approved_order(self, approved):
        said = tuple(super().on_approved_order(approved))
        Rogue.accepted += 1
        if Rogue.accepted != 5:
            return said
        return (*said, *[message_about_nobody(each) for each in said if isinstance(each, OrderAccepted)])


def message_about_nobody(accepted):
    order = accepted.order
    run6 = order.client_id[:6]

    return OrderAccepted(attrs.evolve(order, client_id=f"{run6}-nobody-999999"), accepted.ts)


class Rests(Strategy):
    """Orders that wait below the market, one more at each bar."""

    def on_bar(self, bar):
        self.buy(1, limit=bar.close * 0.5 // 1)


@pytest.mark.parametrize("threads", [False, True], ids=["replay", "threads"])
def test_i25_a_violation_halts_trading_takes_orders_back_and_is_told_and_nobody_fails(threads):
    Rogue.accepted = 0
    instrument = an_instrument("XBTUSD")
    system = TradingSystem(
        feed=generated_bars("XBTUSD", bars=60, seed=2),
        strategies=[StrategyEntry(id="rests", strategy=Rests, symbols="XBTUSD", period=MINUTE)],
        instruments=[instrument],
        venue=lambda account, instruments: Rogue(account, instruments, feeds={"XBTUSD": MINUTE}),
        **WITH_AUDITOR,
    )
    told = {cls: [] for cls in (InvariantViolated, HaltTrading, TradingStateChanged, CancelAll, OrderEnded)}
    for cls, messages in told.items():
        system.subscribe(cls, messages.append)

    result = on_threads(system) if threads else system.backtest()

    assert [each.invariant for each in told[InvariantViolated]] == ["I2"]
    assert [each.account for each in told[HaltTrading]] == ["main"]
    assert [each.state for each in told[TradingStateChanged]] == [TradingState.HALTED]
    assert result.halted.startswith("invariant I2 does not hold: ")
    # Cancels go on: what rested is taken back.
    assert len(told[CancelAll]) == 1
    assert len(told[OrderEnded]) >= 5
    assert result.failures == ()
    assert result.quarantined == {}
