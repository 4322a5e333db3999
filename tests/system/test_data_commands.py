"""The data commands as a user runs them: files in, looked at, checked, handed out, and ended in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from random import Random

import pytest

from adapters.store import Store
from tests.adapters.recording.recording_builders import a_recording, say
from tests.builders import MONDAY, a_tick
from tests.system.commands import ROOT, SHARED_DATA, run_command, run_here

HEADER = "timestamp,open,high,low,close,volume\n"


def a_file(folder, name="bars.csv", *, rows=300, start=1_704_067_200, step=60, gap=False):
    lines = [f"{start + step * n},10,12,9,{10 + n % 3},{1 + n % 5}\n" for n in range(rows) if not (gap and n == 7)]
    path = folder / name
    path.write_text(HEADER + "".join(lines))
    return path


def data(folder, *arguments, code=0):
    return run_here("data", *arguments, cwd=folder, code=code)


def the_json(folder, *arguments, code=0):
    """The one object on stdout."""
    return json.loads(data(folder, *arguments, "--json", code=code).stdout)


BITMEX = ("--venue", "bitmex", "--symbol", "XBTUSD")


def test_a_file_goes_in_is_listed_checked_exported_and_comes_back_equal(tmp_path):
    a_file(tmp_path)
    told = run_command("data", "import", "bars.csv", *BITMEX, cwd=tmp_path)
    assert "stamps     start  [ASSUMED: --stamps end says otherwise]" in told.stdout
    assert "300 rows" in told.stdout
    assert told.stderr == ""

    again = the_json(tmp_path, "import", "bars.csv", *BITMEX)
    (listed,) = the_json(tmp_path, "list")["series"]
    found = the_json(tmp_path, "check")
    data(tmp_path, "export", "--symbol", "XBTUSD.BITMEX", "--out", "out.csv.gz")
    data(tmp_path, "import", "out.csv.gz", *BITMEX, "--store", "other")

    assert (again["files"][0]["rows"], again["files"][0]["new"]) == (300, 0)
    assert (listed["kind"], listed["rows"], listed["missing"]) == ("bars-1m", 300, 0)
    assert found["faults"] == 0
    one, two = (Store(tmp_path / name).bars("bitmex", "XBTUSD", "1m") for name in ("data", "other"))
    assert one["close"].tolist() == two["close"].tolist()
    assert one["open_ts"].tolist() == two["open_ts"].tolist()


def test_an_import_sums_up_its_files_and_says_nothing_when_quiet(tmp_path):
    a_file(tmp_path, "one.csv", rows=100)
    a_file(tmp_path, "two.csv", rows=150)

    silent = data(tmp_path, "import", "one.csv", *BITMEX, "--quiet")
    told = the_json(tmp_path, "import", "one.csv", "two.csv", *BITMEX)

    assert (silent.stdout, silent.stderr) == ("", "")
    assert (told["rows"], told["new"], told["quarantined"], told["store"]) == (250, 50, 0, "data")
    assert [each["rows"] for each in told["files"]] == [100, 150]


def test_an_empty_store_says_what_fills_it_and_is_not_made_by_looking(tmp_path):
    assert "data import FILE --venue bitmex --symbol XBTUSD" in data(tmp_path, "list").stdout
    assert "there is nothing in this store" in data(tmp_path, "check", code=2).stderr
    assert "0 segments rolled" in data(tmp_path, "roll").stdout
    assert list(tmp_path.iterdir()) == []


def test_a_check_ends_with_1_when_something_was_found_in_a_store_or_in_a_file(tmp_path):
    a_file(tmp_path, gap=True)
    data(tmp_path, "import", "bars.csv", *BITMEX)

    of_store = data(tmp_path, "check", "XBTUSD", code=1).stdout
    of_file = the_json(tmp_path, "check", "bars.csv", code=1)

    assert "! 1 bar missing in 1 gap, the longest 1 (0:01:00)" in of_store
    assert "2024-01-01T00:07:00Z  1 missing" in of_store
    assert [finding["code"] for finding in of_file["checked"][0]["findings"]] == ["missing-bars"]
    assert data(tmp_path, "check", "XBTUSD", "--from", "2024-01-01T01:00:00Z").stdout.endswith("ok: nothing found\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("import", "nosuch.csv"), "nosuch.csv: there is no such file"),
        (("import", "bars.csv"), "does not say its venue nor its symbol"),
        (("import", "bars.csv", *BITMEX, "--columns", "last"), "'last' must be ROLE=NAME"),
        (("import", "bars.csv", *BITMEX, "--period", "5m"), "told to be 5m, but the most common step"),
        (("check", "--period", "7x"), "--period: period '7x' is not a whole number"),
        (("export", "--symbol", "XBTUSD", "--format", "xml"), "there is nothing in this store"),
        (("roll", "--before", "yesterday", "--store", "."), "yesterday"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_message(tmp_path, arguments, reason):
    a_file(tmp_path)

    told = data(tmp_path, *arguments, code=2)

    assert reason in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_import_that_is_ended_leaves_whole_files_and_is_done_by_running_it_again(tmp_path, sent, code):
    days = 400
    a_file(tmp_path, rows=days, step=86_400)
    command = [sys.executable, str(ROOT / "run.py"), "data", "import", "bars.csv", *BITMEX]
    process = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    folder = tmp_path / "data"
    deadline = time.monotonic() + 60
    while len(list(folder.rglob("*.parquet"))) < 5 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(sent)
    _, told = process.communicate()
    there = len(Store(folder).bars("bitmex", "XBTUSD", "1d"))

    again = the_json(tmp_path, "import", "bars.csv", *BITMEX)

    assert process.returncode == code
    assert 5 <= there < days
    assert again["files"][0]["new"] == days - there
    assert len(Store(folder).bars("bitmex", "XBTUSD", "1d")) == days
    if sent == signal.SIGINT:
        assert told.decode() == "interrupted by SIGINT: 0 of 1 files done; running it again brings the rest\n"


_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
from adapters.cli import main
main()
"""


