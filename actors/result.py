"""What a backtest leaves behind: plain rows and numpy columns, for files, reports and host applications alike."""

from collections.abc import Mapping

import attrs

from actors.columns import Floats, Ints
from actors.money.rows import FillRow, LedgerEntry
from messages import (
    Account,
    ActorFailed,
    Address,
    Annotated,
    Instrument,
    Lots,
    Minor,
    OrderType,
    Quarantined,
    Signal,
    StrategyId,
    Symbol,
    UtcNs,
)


@attrs.frozen(kw_only=True, weakref_slot=False)
class OrderRow:
    """One order, as it ended or as the run left it."""

    ts: UtcNs
    """When it was decided."""
    account: Account
    strategy: str
    """The owner, or `net` for an order of several."""
    owners: tuple[tuple[StrategyId, Lots], ...]
    symbol: Symbol
    client_id: str
    type: OrderType
    lots: Lots
    """Signed."""
    price: float | None
    """Limit or stop price; None for a market order."""
    status: str
    """filled, cancelled, refused, rejected, or working when the run ended before the order did."""
    reason: str = ""
    lots_filled: Lots = 0


@attrs.frozen(kw_only=True)
class StrategyRow:
    """One strategy's book in one symbol at the end. The rows of an account add up to the account."""

    account: Account
    currency: str
    strategy: StrategyId
    symbol: Symbol
    fills: int
    fees_minor: Minor
    funding_minor: Minor
    realised_minor: Minor
    unrealised_minor: Minor
    pnl_minor: Minor
    """realised + unrealised - fees + funding."""
    position_lots: Lots


@attrs.frozen(kw_only=True, eq=False)
class AccountCurve:
    """Equity of one (account, currency), a sample per bar of the shortest period; columns of one length."""

    account: Account
    currency: str
    minor_digits: int
    cash_start_minor: Minor
    ts: Ints
    equity_minor: Ints
    cash_minor: Ints
    position_value_minor: Ints
    drawdown: Floats
    """Fraction of the highest equity so far."""


@attrs.frozen(kw_only=True)
class CurrencySummary:
    """One (account, currency) in numbers; the fields of `summary.json`'s `currencies`."""

    account: Account
    currency: str
    cash_start_minor: Minor
    cash_end_minor: Minor
    equity_end_minor: Minor
    pnl_minor: Minor
    """equity_end - cash_start."""
    fees_minor: Minor
    funding_minor: Minor
    realised_minor: Minor
    max_drawdown: float
    max_drawdown_days: float | None
    total_return: float | None
    annual_return: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    hit_rate: float | None
    """Share of closing fills with a profit."""
    profit_factor: float | None
    average_trade_minor: float | None


@attrs.frozen(kw_only=True)
class Conventions:
    """How this run was computed: printed with every result."""

    fill: str
    """next-open or this-close (optimistic)."""
    limit_fill: str
    slippage_ticks: int
    value_rounding: Mapping[Symbol, str]
    funding: str
    ambiguous_fills: int
    notes: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, eq=False)
class BacktestResult:
    """Everything a run decided and did."""

    bars: int
    """Bars that the feed delivered."""
    ticks: int
    first_ts: UtcNs | None
    last_ts: UtcNs | None
    instruments: Mapping[Symbol, Instrument]
    signals: tuple[Signal, ...]
    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    """One row per (execution, owner)."""
    ledger: tuple[LedgerEntry, ...]
    curves: tuple[AccountCurve, ...]
    summaries: tuple[CurrencySummary, ...]
    strategies: tuple[StrategyRow, ...]
    marks: tuple[Annotated, ...]
    conventions: Conventions
    refusals: Mapping[str, int]
    """reason -> how many orders the guard refused or the venue rejected for it, and shares that rounded to nothing."""
    restarts: Mapping[Address, int]
    quarantined: Mapping[Address, str]
    """actor -> why it was given up on."""
    failures: tuple[ActorFailed, ...]
    bad_items: tuple[Quarantined, ...]
    """Market items that the filter or the builder set aside; at most the first 1,000."""
    bad_item_counts: Mapping[str, int]
    """reason -> count, of all of them."""
    daily_loss_trips: int
    halted: str | None
    """Why trading was halted at the end, or None."""
    unused_callbacks: Mapping[StrategyId, tuple[str, ...]]
    """Callbacks that a strategy defines and this feed never calls."""

    @property
    def executions(self) -> int:
        """Executions at the venue: what `fills` counts in the summary."""
        return len({row.execution_id for row in self.fills if row.liquidity != "internal"})

    @property
    def internal_fills(self) -> int:
        """Executions between strategies of one account."""
        return len({row.execution_id for row in self.fills if row.liquidity == "internal"})
