"""One account's actors: venue, guard, executor, portfolio and checker, each with what it has to know of the set-up."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from actors.checker import Checker
from actors.component import Component
from actors.execution.rules import ShareRule
from actors.execution.slices import LargestOrder
from actors.executor import Executor
from actors.portfolio import Portfolio
from actors.risk_guard import RiskGuard
from actors.runtime.slot import ActorKind, ActorSpec
from actors.setup import PAPER, Setup, wanted_bars
from actors.simulated_venue import SimulatedVenue
from actors.strategy_entry import StrategyEntry
from messages import (
    ALL_MESSAGES,
    Account,
    Bar,
    BarOpen,
    EquityMarked,
    FundingRate,
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


def account_specs(setup: Setup, account: Account, read: Read | None, agree: Agree | None) -> list[ActorSpec]:
    """In the order of the way back from the venue, the checker last. `read` and `agree`: see `wiring.actor_specs`."""
    made = _Maker(setup, account)

    def spec(role: str, kind: ActorKind, factory: Callable[[object], Component], keeps: Any) -> ActorSpec:
        return ActorSpec(
            address=f"{role}@{account}", role=role, kind=kind, factory=factory, account=account, keeps=keeps
        )

    return [
        spec("venue", ActorKind.VENUE, made.venue, made.kept_for_venue()),
        spec("risk-guard", ActorKind.CORE, made.guard, _FACTS),
        spec("executor", ActorKind.CORE, made.executor, _FACTS),
        spec("portfolio", ActorKind.CORE, made.portfolio, _FACTS),
        spec("checker", ActorKind.EDGE, lambda _heritage: Checker(account, read, agree), {}),
    ]


class _Maker:
    """Makes the components of one account, each given what its predecessor left."""

    def __init__(self, setup: Setup, account: Account) -> None:
        self._setup, self._account = setup, account
        self._rules = [_rule(setup, entry) for entry in setup.strategies if entry.account == account]
        periods = setup.file_periods
        self._feeds = {symbol: periods[symbol][0] if symbol in periods else None for symbol in setup.instruments}
        self._own_venue = setup.venue if not account.startswith(PAPER) else None

    def portfolio(self, heritage: Any) -> Component:
        setup, account = self._setup, self._account
        sizing = setup.sizing_of(account)
        watched = setup.live_marks or sizing.moves or setup.risk.needs_equity
        return Portfolio(
            account,
            setup.instruments,
            self._rules,
            symbol_multiplier=setup.symbol_multiplier,
            marks=_marked(setup) if watched else (),
            cash_minor=setup.cash_of(account),
            netting_window_ns=setup.netting_window_ns,
            sizing=sizing,
            heritage=heritage,
        )

    def guard(self, heritage: Any) -> Component:
        setup = self._setup
        return RiskGuard(
            self._account,
            setup.instruments,
            setup.risk,
            self._feeds,
            heritage,
            scoped=setup.scoped_limits,
            live=self._account in setup.live_accounts,
        )

    def executor(self, heritage: Any) -> Component:
        setup, account = self._setup, self._account
        number = setup.accounts.index(account)
        return Executor(
            account,
            setup.instruments,
            setup.run6,
            self._rules,
            order_lots_max=setup.risk.order_lots_max,
            largest_orders=[
                LargestOrder(row.order_lots_max, row.strategy, row.symbol)
                for row in setup.scoped_limits
                if row.order_lots_max is not None and row.account in (None, account)
            ],
            feeds=self._feeds,
            half_spread_ticks=setup.venue_settings.half_spread_ticks,
            label=str(number + 1) if number else "",
            heritage=heritage,
            live=account in setup.live_accounts,
        )

    def venue(self, heritage: Any) -> Component:
        setup, account = self._setup, self._account
        if self._own_venue is not None:
            return self._own_venue(account, setup.instruments)
        cash = setup.cash_of(account)
        return SimulatedVenue(account, setup.instruments, setup.venue_settings, self._feeds, cash, heritage=heritage)

    def kept_for_venue(self) -> Mapping[type[Message], int]:
        # A simulated venue leaves all it knows to its successor; one of the host's own finds its orders again in these.
        return {} if self._own_venue is None else dict.fromkeys([m for m in ALL_MESSAGES if m is not Woke], VENUE_KEEPS)


def _rule(setup: Setup, entry: StrategyEntry) -> ShareRule:
    # What a strategy crosses with others does not pass the guard: its share keeps the limits of its position by itself.
    limits = [
        (row.symbol, row.position_lots_max)
        for row in setup.scoped_limits
        if row.position_lots_max is not None and row.strategy == entry.id and row.account in (None, entry.account)
    ]
    return ShareRule(
        strategy=entry.id,
        symbols=entry.symbols,
        lots=entry.lots,
        weight=entry.weight,
        execution=entry.execution,
        on_quarantine=entry.on_quarantine,
        share_lots_max=min([lots for symbol, lots in limits if symbol is None], default=None),
        symbol_lots_max=tuple([(symbol, lots) for symbol, lots in limits if symbol is not None]),
    )


def _marked(setup: Setup) -> tuple[tuple[Symbol, Period], ...]:
    periods = setup.file_periods
    wanted = {symbol: each[0] for symbol, each in periods.items()}
    for each in wanted_bars(setup):
        if each.symbol not in periods:
            wanted[each.symbol] = min(each.period, wanted.get(each.symbol, each.period))
    return tuple(sorted((symbol, period) for symbol, period in wanted.items() if symbol in setup.instruments))
