"""I14: nothing that may raise a risk is approved while what is known of its market, or of the account, is old."""

from typing import Any, Final

import attrs

from adapters.simulation.checks.check import Check

_NEEDED: Final = ("trade", "quote")
SILENCE_S: Final = 60.0
"""A market without a quote for so long is not heard."""
GRACE_S: Final = 2.0
"""So long the news of it may take to whoever approves."""
_FILTER: Final = "tick-filter"
BELIEVED: Final = 40
"""Trades of a symbol, until the filter certainly knows its price."""
FAR: Final = 1.3
"""Times the highest price or the lowest of late: a fifth away from where the market is may be believed."""


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

    def on_ApprovedOrder(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The guard lets an order through."""
        order = envelope.message.order
        if not envelope.sender.startswith("risk-guard") or order.reduce_only:
            return
        market, now = self._markets.get(order.symbol), self.judge.seconds
        if market is None:
            return
        since = market.stale_since
        if now - market.quoted_at > SILENCE_S and since is None:
            since = market.quoted_at + SILENCE_S
        if since is None or now - since <= GRACE_S:
            return
        if self.account.closes(order.symbol, order.lots):
            return
        self.violated(
            "I14", f"{order.client_id} is approved, and {order.symbol} has not been heard for {now - since:.1f} s"
        )


class KnownAccount(Check):
    """A guard that has heard that the venue is lost approves nothing, until somebody says that it is ready."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._said: dict[int, str] = {}
        """Accounts by the id of what tells of their loss, until the guard has handled it."""
        self._ready: dict[str, int] = {}
        """Id of what was said last of one that is ready."""
        self._lost: set[str] = set()
        """Only asked."""

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """Nothing is known."""
        self._said.clear()
        self._ready.clear()
        self._lost.clear()

    def on_VenueLost(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Nobody knows what happens there."""
        self._said[envelope.id] = envelope.message.account

    def on_VenueReady(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is known again."""
        account = envelope.message.account
        self._ready[account] = envelope.id
        self._lost.discard(account)

    def handled(self, address: str, epoch: int, message_id: int) -> None:  # noqa: ARG002 as every check is told
        """The guard knows."""
        account = self._said.get(message_id)
        if account is not None and address == f"risk-guard@{account}":
            del self._said[message_id]
            if message_id > self._ready.get(account, 0):
                self._lost.add(account)

    def on_ApprovedOrder(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The guard lets an order through."""
        order = envelope.message.order
        if order.account not in self._lost or not envelope.sender.startswith("risk-guard") or order.reduce_only:
            return
        if not self.account.closes(order.symbol, order.lots):
            self.violated("I14", f"{order.client_id} is approved, and the venue of {order.account} is lost")


class Believable(Check):
    """I14: what goes for a trade has a price that the market has had, or one near it.

    The first prices that a filter hears it has to believe: nobody has told it yet where the market is.
    """

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._heard: dict[str, int] = {}

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """It has heard nothing."""
        self._heard.clear()

    def made(self, address: str, epoch: int, warm: bool) -> None:  # noqa: ARG002, FBT001 as every check is told
        """Its successor neither."""
        if address == _FILTER:
            self._heard.clear()

    def on_Tick(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Passed on by the filter."""
        if envelope.sender != _FILTER:
            return
        tick = envelope.message
        heard = self._heard[tick.symbol] = self._heard.get(tick.symbol, 0) + 1
        prices = self.truth.prices().get(tick.symbol, ())
        if heard > BELIEVED and prices and not min(prices) / FAR <= tick.price <= max(prices) * FAR:
            self.violated("I14", f"{tick.symbol} is believed to trade at {tick.price}, and was at {prices[-1]}")


CHECKS = (KnownMarket, KnownAccount, Believable)
