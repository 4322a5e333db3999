"""The run that issue three asks for, small: five strategies, two contracts of the same prices, and every cent again.

Two programs that share nothing with the run, nor with each other, recompute its money from the files it wrote.
"""

import csv
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from adapters.generated import generated_bars
from tests.builders import MONDAY
from tests.system.commands import ROOT, run_here

ORACLE = Path(__file__).with_name("ledger_oracle.py")
RECOMPUTE = ROOT / "examples" / "recompute.py"
MINUTES = 4_000
"""Nearly three days: a lost one in between is over."""
CONFIG = """
[[instruments]]
symbol = "XBTUSD"
kind = "inverse"
tick_size = 0.5
currency = "XBT"
value_rounding = "per-lot"
maker_fee = -0.00025
taker_fee = 0.00075
leverage = 20
maintenance_margin = 0.01
funding = "rates.csv"
funding_interval = "8h"

[[instruments]]
symbol = "XBTUSDT"
kind = "linear"
tick_size = 0.5
lot_size = 0.001
currency = "USDT"
maker_fee = 0.0002
taker_fee = 0.0005
leverage = 20
maintenance_margin = 0.01
funding = 0.0001
funding_interval = "8h"

[[data]]
symbol = "XBTUSD"
file = "bars.csv"
period = "1m"
stamps = "start"

[[data]]
symbol = "XBTUSDT"
file = "bars.csv"
period = "1m"
stamps = "start"

[[strategies]]
id = "trend"
strategy = "ema-cross"
symbols = ["XBTUSD", "XBTUSDT"]
period = "1m"
lots = 600
params = { fast = 8, slow = 30 }
execution = { algorithm = "chase", seconds = 120 }

[[strategies]]
id = "breakout"
strategy = "turtle"
symbols = ["XBTUSD"]
period = "15m"
params = { lots = 300 }
execution = "join"

[[strategies]]
id = "dice"
strategy = "random"
symbols = ["XBTUSD", "XBTUSDT"]
period = "5m"
lots = 240
execution = { algorithm = "twap", minutes = 4, slices = 4 }

[[strategies]]
id = "slow-dice"
strategy = "random"
symbols = ["XBTUSDT"]
period = "15m"
lots = 400
execution = { algorithm = "iceberg", show_lots = 150 }

[[strategies]]
id = "idea"
strategy = "ema-cross"
symbols = ["XBTUSD", "XBTUSDT"]
period = "5m"
lots = 500
params = { fast = 5, slow = 20 }
execution = "opponent"
mode = "paper"

[portfolio]
sizing = "risk-parity"
target_volatility = 0.9
volatility_window = 60

[risk]
daily_loss_max = 0.04
day_starts = "00:00"
order_lots_max = 20000

[[risk.limits]]
strategy = "dice"
position_lots_max = 400

[backtest]
half_spread_ticks = 1
volume_cap = 0.5
cash = { XBT = 0.3, USDT = 30000 }
"""


