"""The flow of a live system: `routes.py` with a real venue at its end, a journal before it, and a way to the wire.

Live, what the guard approves passes the journal first, which hands it on once it is written (in `routes.py` it goes
straight to the venue). Kill-switch cancels (CancelAll) do not wait for it. Who moves bytes is reached by address.
"""

from typing import Final

from actors.audit_routes import AUDIT_ROUTES
from actors.routes import ROUTES, By, Route, measured
from messages import (
    ActorLagging,
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    BarOpen,
    CancelAll,
    CloseLine,
    ExternalEvent,
    ForeignActivity,
    HaltTrading,
    Heartbeat,
    LineClosed,
    LineOpened,
    MarketFresh,
    MarketStale,
    OpenLine,
    OrderBook,
    OrderRejected,
    OrderTimed,
    PositionAdjusted,
    Quarantined,
    Quote,
    ReadVenue,
    RequestAnswered,
    SendLogin,
    SendRequest,
    SendText,
    TextReceived,
    Tick,
    VenueConnected,
    VenueLost,
    VenueRead,
    VenueReady,
)

_JOURNALLED: Final = (ApprovedOrder, ApprovedAmend, ApprovedCancel)
_ALL, _ACCOUNT, _ADDRESS, _SUBSCRIBED = By.ALL, By.ACCOUNT, By.ADDRESS, By.SUBSCRIBED


def _line(user: str) -> tuple[Route, ...]:
    """A socket and its user."""
    return (
        *[Route(user, said, "line", _ADDRESS) for said in (OpenLine, CloseLine, SendText, SendLogin)],
        *[Route("line", said, user, _ADDRESS) for said in (LineOpened, LineClosed, TextReceived)],
        Route(user, SendRequest, "rest", _ADDRESS),
        Route("rest", RequestAnswered, user, _ADDRESS),
    )


def _side() -> tuple[Route, ...]:
    """A market that is heard and not traded: each has its own chain, which knows its own symbols and no other's.

    Nothing of it reaches a guard, an executor or a venue, and no heartbeat goes through it.
    """
    judged = (Tick, Quote, OrderBook, MarketStale, MarketFresh)
    return (
        *_line("side-feed"),
        Route("side-feed", Quarantined, "recorder", _ALL),
        *[Route("side-feed", said, "side-filter", _SUBSCRIBED) for said in judged],
        Route("side-filter", Quarantined, "recorder", _ALL),
        *[Route("side-filter", said, "side-builder", _SUBSCRIBED) for said in (Tick, MarketStale, MarketFresh)],
        *measured("side-filter"),
        *[Route("side-filter", said, "strategy", _SUBSCRIBED) for said in judged],
        Route("side-builder", Quarantined, "recorder", _ALL),
        *[Route("side-builder", said, "strategy", _SUBSCRIBED) for said in (Bar, BarOpen)],
    )


