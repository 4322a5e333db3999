"""A life begins with what is still there: what an earlier one traded and held must be looked after, or it is said."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 90
OTHER = """
[live]
warm_up = false
[[strategies]]
id = "{name}"
strategy = "buy-and-hold"
symbols = ["{symbol}"]
period = "1s"
lots = 3
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ends a process as POSIX does")


@pytest.fixture
def lives(tmp_path):
    """Runs lives in one folder; the exchange is ended with the test."""

    def command(name, symbol):
        told = tmp_path / f"{name}.toml"
        told.write_text(OTHER.format(name=name, symbol=symbol))
        return [sys.executable, "run.py", "live", "--out", str(tmp_path / "run"), "--config", str(told)]

    def live(name, symbol="XBTUSD", seconds="1"):
        return subprocess.run(
            [*command(name, symbol), "--for", seconds],
            cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip

    def until_it_says(words, name, symbol="XBTUSD"):
        """What it said on stderr; once that was among it, it was ended in order."""
        said, asked = [], False
        with subprocess.Popen(
            [*command(name, symbol), "--for", str(PATIENCE_S)],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            for line in process.stderr:
                said.append(line)
                if words in line and not asked:
                    asked = True
                    process.send_signal(signal.SIGTERM)
        return "".join(said)

    live.until_it_says = until_it_says
    live.end_exchange = lambda: os.kill(json.loads((tmp_path / "run" / "exchange.json").read_text())["pid"], 9)
    yield live
    live.end_exchange()


def test_another_exchange_is_not_taken_for_the_one_that_was_traded_at(lives):
    first = lives("one", seconds="2")
    lives.end_exchange()
    second, third = lives("one"), lives("one")

    assert first.returncode == 0
    for each in (second, third):
        assert each.returncode == 2
        assert "the loopback exchange that this run traded at has ended" in each.stderr


def test_what_is_held_and_not_traded_any_more_is_said(lives):
    assert "bought 3 XBTUSD" in lives.until_it_says("bought 3 XBTUSD", "one")
    other_strategy, other_symbol = lives("two"), lives("two", "ETHUSD")

    assert other_strategy.returncode == 0
    assert "one holds +3 XBTUSD of an earlier life, which nobody looks after" in other_strategy.stderr
    assert "- one holds +3 XBTUSD of an earlier life" in other_strategy.stdout
    assert other_symbol.returncode == 2
    assert "this run has traded XBTUSD, and its strategies do not any more" in other_symbol.stderr
