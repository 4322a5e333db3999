"""The live system as a process against a real exchange server: killed, stopped, starved, signalled, and judged.

    python -m tests.threads [--profile quick|long] [--only boundaries,kills,...] [--seed N] [--keep FOLDER]

| part | what is done to the trader |
|---|---|
| boundaries | kill -9 before and after each commit of the order journal, in two scenarios; some die again, recovering |
| trace | the same at commits of the trace |
| kills | kill -9 at random moments, again and again in one folder |
| pauses | SIGSTOP for seconds, then SIGCONT; the same to the exchange |
| disks | no file can grow; a disk that is full; one that is read-only; a journal that somebody else holds |
| signals | SIGHUP, SIGINT, SIGTERM at every stage, once and twice; closed stdout and stderr |
| twins | a second trader in the folder, and on the account from another one, while the first runs and stands still |
| switches | the exchange's fault switches, a swarm of them for each seed |

`quick` is a sample of each, some minutes; `long` is everything, about an hour on one core. The exchange is the judge,
by its REST answers alone: no client id twice, executions and money equal to the run's files, nothing open in the end.
At the end stands a table; the exit code is 1 when there were violations. Each is printed with the command that plays
its part again. What needs a mount is left out, in words, where this user may not.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.system.live.kills import killed_again_and_again
from tests.system.live.venue import a_venue
from tests.threads import boundaries, disks, pauses, signals, switches, twins

PARTS = ("boundaries", "trace", "kills", "pauses", "disks", "signals", "twins", "switches")
_LOOK_AGAIN = "python -m tests.threads --only {part} --seed {seed}"


class Round:
    """All that was done, counted; `run` does one thing at an exchange of its own."""

    def __init__(self, seed, keep=None):
        self.seed, self.keep = seed, keep
        self.chance = random.Random(seed)
        self.counts = {part: Counter() for part in PARTS}
        self.violations = []

    def run(self, part, name, story):
        """`story(place, venue)` returns what it counted beside cases; what it does not bear out is a violation."""
        counts, began = self.counts[part], time.monotonic()
        place = Path(tempfile.mkdtemp(prefix="threads-"))
        os.environ["XDG_STATE_HOME"] = str(place / "state")
        told = {}
        try:
            with a_venue() as venue:
                try:
                    told = story(place, venue) or {}
                    verdict = "good"
                except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
                    verdict = f"VIOLATION: {str(error)[:2_000]}"
                    again = _LOOK_AGAIN.format(part=part, seed=self.seed)
                    self.violations.append(f"{part}, {name}: {error}\n    again: {again}")
                counts.update(cases=1, orders=len(venue.orders()), fills=len(venue.trades()), **told)
                counts["lives"] += sum((each.verb, each.path) == ("GET", "/user") for each in venue.asked)
            counts["violations"] += verdict != "good"
            if verdict != "good" and self.keep is not None:
                shutil.copytree(place, self.keep / f"{part}-{counts['cases']}", dirs_exist_ok=True)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        print(f"{part:10} {name:60} {time.monotonic() - began:6.1f} s  {verdict}", flush=True)
        return told

    def table(self):
        """Lines for a person."""
        columns = ("cases", "kills", "lives", "strikes", "orders", "fills", "violations")
        yield f"{'':12}" + "".join(f"{each:>12}" for each in columns)
        total = Counter()
        for part, counts in self.counts.items():
            if counts:
                total.update(counts)
                yield f"{part:12}" + "".join(f"{counts[each]:12,}" for each in columns)
        yield f"{'all':12}" + "".join(f"{total[each]:12,}" for each in columns)


# The parts.


def at_boundaries(round_, *, every=1):
    """Both scenarios, up to the boundary that is not reached any more."""
    for scenario in boundaries.SCENARIOS:
        for number in range(1, boundaries.NUMBER_MAX, every):
            kills = [_boundary(round_, "boundaries", scenario, number, when) for when in boundaries.WHENS]
            if not any(kills):
                break


def at_commits_of_the_trace(round_, *, cases):
    """Some of them, for there are twenty a second."""
    for _ in range(cases):
        scenario, number = round_.chance.choice(boundaries.SCENARIOS), round_.chance.randint(1, 25)
        _boundary(round_, "trace", scenario, number, round_.chance.choice(boundaries.WHENS), file="trace.sqlite")


def _boundary(round_, part, scenario, number, when, file="journal.sqlite"):
    """Every third dies once more, somewhere in its recovery."""
    then = ()
    if round_.chance.random() < 1 / 3:
        then = ((round_.chance.randint(1, 8), round_.chance.choice(boundaries.WHENS)),)
    name = f"{scenario.kind} {when} {file} {number}" + "".join(f", then {each[1]} {each[0]}" for each in then)

    def story(place, venue):
        return {"kills": boundaries.killed_at(place, venue, scenario, number, when, then=then, file=file)}

    # A violation tells nothing of the end.
    return round_.run(part, name, story).get("kills", 1)


def at_random(round_, *, rounds, kills):
    """One folder each, killed so often."""
    for number in range(rounds):
        seed = round_.seed + number

        def story(place, venue, seed=seed):
            killed_again_and_again(place, venue, kills, seed)
            return {"kills": kills}

        round_.run("kills", f"{kills} kills, seed {seed}", story)


def standing_still(round_, *, seconds):
    """So long each."""
    for each in seconds:
        round_.run("pauses", f"{each:g} s", lambda place, venue, each=each: pauses.stood_still(place, venue, each))


def the_exchange_standing_still(round_, *, seconds):
    """So long each; the exchange is a process of its own here, and the round's own has nothing to do."""
    story = pauses.the_exchange_stood_still
    for each in seconds:
        round_.run("pauses", f"the exchange, {each:g} s", lambda place, _venue, each=each: story(place, each))


