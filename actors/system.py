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

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np

from actors import accounting
from actors.columns import BarColumns, Columns, QuoteColumns, TickColumns
from actors.component import Component
from actors.executor import Executor
from actors.listener import Listener
from actors.money.grid import infer_tick_size
from actors.portfolio import Portfolio
from actors.recorder import Record
from actors.result import BacktestResult, Conventions
from actors.risk_guard import RiskGuard, RiskLimits
from actors.runtime.clocks import Clock, FeedClock
from actors.runtime.replay import ReplayRuntime
from actors.runtime.runtime import ActorStatus, DeadLetter, Runtime
from actors.runtime.slot import ActorKind, ActorSpec, Slot, State
from actors.runtime.threaded import ThreadedRuntime
from actors.simulated_venue import VenueSettings
from actors.strategy import Strategy, StrategyEntry
from actors.supervisor import RestartPolicy
from actors.tick_filter import FilterSettings
from actors.wiring import Setup, VenueFactory, actor_specs, run6_of, supervisor_spec, wanted_bars
from messages import (
    Account,
    ActorAdded,
    Address,
    Instrument,
    Kind,
    Message,
    Minor,
    ReportPositions,
    Symbol,
    TradingState,
    UtcNs,
    parse_period,
)

DEFAULT_CASH = 10_000_000
"""In whole units of each settlement currency that no starting cash was given for."""
_CALLBACK_NEEDS = {"on_tick": TickColumns, "on_quote": QuoteColumns}


