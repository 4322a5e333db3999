"""Faults at requests, answers, lines and clocks strike, leave nothing behind that may not be, and repeat exactly.

Runs are short and their faults many: what a fault does alone, and for long, the command line's batches look for.
"""

import re
from collections import Counter

import attrs
import pytest

from adapters.exchange.rest import Response
from adapters.exchange.wire import instant
from adapters.simulation.checks import Check
from adapters.simulation.checks.kinds import CHECKS
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.faults.reads import rows_of
from adapters.simulation.local_clock import LocalClock
from adapters.simulation.scenario import scenario
from adapters.simulation.simulate import simulate
from adapters.simulation.trip import Trip
from messages import SendRequest
from tests.builders import MONDAY, SECOND

GROUPS = {
    "answers": ("F01", "F04", "F05", "F06", "F08", "F19"),
    "reads": ("F10", "F14", "F31", "F34", "F86"),
    "lines": ("F28", "F29", "F78", "F82"),
    "clocks": ("F07", "F26", "F27", "F33", "F88"),
}


def run(codes, *, seed=3, minutes=3.0, checks=CHECKS):
    told = scenario(seed, kinds=sorted(KINDS), only=codes)
    quiet = told.began // SECOND + round(minutes * 60)
    strategies = re.sub(r"quiet_at_s = \d+\.0", f"quiet_at_s = {quiet}.0", told.strategies)
    # Twice as strong as a command line would have it: there is little time.
    told = attrs.evolve(told, minutes=minutes, strategies=strategies, faults=dict.fromkeys(codes, 8.0))
    return simulate(told, kinds=KINDS, checks=checks)


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_faults_of_a_group_strike_and_violate_nothing(name):
    verdict = run(GROUPS[name])

    assert verdict.violations == ()
    assert sum(verdict.struck.values()) >= len(GROUPS[name])
    assert len([code for code in GROUPS[name] if verdict.struck.get(code)]) > len(GROUPS[name]) // 2


def test_a_run_with_them_is_the_same_twice():
    codes = ("F05", "F10", "F27", "F31", "F82", "F88")

    assert run(codes, minutes=1.0).digest == run(codes, minutes=1.0).digest


class Trades(Check):
    """What the feed told as trades, beside what was traded."""

    def __init__(self, judge):
        super().__init__(judge)
        self.told = []

    def on_Tick(self, envelope):
        if envelope.sender == "feed":
            tick = envelope.message
            self.told.append((tick.symbol, tick.ts, tick.price, tick.size))

    def over(self):
        markets = self.truth._exchange.exchange.markets
        begins = min(ts for _, ts, _, _ in self.told)
        traded = [
            (symbol, instant(row["timestamp"]), row["price"], row["size"])
            for symbol, market in markets.items()
            for row in market.tape.trades
        ]
        traded = [each for each in traded if each[1] >= begins]
        if Counter(self.told) != Counter(traded):
            self.violated("I17", f"{len(self.told)} trades were told of {len(traded)}")


def test_f86_trades_that_are_told_by_both_ways_are_told_once_and_all_of_them():
    verdict = run(("F86",), minutes=6.0, checks=(Trades,))

    assert verdict.struck["F86"] >= 2
    assert verdict.violations == ()


# What the seams promise.


def a_trip(**fields):
    request = SendRequest(to="w", reply_to="v", number=1, verb="POST", path="/api/v1/order")
    return Trip(number=1, life=1, message=request, worker=None, started=0, out=1, back=1, **fields)


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({}, True),
        ({"lost_out": True}, False),
        ({"refused": "no route"}, False),
        ({"proxied": Response(status=502, headers={}, body="")}, False),
        ({"proxied": Response(status=502, headers={}, body=""), "is_late": True}, True),
        ({"arrived": True}, False),
        ({"lost_back": True}, True),
    ],
)
def test_a_request_may_yet_arrive_unless_it_is_kept_away_or_was_there(fields, may):
    assert a_trip(**fields).may_yet_arrive is may


def test_a_clock_that_begins_to_drift_does_not_jump():
    clock = LocalClock(began=MONDAY, offset=5 * SECOND, drift_ppm=100)
    before = clock.local(MONDAY + 1_000 * SECOND)

    clock.drift(-400, MONDAY + 1_000 * SECOND)

    assert clock.local(MONDAY + 1_000 * SECOND) == before
    assert clock.local(MONDAY + 2_000 * SECOND) == before + 1_000 * SECOND - 400_000 * 1_000


def test_an_answer_that_another_fault_has_made_unreadable_has_no_rows():
    assert rows_of(Response(status=200, headers={}, body="<html>log in to this network</html>")) == []
