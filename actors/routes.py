"""The whole data flow as one table, in its order. A newcomer starts here.

Read a row as: what `sender` says of class `message` is heard by `receiver`, `by` choosing which instance, at `step` of
the instant in a replay (docs/conventions.md; on threads a step is not promised).

`by` is one of
    ALL           every instance of the receiving role
    ACCOUNT       the instance of the message's account (all instances where its account is None)
    STRATEGY      the instance that carries the message's strategy
    OWNERS        the instances that carry an order's owners, or a fill's parts
    SUBSCRIBED    the instances that subscribed to the message's symbol (and period), at start or at run time
    ADDRESS       the instance at the address that the message is `to`
    BLOCKWISE     of a Tick: those that subscribed to its symbol's TickBlocks. They hear every trade, in blocks while
                  nobody subscribes to single ticks; so who only keeps an eye on prices makes no feed slower
"""

import enum

import attrs

from messages import (
    ActorAdded,
    ActorFailed,
    ActorHung,
    ActorLagging,
    ActorQuarantined,
    ActorStarted,
    ActorStopped,
    AmendOrder,
    AmendPlaced,
    AmendRejected,
    Annotated,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    BarOpen,
    BookChange,
    CancelAll,
    CancelOrder,
    CancelPlaced,
    CancelRejected,
    EquityMarked,
    ExternalEvent,
    FeedEnded,
    Fill,
    FundingPaid,
    FundingRate,
    GaveUp,
    HaltTrading,
    IndexPrice,
    Liquidation,
    MarketFresh,
    MarketStale,
    MarkPrice,
    Message,
    OrderAccepted,
    OrderAmended,
    OrderBook,
    OrderEnded,
    OrderFlow,
    OrderRefused,
    OrderRejected,
    PlaceOrder,
    PositionAdjusted,
    PositionsReported,
    Quarantined,
    Quote,
    ReportPositions,
    ShareRounded,
    ShareSized,
    Signal,
    Step,
    StopSystem,
    SubmitOrder,
    TargetShares,
    Tick,
    TickBlock,
    TradingStateChanged,
)


class By(enum.Enum):
    """How a row chooses among the instances of its receiving role."""

    ALL = "all"
    ACCOUNT = "account"
    STRATEGY = "strategy"
    OWNERS = "owners"
    ADDRESS = "address"
    SUBSCRIBED = "subscribed"
    BLOCKWISE = "blockwise"


@attrs.frozen
class Route:
    """One row of the table."""

    sender: str
    message: type[Message]
    receiver: str
    by: By
    step: Step | None = None
    """None: at once, within the step that it was said in."""


ALL, ACCOUNT, STRATEGY, OWNERS, SUBSCRIBED = By.ALL, By.ACCOUNT, By.STRATEGY, By.OWNERS, By.SUBSCRIBED
BLOCKWISE = By.BLOCKWISE


def _market(sender: str) -> tuple[Route, ...]:
    """Bars of the wanted period go straight to those who want them; ticks pass the filter first."""
    return (
        Route(sender, Tick, "tick-filter", ALL, Step.TICKS),
        Route(sender, TickBlock, "tick-filter", ALL, Step.TICKS),
        Route(sender, Quote, "tick-filter", ALL, Step.TICKS),
        Route(sender, OrderBook, "tick-filter", ALL, Step.TICKS),
        Route(sender, BookChange, "book-keeper", ALL, Step.TICKS),
        Route(sender, IndexPrice, "strategy", SUBSCRIBED, Step.TICK_STRATEGIES),
        Route(sender, Liquidation, "strategy", SUBSCRIBED, Step.TICK_STRATEGIES),
        Route(sender, Bar, "bar-builder", SUBSCRIBED, Step.VENUE_BARS),
        Route(sender, Bar, "venue", SUBSCRIBED, Step.VENUE_BARS),
        # The portfolio last: what it says of the equity makes guard and executor act, at this bar's price.
        Route(sender, Bar, "executor", SUBSCRIBED, Step.MARKS),
        Route(sender, Bar, "risk-guard", SUBSCRIBED, Step.MARKS),
        Route(sender, Bar, "portfolio", SUBSCRIBED, Step.MARKS),
        Route(sender, MarkPrice, "venue", SUBSCRIBED, Step.MARKS),
        Route(sender, MarkPrice, "portfolio", SUBSCRIBED, Step.MARKS),
        Route(sender, FundingRate, "venue", ALL, Step.MARKS),
        Route(sender, Bar, "strategy", SUBSCRIBED, Step.CLOSES),
        Route(sender, BarOpen, "venue", SUBSCRIBED, Step.VENUE_OPENS),
        Route(sender, BarOpen, "strategy", SUBSCRIBED, Step.OPENS),
        Route(sender, ExternalEvent, "strategy", SUBSCRIBED, Step.TICKS),
    )


