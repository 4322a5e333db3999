"""Money foresees nothing either: funding, marks, margin, sizing, execution and every kind of order, by the same poison.

Rates and marks are poisoned with the bars and ticks; what is compared includes amends, payments, weights and equities.
"""

from decimal import Decimal

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem, row_streams
from actors.columns import FundingColumns, MarkColumns
from actors.portfolio import Portfolio
from actors.risk.limits import ScopedLimits
from actors.risk_guard import RiskLimits
from actors.sizing.sizing import Sizing
from actors.strategies import BuyAndHold
from actors.venue import showing
from adapters.generated import generated_bars, generated_ticks
from messages import (
    AmendOrder,
    AmendPlaced,
    CancelOrder,
    EquityMarked,
    FundingPaid,
    FundingRate,
    GaveUp,
    Instrument,
    Kind,
    OrderAmended,
    OrderEnded,
    OrderRejected,
    Sessions,
    ShareSized,
    TradingStateChanged,
    ValueRounding,
)
from tests.builders import MINUTE, MONDAY, SECOND
from tests.system.poison import DECISIONS, POISONS, Poisoning, poisoned_after, with_gaps
from tests.system.probers import EveryOrder, Orders, Prober, TickProber

BARS = 80
END = MONDAY + BARS * MINUTE
ALGORITHMS = (
    "market",
    "opponent",
    "join",
    {"algorithm": "signal-limit", "seconds": 70, "tolerance_ticks": 3},
    {"algorithm": "last-limit", "tolerance_ticks": 20},
    {"algorithm": "chase", "seconds": 45},
    {"algorithm": "twap", "minutes": 4, "slices": 4},
    {"algorithm": "vwap", "minutes": 5, "slices": 5, "child": "opponent"},
    {"algorithm": "iceberg", "show_lots": 2},
)
PERPETUAL = {
    "initial_margin": Decimal("0.03"), "maintenance_margin": Decimal("0.01"), "taker_fee": Decimal("0.00075"),
    "maker_fee": Decimal("-0.00025"), "funding_interval": 5 * MINUTE,
}  # fmt: skip
INVERSE = Instrument(
    symbol="XBTUSD", kind=Kind.INVERSE, tick_size=Decimal("0.5"), currency="XBT",
    value_rounding=ValueRounding.PER_LOT, **PERPETUAL,
)  # fmt: skip
LINEAR = Instrument(symbol="ETHUSD", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD", **PERPETUAL)
DATED = Instrument(
    symbol="IF", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD", initial_margin=Decimal("0.1"),
    taker_fee=Decimal("0.0001"), expiry=MONDAY + 75 * MINUTE,
    sessions=Sessions(hours=((5, 30), (34, 70))),
)  # fmt: skip


def _bars(symbol, seed, period=MINUTE):
    count = BARS * MINUTE // period
    return with_gaps(generated_bars(symbol, seed=seed, bars=count, period=period, volatility_per_year=3.0), seed)


def _ticks(symbol, seed):
    return generated_ticks(symbol, seed=seed, ticks=400, mean_gap_ns=(END - MONDAY) // 400, volatility_per_year=3.0)


def funding_rates(symbol, seed):
    ts = np.arange(MONDAY + 5 * MINUTE, END, 5 * MINUTE)
    rates = np.random.default_rng(seed).normal(0, 0.001, len(ts)).round(6)
    # Some come a little after their time.
    return FundingColumns(symbol=symbol, ts=ts, received=ts + np.arange(len(ts)) % 2 * SECOND, rate=rates)


def _marks(series):
    """A fair price every 40 s: the last close known then, and a little beside it."""
    ts = np.arange(MONDAY + 70 * SECOND, END, 40 * SECOND)
    price = series.close[np.searchsorted(series.close_ts, ts, side="right") - 1] + np.arange(len(ts)) % 5 - 2.0
    return MarkColumns(symbol=series.symbol, ts=ts, received=ts, price=price)


@attrs.frozen
class World:
    columns: list
    strategies: list
    """(class, period, execution, account)"""
    instruments: list
    settings: dict = attrs.field(factory=dict)

    def system(self, columns):
        """A system that differs from another of this world in nothing but its data; the run's id is told, too."""
        entries = [
            StrategyEntry(
                id=f"{cls.__name__.lower()[:10]}-{number}", strategy=cls, period=period, execution=execution,
                symbols=tuple(each.symbol for each in self.instruments), account=account, lots=1 + number % 3,
            )
            for number, (cls, period, execution, account) in enumerate(self.strategies)
        ]  # fmt: skip
        return TradingSystem(
            feed=columns, strategies=entries, instruments=self.instruments, run_id="poison", **self.settings
        )


_XBT, _ETH, _IF = _bars("XBTUSD", 3), _bars("ETHUSD", 4), _bars("IF", 5)
_MARGIN = {"half_spread_ticks": 2, "volume_cap": 0.05, "slippage_spread": 0.5}
WORLDS = {
    "algorithms on perpetuals under risk parity": World(
        [_XBT, _ETH, funding_rates("XBTUSD", 1), funding_rates("ETHUSD", 2), _marks(_XBT)],
        [(Prober, MINUTE, each, "main") for each in ALGORITHMS],
        [INVERSE, LINEAR],
        {
            **_MARGIN,
            "cash": {"XBT": 4 * 10**6, "USD": 10**8},
            "sizing": Sizing(method="risk-parity", target_volatility=2.0, volatility_window=8, rebalance_band=0.05),
            "scoped_limits": [
                ScopedLimits(symbol="ETHUSD", strategy="prober-8", position_lots_max=3),
                ScopedLimits(symbol="ETHUSD", open_orders_max=4),
            ],
        },
    ),
    "orders of every kind with little margin": World(
        [_ETH, funding_rates("ETHUSD", 2), _marks(_ETH)],
        [
            (EveryOrder, MINUTE, "market", "main"),
            (EveryOrder, 5 * MINUTE, "market", "second"),
            (Orders, MINUTE, "market", "second"),
            (BuyAndHold, MINUTE, "market", "gambler"),
        ],
        [LINEAR],
        {**_MARGIN, "cash": {"USD": 8_000_00}, "account_cash": {"gambler": {"USD": 1_850_00}}},
    ),
    "a fraction of the equity, in sessions, in two periods": World(
        [_IF, _bars("IF", 5, 5 * MINUTE)],
        [
            (Prober, MINUTE, "market", "main"),
            (Prober, 5 * MINUTE, ALGORITHMS[7], "main"),
            (EveryOrder, MINUTE, "market", "third"),
            (Prober, MINUTE, ALGORITHMS[4], "second"),
        ],
        [DATED],
        {
            "cash": {"USD": 10**8},
            "sizing": Sizing(method="equity-fraction", fraction=0.2),
            "risk": RiskLimits(daily_loss_max=0.015, leverage_max=3),
        },
    ),
    "algorithms and orders on ticks": World(
        [_ticks("ETHUSD", 6), funding_rates("ETHUSD", 3)],
        [
            (TickProber, MINUTE, "join", "main"),
            (Prober, MINUTE, ALGORITHMS[5], "main"),
            (Prober, 5 * MINUTE, ALGORITHMS[6], "main"),
            (EveryOrder, MINUTE, "market", "second"),
        ],
        [LINEAR],
        {"half_spread_ticks": 1, "cash": {"USD": 10**8}},
    ),
}
EDGES = [
    MONDAY + 40 * MINUTE - 1, MONDAY + 40 * MINUTE, MONDAY + 40 * MINUTE + 1, MONDAY + 41 * MINUTE,
    MONDAY + 40 * MINUTE + 20 * SECOND, MONDAY + 43 * MINUTE + 35 * SECOND, MONDAY + 76 * MINUTE,
]  # fmt: skip


@pytest.fixture(scope="module")
def poisonings():
    """The clean run of each world."""
    return {name: Poisoning(world.columns, world.system) for name, world in WORLDS.items()}


@pytest.mark.parametrize("world", WORLDS)
def test_what_was_decided_up_to_an_instant_does_not_depend_on_later_data(world, poisonings):
    poisoning = poisonings[world]
    assert poisoning.decided(EDGES[0]) > 800

    for number, at in enumerate(EDGES):
        poison = POISONS[number % len(POISONS)]
        assert poisoning.difference(at, poison) is None, (at - MONDAY, poison)


@given(
    world=st.sampled_from(sorted(WORLDS)),
    poison=st.sampled_from(POISONS),
    at=st.one_of(
        st.integers(MONDAY, END), st.integers(1, BARS).map(lambda n: MONDAY + n * MINUTE),
        st.integers(1, BARS // 5).map(lambda n: MONDAY + 5 * n * MINUTE + SECOND),
    ),
)  # fmt: skip
@settings(max_examples=10, deadline=None, derandomize=True)
def test_nor_at_any_other_instant(poisonings, world, poison, at):
    assert poisonings[world].difference(at, poison) is None


@pytest.mark.parametrize("fill", ["next-open", "this-close"])
@pytest.mark.parametrize("execution", ALGORITHMS, ids=lambda each: each if isinstance(each, str) else each["algorithm"])
def test_no_execution_algorithm_foresees(execution, fill):
    world = World(
        [_ETH, funding_rates("ETHUSD", 2)], [(Prober, MINUTE, execution, "main"), (Orders, MINUTE, "market", "main")],
        [LINEAR], {"half_spread_ticks": 2, "volume_cap": 0.02, "cash": {"USD": 10**8}, "fill": fill},
    )  # fmt: skip
    poisoning = Poisoning(world.columns, world.system)

    assert poisoning.decided(EDGES[1]) > 200
    assert [at for at, poison in zip(EDGES[2:5], POISONS, strict=True) if poisoning.difference(at, poison)] == []


def test_everything_that_money_does_was_there_to_be_compared(poisonings):
    early = set().union(*(each.kinds_decided(EDGES[0]) for each in poisonings.values()))
    whole = set().union(*(each.kinds_decided(END) for each in poisonings.values()))

    assert early >= {AmendPlaced, AmendOrder, OrderAmended, CancelOrder, OrderRejected, GaveUp}
    assert early >= {FundingPaid, ShareSized, EquityMarked}
    assert set(DECISIONS) - whole == set()
    ends = {
        message.reason for each in poisonings.values() for _, message in each.clean if isinstance(message, OrderEnded)
    }
    assert ends >= {"", "ioc", "fok", "post-only", "reduce-only", "insufficient-margin", "expired", "day"}


@pytest.mark.parametrize("reason", ["liquidated", "daily loss"])
def test_a_world_that_ends_badly_is_compared_before_and_after_its_end(poisonings, reason):
    changes = [
        (at, change)
        for each in poisonings.values()
        for at, change in each.clean
        if isinstance(change, TradingStateChanged) and change.reason.startswith(reason)
    ]

    assert changes
    assert all(EDGES[0] < at < EDGES[-1] for at, _ in changes)


@pytest.mark.parametrize("poison", POISONS)
def test_the_poison_leaves_the_rates_and_marks_that_are_known_and_no_other(poison):
    at = MONDAY + 40 * MINUTE
    for events, column in ((funding_rates("XBTUSD", 1), "rate"), (_marks(_XBT), "price")):
        bad = poisoned_after(events, at, poison)

        known, bad_known = events.received <= at, bad.received <= at
        for name in ("ts", "received", column):
            assert getattr(events, name)[known].tolist() == getattr(bad, name)[bad_known].tolist()
        assert not np.isin(getattr(bad, column)[~bad_known], getattr(events, column)).any()
        assert (np.diff(bad.received) > 0).all()
        assert poison == "scale" or len(bad) != len(events)


# Whoever peeks is caught.


def _caught(system_of, *columns, poisons=("scale",)):
    poisoning = Poisoning(list(columns), system_of)
    return any(poisoning.difference(at, poison) for at in EDGES for poison in poisons)


def test_a_strategy_that_knows_the_next_funding_rate_is_caught():
    def system_of(columns):
        rates = columns[1]

        class Peeker(Strategy):
            def on_bar(self, bar):
                row = int(np.searchsorted(rates.received, bar.close_ts, side="right"))
                self.target(-1.0 if row < len(rates) and rates.rate[row] > 0 else 1.0)

        return World([], [(Peeker, MINUTE, "market", "main")], [LINEAR]).system(columns)

    assert _caught(system_of, _ETH, funding_rates("ETHUSD", 2))


def _next_rate(self):
    at = min(self._at + 1, len(self._columns) - 1)
    self._at += 1
    ts, received = int(self._columns.ts[self._at - 1]), int(self._columns.received[self._at - 1])
    return FundingRate(symbol=self.topic[0], ts=ts, received=received, rate=float(self._columns.rate[at]))


def test_a_feed_that_says_the_rate_after_this_one_is_caught(monkeypatch):
    monkeypatch.setattr(row_streams.RowStream, "take", _next_rate)
    world = World([], [(Prober, MINUTE, "market", "main")], [LINEAR])

    assert _caught(world.system, _ETH, funding_rates("ETHUSD", 2))


def _venue_that_sees(columns, what):
    """A bar's open at which the venue already has of that bar what only its end tells."""
    honest = showing.bar_open

    def bar_open(floor, book, shown):
        series = columns[0]
        row = int(np.searchsorted(series.open_ts, shown.ts))
        if what == "volume":
            book.cap._closed = book.cap._lots(float(series.volume[row]))
        if what == "close":
            shown = attrs.evolve(shown, price=float(series.close[row]))
        return honest(floor, book, shown)

    return bar_open


@pytest.mark.parametrize("what", ["volume", "close", None])
def test_a_venue_that_fills_at_the_open_by_what_only_the_end_tells_is_caught(monkeypatch, what):
    honest, world = showing.bar_open, World([], [(Prober, MINUTE, "market", "main")], [LINEAR], {"volume_cap": 0.01})

    def system_of(columns):
        monkeypatch.setattr(showing, "bar_open", honest)
        monkeypatch.setattr(showing, "bar_open", _venue_that_sees(columns, what))
        return world.system(columns)

    assert _caught(system_of, _ETH) == (what is not None)


def test_a_portfolio_that_sizes_by_the_bar_to_come_is_caught(monkeypatch):
    world = World(
        [], [(Prober, MINUTE, "market", "main")], [LINEAR],
        {"sizing": Sizing(method="risk-parity", target_volatility=2.0, volatility_window=8, rebalance_band=0.05)},
    )  # fmt: skip
    honest = Portfolio.on_bar

    def system_of(columns):
        closes = columns[0].close

        def on_bar(self, bar):
            row = int(np.searchsorted(columns[0].close_ts, bar.close_ts))
            close = float(closes[min(row + 1, len(closes) - 1)])
            return honest(self, attrs.evolve(bar, close=close, high=max(bar.high, close), low=min(bar.low, close)))

        monkeypatch.setattr(Portfolio, "on_bar", on_bar)
        return world.system(columns)

    assert _caught(system_of, _ETH)
