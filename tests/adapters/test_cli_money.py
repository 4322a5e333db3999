"""Funding, leverage, accounts, sizing and limits from the command line and from a file, through a whole run."""

import csv
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.builders import MONDAY
from tests.system.commands import run_here

ROOT = Path(__file__).parents[2]
CONFIG = """
[[instruments]]
symbol = "XBTUSD"
kind = "inverse"
tick_size = 0.5
currency = "XBT"
value_rounding = "per-lot"
taker_fee = 0.00075
leverage = 20
maintenance_margin = 0.005
funding = "rates.csv"
[[instruments]]
symbol = "XBTUSDT"
tick_size = 0.5
currency = "USDT"
funding = 0.0001
funding_interval = "1h"
[[data]]
symbol = "XBTUSD"
file = "bars.csv"
stamps = "start"
[[data]]
symbol = "XBTUSDT"
file = "bars.csv"
stamps = "start"
[[strategies]]
id = "one"
strategy = "random"
lots = 20
symbols = ["XBTUSD"]
[[strategies]]
id = "two"
strategy = "ema-cross"
params = { fast = 2, slow = 5 }
lots = 10
symbols = ["XBTUSD", "XBTUSDT"]
execution = { algorithm = "chase", seconds = 60 }
[[strategies]]
id = "three"
strategy = "random"
symbols = ["XBTUSDT"]
mode = "paper"
[portfolio]
sizing = "risk-parity"
target_volatility = 20
volatility_window = 20
[[accounts]]
name = "paper:three"
sizing = "fixed"
cash = 5000
[risk]
order_lots_max = 1000
open_orders_max = 20
[[risk.limits]]
strategy = "one"
order_lots_max = 50
[backtest]
half_spread_ticks = 1
volume_cap = 0.5
"""


def _run(*arguments, cwd, code=0):
    done = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), "backtest", *map(str, arguments)],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == code, done.stderr + done.stdout
    return done


def _bars(path, rows=600):
    lines = ["timestamp,open,high,low,close,volume"]
    for row in range(rows):
        price = 1000 + 0.5 * ((row * row) % 97)
        lines.append(f"{MONDAY // 10**9 + row * 60},{price},{price + 1},{price - 1},{price},1000")
    path.write_text("\n".join(lines) + "\n")


def _rows(out, name):
    with (out / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _contents(out):
    found = {path.name: path.read_bytes() for path in out.iterdir()}
    summary = json.loads(found["summary.json"])
    del summary["seconds"], summary["versions"]
    return {**found, "summary.json": summary}


def _funding(out, account):
    return [row for row in _rows(out, "ledger.csv") if row["kind"] == "funding" and row["account"] == account]


def test_a_run_with_all_of_it_gives_the_same_bytes_again_from_elsewhere(tmp_path):
    _bars(tmp_path / "bars.csv")
    (tmp_path / "rates.csv").write_text("timestamp,fundingRate\n2024-01-01T04:00:00.000Z,0.001\n")
    (tmp_path / "run.toml").write_text(CONFIG)
    (tmp_path / "else").mkdir()

    run_here("backtest", "--config", "run.toml", "--out", "one", "--quiet", cwd=tmp_path)
    _run("--config", "../one/config.toml", "--out", "two", "--quiet", cwd=tmp_path / "else")

    one = _contents(tmp_path / "one")
    assert _contents(tmp_path / "else" / "two") == one
    assert [(each["symbol"], each["kind"]) for each in one["summary.json"]["data"]] == [
        ("XBTUSD", "bars"), ("XBTUSDT", "bars"), ("XBTUSD", "funding"),
    ]  # fmt: skip
    assert one["summary.json"]["conventions"]["stamps"] == {"XBTUSD": "start", "XBTUSDT": "start"}
    assert one["summary.json"]["currencies"]["USDT@paper:three"]["cash_start_minor"] == 5000 * 10**6
    assert {row["ts"] for row in _funding(tmp_path / "one", "main") if row["currency"] == "XBT"} == {
        "2024-01-01T04:00:00Z"
    }
    assert _funding(tmp_path / "one", "paper:three")


def test_the_command_line_tells_funding_leverage_and_execution(tmp_path):
    _bars(tmp_path / "XBTUSD.csv")

    run_here(
        "backtest", "--data", "XBTUSD.csv", "--instrument", "inverse", "--strategy", "buy-and-hold",
        "--funding", "0.0001", "--leverage", "10", "--execution", "opponent", "--slippage-spread", "0.5",
        "--half-spread-ticks", "2", "--volume-cap", "0.25", "--lots", "10", "--out", "out", "--quiet", cwd=tmp_path,
    )  # fmt: skip

    told = tomllib.loads((tmp_path / "out" / "config.toml").read_text())
    assert told["instruments"][0]["leverage"] == 10
    assert told["instruments"][0]["funding"] == 0.0001
    assert told["strategies"][0]["execution"] == "opponent"
    assert told["backtest"]["volume_cap"] == 0.25
    # Ten hours hold one payment, at 08:00; a long pays a rate above zero.
    (paid,) = _funding(tmp_path / "out", "main")
    assert (paid["ts"], int(paid["amount_minor"]) < 0) == ("2024-01-01T08:00:00Z", True)


def test_spot_is_bought_with_cash_and_never_sold_short(tmp_path):
    _bars(tmp_path / "XBTUSDT.csv")

    run_here(
        "backtest", "--data", "XBTUSDT.csv", "--instrument", "spot", "--strategy", "random", "--cash", "100000",
        "--lots", "5", "--out", "out", "--quiet", cwd=tmp_path,
    )  # fmt: skip

    positions = [int(row["position_lots"]) for row in _rows(tmp_path / "out", "fills.csv")]
    assert max(positions) > 0
    assert min(positions) >= 0


def test_what_does_not_go_together_ends_with_exit_code_2(tmp_path):
    _bars(tmp_path / "A.csv")

    done = run_here("backtest", "--data", "A.csv", "--instrument", "spot", "--leverage", "5", cwd=tmp_path, code=2)

    assert "spot has neither margin nor expiry nor funding" in done.stderr


def test_sizes_that_no_column_could_hold_are_bad_input_and_leave_no_folder(tmp_path):
    _bars(tmp_path / "bars.csv")

    done = run_here(
        "backtest", "--data", "X=bars.csv", "--strategy", "ema-cross", "--param", "fast=2", "--param", "slow=5",
        "--lots", 10**15, "--cash", 10**13, "--out", "out", cwd=tmp_path, code=2,
    )  # fmt: skip

    assert "too large to count" in done.stderr
    assert not (tmp_path / "out").exists()
