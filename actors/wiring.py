"""Who is in the house: from a set-up to the actors' specs, in the order of the data flow."""

from collections.abc import Callable, Collection, Sequence
from math import gcd
from typing import Any, Final

from actors.account_actors import Agree, Read, account_specs
from actors.bar_builder import BarBuilder, BarWanted
from actors.book_keeper import BookKeeper
from actors.columns import TickColumns, holds_changes, in_chunks, kind_of
from actors.component import Component
from actors.feed import Feed
from actors.order_flow import OrderFlowBuilder
from actors.recorder import Record, Recorder
from actors.runtime.slot import ActorKind, ActorSpec
from actors.setup import Setup, wanted_bars, wanted_flows
from actors.spread_recorder import SpreadPair, SpreadRecorder
from actors.strategy_entry import StrategyEntry
from actors.strategy_host import StrategyHost
from actors.supervisor import ChildSpec, Supervisor
from actors.tick_filter import TickFilter
from messages import Period, Symbol

_RANKS: Final = {
    "feed": 1,
    "book-keeper": 2,
    "tick-filter": 3,
    "bar-builder": 4,
    "side-feed": 1,
    "side-filter": 2,
    "side-builder": 3,
    "venue": 1,
    "reconciler": 2,
}
"""Place in the flow of one's kind, behind what moves bytes: who fails takes those behind it along."""


def actor_specs(setup: Setup, record: Record, read: Read | None = None, agree: Agree | None = None) -> list[ActorSpec]:
    """Every actor but the supervisor. `read` and `agree`: what checkers compare by, where messages are not needed."""
    wanted = wanted_bars(setup)
    return [
        *_beside(setup, record, wanted),
        *_measures(setup),
        *[spec for account in setup.accounts for spec in account_specs(setup, account, read, agree)],
        *[_strategy(setup, entry) for entry in setup.strategies],
        *_market(setup, wanted),
    ]


def supervisor_spec(setup: Setup, specs: Sequence[ActorSpec]) -> ActorSpec:
    """The supervisor of all of them."""
    children = [
        ChildSpec(
            address=spec.address,
            kind=spec.kind,
            account=spec.account,
            rank=_RANKS.get(spec.role, 0),
            group=spec.group,
            is_needed=spec.is_needed,
        )
        for spec in specs
    ]
    return ActorSpec(
        address="supervisor",
        role="supervisor",
        kind=ActorKind.ROOT,
        factory=lambda _heritage: Supervisor(children, seed=setup.seed, policy=setup.policy),
    )


def closes_of(wanted: Sequence[BarWanted], alone: Collection[Symbol] = ()) -> list[tuple[Symbol, Period]]:
    """The built bars whose closes the equity curve is made of: the shortest.

    Of symbols that nothing else is kept of (`alone`) the shortest of each, however long.
    """
    built = [each for each in wanted if each.source == "ticks"]
    shortest = min((each.period for each in built), default=None)
    own = {symbol: min((each.period for each in built if each.symbol == symbol), default=None) for symbol in alone}
    return [(each.symbol, each.period) for each in built if each.period == own.get(each.symbol, shortest)]


def _beside(setup: Setup, record: Record, wanted: Sequence[BarWanted]) -> list[ActorSpec]:
    alone = {series.symbol for series in setup.columns if in_chunks(series) and kind_of(series) is TickColumns}
    return [
        ActorSpec(
            address="recorder",
            role="recorder",
            kind=ActorKind.EDGE,
            factory=lambda _heritage: Recorder(record, closes_of=closes_of(wanted, alone)),
        )
    ]


def _measures(setup: Setup) -> list[ActorSpec]:
    """Order flow and spreads: beside the stream, where nothing waits for them."""
    specs = [order_flow_spec(setup)] if wanted_flows(setup) else []
    return [*specs, *[_spread(pair) for pair in setup.spreads]]


def order_flow_spec(setup: Setup, *, waits_for_fresh: bool = False) -> ActorSpec:
    """Who builds the order flow that strategies hear. `waits_for_fresh`: a live one."""
    wanted = wanted_flows(setup)
    return ActorSpec(
        address="order-flow",
        role="order-flow",
        kind=ActorKind.EDGE,
        factory=lambda heritage: OrderFlowBuilder(
            wanted, close_grace_ns=setup.close_grace_ns, waits_for_fresh=waits_for_fresh, heritage=heritage
        ),
    )


def _spread(pair: SpreadPair) -> ActorSpec:
    return ActorSpec(
        address=f"spread-recorder:{pair.name}",
        role="spread-recorder",
        kind=ActorKind.EDGE,
        factory=lambda heritage: SpreadRecorder(pair, heritage=heritage),
    )


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


def bar_builder(
    setup: Setup, wanted: Sequence[BarWanted], heritage: Any = None, make: type[BarBuilder] = BarBuilder
) -> BarBuilder:
    """A builder of these bars by the set-up's policies. `make`: a LiveBarBuilder waits for MarketFresh."""
    return make(
        wanted,
        close_grace_ns=setup.close_grace_ns,
        empty_bars=setup.empty_bars,
        late=setup.late,
        heritage=heritage,
    )


def _market(setup: Setup, wanted: Sequence[BarWanted]) -> list[ActorSpec]:
    specs: list[ActorSpec] = []
    if any(holds_changes(series) for series in setup.columns):
        specs.append(_market_spec("book-keeper", lambda heritage: BookKeeper(heritage=heritage)))
    if setup.tick_symbols:
        specs.append(_market_spec("tick-filter", lambda _heritage: TickFilter(setup.filter_settings)))
    if wanted:
        specs.append(_market_spec("bar-builder", lambda heritage: bar_builder(setup, wanted, heritage)))
    if setup.feed is not None:
        make_feed = setup.feed
        specs.append(_market_spec("feed", lambda _heritage: make_feed()))
    elif setup.columns:
        specs.append(_market_spec("feed", _feed_maker(setup, wanted)))
    return specs


def _feed_maker(setup: Setup, wanted: Sequence[BarWanted]) -> Callable[[Any], Component]:
    # A boundary of any period is one of this, too: a long bar may begin and end within an interval of the shortest.
    block = gcd(*[each.period for each in wanted if each.source == "ticks"]) or None
    return lambda heritage: Feed(
        setup.columns,
        events=setup.events,
        external=setup.external,
        block_period=block,
        in_blocks=not setup.close_grace_ns,
        heritage=heritage,
    )


def _market_spec(role: str, factory: Callable[[Any], Component]) -> ActorSpec:
    return ActorSpec(address=role, role=role, kind=ActorKind.MARKET, factory=factory)
