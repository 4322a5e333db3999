"""What the venue says of an account: orders, executions, positions, margin and wallet as frozen values.

Contracts are the venue's whole numbers, signed: positive buys or is long. Lots are ours, and None where the contract is
not known or the number is no multiple of its lot (an old position, somebody else's order): the contracts stay exact.
Money is in the minor unit of the settlement currency and has the venue's sign, which is ours: see
`actors.money.values` (a bought inverse contract costs a negative value), and a fee is paid when positive.
"""

import enum
from decimal import Decimal
from typing import Final

import attrs

from messages import Liquidity, Lots, Minor, Symbol, UtcNs

OVER: Final = frozenset({"Filled", "Canceled", "Rejected", "Expired", "DoneForDay", "Stopped"})
"""Statuses from which an order does not trade any more (an amend of `leavesQty` apart)."""


class ExecutionKind(enum.StrEnum):
    """What an execution does."""

    TRADE = "trade"
    FUNDING = "funding"
    SETTLEMENT = "settlement"
    LIQUIDATION = "liquidation"
    EVENT = "event"
    """The order was taken, changed, cancelled: nothing was traded and no money moved."""
    UNKNOWN = "unknown"
    """A word that we do not know: count it by its id if it has contracts, and compare with the venue."""


@attrs.frozen(kw_only=True)
class OrderReport:
    """An order as the venue has it."""

    order_id: str
    client_id: str
    """"" for an order that was placed without one, by hand or by somebody else."""
    account: int | None
    symbol: Symbol
    contracts: int
    """Its total, signed; 0 when a `Close` order has no quantity yet."""
    filled: int
    """Signed like the total."""
    left: int
    lots: Lots | None
    filled_lots: Lots | None
    price: float | None
    stop_price: float | None
    average_price: float | None
    status: str
    working: bool
    triggered: str
    text: str
    ts: UtcNs

    @property
    def is_over(self) -> bool:
        """Whether it trades no more."""
        return self.status in OVER


@attrs.frozen(kw_only=True)
class Execution:
    """One thing that happened to an order or a position. Its id is unique: who hears it twice counts it once."""

    execution_id: str
    kind: ExecutionKind
    kind_said: str
    """The venue's own word."""
    order_id: str
    client_id: str
    account: int | None
    symbol: Symbol
    contracts: int
    """Traded (or, of funding, held), signed; 0 for an event."""
    lots: Lots | None
    price: float | None
    cost_minor: Minor | None
    """Signed value of what was traded; of funding, of the position."""
    fee_minor: Minor | None
    """Paid when positive; of funding, the payment."""
    commission: Decimal | None
    """The rate of the fee; of funding, the funding rate."""
    liquidity: Liquidity | None
    filled: int | None
    """Of the order, after this; unsigned, as is `left`."""
    left: int | None
    status: str
    trade_id: str
    text: str
    ts: UtcNs


@attrs.frozen(kw_only=True)
class PositionReport:
    """A position as the venue has it."""

    account: int | None
    symbol: Symbol
    currency: str
    contracts: int
    lots: Lots | None
    entry_price: float | None
    mark_price: float | None
    liquidation_price: float | None
    bankrupt_price: float | None
    cost_minor: Minor | None
    """Average cost of what is open."""
    realised_minor: Minor | None
    unrealised_minor: Minor | None
    leverage: Decimal | None
    is_cross: bool | None
    ts: UtcNs | None


@attrs.frozen(kw_only=True)
class MarginReport:
    """An account's margin in one currency, in its minor unit."""

    account: int | None
    currency: str
    wallet_minor: Minor | None
    margin_minor: Minor | None
    """The wallet and the unrealised profit."""
    available_minor: Minor | None
    initial_minor: Minor | None
    maintenance_minor: Minor | None
    realised_minor: Minor | None
    unrealised_minor: Minor | None
    ts: UtcNs | None


@attrs.frozen(kw_only=True)
class WalletReport:
    """An account's money in one currency, in its minor unit."""

    account: int | None
    currency: str
    amount_minor: Minor
    ts: UtcNs | None
