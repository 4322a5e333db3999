"""SIGSTOP for some seconds, then SIGCONT: nothing old is traded on, nothing opened before the account was read (F55).

The judge is the exchange's list of requests since the process went on.
"""

import contextlib
import json
import os
import signal
import time

from tests.system.live.agreement import assert_agree, summary
from tests.system.live.lives import Process, a_folder, a_strategy
from tests.system.live.venue import Judge

_POSITIONS = ("GET", "/position")
_OPENS = (("POST", "/order"), ("PUT", "/order"))


def stood_still(place, venue, seconds):
    """A busy trader is stopped and goes on. AssertionError when it opened too soon, or does not agree at the end."""
    folder, config = a_folder(place, venue, a_strategy("Flipper", lots=3), a_strategy("Mixed"))
    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: len(venue.trades()) >= 4 and venue.open_orders())
        process.signal(signal.SIGSTOP)
        # What had left it before may still arrive.
        time.sleep(0.5)
        before = len(venue.asked)
        time.sleep(seconds)
        process.signal(signal.SIGCONT)
        process.until(lambda: opened(venue.asked[_read(venue.asked, before) :]))
        since = venue.asked[before:]
        trades = len(venue.trades())
        process.until(lambda: len(venue.trades()) >= trades + 4)
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()
    assert_compared_first(since)
    assert_agree(folder, venue)
    live = summary(folder)["live"]
    assert live["reconnects"] >= 1
    assert (live["adjustments"], live["troubles"]) == (0, [])


def the_exchange_stood_still(place, seconds):
    """The same is done to the exchange, a process of its own: nothing is answered, no connection ends (F21, F27)."""
    folder, config = a_folder(place, None, a_strategy("Flipper", lots=3, every=0.5), a_strategy("Mixed", every=0.7))
    told = folder / "exchange.json"
    try:
        with Process(folder, "--quiet", config=config) as process:
            process.until(lambda: told.exists() and (folder / "control.json").exists())
            known = json.loads(told.read_text())
            judge = Judge(known["port"], known["key"], known["secret"])
            process.until(lambda: _traded(judge, 4))
            os.kill(known["pid"], signal.SIGSTOP)
            over = time.monotonic() + seconds
            process.until(lambda: time.monotonic() > over)
            os.kill(known["pid"], signal.SIGCONT)
            trades = len(judge.trades())
            process.until(lambda: _traded(judge, trades + 8))
            process.signal(signal.SIGTERM)
            assert process.wait() == 143, process.said()
        assert_agree(folder, judge)
        assert (summary(folder)["live"]["adjustments"], summary(folder)["halted"]) == (0, None)
    finally:
        with contextlib.suppress(OSError, ValueError):
            pid = json.loads(told.read_text())["pid"]
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)


def _traded(judge, count):
    """Asked seldom: it is the trader's budget of requests that is used."""
    time.sleep(1.0)
    return len(judge.trades()) >= count


def _read(asked, since):
    """Where positions were first read since then; the end when they were not."""
    paths = [(each.verb, each.path) for each in asked[since:]]
    return since + (paths.index(_POSITIONS) if _POSITIONS in paths else len(paths))


def opened(asked):
    return [each for each in asked if (each.verb, each.path) in _OPENS]


def assert_compared_first(asked):
    """Before the first request that opens, positions and executions were read twice.

    One may have been in the middle of being written when the process was stopped: its bytes leave when it goes on.
    """
    paths = [(each.verb, each.path) for each in asked]
    read = _read(asked, 0)
    early = opened(asked[:read])
    assert len(early) <= 1, f"opened before anything was read: {[each.body for each in early]}"
    first = paths.index(next(each for each in paths[read:] if each in _OPENS), read)
    told = paths[:first]
    assert told.count(_POSITIONS) >= 2, told
    assert told.count(("GET", "/execution")) >= 2, told