class TradingSystem:
    """A feed, a venue and strategies, wired.

    `feed`: columns of bars, ticks or quotes (one or several), a callable that makes a feed component, or None when the
    host sends market data itself. `venue`: a callable (account, instruments) -> component; without it each account
    trades on a simulated venue. `strategies`: Strategy classes or StrategyEntry objects. `instruments`: one per symbol;
    a symbol without one becomes a linear contract in USD on the coarsest tick grid that fits its data. `cash`: minor
    units by settlement currency, for each account. ValueError says what does not fit together.
    """

    def __init__(
        self,
        *,
        feed: Columns | Sequence[Columns] | Callable[[], Component] | None = None,
        venue: VenueFactory | None = None,
        strategies: Iterable[type[Strategy] | StrategyEntry],
        instruments: Iterable[Instrument] = (),
        cash: Mapping[str, Minor] | None = None,
        seed: int = 1,
        risk: RiskLimits | None = None,
        fill: str = "next-open",
        limit_fill: str = "through",
        slippage_ticks: int = 0,
        symbol_multiplier: Mapping[Symbol, float] | None = None,
        filter_settings: FilterSettings | None = None,
        empty_bars: str = "none",
        live_marks: bool = False,
        restarts: RestartPolicy | None = None,
        run_id: str | None = None,
        handler_seconds: float = 30.0,
        schedule_seed: int | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        columns, make_feed = _feed(feed)
        known = {instrument.symbol: instrument for instrument in instruments}
        for series in columns:
            known.setdefault(series.symbol, _default_instrument(series))
        entries = _entries(strategies, columns, known)
        cash = dict(cash or {})
        for instrument in known.values():
            cash.setdefault(instrument.currency, DEFAULT_CASH * 10**instrument.minor_digits)
        parts = (
            seed,
            fill,
            limit_fill,
            slippage_ticks,
            sorted(cash.items()),
            _described(entries),
            sorted(known.items()),
        )
        self.setup = Setup(
            columns=columns,
            feed=make_feed,
            venue=venue,
            instruments=known,
            strategies=entries,
            cash=cash,
            seed=seed,
            run6=run_id or run6_of(columns, *parts),
            risk=risk or RiskLimits(),
            venue_settings=VenueSettings(fill=fill, slippage_ticks=slippage_ticks, limit_fill=limit_fill),
            symbol_multiplier=dict(symbol_multiplier or {}),
            filter_settings=filter_settings,
            live_marks=live_marks,
            empty_bars=empty_bars,
            policy=restarts or RestartPolicy(),
        )
        wanted_bars(self.setup)
        self.record = Record()
        self._notes = tuple(notes)
        self._handler_seconds = handler_seconds
        self._schedule_seed = schedule_seed
        self._listeners: list[tuple[type[Message], Callable[[Any], object]]] = []
        self._runtime: Runtime | None = None
        self._progress: Callable[[UtcNs], None] | None = None

    # A backtest.

    def backtest(self, *, progress: Callable[[UtcNs], None] | None = None) -> BacktestResult:
        """Run the feed to its end on this thread, deterministically; returns what came of it.

        Callable once per system. HandlerTimedOut when a handler takes longer than `handler_seconds`, naming actor and
        message; SupervisorFailed when the supervisor itself raised.
        """
        runtime = self.make_replay()
        runtime.run(progress=progress)
        return self.result()

    def make_replay(self) -> ReplayRuntime:
        """The replay runtime with every actor in it, not yet started: for tools that drive it themselves."""
        runtime = ReplayRuntime(
            start_at=self._first_ts() or 0, schedule_seed=self._schedule_seed, handler_seconds=self._handler_seconds
        )
        self._inhabit(runtime)
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
            clock = FeedClock(self._first_ts() or 0)
        runtime = ThreadedRuntime(clock=clock, handler_seconds=self._handler_seconds, speed=speed)
        self._inhabit(runtime)
        runtime.start(timeout)

    def send(self, message: Message) -> None:
        """Say something from outside: market data and external events take the feed's routes, HaltTrading halts."""
        self._threads().send(message)

    def tell(self, address: Address, message: Message) -> None:
        """Send one message to one actor; KeyError when there is no such address."""
        self._running().tell(address, message)

    def subscribe(self, message_class: type[Message], callback: Callable[[Any], object]) -> None:
        """Call back with every message of a class, whoever says it, before or after the start.

        The callback runs in an actor of its own: it may be slow or raise without harm to anybody else.
        """
        self._listeners.append((message_class, callback))
        if isinstance(self._runtime, ThreadedRuntime):
            spec = self._listener_spec(len(self._listeners) - 1)
            self._runtime.add(spec)
            self._runtime.send(ActorAdded(spec.address))

    def status(self) -> tuple[ActorStatus, ...]:
        """Every actor as it is now; empty before the start."""
        return () if self._runtime is None else self._runtime.status()

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The last messages that could not be delivered."""
        return () if self._runtime is None else tuple(self._runtime.dead_letters)

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
        setup, record = self.setup, self.record
        books = accounting.Books(record.fills)
        until = self._played_until()
        closes = accounting.closes_of(setup.columns, record, until)
        currencies = sorted({instrument.currency for instrument in setup.instruments.values()})
        curves = accounting.curves(
            books,
            accounts=dict.fromkeys(setup.accounts, setup.cash),
            instruments=setup.instruments,
            closes=closes,
            samples={
                currency: accounting.sample_times(setup.columns, record, self._symbols_in(currency), until, closes)
                for currency in currencies
            },
        )
        halted = [state for state in record.states if state.state is not TradingState.ACTIVE]
        last_state = {state.account: state for state in record.states}
        over = next((s.reason for s in last_state.values() if s.state is not TradingState.ACTIVE), None)
        slots = self._runtime.slots.values() if self._runtime is not None else ()
        return BacktestResult(
            bars=sum(_played(series, until) for series in setup.columns if isinstance(series, BarColumns)),
            ticks=sum(_played(series, until) for series in setup.columns if isinstance(series, TickColumns)),
            first_ts=self._first_ts(),
            last_ts=self._last_ts() if until is None else until,
            instruments=setup.instruments,
            signals=tuple(record.signals),
            orders=accounting.order_rows(record),
            fills=tuple(books.rows),
            ledger=tuple(books.entries),
            curves=curves,
            summaries=accounting.summaries(books, curves),
            strategies=accounting.strategy_rows(books, instruments=setup.instruments, closes=closes),
            marks=tuple(record.annotations),
            conventions=self._conventions(),
            refusals=accounting.refusals(record),
            restarts={slot.address: slot.restarts for slot in slots if slot.restarts},
            quarantined=dict(record.quarantined),
            failures=tuple(record.failures),
            bad_items=tuple(record.bad_items),
            bad_item_counts=dict(sorted(record.bad_item_counts.items())),
            daily_loss_trips=sum(state.reason.startswith("daily loss") for state in halted),
            halted=over,
            unused_callbacks=self._unused_callbacks(),
        )

    # Inside.

    def _inhabit(self, runtime: Runtime) -> None:
        if self._runtime is not None:
            raise RuntimeError("a TradingSystem runs once: make another one for another run")
        self._runtime = runtime
        if isinstance(runtime, ReplayRuntime):
            specs = actor_specs(self.setup, self.record, partial(_positions, runtime), _agreement(runtime))
        else:
            specs = actor_specs(self.setup, self.record)
        specs = [*specs[:1], *(self._listener_spec(number) for number in range(len(self._listeners))), *specs[1:]]
        runtime.add(supervisor_spec(self.setup, specs))
        for spec in specs:
            runtime.add(spec)

    def _listener_spec(self, number: int) -> ActorSpec:
        message_class, callback = self._listeners[number]
        return ActorSpec(
            address=f"listener:{number + 1}",
            role="listener",
            kind=ActorKind.EDGE,
            factory=lambda _heritage: Listener(message_class, callback),
        )

    def _running(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("the system has not been started")
        return self._runtime

    def _threads(self) -> ThreadedRuntime:
        runtime = self._running()
        if not isinstance(runtime, ThreadedRuntime):
            raise TypeError("a backtest takes nothing from outside while it runs")
        return runtime

    def _first_ts(self) -> UtcNs | None:
        firsts = [int(_clock_column(series, "open_ts")[0]) for series in self.setup.columns if len(series)]
        return min(firsts, default=None)

    def _last_ts(self) -> UtcNs | None:
        return max(
            (int(_clock_column(series, "close_ts")[-1]) for series in self.setup.columns if len(series)), default=None
        )

    def _played_until(self) -> UtcNs | None:
        """Where a run was stopped before its feed had ended: nothing later was heard, and nothing later may count."""
        runtime = self._runtime
        return None if runtime is None or runtime.feed_over or not self.setup.columns else runtime.now()

    def _symbols_in(self, currency: str) -> list[Symbol]:
        return [symbol for symbol, instrument in self.setup.instruments.items() if instrument.currency == currency]

    def _conventions(self) -> Conventions:
        setup = self.setup
        settings = setup.venue_settings
        return Conventions(
            fill=settings.fill,
            limit_fill=settings.limit_fill,
            slippage_ticks=settings.slippage_ticks,
            value_rounding={symbol: each.value_rounding.value for symbol, each in sorted(setup.instruments.items())},
            funding="none",
            ambiguous_fills=sum(fill.ambiguous for fill in self.record.fills),
            notes=self._notes,
        )

    def _unused_callbacks(self) -> dict[str, tuple[str, ...]]:
        there = {type(series) for series in self.setup.columns}
        if not there:
            return {}
        unused = {}
        for entry in self.setup.strategies:
            names = [
                name for name, needs in _CALLBACK_NEEDS.items() if name in entry.strategy.hears() and needs not in there
            ]
            names += [name for name in ("on_book", "on_event") if name in entry.strategy.hears()]
            if names:
                unused[entry.id] = tuple(names)
        return unused


def _positions(runtime: Runtime, asked: ReportPositions) -> Iterator[Message]:
    """What portfolio, executor and guard of an account answer now; safe on one thread only."""
    for role in ("portfolio", "executor", "risk-guard"):
        slot = runtime.slots[f"{role}@{asked.account}"]
        report = getattr(slot.component, "on_report_positions", None)
        if slot.state is State.UP and report is not None:
            yield from report(asked)


def _agreement(runtime: Runtime) -> Callable[[Account, Symbol], bool]:
    """Whether portfolio, executor and guard of an account certainly hold the same of a symbol now; see `_positions`."""
    slots_of: dict[Account, tuple[Slot, Slot, Slot]] = {}

    def agree(account: Account, symbol: Symbol) -> bool:
        slots = slots_of.get(account)
        if slots is None:
            of = runtime.slots
            slots = of[f"portfolio@{account}"], of[f"executor@{account}"], of[f"risk-guard@{account}"]
            slots_of[account] = slots
        # The components are asked for each time: a restart changes them.
        portfolio, executor, guard = slots[0].component, slots[1].component, slots[2].component
        up = slots[0].state is State.UP and slots[1].state is State.UP and slots[2].state is State.UP
        if not (
            up and isinstance(portfolio, Portfolio) and isinstance(executor, Executor) and isinstance(guard, RiskGuard)
        ):
            return False
        books, held = portfolio.books_in(symbol), executor.lots_in(symbol)
        net = 0
        for book in books:
            if book.lots != held.get(book.strategy, 0):
                return False
            net += book.lots
        return len(books) == len(held) and net == guard.lots_in(symbol)

    return agree


def _feed(feed: Any) -> tuple[tuple[Columns, ...], Callable[[], Component] | None]:
    if feed is None:
        return (), None
    if isinstance(feed, BarColumns | TickColumns | QuoteColumns):
        return (feed,), None
    if (
        isinstance(feed, Sequence)
        and feed
        and all(isinstance(c, BarColumns | TickColumns | QuoteColumns) for c in feed)
    ):
        return tuple(feed), None
    if callable(feed):
        return (), feed
    raise ValueError(
        f"feed must be columns, a sequence of columns, a callable that makes a component, or None: not {feed!r}"
    )


def _played(series: Columns, until: UtcNs | None) -> int:
    times = _clock_column(series, "close_ts")
    return len(series) if until is None else int(np.searchsorted(times, until, side="right"))


def _clock_column(series: Columns, name: str) -> Any:
    return getattr(series, name) if isinstance(series, BarColumns) else series.received


def _default_instrument(series: Columns) -> Instrument:
    prices = (
        series.close
        if isinstance(series, BarColumns)
        else series.price
        if isinstance(series, TickColumns)
        else series.bid
    )
    tick_size = infer_tick_size(prices) if len(prices) else Decimal("0.01")
    return Instrument(symbol=series.symbol, kind=Kind.LINEAR, tick_size=tick_size, currency="USD")


def _entries(
    strategies: Iterable[type[Strategy] | StrategyEntry], columns: Sequence[Columns], known: Mapping[Symbol, Instrument]
) -> tuple[StrategyEntry, ...]:
    periods = [series.period for series in columns if isinstance(series, BarColumns)]
    symbols = tuple(dict.fromkeys(series.symbol for series in columns)) or tuple(known)
    entries: list[StrategyEntry] = []
    for strategy in strategies:
        if isinstance(strategy, StrategyEntry):
            entries.append(strategy)
            continue
        if not symbols:
            raise ValueError(
                "a Strategy class alone does not say its symbols: give columns, instruments or a StrategyEntry"
            )
        period = min(periods, default=parse_period("1m"))
        taken = {entry.id for entry in entries}
        entries.append(StrategyEntry(id=_id_of(strategy, taken), strategy=strategy, symbols=symbols, period=period))
    twice = [entry.id for number, entry in enumerate(entries) if entry.id in {e.id for e in entries[:number]}]
    if twice:
        raise ValueError(f"strategy ids must be unique: {', '.join(twice)}")
    for entry in entries:
        unknown = [symbol for symbol in entry.symbols if symbol not in known]
        if unknown:
            raise ValueError(
                f"strategy {entry.id} trades {', '.join(unknown)}, of which there is no instrument: {', '.join(known)}"
            )
    return tuple(entries)


def _id_of(strategy: type[Strategy], taken: set[str]) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", strategy.__name__).lower()
    stem = re.sub(r"[^a-z0-9-]", "-", words).strip("-")[:16] or "strategy"
    name, number = stem, 2
    while name in taken:
        suffix = f"-{number}"
        name, number = stem[: 16 - len(suffix)] + suffix, number + 1
    return name


def _described(entries: Sequence[StrategyEntry]) -> list[tuple[Any, ...]]:
    return [
        (
            e.id,
            e.strategy.__name__,
            e.symbols,
            e.period,
            tuple(sorted(e.params)),
            e.weight,
            e.lots,
            e.account,
            e.algorithm,
        )
        for e in entries
    ]
