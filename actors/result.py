"""What a backtest leaves behind: plain rows and numpy columns, for files, reports and host applications alike."""

from collections.abc import Mapping
from typing import NamedTuple

import attrs

from actors.columns import Floats, Ints
from actors.money.rows import FillRow, LedgerEntry
from actors.money.shortfall import AlgorithmRow
from actors.money.trades import Trade
from messages import (
    Account,
    ActorFailed,
    Address,
    Annotated,
    FundingPaid,
    GaveUp,
    Instrument,
    Liquidity,
    Lots,
    Minor,
    OrderType,
    Quarantined,
    ShareSized,
    Signal,
    StrategyId,
    Symbol,
    TimeInForce,
    TradingStateChanged,
    UtcNs,
)

PAPER = "paper:"
"""What the names of accounts begin with whose orders never leave the simulated venue."""


class OrderRow(NamedTuple):
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
    """Signed, as last amended, like the prices."""
    price: float | None
    """Limit price, or else stop price; None where there is neither."""
    status: str
    """filled, cancelled, refused, rejected, or working when the run ended before the order did."""
    reason: str = ""
    """Why it was refused or rejected, or why the venue ended it unasked."""
    lots_filled: Lots = 0
    stop_price: float | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    algorithm: str = "market"
    amends: int = 0
    """How often it was changed while it worked."""
    decision_price: float | None = None
    """What its shortfall is measured from; None where that is not known."""


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
    """Share of the trades with a profit. A trade is a closed round trip, net of fees and with funding."""
    profit_factor: float | None
    average_trade_minor: float | None
    trades: int
    """Round trips that were closed."""
    average_mae_minor: float | None
    """Mean of their maximum adverse excursions, 0 or below."""
    average_mfe_minor: float | None
    exposure: float | None
    """Share of the samples with a position."""
    average_leverage: float | None
    """Mean of gross position value over equity."""
    turnover: float | None
    """Value traded at the market over mean equity, in the whole run."""
    turnover_year: float | None
    months: Mapping[str, float | None]
    """`2018-01` -> return of that month (UTC)."""

    @property
    def is_paper(self) -> bool:
        """Whether its orders never left the simulated venue."""
        return self.account.startswith(PAPER)


@attrs.frozen(kw_only=True)
class Conventions:
    """How this run was computed: printed with every result."""

    fill: str
    """next-open or this-close (optimistic)."""
    limit_fill: str
    slippage_ticks: int
    slippage_spread: float
    """Part of the spread that market orders and stops pay beside the ticks."""
    half_spread_ticks: int
    """What bars are taken to hide between price and best price."""
    volume_cap: float | None
    """Part of a bar's volume that fills may take; None for all that is wanted."""
    margin: bool
    """Whether any instrument asks for margin."""
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
    trades: tuple[Trade, ...]
    """Round trips, by entry time; those without an exit are open."""
    execution: tuple[AlgorithmRow, ...]
    funding: tuple[FundingPaid, ...]
    weights: tuple[ShareSized, ...]
    marks: tuple[Annotated, ...]
    conventions: Conventions
    refusals: Mapping[str, int]
    """reason -> how many orders the guard refused or the venue rejected for it, and shares that rounded to nothing."""
    venue_ends: Mapping[str, int]
    """reason -> how many orders the venue ended unasked."""
    gave_up: tuple[GaveUp, ...]
    amends: int
    """Changes to working orders that the venue made."""
    amend_rejections: Mapping[str, int]
    """reason -> changes that guard or venue did not make."""
    restarts: Mapping[Address, int]
    quarantined: Mapping[Address, str]
    """actor -> why it was given up on."""
    failures: tuple[ActorFailed, ...]
    bad_items: tuple[Quarantined, ...]
    """Market items that the filter or the builder set aside; at most the first 1,000."""
    bad_item_counts: Mapping[str, int]
    """reason -> count, of all of them."""
    daily_loss_stops: tuple[TradingStateChanged, ...]
    """When the daily loss limit stopped trading, and of which account."""
    halted: str | None
    """Why trading was halted at the end, or None."""
    unused_callbacks: Mapping[StrategyId, tuple[str, ...]]
    """Callbacks that a strategy defines and this feed never calls."""

    @property
    def daily_loss_trips(self) -> int:
        """How often the daily loss limit stopped trading."""
        return len(self.daily_loss_stops)

    @property
    def liquidations(self) -> tuple[FillRow, ...]:
        """The first row of each fill by which the venue closed a position for want of margin."""
        rows: dict[tuple[Account, str], FillRow] = {}
        for row in self.fills:
            if row.liquidity is Liquidity.LIQUIDATION:
                rows.setdefault((row.account, row.execution_id), row)
        return tuple(rows.values())

    @property
    def executions(self) -> int:
        """Executions at the venue: what `fills` counts in the summary."""
        return len({(row.account, row.execution_id) for row in self.fills if row.liquidity != "internal"})

    @property
    def internal_fills(self) -> int:
        """Executions between strategies of one account."""
        return len({(row.account, row.execution_id) for row in self.fills if row.liquidity == "internal"})
