"""Many runs on several processes, and what came of all of them together."""

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice

import attrs

from adapters.simulation.checks import Violation
from adapters.simulation.checks.kinds import CHECKS
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.scenario import Scenario
from adapters.simulation.simulate import Verdict, simulate

FAILED = "ERROR"
"""In the place of an invariant: the run itself ended with an exception, which nobody in it contained."""
FILLED = "fills at the exchange"
ORDERS = "orders at the exchange"


def judged(told: Scenario, *, to_the_end: bool = True) -> Verdict:
    """A run with every check; an exception out of it is a violation like others."""
    try:
        return simulate(told, kinds=KINDS, checks=CHECKS, to_the_end=to_the_end)
    except Exception:  # noqa: BLE001 whatever it is, the seed that brings it about must be named
        lines = tuple(traceback.format_exc().splitlines())
        return Verdict.of_error(told, Violation(FAILED, 0.0, lines[-1]), lines)


def verdicts(
    scenarios: Iterable[Scenario], jobs: int, run: Callable[[Scenario], Verdict] = judged
) -> Iterator[Verdict]:
    """One after the other as they are ready. Scenarios are taken when there is somebody to run them."""
    if jobs <= 1:
        yield from map(run, scenarios)
        return
    coming = iter(scenarios)
    with ProcessPoolExecutor(jobs) as pool:
        running: set[Future[Verdict]] = {pool.submit(run, told) for told in islice(coming, jobs + 1)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from sorted((future.result() for future in done), key=_seed)
            running |= {pool.submit(run, told) for told in islice(coming, len(done))}


@attrs.define
class Totals:
    """Of a batch."""

    runs: int = 0
    simulated_s: float = 0.0
    cpu_s: float = 0.0
    events: int = 0
    struck: Counter[str] = attrs.field(factory=Counter)
    at_work: Counter[str] = attrs.field(factory=Counter)
    """Runs in which a fault was at work."""
    counts: Counter[str] = attrs.field(factory=Counter)
    mixes: Counter[str] = attrs.field(factory=Counter)
    failed: list[Verdict] = attrs.field(factory=list)

    def add(self, verdict: Verdict) -> None:
        """One more run."""
        self.runs += 1
        self.simulated_s += verdict.simulated_s
        self.cpu_s += verdict.cpu_s
        self.events += verdict.events
        self.struck.update(verdict.struck)
        self.at_work.update(verdict.scenario.faults.keys())
        self.counts.update(verdict.counts)
        self.mixes[verdict.scenario.mix] += 1
        if verdict.violations:
            self.failed.append(verdict)

    @property
    def hours(self) -> float:
        """Simulated."""
        return self.simulated_s / 3600

    @property
    def strikes(self) -> int:
        """Of all faults."""
        return sum(self.struck.values())

    def too_few(self, *, least: int, fills_an_hour: float) -> list[str]:
        """What did not happen often enough for the batch to mean something."""
        said = [
            f"{code} struck {self.struck[code]} times, and not {least}" for code in KINDS if self.struck[code] < least
        ]
        if self.counts[FILLED] < fills_an_hour * self.hours:
            few = f"fewer than {fills_an_hour:g} an hour"
            said.append(f"{self.counts[FILLED]} fills in {self.hours:.1f} simulated hours: {few}")
        return said


def _seed(verdict: Verdict) -> int:
    return verdict.scenario.seed
