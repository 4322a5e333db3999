"""A mutant: a name, what is wrong with it, what is put in the place of what; and which faults bring it to light.

It is tried run after run until one is judged to be wrong. Then the same run must hold without it: what fails anyway
says nothing of the mutant, and the next seed is tried.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import attrs

from adapters.simulation.batch import FAILED, judged
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.scenario import Scenario, scenario
from adapters.simulation.simulate import Verdict

SEEDS = 8
"""So many runs a mutant may live through."""
MINUTES = 10.0
"""So long a run is, unless a mutant asks for more: what is wrong shows early, or under other faults."""
STRENGTH = 2.0
"""Of the faults that a mutant names, unless it asks for more."""
_INHERITED = object()
Run = Callable[[Scenario], Verdict]


@attrs.frozen
class Patch:
    """`owner.name` becomes what `broken` makes of it."""

    owner: Any
    name: str
    broken: Callable[[Any], Any]


@attrs.frozen(kw_only=True)
class Mutant:
    """One broken variant."""

    name: str
    what: str
    patches: Sequence[Patch]
    faults: tuple[str, ...] = ()
    """None: the swarm."""
    strength: float = STRENGTH
    minutes: float = MINUTES

    @contextmanager
    def applied(self) -> Iterator[set[str]]:
        """While it is in place; what is given names the patches that were reached, as they are."""
        before = [(each, each.owner.__dict__.get(each.name, _INHERITED)) for each in self.patches]
        reached: set[str] = set()
        try:
            for each in self.patches:
                setattr(each.owner, each.name, _watched(each.broken(getattr(each.owner, each.name)), each, reached))
            yield reached
        finally:
            for each, was in before:
                if was is _INHERITED:
                    delattr(each.owner, each.name)
                else:
                    setattr(each.owner, each.name, was)

    def scenario(self, seed: int) -> Scenario:
        """What a seed is for it."""
        found = scenario(seed, kinds=sorted(KINDS), only=self.faults)
        if self.faults:
            found = attrs.evolve(found, faults=dict.fromkeys(self.faults, self.strength))
        return shortened(found, self.minutes)


@attrs.frozen(kw_only=True)
class Tried:
    """What came of a mutant."""

    name: str
    what: str
    caught_by: str = ""
    """The violation; "" when there was none."""
    runs: int
    """So many it took, those without the mutant too."""
    unsound: tuple[str, ...] = ()
    """Of seeds that fail without it, too, and do not count: how they do."""
    unreached: tuple[str, ...] = ()
    """Patches that no run has called: what they are in the place of is not asked there."""
    seconds: float = 0.0
    """Of CPU, of these runs."""


def mutant(
    name: str,
    what: str,
    *patches: tuple[Any, str, Callable[[Any], Any]],
    faults: str = "",
    strength: float = STRENGTH,
    minutes: float = MINUTES,
) -> Mutant:
    """In a row of a table."""
    return Mutant(
        name=name, what=what, patches=[Patch(*each) for each in patches], faults=tuple(faults.split()),
        strength=strength, minutes=minutes,
    )  # fmt: skip


def says(answer: Any) -> Callable[[Any], Any]:
    """A method that does nothing and answers this."""
    return lambda _was: lambda *_arguments, **_named: answer


def shortened(found: Scenario, minutes: float) -> Scenario:
    """A run of at most so many minutes; its strategies come to rest in time for its end."""
    if found.minutes <= minutes:
        return found
    earlier = round((found.minutes - minutes) * 60)

    def quiet(match: re.Match[str]) -> str:
        return f"quiet_at_s = {int(match[1]) - earlier}.0"

    strategies = re.sub(r"quiet_at_s = (\d+)\.0", quiet, found.strategies)
    return attrs.evolve(found, minutes=minutes, strategies=strategies)


def trial(told: Mutant, run: Run) -> Tried:
    """Run after run, until one is judged to be wrong that is right without the mutant."""
    runs, seconds, caught_by = 0, 0.0, ""
    unsound: list[str] = []
    reached: set[str] = set()
    for seed in range(1, SEEDS + 1):
        found = told.scenario(seed)
        with told.applied() as called:
            verdict = run(found)
        reached |= called
        runs, seconds = runs + 1, seconds + verdict.cpu_s
        if not verdict.violations:
            continue
        without = run(found)
        runs, seconds = runs + 1, seconds + without.cpu_s
        if not without.violations:
            caught_by = _first(verdict)
            break
        unsound.append(f"seed {seed}, {_first(without)}")
    unreached = [each.name for each in told.patches if each.name not in reached]
    return Tried(
        name=told.name, what=told.what, caught_by=caught_by, runs=runs, unsound=tuple(unsound),
        unreached=tuple(unreached), seconds=seconds,
    )  # fmt: skip


def one(name: str) -> Tried:
    """Try it on the simulator."""
    from tests.simulation.mutants import MUTANTS  # noqa: PLC0415 each process looks it up by its name

    return trial(MUTANTS[name], partial(judged, to_the_end=False))


def _first(verdict: Verdict) -> str:
    first = verdict.violations[0]
    text = f"{verdict.last[-1]}" if first.invariant == FAILED and verdict.last else ""
    return f"{first} {text}".strip()


def _watched(broken: Callable[..., Any], patch: Patch, reached: set[str]) -> Callable[..., Any]:
    def watched(*arguments: Any, **named: Any) -> Any:
        reached.add(patch.name)
        return broken(*arguments, **named)

    return watched


def chosen(names: Sequence[str], text: str, commit: str) -> list[str]:
    """All, those named, or so many by a commit's hash."""
    if text == "all":
        return sorted(names)
    if not text.isdigit():
        return text.split(",")
    order = sorted(names, key=lambda name: hashlib.sha256(f"{commit} {name}".encode()).hexdigest())
    return order[: int(text)]


def tried(names: Sequence[str], jobs: int) -> Iterator[Tried]:
    """One after the other as they are ready; each in a process that it cannot spoil for others."""
    with ProcessPoolExecutor(max(1, jobs), max_tasks_per_child=1) as pool:
        yield from pool.map(one, names)
