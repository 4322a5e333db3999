"""Broken variants of the code, each a patch applied in memory: every one of them must be caught by a check.

mutant.py    what a mutant is, and how it is tried
venue.py     of the gateway: answers, executions, cancels, the switch
core.py      of guard, executor, reconciler, portfolio
runtime.py   of supervisor, runtime, journal and recovery
"""

from tests.simulation.mutants import core, runtime, venue
from tests.simulation.mutants.mutant import Mutant, Tried, chosen, tried

MUTANTS = {each.name: each for module in (venue, core, runtime) for each in module.MUTANTS}

__all__ = ["MUTANTS", "Mutant", "Tried", "chosen", "tried"]
