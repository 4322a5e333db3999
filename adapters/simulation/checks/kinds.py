"""All checks."""

from typing import Final

from adapters.simulation.checks import ledger
from adapters.simulation.checks.check import Check

CHECKS: Final[tuple[type[Check], ...]] = (*ledger.CHECKS,)
