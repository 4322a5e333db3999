"""Run seeds of the simulator, and say what came of it.

    python -m tests.simulation --seeds 1..60 --profile quick          pinned runs first, then these
    python -m tests.simulation --hours 1 --profile long               as many as an hour of the clock holds
    python -m tests.simulation --seeds 7 --profile F11,F30            exactly these faults, at their strongest
    python -m tests.simulation --seeds 7 --drop F02 --window 3..9     a part of what a seed is
    python -m tests.simulation --shrink 7 [--pin]                     the smallest run that fails as seed 7 does
    python -m tests.simulation --mutants all                          broken variants of the code, all to be caught

Exit code 1 when an invariant was violated, a mutant survived, two runs of a seed differed, or too little happened.
"""

import argparse
import itertools
import os
import sys
import time

import attrs

from adapters.simulation.batch import Totals, judged, verdicts
from adapters.simulation.elsewhere import differing
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.scenario import PROFILES, scenario
from adapters.simulation.shrinking import shrunk
from tests.simulation import mutants, report
from tests.simulation.pins import pin, pinned

LEAST = {"quick": 0.15, "long": 1.0}
"""Of each fault's strikes an hour, on average over the batch's simulated hours: fewer, and the batch fails."""
FILLS_AN_HOUR = 60
TRUSTED_HOURS = 30
"""A batch of less is not asked whether enough happened in it."""


def main(arguments=None):
    """See above; returns the exit code."""
    told = _parser().parse_args(arguments)
    if told.shrink is not None:
        return _shrink(told)
    if told.mutants and not (told.seeds or told.hours):
        return _mutants(told)
    began, totals = time.monotonic(), Totals()
    seeds = _seeds(told.seeds) if told.seeds else itertools.count(told.first)
    until = began + told.hours * 3600 if told.hours else None
    coming = itertools.chain(_pinned(told), (scenario_of(seed, told) for seed in seeds))
    for verdict in verdicts(_while(coming, until), told.jobs):
        totals.add(verdict)
        report.one(verdict, profile=told.profile, quiet=told.quiet, folder=told.out)
    problems = [f"{len(totals.failed)} runs failed"] if totals.failed else []
    problems += [f"not the same twice: {text}" for text in _twice(told)]
    totals.struck["F90"] += told.twice
    if totals.hours >= TRUSTED_HOURS and told.profile in PROFILES:
        least = max(1, round(LEAST[told.profile] * totals.hours))
        problems += totals.too_few(least=least, fills_an_hour=FILLS_AN_HOUR)
    report.totals(totals, seconds=time.monotonic() - began)
    code = _mutants(told) if told.mutants else 0
    report.ending(problems)
    return 1 if problems or code else 0


def scenario_of(seed, told):
    """What the command line makes of a seed."""
    only = () if told.profile in PROFILES else tuple(told.profile.split(","))
    found = scenario(seed, profile="quick" if only else told.profile, kinds=sorted(KINDS), only=only)
    if told.drop:
        dropped = told.drop.split(",")
        found = attrs.evolve(found, faults={code: odds for code, odds in found.faults.items() if code not in dropped})
    if told.window:
        first, _, last = told.window.partition("..")
        found = attrs.evolve(found, window=(int(first), int(last) + 1))
    return found


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", help="A..B, or one")
    parser.add_argument("--profile", default="quick", help=f"{', '.join(PROFILES)}, or codes of faults")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--hours", type=float, help="on the clock; seeds are counted from --first")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument(
        "--twice",
        type=int,
        default=0,
        help="so many of the seeds are run once more, under another hash seed, time zone and language",
    )
    parser.add_argument("--drop", default="", help="codes of faults that are left out")
    parser.add_argument("--window", default="", help="A..B: only these strikes")
    parser.add_argument("--shrink", type=int, help="a seed")
    parser.add_argument("--pin", action="store_true", help="keep what --shrink has found")
    parser.add_argument("--mutants", default="", help="all, a number (chosen by --commit), or names")
    parser.add_argument("--commit", default="", help="chooses the mutants: a commit's hash")
    parser.add_argument("--out", help="a folder for the last messages of runs that failed")
    parser.add_argument("--quiet", action="store_true", help="say only which runs failed")
    parser.add_argument("--no-pinned", action="store_true")
    return parser


def _seeds(text):
    first, _, last = text.partition("..")
    return range(int(first), int(last or first) + 1)


def _pinned(told):
    if not (told.no_pinned or told.profile not in PROFILES or told.drop or told.window):
        yield from pinned()


def _while(coming, until):
    """They are taken while there is time."""
    for found in coming:
        if until is not None and time.monotonic() >= until:
            return
        yield found


def _twice(told):
    first = _seeds(told.seeds)[0] if told.seeds else told.first
    for seed in range(first, first + told.twice):
        text = differing(attrs.evolve(scenario_of(seed, told), minutes=6.0), seed)
        if text:
            yield text


def _shrink(told):
    try:
        found = shrunk(scenario_of(told.shrink, told), judged, say=print)
    except ValueError as error:
        print(error)
        return 1
    report.one(found, profile=told.profile, quiet=False, folder=told.out)
    if told.pin:
        print(f"kept: {pin(found.scenario, found.violations[0])}")
    return 0


def _mutants(told):
    survivors = 0
    for verdict in mutants.tried(mutants.chosen(mutants.MUTANTS, told.mutants, told.commit), told.jobs):
        report.mutant(verdict)
        survivors += not verdict.caught_by
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
