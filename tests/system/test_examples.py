"""The examples run as their first lines say, and a run's money comes out the same when it is computed anew."""

import json
import subprocess
import sys

import pytest

from tests.system.commands import ROOT, run_here

EXAMPLES = ROOT / "examples"
RECOMPUTE = EXAMPLES / "recompute.py"


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """The folder of a run of five strategies, up to the first day that lost too much."""
    folder = tmp_path_factory.mktemp("five")
    run_here(
        "backtest", "--config", EXAMPLES / "five_strategies.toml", "--to", "2024-01-11", "--out", folder, cwd=folder
    )
    return folder


def _recompute(folder):
    return subprocess.run([sys.executable, str(RECOMPUTE), str(folder)], capture_output=True, text=True, check=False)


def test_the_run_of_five_strategies_shows_what_it_is_there_to_show(five):
    summary = json.loads((five / "summary.json").read_text(encoding="utf-8"))
    algorithms = {name.split()[0] for rows in summary["execution"].values() for name in rows}

    assert set(summary["currencies"]) == {"XBT", "USDT", "USDT@paper:idea"}
    assert {"twap", "chase", "last-limit", "signal-limit", "join", "internal"} <= algorithms
    assert summary["daily_loss_trips"] > 0
    assert all(each["fees_minor"] and each["funding_minor"] for each in summary["currencies"].values())


def test_a_page_of_python_computes_the_same_money_from_the_files(five):
    done = _recompute(five)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("as told") >= 12


def test_the_page_finds_a_fill_that_was_tampered_with(five, tmp_path):
    for name in ("config.toml", "summary.json", "funding.csv"):
        (tmp_path / name).write_bytes((five / name).read_bytes())
    head, first, *rest = (five / "fills.csv").read_text(encoding="utf-8").splitlines()
    cells = first.split(",")
    cells[head.split(",").index("lots")] = str(int(cells[head.split(",").index("lots")]) + 1)
    (tmp_path / "fills.csv").write_text("\n".join([head, ",".join(cells), *rest]) + "\n", encoding="utf-8")

    assert _recompute(tmp_path).returncode == 1


@pytest.mark.parametrize("strategy", ["breakout.py:Breakout", "bracket.py:Bracket"])
def test_an_example_strategy_trades(strategy, tmp_path):
    done = run_here(
        "backtest", "--strategy", f"{EXAMPLES}/{strategy}", "--to", "2024-03-01", "--json", "--out", tmp_path, cwd=ROOT
    )

    assert json.loads(done.stdout)["fills"] > 0


def test_the_example_of_sentiment_trades_on_what_was_received_and_on_an_index_that_it_cannot_trade(tmp_path):
    run_here("backtest", "--config", EXAMPLES / "sentiment.toml", "--out", tmp_path, cwd=tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    marks = (tmp_path / "marks.csv").read_text(encoding="utf-8").splitlines()[1:]
    told = [json.loads(line) for line in (EXAMPLES / "sentiment.jsonl").read_text(encoding="utf-8").splitlines()]

    assert summary["fills"] > 20
    assert summary["restarts"] == {}
    assert [line.split(",")[0] for line in marks] == [each["received"] for each in told]
    assert "DOLLAR" not in (tmp_path / "strategies.csv").read_text(encoding="utf-8")
    assert 'symbol = "DOLLAR"' not in (tmp_path / "config.toml").read_text(encoding="utf-8").split("[[data]]")[0]
