"""What the auditor hears, and where its word goes. These rows come before all others.

On threads a message is put into one mailbox after another, in the order of the rows: so the auditor has it before
anybody who may answer it. That costs whoever says it an append, and nobody waits.
"""

from typing import Final

from actors.routes import By, Route
from messages import (
    ActorFailed,
    ActorHung,
    ActorLagging,
    ActorQuarantined,
    ActorStarted,
    AmendOrder,
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    CancelOrder,
    Fill,
    HaltTrading,
    Heartbeat,
    InvariantViolated,
    MarketFresh,
    MarketStale,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
    PositionAdjusted,
    RequestAnswered,
    SendRequest,
    Step,
    SubmitOrder,
    TradingStateChanged,
)

_ALL: Final = By.ALL
_HEARD: Final = {
    "executor": (SubmitOrder, AmendOrder, CancelOrder),
    "risk-guard": (*(ApprovedOrder, OrderRefused, ApprovedAmend, AmendRejected, ApprovedCancel, TradingStateChanged),),
    "journal": (OrderRejected, AmendRejected, Heartbeat),
    "venue": (
        *(OrderAccepted, OrderUnknown, OrderRejected, OrderAmended, AmendRejected, Fill, OrderEnded),
        *(PositionAdjusted, Heartbeat, SendRequest),
    ),
    "rest": (RequestAnswered,),
    "reconciler": (PositionAdjusted,),
    "feed": (MarketStale, MarketFresh),
    "supervisor": (ActorQuarantined,),
    "host": (ActorStarted, ActorFailed, ActorHung, ActorLagging),
}

AUDIT_ROUTES: Final[tuple[Route, ...]] = (
    *[Route(sender, said, "auditor", _ALL) for sender, heard in _HEARD.items() for said in heard],
    Route("bar-builder", Bar, "auditor", By.SUBSCRIBED, Step.MARKS),
    Route("auditor", HaltTrading, "risk-guard", By.ACCOUNT),
    Route("auditor", InvariantViolated, "recorder", _ALL),
)
"""Of a system with an auditor: `routes=(*AUDIT_ROUTES, *ROUTES)`. A live system has them."""
