"""What `run.py chaos` says of a strategy: that it fails by itself, is given up on, or wants what nobody lets pass."""

from collections import Counter
from typing import Any

from adapters.simulation.checks.check import Check

ON_PURPOSE = "crashed on purpose"
FAILS, GIVEN_UP, IDLE = "it raises", "it is given up on", "it does nothing"


class Yours(Check):
    """Judges the strategy that is tried, and nothing of ours."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._said: set[str] = set()
        self._wishes = 0
        self.refused: Counter[str] = Counter()

    def on_ActorFailed(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """By a mistake of its own, each kind of which is named once."""
        failed = envelope.message
        if failed.actor != "strategy:yours" or ON_PURPOSE in failed.error:
            return
        where = _where(failed.trace)
        text = f"{failed.error}, while it handled {failed.during}{where}"
        if text not in self._said:
            self._said.add(text)
            self.violated(FAILS, text)

    def on_ActorQuarantined(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It failed too often."""
        if envelope.message.actor == "strategy:yours":
            self.violated(GIVEN_UP, envelope.message.reason)

    def on_Signal(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It wants something."""
        self._wishes += envelope.message.strategy == "yours"

    def on_PlaceOrder(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It wants something."""
        self._wishes += envelope.message.strategy == "yours"

    def over(self) -> None:
        """One that never wants anything was not tried."""
        if not self._wishes:
            self.violated(IDLE, "it never wanted a position nor an order: longer runs or a shorter period may help")


def _where(trace: str) -> str:
    """The last line of a file that is not ours."""
    lines = [line.strip() for line in trace.splitlines() if line.strip().startswith("File ")]
    theirs = [line for line in lines if "/actors/" not in line and "/adapters/" not in line]
    return f" ({theirs[-1]})" if theirs else ""


CHECKS = (Yours,)
