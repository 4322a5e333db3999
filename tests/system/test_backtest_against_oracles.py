"""Whole backtests come to what a few lines of plain Python come to."""

import csv
import gzip
import json
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.strategies import BuyAndHold, EmaCross, RandomPositions
from adapters.generated import generated_bars, generated_quotes, generated_ticks
from messages import Instrument, Kind, ValueRounding
from tests.builders import MINUTE
from tests.system.commands import SHARED_DATA, run_here

XBTUSD = Instrument(
    symbol="XBTUSD", kind=Kind.INVERSE, tick_size=Decimal("0.5"), currency="XBT", value_rounding=ValueRounding.PER_LOT,
    taker_fee=Decimal("0.00075"),
)  # fmt: skip


def _real(name):
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"real market data {name} are not beside this checkout")
    return path


def _rows(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _half_away(exact):
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def _ema_cross(times, opens, closes, fast=10, slow=50):
    """[(time, lots, price)] of a strategy that decides at closes and fills at the next open."""
    a, b = 2 / (fast + 1), 2 / (slow + 1)
    quick = lazy = closes[0]
    position = wanted = 0
    fills = []
    for row in range(1, len(closes)):
        if wanted != position:
            fills.append((times[row], wanted - position, opens[row]))
            position = wanted
        quick += a * (closes[row] - quick)
        lazy += b * (closes[row] - lazy)
        if row >= slow and quick != lazy:
            wanted = 1 if quick > lazy else -1
    return fills


def _money(fills, last, lots):
    """(profit, fees) in satoshi of an inverse contract of 1 USD, one lot's value rounded, 0.075 % paid."""
    profit = fees = position = 0
    for _, change, price in fills:
        each = _half_away(Fraction(10**8) / Fraction(price))
        profit += change * lots * each
        fees += _half_away(Fraction(75, 100_000) * abs(change * lots * each))
        position += change * lots
    return profit - position * _half_away(Fraction(10**8) / Fraction(last)) - fees, fees


def test_ema_cross_trades_and_earns_what_a_plain_loop_does():
    bars = generated_bars("XBTUSD", seed=11, bars=5000)
    entry = StrategyEntry(id="ema", strategy=EmaCross, symbols=("XBTUSD",), period=MINUTE, lots=700)

    result = TradingSystem(feed=bars, strategies=[entry], instruments=[XBTUSD]).backtest()

    expected = _ema_cross(bars.open_ts.tolist(), bars.open.tolist(), bars.close.tolist())
    assert len(expected) > 50
    assert [(row.ts, row.lots, row.price) for row in result.fills] == [(t, lots * 700, p) for t, lots, p in expected]
    (summary,) = result.summaries
    assert (summary.pnl_minor, summary.fees_minor) == _money(expected, bars.close[-1], 700)


def test_so_it_does_over_fifty_thousand_real_minutes(tmp_path):
    with gzip.open(_real("bitmex_XBTUSD_1m.csv.gz"), "rt", encoding="utf-8") as stream:
        lines = list(islice(stream, 50_001))
    (tmp_path / "XBTUSD.csv").write_text("".join(lines))
    run_here(
        "backtest", "--data", "XBTUSD.csv", "--stamps", "start", "--instrument", "inverse", "--strategy", "ema-cross",
        "--taker-fee", "0.00075", "--lots", "100", "--cash", "1000", "--out", "out", "--quiet", cwd=tmp_path,
    )  # fmt: skip

    rows = list(csv.DictReader(lines))
    fills = _rows(tmp_path / "out" / "fills.csv")
    expected = _ema_cross(list(range(len(rows))), [float(r["open"]) for r in rows], [float(r["close"]) for r in rows])
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["bars"] == len(rows) == 50_000
    told = [(int(r["lots"]) * (1 if r["side"] == "buy" else -1), float(r["price"])) for r in fills]
    assert told == [(lots * 100, price) for _, lots, price in expected]
    assert len(told) > 500
    # The file says 1 USD a contract; the value is rounded once per fill, not per lot.
    profit = sum(_half_away(Fraction(lots * 10**8) / Fraction(price)) for lots, price in told)
    fees = sum(
        _half_away(Fraction(75, 100_000) * Fraction(abs(lots) * 10**8) / Fraction(price)) for lots, price in told
    )
    held = sum(lots for lots, _ in told)
    left = _half_away(Fraction(held * 10**8) / Fraction(rows[-1]["close"]))
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["fees_minor"] == fees
    assert summary["pnl_minor"] == profit - left - fees


@pytest.mark.parametrize("rows", [1, 2, 777])
@pytest.mark.parametrize("fill", ["next-open", "this-close"])
def test_n_rows_in_are_n_bars_out_each_once_and_in_order(rows, fill):
    heard = []

    class Ears(Strategy):
        def on_bar(self, bar):
            heard.append((bar.open_ts, bar.open, bar.high, bar.low, bar.close, bar.volume))
            self.target(float(len(heard) % 3 - 1))

    bars = generated_bars("XBTUSD", bars=rows)
    result = TradingSystem(feed=bars, strategies=[Ears], fill=fill).backtest()

    columns = (bars.open_ts, bars.open, bars.high, bars.low, bars.close, bars.volume)
    assert heard == list(zip(*(column.tolist() for column in columns), strict=True))
    assert result.bars == rows


def test_the_founding_demo_hears_every_row_of_its_file(tmp_path):
    """Five-minute index futures stamped with their ends in Shanghai time: q1, q2, q5 and q18 began with this file."""
    path = _real("IF.csv")
    run_here(
        "backtest", "--data", path, "--period", "5m", "--stamps", "end", "--strategy", "random", "--fill", "this-close",
        "--instrument", "linear", "--multiplier", "300", "--currency", "CNY", "--timezone", "Asia/Shanghai",
        "--out", "out", "--quiet", cwd=tmp_path,
    )  # fmt: skip

    rows = _rows(path)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["bars"] == summary["data"][0]["rows"] == len(rows)
    when = next(column for column in rows[0] if "time" in column.lower() or column == "")
    closes = {
        int(datetime.fromisoformat(row[when]).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * 10**9: row[
            "close"
        ]
        for row in rows
    }
    assert len(_rows(tmp_path / "out" / "equity.csv")) == len(rows)
    position = profit = 0
    for fill in _rows(tmp_path / "out" / "fills.csv"):
        # Every fill is at the close of the bar that it was decided at.
        assert Fraction(fill["price"]) == Fraction(closes[int(fill["ts_ns"])])
        lots = int(fill["lots"]) * (1 if fill["side"] == "buy" else -1)
        position += lots
        profit -= lots * Fraction(fill["price"]) * 300 * 100
    profit += position * Fraction(rows[-1]["close"]) * 300 * 100
    assert summary["pnl_minor"] == profit
    assert summary["fills"] < summary["bars"] * 0.75


def test_buy_and_hold_earns_the_last_close_less_the_second_open():
    bars = generated_bars("SPX", seed=2, bars=500, tick_size=0.25, price=4000.0)
    points = Instrument(
        symbol="SPX", kind=Kind.LINEAR, tick_size=Decimal("0.25"), multiplier=Decimal(50), currency="USD",
        taker_fee=Decimal("0.0001"),
    )  # fmt: skip
    entry = StrategyEntry(id="hold", strategy=BuyAndHold, symbols=("SPX",), period=MINUTE, lots=3)

    result = TradingSystem(feed=bars, strategies=[entry], instruments=[points]).backtest()

    bought = Fraction(bars.open[1]) * 3 * 50 * 100
    fee = _half_away(bought / 10_000)
    (summary,) = result.summaries
    assert summary.pnl_minor == Fraction(bars.close[-1]) * 3 * 50 * 100 - bought - fee
    assert len(result.fills) == 1


def test_random_is_long_short_and_flat_a_third_of_the_time_each():
    bars = generated_bars("XBTUSD", bars=6000)

    result = TradingSystem(feed=bars, strategies=[RandomPositions]).backtest()

    changes = {signal.ts: signal.target for signal in result.signals}
    wanted, counts = None, {-1.0: 0, 0.0: 0, 1.0: 0}
    for ts in bars.close_ts.tolist():
        wanted = changes.get(ts, wanted)
        counts[wanted] += 1
    # Three standard deviations of a third of 6,000 are 110.
    assert all(abs(count - 2000) < 110 for count in counts.values()), counts


def test_a_run_without_orders_says_what_it_saw_and_why_nothing_came_of_it(tmp_path):
    (tmp_path / "run.toml").write_text('[[data]]\nsymbol = "XBTUSD"\ngenerated = { count = 300 }\n')
    (tmp_path / "idle.py").write_text("from actors import Strategy\nclass Idle(Strategy):\n    pass\n")

    idle = run_here("backtest", "--config", "run.toml", "--strategy", "idle.py:Idle", "--out", "a", cwd=tmp_path)
    (tmp_path / "tight.toml").write_text(
        (tmp_path / "run.toml").read_text() + "[risk]\norder_lots_max = 5\nposition_lots_max = 1\n"
    )
    tight = run_here(
        "backtest", "--config", "tight.toml", "--strategy", "random", "--lots", "3", "--out", "b", cwd=tmp_path
    )

    for words in ("Nothing was traded", "300 bars", "No strategy gave a signal"):
        assert words in idle.stdout
    summary = json.loads((tmp_path / "b" / "summary.json").read_text())
    assert summary["fills"] == 0
    assert summary["refusals"]["position-limit"] > 10
    for words in ("Nothing was traded", f"random {summary['signals']}", "position-limit"):
        assert words in tight.stdout


class _Dice(Strategy):
    def on_tick(self, _tick):
        self._roll()

    def on_quote(self, _quote):
        self._roll()

    def _roll(self):
        if self.random.random() < 0.1:
            self.target(float(self.random.randint(-2, 2)))


@pytest.mark.parametrize("feed", ["ticks", "ticks and quotes", "quotes", "fewer ticks than make a bar"])
def test_the_last_sample_of_equity_is_of_all_that_happened_whatever_the_feed(feed):
    count = 90 if feed.startswith("fewer") else 1111
    ticks, quotes = generated_ticks("XBTUSD", ticks=count), generated_quotes("XBTUSD", ticks=count)
    columns = {"quotes": [quotes], "ticks and quotes": [ticks, quotes]}.get(feed, [ticks])

    result = TradingSystem(feed=columns, strategies=[_Dice]).backtest()

    assert len(result.fills) > 5
    (curve,) = result.curves
    assert curve.equity_minor[-1] - curve.cash_start_minor == sum(row.pnl_minor for row in result.strategies)
    assert result.summaries[0].pnl_minor == sum(row.pnl_minor for row in result.strategies)
