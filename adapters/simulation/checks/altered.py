"""I2 at the exchange (F89): an order that works there with other terms than were asked for is taken back."""

from decimal import Decimal
from typing import Any, Final

import attrs

from adapters.simulation.checks.check import Check
from adapters.simulation.checks.wire import Asked

PATIENCE_S: Final = 20.0
BEATS: Final = 3
"""Heartbeats since then, while account and exchange are known to agree: the process lives, and hears."""


@attrs.define
class _Altered:
    since_s: float
    beats: int = 0


class TakenBack(Check):
    """A cancel leaves for it, unless it ends by itself. What may only reduce is cut by the exchange, and no concern."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._asked: dict[str, list[tuple[int, Decimal | None]]] = {}
        self._altered: dict[str, _Altered] = {}
        self._is_ready = False

    def sent(self, asked: Asked) -> None:
        """Terms leave, or a cancel."""
        if (asked.places or asked.amends) and "orderQty" in asked.fields and not asked.only_closes:
            price = asked.fields.get("price")
            terms = int(asked.fields["orderQty"]), None if price is None else Decimal(str(price))
            self._asked.setdefault(asked.client_id, []).append(terms)
        elif asked.verb == "DELETE":
            names = asked.fields.get("clOrdID")
            everything = asked.route == "/order/all"
            for name in [*self._altered] if everything else names if isinstance(names, list) else [str(names)]:
                self._altered.pop(name, None)

    def arrived(self, asked: Asked) -> None:
        """It has become another one on its way."""
        if asked.places and asked.trip.altered and asked.client_id in self._asked:
            self._altered[asked.client_id] = _Altered(self.judge.seconds)

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """What an earlier life left is taken back anyway."""
        self._altered.clear()
        self._is_ready = False

    def on_VenueReady(self, envelope: Any) -> None:  # noqa: ARG002, N802 named as the message is
        """Both sides agree."""
        self._is_ready = True

    def on_VenueLost(self, envelope: Any) -> None:  # noqa: ARG002, N802 named as the message is
        """It hears nothing, and has to be told anew."""
        self._is_ready = False
        for each in self._altered.values():
            each.beats = 0

    def on_Heartbeat(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The process lives."""
        if not self._altered or not self._is_ready or not envelope.sender.startswith("venue@"):
            return
        for name, each in list(self._altered.items()):
            each.beats += 1
            if each.beats >= BEATS and self.judge.seconds - each.since_s >= PATIENCE_S:
                del self._altered[name]
                self._look(name, each.since_s)

    def _look(self, name: str, since_s: float) -> None:
        row = next((row for row in self.truth.open_orders() if row["clOrdID"] == name), None)
        if row is None:
            return
        price = None if row["price"] is None else Decimal(str(row["price"]))
        if not any(size == row["orderQty"] and limit in (None, price) for size, limit in self._asked[name]):
            passed = self.judge.seconds - since_s
            self.violated("I2", f"{name} works otherwise than it was asked for, and {passed:.0f} s later stays")


CHECKS = (TakenBack,)
