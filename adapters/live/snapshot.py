"""A live run at one moment, as plain values: what the screen shows."""

import attrs

from adapters.live.news import News
from messages import Account, Lots, Minor, OrderType, StrategyId, Symbol, TradingState, UtcNs


@attrs.frozen(kw_only=True)
class AccountView:
    """What one account may do, and whether its venue is there."""

    account: Account
    state: TradingState | None = None
    """None until the guard has said something: it begins active, or recovering."""
    reason: str = ""
    venue: str = "connecting"
    """connecting, connected (being compared), ready, or `lost: why`. A simulated venue is always there."""


@attrs.frozen(kw_only=True)
class MarketView:
    """One symbol's market."""

    symbol: Symbol
    decimals: int
    last: float | None = None
    bid: float | None = None
    ask: float | None = None
    stale: str | None = None
    """Why it cannot be trusted; "" when it can, None when nobody has said."""
    delay_ns: int | None = None
    """From the venue's time of the last item to ours."""
    received: UtcNs | None = None
    """When it was last heard of."""
    lots: Lots = 0
    """The account's net position."""


@attrs.frozen(kw_only=True)
class SourceView:
    """One source of external events."""

    source: str
    events: int = 0
    """So many were heard in this life."""
    malformed: int = 0
    """So many could not be read."""
    received: UtcNs | None = None
    """When it was last heard of."""
    stale: str | None = None
    """Why it is not heard; "" when it is, None when nobody has said."""


@attrs.frozen(kw_only=True)
class BookView:
    """One strategy's book in one symbol."""

    account: Account
    strategy: StrategyId
    symbol: Symbol
    currency: str
    lots: Lots
    fills: int
    realised_minor: Minor
    costs_minor: Minor
    """Fees paid less funding received."""
    unrealised_minor: Minor | None
    """None while there is a position and no price."""
    down: str = ""
    """`down` while its actor is, `given up` when the supervisor did."""

    @property
    def profit_minor(self) -> Minor:
        """All of it, what is unknown left out."""
        return self.realised_minor - self.costs_minor + (self.unrealised_minor or 0)


@attrs.frozen(kw_only=True)
class OrderView:
    """One order that is not known to be over."""

    account: Account
    client_id: str
    symbol: Symbol
    lots: Lots
    """Signed, the whole order's."""
    filled: Lots
    type: OrderType
    price: float | None
    """Limit, or else stop price."""
    decimals: int
    state: str
    """asked (of the guard), sent, working, or unknown (its answer was lost)."""
    ts: UtcNs


@attrs.frozen(kw_only=True)
class Counts:
    """How much of each there was."""

    orders: int = 0
    fills: int = 0
    refused: int = 0
    rejected: int = 0
    restarts: int = 0
    foreign: int = 0
    reconnects: int = 0
    violations: int = 0
    """Of invariants."""


@attrs.frozen(kw_only=True)
class RecordingView:
    """Whether what the market says is kept."""

    stopped: str | None = None
    """Why nothing can be written; None while it is."""
    lost: int = 0
    """Items that are missing for good."""


@attrs.frozen(kw_only=True)
class WatchdogView:
    """Whether a second process watches this one."""

    is_there: bool | None = None
    """None: there was to be none."""
    text: str = ""
    """What was last heard of it."""


@attrs.frozen(kw_only=True)
class Snapshot:
    """Everything."""

    venue: str
    account: Account
    run_id: str
    started: UtcNs
    accounts: tuple[AccountView, ...]
    """The real one first."""
    markets: tuple[MarketView, ...]
    books: tuple[BookView, ...]
    orders: tuple[OrderView, ...]
    """Oldest first."""
    counts: Counts
    recording: RecordingView = RecordingView()
    news: tuple[News, ...]
    """Oldest first."""
    sources: tuple[SourceView, ...] = ()
    """Of external events."""
    violated: str = ""
    """The last violation of an invariant; "" when there was none."""
    watchdog: WatchdogView = WatchdogView()

    @property
    def is_flat(self) -> bool:
        """Whether the real account holds nothing."""
        return not any(market.lots for market in self.markets)

    @property
    def open_orders(self) -> int:
        """Of the real account, those that are not known to be over."""
        return sum(order.account == self.account for order in self.orders)
