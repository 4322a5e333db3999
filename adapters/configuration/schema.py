"""What a configuration may say, section by section.

Here are the contracts, the data and the backtest; the other sections have modules of their own, by what they are about:
`account_sections` (who trades, how much, within which limits), `event_sections`, `market_sections`, `live_sections`.

A value that is None was not told; what it becomes then depends on the data, and `adapters.preparation` settles it.
The types name what a value has to be (`PositiveNumber`, `PeriodText`): each brings its strict hook (`value_types`).
What must fit together within a section is in `agreement`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import attrs

from adapters.configuration.account_sections import (
    MAIN,
    PAPER,
    AccountSection,
    LimitSection,
    PortfolioSection,
    RiskSection,
    SizingKeys,
    StrategySection,
)
from adapters.configuration.compounds import NO_FUNDING
from adapters.configuration.event_sections import EventsSection, ListenSection, PollSection
from adapters.configuration.live_sections import LiveSection, RecordingSection
from adapters.configuration.market_sections import FeedSection, SpreadSection
from adapters.configuration.value_types import (
    Cash,
    ClockText,
    FeeRate,
    Filled,
    Funding,
    KindName,
    Leverage,
    Margin,
    MomentText,
    PeriodText,
    Portion,
    PositiveFloat,
    PositiveInt,
    PositiveNumber,
    Session,
    SymbolName,
    Truth,
    Weekdays,
    WeightFloat,
    WholeFromZero,
    ZoneName,
)
from messages import StrategyId, Symbol

__all__ = [
    "KEY_OF",
    "MAIN",
    "PAPER",
    "AccountSection",
    "BacktestSection",
    "Configuration",
    "DataKind",
    "DataSection",
    "EventsSection",
    "FeedSection",
    "GeneratedSection",
    "InstrumentSection",
    "LimitSection",
    "ListenSection",
    "LiveSection",
    "PollSection",
    "PortfolioSection",
    "RecordingSection",
    "RiskSection",
    "SizingKeys",
    "SpreadSection",
    "StrategySection",
    "funding_file",
    "instrument_of",
    "named",
    "only_heard",
    "values_of",
]

DataKind: TypeAlias = Literal["bars", "ticks", "quotes", "books", "l2", "index", "liquidations"]
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
    settlement_fee: FeeRate | None = None
    """Of what a dated contract settles for; None is none."""
    initial_margin: Margin | None = None
    maintenance_margin: Margin | None = None
    leverage: Leverage | None = None
    """Another way to tell the initial margin: one part in so many."""
    funding: Funding = "none"
    funding_interval: PeriodText | None = None
    """None is 8h, where there may be funding at all."""
    funding_at: ClockText | None = None
    """The first funding of a day, where a rate is told; None is 00:00."""
    mark_prices: Filled | None = None
    """A file of mark prices; None marks at the last price."""
    expiry: MomentText | None = None
    settlement_price: PositiveFloat | None = None
    """What it settles at; None is the last mark, or else the last price."""
    sessions: tuple[Session, ...] | None = None
    """Hours of each trading day; None is around the clock."""
    sessions_timezone: ZoneName | None = None
    """None is UTC."""
    sessions_days: Weekdays | None = None
    """None is Monday to Friday."""


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
    """One `[[data]]` entry: a file, a store's folder, or a generated market."""

    symbol: SymbolName
    file: Filled | None = None
    venue: Filled | None = None
    """Of a store: whose; None is the only one that has the symbol, or the one in `XBTUSD.BITMEX`."""
    kind: DataKind | None = None
    """Of a store: what of the symbol; None is what strategies need, and funding and marks with it."""
    generated: GeneratedSection | None = None
    period: PeriodText | None = None
    """Of the file's own bars; None infers it. A generated market of bars has 1h."""
    stamps: Literal["start", "end"] | None = None
    """None assumes start, and the run says so."""
    timezone: ZoneName = "UTC"


@attrs.frozen(kw_only=True)
class BacktestSection:
    """`[backtest]`."""

    fill: Literal["next-open", "this-close"] = "next-open"
    limit_fill: Literal["through", "touch"] = "through"
    slippage_ticks: WholeFromZero = 0
    slippage_spread: WeightFloat | None = None
    """Fraction of the spread that market and stop orders pay besides; None is none."""
    half_spread_ticks: WholeFromZero | None = None
    """From a bar's price to the best bid and ask that it does not show; None is none."""
    volume_cap: Portion | None = None
    """The part of a bar's volume that our orders may fill; None is not limited."""
    seed: WholeFromZero = 1
    cash: Cash = attrs.field(factory=dict)
    begin: MomentText | None = None
    """The key is `from`."""
    end: MomentText | None = None
    """The key is `to`; the end itself is outside."""
    warm_up: Truth | None = None
    """Strategies are fed what the data have from before `from`; None is not."""
    close_grace_ms: WholeFromZero | None = None
    """How long after its end a bar of ticks waits for trades that are still on their way; None is not at all."""
    bad_rows: Literal["fail", "quarantine"] = "fail"
    live_marks: Truth = False
    handler_seconds: PositiveFloat = 30.0


@attrs.frozen(kw_only=True)
class Configuration:
    """A whole configuration, and what was wrong with the file it came from."""

    instruments: tuple[InstrumentSection, ...] = ()
    data: tuple[DataSection, ...] = ()
    events: tuple[EventsSection, ...] = ()
    accounts: tuple[AccountSection, ...] = ()
    strategies: tuple[StrategySection, ...] = ()
    portfolio: PortfolioSection = attrs.field(factory=PortfolioSection)
    risk: RiskSection | None = None
    backtest: BacktestSection = attrs.field(factory=BacktestSection)
    live: LiveSection | None = None
    feeds: tuple[FeedSection, ...] = ()
    spreads: tuple[SpreadSection, ...] = ()
    recording: RecordingSection | None = None


KEY_OF = {"begin": "from", "end": "to"}
"""Keys that are not called like their field."""


def instrument_of(sections: tuple[InstrumentSection, ...], symbol: Symbol) -> InstrumentSection | None:
    """The entry of that symbol."""
    return next((section for section in sections if section.symbol == symbol), None)


def only_heard(strategies: tuple[StrategySection, ...]) -> frozenset[Symbol]:
    """Symbols that some strategy hears and none names to trade: they need no instrument."""
    traded = {symbol for section in strategies for symbol in section.symbols or ()}
    return frozenset(symbol for section in strategies for symbol in section.hears or () if symbol not in traded)


def funding_file(section: InstrumentSection) -> str | None:
    """The file of funding rates, where one is told."""
    told = section.funding
    return told if isinstance(told, str) and told != NO_FUNDING else None


def values_of(section: Any) -> Mapping[str, Any]:
    """A section's fields by key, in their order."""
    return {KEY_OF.get(field.name, field.name): getattr(section, field.name) for field in attrs.fields(type(section))}


def named(identity: StrategyId | None, number: int) -> str:
    """How an error names a strategy's entry."""
    return f"strategies[{number}]" if identity is None else f"strategies[{number}] ({identity})"
