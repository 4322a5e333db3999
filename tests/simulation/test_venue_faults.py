"""Faults at the venue do what they say there, its books stay true, and the process and it agree afterwards."""

from collections import Counter

import attrs
import pytest

from adapters.simulation.checks import Check
from adapters.simulation.checks.kinds import CHECKS
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.scenario import scenario
from adapters.simulation.simulate import simulate

ORDERS = ("F03", "F09", "F16", "F17", "F18", "F46", "F56", "F89")
ACCOUNT = ("F41", "F44", "F48", "F53")


class Heard(Check):
    """What the exchange did, and what the process made of it."""

    executions, said = Counter(), Counter()

    def changed(self, rows):
        """At the exchange."""
        for row in rows:
            self.executions[row["execType"]] += 1
            self.executions[row["trdMatchID"]] += row["execType"] == "Trade"

    def on_ForeignActivity(self, envelope):
        self.said[envelope.message.kind] += 1

    def on_Quarantined(self, envelope):
        self.said[envelope.message.reason] += 1


def run(*codes, seed, minutes):
    """A short run with these faults at their strongest."""
    Heard.executions, Heard.said = Counter(), Counter()
    told = attrs.evolve(scenario(seed, kinds=sorted(KINDS), only=codes), minutes=minutes)
    return simulate(told, kinds=KINDS, checks=(*CHECKS, Heard))


def test_faults_of_orders_strike_and_leave_both_sides_in_agreement():
    verdict = run(*ORDERS, seed=3, minutes=5)

    assert verdict.violations == ()
    assert sum(count > 1 for count in verdict.struck.values()) >= 4
    assert Heard.said["duplicate"]


def test_faults_of_the_account_strike_and_leave_both_sides_in_agreement():
    verdict = run(*ACCOUNT, seed=9, minutes=8)

    assert verdict.violations == ()
    assert set(verdict.struck) == set(ACCOUNT)
    assert Heard.executions["Funding"]
    assert Heard.said["fill"]
    assert Heard.said["order"]


def test_two_of_our_orders_meet_in_one_match():
    run("F16", seed=3, minutes=6)

    matches = [count for name, count in Heard.executions.items() if len(name) == 36]
    assert matches.count(2)


@pytest.mark.parametrize("code", [*ORDERS, *ACCOUNT])
def test_every_fault_says_in_a_few_words_what_it_is(code):
    assert 3 <= len(KINDS[code].what.split()) <= 8
