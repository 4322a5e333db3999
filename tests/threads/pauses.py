"""SIGSTOP for some seconds, then SIGCONT: nothing old is traded on, nothing opened before the account was read (F55).

The judge is the exchange's list of requests since the process went on.
"""

import signal
import time

from tests.system.live.agreement import assert_agree, summary
from tests.system.live.lives import Process, a_folder, a_strategy

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
        process.until(lambda: opened(venue.asked[before:]))
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


def opened(asked):
    return [each for each in asked if (each.verb, each.path) in _OPENS]


def assert_compared_first(asked):
    """Before the first request that opens, positions and executions were read twice.

    One may have been in the middle of being written when the process was stopped: its bytes leave when it goes on.
    """
    paths = [(each.verb, each.path) for each in asked]
    read = next((number for number, each in enumerate(paths) if each == ("GET", "/position")), len(paths))
    early = opened(asked[:read])
    assert len(early) <= 1, f"opened before anything was read: {[each.body for each in early]}"
    first = paths.index(next(each for each in paths[read:] if each in _OPENS), read)
    told = paths[:first]
    assert told.count(("GET", "/position")) >= 2, told
    assert told.count(("GET", "/execution")) >= 2, told
