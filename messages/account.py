"""What changes an account: fills, funding, adjustments, and its trading state.

Sizes are signed whole lots, money is signed whole minor units.
"""

import attrs

from messages.base import Message, filled, finite, frozen_tuple, not_zero, positive, whole
from messages.terms import Liquidity, TradingState
from messages.units import Account, Lots, Minor, StrategyId, Symbol, UtcNs


@attrs.frozen(weakref_slot=False)
class FillPart:
    """One owner's part of a fill. The parts add up to the fill, to the lot and to the minor unit."""

    strategy: StrategyId = attrs.field(validator=filled)
    lots: Lots = attrs.field(validator=not_zero)
    value_minor: Minor = attrs.field(validator=whole)
    fee_minor: Minor = attrs.field(validator=whole)


@attrs.frozen(kw_only=True, weakref_slot=False)
class Fill(Message):
    """One execution. Position is the fold of these (and of PositionAdjusted) and of nothing else."""

    account: Account = attrs.field(validator=filled)
    currency: str = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    client_id: str = attrs.field(validator=filled)
    execution_id: str = attrs.field(validator=filled)
    """Unique in an account: who hears it twice folds it once."""
    ts: UtcNs = attrs.field(validator=whole)
    lots: Lots = attrs.field(validator=not_zero)
    price: float = attrs.field(validator=positive)
    liquidity: Liquidity
    value_minor: Minor = attrs.field(validator=whole)
    """Signed value of the lots at the price: profit is the value sold less the value bought, for every kind."""
    fee_minor: Minor = attrs.field(validator=whole)
    """Paid when positive, received when negative."""
    parts: tuple[FillPart, ...] = attrs.field(validator=frozen_tuple)
    ambiguous: bool = False
    """The bar's path did not decide this fill; the pessimistic path was taken."""

    def __attrs_post_init__(self) -> None:
        lots = value = fee = 0
        for part in self.parts:
            lots += part.lots
            value += part.value_minor
            fee += part.fee_minor
        if lots != self.lots or value != self.value_minor or fee != self.fee_minor:
            raise ValueError(f"Fill {self.execution_id}: its parts do not add up to its lots, value and fee")


@attrs.frozen(weakref_slot=False)
class FundingPart:
    """One strategy's part of a funding payment. The parts add up to the payment."""

    strategy: StrategyId = attrs.field(validator=filled)
    lots: Lots = attrs.field(validator=not_zero)
    """What it held."""
    amount_minor: Minor = attrs.field(validator=whole)


@attrs.frozen(kw_only=True, weakref_slot=False)
class FundingPaid(Message):
    """Funding of one symbol at one time: once for each (account, symbol, ts)."""

    account: Account = attrs.field(validator=filled)
    currency: str = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    rate: float = attrs.field(validator=finite)
    price: float = attrs.field(validator=positive)
    """The mark that the position was valued at."""
    lots: Lots = attrs.field(validator=whole)
    """The account's net position."""
    amount_minor: Minor = attrs.field(validator=whole)
    """Received when positive, paid when negative."""
    parts: tuple[FundingPart, ...] = attrs.field(validator=frozen_tuple)

    def __attrs_post_init__(self) -> None:
        if sum(part.lots for part in self.parts) != self.lots or (
            sum(part.amount_minor for part in self.parts) != self.amount_minor
        ):
            raise ValueError(f"FundingPaid of {self.symbol} at {self.ts}: its parts do not add up to lots and amount")


@attrs.frozen(kw_only=True)
class PositionAdjusted(Message):
    """A difference to the venue that no fill explains, booked by the reconciler under its own name."""

    account: Account = attrs.field(validator=filled)
    symbol: Symbol = attrs.field(validator=filled)
    strategy: StrategyId = attrs.field(validator=filled)
    adjustment_id: str = attrs.field(validator=filled)
    lots: Lots = attrs.field(validator=whole)
    value_minor: Minor = attrs.field(validator=whole)
    ts: UtcNs = attrs.field(validator=whole)
    reason: str = ""


@attrs.frozen(kw_only=True, weakref_slot=False)
class EquityMarked(Message):
    """The portfolio's equity at the last prices, said after each bar when live marks are asked for."""

    account: Account = attrs.field(validator=filled)
    currency: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
    equity_minor: Minor = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class HaltTrading(Message):
    """Somebody saw what must not be: the guard stops trading. `account` None means all of them."""

    reason: str = attrs.field(validator=filled)
    account: Account | None = None
    ts: UtcNs = attrs.field(default=0, validator=whole)
    flatten: bool = False
    """Bring every position to nothing, too."""


@attrs.frozen(kw_only=True)
class TradingStateChanged(Message):
    """The guard's new state, and why."""

    account: Account = attrs.field(validator=filled)
    state: TradingState
    reason: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)