def without_disk(round_, *, mounts, locks=()):
    """A limit on files; with `mounts` real disks, where they may be made; the journal locked for so long."""
    told = {"no file may grow": disks.a_full_disk}
    if mounts:
        told |= {"a full disk": disks.a_full_tmpfs, "a read-only disk": disks.a_read_only_disk}
    locked = disks.a_locked_journal
    told |= {f"locked for {s:g} s": lambda place, venue, s=s: locked(place, venue, s) and None for s in locks}
    for name, disk in told.items():
        try:
            round_.run("disks", name, lambda place, venue, disk=disk: disk(place, venue) and None)
        except (subprocess.CalledProcessError, FileNotFoundError):
            print(f"disks      {name}: left out, for this user may not mount one")


def signalled(round_, *, each_moment):
    """Every signal at every moment, or one."""
    for moment in signals.MOMENTS.values():
        numbers = list(signals.CODES) if each_moment else [round_.chance.choice(list(signals.CODES))]
        for number in numbers:

            def story(place, venue, moment=moment, number=number):
                signals.signalled(place, venue, moment, number, round_.chance)

            round_.run("signals", f"{signal.Signals(number).name} {moment.name}", story)
    for told in (("stdout",), ("stderr",), ("stdout", "--json")):
        round_.run(
            "signals", f"closed {' '.join(told)}",
            lambda place, venue, told=told: {"strikes": signals.nobody_reads(place, venue, *told) and 1},
        )  # fmt: skip
    round_.run(
        "signals", "full stderr", lambda place, venue: {"strikes": signals.nobody_empties_stderr(place, venue) and 1}
    )


def befallen(round_, *, seeds, seconds):
    """A swarm for each seed."""
    for seed in range(round_.seed, round_.seed + seeds):
        rules, skew_s = switches.swarm(seed)
        words = ", ".join(f"{rule.kind} {rule.when if rule.verb else rule.table}".rstrip() for rule in rules)

        def story(place, venue, rules=rules, skew_s=skew_s):
            return {"strikes": switches.befallen(place, venue, rules, skew_s, seconds)}

        round_.run("switches", f"seed {seed}: {words}"[:60], story)


LONG = {
    "boundaries": at_boundaries,
    "trace": lambda round_: at_commits_of_the_trace(round_, cases=40),
    "kills": lambda round_: at_random(round_, rounds=10, kills=10),
    "pauses": lambda round_: (
        standing_still(round_, seconds=(4, 5, 8, 12, 20, 30)),
        the_exchange_standing_still(round_, seconds=(2, 6, 12, 25)),
    ),
    "disks": lambda round_: without_disk(round_, mounts=True, locks=(2, 4, 8, 12)),
    "signals": lambda round_: signalled(round_, each_moment=True),
    "twins": lambda round_: round_.run("twins", "folder and account", twins.a_second_trader),
    "switches": lambda round_: befallen(round_, seeds=60, seconds=10.0),
}
QUICK = {
    "boundaries": lambda round_: at_boundaries(round_, every=5),
    "trace": lambda round_: at_commits_of_the_trace(round_, cases=2),
    "kills": lambda round_: at_random(round_, rounds=1, kills=3),
    "pauses": lambda round_: standing_still(round_, seconds=(5,)),
    "disks": lambda round_: without_disk(round_, mounts=False),
    "signals": lambda round_: signalled(round_, each_moment=False),
    "twins": lambda round_: round_.run("twins", "folder and account", twins.a_second_trader),
    "switches": lambda round_: befallen(round_, seeds=3, seconds=4.0),
}


def main():
    """Do it, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=("quick", "long"), default="quick")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, by commas")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep the folders of violations there")
    told = parser.parse_args()
    wanted = told.only.split(",")
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")
    began = time.monotonic()
    round_ = Round(told.seed, told.keep)
    for part, do in (LONG if told.profile == "long" else QUICK).items():
        if part in wanted:
            do(round_)
    print("\n".join(round_.table()))
    print(f"profile {told.profile}, seed {told.seed}: {(time.monotonic() - began) / 60:.1f} minutes")
    for each in round_.violations:
        print(f"VIOLATION {each}")
    sys.exit(1 if round_.violations else 0)


if __name__ == "__main__":
    main()
