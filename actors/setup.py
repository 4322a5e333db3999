"""What determines a system: what it is fed, what is traded by whom, with how much, under which rules."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import attrs

from actors.bar_builder import BarWanted
from actors.columns import (
    BarColumns,
    BookColumns,
    ChunkedColumns,
    Columns,
    EventColumns,
    QuoteColumns,
    TickColumns,
    kind_of,
)
from actors.component import Component
from actors.event_streams import ExternalColumns
from actors.order_flow import FlowWanted
from actors.risk.limits import RiskLimits, ScopedLimits
from actors.sizing.sizing import Sizing
from actors.spread_recorder import SpreadPair
from actors.strategy import flow_of, make
from actors.strategy_entry import StrategyEntry, only_heard
from actors.supervisor import RestartPolicy
from actors.tick_filter import FilterSettings
from actors.venue.settings import VenueSettings
from messages import Account, Instrument, Minor, Period, Symbol, period_name

PAPER = "paper:"
"""How the accounts of paper strategies begin: theirs is always a simulated venue."""

VenueFactory = Callable[[Account, Mapping[Symbol, Instrument]], Component]


@attrs.frozen(kw_only=True)
class Setup:
    """Everything that determines a system, checked by whoever made it."""

    columns: tuple[Columns, ...]
    events: tuple[EventColumns, ...] = ()
    """Funding rates and mark prices."""
    external: tuple[ExternalColumns, ...] = ()
    """What sources beside the market say, one each."""
    feed: Callable[[], Component] | None = None
    """Makes a feed of the host's own, in place of one that plays the columns."""
    venue: VenueFactory | None = None
    instruments: Mapping[Symbol, Instrument]
    strategies: tuple[StrategyEntry, ...]
    cash: Mapping[str, Minor]
    """Every account starts with this, by currency, unless `account_cash` says otherwise."""
    account_cash: Mapping[Account, Mapping[str, Minor]] = attrs.field(factory=dict)
    sizing: Sizing = attrs.field(factory=Sizing)
    """Of every account, unless `account_sizing` says otherwise."""
    account_sizing: Mapping[Account, Sizing] = attrs.field(factory=dict)
    funding_words: Mapping[Symbol, str] = attrs.field(factory=dict)
    """How a result tells where a symbol's funding came from."""
    seed: int
    run6: str
    risk: RiskLimits
    scoped_limits: tuple[ScopedLimits, ...] = ()
    venue_settings: VenueSettings
    symbol_multiplier: Mapping[Symbol, float]
    filter_settings: FilterSettings | None = None
    spreads: tuple[SpreadPair, ...] = ()
    """Pairs of symbols that are sampled side by side."""
    side_symbols: frozenset[Symbol] = frozenset()
    """Live: those that come by a feed of their own, past the filter and the bar builder of what is traded."""
    live_marks: bool = False
    live_accounts: frozenset[Account] = frozenset()
    """Those at a real venue: they trade when it is ready, and what they hold is compared with it."""
    netting_window_ns: int = 0
    empty_bars: Any = "none"
    late: Any = "quarantine"
    close_grace_ns: int = 0
    policy: RestartPolicy = attrs.field(factory=RestartPolicy)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """In order, each once."""
        return tuple(sorted({entry.account for entry in self.strategies})) or ("main",)

    def cash_of(self, account: Account) -> Mapping[str, Minor]:
        """What an account starts with, by currency."""
        return self.account_cash.get(account, self.cash)

    def sizing_of(self, account: Account) -> Sizing:
        """How an account sizes its shares."""
        return self.account_sizing.get(account, self.sizing)

    @property
    def only_heard(self) -> frozenset[Symbol]:
        """Symbols that strategies hear and nobody trades: they have no instrument, and no place in results."""
        return only_heard(self.strategies)

    @property
    def file_periods(self) -> dict[Symbol, tuple[Period, ...]]:
        """The periods of the feed's own bars, shortest first."""
        found: dict[Symbol, list[Period]] = {}
        for series in self.columns:
            if isinstance(series, BarColumns):
                found.setdefault(series.symbol, []).append(series.period)
        return {symbol: tuple(sorted(periods)) for symbol, periods in found.items()}

    @property
    def tick_symbols(self) -> frozenset[Symbol]:
        """Symbols with ticks or quotes in the feed, and all symbols when the data come from outside."""
        if self.feed is not None or not self.columns:
            return frozenset(self.instruments) | self.only_heard
        ticking = (TickColumns, QuoteColumns, BookColumns)
        return frozenset(series.symbol for series in self.columns if kind_of(series) in ticking)


