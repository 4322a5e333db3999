"""The command line as a user meets it: a process, its output, its files and its exit code.

What a process of its own would add nothing to is run in this one, for to start one takes longer than most commands.
"""

import csv
import json
import os
import runpy
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from tests.builders import MONDAY
from tests.system.commands import run_here

ROOT = Path(__file__).parents[2]
FILES = {
    "config.toml", "summary.json", "signals.csv", "orders.csv", "fills.csv", "ledger.csv", "equity.csv",
    "strategies.csv", "trades.csv", "execution.csv", "marks.csv",
}  # fmt: skip


def _environment(**changes):
    return {**os.environ, "PYTHONPATH": str(ROOT), **changes}


def _run(*arguments, cwd, code=0, **environment):
    done = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *map(str, arguments)],
        cwd=cwd, env=_environment(**environment), capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == code, done.stderr + done.stdout
    return done


def _bars(path, rows=300):
    lines = ["timestamp,open,high,low,close,volume"]
    for row in range(rows):
        price = 1000 + 0.5 * ((row * row) % 97)
        lines.append(f"{MONDAY // 10**9 + row * 60},{price},{price + 1},{price - 1},{price},1")
    path.write_text("\n".join(lines) + "\n")
    return path


def _contents(folder, without=()):
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in without}
    summary = json.loads(found["summary.json"])
    del summary["seconds"], summary["versions"]
    return {**found, "summary.json": json.dumps(summary)}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One run without any option but where to write."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, _run("backtest", "--out", "out", cwd=folder)


def test_without_options_it_runs_a_generated_market_and_leaves_every_file(demo):
    folder, done = demo

    assert {path.name for path in (folder / "out").iterdir()} == FILES
    assert "generated market (seed 1)" in done.stdout
    assert "Files: out" in done.stdout
    assert done.stderr == ""


def test_the_summary_is_what_the_files_add_up_to(demo):
    folder, _ = demo
    out = folder / "out"
    summary = json.loads((out / "summary.json").read_text())

    def rows(name):
        with (out / name).open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    fills, equity, strategies = rows("fills.csv"), rows("equity.csv"), rows("strategies.csv")
    assert summary["fills"] == len({row["execution_id"] for row in fills if row["liquidity"] != "internal"}) > 0
    assert summary["orders"] == len(rows("orders.csv"))
    assert len(equity) == summary["bars"]
    moved = sum(int(row["amount_minor"]) for row in rows("ledger.csv"))
    assert moved == summary["cash_end_minor"] - summary["cash_start_minor"]
    assert int(equity[-1]["equity_minor"]) == summary["equity_end_minor"]
    assert sum(int(row["pnl_minor"]) for row in strategies) == summary["pnl_minor"]


def test_the_run_s_own_configuration_gives_the_same_bytes_again(demo, tmp_path):
    folder, _ = demo

    _run("backtest", "--config", folder / "out" / "config.toml", "--out", "again", cwd=tmp_path, TZ="Asia/Tokyo")

    assert _contents(tmp_path / "again") == _contents(folder / "out")


def test_a_run_on_a_file_gives_the_same_bytes_again_from_elsewhere(tmp_path):
    _bars(tmp_path / "XBTUSD.csv")
    (tmp_path / "else").mkdir()
    run_here(
        "backtest", "--data", "XBTUSD.csv", "--instrument", "inverse", "--taker-fee", "0.00075", "--lots", "5",
        "--strategy", "random", "--strategy", "ema-cross", "--seed", "3", "--out", "one", cwd=tmp_path,
    )  # fmt: skip

    _run("backtest", "--config", "../one/config.toml", "--out", "two", "--quiet", cwd=tmp_path / "else")

    assert _contents(tmp_path / "else" / "two") == _contents(tmp_path / "one")
    assert tomllib.loads((tmp_path / "one" / "config.toml").read_text())["strategies"][0]["lots"] == 5


def test_json_is_one_object_and_nothing_else(tmp_path):
    _bars(tmp_path / "A.csv")

    done = run_here("backtest", "--data", "A.csv", "--json", "--out", "o", cwd=tmp_path)

    told = json.loads(done.stdout)
    written = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert told["out"] == "o"
    assert {key: told[key] for key in written} == written
    assert "stamps: assumed" in "\n".join(told["notes"])
    assert done.stderr == ""


