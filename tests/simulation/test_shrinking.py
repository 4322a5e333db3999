"""A failing run is made smaller without being run for real: what matters stays, all else goes."""

import pytest

from adapters.simulation.checks import Violation
from adapters.simulation.scenario import Scenario, scenario
from adapters.simulation.shrinking import shrunk
from adapters.simulation.simulate import Verdict
from tests.simulation.mutants import MUTANTS, chosen
from tests.simulation.pins import pinned

KINDS = ["F01", "F02", "F11", "F30", "F61"]


def a_scenario():
    return scenario(1, kinds=KINDS, only=KINDS)


def runs(*, guilty, strike):
    """A simulator in which the run fails when a fault is at work and one strike of a hundred happens."""
    tried = []

    def run(told):
        tried.append(told)
        fails = guilty in told.faults and told.window[0] <= strike < told.window[1]
        violations = (Violation("I3", 1.0, "two of one"),) if fails else ()
        return Verdict(
            scenario=told, violations=violations, digest="", struck={}, strikes=100, counts={}, simulated_s=1.0,
            cpu_s=1.0, events=1, last=(),
        )  # fmt: skip

    return run, tried


@pytest.mark.parametrize("strike", [1, 2, 37, 99, 100])
def test_one_fault_and_one_strike_are_left(strike):
    run, tried = runs(guilty="F11", strike=strike)

    found = shrunk(a_scenario(), run)

    assert list(found.scenario.faults) == ["F11"]
    assert found.scenario.window == (strike, strike + 1)
    assert len(tried) < 40


def test_a_run_that_fails_without_any_fault_loses_them_all():
    def run(told):
        return Verdict.of_error(told, Violation("I18", 1.0, "never at rest"), ())

    assert shrunk(a_scenario(), run).scenario.faults == {}


def test_what_does_not_fail_cannot_be_made_smaller():
    run, _ = runs(guilty="F99", strike=1)

    with pytest.raises(ValueError, match="violates nothing"):
        shrunk(a_scenario(), run)


def test_a_run_is_written_down_and_read_again_whole():
    told = a_scenario()

    assert Scenario.read(told.written()) == told


def test_pinned_runs_can_be_read():
    assert all(each.name for each in pinned())


def test_a_seed_stays_nearly_what_it_is_when_a_fault_is_added():
    before = [scenario(seed, kinds=KINDS) for seed in range(40)]
    after = [scenario(seed, kinds=[*KINDS, "F99"]) for seed in range(40)]
    both = [(one, other) for one, other in zip(before, after, strict=True) if one.mix == other.mix == "swarm"]

    assert len(both) > 20
    for one, other in both:
        assert {**other.faults, "F99": None} == {**one.faults, "F99": None}
        assert (one.minutes, one.schedule_seed, one.strategies) == (
            other.minutes,
            other.schedule_seed,
            other.strategies,
        )


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_a_mutant_is_in_place_for_a_while_and_leaves_no_trace(name):
    mutant = MUTANTS[name]
    before = [getattr(each.owner, each.name) for each in mutant.patches]

    with mutant.applied():
        while_it_lasts = [getattr(each.owner, each.name) for each in mutant.patches]

    assert [getattr(each.owner, each.name) for each in mutant.patches] == before
    assert all(now is not was for now, was in zip(while_it_lasts, before, strict=True))


def test_a_commit_chooses_some_mutants_and_another_one_others():
    one, other = chosen(MUTANTS, "5", "abc"), chosen(MUTANTS, "5", "def")

    assert len(MUTANTS) >= 40
    assert (len(one), len(other)) == (5, 5)
    assert one == chosen(MUTANTS, "5", "abc") != other
