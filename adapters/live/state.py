"""A live run as it is heard: messages are folded into what the screen shows. It decides nothing, and nobody asks it.

One listener actor feeds it; whoever draws takes a snapshot, from another thread.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from actors.component import Answers, Component, handler_name
from actors.execution.once import Once
from actors.runtime.router import LISTENER
from actors.runtime.slot import ActorKind, ActorSpec
from adapters.live.folds.account import Accounts
from adapters.live.folds.actors import Actors
from adapters.live.folds.invariants import Invariants
from adapters.live.folds.market import Markets
from adapters.live.folds.money import Money
from adapters.live.folds.orders import Orders
from adapters.live.folds.recording import Recorded
from adapters.live.folds.sources import Sources
from adapters.live.folds.watched import Watched
from adapters.live.news import NewsPaper
from adapters.live.snapshot import Counts, Snapshot
from messages import (
    ALL_MESSAGES,
    Account,
    ActorFailed,
    ActorHung,
    ActorLagging,
    ActorQuarantined,
    ActorStarted,
    ApprovedOrder,
    Bar,
    ExternalEvent,
    Fill,
    ForeignActivity,
    FundingPaid,
    Instrument,
    InvariantViolated,
    MarketFresh,
    MarketStale,
    Message,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
    PositionAdjusted,
    Quarantined,
    Quote,
    RecordingResumed,
    RecordingStopped,
    SourceFresh,
    SourceStale,
    StrategyId,
    SubmitOrder,
    Subscribe,
    Symbol,
    TradingState,
    TradingStateChanged,
    UtcNs,
    VenueConnected,
    VenueLost,
    VenueReady,
    WatchdogChanged,
)

HEARD: Final[tuple[type[Message], ...]] = (
    *(Bar, Quote, MarketStale, MarketFresh, TradingStateChanged, VenueConnected, VenueReady, VenueLost),
    *(SubmitOrder, ApprovedOrder, OrderAccepted, OrderUnknown, OrderAmended, OrderRefused, OrderRejected, OrderEnded),
    *(Fill, FundingPaid, PositionAdjusted, ForeignActivity),
    *(ActorStarted, ActorFailed, ActorHung, ActorQuarantined, ActorLagging),
    *(ExternalEvent, SourceStale, SourceFresh, Quarantined),
    *(RecordingStopped, RecordingResumed, InvariantViolated, WatchdogChanged),
)
"""What a listener subscribes to. Ticks are understood too, but quotes and bars say enough for a tenth of the work."""
WATCHER: Final = "listener:live"
"""The address of the actor that feeds a state."""
_Hear = Callable[[Any], None]


class LiveState:
    """The run so far. `hear` is one thread's, `snapshot` anybody's; what it does not know it leaves alone.

    `strategies` are (account, strategy, symbol) of everybody who may trade: they are shown before their first fill, as
    are the `sources` of external events before they say anything.
    """

    def __init__(
        self,
        *,
        venue: str,
        account: Account,
        run_id: str,
        started: UtcNs,
        instruments: Mapping[Symbol, Instrument],
        strategies: Iterable[tuple[Account, StrategyId, Symbol]],
        sources: Iterable[str] = (),
    ) -> None:
        self._lock = threading.Lock()
        self._venue, self._account, self._run_id, self._started = venue, account, run_id, started
        self._news = NewsPaper(started)
        self._markets = Markets(account, instruments, self._news)
        self._orders = Orders(instruments, self._news)
        self._money = Money(account, instruments, strategies, self._news)
        self._accounts = Accounts(account, self._money.accounts, self._news)
        self._actors = Actors(self._news)
        self._recorded = Recorded(self._news)
        self._sources = Sources(sources, self._news)
        self._invariants = Invariants(self._news)
        self._watchdog = Watched(self._news)
        folds = (
            *(self._markets, self._orders, self._money),
            *(self._accounts, self._actors, self._recorded, self._sources, self._invariants, self._watchdog),
        )
        self._hears: dict[type[Message], tuple[_Hear, ...]] = {
            each: tuple(getattr(fold, name) for fold in folds if hasattr(fold, name))
            for each in ALL_MESSAGES
            if (name := handler_name(each))
        }
        self._known = Once()
        """Of executions, payments and adjustments: a venue repeats them, and they count once."""

    def hear(self, message: Message) -> None:
        """Fold one message."""
        with self._lock:
            self._hear(message)

    def recall(self, messages: Iterable[Message]) -> None:
        """Fold what an earlier life of this run had heard: it counts, and is no news."""
        with self._lock, self._news.silence():
            for message in messages:
                self._hear(message)

    def states(self) -> Mapping[Account, TradingState | None]:
        """The trading state of each account, and nothing else."""
        with self._lock:
            return {account: view.state for account, view in self._accounts.views.items()}

    def snapshot(self, news_since: int = 0) -> Snapshot:
        """As it is now, with the news after that number."""
        with self._lock:
            return Snapshot(
                venue=self._venue,
                account=self._account,
                run_id=self._run_id,
                started=self._started,
                accounts=tuple(self._accounts.views.values()),
                markets=tuple(self._markets.views.values()),
                books=self._money.views(self._markets.price, self._actors.down),
                orders=self._orders.views,
                counts=Counts(
                    orders=self._orders.asked,
                    fills=self._money.fills,
                    refused=self._orders.refused,
                    rejected=self._orders.rejected,
                    restarts=self._actors.restarts,
                    foreign=self._accounts.foreign,
                    reconnects=self._accounts.reconnects,
                    violations=self._invariants.count,
                ),
                violated=self._invariants.last,
                recording=self._recorded.view,
                news=self._news.since(news_since),
                sources=tuple(self._sources.views.values()),
                watchdog=self._watchdog.view,
            )

    @property
    def violations(self) -> tuple[int, str]:
        """How many invariants were found not to hold, and the last of them."""
        with self._lock:
            return self._invariants.count, self._invariants.last

    def _hear(self, message: Message) -> None:
        name = _name(message)
        if name is not None and not self._known.first(name):
            return
        for hear in self._hears[type(message)]:
            hear(message)


class Watcher(Component):
    """Hears everything that a LiveState wants to know; says nothing. An actor of role `listener`."""

    def __init__(self, state: LiveState) -> None:
        self._state = state

    def on_start(self) -> Answers:
        """Subscribe."""
        return [Subscribe(each) for each in HEARD]

    def on_message(self, message: Message) -> Answers:
        """Fold it."""
        self._state.hear(message)
        return ()


def watcher_spec(state: LiveState) -> ActorSpec:
    """The actor that feeds a state: at the edge, where nothing waits for it."""
    return ActorSpec(address=WATCHER, role=LISTENER, kind=ActorKind.EDGE, factory=lambda _heritage: Watcher(state))


def _name(message: Message) -> str | None:
    """Of what counts once; None of everything else."""
    if isinstance(message, Fill):
        return f"fill {message.account} {message.execution_id}"
    if isinstance(message, FundingPaid):
        return f"funding {message.account} {message.symbol} {message.ts}"
    if isinstance(message, PositionAdjusted):
        return f"adjustment {message.account} {message.adjustment_id}"
    return None
