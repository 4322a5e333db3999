"""The rows that a run's money leaves behind: one per (execution, owner), and one per change of cash.

Named tuples: a run leaves several for each order, and attrs' frozen classes take twice as long to make.
"""

import enum
from typing import NamedTuple

from messages import Account, Liquidity, Lots, Minor, StrategyId, Symbol, UtcNs


class LedgerKind(enum.StrEnum):
    """Why cash changed."""

    REALISED = "realised"
    FEE = "fee"
    FUNDING = "funding"
    SETTLEMENT = "settlement"
    ADJUSTMENT = "adjustment"
    TRANSFER = "transfer"


class FillRow(NamedTuple):
    """One owner's part of one execution, with what it did to that strategy's book."""

    ts: UtcNs
    account: Account
    currency: str
    strategy: StrategyId
    symbol: Symbol
    client_id: str
    execution_id: str
    lots: Lots
    """Signed."""
    price: float
    liquidity: Liquidity
    value_minor: Minor
    """Signed value of the lots at the price."""
    fee_minor: Minor
    """Paid when positive, received when negative."""
    realised_minor: Minor
    """Profit of what this part closed, before fees."""
    position_lots: Lots
    """The strategy's lots in the symbol afterwards."""

    @property
    def side(self) -> str:
        """`buy` or `sell`."""
        return "buy" if self.lots > 0 else "sell"


class LedgerEntry(NamedTuple):
    """One change of cash of one (account, currency), and the book it belongs to."""

    ts: UtcNs
    account: Account
    currency: str
    strategy: StrategyId
    """Empty for what belongs to the account and to no strategy."""
    symbol: Symbol
    """Empty for what belongs to no symbol."""
    kind: LedgerKind
    amount_minor: Minor
    """Added to cash: a fee that was paid is negative."""
    ref: str
    """What caused it: an execution id, a funding time, an adjustment id."""