def with_files_up_to(bytes_max, folder, *arguments):
    """A data command on a disk on which no file can grow any further."""
    return subprocess.run(
        [sys.executable, "-c", _LIMITED, str(bytes_max), "data", *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_what_cannot_be_written_ends_with_1_and_names_the_file_and_nothing_is_lost(tmp_path):
    a_file(tmp_path)
    recording = a_recording(tmp_path / "data")
    prices = Random(1)
    say(recording.tap, *(a_tick(prices.uniform(1, 2), received=MONDAY + n, ts=MONDAY + n) for n in range(10_000)))
    recording.close(MONDAY)

    imported = with_files_up_to(2_000, tmp_path, "import", "bars.csv", *BITMEX)
    rolled = with_files_up_to(40_000, tmp_path, "roll")

    for told in (imported, rolled):
        assert (told.returncode, told.stdout) == (1, "")
        assert "Traceback" not in told.stderr
    assert "2024-01-01.parquet: cannot be written: " in rolled.stderr
    assert list(tmp_path.rglob("*.parquet")) == []
    assert "1 segment rolled: 10,000 rows" in data(tmp_path, "roll").stdout


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the folder ../shared/data with recorded data is absent")
def test_a_recorded_market_goes_in_whole_and_is_sound(tmp_path):
    path = SHARED_DATA / "binance_coinm_BTCUSD_PERP_l2_trades_20240808.gz"

    told = the_json(tmp_path, "import", path)
    found = the_json(tmp_path, "check", "BTCUSD_PERP", "--kind", "l2")

    assert {each["kind"]: each["new"] for each in told["files"][0]["series"]} == {
        "l2": 298_013, "quotes": 19_136, "ticks": 2_286,
    }  # fmt: skip
    assert "the book's chain of changes is whole" in told["files"][0]["notes"]
    assert found["faults"] == 0