LIVE_ROUTES: Final[tuple[Route, ...]] = (
    # Who audits hears each word before what may come of it.
    *AUDIT_ROUTES,
    *[row for row in ROUTES if (row.sender, row.receiver) != ("risk-guard", "venue") or row.message not in _JOURNALLED],
    # Journal before effect.
    *[Route("risk-guard", said, "journal", _ALL) for said in _JOURNALLED],
    *[Route("journal", said, "venue", _ACCOUNT) for said in _JOURNALLED],
    Route("journal", OrderRejected, "risk-guard", _ACCOUNT),
    Route("journal", OrderRejected, "executor", _ACCOUNT),
    Route("journal", OrderRejected, "strategy", By.OWNERS),
    Route("journal", OrderRejected, "recorder", _ALL),
    Route("journal", AmendRejected, "risk-guard", _ACCOUNT),
    Route("journal", AmendRejected, "executor", _ACCOUNT),
    Route("journal", AmendRejected, "strategy", By.OWNERS),
    Route("journal", AmendRejected, "recorder", _ALL),
    Route("journal", HaltTrading, "risk-guard", _ACCOUNT),
    # A kill is at the wire before a gateway that is slow has heard of it.
    Route("risk-guard", CancelAll, "rest", _ACCOUNT),
    Route("supervisor", CancelAll, "rest", _ACCOUNT),
    # Beside the stream everything is written down; what cannot be ends trading.
    Route("trace", HaltTrading, "risk-guard", _ACCOUNT),
    # Where nobody shall trade unrecorded.
    Route("market-recorder", HaltTrading, "risk-guard", _ACCOUNT),
    # Market and venue over the wire.
    *_line("feed"),
    *_line("venue"),
    Route("feed", Quarantined, "recorder", _ALL),
    # Sources of external events: what they cannot read is named, and nobody waits for them.
    Route("events", ExternalEvent, "strategy", By.SUBSCRIBED),
    Route("events", Quarantined, "recorder", _ALL),
    Route("venue", Quarantined, "recorder", _ALL),
    Route("feed", MarketStale, "risk-guard", _ALL),
    Route("feed", MarketFresh, "risk-guard", _ALL),
    # To the bar builder they go the way of the trades, so that they come neither before nor after those they speak of.
    *[Route("feed", said, "tick-filter", _ALL) for said in (MarketStale, MarketFresh)],
    *[Route("tick-filter", said, "bar-builder", _ALL) for said in (MarketStale, MarketFresh)],
    *_side(),
    # Readiness: the gateway connects, the reconciler compares, the guard lets orders pass.
    Route("venue", VenueConnected, "reconciler", _ACCOUNT),
    Route("venue", VenueLost, "reconciler", _ACCOUNT),
    Route("venue", VenueLost, "risk-guard", _ACCOUNT),
    Route("reconciler", ReadVenue, "venue", _ACCOUNT),
    Route("venue", VenueRead, "reconciler", _ACCOUNT),
    Route("reconciler", VenueReady, "risk-guard", _ACCOUNT),
    Route("reconciler", VenueLost, "risk-guard", _ACCOUNT),
    Route("reconciler", HaltTrading, "risk-guard", _ACCOUNT),
    Route("venue", HaltTrading, "risk-guard", _ACCOUNT),
    # What the reconciler folds to compare with: the same facts as everybody. And that it has not heard all of them.
    Route("host", ActorLagging, "reconciler", _ALL),
    *[
        Route(row.sender, row.message, "reconciler", _ACCOUNT)
        for row in ROUTES
        if row.receiver == "checker" and row.sender == "venue"
    ],
    Route("venue", PositionAdjusted, "risk-guard", _ACCOUNT),
    Route("venue", PositionAdjusted, "executor", _ACCOUNT),
    Route("venue", PositionAdjusted, "portfolio", _ACCOUNT),
    Route("venue", PositionAdjusted, "reconciler", _ACCOUNT),
    Route("venue", PositionAdjusted, "recorder", _ALL),
    Route("reconciler", PositionAdjusted, "venue", _ACCOUNT),
    Route("reconciler", PositionAdjusted, "recorder", _ALL),
    Route("venue", ForeignActivity, "recorder", _ALL),
    Route("reconciler", ForeignActivity, "recorder", _ALL),
    Route("venue", OrderTimed, "recorder", _ALL),
    # The heartbeat goes the way of an order, strategies left out: one that hangs is given up on by itself.
    Route("venue", Heartbeat, "feed", _ALL),
    Route("feed", Heartbeat, "tick-filter", _ALL),
    Route("tick-filter", Heartbeat, "bar-builder", _ALL),
    Route("bar-builder", Heartbeat, "portfolio", _ACCOUNT),
    Route("portfolio", Heartbeat, "executor", _ACCOUNT),
    Route("executor", Heartbeat, "risk-guard", _ACCOUNT),
    Route("risk-guard", Heartbeat, "journal", _ALL),
    Route("journal", Heartbeat, "venue", _ACCOUNT),
)
"""In the order of the data flow, after the auditor's rows and those that a backtest has too."""
