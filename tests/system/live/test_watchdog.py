"""A trader that hangs, dies or fails leaves no order at the venue: a process of its own takes them back.

The trader is a real process at a real exchange on loopback; only the exchange's books say what became of its orders.
Those that take long run where OPENOUTCRY_LONG_TESTS is set.
"""

import json
import os
import signal
import time

import pytest

from tests.long import long
from tests.system.live.agreement import rows, summary
from tests.system.live.venue import until
from tests.system.live.watched import SECRET, Watched

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a watchdog ends a run as POSIX has it")


def test_f71_python_that_stands_still_is_ended_with_its_stacks_and_the_next_life_tells_of_it(tmp_path, venue):
    watched = Watched(tmp_path, venue, "KeepsPython")
    with watched.start() as process:
        watched.rests(process)
        watched.go()
        assert process.wait() == -signal.SIGKILL, process.said()
    watched.orders_are_gone()
    watched.says("cancel all: 1 cancelled")
    watched.end_watchdogs()

    assert "in fail" in (watched.folder / "stacks.txt").read_text()
    assert (watched.act()["killed"], watched.act()["verdict"]) == (True, "silent")
    assert venue.position()["currentQty"] > 0
    with watched.start("--for", 1) as process:
        assert process.wait() == 0, process.said()
    live = summary(watched.folder)["live"]
    assert "the watchdog ended the run" in live["watchdog"]
    assert "no heartbeat came back" in live["watchdog"]
    assert (live["lives"], live["adjustments"], live["troubles"]) == (2, 0, [])
    assert SECRET not in watched.story()


@pytest.mark.parametrize("actor", ["venue@main", pytest.param("executor@main", marks=long)])
def test_f70_a_handler_on_the_way_of_orders_that_never_returns_ends_the_run(tmp_path, venue, actor):
    watched = Watched(tmp_path, venue, "Hangs", actor=actor)
    with watched.start() as process:
        watched.rests(process)
        watched.go()
        assert process.wait() == -signal.SIGKILL, process.said()
    watched.orders_are_gone()
    watched.says("cancel all: 1 cancelled")
    watched.end_watchdogs()

    assert "in broken" in (watched.folder / "stacks.txt").read_text()


@pytest.mark.parametrize("kind", ["Raises", pytest.param("Hangs", marks=long)])
def test_f72_without_a_supervisor_the_run_ends_and_its_orders_are_taken_back(tmp_path, venue, kind):
    more = "[backtest]\nhandler_seconds = 2\n"
    watched = Watched(tmp_path, venue, kind, silence_s=20, actor="supervisor", more=more)
    with watched.start() as process:
        watched.rests(process)
        watched.go()
        watched.says("failed:")
        watched.orders_are_gone()
        if kind == "Raises":
            # A thread that hangs keeps its process for longer than a test should take.
            assert process.wait() == 70, process.said()
    watched.end_watchdogs()


def test_f84_a_watchdog_that_is_killed_is_replaced_and_a_trader_that_is_gone_is_seen_at_once(tmp_path, venue):
    watched = Watched(tmp_path, venue, silence_s=20)
    with watched.start() as process:
        watched.rests(process)
        (first,) = watched.watchdogs()
        os.kill(first, signal.SIGKILL)
        process.until(lambda: len(watched.watchdogs()) == 2)
        said = (watched.folder / "log.txt").read_text()
        assert "the watchdog is gone: it ended with code -9; another one is started" in said
        assert venue.open_orders()
        # Gone without a word: nobody has to wait for the silence.
        died = time.monotonic()
        process.signal(signal.SIGKILL)
        process.wait()
        watched.orders_are_gone()
    assert time.monotonic() - died < 10
    watched.says("died: it ended without a word")
    watched.end_watchdogs()


def test_an_ordered_stop_is_no_silence_and_leaves_orders_that_are_to_stay(tmp_path, venue):
    watched = Watched(tmp_path, venue, live='on_stop = "leave"\n')
    with watched.start("--json") as process:
        watched.rests(process)
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()
    watched.says("the trader has ended in order")

    assert len(venue.open_orders()) == 1
    assert not (watched.folder / "watchdog.json").exists()


