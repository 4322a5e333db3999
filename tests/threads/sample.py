"""Which sample of many a run of the tests takes: another one for each commit, and the same one for the same."""

import random
import subprocess

from tests.system.commands import ROOT


def chance_of_this_commit(what):
    """By the commit's hash; where there is none, always the same."""
    told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return random.Random(f"{told.stdout.strip()} {what}")
