"""Differences that the reconciler has booked because no fill explained them, for as long as one still may.

A fill that comes late was in the position that the venue showed: it is booked to its owners, and what was booked in its
place is taken back in the same breath. Else it would count twice until account and venue are compared again.
"""

import attrs

from actors.money.rounding import divide_half_away
from messages import Lots, Minor, PositionAdjusted, Symbol, UtcNs


@attrs.frozen
class _Booked:
    lots: Lots
    value: Minor
    shown: UtcNs
    """When the venue showed the position that it was found in, by the venue's clock."""


class Unexplained:
    """One account's, by symbol."""

    def __init__(self) -> None:
        self._booked: dict[Symbol, _Booked] = {}

    def book(self, adjusted: PositionAdjusted, shown: UtcNs) -> None:
        """The reconciler books it. What it takes back of an earlier one goes with it."""
        before = self._booked.get(adjusted.symbol)
        lots = adjusted.lots + (before.lots if before is not None else 0)
        value = adjusted.value_minor + (before.value if before is not None else 0)
        self._keep(adjusted.symbol, lots, value, shown)

    def explain(self, symbol: Symbol, lots: Lots, value: Minor, ts: UtcNs) -> tuple[Lots, Minor]:
        """(lots, value) to book beside a fill of the venue's time `ts` that is heard only now; else (0, 0).

        Whatever its side: the difference may be that of several fills. The last of them takes all that is left.
        """
        booked = self._booked.get(symbol)
        if booked is None or ts >= booked.shown:
            return 0, 0
        left = booked.lots - lots
        if not left:
            value = booked.value
        elif (booked.lots > 0) == (lots > 0) and abs(lots) < abs(booked.lots):
            value = divide_half_away(booked.value * abs(lots), abs(booked.lots))
        self._keep(symbol, left, booked.value - value, booked.shown)
        return -lots, -value

    def _keep(self, symbol: Symbol, lots: Lots, value: Minor, shown: UtcNs) -> None:
        if lots:
            self._booked[symbol] = _Booked(lots, value, shown)
        else:
            self._booked.pop(symbol, None)
