"""What a venue owes to whoever asked it something when it failed: an answer.

Only the message in hand is lost with an incarnation. Whoever sent it waits for what becomes of it, and sends nothing
more in that symbol before it knows. So the next incarnation answers: by what was done, or that nothing was.
"""

from typing import Final

from actors.venue import dealing
from actors.venue.floor import Floor
from messages import (
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    Message,
    OrderAmended,
    OrderRejected,
)

FAILED: Final = "venue-failed"
"""Why an order was not taken, or not amended, that a venue failed on. It passes: the next incarnation may do it."""


def answer_in_hand(floor: Floor) -> tuple[Message, ...]:
    """Rejects an order or an amend that came to nothing; does a cancel that was not done."""
    asked, floor.in_hand = floor.in_hand, None
    live = floor.live
    if isinstance(asked, ApprovedOrder):
        order = asked.order
        if order.client_id in floor.known or order.client_id in live:
            return ()
        return (OrderRejected(order=order, reason=FAILED, standing=False, ts=max(floor.now, order.ts)),)
    if isinstance(asked, ApprovedAmend):
        ts, resting = max(floor.now, asked.ts), live.get(asked.order.client_id)
        done = resting is not None and resting.order == asked.order
        return (OrderAmended(asked.order, ts) if done else AmendRejected(asked.order, FAILED, ts),)
    if isinstance(asked, ApprovedCancel):
        resting = live.get(asked.client_id)
        return () if resting is None else dealing.cancel(floor, resting, asked.ts)
    if isinstance(asked, CancelAll):
        return tuple([said for each in list(live.values()) for said in dealing.cancel(floor, each, asked.ts)])
    return ()