def test_quiet_says_nothing(tmp_path):
    _bars(tmp_path / "A.csv")

    done = run_here("backtest", "--data", "A.csv", "--quiet", cwd=tmp_path)

    assert (done.stdout, done.stderr) == ("", "")
    assert [path.name.endswith("-backtest") for path in (tmp_path / "runs").iterdir()] == [True]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--data", "none.csv"), "none.csv: there is no such file"),
        (("--strategy", "ema-cros"), "did you mean ema-cross?"),
        (("--param", "fsat=1"), "did you mean fast?"),
        (("--config", "none.toml"), "none.toml: the configuration cannot be read"),
        (("--fill", "next"), "did you mean next-open?"),
        (("--nonsense",), "No such option"),
        (("--log-level", "loud"), "loud"),
    ],
)
def test_bad_usage_is_exit_code_2_with_a_message_and_no_trace(tmp_path, arguments, says):
    done = run_here("backtest", *arguments, "--out", "o", cwd=tmp_path, code=2)

    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "o").exists()


def test_an_option_that_serves_data_and_strategies_is_refused_once(tmp_path):
    done = run_here("backtest", "--period", "1hr", cwd=tmp_path, code=2)

    assert done.stderr.count("--period: period '1hr' is not a whole number of") == 1


def test_a_period_that_cannot_be_built_from_the_data_is_exit_code_2(tmp_path):
    _bars(tmp_path / "A.csv")

    done = run_here("backtest", "--data", "A.csv", "--period", "90s", cwd=tmp_path, code=2)

    assert "wants 90s bars of A, which cannot be built from what the feed has of it: 1m" in done.stderr


def test_a_bad_row_names_file_line_column_and_reason(tmp_path):
    path = _bars(tmp_path / "A.csv", rows=5)
    path.write_text(path.read_text() + "1704068000,1,2,x,1,1\n")

    done = run_here("backtest", "--data", "A.csv", cwd=tmp_path, code=2)

    assert "A.csv: line 7, column low: 'x' is not a number" in done.stderr


def test_bad_rows_set_aside_are_counted_and_listed(tmp_path):
    path = _bars(tmp_path / "A.csv", rows=5)
    path.write_text(path.read_text() + "1704068000,1,2,x,1,1\n")

    done = run_here("backtest", "--data", "A.csv", "--bad-rows", "quarantine", "--out", "o", cwd=tmp_path)

    assert "1 bad row set aside" in done.stdout
    assert "A.csv,7,low," in (tmp_path / "o" / "bad_rows.csv").read_text()
    assert json.loads((tmp_path / "o" / "summary.json").read_text())["bad_rows"] == 1


def test_a_place_that_cannot_be_written_is_exit_code_1_and_named(tmp_path):
    _bars(tmp_path / "A.csv")
    (tmp_path / "file").write_text("")

    done = run_here("backtest", "--data", "A.csv", "--out", "file/o", cwd=tmp_path, code=1)

    assert "file/o: results cannot be written there" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_the_guard_halted_is_exit_code_3(tmp_path):
    (tmp_path / "run.toml").write_text('[risk]\ndaily_loss_max = 0.000001\ndaily_loss_action = "halt"\n')

    done = run_here("backtest", "--config", "run.toml", "--out", "o", cwd=tmp_path, code=3)

    assert "Trading was halted at the end" in done.stdout
    assert json.loads((tmp_path / "o" / "summary.json").read_text())["halted"]


