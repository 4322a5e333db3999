"""What a configuration may say, section by section.

A value that is None was not told; what it becomes then depends on the data, and `adapters.preparation` settles it.
The types name what a value has to be (`PositiveNumber`, `PeriodText`): each brings its strict hook
from `values`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

import attrs

from adapters.configuration import values
from messages import StrategyId, Symbol

SymbolName = Annotated[str, values.symbol_name]
StrategyName = Annotated[str, values.strategy_name]
"""A strategy's id: 1 to 16 of a-z, 0-9 and -."""
PositiveNumber = Annotated[Decimal, values.positive_number]
FeeRate = Annotated[Decimal, values.fee_rate]
"""A fraction of a fill's value, within -1..1."""
PositiveFloat = Annotated[float, values.positive_float]
WeightFloat = Annotated[float, values.weight]
"""Zero or above."""
Fraction = Annotated[float, values.fraction]
"""Above zero, below one."""
PositiveInt = Annotated[int, values.positive_int]
WholeFromZero = Annotated[int, values.whole_from_zero]
Truth = Annotated[bool, values.truth]
PeriodText = Annotated[str, values.period_text]
ZoneName = Annotated[str, values.zone_name]
MomentText = Annotated[str, values.moment_text]
"""A date or a time in ISO 8601, UTC where it names no zone."""
ClockText = Annotated[str, values.clock_text]
"""A time of day, HH:MM, in UTC."""
Filled = Annotated[str, values.text]
Params = Annotated[dict[str, Any], values.params]
Multipliers = Annotated[dict[str, float], values.multipliers]
Cash = Annotated[dict[str, Decimal], values.cash]
"""Amounts by currency; under the key "" one amount for every currency that is needed."""
Funding = Annotated[str, values.funding]
Sizing = Annotated[str, values.sizing]
Mode = Annotated[str, values.mode]
Execution = Annotated[str, values.execution]
KindName = Annotated[str, values.kind_name]

_ZERO, _ONE = Decimal(0), Decimal(1)


@attrs.frozen(kw_only=True)
class InstrumentSection:
    """One `[[instruments]]` entry."""

    symbol: SymbolName
    kind: KindName = "linear"
    tick_size: PositiveNumber | None = None
    lot_size: PositiveNumber = _ONE
    multiplier: PositiveNumber = _ONE
    currency: Filled | None = None
    value_rounding: Literal["exact", "per-lot"] = "exact"
    maker_fee: FeeRate = _ZERO
    taker_fee: FeeRate = _ZERO
    funding: Funding = "none"
    funding_interval: PeriodText = "8h"


@attrs.frozen(kw_only=True)
class GeneratedSection:
    """A market out of a seed, in place of a file: `generated = { seed = 1, count = 20000 }`."""

    kind: Literal["bars", "ticks"] = "bars"
    seed: WholeFromZero = 1
    count: PositiveInt = 20_000
    start: MomentText = "2024-01-01T00:00:00Z"
    price: PositiveFloat = 50_000.0
    tick_size: PositiveNumber | None = None
    """None is the instrument's, else 0.5."""
    volatility_per_year: PositiveFloat = 0.8


@attrs.frozen(kw_only=True)
class DataSection:
    """One `[[data]]` entry: a file, or a generated market."""

    symbol: SymbolName
    file: Filled | None = None
    generated: GeneratedSection | None = None
    period: PeriodText | None = None
    """Of the file's own bars; None infers it. A generated market of bars has 1h."""
    stamps: Literal["start", "end"] | None = None
    """None assumes start, and the run says so."""
    timezone: ZoneName = "UTC"


@attrs.frozen(kw_only=True)
class StrategySection:
    """One `[[strategies]]` entry: one instance, one actor."""

    id: StrategyName | None = None
    strategy: Filled
    folder: Filled | None = None
    """Where a module or a relative path starts from; None is the configuration file's own folder."""
    symbols: tuple[SymbolName, ...] | None = None
    period: PeriodText | None = None
    params: Params = attrs.field(factory=dict)
    weight: WeightFloat = 1.0
    lots: PositiveInt | None = None
    execution: Execution = "market"
    mode: Mode = "live"
    account: Filled = "main"
    """Strategies of one account are netted with each other; each account has its own cash, books and limits."""
    on_quarantine: Literal["hold", "flatten"] = "hold"


@attrs.frozen(kw_only=True)
class PortfolioSection:
    """`[portfolio]`."""

    sizing: Sizing = "fixed"
    symbol_multiplier: Multipliers = attrs.field(factory=dict)


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
    daily_loss_action: Literal["until-next-day", "halt"] = "until-next-day"
    day_starts: ClockText = "00:00"


@attrs.frozen(kw_only=True)
class BacktestSection:
    """`[backtest]`."""

    fill: Literal["next-open", "this-close"] = "next-open"
    limit_fill: Literal["through", "touch"] = "through"
    slippage_ticks: WholeFromZero = 0
    seed: WholeFromZero = 1
    cash: Cash = attrs.field(factory=dict)
    begin: MomentText | None = None
    """The key is `from`."""
    end: MomentText | None = None
    """The key is `to`; the end itself is outside."""
    bad_rows: Literal["fail", "quarantine"] = "fail"
    live_marks: Truth = False
    handler_seconds: PositiveFloat = 30.0


@attrs.frozen(kw_only=True)
class LiveSection:
    """`[live]`: read and kept, so that one file serves both commands; a backtest does not use it."""

    venue: Filled = "loopback"
    account: Filled = "main"


@attrs.frozen(kw_only=True)
class Configuration:
    """A whole configuration, and what was wrong with the file it came from."""

    instruments: tuple[InstrumentSection, ...] = ()
    data: tuple[DataSection, ...] = ()
    strategies: tuple[StrategySection, ...] = ()
    portfolio: PortfolioSection = attrs.field(factory=PortfolioSection)
    risk: RiskSection | None = None
    backtest: BacktestSection = attrs.field(factory=BacktestSection)
    live: LiveSection | None = None


KEY_OF = {"begin": "from", "end": "to"}
"""Keys that are not called like their field."""


def instrument_of(sections: tuple[InstrumentSection, ...], symbol: Symbol) -> InstrumentSection | None:
    """The entry of that symbol."""
    return next((section for section in sections if section.symbol == symbol), None)


def values_of(section: Any) -> Mapping[str, Any]:
    """A section's fields by key, in their order."""
    return {KEY_OF.get(field.name, field.name): getattr(section, field.name) for field in attrs.fields(type(section))}


def named(identity: StrategyId | None, number: int) -> str:
    """How an error names a strategy's entry."""
    return f"strategies[{number}]" if identity is None else f"strategies[{number}] ({identity})"
