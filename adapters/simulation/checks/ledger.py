"""I3 and I4: what the exchange executed is what was booked, once; and in the end both sides hold the same."""

from collections import Counter
from typing import Any

from adapters.simulation.checks.check import Check


class Booked(Check):
    """Fills are those of the exchange, each once; adjustments are said as such. Positions agree at rest."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._fills: dict[tuple[str, str], int] = {}
        self._lots: Counter[str] = Counter()
        self._is_whole = True
        """Everything that was booked was heard here."""

    def on_Fill(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A fill is said."""
        fill = envelope.message
        if fill.liquidity == "internal":
            return
        key = (fill.client_id, fill.execution_id)
        if key in self._fills:
            self.violated("I3", f"execution {fill.execution_id} of {fill.client_id} is booked twice")
        self._fills[key] = fill.lots
        self._lots[fill.symbol] += fill.lots

    def life_ended(self, life: int, how: str) -> None:  # noqa: ARG002 as every check is told
        """What a killed life had not yet written down is heard again."""
        if how == "killed":
            self._fills.clear()
            self._lots.clear()
            self._is_whole = False

    def on_PositionAdjusted(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A difference is booked."""
        adjusted = envelope.message
        self._lots[adjusted.symbol] += adjusted.lots

    def at_rest(self) -> None:
        """Positions, and every execution."""
        held = {symbol: lots for symbol, lots in sorted(self._lots.items()) if lots}
        there = self.truth.lots()
        if self._is_whole and held != there:
            self.violated("I4", f"booked are {held}, the exchange holds {there}")


CHECKS = (Booked,)
