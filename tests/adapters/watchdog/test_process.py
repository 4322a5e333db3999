"""The process alone: whatever its trader does, the venue's books, the log and the exit code say what it did about it.

The trader is a small process of the test's, for a watchdog watches who has started it.
"""

import dataclasses
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.exchange.account import Key
from adapters.exchange.faults import Rule
from adapters.watchdog.record import Act, read_act, write_act
from adapters.watchdog.setup import Setup
from tests.system.live.venue import SYMBOL, a_venue, until

TRADER = Path(__file__).with_name("trader.py")
KEY, SECRET = "a-watchdogs-key", "a-watchdogs-secret"
ORDERS_KEY = "a-key-that-may-order"


@pytest.fixture(scope="module")
def exchange():
    with a_venue() as venue:
        account = venue.server.account.number
        for key, may in ((KEY, "orderCancel"), (ORDERS_KEY, "order")):
            told = Key(id=key, secret=SECRET, account=account, permissions=frozenset({may}))
            venue.on_loop(lambda told=told: venue.server.exchange.add_key(told))
        yield venue


@pytest.fixture
def venue(exchange):
    """The same exchange for all, with nothing left of the test before."""
    yield exchange
    exchange.calm()
    exchange.ask("DELETE", "/order/all")


class Case:
    """A trader with its watchdog."""

    def __init__(self, place, venue, *steps, key=KEY, **told):
        self.folder, self.venue = place / "run", venue
        self.folder.mkdir(mode=0o700, exist_ok=True)
        keys = place / "keys"
        keys.write_text(f'venue = "loopback"\nkey = "{key}"\nsecret = "{SECRET}"\n')
        keys.chmod(0o600)
        setup = Setup(
            **{
                "trader": 2, "life": 3, "folder": str(self.folder), "origin": f"http://127.0.0.1:{venue.port}",
                "authorities": None, "keys": str(keys), "account_lock": str(place / "account.lock"),
                "silence_s": 0.6, "start_s": 30.0, "stop_s": 0.6, "sweep_s": 0.2, "budget_s": 20.0,
                "stack_signal": int(signal.SIGUSR1), **told,
            }
        )  # fmt: skip
        plan = place / "plan.json"
        plan.write_text(json.dumps({"setup": dataclasses.asdict(setup), "steps": steps}))
        self.process = subprocess.Popen([sys.executable, str(TRADER), str(plan)], stdout=subprocess.PIPE, text=True)
        self.watchdog = int(self.process.stdout.readline())
        self.first_word = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in (self.process.kill, lambda: os.kill(self.watchdog, signal.SIGKILL)):
            try:
                end()
            except ProcessLookupError:
                continue
        self.process.wait()
        self.process.stdout.close()

    @property
    def log(self):
        return (self.folder / "watchdog.log").read_text()

    def says(self, text):
        until(lambda: text in self.log, lambda: self.log)

    @property
    def act(self):
        return read_act(str(self.folder))

    def over(self):
        """Wait for the end of what it does; returns what it kept."""
        until(lambda: self.act is not None and self.act.ended, lambda: self.log)
        return self.act


def an_order(venue, price=100.0):
    return venue.by_hand(100, price=price)


def test_a_trader_that_stands_still_is_ended_with_its_stacks_and_its_orders_taken_back(tmp_path, venue):
    an_order(venue)
    with Case(tmp_path, venue, ("say", "beat 1"), ("keep", 60)) as case:
        assert case.first_word == "ready"
        assert case.process.wait(30) == -signal.SIGKILL
        act = case.over()

    assert venue.open_orders() == []
    assert (act.life, act.trader, act.verdict, act.killed) == (3, case.process.pid, "silent", True)
    assert (act.cancelled, act.closes, act.is_clean, act.restarted, act.failure) == (1, 0, True, False, "")
    assert "trader.py" in (case.folder / "stacks.txt").read_text()
    assert "its stacks are in stacks.txt" in case.log
    assert SECRET not in case.log


