"""Who trades and how much: `[[strategies]]`, `[portfolio]` and `[[accounts]]`, `[risk]` and its `[[risk.limits]]`."""

from typing import Any, Literal

import attrs

from adapters.configuration.value_types import (
    Actions,
    Band,
    Cash,
    ClockText,
    Execution,
    Filled,
    Fraction,
    Multipliers,
    Params,
    PeriodText,
    PositiveFloat,
    PositiveInt,
    PositiveNumber,
    SourceName,
    StrategyName,
    SymbolName,
    WeightFloat,
    Window,
)
from messages import Account

MAIN: Account = "main"
PAPER = "paper:"
"""What the accounts of paper strategies begin with."""


@attrs.frozen(kw_only=True)
class StrategySection:
    """One `[[strategies]]` entry: one instance, one actor."""

    id: StrategyName | None = None
    strategy: Filled
    folder: Filled | None = None
    """Where a module or a relative path starts from; None is the configuration file's own folder."""
    symbols: tuple[SymbolName, ...] | None = None
    hears: tuple[SymbolName, ...] | None = None
    """Symbols that it hears and cannot trade: an index, gold, another contract."""
    events: tuple[SourceName, ...] | None = None
    """Sources of external events that it hears; None is what the class says, and else all."""
    period: PeriodText | None = None
    params: Params = attrs.field(factory=dict)
    weight: WeightFloat = 1.0
    lots: PositiveInt | None = None
    execution: Execution = "market"
    """An algorithm's name, or a table of its name and parameters."""
    mode: Literal["live", "paper"] = "live"
    """paper trades for itself, in an account of its own that no real venue ever hears of."""
    account: Filled = MAIN
    """Strategies of one account are netted with each other; each account has its own cash, books and limits."""
    on_quarantine: Literal["hold", "flatten"] = "hold"


@attrs.frozen(kw_only=True)
class SizingKeys:
    """How shares are sized, in `[portfolio]` and in `[[accounts]]`; a parameter that is None has its own default."""

    sizing: Literal["fixed", "risk-parity", "equity-fraction"] | None = None
    """None is fixed in `[portfolio]`, and what `[portfolio]` says in an account."""
    target_volatility: PositiveFloat | None = None
    """Of a year, as a fraction: where the scale is 1."""
    volatility_window: Window | None = None
    """Bars."""
    volatility_halflife: PositiveInt | None = None
    """Bars; in place of the window."""
    scale_min: WeightFloat | None = None
    scale_max: PositiveFloat | None = None
    rebalance_band: Band | None = None
    """Relative change of the scale up to which nothing is sized again."""
    fraction: PositiveFloat | None = None
    """Of the equity, that one unit of signal is worth."""


@attrs.frozen(kw_only=True)
class PortfolioSection(SizingKeys):
    """`[portfolio]`."""

    symbol_multiplier: Multipliers = attrs.field(factory=dict)


def _name_first(_section: type, fields: "list[attrs.Attribute[Any]]") -> "list[attrs.Attribute[Any]]":
    """As an entry begins in the written file."""
    sizing = {field.name for field in attrs.fields(SizingKeys)}
    return sorted(fields, key=lambda field: field.name in sizing)


@attrs.frozen(kw_only=True, field_transformer=_name_first)
class AccountSection(SizingKeys):
    """One `[[accounts]]` entry: a portfolio of its own, where it is to differ from the others."""

    name: Filled
    cash: Cash | None = None
    """None is what `[backtest]` says."""


@attrs.frozen(kw_only=True)
class LimitSection:
    """One `[[risk.limits]]` entry: limits of the orders that match every scope it names."""

    account: Filled | None = None
    strategy: StrategyName | None = None
    symbol: SymbolName | None = None
    order_lots_max: PositiveInt | None = None
    position_lots_max: PositiveInt | None = None
    order_notional_max: PositiveNumber | None = None
    position_notional_max: PositiveNumber | None = None
    open_orders_max: PositiveInt | None = None
    orders_per_second: PositiveInt | None = None
    orders_per_minute: PositiveInt | None = None


@attrs.frozen(kw_only=True)
class RiskSection:
    """`[risk]`; without the section a backtest has no limits of size or loss."""

    order_lots_max: PositiveInt | None = None
    position_lots_max: PositiveInt | None = None
    price_band: PositiveFloat | None = None
    """Fraction of the last price by which an order's price may differ from it."""
    orders_per_second: PositiveInt | None = None
    orders_per_minute: PositiveInt | None = None
    daily_loss_max: Fraction | None = None
    daily_loss_action: Literal["until-next-day", "halt"] | None = None
    """None is until-next-day in a backtest, and live it is halt: back only by command."""
    day_starts: ClockText = "00:00"
    daily_loss_state: Literal["flatten", "halt", "reduce-only"] | None = None
    """What a lost day leads to; None is flatten."""
    order_notional_max: PositiveNumber | None = None
    """In whole units of the settlement currency, as the next."""
    position_notional_max: PositiveNumber | None = None
    leverage_max: PositiveNumber | None = None
    """Of all positions' worth over the equity, per currency."""
    open_orders_max: PositiveInt | None = None
    actions: Actions | None = None
    """What a refusal does besides, by its reason."""
    limits: tuple[LimitSection, ...] = ()
    """`[[risk.limits]]`."""
