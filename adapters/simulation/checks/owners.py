"""I3 by strategy: what is paid for a position is booked to those who hold it, each with what it holds."""

from collections import Counter
from typing import Any, Final

from adapters.simulation.checks.check import Check
from adapters.simulation.checks.ledger import written

_OUTSIDE: Final = "outside"
QUIET_S: Final = 5.0
"""So long nothing may have been traded: what is heard in one moment may be told in either order."""


class Owners(Check):
    """Folds the parts of all fills and adjustments; funding is judged when the gateway has heard of all of them."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._held: Counter[tuple[str, str]] = Counter()
        """Lots by symbol and strategy."""
        self._unheard: set[int] = set()
        """Ids of what others have said of positions, and the gateway has not handled."""
        self._changed: dict[str, float] = {}

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """It knows what is written, and no more."""
        self._held.clear()
        self._unheard.clear()
        self._changed.clear()
        for kind, fields in written(self.facts.folder, ("Fill", "PositionAdjusted")):
            for part in fields["parts"] if kind == "Fill" else (fields,):
                self._held[fields["symbol"], part["strategy"]] += part["lots"]

    def on_Fill(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Each part is its strategy's."""
        fill = envelope.message
        for part in fill.parts:
            self._held[fill.symbol, part.strategy] += part.lots
        self._note(envelope, fill.symbol)

    def on_PositionAdjusted(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Somebody's."""
        adjusted = envelope.message
        self._held[adjusted.symbol, adjusted.strategy] += adjusted.lots
        self._note(envelope, adjusted.symbol)

    def _note(self, envelope: Any, symbol: str) -> None:
        self._changed[symbol] = self.judge.seconds
        if not envelope.sender.startswith("venue@"):
            self._unheard.add(envelope.id)

    def handled(self, address: str, epoch: int, message_id: int) -> None:  # noqa: ARG002 as every check is told
        """The gateway knows."""
        if self._unheard and address.startswith("venue@"):
            self._unheard.discard(message_id)

    def on_FundingPaid(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Paid by who holds something, or for it."""
        paid = envelope.message
        since = self.judge.seconds - self._changed.get(paid.symbol, -QUIET_S)
        if self._unheard or since < QUIET_S:
            return
        held = {strategy: lots for (symbol, strategy), lots in self._held.items() if symbol == paid.symbol and lots}
        if not sum(held.values()):
            held = {_OUTSIDE: paid.lots}
        booked = {part.strategy: part.lots for part in paid.parts}
        if booked != held:
            self.violated("I3", f"funding of {paid.symbol} is booked for {booked}, and held are {held}")


CHECKS = (Owners,)
