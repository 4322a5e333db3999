"""Runs that once failed, kept whole: whatever a seed comes to mean later, they stay what they were."""

import json
from pathlib import Path

from adapters.simulation.scenario import Scenario

FOLDER = Path(__file__).parent / "pinned"


def pinned():
    """All of them, by name."""
    for path in sorted(FOLDER.glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        told.pop("why")
        yield Scenario.read({**told, "name": path.stem})


def pin(scenario, violation):
    """Keep one; whoever mends what it found writes into it what that was. Returns its file."""
    codes = "-".join(scenario.faults) or "quiet"
    path = FOLDER / f"{violation.invariant}-{codes}-{scenario.seed}.json"[:120]
    told = {"why": str(violation), **scenario.written()}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return path