def test_a_trader_that_is_stopped_is_ended_without_stacks(tmp_path, venue):
    with Case(tmp_path, venue, ("sleep", 60), start_s=1.0) as case:
        case.process.send_signal(signal.SIGSTOP)
        assert case.process.wait(30) == -signal.SIGKILL
        assert case.over().is_clean

    assert "it wrote no stacks, state T (stopped)" in case.log


def test_a_watchdog_that_was_stopped_for_longer_than_the_silence_ends_nobody(tmp_path, venue):
    an_order(venue)
    beats = [step for number in range(8) for step in (("say", f"beat {number}"), ("sleep", 0.1))]
    with Case(tmp_path, venue, ("say", "beat 0"), ("stop", 2.0), *beats, ("say", "bye"), silence_s=1.5) as case:
        case.says("ended in order")

    assert len(venue.open_orders()) == 1
    assert case.act is None


def test_a_trader_that_dies_has_its_orders_taken_back_at_once(tmp_path, venue):
    an_order(venue)
    with Case(tmp_path, venue, ("say", "beat 1"), ("die",), silence_s=30.0) as case:
        act = case.over()

    assert venue.open_orders() == []
    assert (act.verdict, act.killed, act.is_clean) == ("died", False, True)


def test_goodbye_is_heard_though_the_trader_is_gone_when_it_is_read(tmp_path, venue):
    an_order(venue)
    with Case(tmp_path, venue, ("say", "stopping"), ("say", "bye"), ("die",)) as case:
        case.says("ended in order")

    assert len(venue.open_orders()) == 1


def test_a_trader_that_does_not_come_through_its_stop_is_ended(tmp_path, venue):
    an_order(venue)
    with Case(tmp_path, venue, ("say", "stopping"), ("sleep", 60)) as case:
        assert case.process.wait(30) == -signal.SIGKILL
        case.over()

    assert venue.open_orders() == []
    assert "while it was stopping" in case.act.reason


def test_a_trader_that_closes_its_pipe_and_lives_on_is_ended(tmp_path, venue):
    with Case(tmp_path, venue, ("say", "beat 1"), ("close",), ("sleep", 60), silence_s=30.0) as case:
        assert case.process.wait(30) == -signal.SIGKILL
        assert "closed its pipe" in case.over().reason


def test_who_says_that_it_fails_is_left_to_end_by_itself_and_its_orders_are_taken_back(tmp_path, venue):
    an_order(venue)
    go = tmp_path / "go"
    with Case(tmp_path, venue, ("say", "failed nobody supervises"), ("until", str(go)), ("die",)) as case:
        until(lambda: not venue.open_orders(), lambda: case.log)
        assert case.process.poll() is None
        go.touch()
        act = case.over()

    assert (act.verdict, act.reason, act.killed, act.restarted) == ("failed", "nobody supervises", False, False)


def test_who_is_halted_and_silent_lives_and_is_watched_on(tmp_path, venue):
    an_order(venue)
    with Case(tmp_path, venue, ("say", "beat 1"), ("say", "halted"), ("sleep", 60)) as case:
        until(lambda: not venue.open_orders(), lambda: case.log)
        case.over()
        assert case.process.poll() is None
        an_order(venue)
        case.process.kill()
        until(lambda: not venue.open_orders(), lambda: case.log)


def test_positions_are_closed_where_that_is_wanted_and_those_of_others_stay(tmp_path, venue):
    venue.by_hand(300)
    with Case(tmp_path, venue, ("die",), key=ORDERS_KEY, flatten=True, symbols=("ETHUSD",)) as case:
        assert case.over().is_clean
    assert venue.position()["currentQty"] == 300
    assert "+300 XBTUSD" in case.log

    (tmp_path / "run" / "watchdog.json").unlink()
    with Case(tmp_path, venue, ("die",), key=ORDERS_KEY, flatten=True, symbols=(SYMBOL,)) as case:
        act = case.over()
    assert venue.position()["currentQty"] == 0
    assert (act.closes, act.is_clean) == (1, True)


