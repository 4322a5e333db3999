"""A run cannot outlive its bankruptcy, on bars or on ticks: it is taken out of the market, halted, and told so."""

import csv
import json
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem
from adapters.generated import generated_bars, generated_ticks
from messages import Instrument, Kind, Liquidity, ValueRounding
from tests.builders import MINUTE
from tests.system.commands import run_here

START = 1_704_067_200
TERMS = """
[[instruments]]
symbol = "XBTUSD"
tick_size = 0.5
currency = "USD"
taker_fee = 0.00075
leverage = 10
maintenance_margin = 0.02
{data}
[[strategies]]
id = "hold"
strategy = "buy-and-hold"
period = "1m"
lots = 9
[[strategies]]
id = "dice"
strategy = "random"
period = "1m"
execution = "opponent"
[backtest]
cash = {{ USD = 1000 }}
half_spread_ticks = 1
"""


def _prices():
    """Down by half a point at a time, once by more than half of it all, and up again."""
    prices = [1000.0 - 0.5 * number for number in range(250)]
    return prices + [360.0 + 0.5 * number for number in range(150)]


def _bars(folder):
    prices = _prices()
    with (folder / "market.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for number, (opened, closed) in enumerate(pairwise(prices)):
            edges = max(opened, closed) + 0.5, min(opened, closed) - 0.5
            writer.writerow([START + 60 * number, opened, *edges, closed, 1000])
    return 'period = "1m"\nstamps = "start"'


def _ticks(folder):
    with (folder / "market.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["timestamp", "price", "size"])
        writer.writerows((START + 10 * number, price, 10) for number, price in enumerate(_prices()))
    return ""


def _rows(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("market", [_bars, _ticks])
def test_a_run_that_is_liquidated_ends_flat_and_halted_above_zero_and_says_so(tmp_path, market):
    terms = market(tmp_path)
    (tmp_path / "run.toml").write_text(TERMS.format(data=f'[[data]]\nsymbol = "XBTUSD"\nfile = "market.csv"\n{terms}'))

    done = run_here("backtest", "--config", "run.toml", "--out", "out", cwd=tmp_path, code=3)

    assert "Trading was halted at the end: liquidated" in done.stdout
    assert "XBTUSD of account main was liquidated on 2024-01-01" in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["liquidations"] == 1
    fills = _rows(tmp_path / "out" / "fills.csv")
    first = next(number for number, row in enumerate(fills) if row["liquidity"] == "liquidation")
    # It is the last thing that happens, and leaves nobody anything: not even what strategies could cross.
    assert {row["liquidity"] for row in fills[first:]} == {"liquidation"}
    assert {row["position_lots"] for row in fills[first:]} == {"0"}
    equities = [int(row["equity_minor"]) for row in _rows(tmp_path / "out" / "equity.csv")]
    assert min(equities) >= 0
    assert equities[-1] == summary["equity_end_minor"] < 100_000


# Whatever is traded, at whatever leverage, in whatever contract.

KINDS = {
    "linear": {"kind": Kind.LINEAR, "currency": "USD"},
    "per lot": {"kind": Kind.LINEAR, "currency": "USD", "value_rounding": ValueRounding.PER_LOT},
    "inverse": {"kind": Kind.INVERSE, "currency": "XBT", "lot_size": Decimal(100)},
    "quanto": {"kind": Kind.QUANTO, "currency": "XBT", "multiplier": Decimal("0.000001")},
}


class Gambler(Strategy):
    """Bets everything, and more, the one way or the other."""

    def on_bar(self, bar):
        if self.random.random() < 0.2:
            self.target(float(self.random.choice([-1, 1, 1, -2, 2])))
        if self.random.random() < 0.1:
            self.sell(40, limit=bar.close + 20, time_in_force="day")


def _gamble(feed, kind, seed, cash, margins):
    initial, maintenance = margins
    instrument = Instrument(
        symbol="XBTUSD", tick_size=Decimal("0.5"), initial_margin=Decimal(initial),
        maintenance_margin=Decimal(maintenance), taker_fee=Decimal("0.00075"), maker_fee=Decimal("-0.00025"),
        **KINDS[kind],
    )  # fmt: skip
    entries = [
        StrategyEntry(
            id=f"gambler-{number}", strategy=Gambler, symbols=("XBTUSD",), period=MINUTE, lots=60, execution=execution
        )
        for number, execution in enumerate(("market", "join"))
    ]
    system = TradingSystem(
        feed=feed, strategies=entries, instruments=[instrument], cash={instrument.currency: cash}, seed=seed,
        half_spread_ticks=1,
    )  # fmt: skip
    return system.backtest()


WILD = {
    "bars": [generated_bars("XBTUSD", seed=seed, bars=150, volatility_per_year=60.0) for seed in (1, 2)],
    "ticks": [
        generated_ticks("XBTUSD", seed=seed, ticks=1500, mean_gap_ns=6 * 10**9, volatility_per_year=60.0)
        for seed in (1, 2)
    ],
}


@given(
    market=st.sampled_from(sorted(WILD)),
    number=st.integers(0, 1),
    kind=st.sampled_from(sorted(KINDS)),
    seed=st.integers(0, 10**6),
    cash=st.sampled_from([10**6, 10**7, 10**8]),
    # No less: a fill at an open is valued at the close before it in that instant's sample, and there are gaps.
    margins=st.sampled_from([("0.05", "0.02"), ("0.1", "0.05"), ("0.05", "0")]),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_equity_is_never_below_zero_and_nothing_is_traded_after_the_end(market, number, kind, seed, cash, margins):
    result = _gamble(WILD[market][number], kind, seed, cash, margins)

    assert result.failures == ()
    (curve,) = result.curves
    assert curve.equity_minor.min() >= 0
    ends = [place for place, row in enumerate(result.fills) if row.liquidity is Liquidity.LIQUIDATION]
    if not ends:
        assert result.halted is None
        return
    assert result.halted.startswith("liquidated")
    assert ends == list(range(ends[0], len(result.fills)))
    assert {row.position_lots for row in result.strategies} == {0}


@pytest.mark.parametrize("market", sorted(WILD))
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_and_in_every_contract_there_are_some_who_are_ruined(market, kind):
    result = _gamble(WILD[market][0], kind, 3, 10**7, ("0.05", "0.02"))

    assert result.liquidations