def _write_market(folder):
    bars = generated_bars("XBT", seed=12, bars=MINUTES, volatility_per_year=0.9)
    # Enough volume for the cap to bind now and then, and not always.
    columns = (bars.open_ts // 10**9, bars.open, bars.high, bars.low, bars.close, (bars.volume * 40).round())
    with (folder / "bars.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    rates = [(8, 0.0003), (16, -0.000125), (24, 0.001), (32, 0.0001), (40, -0.0007), (48, 0.00025), (56, 0.0001)]
    lines = [f"{MONDAY // 10**9 + hour * 3600},{rate}" for hour, rate in rates]
    (folder / "rates.csv").write_text("\n".join(["timestamp,fundingRate", *lines]) + "\n")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that the run wrote."""
    folder = tmp_path_factory.mktemp("five")
    _write_market(folder)
    (folder / "run.toml").write_text(CONFIG)
    run_here("backtest", "--config", "run.toml", "--out", "out", "--quiet", cwd=folder)
    return folder / "out"


def _rows(folder, name):
    with (folder / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _judge(program, folder):
    command = [sys.executable, "-I", str(program), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.parametrize("program", [ORACLE, RECOMPUTE], ids=["oracle", "recompute"])
def test_another_program_comes_to_the_same_money(written, program):
    done = _judge(program, written)

    assert done.returncode == 0, done.stdout + done.stderr


def test_and_everything_that_the_run_was_to_have_was_in_it(written):
    summary = json.loads((written / "summary.json").read_text())
    fills, orders = _rows(written, "fills.csv"), _rows(written, "orders.csv")
    kinds = {(row["strategy"], row["symbol"]) for row in fills}
    configuration = tomllib.loads((written / "config.toml").read_text())

    assert set(summary["currencies"]) == {"XBT", "USDT", "XBT@paper:idea", "USDT@paper:idea"}
    assert len(kinds) == 8
    assert {row["liquidity"] for row in fills} == {"maker", "taker", "internal"}
    assert {row["account"] for row in fills} == {"main", "paper:idea"}
    assert {"chase", "join", "twap", "iceberg", "opponent"} <= {row["algorithm"].split()[0] for row in orders}
    assert summary["daily_loss_trips"] >= 1
    assert summary["liquidations"] == 0
    assert {row["strategy"] for row in _rows(written, "weights.csv")} == {
        "trend", "breakout", "dice", "slow-dice", "idea",
    }  # fmt: skip
    assert all(summary["currencies"][name]["funding_minor"] for name in summary["currencies"])
    assert len({row["ts"] for row in _rows(written, "funding.csv")}) >= 5
    assert [section["file"] for section in configuration["data"]] == [str(written.parent / "bars.csv")] * 2
    assert len(fills) > 800


def test_who_lost_too_much_is_flat_until_the_next_day(written):
    """By the fills' own fold: after a day was lost its account holds nothing, and trades again on the next one."""
    fills = [row for row in _rows(written, "fills.csv") if row["account"] == "main"]
    nets, days = {}, {}
    for row in fills:
        lots = int(row["lots"]) if row["side"] == "buy" else -int(row["lots"])
        nets[row["symbol"]] = nets.get(row["symbol"], 0) + lots
        days.setdefault(row["ts"][:10], []).append(dict(nets))
    refused = [row for row in _rows(written, "orders.csv") if row["status"] == "refused" and row["account"] == "main"]
    summary = json.loads((written / "summary.json").read_text())

    flat = [day for day, states in days.items() if not any(states[-1].values())]
    assert len(flat) >= 1
    assert len(days) == 3
    assert summary["daily_loss_trips"] >= len(flat)
    assert {row["reason"] for row in refused} <= {"halted", "position-limit", "reduce-only"}


TAMPERED = [
    ("summary.json", "cash_end_minor"), ("summary.json", "fees_minor"), ("summary.json", "funding_minor"),
    ("summary.json", "realised_minor"), ("summary.json", "pnl_minor"), ("fills.csv", "lots"),
    ("funding.csv", "lots"),
]  # fmt: skip


@pytest.mark.parametrize("program", [ORACLE, RECOMPUTE], ids=["oracle", "recompute"])
@pytest.mark.parametrize(("name", "key"), TAMPERED)
def test_one_unit_more_is_noticed_by_both(written, tmp_path, program, name, key):
    copy = shutil.copytree(written, tmp_path / "copy")
    if name == "summary.json":
        summary = json.loads((copy / name).read_text())
        summary["currencies"]["USDT"][key] += 1
        (copy / name).write_text(json.dumps(summary))
    else:
        rows = _rows(copy, name)
        # In the middle of everything, and where money moved.
        row = next(row for row in rows[len(rows) // 2 :] if row.get("liquidity") != "internal")
        row[key] = str(int(row[key]) + 1)
        with (copy / name).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    done = _judge(program, copy)

    assert done.returncode == 1, done.stdout
    assert "told" in done.stdout.lower()
