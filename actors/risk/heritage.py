"""What survives a guard: everything that no message would tell its next incarnation."""

import attrs

from actors.risk.daily_loss import Opening
from messages import AmendOrder, AmendRejected, Message, Minor, OrderRefused, SubmitOrder, Symbol, TradingState, UtcNs

FAILED = "guard-failed"


@attrs.frozen(kw_only=True)
class GuardHeritage:
    """What a guard leaves to its next incarnation: what it decided from prices and marks, which nobody keeps."""

    standing: TradingState = TradingState.ACTIVE
    """What a halt, a refusal or a liquidation led to: it never loosens."""
    lost: TradingState = TradingState.ACTIVE
    """What a lost day led to: the next day may take it back."""
    opening: tuple[Opening, ...] = ()
    equity: tuple[tuple[str, UtcNs, Minor], ...] = ()
    """(currency, when, the last equity)."""
    prices: tuple[tuple[Symbol, float], ...] = ()
    approved: frozenset[str] = frozenset()
    """Client ids of the orders that counted."""
    awaits_venue: bool | None = None
    """Whether nothing passes until the venue is ready; None: as the system was made."""
    stale: tuple[Symbol, ...] = ()
    """Symbols whose market data cannot be trusted at the moment."""
    passed: tuple[tuple[UtcNs, ...], ...] = ()
    """When orders passed lately: those of the account, then those of each row of scoped limits."""
    in_hand: SubmitOrder | AmendOrder | None = None
    """What it failed on: whoever asked waits for an answer, and nobody else can give it."""

    why: str | None = None
    """What it was halted for in this life, if it was."""

    def answer(self) -> tuple[Message, ...]:
        """Neither passed. The reason passes, so that an order is tried again and an amend is not waited for."""
        asked = self.in_hand
        if asked is None:
            return ()
        if isinstance(asked, AmendOrder):
            return (AmendRejected(asked.order, FAILED, asked.ts),)
        return (OrderRefused(asked.order, FAILED, asked.order.ts),)
