"""A failing run made smaller: fewer kinds of faults, then fewer strikes, as long as it fails in the same way."""

from collections.abc import Callable

import attrs

from adapters.simulation.scenario import Scenario
from adapters.simulation.simulate import Verdict

Run = Callable[[Scenario], Verdict]


def shrunk(told: Scenario, run: Run, say: Callable[[str], None] = lambda _text: None) -> Verdict:
    """The smallest that was found, and its verdict. ValueError when the scenario does not fail.

    `say` hears what was tried. Each fault draws from a generator of its own, so the others strike nearly as before when
    one is left out; what no longer fails then is put back.
    """
    failed = run(told)
    if not failed.violations:
        raise ValueError(f"seed {told.seed} violates nothing")
    invariant = failed.violations[0].invariant

    def still(scenario: Scenario, what: str) -> Verdict | None:
        verdict = run(scenario)
        fails = any(each.invariant == invariant for each in verdict.violations)
        say(f"{what}: {'fails still' if fails else 'does not fail'}")
        return verdict if fails else None

    failed = _fewer_kinds(failed, still)
    return _fewer_strikes(failed, still)


Still = Callable[[Scenario, str], Verdict | None]


def _fewer_kinds(failed: Verdict, still: Still) -> Verdict:
    for code in list(failed.scenario.faults):
        fewer = {each: odds for each, odds in failed.scenario.faults.items() if each != code}
        failed = still(attrs.evolve(failed.scenario, faults=fewer), f"without {code}") or failed
    return failed


def _fewer_strikes(failed: Verdict, still: Still) -> Verdict:
    """Halve from the end, then from the beginning, as often as that helps."""
    low, high = failed.scenario.window[0], min(failed.scenario.window[1], failed.strikes + 1)
    for from_the_end in (True, False):
        step = (high - low) // 2
        while step >= 1:
            tried = (low, high - step) if from_the_end else (low + step, high)
            found = still(attrs.evolve(failed.scenario, window=tried), f"strikes {tried[0]} to {tried[1] - 1}")
            if found is None:
                step //= 2
                continue
            failed, (low, high) = found, tried
            step = min(step, (high - low) // 2)
    return failed