@long
def test_a_run_does_not_begin_without_the_watchdog_that_it_was_to_have(tmp_path, venue):
    watched = Watched(tmp_path, venue, may="order", live="watchdog = true\n")
    keys = watched.folder / "watchdog.keys"
    keys.write_text(keys.read_text().replace(SECRET, "another"))

    with watched.start() as process:
        code = process.wait()

    assert code == 1
    assert "401" in process.said()
    assert not venue.posts()


@long
def test_a_stopped_trader_is_ended_its_position_closed_and_the_run_started_again_once(tmp_path, venue):
    watched = Watched(
        tmp_path, venue, may="order", live='watchdog_flatten = true\nwatchdog_restart = "once"\n', lots=3
    )  # fmt: skip
    with watched.start() as process:
        watched.rests(process)
        until(lambda: venue.position()["currentQty"], watched.story)
        process.signal(signal.SIGSTOP)
        assert process.wait() == -signal.SIGKILL
    watched.says("the run is started again")
    told = watched.act()
    until(lambda: len(watched.watchdogs()) == 2, watched.story)
    until(venue.open_orders, watched.story)
    os.kill(json.loads((watched.folder / "control.json").read_text())["pid"], signal.SIGKILL)
    watched.says("not started again")
    watched.orders_are_gone()

    assert (told["is_clean"], told["closes"], told["restarted"]) == (True, 1, True)
    assert venue.position()["currentQty"] == 0


@long
def test_no_order_that_was_on_its_way_outlives_the_trader(tmp_path, venue):
    from adapters.exchange.faults import Rule  # noqa: PLC0415

    watched = Watched(tmp_path, venue)
    venue.fault(Rule(kind="latency", verb="POST", path="/order", ms=4_000))
    with watched.start() as process:
        process.until(lambda: len(venue.arrived) == 2)
        process.signal(signal.SIGKILL)
        process.wait()
    until(lambda: len(venue.orders()) == 2, watched.story)
    watched.says("nothing is left open at the venue")

    assert not venue.open_orders()


@long
def test_where_that_is_wanted_trading_halts_when_no_watchdog_is_left(tmp_path, venue):
    watched = Watched(tmp_path, venue, silence_s=20, live='watchdog_lost = "halt"\n')
    with watched.start() as process:
        watched.rests(process)
        for number in range(1, 5):
            process.until(lambda number=number: len(watched.watchdogs()) == number)
            os.kill(watched.watchdogs()[-1], signal.SIGKILL)
        process.until(lambda: not venue.open_orders())
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()

    told = summary(watched.folder)
    assert "3 in an hour were replaced" in told["halted"]
    assert "nobody watched the run any more" in " ".join(told["live"]["troubles"])


@long
def test_what_an_ordered_stop_could_not_cancel_is_left_to_the_watchdog(tmp_path, venue):
    watched = Watched(tmp_path, venue)
    with watched.start() as process:
        watched.rests(process)
        venue.no_cancels()
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()
    assert venue.open_orders()
    venue.calm()
    watched.orders_are_gone()
    watched.says("nothing is left open at the venue")

    assert "1 order was not known to be gone" in watched.act()["reason"]
    assert not watched.act()["killed"]


@long
def test_positions_that_the_watchdog_closed_are_a_strangers_to_the_next_life(tmp_path, venue):
    watched = Watched(tmp_path, venue, "Dies", may="order", live="watchdog_flatten = true\n", lots=3)
    with watched.start() as process:
        watched.rests(process)
        until(lambda: venue.position()["currentQty"] == 300, watched.story)
        watched.go()
        assert process.wait() == 9
    watched.says("nothing is left open at the venue")
    assert venue.position()["currentQty"] == 0

    with watched.start("--for", 2) as process:
        assert process.wait() == 0, process.said()
    held = {row["strategy"]: int(row["position_lots"]) for row in rows(watched.folder, "strategies.csv")}
    assert sum(held.values()) * 100 == venue.position()["currentQty"]
    assert held["outside"] == -3
    assert "1 sent to close positions" in summary(watched.folder)["live"]["watchdog"]
