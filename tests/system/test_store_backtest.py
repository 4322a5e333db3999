"""Backtests over a store, as a user runs them: what is in it comes back as a run, the same one every time."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from adapters.store import Store
from messages import iso_utc
from tests.adapters.stored.stores import TICKS, write_bars, write_ticks, write_values
from tests.builders import MINUTE, MONDAY, SECOND
from tests.system.commands import ROOT, contents, run_command

HEARING = '''
from actors import Strategy


class Hearing(Strategy):
    """Counts what it hears, and trades on it."""

    def on_start(self):
        self.counts = {}

    def _count(self, what, number):
        self.counts[what] = self.counts.get(what, 0) + 1
        if self.counts[what] % 40 == 0:
            self.target(number // 0.5 % 3 - 1, self.symbols[0])

    def on_tick(self, tick):
        self._count(tick.symbol, tick.price)

    def on_quote(self, quote):
        self._count(quote.symbol, quote.bid)

    def on_index(self, index):
        self._count("index", index.price)

    def on_stop(self):
        self.mark(str(sorted(self.counts.items())), symbol=self.symbols[0])
'''


def counts_of(folder):
    return (folder / "marks.csv").read_text(encoding="utf-8")


@pytest.fixture
def filled(tmp_path):
    """A folder with a store of two venues in it, and a strategy."""
    write_ticks(tmp_path / "data", "bitmex", "XBTUSD", seed=1)
    write_ticks(tmp_path / "data", "binance-coinm", "BTCUSD_PERP", seed=2)
    write_values(tmp_path / "data", "index", MONDAY + np.arange(1, 50) * MINUTE, 50_000 + np.arange(49))
    (tmp_path / "hearing.py").write_text(HEARING, encoding="utf-8")
    return tmp_path


def run(folder, *arguments, out, **rest):
    return run_command("backtest", *arguments, "--out", folder / out, cwd=folder, **rest)


TWO = ("--data", "XBTUSD.BITMEX=data", "--data", "BTCUSD_PERP.BINANCE-COINM=data", "--strategy", "hearing.py:Hearing")


def test_two_symbols_of_two_venues_are_heard_in_one_run(filled):
    done = run(filled, *TWO, out="a")

    marks = counts_of(filled / "a")
    assert f"('BTCUSD_PERP.BINANCE-COINM', {2 * TICKS}), ('XBTUSD.BITMEX', {2 * TICKS}), ('index', 49)" in marks
    assert "ticks, quotes, index of XBTUSD.BITMEX from the store" in done.stdout.replace("\n  ", " ")
    summary = json.loads((filled / "a" / "summary.json").read_text())
    assert {(fact["symbol"], fact["kind"], fact["rows"]) for fact in summary["data"]} == {
        ("XBTUSD.BITMEX", "ticks", TICKS), ("XBTUSD.BITMEX", "quotes", TICKS), ("XBTUSD.BITMEX", "index", 49),
        ("BTCUSD_PERP.BINANCE-COINM", "ticks", TICKS), ("BTCUSD_PERP.BINANCE-COINM", "quotes", TICKS),
    }  # fmt: skip
    assert summary["fills"] > 10


def test_a_run_is_named_by_what_the_store_holds_and_not_by_where_it_lies(filled):
    run(filled, *TWO, out="a")
    run(filled, "--config", filled / "a" / "config.toml", out="b")
    shutil.move(filled / "data", filled / "elsewhere")
    run(filled, *[text.replace("=data", "=elsewhere") for text in TWO], out="c")

    names = [json.loads((filled / out / "summary.json").read_text())["run_id"] for out in "abc"]
    assert len(set(names)) == 1
    assert contents(filled / "a") == contents(filled / "b")

    write_ticks(filled / "elsewhere", "bitmex", "XBTUSD", seed=9, ticks=5, quotes=False)
    run(filled, *[text.replace("=data", "=elsewhere") for text in TWO], out="d")
    assert json.loads((filled / "d" / "summary.json").read_text())["run_id"] not in names


def test_trades_that_were_on_their_way_are_waited_for_as_a_live_run_does(tmp_path):
    ts = MONDAY + np.arange(1, 3_001) * SECOND // 2
    # The last trade of each minute is made 50 ms before its end, and received 50 ms after it.
    ts[118::120] += 9 * SECOND // 20
    columns = {
        "ts": ts, "received": ts + SECOND // 10, "price": 50_000.0 + np.arange(3_000) % 7, "size": np.ones(3_000),
        "aggressor": np.zeros(3_000, dtype=np.int8),
    }  # fmt: skip
    Store(tmp_path / "data").write("bitmex", "XBTUSD", "ticks", columns)
    hearing = ("--data", "data", "--symbol", "XBTUSD", "--strategy", "buy-and-hold")
    (tmp_path / "waits.toml").write_text("[backtest]\nclose_grace_ms = 250\n", encoding="utf-8")

    at_once = run(tmp_path, *hearing, out="a")
    waiting = run(tmp_path, "--config", tmp_path / "waits.toml", *hearing, out="b")

    late = [json.loads((tmp_path / out / "summary.json").read_text())["bad_items"].get("late", 0) for out in "ab"]
    assert late == [25, 0]
    assert "[backtest] close_grace_ms = 250" in " ".join(at_once.stdout.split())
    assert "close_grace_ms" not in waiting.stdout
    assert "close_grace_ms" not in (tmp_path / "a" / "config.toml").read_text()


def test_no_speed_changes_a_result(filled):
    run(filled, *TWO, out="a")
    run(filled, *TWO, "--speed", "100000", out="b")

    assert contents(filled / "a") == contents(filled / "b")


def test_at_a_speed_a_run_takes_its_time_and_a_signal_ends_the_waiting(filled):
    command = [sys.executable, str(ROOT / "run.py"), "backtest", *TWO, "--speed", "10", "--out", "slow"]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=filled, stdout=subprocess.PIPE, text=True)
    time.sleep(4.0)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)

    assert process.returncode == 130
    assert time.monotonic() - began < 20
    assert "stopped early: SIGINT" in said
    assert 0 < json.loads((filled / "slow" / "summary.json").read_text())["ticks"] < TICKS / 10


def test_a_range_cuts_the_store(filled):
    begin, end = MONDAY + 600 * SECOND, MONDAY + 1200 * SECOND
    arguments = ("--data", "data", "--symbol", "XBTUSD", "--kind", "ticks", "--strategy", "hearing.py:Hearing")
    run(filled, *arguments, "--from", iso_utc(begin), "--to", iso_utc(end), out="a")

    inside = len(Store(filled / "data").ticks("bitmex", "XBTUSD", begin, end))
    assert 0 < inside < TICKS
    assert json.loads((filled / "a" / "summary.json").read_text())["ticks"] == inside
    assert f"('XBTUSD', {inside})" in counts_of(filled / "a")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data", "data"), "several symbols"),
        (("--data", "data", "--symbol", "ETHUSD"), r"the store has BTCUSD_PERP.BINANCE-COINM (quotes, ticks"),
        (("--data", "XBTUSD.KRAKEN=data"), "there are no market data of XBTUSD.KRAKEN"),
        (("--data", "XBTUSD=data", "--kind", "books"), "there are no books of XBTUSD; there are"),
        (("--data", "XBTUSD=data", "--kind", "candles"), "'candles'"),
        (("--data", "XBTUSD=data", "--from", "2030-01-01"), "lies in the range asked for"),
        (
            (
                "--data",
                "XBTUSD=empty",
            ),
            "is a folder, but no store",
        ),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(filled, arguments, said):
    (filled / "empty").mkdir()

    done = run(filled, *arguments, out="x", code=2)

    assert said in done.stderr.replace("\n", " ")
    assert not (filled / "x").exists()


def test_of_bars_of_several_periods_those_are_taken_that_fit_what_the_strategies_hear(tmp_path):
    write_bars(tmp_path / "data", bars=900)
    write_bars(tmp_path / "data", bars=60, period=15 * MINUTE, name="15m")
    arguments = ("--data", "data", "--kind", "bars", "--strategy", "ema-cross")

    chosen = [run(tmp_path, *arguments, "--period", period, out=period).stdout for period in ("5m", "30m")]
    plain = run(tmp_path, "--data", "data", "--strategy", "ema-cross", out="plain")
    refused = run(tmp_path, *arguments, out="x", code=2)

    assert "(also there: bars-15m; kind and period say otherwise)" in plain.stdout.replace("\n  ", " ")
    assert ["bars-1m of XBTUSD" in chosen[0], "bars-15m of XBTUSD" in chosen[1]] == [True, True]
    assert "which bars of XBTUSD? Name their period; there are 15m, 1m" in refused.stderr


def test_bars_of_a_store_are_the_same_run_as_bars_of_a_file(tmp_path):
    bars = write_bars(tmp_path / "data", bars=900)
    stamps = np.datetime_as_string(bars.open_ts.view("datetime64[ns]"), unit="s")
    rows = zip(stamps, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    lines = ["timestamp,open,high,low,close,volume", *[f"{t}Z,{o},{h},{lo},{c},{v}" for t, o, h, lo, c, v in rows]]
    (tmp_path / "XBTUSD.csv").write_text("\n".join(lines), encoding="utf-8")

    run(tmp_path, "--data", "data", "--strategy", "ema-cross", out="a")
    run(tmp_path, "--data", "XBTUSD.csv", "--stamps", "start", "--strategy", "ema-cross", out="b")

    names = ("equity.csv", "signals.csv")
    of_store, of_file = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert all(of_store[name] == of_file[name] for name in names)
    assert of_store["fills.csv"].count(b"\n") > 5


def test_a_perpetual_pays_the_store_s_funding_at_the_store_s_marks(tmp_path):
    bars = write_bars(tmp_path / "data", bars=900)
    write_values(tmp_path / "data", "funding", [MONDAY + 480 * MINUTE], [0.001])
    write_values(tmp_path / "data", "marks", bars.close_ts[::7] + 5, bars.close[::7])

    done = run(
        tmp_path, "--data", "data", "--strategy", "buy-and-hold", "--instrument", "inverse", "--lots", "1000", out="a"
    )

    (paid,) = (tmp_path / "a" / "funding.csv").read_text().splitlines()[1:]
    assert paid.split(",")[1] == str(MONDAY + 480 * MINUTE)
    assert "marks: of XBTUSD from the store" in done.stdout.replace("\n  ", " ")
    config = (tmp_path / "a" / "config.toml").read_text()
    assert f'funding = "{tmp_path / "data"}"' in config
    run(tmp_path, "--config", tmp_path / "a" / "config.toml", out="b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_of_bars_that_were_received_twice_it_is_said_how_many(tmp_path):
    first = write_bars(tmp_path / "data", bars=300)
    store = Store(tmp_path / "data")
    names = ("open_ts", "close_ts", "open", "high", "low", "close", "volume")
    rows = {name: getattr(first, name)[:100] for name in names}
    again = {**rows, "volume": rows["volume"] + 1, "received": rows["close_ts"] + SECOND}
    store.write("bitmex", "XBTUSD", "bars-1m", {**again, "turnover": np.full(100, np.nan), "ticks": np.full(100, -1)})

    done = run(tmp_path, "--data", "data", "--strategy", "ema-cross", out="a")

    assert "100 1m bars of XBTUSD at bitmex are there more than once" in " ".join(done.stdout.split())
    assert json.loads((tmp_path / "a" / "summary.json").read_text())["bars"] == 300
