"""A trading system in one object, for the command line and for host applications alike.

    system = TradingSystem(feed=bars, strategies=[MyStrategy])
    result = system.backtest()                  # on this thread, to the feed's end

    system.start()                              # or: every actor on its own thread
    system.subscribe(Fill, print)
    system.send(tick)
    system.status()
    system.stop()

Nothing is global: several systems in one process do not see each other, and none takes a signal handler.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from actors.agreement import agreement, positions
from actors.columns import Columns, EventColumns
from actors.completion import complete_setup
from actors.component import Component
from actors.event_streams import ExternalColumns
from actors.listener import Listeners
from actors.outcome import first_ts, outcome
from actors.recorder import Record
from actors.restored import Restored
from actors.result import BacktestResult
from actors.risk.limits import ScopedLimits
from actors.risk_guard import RiskLimits
from actors.routes import ROUTES, Route
from actors.runtime.clocks import Clock, FeedClock
from actors.runtime.replay import ReplayRuntime
from actors.runtime.runtime import OUTSIDE, ActorStatus, DeadLetter, MemoryRanOut, Runtime, SupervisorFailed
from actors.runtime.slot import ActorSpec
from actors.runtime.threaded import ThreadedRuntime
from actors.runtime.tracer import Tracer
from actors.setup import Setup, VenueFactory
from actors.simulated_venue import VenueSettings
from actors.sizing.sizing import Sizing
from actors.spread_recorder import SpreadPair
from actors.strategy import Strategy
from actors.strategy_entry import StrategyEntry
from actors.supervisor import RestartPolicy
from actors.tick_filter import FilterSettings
from actors.wiring import actor_specs, supervisor_spec
from messages import Account, ActorAdded, Address, Instrument, Message, Minor, Symbol, UtcNs

_HEARD_FROM_OUTSIDE = frozenset(route.message for route in ROUTES if route.sender == OUTSIDE)


class TradingSystem:
    """A feed, a venue and strategies, wired.

    `feed`: columns of bars, ticks or quotes (one or several, with funding rates, mark prices and
    external events beside them), a
    callable that makes a feed component, or None when the host sends market data itself. `venue`: a callable (account,
    instruments) -> component; without it, and for paper accounts always, each account trades on a simulated venue.
    `strategies`: Strategy classes or StrategyEntry objects. `instruments`: one per symbol; a symbol without one becomes
    a linear contract in USD on the coarsest tick grid that fits its data. `cash`: minor units by settlement currency,
    for each account but those that `account_cash` names, as `sizing` is for all but those of `account_sizing`.
    `empty_bars`, `late` and `close_grace_ns` are the bar builder's policies; without a grace told, bars of columns
    close at their end, and live ones 250 ms later. `spreads` are pairs of symbols that are sampled side by side (said
    as SpreadSample). ValueError says what does not fit together.

    For a real venue (docs/live.md): `live_accounts` trade when it is ready; `routes` lead past a journal and to the
    wire; `beside` gives actors besides, or in the place of those with the same address; `side_symbols` come by feeds
    among those; `tracer` is told everything that was said.
    """

    def __init__(
        self,
        *,
        feed: Columns | Sequence[Columns | EventColumns | ExternalColumns] | Callable[[], Component] | None = None,
        venue: VenueFactory | None = None,
        strategies: Iterable[type[Strategy] | StrategyEntry],
        instruments: Iterable[Instrument] = (),
        cash: Mapping[str, Minor] | None = None,
        seed: int = 1,
        risk: RiskLimits | None = None,
        scoped_limits: Iterable[ScopedLimits] = (),
        fill: str = "next-open",
        limit_fill: str = "through",
        slippage_ticks: int = 0,
        slippage_spread: float = 0.0,
        half_spread_ticks: int = 0,
        volume_cap: float | None = None,
        sizing: Sizing | None = None,
        account_sizing: Mapping[Account, Sizing] | None = None,
        account_cash: Mapping[Account, Mapping[str, Minor]] | None = None,
        funding_words: Mapping[Symbol, str] | None = None,
        symbol_multiplier: Mapping[Symbol, float] | None = None,
        filter_settings: FilterSettings | None = None,
        empty_bars: str = "none",
        late: str = "quarantine",
        close_grace_ns: int | None = None,
        live_marks: bool = False,
        restarts: RestartPolicy | None = None,
        run_id: str | None = None,
        handler_seconds: float = 30.0,
        schedule_seed: int | None = None,
        notes: Sequence[str] = (),
        live_accounts: Iterable[Account] = (),
        netting_window_ns: int = 0,
        spreads: Iterable[SpreadPair] = (),
        side_symbols: Iterable[Symbol] = (),
        routes: Iterable[Route] = ROUTES,
        beside: Callable[[Setup], Iterable[ActorSpec]] | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        venue_settings = VenueSettings(
            fill=fill, limit_fill=limit_fill, slippage_ticks=slippage_ticks, slippage_spread=slippage_spread,
            half_spread_ticks=half_spread_ticks, volume_cap=volume_cap,
        )  # fmt: skip
        self.setup = complete_setup(
            feed=feed, venue=venue, strategies=strategies, instruments=instruments, seed=seed, run_id=run_id,
            cash=cash or {}, account_cash=account_cash or {},
            risk=risk or RiskLimits(), scoped_limits=tuple(scoped_limits), venue_settings=venue_settings,
            sizing=sizing or Sizing(), account_sizing=dict(account_sizing or {}),
            funding_words=dict(funding_words or {}), symbol_multiplier=dict(symbol_multiplier or {}),
            filter_settings=filter_settings, live_marks=live_marks,
            empty_bars=empty_bars, late=late, close_grace_ns=close_grace_ns,
            policy=restarts or RestartPolicy(), live_accounts=frozenset(live_accounts),
            netting_window_ns=netting_window_ns, spreads=tuple(spreads), side_symbols=frozenset(side_symbols),
        )  # fmt: skip
        self._routes = tuple(routes)
        self._beside = beside
        self._restored: Restored | None = None
        self._tracer = tracer
        self.record = Record()
        self._notes = tuple(notes)
        self._handler_seconds = handler_seconds
        self._schedule_seed = schedule_seed
        self._listeners = Listeners()
        self._runtime: Runtime | None = None
        self._progress: Callable[[UtcNs], None] | None = None

    # A backtest.

    def backtest(self, *, progress: Callable[[UtcNs], None] | None = None) -> BacktestResult:
        """Run the feed to its end on this thread, deterministically; returns what came of it.

        Callable once per system. HandlerTimedOut when a handler takes longer than `handler_seconds`, naming actor and
        message; SupervisorFailed when the supervisor itself raised; MemoryRanOut when who keeps money has none left.
        """
        runtime = self.make_replay()
        runtime.run(progress=progress)
        return self.result()

    def make_replay(self, *, start_at: UtcNs | None = None) -> ReplayRuntime:
        """The replay runtime with every actor in it, not yet started: for tools that drive it themselves.

        `start_at`: what its clock shows at first; without it, the beginning of the columns.
        """
        runtime = ReplayRuntime(
            start_at=first_ts(self.setup.columns) or 0 if start_at is None else start_at,
            schedule_seed=self._schedule_seed,
            handler_seconds=self._handler_seconds,
            routes=self._routes,
        )
        self.inhabit(runtime)
        return runtime

    def request_stop(self, reason: str) -> None:
        """Ask a running backtest to stop in order before the next event; safe in a signal handler."""
        if isinstance(self._runtime, ReplayRuntime):
            self._runtime.request_stop(reason)

    # Live, on threads.

    def start(self, *, clock: Clock | None = None, speed: float | None = None, timeout: float = 30.0) -> None:
        """Start every actor on its own thread, and let the feed play.

        Recorded columns bring their own clock and are played as fast as they are heard, or `speed` times as fast as
        they happened; without columns the wall clock counts. RuntimeError when not all actors are up in `timeout` s.
        """
        if clock is None and self.setup.columns:
            clock = FeedClock(first_ts(self.setup.columns) or 0)
        runtime = ThreadedRuntime(
            clock=clock, handler_seconds=self._handler_seconds, speed=speed, routes=self._routes, tracer=self._tracer
        )
        self.inhabit(runtime)
        runtime.start(timeout)

    def send(self, message: Message) -> None:
        """Say something from outside: market data and external events take the feed's routes, HaltTrading halts.

        ValueError for a class that nobody hears from outside: it would be lost without a word.
        """
        if type(message) not in _HEARD_FROM_OUTSIDE and not self._listeners.hear(type(message)):
            raise ValueError(f"nobody hears {type(message).__name__} from outside; `tell` reaches an actor by address")
        self._threads().send(message)

    def tell(self, address: Address, message: Message) -> None:
        """Send one message to one actor; KeyError when there is no such address."""
        self._running().tell(address, message)

    def subscribe(self, message_class: type[Message], callback: Callable[[Any], object]) -> None:
        """Call back with every message of a class, whoever says it, before or after the start.

        The callback runs in an actor of its own: it may be slow or raise without harm to anybody else. TypeError for
        what is no message class.
        """
        spec = self._listeners.add(message_class, callback)
        if isinstance(self._runtime, ThreadedRuntime):
            self._runtime.add(spec)
            self._runtime.send(ActorAdded(spec.address))

    def status(self) -> tuple[ActorStatus, ...]:
        """Every actor as it is now; empty before the start."""
        return () if self._runtime is None else self._runtime.status()

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The last messages that could not be delivered."""
        return () if self._runtime is None else tuple(self._runtime.dead_letters)

    def voice(self, address: Address) -> Callable[[Message], None]:
        """What a thread of an actor's own (a socket's reader) speaks with, in the name of its present incarnation."""
        return self._running().voice(address)

    def check(self) -> None:
        """SupervisorFailed when nobody supervises any more, MemoryRanOut: whoever owns the system ends it then."""
        threads = self._threads()
        failure = threads.failure
        if failure is not None:
            raise SupervisorFailed(f"{failure.error}\n{failure.trace}")
        if threads.out_of_memory is not None:
            raise MemoryRanOut(*threads.out_of_memory)

    @property
    def gate_is_open(self) -> bool:
        """Whether orders may leave: read last before every send."""
        return self._runtime is not None and self._runtime.gate_open

    def restore(self, restored: Restored) -> None:
        """Begin with what an earlier life of the run left. RuntimeError once the system has started."""
        if self._runtime is not None:
            raise RuntimeError("an earlier life is restored before the start, or not at all")
        self._restored = restored

    def note(self, *notes: str) -> None:
        """Add to what the result says besides its figures."""
        self._notes = (*self._notes, *notes)

    def close_gate(self) -> None:
        """From now on no order is delivered to a venue any more, whatever waits in which mailbox. For good."""
        self._running().gate_open = False

    def wait_until_idle(self, timeout: float = 30.0) -> bool:
        """Wait until a played feed has ended and nothing is on its way: False when that takes longer."""
        return self._threads().wait_until_idle(timeout)

    def stop(self, timeout: float = 10.0) -> tuple[Address, ...]:
        """Stop every actor in order; returns the addresses that had to be abandoned because they hung."""
        runtime = self._runtime
        return runtime.stop(timeout) if isinstance(runtime, ThreadedRuntime) else ()

    # What came of it.

    def result(self) -> BacktestResult:
        """Everything decided and done so far, accounted for."""
        slots = self._runtime.slots.values() if self._runtime is not None else ()
        return outcome(self.setup, self.record, slots=slots, until=self._played_until(), notes=self._notes)

    # Inside.

    def inhabit(self, runtime: Runtime) -> None:
        """Put every actor into a runtime that whoever calls this made and drives. RuntimeError the second time."""
        if self._runtime is not None:
            raise RuntimeError("a TradingSystem runs once: make another one for another run")
        self._runtime = runtime
        if runtime.knows_instants:
            specs = actor_specs(self.setup, self.record, partial(positions, runtime), agreement(runtime))
        else:
            specs = actor_specs(self.setup, self.record)
        if self._beside is not None:
            besides = {spec.address: spec for spec in self._beside(self.setup)}
            specs = [besides.pop(spec.address, spec) for spec in specs] + list(besides.values())
        specs = [*specs[:1], *self._listeners.specs, *specs[1:]]
        runtime.add(supervisor_spec(self.setup, specs))
        for spec in specs:
            runtime.add(spec)
        if self._restored is not None:
            runtime.restore(self._restored)

    def _running(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("the system has not been started")
        return self._runtime

    def _threads(self) -> ThreadedRuntime:
        runtime = self._running()
        if not isinstance(runtime, ThreadedRuntime):
            raise TypeError("a backtest takes nothing from outside while it runs")
        return runtime

    def _played_until(self) -> UtcNs | None:
        """Where a run was stopped before its feed had ended: nothing later was heard, and nothing later may count."""
        runtime = self._runtime
        return None if runtime is None or runtime.feed_over or not self.setup.columns else runtime.now()