def wanted_bars(setup: Setup) -> tuple[BarWanted, ...]:
    """The bars that have to be built, because the feed does not have them; ValueError when they cannot be.

    Without those of markets that have a flow of their own, see `side_bars`.
    """
    return tuple([each for each in _all_bars(setup) if each.symbol not in setup.side_symbols])


def side_bars(setup: Setup, symbols: Collection[Symbol]) -> tuple[BarWanted, ...]:
    """Those that are to be built of these symbols, which come by a feed of their own."""
    return tuple([each for each in _all_bars(setup) if each.symbol in symbols])


def _all_bars(setup: Setup) -> tuple[BarWanted, ...]:
    wanted: dict[tuple[Symbol, Period], BarWanted] = {}
    periods = setup.file_periods
    for entry in setup.strategies:
        hears = entry.strategy.hears()
        for symbol in entry.heard_symbols:
            own = periods.get(symbol, ())
            if entry.period in own:
                continue
            shorter = [period for period in own if entry.period % period == 0 and period < entry.period]
            if shorter:
                source: Any = shorter[-1]
            elif symbol in setup.tick_symbols:
                source = "ticks"
            else:
                have = ", ".join(period_name(period) for period in own) or "nothing"
                raise ValueError(
                    f"strategy {entry.id} wants {period_name(entry.period)} bars of {symbol}, which cannot be built "
                    f"from what the feed has of it: {have}"
                )
            before = wanted.get((symbol, entry.period))
            opens = "on_bar_open" in hears or (before is not None and before.opens)
            wanted[symbol, entry.period] = BarWanted(symbol, entry.period, source, opens)
    return tuple(wanted[key] for key in sorted(wanted, key=lambda key: (key[1], key[0])))


def wanted_flows(setup: Setup) -> tuple[FlowWanted, ...]:
    """The order flow that strategies hear; ValueError where there are no single trades to make it of."""
    wanted: dict[tuple[Symbol, Period], FlowWanted] = {}
    for entry in setup.strategies:
        if "on_flow" not in entry.strategy.hears():
            continue
        period, zeros = flow_of(make(entry.strategy, dict(entry.params)))
        for symbol in entry.heard_symbols:
            if symbol not in setup.tick_symbols:
                raise ValueError(
                    f"strategy {entry.id} wants the order flow of {symbol}, and the feed has no trades of it"
                )
            before = wanted.get((symbol, period))
            wanted[symbol, period] = FlowWanted(symbol, period, zeros or (before is not None and before.zeros))
    return tuple(wanted.values())


def run6_of(columns: Sequence[Columns | EventColumns | ExternalColumns], *parts: object) -> str:
    """Six characters that name a run: a hash of its configuration, data and seed."""
    digest = hashlib.sha256(repr(parts).encode())
    for series in columns:
        if isinstance(series, ExternalColumns):
            digest.update(series.digest().encode())
            continue
        digest.update(repr((kind_of(series).__name__, series.symbol, len(series))).encode())
        if isinstance(series, ChunkedColumns):
            digest.update(series.digest.encode())
        for field in ("close_ts", "close", "received", "price", "bid", "ask", "rate"):
            column = getattr(series, field, None)
            if column is not None:
                digest.update(column.tobytes())
    return digest.hexdigest()[:6]
