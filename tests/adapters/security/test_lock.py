"""One account has one writer: a second process is told who the first one is, and what a dead one held is free."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from adapters.errors import InputError
from adapters.security.lock import AccountLock, LockedError, RunLock, locks_folder

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and modes are POSIX")

HOLDS = """
    import sys
    from pathlib import Path
    from adapters.errors import InputError
    from adapters.security.lock import AccountLock
    lock = AccountLock(Path(sys.argv[1]), "bitmex-testnet", "42", Path(sys.argv[2]))
    try:
        print(lock.acquire(), flush=True)
    except InputError as error:
        print(error, flush=True)
        sys.exit(2)
    sys.stdin.read()
"""


@pytest.fixture
def trader(tmp_path):
    """Starts processes that hold the account's lock until their standard input ends; gives (process, first line)."""
    started = []

    def start(run="run", source=HOLDS):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source), str(tmp_path / "locks"), str(tmp_path / run)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        with contextlib.suppress(OSError):
            process.kill()
        process.wait(30)
        process.stdin.close()
        process.stdout.close()


def a_lock(tmp_path, account="42", venue="bitmex-testnet"):
    return AccountLock(tmp_path / "locks", venue, account, tmp_path / "mine")


def test_s26_a_second_process_is_refused_and_told_of_the_first(tmp_path, trader):
    first, lease = trader("run-a")

    second, said = trader("run-b")

    assert lease == "1"
    assert second.wait(30) == 2
    assert said == (
        f"account 42 at bitmex-testnet is in use by process {first.pid}, which runs in {tmp_path / 'run-a'}; "
        "end that one first"
    )
    assert a_lock(tmp_path).holder().pid == first.pid


def test_s26_what_a_killed_process_held_is_free_and_its_lease_is_over(tmp_path, trader):
    first, _ = trader()
    first.send_signal(signal.SIGKILL)
    first.wait(30)

    assert a_lock(tmp_path).holder() is None
    _, lease = trader()
    assert lease == "2"


def test_s26_a_process_that_stands_still_is_alive_and_keeps_its_account(tmp_path, trader):
    first, _ = trader()
    first.send_signal(signal.SIGSTOP)

    with pytest.raises(LockedError, match=f"process {first.pid}"):
        a_lock(tmp_path).acquire()
    first.send_signal(signal.SIGCONT)
    with pytest.raises(LockedError, match=f"process {first.pid}"):
        a_lock(tmp_path).acquire()


def test_s26_an_orderly_end_frees_the_account(tmp_path, trader):
    first, _ = trader()
    first.stdin.close()
    first.wait(30)

    with a_lock(tmp_path) as lock:
        assert lock.lease == 2
    with a_lock(tmp_path) as lock:
        assert lock.lease == 3


def test_s26_of_many_that_start_at_once_one_wins(tmp_path, trader):
    said = [trader(f"run-{number}")[1] for number in range(5)]

    assert [line for line in said if line.isdigit()] == ["1"]
    assert sum("is in use by process" in line for line in said) == 4


def test_s26_a_program_that_a_trader_started_does_not_keep_its_account(tmp_path, trader):
    source = HOLDS.replace(
        "sys.stdin.read()",
        "import subprocess; child = subprocess.Popen(['sleep', '60']); print(child.pid, flush=True); sys.stdin.read()",
    )
    first, _ = trader(source=source)
    child = int(first.stdout.readline())
    first.kill()
    first.wait(30)

    try:
        assert a_lock(tmp_path).acquire() == 2
    finally:
        os.kill(child, signal.SIGKILL)


def test_s26_accounts_and_venues_do_not_disturb_each_other(tmp_path, trader):
    trader()

    assert a_lock(tmp_path, account="43").acquire() == 1
    assert a_lock(tmp_path, venue="bitmex").acquire() == 1


@pytest.mark.parametrize(
    ("one", "other"), [(("a-b", "c"), ("a", "b-c")), (("a", "b@c"), ("a@b", "c")), (("a", "../b"), ("a", "..%2Fb"))]
)
def test_s26_no_two_accounts_share_a_file_and_none_is_elsewhere(tmp_path, one, other):
    paths = {AccountLock(tmp_path / "locks", *names, tmp_path).path for names in (one, other)}

    assert len(paths) == 2
    assert {path.parent for path in paths} == {tmp_path / "locks"}


