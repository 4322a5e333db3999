"""All checks."""

from typing import Final

from adapters.simulation.checks import (
    altered,
    believed,
    budget,
    core,
    exposure,
    journalled,
    kill,
    ledger,
    market,
    missing,
    orders,
    owners,
    running,
    secrets,
    sending,
    switch,
)
from adapters.simulation.checks.check import Check

CHECKS: Final[tuple[type[Check], ...]] = (
    *sending.CHECKS, *journalled.CHECKS, *exposure.CHECKS, *ledger.CHECKS, *orders.CHECKS,
    *running.CHECKS, *market.CHECKS, *budget.CHECKS, *switch.CHECKS, *secrets.CHECKS,
    *altered.CHECKS, *kill.CHECKS, *core.CHECKS, *owners.CHECKS, *missing.CHECKS, *believed.CHECKS,
)  # fmt: skip
