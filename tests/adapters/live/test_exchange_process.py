"""The loopback exchange outlives its trader, is found again with the same account, and tells its secret to nobody."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import requests

from adapters.bitmex.client import RestClient
from adapters.bitmex.credentials import keys_from_file
from adapters.live import exchange_process
from adapters.live.exchange_process import ExchangeFailed, find_or_start

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 30

pytestmark = pytest.mark.skipif(os.name != "posix", reason="looks at processes as POSIX has them")


@pytest.fixture(autouse=True)
def _end():
    """No exchange is left behind."""
    yield
    for process in exchange_process._started:
        if process.poll() is None:
            process.kill()
        process.wait()
    exchange_process._started.clear()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """(folder, exchange) of one that no test ends or changes, started beside keys of somebody else's."""
    folder = tmp_path_factory.mktemp("exchange")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENOUTCRY_LOOPBACK_KEY", "somebody-s")
        patch.setenv("OPENOUTCRY_LOOPBACK_SECRET", "other-secret")
        found = find_or_start(folder, seed=3, idle_s=600.0)
    # It is not ended with the test that asked for it first.
    exchange_process._started.remove(found.process)
    yield folder, found
    _kill(found)


def _mode(path):
    return path.stat().st_mode & 0o777


def _kill(found):
    found.process.kill()
    found.process.wait()


def _gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _wait_until(condition):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_folder_without_one_gets_a_new_one_that_knows_us(running):
    _, found = running

    assert found.is_new
    assert str(found.environment.port) in found.note
    assert found.account_id > 0
    expires = int(time.time()) + 60
    path = "/api/v1/user/margin"
    answer = requests.get(
        found.environment.rest + path, headers=found.keys.headers("GET", path, expires, ""), timeout=10
    )
    assert (answer.status_code, answer.json()["account"]) == (200, found.account_id)


def test_its_secret_stands_in_a_file_of_ours_and_nowhere_else(running):
    folder, found = running
    state = json.loads((folder / "exchange.json").read_text())
    secret = state["secret"]

    assert (_mode(folder / "exchange.json"), _mode(folder / "exchange.log")) == (0o600, 0o600)
    assert secret not in ("", "other-secret")
    assert sorted(path.name for path in folder.iterdir()) == ["exchange.json", "exchange.log"]
    assert secret not in (folder / "exchange.log").read_text()
    process = Path(f"/proc/{found.pid}")
    if process.exists():
        seen = process.joinpath("cmdline").read_bytes() + process.joinpath("environ").read_bytes()
        assert secret.encode() not in seen
        assert b"other-secret" not in seen
    assert secret not in repr(found)


def test_a_new_start_finds_it_with_the_same_account(running):
    folder, first = running

    again = find_or_start(folder)

    assert not again.is_new
    assert (again.environment, again.account_id, again.pid) == (first.environment, first.account_id, first.pid)
    assert "again" in again.note


def test_one_that_is_gone_is_replaced_and_it_is_said(tmp_path):
    first = find_or_start(tmp_path)
    _kill(first)

    second = find_or_start(tmp_path)

    assert second.is_new
    assert second.pid != first.pid
    assert f"port {first.environment.port}) is gone, and the account there with it" in second.note


def test_somebody_else_on_its_port_is_not_ours(running, tmp_path):
    folder, other = running
    state = json.loads((folder / "exchange.json").read_text())
    (tmp_path / "exchange.json").write_text(json.dumps({**state, "key": "unknown"}))

    mine = find_or_start(tmp_path)

    assert mine.is_new
    assert mine.environment.port != other.environment.port


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"port": 1}', '{"port": "x"}'])
def test_a_broken_note_of_one_is_none(tmp_path, text):
    (tmp_path / "exchange.json").write_text(text)

    assert exchange_process._read_state(tmp_path / "exchange.json") is None


def test_one_that_is_there_and_does_not_answer_is_not_given_up(running, monkeypatch):
    folder, found = running
    monkeypatch.setattr(exchange_process, "_ASK_S", 0.2)
    monkeypatch.setattr(exchange_process, "_KNOWN_S", 0.5)
    os.kill(found.pid, signal.SIGSTOP)

    with pytest.raises(ExchangeFailed, match="does not answer"):
        find_or_start(folder)

    monkeypatch.undo()
    os.kill(found.pid, signal.SIGCONT)
    assert find_or_start(folder).account_id == found.account_id


TRADER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from adapters.live.exchange_process import find_or_start
found = find_or_start(Path(sys.argv[2]))
print(found.pid, found.account_id, flush=True)
time.sleep(100)
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_it_outlives_a_trader_that_was_killed_wherever_that_was_started(tmp_path, sent):
    (tmp_path / "adapters").mkdir()
    (tmp_path / "adapters" / "__init__.py").write_text("raise SystemExit('not ours')")
    folder = tmp_path / "run"
    folder.mkdir()
    trader = subprocess.Popen(
        [sys.executable, "-P", "-c", TRADER, ROOT, folder], cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    with trader:
        pid, account = map(int, trader.stdout.readline().split())
        # As Ctrl-C: to the whole group.
        os.killpg(trader.pid, sent)
        trader.wait(PATIENCE_S)
        try:
            found = find_or_start(folder)
        finally:
            if sent is signal.SIGINT:
                assert not _gone(pid)
            os.kill(pid, signal.SIGKILL)

    assert (found.pid, found.account_id, found.is_new) == (pid, account, False)


def test_it_ends_by_itself_some_time_after_its_last_client(tmp_path):
    found = find_or_start(tmp_path, idle_s=1.0)

    assert found.process.wait(PATIENCE_S) == 0


def test_one_that_cannot_start_says_why(tmp_path):
    with pytest.raises(ExchangeFailed, match=r"there is no file .*nowhere\.csv"):
        find_or_start(tmp_path, market="nowhere.csv")

    assert not (tmp_path / "exchange.json").exists()


def test_one_that_says_nothing_in_time_is_ended(tmp_path):
    with pytest.raises(ExchangeFailed, match=r"said nothing within 0\.01 s"):
        find_or_start(tmp_path, deadline_s=0.01)

    (process,) = exchange_process._started
    assert process.returncode is not None


def test_a_second_key_stands_in_a_file_of_its_own_that_no_trader_reads(tmp_path):
    found = find_or_start(tmp_path, second_key="cancel")

    keys = keys_from_file(tmp_path / "watchdog.keys")
    assert _mode(tmp_path / "watchdog.keys") == 0o600
    with RestClient(found.environment, keys) as client:
        assert client.permissions() == {"orderCancel"}
        assert client.account_number() == found.account_id
    secret = tomllib.loads((tmp_path / "watchdog.keys").read_text())["secret"]
    assert secret not in (tmp_path / "exchange.json").read_text() + (tmp_path / "exchange.log").read_text()
