"""`run.py chaos` tells a strategy that holds from one that fails by itself, and says where that one does."""

import json

from tests.system.commands import run_command

STRATEGIES = """from actors import Strategy


class Steady(Strategy):
    def on_bar(self, bar):
        self.target(1 if self.now // 10**10 % 4 < 2 else -1)


class Careless(Strategy):
    def on_bar(self, bar):
        self.target(1)
        if self.position() > 0:
            raise ZeroDivisionError("nobody looked")
"""


def chaos(folder, *arguments, code=0):
    (folder / "mine.py").write_text(STRATEGIES, encoding="utf-8")
    return run_command("chaos", "--minutes", "3", "--jobs", "1", *arguments, cwd=folder, code=code)


def test_a_strategy_that_holds(tmp_path):
    done = chaos(tmp_path, "--strategy", "mine.py:Steady", "--runs", "1", "--json")

    told = json.loads(done.stdout)
    assert told["held"] is True
    assert told["runs"][0]["fills"] > 0


def test_one_that_raises_is_told_where_and_that_it_is_given_up_on(tmp_path):
    done = chaos(tmp_path, "--strategy", "mine.py:Careless", "--runs", "1", code=1)

    assert "it raises: ZeroDivisionError: nobody looked, while it handled Bar" in done.stdout
    assert 'mine.py", line 13, in on_bar' in done.stdout
    assert "it is given up on" in done.stdout
    assert "the system" not in done.stdout


def test_what_cannot_be_tried_is_said_at_once(tmp_path):
    missing = chaos(tmp_path, "--strategy", "mine.py:Nobody", code=2)
    wrong = chaos(tmp_path, "--strategy", "mine.py:Steady", "--symbol", "DOGE", "--period", "3x", "--lots", "0", code=2)

    assert "Nobody" in missing.stderr
    for each in ("--symbol", "--period", "--lots"):
        assert each in wrong.stderr
