"""Money is right to the minor unit: another program, reading only what a run wrote, comes to the same books."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.commands import run_here
from tests.system.contracts import CONTRACTS, prepare_accounts, prepare_folder

ORACLE = Path(__file__).with_name("ledger_oracle.py")


def _run(folder, fill):
    """One run over every kind of contract and rounding, with shared orders and crossings."""
    prepare_folder(folder, fill=fill)
    run_here("backtest", "--config", "run.toml", "--out", "out", "--quiet", cwd=folder)
    return folder / "out"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that such a run wrote."""
    return _run(tmp_path_factory.mktemp("ledger"), "next-open")


def _judge(folder):
    command = [sys.executable, "-I", str(ORACLE), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def _rows(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_oracle_finds_the_same_books(written):
    done = _judge(written)

    assert done.returncode == 0, done.stdout + done.stderr


def test_and_when_orders_fill_at_the_close_they_were_decided_at(tmp_path):
    done = _judge(_run(tmp_path, "this-close"))

    assert done.returncode == 0, done.stdout + done.stderr


def test_and_it_had_something_to_judge(written):
    fills = _rows(written / "fills.csv")
    owners = {}
    for row in fills:
        owners.setdefault(row["execution_id"], set()).add(row["strategy"])

    assert {row["liquidity"] for row in fills} == {"maker", "taker", "internal"}
    assert {row["symbol"] for row in fills} == {contract.symbol for contract in CONTRACTS}
    assert max(map(len, owners.values())) >= 3
    assert any(int(row["fee_minor"]) < 0 for row in fills)
    assert len(fills) > 1000


def _tamper(path, column, row):
    rows = _rows(path)
    chosen = [each for each in rows if each.get("liquidity") != "internal" and each[column] not in ("", "0")]
    chosen[row][column] = str(int(chosen[row][column]) + 1)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


TAMPERED = [
    ("fills.csv", "fee_minor"), ("fills.csv", "realised_minor"), ("fills.csv", "lots"), ("ledger.csv", "amount_minor"),
    ("equity.csv", "equity_minor"), ("equity.csv", "position_value_minor"), ("strategies.csv", "unrealised_minor"),
    ("strategies.csv", "pnl_minor"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "column"), TAMPERED)
def test_one_minor_unit_more_is_noticed(written, tmp_path, name, column):
    copy = shutil.copytree(written, tmp_path / "copy")
    _tamper(copy / name, column, 1)

    done = _judge(copy)

    assert done.returncode == 1, done.stdout
    assert "told" in done.stdout


def test_one_minor_unit_more_of_cash_is_noticed(written, tmp_path):
    copy = shutil.copytree(written, tmp_path / "copy")
    summary = json.loads((copy / "summary.json").read_text())
    summary["currencies"]["XBT"]["cash_end_minor"] += 1
    (copy / "summary.json").write_text(json.dumps(summary))

    assert "XBT: ledger sum" in _judge(copy).stdout


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """The folder of a run with funding, expiry, spot, liquidation, execution algorithms and three accounts."""
    folder = prepare_accounts(tmp_path_factory.mktemp("accounts"))
    # The account that was liquidated stays halted: exit code 3.
    run_here("backtest", "--config", "run.toml", "--out", "out", "--quiet", cwd=folder, code=3)
    return folder / "out"


def test_everything_that_moves_money_is_found_again(moved):
    done = _judge(moved)

    assert done.returncode == 0, done.stdout + done.stderr


def test_and_all_of_it_was_there_to_be_judged(moved):
    fills, ledger = _rows(moved / "fills.csv"), _rows(moved / "ledger.csv")
    summary = json.loads((moved / "summary.json").read_text())

    assert {row["kind"] for row in ledger} == {"realised", "fee", "funding", "transfer", "settlement"}
    assert {row["liquidity"] for row in fills} == {
        "maker", "taker", "internal", "liquidation", "settlement",
    }  # fmt: skip
    assert {row["account"] for row in fills} == {"main", "casino", "paper:paper-dice"}
    assert {"XBT", "XBT@paper:paper-dice", "EUR@casino"} <= set(summary["currencies"])
    assert {row["strategy"] for row in _rows(moved / "funding.csv")} >= {"dice-a", "dice-b", "trend", "paper-dice"}
    assert {row["price"] for row in fills if row["liquidity"] == "settlement"} == {"3912.637"}
    assert any(row["mark_price"].endswith("123") for row in _rows(moved / "funding.csv"))
    assert len(_rows(moved / "execution.csv")) > 10
    assert summary["liquidations"] == 1


MOVED = [
    ("funding.csv", "amount_minor"), ("funding.csv", "lots"), ("trades.csv", "funding_minor"), ("trades.csv", "lots"),
    ("trades.csv", "realised_minor"), ("strategies.csv", "funding_minor"), ("execution.csv", "shortfall_minor"),
    ("execution.csv", "lots_filled"), ("execution.csv", "fees_minor"), ("ledger.csv", "amount_minor"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "column"), MOVED)
def test_one_unit_more_of_what_moves_money_is_noticed(moved, tmp_path, name, column):
    copy = shutil.copytree(moved, tmp_path / "copy")
    _tamper(copy / name, column, 1)

    done = _judge(copy)

    assert done.returncode == 1, done.stdout
    assert "told" in done.stdout