def test_a_venue_that_fails_at_first_is_asked_again(tmp_path, venue):
    an_order(venue)
    with Case(tmp_path, venue, ("say", "beat 1"), ("until", str(tmp_path / "go")), ("die",), silence_s=30.0) as case:
        venue.fault(Rule(kind="503", verb="DELETE", count=2), Rule(kind="502", path="/order", verb="GET", count=1))
        (tmp_path / "go").touch()
        assert case.over().is_clean

    assert venue.open_orders() == []
    assert case.log.count("cancel all: status 503") == 2


def test_what_cannot_be_cancelled_is_said_when_it_is_given_up(tmp_path, venue):
    an_order(venue)
    with Case(tmp_path, venue, ("until", str(tmp_path / "go")), ("die",), budget_s=0.5) as case:
        venue.no_cancels()
        (tmp_path / "go").touch()
        act = case.over()

    assert not act.is_clean
    assert "given up after" in act.failure
    assert not act.restarted


def test_while_it_acts_nobody_else_trades_the_account_and_it_can_be_asked_to_end(tmp_path, venue):
    an_order(venue)
    with Case(tmp_path, venue, ("die",), sweep_s=60.0) as case:
        until(lambda: not venue.open_orders(), lambda: case.log)
        for lock in (tmp_path / "account.lock", case.folder / "watchdog.lock"):
            with lock.open("r+") as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert json.loads(lock.read_text())["pid"] == case.watchdog
        os.kill(case.watchdog, signal.SIGTERM)
        assert "asked to end" in case.over().failure


def test_while_it_watches_it_ends_by_no_signal_of_a_terminal_or_a_service(tmp_path, venue):
    an_order(venue)
    with Case(tmp_path, venue, ("say", "beat 1"), ("sleep", 60), silence_s=30.0) as case:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            os.kill(case.watchdog, number)
        time.sleep(0.3)
        case.process.kill()
        assert case.over().is_clean

    assert venue.open_orders() == []


def test_orders_are_left_to_whoever_trades_the_account_by_then(tmp_path, venue):
    an_order(venue)
    lock = tmp_path / "account.lock"
    lock.touch()
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with Case(tmp_path, venue, ("die",)) as case:
            assert "another process trades the account" in case.over().failure

    assert len(venue.open_orders()) == 1


@pytest.mark.parametrize(("before", "again"), [(None, True), (2, False), (1, True)])
def test_the_run_is_started_again_unless_the_life_that_ended_was_itself_begun_so(tmp_path, venue, before, again):
    (tmp_path / "run").mkdir(mode=0o700)
    if before is not None:
        told = Act(life=before, trader=5, verdict="died", reason="x", began="", ended="", restarted=True)
        assert write_act(str(tmp_path / "run"), told) == ""
    mark = tmp_path / "started"
    command = (sys.executable, "-c", f"open({str(mark)!r}, 'w').close()")
    with Case(tmp_path, venue, ("die",), restart=command) as case:
        until(lambda: case.act is not None and case.act.life == 3 and case.act.ended, lambda: case.log)
        if again:
            until(mark.exists, lambda: case.log)

    assert case.act.restarted is again
    assert mark.exists() is again


def test_it_does_not_begin_with_keys_that_others_can_read(tmp_path, venue):
    keys = tmp_path / "open.keys"
    keys.write_text(f'key = "{KEY}"\nsecret = "{SECRET}"\n')
    keys.chmod(0o644)
    with Case(tmp_path, venue, keys=str(keys)) as case:
        assert case.first_word == f"failed {keys}: this is not a plain file of ours that nobody else can read"


def test_it_does_not_begin_where_another_one_is_at_work(tmp_path, venue):
    with Case(tmp_path, venue, ("sleep", 60)) as first:
        assert first.first_word == "ready"
        with Case(tmp_path, venue) as second:
            assert "another watchdog of this run is at work" in second.first_word


def test_what_is_no_setup_is_refused():
    told = subprocess.run(
        [sys.executable, "-I", "-S", str(TRADER.parents[3] / "adapters" / "watchdog" / "__main__.py")],
        check=False, input="{}\n", capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (told.returncode, told.stderr) == (2, "")
    assert told.stdout.startswith("failed ")
