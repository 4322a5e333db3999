"""The wiring of a live run: which actors there are besides those of a backtest, and what each is given.

market   line:market (a socket), rest:market (a worker for questions), feed
feeds    of markets that are heard and not traded, each with all of these of its own (`feeds`)
account  line@main, rest:orders@main, rest:cancels@main, rest:queries@main, venue@main (the gateway), reconciler@main
beside   journal (in the order path), trace, view, auditor, market-recorder, events:<source> (a file, an endpoint, an
         address)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, Final

from actors.auditing.house import Waiting
from actors.auditing.wiring import auditor_spec
from actors.bars.wanted import BarSoFar
from actors.component import Component
from actors.live_bars import LiveBarBuilder
from actors.live_routes import LIVE_ROUTES
from actors.reconciler import Reconciler
from actors.runtime.slot import ActorKind, ActorSpec
from actors.runtime.tracer import Tracers
from actors.setup import Setup, wanted_bars, wanted_flows
from actors.system import TradingSystem
from actors.wiring import bar_builder, order_flow_spec
from adapters.accounts import sizings_of
from adapters.bitmex.audited import read_answer, read_sent
from adapters.bitmex.courier import Workers
from adapters.bitmex.credentials import Keys
from adapters.bitmex.dead_mans_switch import HeartbeatRules
from adapters.bitmex.earlier_lives import EarlierLives
from adapters.bitmex.gateway import BitmexGateway
from adapters.bitmex.line import Line
from adapters.bitmex.live_feed import BitmexFeed
from adapters.events.live import source_specs
from adapters.journal import journal_spec, trace_spec
from adapters.limits import risk_limits, scoped_limits
from adapters.live.feeds import feed_parts, feed_specs
from adapters.live.run import LiveRun
from adapters.live.settings import LiveSettings
from adapters.live.state import watcher_spec
from adapters.recording import recorder_spec
from messages import NS_PER_MILLISECOND, Account, Address, Instrument, Minor, Symbol, VenueReady

_MARKET_LINE: Final[Address] = "line:market"
_MARKET_REST: Final[Address] = "rest:market"


def make_system(run: LiveRun) -> TradingSystem:
    """The system of a life, not yet started, nothing restored. ValueError when its parts do not fit together."""
    system: TradingSystem = system_of(
        run.settings,
        run.venue.contracts,
        cash=run.cash,
        account_cash=run.account_cash,
        run6=run.run6,
        is_paper=run.venue.is_paper,
        beside=lambda setup: _besides(system, run, setup),
        tracer=Tracers([run.trace, run.halts, *([] if run.recording is None else [run.recording.tap])]),
    )
    system.subscribe(VenueReady, run.pauses.heard)
    return system


def system_of(
    settings: LiveSettings,
    contracts: Mapping[Symbol, Instrument],
    *,
    cash: Mapping[str, Minor],
    account_cash: Mapping[Account, Mapping[str, Minor]],
    run6: str,
    is_paper: bool,
    **wires: Any,
) -> TradingSystem:
    """What decides in a live run, by itself; `wires` are `beside`, `tracer`, and `routes` where they are others."""
    configuration = settings.configuration
    sizing, account_sizing = sizings_of(configuration)
    return TradingSystem(
        feed=_no_feed,
        instruments=contracts.values(),
        strategies=settings.entries,
        cash=cash,
        account_cash=account_cash,
        sizing=sizing,
        account_sizing=account_sizing,
        seed=configuration.backtest.seed,
        risk=risk_limits(configuration.risk),
        scoped_limits=scoped_limits(configuration.risk),
        symbol_multiplier=configuration.portfolio.symbol_multiplier,
        slippage_ticks=configuration.backtest.slippage_ticks,
        slippage_spread=configuration.backtest.slippage_spread or 0.0,
        half_spread_ticks=configuration.backtest.half_spread_ticks or 0,
        volume_cap=configuration.backtest.volume_cap,
        handler_seconds=configuration.backtest.handler_seconds,
        live_marks=True,
        live_accounts=() if is_paper else (settings.live.account,),
        netting_window_ns=settings.live.netting_window_ms * NS_PER_MILLISECOND,
        run_id=run6,
        spreads=settings.spreads,
        side_symbols=settings.side_symbols,
        **{"routes": LIVE_ROUTES, **wires},
    )


def _no_feed() -> Component:
    raise AssertionError("the feed of a live run stands beside the others")


def _besides(system: TradingSystem, run: LiveRun, setup: Setup) -> Iterable[ActorSpec]:
    yield from _market(system, run, setup)
    if wanted_flows(setup):
        yield order_flow_spec(setup, waits_for_fresh=True)
    for section in run.settings.configuration.feeds:
        seed = f"feed {run.seed} {run.life}"
        parts = feed_parts(section, setup, voice=system.voice, clock=run.clock.now, seed=seed)
        yield from feed_specs(parts, setup)
    for account in setup.accounts:
        if account in setup.live_accounts:
            yield from _account(system, run, setup, account)
    yield journal_spec(run.folder, life=run.life, full_sync=run.settings.live.sync == "full", opened=run.wires.file)
    yield trace_spec(run.trace)
    yield watcher_spec(run.state)
    yield _auditor(system, run, setup)
    yield from source_specs(
        run.settings.configuration.events,
        run.source_keys,
        voice=system.voice,
        clock=run.clock.now,
        seed=f"{run.seed} {run.life}",
    )
    if run.recording is not None:
        told = run.settings.recording
        yield recorder_spec(run.recording, batch_ns=told.batch_ms * NS_PER_MILLISECOND, halts=told.on_failure == "halt")


def _market(system: TradingSystem, run: LiveRun, setup: Setup) -> Iterable[ActorSpec]:
    environment = run.venue.environment

    def feed(heritage: Any) -> Component:
        return BitmexFeed(
            line=_MARKET_LINE,
            worker=_MARKET_REST,
            symbols=(*setup.instruments, *sorted(setup.only_heard - setup.side_symbols)),
            random=Random(f"feed {run.seed} {run.life}"),  # noqa: S311 it spreads retries, and keeps no secret
            books=_books(run),
            liquidations=tuple(setup.instruments) if _keeps(run, "liquidations") else _hearing(run, "on_liquidation"),
            changes=(run.settings.recording.l2 or ()) if _keeps(run, "l2") else (),
            last_trades={} if run.history is None else run.history.last_trades,
            heritage=heritage,
        )

    yield ActorSpec(
        address=_MARKET_LINE,
        role="line",
        kind=ActorKind.MARKET,
        factory=lambda _heritage: _line(system, run, _MARKET_LINE, "feed"),
    )
    yield ActorSpec(
        address=_MARKET_REST,
        role="rest",
        kind=ActorKind.MARKET,
        factory=lambda _heritage: run.wires.worker(
            _MARKET_REST, environment.rest, system.voice(_MARKET_REST), clock=run.clock.now
        ),
    )
    yield ActorSpec(address="feed", role="feed", kind=ActorKind.MARKET, factory=feed)
    yield bar_builder_spec(setup, () if run.history is None else run.history.so_far)


def bar_builder_spec(setup: Setup, so_far: Sequence[BarSoFar]) -> ActorSpec:
    """A builder that goes on from the bars that are open: those of the history, or of its predecessor."""

    def factory(heritage: Any) -> Component:
        builder = bar_builder(setup, wanted_bars(setup), heritage, LiveBarBuilder)
        if heritage is None:
            builder.take_up(so_far)
        return builder

    return ActorSpec(address="bar-builder", role="bar-builder", kind=ActorKind.MARKET, factory=factory)


def _keeps(run: LiveRun, kind: str) -> bool:
    kinds = run.settings.recording.kinds
    return run.recording is not None and (kinds is None or kind in kinds)


def _books(run: LiveRun) -> tuple[str, ...]:
    told = run.settings.live.books
    return _hearing(run, "on_book") if told is None else told


def _hearing(run: LiveRun, callback: str) -> tuple[str, ...]:
    """Symbols of the traded venue that a strategy with this callback hears."""
    hearing = [entry for entry in run.settings.entries if callback in entry.strategy.hears()]
    beside = run.settings.side_symbols
    return tuple(dict.fromkeys(each for entry in hearing for each in entry.heard_symbols if each not in beside))


def _account(system: TradingSystem, run: LiveRun, setup: Setup, account: Account) -> Iterable[ActorSpec]:
    """A socket and three workers with the keys, the gateway that has none, and who compares."""
    environment, keys = run.venue.environment, run.venue.keys
    positions = {} if run.recovery is None else run.recovery.accounts[account].positions
    line = f"line@{account}"
    workers = Workers(
        orders=f"rest:orders@{account}", cancels=f"rest:cancels@{account}", queries=f"rest:queries@{account}"
    )

    def gate() -> bool:
        return system.gate_is_open and run.halts.may_open(account) and run.pauses.may_open()

    def gateway(heritage: Any) -> Component:
        return BitmexGateway(
            account=account,
            address=f"venue@{account}",
            line=line,
            workers=workers,
            instruments=setup.instruments,
            run6=run.run6,
            random=Random(f"gateway {run.seed} {run.life}"),  # noqa: S311 as above
            heartbeat=_heartbeats(run),
            leave_orders=run.settings.live.on_stop == "leave",
            heritage=heritage,
            earlier=_earlier(run, account),
        )

    def spec(address: Address, role: str, factory: Callable[[Any], Component]) -> ActorSpec:
        return ActorSpec(address=address, role=role, kind=ActorKind.VENUE, factory=factory, account=account)

    yield spec(
        line,
        "line",
        lambda _: _line(system, run, line, f"venue@{account}", keys),
    )

    def worker(address: Address, heritage: Any) -> Component:
        return run.wires.worker(
            address, environment.rest, system.voice(address),
            clock=run.clock.now, keys=keys, gate=gate, heritage=heritage,
        )  # fmt: skip

    for address in (workers.orders, workers.cancels, workers.queries):
        yield spec(address, "rest", partial(worker, address))
    yield spec(f"venue@{account}", "venue", gateway)
    yield spec(
        f"reconciler@{account}",
        "reconciler",
        lambda heritage: Reconciler(account, setup.instruments, positions, heritage=heritage),
    )


def _auditor(system: TradingSystem, run: LiveRun, setup: Setup) -> ActorSpec:
    """Who looks at all of it, requests as they leave included."""
    recovery = run.recovery
    accounts = {} if recovery is None else recovery.accounts
    executors = {} if recovery is None else recovery.restored.heritage
    return auditor_spec(
        setup,
        positions={account: known.positions for account, known in accounts.items()},
        orders_before={
            account: left.intents for account in accounts if (left := executors.get(f"executor@{account}")) is not None
        },
        read_sent=read_sent,
        read_answer=read_answer,
        look=lambda: [Waiting(each.address, each.waiting, each.cap) for each in system.status()],
    )


def _line(system: TradingSystem, run: LiveRun, address: Address, user: Address, keys: Keys | None = None) -> Line:
    """A socket at the venue, which is given up when this process stood still."""
    url = run.venue.environment.socket
    line = run.wires.line(address, user, url, system.voice(address), clock=run.clock.now, keys=keys)
    run.pauses.cuts(address, line.cut)
    return line


def _heartbeats(run: LiveRun) -> HeartbeatRules:
    """As often as who waits for them needs it: the venue's switch, or a watchdog."""
    switch_ms = run.settings.live.dead_mans_switch_s * 1_000
    if run.watchdog is None:
        return HeartbeatRules(switch_ms=switch_ms)
    return HeartbeatRules(switch_ms=switch_ms, every=run.watchdog.heartbeat_every)


def _earlier(run: LiveRun, account: Account) -> EarlierLives:
    if run.recovery is None:
        return EarlierLives(executions_since=run.started)
    known = run.recovery.accounts[account]
    return EarlierLives(
        approved=known.approved,
        over=known.over,
        filled=known.filled,
        held=known.held,
        known_executions=known.known_executions,
        known_funding=known.known_funding,
        executions_since=known.executions_since,
    )
