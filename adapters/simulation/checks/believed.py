"""I14 besides: nothing is approved while the guard knows that the venue is lost; absurd prices are not believed."""

from typing import Any, Final

from adapters.simulation.checks.check import Check

_FILTER: Final = "tick-filter"
BELIEVED: Final = 40
"""Trades of a symbol, until the filter certainly knows its price."""
FAR: Final = 1.3
"""Times the highest price or the lowest of late: a fifth away from where the market is may be believed."""


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


CHECKS = (KnownAccount, Believable)
