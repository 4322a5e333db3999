"""The exchange's fault switches under a running trader, many at once: a swarm, then calm, then agreement."""

import random
import signal
import time

from adapters.exchange.faults import Rule
from tests.system.live.agreement import assert_agree, summary
from tests.system.live.lives import Process, a_folder, a_strategy

SWITCHES = (
    Rule(kind="503", verb="POST", path="/order", probability=0.3),
    Rule(kind="503", when="after", verb="POST", path="/order", probability=0.2),
    Rule(kind="502", verb="POST", path="/order", probability=0.3),
    Rule(kind="502", when="after", verb="POST", path="/order", probability=0.3),
    Rule(kind="502", when="after", verb="DELETE", probability=0.4),
    Rule(kind="502", when="after", verb="PUT", probability=0.4),
    Rule(kind="502", verb="GET", probability=0.4),
    Rule(kind="429", verb="POST", path="/order", count=1),
    Rule(kind="429", when="after", verb="POST", path="/order", count=1),
    Rule(kind="timeout", verb="POST", path="/order", probability=0.2, ms=200),
    Rule(kind="timeout", when="after", verb="POST", path="/order", probability=0.2, ms=200),
    Rule(kind="timeout", when="after", verb="DELETE", probability=0.3, ms=200),
    Rule(kind="latency", verb="POST", path="/order", probability=0.3, ms=400),
    Rule(kind="latency", verb="DELETE", probability=0.3, ms=400),
    Rule(kind="latency", verb="GET", probability=0.3, ms=300),
    Rule(kind="delay", probability=0.1, ms=100),
    Rule(kind="late", probability=0.1, ms=300),
    Rule(kind="drop", table="execution", probability=0.3),
    Rule(kind="drop", table="order", probability=0.3),
    Rule(kind="drop", table="quote", probability=0.3),
    Rule(kind="duplicate", probability=0.3),
    Rule(kind="cut", probability=0.005),
    Rule(kind="stale", probability=0.5),
)
_UNKNOWN = "not known to be gone"
"""Of an order whose answer was lost, for a minute, although it was never there."""
SKEWS_S = (-3.0, -1.0, 1.0, 3.0)
_STRATEGIES = (a_strategy("Flipper", lots=3, every=0.2), a_strategy("Mixed", every=0.3))


def swarm(seed, most=5):
    """Some of the switches and maybe a clock that is off, by a seed; every fourth is one alone."""
    chance = random.Random(seed)
    rules = chance.sample(SWITCHES, 1 if seed % 4 == 0 else chance.randint(2, most))
    return tuple(rules), chance.choice((0.0, 0.0, *SKEWS_S))


def befallen(place, venue, rules, skew_s=0.0, seconds=5.0):
    """Faults for so long, then none; returns how often they struck. AssertionError when it does not agree then."""
    folder, config = a_folder(place, venue, *_STRATEGIES)
    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: len(venue.trades()) >= 4)
        venue.on_loop(lambda: setattr(venue.server.faults, "skew_s", skew_s))
        venue.fault(*rules)
        states = list(venue.server.faults._states)
        until = time.monotonic() + seconds
        process.until(lambda: time.monotonic() > until)
        venue.calm()
        venue.on_loop(lambda: setattr(venue.server.faults, "skew_s", 0.0))
        # What was lost in the stream is found by asking, at a new connection at the latest.
        venue.cut()
        read = venue.count("GET", "/position")
        process.until(lambda: venue.count("GET", "/position") >= read + 2)
        trades = len(venue.trades())
        process.until(lambda: len(venue.trades()) >= trades + 4)
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()
    # One that was refused before it did anything may be asked for again.
    assert_agree(folder, venue, refused=True)
    told = summary(folder)
    assert (told["live"]["adjustments"], told["halted"]) == (0, None), told["live"]
    assert all(_UNKNOWN in each for each in told["live"]["troubles"]), told["live"]["troubles"]
    return sum(each.struck for each in states)
