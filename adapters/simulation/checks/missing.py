"""I3 while it happens: an order that ends with more filled than was told of is looked into, and soon."""

from collections import Counter
from typing import Any, Final

import attrs

from adapters.simulation.checks.check import Check
from adapters.simulation.checks.ledger import written

PATIENCE_S: Final = 15.0
BEATS: Final = 3
"""Heartbeats of the gateway since then: it lives, and could have asked."""
_PAUSES: Final = frozenset({401, 403, 429})
"""Statuses after which nothing is asked for a while."""


@attrs.define
class _Lack:
    filled: int
    since_s: float
    beats: int = 0


class MissingFills(Check):
    """The gateway asks the exchange for executions, or says itself that it does not know the account."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._told: Counter[str] = Counter()
        """Lots, above zero, by client id."""
        self._lacks: dict[str, _Lack] = {}
        self._is_connected = False

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """It knows what is written."""
        self._told.clear()
        self._lacks.clear()
        self._is_connected = False
        for _, fields in written(self.facts.folder, ("Fill",)):
            self._told[fields["client_id"]] += abs(fields["lots"])

    def made(self, address: str, epoch: int, warm: bool) -> None:  # noqa: ARG002, FBT001 as every check is told
        """A gateway that begins asks anyway."""
        if address.startswith("venue@"):
            self._lacks.clear()

    def on_Fill(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Told."""
        fill = envelope.message
        self._told[fill.client_id] += abs(fill.lots)
        lack = self._lacks.get(fill.client_id)
        if lack is not None and self._told[fill.client_id] >= lack.filled:
            del self._lacks[fill.client_id]

    def on_OrderEnded(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """All of it is known now."""
        ended = envelope.message
        name, filled = ended.order.client_id, abs(ended.lots_filled)
        if self._is_connected and self._told[name] < filled:
            self._lacks.setdefault(name, _Lack(filled, self.judge.seconds))

    def on_SendRequest(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Somebody asks for something."""
        if self._lacks and envelope.message.verb == "GET" and "/execution" in envelope.message.path:
            self._lacks.clear()

    def on_RequestAnswered(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The exchange may want to hear nothing for a while."""
        if envelope.message.status in _PAUSES:
            self._lacks.clear()

    def on_VenueConnected(self, envelope: Any) -> None:  # noqa: ARG002, N802 named as the message is
        """The account is heard, and is asked about."""
        self._is_connected = True

    def on_VenueLost(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is not known."""
        if envelope.sender.startswith("venue@"):
            self._is_connected = False
            self._lacks.clear()

    def on_Heartbeat(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The gateway lives."""
        if not self._lacks or not envelope.sender.startswith("venue@"):
            return
        for name, lack in list(self._lacks.items()):
            lack.beats += 1
            passed = self.judge.seconds - lack.since_s
            if lack.beats >= BEATS and passed >= PATIENCE_S:
                del self._lacks[name]
                self.violated("I3", f"{name} ended {passed:.0f} s ago, fills of it were not told, and nobody asks")


CHECKS = (MissingFills,)
