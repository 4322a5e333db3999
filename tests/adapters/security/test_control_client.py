"""From another terminal a run is halted and asked how it is, and what stands in the way is said so that it helps."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from adapters.errors import InputError
from adapters.security import control_client
from adapters.security.control import ControlServer
from adapters.security.control_client import ControlError, halt, halt_command, status, status_command
from adapters.security.lock import FileLock
from adapters.security.private_files import write_private_atomically
from adapters.security.tokens import tokens_of
from tests.adapters.security.asking import trading

ROOT = Path(__file__).parents[3]
RUNS = """
    import sys
    from pathlib import Path
    from adapters.security.control import ControlServer
    halt = lambda reason, flatten: {"done": [reason, flatten]}
    server = ControlServer(Path(sys.argv[1]), on_halt=halt, on_status=dict)
    print(server.start(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path):
    """A trader in a process of its own; the folder is tmp_path / "run"."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUNS), str(tmp_path / "run")],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.port = int(process.stdout.readline())
    yield process
    with contextlib.suppress(OSError):
        process.kill()
    process.wait(30)
    process.stdin.close()
    process.stdout.close()


def test_a_run_in_another_process_is_halted_and_asked(run, tmp_path):
    assert halt(tmp_path / "run", "a fire", flatten=True) == {"done": ["a fire", True]}
    assert status(tmp_path / "run") == {}


def test_a_folder_without_a_run_is_said_to_be_one(tmp_path):
    for folder, reason in [(tmp_path / "nowhere", "no such run folder"), (tmp_path, "no live run was ever started")]:
        with pytest.raises(InputError, match=reason):
            halt(folder, "x")
        with pytest.raises(InputError, match=reason):
            status(folder)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_run_that_was_killed_is_not_alive_and_whoever_took_its_port_hears_nothing(run, tmp_path):
    run.send_signal(signal.SIGKILL)
    run.wait(30)
    heard = []
    with socket.create_server(("127.0.0.1", run.port)) as impostor:
        impostor.settimeout(0.5)

        def listen():
            with contextlib.suppress(TimeoutError):
                heard.append(impostor.accept()[0].recv(4_096))

        thread = threading.Thread(target=listen)
        thread.start()
        with pytest.raises(ControlError, match="not alive"):
            halt(tmp_path / "run", "x")
        thread.join()

    assert heard == []


def test_a_run_that_ended_in_order_is_not_alive(tmp_path):
    with trading(tmp_path):
        pass

    with pytest.raises(ControlError, match="not alive"):
        halt(tmp_path, "x")


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_run_that_stands_still_is_named_with_what_is_left_to_do(run, tmp_path):
    run.send_signal(signal.SIGSTOP)

    with pytest.raises(ControlError, match=f"process {run.pid} is alive and does not answer; end it with kill -9"):
        halt(tmp_path / "run", "x", timeout_s=0.5)
    run.send_signal(signal.SIGCONT)
    assert halt(tmp_path / "run", "x") == {"done": ["x", False]}


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
@pytest.mark.parametrize(
    "spoil", [lambda path: path.chmod(0o644), lambda path: path.unlink(), lambda path: path.write_text("")]
)
def test_a_token_that_is_not_there_private_and_right_is_said(run, tmp_path, spoil):
    spoil(tmp_path / "run" / "control.token")

    with pytest.raises((InputError, ControlError), match=r"control\.token|a token is needed"):
        halt(tmp_path / "run", "x")


def test_only_the_token_that_is_needed_is_read(run, tmp_path):
    (tmp_path / "run" / "control.token").unlink()

    assert status(tmp_path / "run") == {}


@pytest.mark.parametrize(
    "told",
    ["{", "[]", "{}", '{"host": "192.0.2.1", "port": 80, "pid": 1}', '{"host": "127.0.0.1", "port": "80", "pid": 1}'],
)
def test_s07_a_token_is_sent_to_this_machine_alone(tmp_path, told):
    tokens_of(tmp_path)
    with FileLock(tmp_path / "control.lock", "control", tmp_path):
        write_private_atomically(tmp_path / "control.json", told)
        with pytest.raises(InputError, match=r"control\.json"):
            halt(tmp_path, "x")


def test_s09_a_proxy_of_the_environment_does_not_get_to_see_the_token(run, tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert status(tmp_path / "run") == {}


def test_a_refusal_is_passed_on_with_its_reason(tmp_path):
    with trading(tmp_path) as trader:
        with pytest.raises(ControlError, match="the reason is printable text"):
            halt(tmp_path, "x" * 500)
        trader.fails = RuntimeError("no")
        with pytest.raises(ControlError, match="halt failed: RuntimeError"):
            halt(tmp_path, "x")


def test_somebody_who_answers_nonsense_is_not_believed(tmp_path):
    tokens_of(tmp_path)
    with FileLock(tmp_path / "control.lock", "control", tmp_path), socket.create_server(("127.0.0.1", 0)) as odd:
        write_private_atomically(
            tmp_path / "control.json", json.dumps({"host": "127.0.0.1", "port": odd.getsockname()[1], "pid": 5})
        )

        def answer():
            for _ in range(2):
                wire, _ = odd.accept()
                with wire:
                    wire.recv(4_096)
                    wire.sendall(b"SSH-2.0-other\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ControlError, match="process 5 is alive and does not answer"):
            halt(tmp_path, "x", timeout_s=0.45)
        with contextlib.suppress(OSError):
            socket.create_connection(odd.getsockname(), timeout=5).close()
        thread.join(30)


# The commands.


def test_the_commands_say_line_by_line_what_came_of_it(tmp_path, capsys):
    with trading(tmp_path) as trader:
        assert halt_command(tmp_path, "a fire", flatten=True) == 0
        assert status_command(tmp_path) == 0
        assert trader.halts == [("a fire", True)]

    assert capsys.readouterr().out.splitlines() == [
        f"halted {tmp_path}, flattening", "  state: HALTED", "  cancelled: 3",
        f"{tmp_path} is running", "  state: ACTIVE", "  positions: XBTUSD 5",
    ]  # fmt: skip


def test_a_run_that_does_not_flatten_is_not_said_to(tmp_path, capsys):
    answer = {"gate": "closed", "cancelled": ["main"], "flatten": False}
    server = ControlServer(tmp_path / "run", on_halt=lambda _reason, _flatten: answer, on_status=dict)
    server.start()
    try:
        code = halt_command(tmp_path / "run", "a fire", flatten=True)
    finally:
        server.close()
    said = capsys.readouterr()

    assert code == 1
    assert "flattening" not in said.out
    assert "it does not flatten: it is halted" in said.err


def test_the_commands_speak_json(tmp_path, capsys):
    with trading(tmp_path):
        assert halt_command(tmp_path, "x", as_json=True) == 0
        assert status_command(tmp_path, as_json=True) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["HALTED", "ACTIVE"]


def test_the_commands_fail_with_a_reason(tmp_path, capsys):
    with trading(tmp_path):
        pass

    assert halt_command(tmp_path, "x") == 1
    assert status_command(tmp_path) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("not alive") == 2
    with pytest.raises(InputError):
        halt_command(tmp_path / "nowhere", "x")


def test_an_answer_without_end_is_read_to_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(control_client, "_ANSWER_MAX", 10)
    with trading(tmp_path), pytest.raises(ControlError, match="something else"):
        status(tmp_path)
