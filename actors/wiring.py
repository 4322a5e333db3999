"""Who is in the house: from a set-up to the actors' specs, in the order of the data flow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from actors.bar_builder import BarBuilder, BarWanted
from actors.checker import Checker
from actors.component import Component
from actors.execution.rules import ShareRule
from actors.execution.slices import LargestOrder
from actors.executor import Executor
from actors.feed import Feed
from actors.portfolio import Portfolio
from actors.recorder import Record, Recorder
from actors.risk_guard import RiskGuard
from actors.runtime.slot import ActorKind, ActorSpec
from actors.setup import PAPER, Setup, wanted_bars
from actors.simulated_venue import SimulatedVenue
from actors.strategy import StrategyEntry
from actors.strategy_host import StrategyHost
from actors.supervisor import ChildSpec, Supervisor
from actors.tick_filter import TickFilter
from messages import (
    ALL_MESSAGES,
    Account,
    Bar,
    BarOpen,
    EquityMarked,
    FundingRate,
    Lots,
    MarkPrice,
    Message,
    OrderBook,
    Period,
    PositionsReported,
    Quote,
    ReportPositions,
    Symbol,
    Tick,
    Woke,
)

VENUE_KEEPS = 100_000
"""Messages of each class that the address of a host's own venue keeps for its next incarnation."""
_NOT_KEPT = (
    *(Woke, Bar, BarOpen, Tick, Quote, OrderBook, FundingRate, MarkPrice),
    *(EquityMarked, ReportPositions, PositionsReported),
)
_FACTS: Mapping[type[Message], int | None] = dict.fromkeys((m for m in ALL_MESSAGES if m not in _NOT_KEPT), None)
"""What the core is rebuilt from: everything that decides about orders and money. A journal takes this place live."""


Read = Callable[[ReportPositions], Iterable[Message]]
Agree = Callable[[Account, Symbol], bool]
"""Brings the three reports of an account's positions at once."""


def actor_specs(setup: Setup, record: Record, read: Read | None = None, agree: Agree | None = None) -> list[ActorSpec]:
    """Every actor but the supervisor. `read` and `agree`: what checkers compare by, where messages are not needed."""
    wanted = wanted_bars(setup)
    return [
        *_beside(record, wanted),
        *[spec for account in setup.accounts for spec in _account(setup, account, read, agree)],
        *[_strategy(setup, entry) for entry in setup.strategies],
        *_market(setup, wanted),
    ]


def supervisor_spec(setup: Setup, specs: Sequence[ActorSpec]) -> ActorSpec:
    """The supervisor of all of them."""
    ranks = {"tick-filter": 1, "bar-builder": 2}
    children = [
        ChildSpec(address=spec.address, kind=spec.kind, account=spec.account, rank=ranks.get(spec.role, 0))
        for spec in specs
    ]
    return ActorSpec(
        address="supervisor",
        role="supervisor",
        kind=ActorKind.ROOT,
        factory=lambda _heritage: Supervisor(children, seed=setup.seed, policy=setup.policy),
    )


def _beside(record: Record, wanted: Sequence[BarWanted]) -> list[ActorSpec]:
    built = [each for each in wanted if each.source == "ticks"]
    shortest = min((each.period for each in built), default=None)
    closes_of = [(each.symbol, each.period) for each in built if each.period == shortest]
    return [
        ActorSpec(
            address="recorder",
            role="recorder",
            kind=ActorKind.EDGE,
            factory=lambda _heritage: Recorder(record, closes_of=closes_of),
        )
    ]