def test_a_strategy_that_hangs_ends_the_run_with_exit_code_1_and_is_named(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from actors import Strategy\nclass Sleepy(Strategy):\n    def on_bar(self, bar):\n        while True: pass\n"
    )

    done = _run(
        "backtest", "--strategy", "mine.py:Sleepy", "--handler-seconds", "0.5", "--out", "o", cwd=tmp_path, code=1
    )

    assert "strategy:sleepy was busy with one Bar" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_strategy_that_fails_is_told_and_the_run_goes_on(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from actors import Strategy\nclass Bad(Strategy):\n    def on_bar(self, bar):\n        1 / 0\n"
    )

    done = run_here("backtest", "--strategy", "mine.py:Bad", "--strategy", "buy-and-hold", cwd=tmp_path)

    assert "strategy:bad was taken out of the run" in done.stdout
    assert "ZeroDivisionError" in done.stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_data_are_read_is_no_error_of_ours(tmp_path, number, code):
    # What duckdb makes of an exception in a signal's handler, without having to hit the moment.
    (tmp_path / "early.py").write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import adapters.preparation as preparation\n"
        "from adapters.cli import main\n"
        "def load_data(*_, **__):\n"
        "    try:\n"
        f"        os.kill(os.getpid(), {int(number)})\n"
        "    except KeyboardInterrupt:\n"
        "        raise RuntimeError('Query interrupted') from None\n"
        "preparation.load_data = load_data\n"
        "main(['backtest'])\n"
    )
    done = subprocess.run(
        [sys.executable, "early.py"], cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (code, f"interrupted by {signal.Signals(number).name}, without results\n")


def test_a_tick_size_that_does_not_fit_the_prices_is_said(tmp_path):
    done = run_here("backtest", "--data", _bars(tmp_path / "a.csv"), "--tick-size", "0.3", "--out", "o", cwd=tmp_path)

    assert "prices of A do not stand on the grid of 0.3" in " ".join(done.stdout.split())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_in_order_and_what_came_of_it_is_written(tmp_path, number, code):
    (tmp_path / "mine.py").write_text(
        "import time\nfrom pathlib import Path\nfrom actors import Strategy\n"
        "class Slow(Strategy):\n"
        "    def on_bar(self, bar):\n"
        "        Path('running').write_text('')\n"
        "        time.sleep(0.02)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), "backtest", "--strategy", "mine.py:Slow", "--out", "o"],
        cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (tmp_path / "running").exists() and time.monotonic() < deadline:
        time.sleep(0.02)

    process.send_signal(number)
    output, errors = process.communicate(timeout=60)

    assert process.returncode == code, errors
    assert f"stopped early: {signal.Signals(number).name}" in output
    assert json.loads((tmp_path / "o" / "summary.json").read_text())["stopped"] == signal.Signals(number).name
    assert {path.name for path in (tmp_path / "o").iterdir()} == FILES


def test_help_names_every_option_of_the_interface(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    told = run_here("backtest", "--help", cwd=tmp_path).stdout

    options = (
        "--config --out --seed --json --quiet --log-level --data --symbol --period --stamps --timezone --instrument "
        "--tick-size --lot-size --multiplier --currency --strategy --param --lots --fill --slippage-ticks --maker-fee "
        "--taker-fee --cash --from --to --bad-rows --funding --leverage --execution --slippage-spread "
        "--half-spread-ticks --volume-cap"
    )
    assert [option for option in options.split() if option not in told] == []


def test_help_imports_nothing_heavy(tmp_path):
    script = (
        "import sys\nfrom adapters.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('numpy', 'duckdb', 'cattrs', 'loguru', 'pykka') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_a_terminal_that_knows_only_ascii_is_served_too(tmp_path):
    _bars(tmp_path / "A.csv")

    done = _run("backtest", "--data", "A.csv", cwd=tmp_path, PYTHONIOENCODING="ascii")

    assert done.stdout.isascii()
    assert "profit" in done.stdout


def test_what_a_strategy_prints_stays_out_of_the_json(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from actors import Strategy\nprint('imported')\nclass Loud(Strategy):\n"
        "    def on_start(self):\n        print('started')\n"
    )

    done = _run("backtest", "--strategy", "mine.py:Loud", "--json", "--out", "o", cwd=tmp_path)

    assert json.loads(done.stdout)["orders"] == 0
    assert "started" in done.stderr


def test_a_bug_of_ours_is_exit_code_70_with_its_trace_in_a_file(tmp_path):
    script = (
        "import adapters.backtest as module\n"
        "def broken(*arguments, **more): raise RuntimeError('not your fault')\n"
        "module.summary_of = broken\n"
        "from adapters.cli import main\nmain(['backtest', '--out', 'o'])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False
    )

    assert done.returncode == 70
    assert "internal error, ours and not yours: RuntimeError: not your fault" in done.stderr
    assert "Traceback" not in done.stderr
    assert "not your fault" in (tmp_path / "o" / "crash.txt").read_text()
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["crash.txt"]


def test_memory_that_runs_out_for_who_keeps_the_money_is_a_failure_while_running_told_by_name(tmp_path):
    script = (
        "from actors.portfolio import Portfolio\n"
        "def broken(*arguments): raise MemoryError\n"
        "Portfolio.on_fill = broken\n"
        "from adapters.cli import main\nmain(['backtest', '--out', 'o', '--quiet'])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == "failed while running: memory ran out in portfolio@main, which was at Fill\n"


def test_ctrl_c_while_the_program_is_still_read_is_no_traceback(monkeypatch):
    class Interrupted:
        def find_spec(self, name, *_):
            if name == "adapters.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "adapters.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])

    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "run.py"), run_name="run")

    assert ended.value.code == 130
