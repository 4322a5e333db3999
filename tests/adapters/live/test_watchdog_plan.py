"""A watchdog is planned where it has keys of its own, which are looked at before anything is traded."""

import json
import os
import subprocess
import sys
import time

import attrs
import pytest

from adapters.bitmex import environment
from adapters.bitmex.credentials import LoopbackKeys
from adapters.configuration import LiveSection
from adapters.errors import InputError, VenueError
from adapters.exchange.account import Key
from adapters.live.venue import Venue
from adapters.live.watchdog_plan import await_predecessor, told_by_predecessor, watchdog_plan
from adapters.watchdog.record import Act, write_act
from messages import NS_PER_SECOND
from tests.adapters.exchange.serving import KEY, SECRET
from tests.system.live.venue import a_venue

OTHERS = {
    "cancels": frozenset({"orderCancel"}), "orders": frozenset({"order"}), "reads": frozenset(),
    "withdraws": frozenset({"order", "withdraw"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def exchange():
    with a_venue() as venue:
        account = venue.server.account.number
        keys = [
            Key(id=f"key-that-{name}", secret=f"hush-{name}", account=account, permissions=may)
            for name, may in OTHERS.items()
        ]

        def stranger():
            other = venue.server.exchange.open_account()
            return Key(id="key-that-strangers", secret="hush-strangers", account=other.number)

        venue.on_loop(lambda: [venue.server.exchange.add_key(each) for each in [*keys, stranger()]])
        yield Venue(
            environment=environment.Loopback(port=venue.port), keys=LoopbackKeys(KEY, SECRET), account_id=account,
            contracts={}, cash={},
        )  # fmt: skip


def keys_in(folder, name, venue="loopback"):
    path = folder / "watchdog.keys"
    path.write_text(f'venue = "{venue}"\nkey = "key-that-{name}"\nsecret = "hush-{name}"\n')
    path.chmod(0o600)


def planned(folder, where, **live):
    redacted = []
    plan, notes = watchdog_plan(LiveSection(**live), where, folder, redacted.append)
    return plan, notes, redacted


def test_with_keys_that_may_only_cancel_it_is_planned_and_they_are_hidden_in_the_log(tmp_path, exchange):
    keys_in(tmp_path, "cancels")

    plan, notes, (redact,) = planned(tmp_path, exchange, watchdog_silence_s=12, watchdog_restart="once")

    assert (plan.keys, plan.silence_s, plan.flatten, plan.restart) == (tmp_path / "watchdog.keys", 12, False, True)
    assert plan.heartbeat_every == 2 * NS_PER_SECOND
    assert notes == ()
    assert "hush-cancels" not in redact("it said hush-cancels")


def test_heartbeats_are_not_more_seldom_than_the_venues_switch_needs(tmp_path, exchange):
    keys_in(tmp_path, "cancels")

    plan, _, _ = planned(tmp_path, exchange, watchdog_silence_s=3_600)

    assert plan.heartbeat_every == 5 * NS_PER_SECOND


@pytest.mark.parametrize(("live", "name"), [({"watchdog": False}, "cancels"), ({}, None)])
def test_there_is_none_where_nobody_wants_it_or_it_has_no_keys(tmp_path, exchange, live, name):
    if name is not None:
        keys_in(tmp_path, name)

    assert planned(tmp_path, exchange, **live) == (None, (), [])


def test_there_is_none_on_paper(tmp_path, exchange):
    keys_in(tmp_path, "cancels")

    assert planned(tmp_path, attrs.evolve(exchange, keys=None), watchdog=True)[0] is None


def test_without_keys_at_a_real_venue_that_is_said(tmp_path, exchange):
    real = attrs.evolve(exchange, environment=environment.Testnet())

    plan, (note,), _ = planned(tmp_path, real, venue="bitmex-testnet")

    assert plan is None
    assert "watchdog_keys" in note


def test_keys_that_may_more_than_is_needed_are_named(tmp_path, exchange):
    keys_in(tmp_path, "orders")

    assert planned(tmp_path, exchange)[1] == ("the watchdog's keys may order; such as may only cancel are enough",)
    assert planned(tmp_path, exchange, watchdog_flatten=True)[1] == ()


@pytest.mark.parametrize(
    ("name", "live", "error", "words"),
    [
        ("reads", {}, InputError, "may not cancel"),
        ("cancels", {"watchdog_flatten": True}, InputError, "may cancel and not order"),
        ("strangers", {}, InputError, "of the account"),
        ("withdraws", {}, VenueError, "may withdraw"),
        ("nobody", {}, VenueError, "401"),
    ],
)
def test_keys_that_do_not_do_are_refused_without_being_shown(tmp_path, exchange, name, live, error, words):
    keys_in(tmp_path, name)

    with pytest.raises(error, match=words) as refused:
        planned(tmp_path, exchange, **live)
    assert f"hush-{name}" not in str(refused.value)


def test_keys_of_another_venue_are_refused(tmp_path, exchange):
    keys_in(tmp_path, "cancels", venue="bitmex-testnet")

    with pytest.raises(InputError, match="loopback"):
        planned(tmp_path, exchange)


def test_one_that_must_be_there_and_cannot_is_an_error(tmp_path, exchange):
    with pytest.raises(InputError, match="has made no keys for a watchdog"):
        planned(tmp_path, exchange, watchdog=True)


# The one before.


@pytest.mark.skipif(os.name != "posix", reason="locks as POSIX has them")
def test_a_life_waits_for_the_watchdog_of_the_one_before_and_not_for_ever(tmp_path):
    await_predecessor(tmp_path)
    code = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX); "
        "file.write(sys.argv[2]); file.flush(); print(flush=True); sys.stdin.read()"
    )
    told = json.dumps({"pid": 4711, "run_folder": "x", "lease": 0})
    lock = tmp_path / "watchdog.lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock), told], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(InputError, match="process 4711"):
            await_predecessor(tmp_path, patience_s=0.3)
    began = time.monotonic()

    await_predecessor(tmp_path)

    assert time.monotonic() - began < 5


def test_a_life_tells_of_what_was_done_about_the_one_before_it_and_no_other(tmp_path):
    act = Act(life=3, trader=7, verdict="died", reason="x", began="2026", ended="2026", is_clean=True)
    write_act(str(tmp_path), act)

    assert told_by_predecessor(tmp_path, 4) == act.words
    assert told_by_predecessor(tmp_path, 5) is None
    assert told_by_predecessor(tmp_path, 3) is None
