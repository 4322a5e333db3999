"""Faults at the venue do what they say there, its books stay true, and the process and it agree afterwards."""

import re
from collections import Counter

import attrs

from adapters.simulation.checks import Check
from adapters.simulation.checks.kinds import CHECKS
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.scenario import scenario
from adapters.simulation.simulate import simulate
from tests.builders import SECOND

ORDERS = ("F03", "F09", "F17", "F18", "F56")
ACCOUNT = ("F41", "F44", "F46", "F48", "F53")


class Heard(Check):
    """What the exchange did, and what the process made of it."""

    executions, heard = Counter(), Counter()

    def changed(self, rows):
        """At the exchange."""
        for row in rows:
            self.executions[row["execType"]] += 1
            self.executions[row["trdMatchID"]] += row["execType"] == "Trade"

    def on_ForeignActivity(self, envelope):
        self.heard[envelope.message.kind] += 1

    def on_Quarantined(self, envelope):
        self.heard[envelope.message.reason] += 1


def run(*codes, seed, minutes):
    """A short run with these faults, stronger than a command line would have them: there is little time."""
    Heard.executions, Heard.heard = Counter(), Counter()
    told = scenario(seed, kinds=sorted(KINDS), only=codes)
    quiet = told.began // SECOND + round(minutes * 60)
    strategies = re.sub(r"quiet_at_s = \d+\.0", f"quiet_at_s = {quiet}.0", told.strategies)
    told = attrs.evolve(told, minutes=minutes, strategies=strategies, faults=dict.fromkeys(codes, 8.0))
    return simulate(told, kinds=KINDS, checks=(*CHECKS, Heard))


def test_faults_of_orders_strike_and_leave_both_sides_in_agreement():
    verdict = run(*ORDERS, seed=16, minutes=3)

    assert verdict.violations == ()
    assert len([code for code in ORDERS if verdict.struck.get(code)]) > len(ORDERS) // 2
    assert Heard.heard["duplicate"]


def test_faults_of_the_account_strike_and_leave_both_sides_in_agreement():
    verdict = run(*ACCOUNT, seed=9, minutes=4)

    assert verdict.violations == ()
    assert len([code for code in ACCOUNT if verdict.struck.get(code)]) == len(ACCOUNT)
    assert Heard.executions["Funding"]
    assert Heard.heard["fill"]
    assert Heard.heard["order"]


def test_two_of_our_orders_meet_in_one_match():
    verdict = run("F16", seed=3, minutes=4.5)

    matches = [count for name, count in Heard.executions.items() if len(name) == 36]
    assert verdict.violations == ()
    assert matches.count(2)


def test_an_order_that_the_exchange_alters_is_noticed():
    verdict = run("F89", seed=5, minutes=3)

    assert verdict.violations == ()
    assert verdict.struck["F89"]
    assert Heard.heard["order"]
