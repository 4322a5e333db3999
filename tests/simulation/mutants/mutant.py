"""A mutant: a name, what is wrong with it, what is put in the place of what; and which faults bring it to light."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import attrs

from adapters.simulation.batch import FAILED, judged
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.scenario import scenario

SEEDS = 8
"""So many runs a mutant may live through."""
_MINUTES = 25.0
_INHERITED = object()


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
    """At their strongest; none: the swarm."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """While it is in place."""
        before = [(each, each.owner.__dict__.get(each.name, _INHERITED)) for each in self.patches]
        try:
            for each in self.patches:
                setattr(each.owner, each.name, each.broken(getattr(each.owner, each.name)))
            yield
        finally:
            for each, was in before:
                if was is _INHERITED:
                    delattr(each.owner, each.name)
                else:
                    setattr(each.owner, each.name, was)


@attrs.frozen(kw_only=True)
class Tried:
    """What came of a mutant."""

    name: str
    what: str
    caught_by: str
    """The violation; "" when there was none."""
    seeds: int
    """So many runs it took."""


def mutant(name: str, what: str, *patches: tuple[Any, str, Callable[[Any], Any]], faults: str = "") -> Mutant:
    """In a row of a table."""
    return Mutant(name=name, what=what, patches=[Patch(*each) for each in patches], faults=tuple(faults.split()))


def says(answer: Any) -> Callable[[Any], Any]:
    """A method that does nothing and answers this."""
    return lambda _was: lambda *_arguments, **_named: answer


def one(name: str) -> Tried:
    """Try it: run after run, until one is judged to be wrong."""
    from tests.simulation.mutants import MUTANTS  # noqa: PLC0415 each process looks it up by its name

    told = MUTANTS[name]
    only = [code for code in told.faults if code in KINDS]
    with told.applied():
        for seed in range(1, SEEDS + 1):
            found = scenario(seed, kinds=sorted(KINDS), only=only)
            if told.faults:
                found = attrs.evolve(found, faults=dict.fromkeys(only, 2.0))
            verdict = judged(attrs.evolve(found, minutes=min(found.minutes, _MINUTES)), to_the_end=False)
            if verdict.violations:
                first = verdict.violations[0]
                text = f"{verdict.last[-1]}" if first.invariant == FAILED and verdict.last else ""
                return Tried(name=name, what=told.what, caught_by=f"{first} {text}".strip(), seeds=seed)
    return Tried(name=name, what=told.what, caught_by="", seeds=SEEDS)


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
