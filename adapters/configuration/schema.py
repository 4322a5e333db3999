"""What a configuration may say, section by section.

A value that is None was not told; what it becomes then depends on the data, and `adapters.preparation` settles it.
The types name what a value has to be (`PositiveNumber`, `PeriodText`): each brings its strict hook (`value_types`).
What must fit together within a section is in `agreement`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import attrs

from adapters.configuration.compounds import NO_FUNDING
from adapters.configuration.market_sections import FeedSection, SpreadSection
from adapters.configuration.value_types import (
    AccountName,
    Actions,
    Band,
    Cash,
    ClockText,
    EnvironmentName,
    Execution,
    FeeRate,
    FieldPaths,
    Filled,
    Fraction,
    Funding,
    KindName,
    Leverage,
    Margin,
    MomentText,
    Multipliers,
    Params,
    PeriodText,
    Portion,
    PortNumber,
    PositiveFloat,
    PositiveInt,
    PositiveNumber,
    Session,
    SourceName,
    StrategyName,
    SwitchSeconds,
    SymbolName,
    Truth,
    WebAddress,
    Weekdays,
    WeightFloat,
    WholeFromZero,
    Window,
    ZoneName,
)
from messages import Account, StrategyId, Symbol

DataKind: TypeAlias = Literal["bars", "ticks", "quotes", "books", "l2", "index", "liquidations"]
MAIN: Account = "main"
PAPER = "paper:"
"""What the accounts of paper strategies begin with."""
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
class ListenSection:
    """Events that are sent to us by HTTP POST: `listen = { port = 8765 }`."""

    port: PortNumber
    host: Filled = "127.0.0.1"
    allow_remote: Truth = False
    """Needed for any other address than this machine's own."""
    token_file: Filled | None = None
    """A file that nobody else can read; made where there is none. None is `events.token` in the run's folder."""
    token_env: EnvironmentName | None = None
    """A variable of the environment, in place of a file."""
    events_per_second: PositiveInt = 20
    """More are turned away."""
    bytes_max: PositiveInt = 65_536
    """Of one request's body."""


@attrs.frozen(kw_only=True)
class PollSection:
    """An address that is asked on a schedule: `poll = { url = "https://...", every_s = 60, format = "rss" }`."""

    url: WebAddress
    every_s: PositiveFloat = 60.0
    format: Literal["json", "rss"] = "json"
    """rss is Atom too."""
    items: Filled | None = None
    """Where in a JSON answer the list of items stands, names joined by points; None is the answer itself."""
    id: Filled | None = None
    """What an item is known by; None is all that is in it."""
    ts: Filled | None = None
    """An item's own time; None is the time of receipt."""
    kind: Filled | None = None
    """Where an item says what sort of thing it is; None is the entry's `kind`."""
    fields: FieldPaths = attrs.field(factory=dict)
    """What is taken of an item; empty takes every value that is a number, a text, true, false or null."""
    key_env: EnvironmentName | None = None
    """A variable of the environment with a key, sent in `key_header`."""
    key_header: Filled = "Authorization"
    backlog: Truth = False
    """Whether what the first answer already holds is heard; else it is only remembered."""
    bytes_max: PositiveInt = 1_048_576
    """Of one answer."""


@attrs.frozen(kw_only=True)
class EventsSection:
    """One `[[events]]` entry: a source of external events, and where they come from."""

    source: SourceName
    file: Filled | None = None
    """JSON lines or CSV: a backtest reads it, live it is followed as it grows."""
    listen: ListenSection | None = None
    poll: PollSection | None = None
    store: Filled | None = None
    """A store folder with recorded events: what a backtest hears, alone or beside `listen` or `poll`."""
    kind: Filled | None = None
    """Of events that do not say one; None is the source's name."""
    delay_s: WeightFloat | None = None
    """From an event's time to its receipt, where a file does not say when it was received; None is 0, and is said."""
    silence_s: PositiveFloat | None = None
    """Live, a source that says nothing for so long is called stale."""


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
    bad_rows: Literal["fail", "quarantine"] = "fail"
    live_marks: Truth = False
    handler_seconds: PositiveFloat = 30.0


@attrs.frozen(kw_only=True)
class LiveSection:
    """`[live]`: where `live` trades, and how; a backtest reads past it, so that one file serves both commands."""

    venue: Literal["loopback", "bitmex-testnet", "bitmex"] = "loopback"
    """loopback is an exchange on this machine that `live` starts itself; bitmex is real money."""
    account: AccountName = MAIN
    """Our name of it. Strategies that trade there have the same `account`."""
    account_id: PositiveInt | None = None
    """BitMEX's own number of the account, which the keys must turn out to be of. bitmex needs it."""
    keys: Filled | None = None
    """A file that nobody else can read, with `venue`, `key` and `secret`; None is the environment's two variables."""
    paper: Truth = False
    """The venue's market, and a simulated venue for the orders."""
    on_stop: Literal["cancel", "leave", "flatten"] = "cancel"
    """What an ordered stop does with the account: working orders are cancelled, or left, or positions closed too."""
    sync: Literal["normal", "full"] = "normal"
    """How the journal commits: normal survives the end of the process at any moment, full the loss of power as well."""
    netting_window_ms: WholeFromZero = 0
    """So long a portfolio waits for other strategies' signals before it nets them."""
    dead_mans_switch_s: SwitchSeconds = 60
    """So long after our last sign of life the venue cancels all orders by itself; 0 is never."""
    books: tuple[SymbolName, ...] | None = None
    """Symbols whose order books are heard; None is those that a strategy asks for."""
    warm_up: Truth = True
    """Strategies are fed the market's history before they trade."""


@attrs.frozen(kw_only=True)
class RecordingSection:
    """`[recording]`: what `live` keeps of what the market says; a backtest reads past it."""

    enabled: Truth = True
    store: Filled | None = None
    """The store's folder; None is `data` in the run's own."""
    kinds: tuple[Filled, ...] | None = None
    """Such as ticks, quotes, books; None is all."""
    l2: tuple[SymbolName, ...] | None = None
    """Symbols of which every change of the book's 25 best levels is kept; None is none."""
    batch_ms: PositiveInt = 100
    """So often what came is written; a killed process loses no more."""
    on_failure: Literal["trade", "halt"] = "trade"
    """What becomes of trading when nothing can be written."""


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
