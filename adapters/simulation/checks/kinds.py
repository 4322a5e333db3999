"""All checks."""

from typing import Final

from adapters.simulation.checks import exposure, journalled, ledger, orders, sending
from adapters.simulation.checks.check import Check

CHECKS: Final[tuple[type[Check], ...]] = (
    *sending.CHECKS, *journalled.CHECKS, *exposure.CHECKS, *ledger.CHECKS, *orders.CHECKS,
)  # fmt: skip
