"""`data download` as its user has it: what it prints, how it ends, and that a killed one goes on where it was."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

import pytest

from adapters.cli import main
from adapters.download.command import DownloadOptions, run_download
from adapters.errors import InputError
from adapters.exchange.simulation import generated_market
from adapters.interrupts import Interrupts
from adapters.store import Store
from tests.adapters.bitmex.wire_servers import answer, serving
from tests.adapters.download.venue_of_history import OnPort, PastVenue, crowded_trades
from tests.adapters.exchange.serving import served
from tests.builders import DAY, MINUTE
from tests.system.commands import ROOT

SPAN = ("--from", "2024-01-01", "--to", "2024-01-01T01:00")
TRADES = ("data", "download", "--venue", "bitmex", "--symbol", "XBTUSD", "--kind", "ticks", *SPAN)


@contextlib.contextmanager
def a_venue(faults=None, count=1_500):
    """Trades in fifteen pages or more, at a venue that is in no hurry to say no."""
    venue = PastVenue({"/trade": crowded_trades(count, Random(7), step_ms=2_000)}, count_max=100)
    server = OnPort(venue, faults, X_RateLimit_Limit="6000", X_RateLimit_Remaining="6000")
    with serving(server) as port:
        yield server, f"http://127.0.0.1:{port}"


def run(store, url, *, begin="2024-01-01", end="2024-01-01T01:00", **options):
    """The command without a process; its exit code."""
    found = DownloadOptions(
        venue="bitmex", symbol="XBTUSD", kind="ticks", begin=begin, end=end, store=store, url=url, **options
    )
    return run_download(found, Interrupts())


def ticks(folder):
    table = Store(folder).ticks("bitmex", "XBTUSD")
    return {name: table[name].tobytes() for name in table.columns}


def test_it_says_what_came_of_it(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    kept = Path("kept")
    with a_venue() as (_, url):
        assert run(kept, url) == 0
        first = capfd.readouterr()
        assert run(kept, url) == 0
        again = capfd.readouterr()

    assert first.out.startswith("bitmex XBTUSD ticks: 1,500 rows from 2024-01-01T00:00:00")
    assert first.out.endswith("1,500 of them new in kept\n")
    assert again.out == (
        "bitmex XBTUSD ticks: 2024-01-01T00:00:00Z to 2024-01-01T01:00:00Z is in kept already, nothing was asked for\n"
    )
    assert first.err == again.err == ""


def test_json_is_one_object_and_quiet_is_nothing(tmp_path, capfd):
    with a_venue() as (_, url):
        run(tmp_path / "kept", url, as_json=True)
        told = capfd.readouterr()
        run(tmp_path / "other", url, quiet=True)
        silent = capfd.readouterr()

    facts = json.loads(told.out)
    assert (facts["rows"], facts["new"], facts["kind"], facts["stopped"]) == (1_500, 1_500, "ticks", False)
    assert (facts["from"], facts["to"]) == ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z")
    assert (told.err, silent.out, silent.err) == ("", "", "")


def test_an_empty_range_says_so(tmp_path, capfd):
    with a_venue(count=0) as (_, url):
        run(tmp_path / "kept", url)

    assert capfd.readouterr().out.startswith("bitmex XBTUSD ticks: there is nothing from 2024-01-01T00:00:00Z to ")


def test_a_killed_download_goes_on_and_ends_with_the_same_rows(tmp_path):
    child = None

    def kill(_connection):
        child.kill()
        child.wait(30)
        return "gone"

    with a_venue() as (_, url):
        run(tmp_path / "whole", url)
    with a_venue({9: kill, 15: kill}) as (server, url):
        command = [sys.executable, str(ROOT / "run.py"), *TRADES, "--url", url, "--store", "parts"]
        lives = []
        for _ in range(3):
            child = subprocess.Popen(
                command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE
            )
            child.communicate(timeout=60)
            lives.append(child.returncode)

    assert lives == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert ticks(tmp_path / "parts") == ticks(tmp_path / "whole")
    # Each life asks for the contract; of each kill one page is lost, the one that was under way.
    assert server.answers - 3 - 2 <= len(server.venue.pages) <= 1_500 // 100 + 2 * 2 + 4


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_it_in_order(tmp_path, name, code):
    child = None

    def interrupt(_connection):
        child.send_signal(getattr(signal, name))
        time.sleep(0.2)
        return "answer"

    with a_venue({5: interrupt}) as (server, url):
        command = [sys.executable, str(ROOT / "run.py"), *TRADES, "--url", url, "--store", "kept"]
        child = subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, errors = child.communicate(timeout=60)

    assert (child.returncode, errors) == (code, "")
    assert out.endswith("stopped before its end; the same command goes on from there\n")
    assert len(server.venue.pages) == 4
    assert 300 <= len(Store(tmp_path / "kept").ticks("bitmex", "XBTUSD")) <= 400


def test_a_signal_while_the_venue_is_not_there_yet_is_answered_with_a_word(tmp_path, capfd):
    interrupts = Interrupts()
    with a_venue() as (_, url):
        pass
    told = DownloadOptions(
        venue="bitmex", symbol="XBTUSD", kind="ticks", begin="2024-01-01", end=None, store=tmp_path / "kept", url=url
    )
    with interrupts:
        soon = threading.Timer(0.2, signal.raise_signal, [signal.SIGTERM])
        soon.start()
        code = run_download(told, interrupts)

    assert code == 143
    assert capfd.readouterr().err.splitlines()[-1] == "interrupted by SIGTERM, without results"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--venue", "nyse", "--from", "2024-01-01"], "must be one of bitmex, bitmex-testnet, loopback or ccxt"),
        (["--venue", "loopback", "--from", "2024-01-01"], "say where it listens, such as --url http://127.0.0.1:PORT"),
        (["--venue", "bitmex"], "--from is missing"),
        (["--venue", "bitmex", "--from", "soon"], "--from: 'soon' is no time"),
        (["--venue", "bitmex", "--from", "2024-02-01", "--to", "2024-01-01"], "must be after --from"),
        (["--venue", "bitmex", "--from", "2024-01-01", "--period", "7m"], "bitmex makes bars of 1m, 5m, 1h, 1d"),
        (["--venue", "bitmex", "--from", "2024-01-01", "--kind", "news"], "--kind must be one of bars, ticks"),
        (["--venue", "bitmex", "--from", "2024-01-01", "--kind", "ticks", "--period", "1m"], "belongs to bars"),
        (["--venue", "bitmex", "--from", "2024-01-01", "--url", "http://example.com"], "without TLS only this machine"),
        (["--venue", "bitmex", "--from", "2024-01-01", "--url", "wss://127.0.0.1:1"], "begins with https or http"),
        (["--venue", "ccxt:kraken", "--from", "2024-01-01", "--kind", "ticks"], "only bars are downloaded"),
        (["--venue", "ccxt:../up", "--from", "2024-01-01"], "--venue must be one of"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_by_its_option(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(["data", "download", "--symbol", "XBTUSD", *arguments])

    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_beginning_that_lies_ahead_is_told(tmp_path):
    with a_venue() as (_, url), pytest.raises(InputError, match="nothing is there yet; what is complete at bitmex"):
        run(tmp_path, url, begin="2200-01-01", end=None)


def test_a_venue_that_fails_ends_it_with_1_and_what_was_had_is_kept(tmp_path, capsys):
    refused = answer(b'{"error":{"message":"Invalid symbol","name":"HTTPError"}}', status="400 Bad")

    with a_venue({6: refused}) as (_, url), pytest.raises(SystemExit) as ended:
        main([*TRADES, "--url", url, "--store", str(tmp_path / "kept")])

    assert ended.value.code == 1
    assert capsys.readouterr().err.endswith("what was had is kept; the same command goes on from there\n")
    assert len(Store(tmp_path / "kept").ticks("bitmex", "XBTUSD")) > 300


def test_the_loopback_exchange_has_history_to_download(tmp_path, capfd):
    now = time.time_ns()
    with served(generated_market(seed=5, now=now, history_minutes=1_500, warm_up_s=60)) as exchange:
        common = ("--venue", "loopback", "--symbol", "XBTUSD", "--url", f"http://127.0.0.1:{exchange.port}", "--json")
        begin = ("--from", str(time.strftime("%Y-%m-%dT%H:%M", time.gmtime(now / 1e9 - 86_400))))
        done = {}
        for kind in ("bars", "ticks", "funding"):
            with pytest.raises(SystemExit) as ended:
                main(["data", "download", *common, *begin, "--kind", kind, "--store", str(tmp_path / "data")])
            assert ended.value.code == 0
            done[kind] = json.loads(capfd.readouterr().out)

    bars = Store(tmp_path / "data").bars("loopback", "XBTUSD", "1m")
    assert done["bars"]["new"] == len(bars) > 1_000
    assert set((bars["open_ts"] % MINUTE).tolist()) == {0}
    assert now - DAY - MINUTE <= bars["open_ts"].min()
    assert bars["close_ts"].max() <= time.time_ns()
    assert (bars["open"][1:] == bars["close"][:-1]).mean() > 0.9
    assert done["ticks"]["new"] > 100
    assert done["funding"]["new"] == 3
