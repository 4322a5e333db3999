"""`python run.py exchange` says where it is in one line, ends by a signal or by itself, and refuses what cannot be."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from adapters.bitmex.credentials import LoopbackKeys

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def start():
    started = []

    def begin(*arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "run.py", "exchange", *arguments],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
        )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_says_where_it_is_and_ends_by_a_signal(start, sent, code):
    process = start("--port", "0")
    told = json.loads(process.stdout.readline())
    answer = requests.get(f"{told['rest']}/instrument", timeout=5)

    process.send_signal(sent)

    assert {"port", "rest", "ws", "key", "secret"} == set(told)
    assert told["rest"] == f"http://127.0.0.1:{told['port']}/api/v1"
    assert told["ws"] == f"ws://127.0.0.1:{told['port']}/realtime"
    assert [row["symbol"] for row in answer.json()] == ["XBTUSD", "ETHUSD", "XBTUSDT"]
    assert process.wait(10) == code
    assert process.stdout.read() == ""
    assert process.stderr.read() == ""


def test_a_secret_that_was_given_is_not_shown(start):
    process = start(OPENOUTCRY_LOOPBACK_KEY="mine", OPENOUTCRY_LOOPBACK_SECRET="very-secret")
    told = json.loads(process.stdout.readline())
    process.terminate()
    out, err = process.communicate(timeout=10)

    assert (told["key"], set(told)) == ("mine", {"port", "rest", "ws", "key"})
    assert "very-secret" not in json.dumps(told) + out + err


def test_it_ends_by_itself_when_nobody_has_been_there_for_long(start):
    process = start("--idle-seconds", "1", "--key", "k", "--secret", "s")
    told = json.loads(process.stdout.readline())
    began = time.monotonic()
    for _ in range(3):
        time.sleep(0.5)
        assert requests.get(f"{told['rest']}/instrument", timeout=5).status_code == 200

    assert process.wait(10) == 0
    assert time.monotonic() - began > 2.4


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--speed", "0"], "--speed"),
        (["--key", "k"], "--secret"),
        (["--market", "nowhere.csv"], "nowhere.csv"),
        (["--faults", "nowhere.toml"], "nowhere.toml"),
        (["--port", "70000"], "--port"),
        (["--idle-seconds", "-1"], "--idle-seconds"),
        (["--second-key", "withdraw"], "--second-key"),
    ],
)
def test_what_cannot_be_is_refused_with_exit_code_2(capsys, arguments, text):
    from adapters.cli import main  # noqa: PLC0415 run in this process: a new one takes a second

    with pytest.raises(SystemExit) as ended:
        main(["exchange", *arguments])

    assert ended.value.code == 2
    assert text in capsys.readouterr().err


def test_a_port_that_is_taken_is_said(start, capsys):
    from adapters.cli import main  # noqa: PLC0415

    process = start()
    port = json.loads(process.stdout.readline())["port"]

    with pytest.raises(SystemExit) as ended:
        main(["exchange", "--port", str(port)])

    assert ended.value.code == 2
    assert f"port {port}" in capsys.readouterr().err


@pytest.mark.parametrize(("may", "status"), [("cancel", 403), ("order", 200)])
def test_a_second_key_may_do_no_more_than_was_asked_for(start, may, status):
    process = start("--second-key", may, OPENOUTCRY_LOOPBACK_KEY="mine", OPENOUTCRY_LOOPBACK_SECRET="very-secret")
    told = json.loads(process.stdout.readline())
    keys = LoopbackKeys(told["second_key"], told["second_secret"])
    body, expires = json.dumps({"symbol": "XBTUSD", "orderQty": 100, "price": 100}), int(time.time()) + 60

    answers = [
        requests.request(
            verb, f"{told['rest']}{path}", data=data, timeout=5,
            headers={"content-type": "application/json", **keys.headers(verb, f"/api/v1{path}", expires, data)},
        ).status_code
        for verb, path, data in (("POST", "/order", body), ("GET", "/order", ""), ("DELETE", "/order/all", ""))
    ]  # fmt: skip

    assert answers == [status, 200, 200]
    assert "secret" not in told