@pytest.mark.parametrize("account", ["x" * 500, "ü" * 100, ".", "..", "a\0b\nc"])
def test_s26_every_name_of_an_account_can_be_locked(tmp_path, account):
    lock = a_lock(tmp_path, account=account)

    assert lock.acquire() == 1
    with pytest.raises(LockedError):
        a_lock(tmp_path, account=account).acquire()


def test_s26_the_same_process_cannot_have_it_twice(tmp_path):
    first = a_lock(tmp_path)
    first.acquire()

    with pytest.raises(LockedError, match=f"process {os.getpid()}"):
        a_lock(tmp_path).acquire()
    first.release()
    first.release()
    assert a_lock(tmp_path).acquire() == 2


def test_s26_whoever_holds_it_notices_when_it_was_taken_from_under_him(tmp_path):
    first, second = a_lock(tmp_path), a_lock(tmp_path)
    assert not first.is_held()
    first.acquire()
    assert first.is_held()

    first.path.unlink()
    assert not first.is_held()
    second.acquire()

    assert not first.is_held()
    assert second.is_held()
    second.release()
    assert not second.is_held()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "run_folder": "x", "lease": "7"}', "\0" * 99]
)
def test_s26_a_lease_only_grows_whatever_became_of_the_file(tmp_path, content):
    lock = a_lock(tmp_path)
    for _ in range(3):
        lock.acquire()
        lock.release()
    before = lock.lease
    lock.path.write_text(content)

    lease = a_lock(tmp_path).acquire()

    # An empty file is a new one's, and cannot be told from it: it is only ever written whole.
    assert lease == 1 if not content else lease > before


def test_s18_locks_are_private_and_say_whose_they_are(tmp_path):
    before = os.umask(0)
    lock = a_lock(tmp_path)
    lock.acquire()
    os.umask(before)

    assert stat.S_IMODE(lock.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(lock.path.parent.stat().st_mode) == 0o700
    assert json.loads(lock.path.read_text()) == {
        "pid": os.getpid(), "run_folder": str(tmp_path / "mine"), "lease": 1,
    }  # fmt: skip


def test_s26_a_link_in_the_place_of_the_lock_is_refused(tmp_path):
    lock = a_lock(tmp_path)
    lock.path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(InputError, match="link"):
        lock.acquire()
    assert not (tmp_path / "elsewhere").exists()


def test_s26_a_run_folder_has_one_writer_too(tmp_path):
    with RunLock(tmp_path / "run") as lock:
        assert lock.holder().run_folder == str(tmp_path / "run")
        with pytest.raises(LockedError, match="the run folder"):
            RunLock(tmp_path / "run").acquire()
    assert RunLock(tmp_path / "run").acquire() == 2
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_s26_looking_at_a_lock_does_not_keep_a_trader_from_starting(tmp_path):
    lock = a_lock(tmp_path)
    lock.acquire()
    lock.release()
    looker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent("""
            import sys, time
            from pathlib import Path
            from adapters.security.lock import AccountLock
            lock = AccountLock(Path(sys.argv[1]), "bitmex-testnet", "42", Path("x"))
            print("looking", flush=True)
            while True:
                lock.holder()
                time.sleep(0.001)
        """), str(tmp_path / "locks")],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        looker.stdout.readline()
        until = time.monotonic() + 2
        while time.monotonic() < until:
            lock.acquire()
            lock.release()
    finally:
        looker.kill()
        looker.wait(30)
        looker.stdout.close()


def test_the_locks_are_the_users_wherever_a_run_is(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()

    assert locks_folder({"XDG_STATE_HOME": str(tmp_path / "state")}) == tmp_path / "state" / "openoutcry" / "locks"
    for variables in ({}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "relative"}):
        assert locks_folder(variables) == tmp_path / "home" / ".local" / "state" / "openoutcry" / "locks"
