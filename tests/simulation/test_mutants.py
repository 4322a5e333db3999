"""A mutant counts as caught when a run is judged to be wrong with it and right without it, and not otherwise."""

import attrs
import pytest

from adapters.simulation.batch import judged
from adapters.simulation.checks import Violation
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.simulate import Verdict
from tests.simulation import __main__ as command
from tests.simulation import mutants
from tests.simulation.mutants import MUTANTS
from tests.simulation.mutants.mutant import SEEDS, Tried, mutant, says, shortened, trial


class Trader:
    """The code that is broken."""

    def is_right(self):
        return True

    def is_never_asked(self):
        return True


WRONG = mutant("wrong", "it is wrong", (Trader, "is_right", says(False)))


def runs(*, fail_anyway=(), asks=lambda: Trader().is_right()):
    """A simulator whose runs are wrong when the trader is, and of some seeds always."""
    seen = []

    def run(told):
        is_wrong = not asks()
        seen.append((told.seed, is_wrong))
        if is_wrong or told.seed in fail_anyway:
            return Verdict.of_error(told, Violation("I1", 1.0, f"seed {told.seed}"), ())
        return attrs.evolve(Verdict.of_error(told, Violation("I1", 1.0, ""), ()), violations=())

    return run, seen


def test_it_is_caught_by_a_run_that_is_right_without_it():
    run, seen = runs()

    verdict = trial(WRONG, run)

    assert verdict.caught_by == "I1 at 1.000 s: seed 1"
    assert seen == [(1, True), (1, False)]
    assert (verdict.runs, verdict.unsound, verdict.unreached) == (2, (), ())


def test_a_run_that_fails_without_it_too_does_not_count_and_the_next_is_tried():
    run, seen = runs(fail_anyway={1, 2})

    verdict = trial(WRONG, run)

    assert verdict.caught_by == "I1 at 1.000 s: seed 3"
    assert verdict.unsound == ("seed 1, I1 at 1.000 s: seed 1", "seed 2, I1 at 1.000 s: seed 2")
    assert seen == [(1, True), (1, False), (2, True), (2, False), (3, True), (3, False)]


def test_one_whose_runs_all_fail_without_it_too_is_not_caught():
    run, _ = runs(fail_anyway=range(1, SEEDS + 1))

    assert trial(WRONG, run).caught_by == ""


def test_one_that_nothing_comes_of_survives_and_it_is_said_what_was_never_reached():
    told = mutant("idle", "nobody asks", (Trader, "is_never_asked", says(False)), (Trader, "is_right", says(True)))
    run, seen = runs()

    verdict = trial(told, run)

    assert (verdict.caught_by, verdict.unreached) == ("", ("is_never_asked",))
    assert len(seen) == verdict.runs == SEEDS


@pytest.mark.parametrize(("caught_by", "code"), [("I1: two of one", 0), ("", 1)])
def test_the_command_fails_when_one_survives(monkeypatch, capsys, caught_by, code):
    came = Tried(name="wrong", what="it is wrong", caught_by=caught_by, runs=4, seconds=3.2)
    monkeypatch.setattr(mutants, "tried", lambda _names, _jobs: [came])

    assert command.main(["--mutants", "wrong"]) == code
    assert "4 runs   3.2 s" in capsys.readouterr().out


def test_faults_that_mutants_name_are_there():
    assert {code for each in MUTANTS.values() for code in each.faults} <= set(KINDS)


def test_strategies_of_a_run_that_is_made_shorter_come_to_rest_at_its_end():
    told = MUTANTS["no-fence"]

    long, short = attrs.evolve(told, minutes=600.0).scenario(3), told.scenario(3)

    assert short == shortened(long, told.minutes)
    assert long.minutes > told.minutes == short.minutes
    for each in (long, short):
        ends = each.began // 10**9 + round(each.minutes * 60)
        assert f"quiet_at_s = {ends}.0" in each.strategies
        assert each.strategies.count("quiet_at_s") == each.strategies.count(f"quiet_at_s = {ends}.0") > 0


def test_a_mutant_is_reached_and_caught_in_a_run_of_the_real_system():
    told = MUTANTS["another-client-id"]

    with told.applied() as reached:
        verdict = judged(told.scenario(1), to_the_end=False)

    # Found by the judge, or by the auditor of the run itself, whoever is first.
    assert verdict.violations[0].invariant == "I2" or "'I2'" in str(verdict.violations[0])
    assert reached == {"place"}
