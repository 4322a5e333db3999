"""I14: nothing that may raise a risk leaves while what is known of its market is old, or from before a break.

What was approved by a process that stood still may be old, and is held at the gate: what counts is what leaves.
"""

from typing import Any, Final

import attrs

from adapters.simulation.checks.check import Check
from adapters.simulation.checks.wire import Asked

_NEEDED: Final = ("trade", "quote")
_SIGNS: Final = {"Buy": 1, "Sell": -1}
SILENCE_S: Final = 60.0
"""A market without a quote for so long is not heard."""
GRACE_S: Final = 2.0
"""So long the news of it may take to whoever approves and sends."""


@attrs.define
class _Market:
    whole: set[str]
    """Tables of which everything is known since the line was opened. Only asked."""
    quoted_at: float
    stale_since: float | None


class KnownMarket(Check):
    """What the feed has heard, judged by the texts themselves."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._markets: dict[str, _Market] = {}
        self._quote = {symbol: f'"symbol":"{symbol}"' for symbol in self.facts.contracts}

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """Nothing is known."""
        now = self.judge.seconds
        self._markets = {symbol: _Market(set(), now, now) for symbol in self.facts.contracts}

    def on_LineClosed(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The line broke."""
        if envelope.message.to == "feed":
            self._lost()

    def on_OpenLine(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is opened anew: what was heard before is over."""
        if envelope.sender == "feed":
            self._lost()

    def _lost(self) -> None:
        now = self.judge.seconds
        for market in self._markets.values():
            market.whole.clear()
            market.stale_since = now if market.stale_since is None else market.stale_since

    def on_TextReceived(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A frame."""
        received = envelope.message
        if received.to != "feed":
            return
        head = received.text[:200]
        is_partial = '"action":"partial"' in head
        if not is_partial and '"table":"quote"' not in head:
            return
        for symbol, market in self._markets.items():
            if self._quote[symbol] not in received.text:
                continue
            for table in _NEEDED:
                if is_partial and f'"table":"{table}"' in head:
                    market.whole.add(table)
            if '"table":"quote"' in head:
                market.quoted_at = self.judge.seconds
            if len(market.whole) == len(_NEEDED):
                market.stale_since = None

    def sent(self, asked: Asked) -> None:
        """An order leaves."""
        if not asked.places or asked.only_closes:
            return
        symbol = str(asked.fields.get("symbol"))
        market, now = self._markets.get(symbol), self.judge.seconds
        if market is None:
            return
        since = market.stale_since
        if now - market.quoted_at > SILENCE_S and since is None:
            since = market.quoted_at + SILENCE_S
        if since is None or now - since <= GRACE_S:
            return
        size, sign = asked.fields["orderQty"] // self.facts.contracts[symbol].lot, _SIGNS[asked.fields["side"]]
        held = self.account.held[symbol].lots
        if held * sign < 0 and size <= abs(held):
            return
        self.violated("I14", f"{asked.client_id} leaves, and {symbol} has not been heard for {now - since:.1f} s")


CHECKS = (KnownMarket,)
