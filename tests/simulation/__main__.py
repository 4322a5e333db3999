"""`python -m tests.simulation --seeds A..B --profile quick|long|F11,F30 [--jobs N]`: run seeds, and say what came of it.

A seed that fails is named with what runs it again. Exit code 1 when an invariant was violated.
"""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from adapters.simulation.checks.kinds import CHECKS
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.scenario import PROFILES, described, scenario
from adapters.simulation.simulate import simulate


def one(seed: int, profile: str):
    """One seed's verdict."""
    only = () if profile in PROFILES else tuple(profile.split(","))
    told = scenario(seed, profile=profile if not only else "quick", kinds=sorted(KINDS), only=only)
    return simulate(told, kinds=KINDS, checks=CHECKS)


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="1..8")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    told = parser.parse_args()
    first, _, last = told.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    began = time.perf_counter()
    struck, counts, seconds, cpu, failed = Counter(), Counter(), 0.0, 0.0, []
    with ProcessPoolExecutor(told.jobs) as pool:
        for verdict in pool.map(one, seeds, [told.profile] * len(seeds)):
            struck.update(verdict.struck)
            counts.update(verdict.counts)
            seconds += verdict.simulated_s
            cpu += verdict.cpu_s
            told_of = described(verdict.scenario)
            mark = "FAILED" if verdict.violations else "ok"
            print(f"{mark:6} {verdict.digest[:12]} {verdict.simulated_s / verdict.cpu_s:5.0f}:1 {told_of}", flush=True)
            for violation in verdict.violations[:5]:
                print(f"       {violation}")
            if verdict.violations:
                failed.append(verdict.scenario.seed)
                print(
                    f"       again: python -m tests.simulation --seeds {verdict.scenario.seed} --profile {told.profile}"
                )
    print(f"{len(seeds)} seeds, {seconds / 3600:.1f} simulated hours, {sum(struck.values())} faults, {cpu:.0f} s of CPU, "
          f"{time.perf_counter() - began:.0f} s; {seconds / cpu:.0f}:1")  # fmt: skip
    print(dict(sorted(struck.items())))
    print({name: counts[name] for name in ("orders at the exchange", "fills at the exchange", "lives", "incarnations")})
    if failed:
        print(f"failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