def measured(sender: str) -> tuple[Route, ...]:
    """Order flow and spreads, from what a filter believes."""
    return (
        Route(sender, Tick, "order-flow", SUBSCRIBED, Step.TICK_MARKS),
        Route(sender, MarketStale, "order-flow", SUBSCRIBED),
        Route(sender, MarketFresh, "order-flow", SUBSCRIBED),
        Route(sender, Tick, "spread-recorder", SUBSCRIBED, Step.TICK_MARKS),
        Route(sender, Quote, "spread-recorder", SUBSCRIBED, Step.TICK_MARKS),
    )


ROUTES: tuple[Route, ...] = (
    # Market data. What a host application sends into a running system takes the feed's place.
    *_market("feed"),
    *_market("outside"),
    Route("feed", FeedEnded, "bar-builder", ALL),
    Route("book-keeper", OrderBook, "tick-filter", ALL, Step.TICKS),
    Route("book-keeper", Quarantined, "recorder", ALL),
    Route("feed", FeedEnded, "order-flow", ALL),
    Route("feed", FeedEnded, "spread-recorder", ALL),
    Route("tick-filter", Quarantined, "recorder", ALL),
    Route("tick-filter", TickBlock, "venue", SUBSCRIBED, Step.TICKS),
    Route("tick-filter", TickBlock, "bar-builder", ALL, Step.TICKS),
    Route("tick-filter", Tick, "venue", SUBSCRIBED, Step.TICKS),
    Route("tick-filter", Tick, "venue", BLOCKWISE, Step.TICKS),
    Route("tick-filter", Quote, "venue", SUBSCRIBED, Step.TICKS),
    Route("tick-filter", OrderBook, "venue", SUBSCRIBED, Step.TICKS),
    Route("tick-filter", Tick, "bar-builder", ALL, Step.TICK_MARKS),
    Route("tick-filter", Tick, "portfolio", SUBSCRIBED, Step.TICK_MARKS),
    Route("tick-filter", Tick, "risk-guard", SUBSCRIBED, Step.TICK_MARKS),
    # Beside the stream: who measures, and decides nothing.
    *measured("tick-filter"),
    Route("tick-filter", Tick, "strategy", SUBSCRIBED, Step.TICK_STRATEGIES),
    Route("tick-filter", TickBlock, "executor", SUBSCRIBED, Step.TICK_MARKS),
    Route("tick-filter", Tick, "executor", SUBSCRIBED, Step.TICK_MARKS),
    Route("tick-filter", Tick, "executor", BLOCKWISE, Step.TICK_MARKS),
    Route("tick-filter", Quote, "executor", SUBSCRIBED, Step.TICK_MARKS),
    Route("tick-filter", Quote, "portfolio", SUBSCRIBED, Step.TICK_MARKS),
    Route("tick-filter", Quote, "risk-guard", SUBSCRIBED, Step.TICK_MARKS),
    Route("tick-filter", Quote, "strategy", SUBSCRIBED, Step.TICK_STRATEGIES),
    Route("tick-filter", OrderBook, "strategy", SUBSCRIBED, Step.TICK_STRATEGIES),
    Route("bar-builder", Quarantined, "recorder", ALL),
    Route("bar-builder", Bar, "executor", SUBSCRIBED, Step.MARKS),
    Route("bar-builder", Bar, "risk-guard", SUBSCRIBED, Step.MARKS),
    Route("bar-builder", Bar, "portfolio", SUBSCRIBED, Step.MARKS),
    Route("bar-builder", Bar, "recorder", SUBSCRIBED, Step.MARKS),
    Route("bar-builder", Bar, "strategy", SUBSCRIBED, Step.CLOSES),
    Route("bar-builder", BarOpen, "strategy", SUBSCRIBED, Step.OPENS),
    Route("order-flow", OrderFlow, "strategy", SUBSCRIBED, Step.CLOSES),
    Route("order-flow", Quarantined, "recorder", ALL),
    # Live, that a market cannot be trusted, or can again.
    *[Route("tick-filter", said, "strategy", SUBSCRIBED) for said in (MarketStale, MarketFresh)],
    # From wish to order.
    Route("strategy", Signal, "portfolio", STRATEGY),
    Route("strategy", PlaceOrder, "portfolio", STRATEGY),
    Route("strategy", PlaceOrder, "executor", STRATEGY),
    Route("strategy", AmendPlaced, "executor", STRATEGY),
    Route("strategy", CancelPlaced, "executor", STRATEGY),
    Route("portfolio", TargetShares, "executor", ACCOUNT),
    Route("executor", SubmitOrder, "risk-guard", ACCOUNT),
    Route("executor", AmendOrder, "risk-guard", ACCOUNT),
    Route("executor", CancelOrder, "risk-guard", ACCOUNT),
    Route("risk-guard", ApprovedOrder, "venue", ACCOUNT),
    Route("risk-guard", ApprovedAmend, "venue", ACCOUNT),
    Route("risk-guard", ApprovedCancel, "venue", ACCOUNT),
    Route("risk-guard", CancelAll, "venue", ACCOUNT),
    Route("risk-guard", OrderRefused, "executor", ACCOUNT),
    Route("risk-guard", OrderRefused, "strategy", OWNERS),
    Route("risk-guard", AmendRejected, "executor", ACCOUNT),
    Route("risk-guard", AmendRejected, "strategy", OWNERS),
    # Back from the venue: guard, executor, portfolio, then strategies.
    Route("venue", OrderAccepted, "risk-guard", ACCOUNT),
    Route("venue", OrderAccepted, "executor", ACCOUNT),
    Route("venue", OrderAccepted, "strategy", OWNERS),
    Route("venue", OrderRejected, "risk-guard", ACCOUNT),
    Route("venue", OrderRejected, "executor", ACCOUNT),
    Route("venue", OrderRejected, "strategy", OWNERS),
    Route("venue", OrderAmended, "risk-guard", ACCOUNT),
    Route("venue", OrderAmended, "executor", ACCOUNT),
    Route("venue", OrderAmended, "strategy", OWNERS),
    Route("venue", AmendRejected, "risk-guard", ACCOUNT),
    Route("venue", AmendRejected, "executor", ACCOUNT),
    Route("venue", AmendRejected, "strategy", OWNERS),
    Route("venue", CancelRejected, "executor", ACCOUNT),
    Route("venue", Fill, "risk-guard", ACCOUNT),
    Route("venue", Fill, "executor", ACCOUNT),
    Route("venue", Fill, "portfolio", ACCOUNT),
    Route("venue", Fill, "checker", ACCOUNT),
    Route("venue", Fill, "strategy", OWNERS),
    Route("venue", OrderEnded, "risk-guard", ACCOUNT),
    Route("venue", OrderEnded, "executor", ACCOUNT),
    Route("venue", OrderEnded, "strategy", OWNERS),
    Route("venue", FundingPaid, "portfolio", ACCOUNT),
    Route("executor", Fill, "venue", ACCOUNT),
    Route("executor", Fill, "portfolio", ACCOUNT),
    # Crossings, which leave the account's position as it is: for guards with limits for a strategy of their own.
    Route("executor", Fill, "risk-guard", SUBSCRIBED),
    Route("executor", Fill, "checker", ACCOUNT),
    Route("executor", Fill, "strategy", OWNERS),
    Route("reconciler", PositionAdjusted, "risk-guard", ACCOUNT),
    Route("reconciler", PositionAdjusted, "executor", ACCOUNT),
    Route("reconciler", PositionAdjusted, "portfolio", ACCOUNT),
    # Risk.
    Route("portfolio", EquityMarked, "risk-guard", ACCOUNT),
    Route("risk-guard", TradingStateChanged, "executor", ACCOUNT),
    Route("risk-guard", TradingStateChanged, "portfolio", ACCOUNT),
    Route("supervisor", HaltTrading, "risk-guard", ACCOUNT),
    Route("supervisor", CancelAll, "venue", ACCOUNT),
    Route("checker", HaltTrading, "risk-guard", ACCOUNT),
    Route("outside", HaltTrading, "risk-guard", ACCOUNT),
    Route("checker", ReportPositions, "risk-guard", ACCOUNT),
    Route("checker", ReportPositions, "executor", ACCOUNT),
    Route("checker", ReportPositions, "portfolio", ACCOUNT),
    Route("risk-guard", PositionsReported, "checker", ACCOUNT),
    Route("executor", PositionsReported, "checker", ACCOUNT),
    Route("portfolio", PositionsReported, "checker", ACCOUNT),
    # Life and death. What the supervisor orders (StartActor, StopActor, FenceActor) the runtime itself executes.
    Route("host", ActorStarted, "supervisor", ALL),
    Route("host", ActorStopped, "supervisor", ALL),
    Route("host", ActorFailed, "supervisor", ALL),
    Route("host", ActorHung, "supervisor", ALL),
    Route("host", ActorFailed, "recorder", ALL),
    Route("host", ActorHung, "recorder", ALL),
    Route("host", ActorLagging, "recorder", ALL),
    Route("supervisor", ActorQuarantined, "recorder", ALL),
    Route("supervisor", ActorQuarantined, "portfolio", ALL),
    Route("supervisor", ActorQuarantined, "executor", ALL),
    Route("outside", StopSystem, "supervisor", ALL),
    Route("outside", ActorAdded, "supervisor", ALL),
    # Beside the stream: the recorder hears what the results are made of.
    Route("strategy", Signal, "recorder", ALL),
    Route("strategy", Annotated, "recorder", ALL),
    Route("portfolio", ShareRounded, "recorder", ALL),
    Route("portfolio", ShareSized, "recorder", ALL),
    Route("executor", SubmitOrder, "recorder", ALL),
    Route("executor", GaveUp, "recorder", ALL),
    Route("executor", Fill, "recorder", ALL),
    Route("risk-guard", OrderRefused, "recorder", ALL),
    Route("risk-guard", TradingStateChanged, "recorder", ALL),
    Route("venue", OrderRejected, "recorder", ALL),
    Route("venue", OrderAmended, "recorder", ALL),
    Route("venue", AmendRejected, "recorder", ALL),
    Route("risk-guard", AmendRejected, "recorder", ALL),
    Route("venue", Fill, "recorder", ALL),
    Route("venue", FundingPaid, "recorder", ALL),
    Route("venue", OrderEnded, "recorder", ALL),
)
