"""What must hold. Checks see what was said, what went over the wire and what the exchange knows, and judge by that.

They import nothing of what they judge: messages are looked at by their classes' names and their fields.

    check.py     what a check is, and the judge that asks them all
    truth.py     what the exchange knows, as rows
"""

from adapters.simulation.checks.check import Check, Judge, Violation

__all__ = ["Check", "Judge", "Violation"]