def _account(setup: Setup, account: Account, read: Read | None, agree: Agree | None) -> list[ActorSpec]:
    instruments = setup.instruments
    entries = [entry for entry in setup.strategies if entry.account == account]
    rules = [
        ShareRule(
            strategy=entry.id,
            symbols=entry.symbols,
            lots=entry.lots,
            weight=entry.weight,
            execution=entry.execution,
            on_quarantine=entry.on_quarantine,
            share_lots_max=_share_lots_max(setup, entry),
        )
        for entry in entries
    ]
    largest_orders = [
        LargestOrder(row.order_lots_max, row.strategy, row.symbol)
        for row in setup.scoped_limits
        if row.order_lots_max is not None and row.account in (None, account)
    ]
    number = setup.accounts.index(account)
    label = str(number + 1) if number else ""
    sizing = setup.sizing_of(account)
    watched = setup.live_marks or sizing.moves or setup.risk.needs_equity
    marked = _marked(setup) if watched else ()
    periods = setup.file_periods
    feeds = {symbol: periods[symbol][0] if symbol in periods else None for symbol in instruments}

    def portfolio(heritage: Any) -> Component:
        return Portfolio(
            account,
            instruments,
            rules,
            symbol_multiplier=setup.symbol_multiplier,
            marks=marked,
            cash_minor=setup.cash_of(account),
            sizing=sizing,
            heritage=heritage,
        )

    def guard(heritage: Any) -> Component:
        return RiskGuard(account, instruments, setup.risk, feeds, heritage, scoped=setup.scoped_limits)

    def executor(heritage: Any) -> Component:
        return Executor(
            account,
            instruments,
            setup.run6,
            rules,
            order_lots_max=setup.risk.order_lots_max,
            largest_orders=largest_orders,
            feeds=feeds,
            half_spread_ticks=setup.venue_settings.half_spread_ticks,
            label=label,
            heritage=heritage,
        )

    own_venue = setup.venue if not account.startswith(PAPER) else None

    def venue(heritage: Any) -> Component:
        if own_venue is not None:
            return own_venue(account, instruments)
        cash = setup.cash_of(account)
        return SimulatedVenue(account, instruments, setup.venue_settings, feeds, cash, heritage=heritage)

    def spec(role: str, kind: ActorKind, factory: Callable[[object], Component], keeps: Any) -> ActorSpec:
        return ActorSpec(
            address=f"{role}@{account}", role=role, kind=kind, factory=factory, account=account, keeps=keeps
        )

    # A simulated venue leaves all it knows to its successor; one of the host's own finds its orders again in these.
    kept_for_venue = dict.fromkeys((m for m in ALL_MESSAGES if m is not Woke), VENUE_KEEPS) if own_venue else {}
    return [
        spec("venue", ActorKind.VENUE, venue, kept_for_venue),
        spec("risk-guard", ActorKind.CORE, guard, _FACTS),
        spec("executor", ActorKind.CORE, executor, _FACTS),
        spec("portfolio", ActorKind.CORE, portfolio, _FACTS),
        spec("checker", ActorKind.EDGE, lambda _h: Checker(account, read, agree), {}),
    ]


def _share_lots_max(setup: Setup, entry: StrategyEntry) -> Lots | None:
    """The most a strategy's share may be: what it crosses with others does not pass the guard."""
    return min(
        [
            row.position_lots_max
            for row in setup.scoped_limits
            if row.position_lots_max is not None
            and row.strategy == entry.id
            and row.account in (None, entry.account)
            and (row.symbol is None or entry.symbols == (row.symbol,))
        ],
        default=None,
    )


def _marked(setup: Setup) -> tuple[tuple[Symbol, Period], ...]:
    periods = setup.file_periods
    wanted = {symbol: each[0] for symbol, each in periods.items()}
    for each in wanted_bars(setup):
        if each.symbol not in periods:
            wanted[each.symbol] = min(each.period, wanted.get(each.symbol, each.period))
    return tuple(sorted(wanted.items()))


def _strategy(setup: Setup, entry: StrategyEntry) -> ActorSpec:
    def factory(heritage: Any) -> Component:
        return StrategyHost(entry, setup.instruments, setup.seed, setup.cash_of(entry.account), heritage)

    return ActorSpec(
        address=f"strategy:{entry.id}",
        role="strategy",
        kind=ActorKind.STRATEGY,
        factory=factory,
        account=entry.account,
        strategy=entry.id,
    )


def _bar_builder(setup: Setup, wanted: Sequence[BarWanted]) -> Component:
    return BarBuilder(wanted, close_grace_ns=setup.close_grace_ns, empty_bars=setup.empty_bars, late=setup.late)


def _market(setup: Setup, wanted: Sequence[BarWanted]) -> list[ActorSpec]:
    specs: list[ActorSpec] = []
    if setup.tick_symbols:
        specs.append(_market_spec("tick-filter", lambda _heritage: TickFilter(setup.filter_settings)))
    if wanted:
        specs.append(_market_spec("bar-builder", lambda _heritage: _bar_builder(setup, wanted)))
    if setup.feed is not None:
        make_feed = setup.feed
        specs.append(_market_spec("feed", lambda _heritage: make_feed()))
    elif setup.columns:
        specs.append(_market_spec("feed", _feed_maker(setup, wanted)))
    return specs


def _feed_maker(setup: Setup, wanted: Sequence[BarWanted]) -> Callable[[Any], Component]:
    block = min((each.period for each in wanted if each.source == "ticks"), default=None)
    return lambda heritage: Feed(setup.columns, events=setup.events, block_period=block, heritage=heritage)


def _market_spec(role: str, factory: Callable[[Any], Component]) -> ActorSpec:
    return ActorSpec(address=role, role=role, kind=ActorKind.MARKET, factory=factory)
