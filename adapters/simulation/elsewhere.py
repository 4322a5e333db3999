"""The same run in a process of another kind: other hashes, time zone and language. It must come to the same end.

echo '{"seed": 1, ...}' | PYTHONHASHSEED=7 python -m adapters.simulation.elsewhere      prints the run's digest
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from adapters.simulation.batch import judged
from adapters.simulation.scenario import Scenario

KINDS: Final[tuple[Mapping[str, str], ...]] = (
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "de_DE.UTF-8"},
    {"PYTHONHASHSEED": "4294967295", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8"},
    {"PYTHONHASHSEED": "random", "TZ": "UTC", "LC_ALL": "C"},
)
"""What is set for a run elsewhere."""
_WAIT_S: Final = 600


def digest_elsewhere(told: Scenario, number: int = 0) -> str:
    """The digest of a run in another process, of the kind with that number; what it said instead where it failed."""
    environment = {**os.environ, **KINDS[number % len(KINDS)]}
    done = subprocess.run(
        [sys.executable, "-m", "adapters.simulation.elsewhere"],
        input=json.dumps(told.written()), env=environment, capture_output=True, text=True, timeout=_WAIT_S, check=False,
    )  # fmt: skip
    said = done.stdout.strip()
    return said if not done.returncode and said else f"exit code {done.returncode}: {done.stderr.strip()[-400:]}"


def differing(told: Scenario, number: int = 0) -> str:
    """How a run here and one elsewhere differ; "" when they do not."""
    here, there = judged(told).digest, digest_elsewhere(told, number)
    if here == there:
        return ""
    kind = " ".join(f"{name}={value}" for name, value in KINDS[number % len(KINDS)].items())
    return f"seed {told.seed}: {here[:12]}, and with {kind} {there[:400]}"


if __name__ == "__main__":
    sys.stdout.write(judged(Scenario.read(json.load(sys.stdin))).digest)
