"""What became of an account's orders: the handlers by which an executor learns it. All may come late, twice, or in
another order than they were said in."""

from typing import Final

from actors.component import Answers, Component
from actors.execution.attempts import back_off
from actors.execution.dealing import Dealing
from actors.execution.desk import Desk
from actors.execution.once import Once
from actors.execution.states import CANCELLING, CLOSING, UNKNOWN, WAITING
from actors.execution.working import Working
from messages import (
    AmendRejected,
    CancelRejected,
    Fill,
    Liquidity,
    Message,
    Order,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Outcome,
    TradingState,
    UtcNs,
    WakeAt,
)

DUPLICATE = "duplicate-client-id"
"""A venue's reason that means: it has this order already."""
_PASSING_REFUSALS = frozenset(
    {"order-rate", "open-orders", "price-unknown", "equity-unknown", "guard-failed", "venue-not-ready", "stale-data"}
)
_LIQUIDATED = "liquidated"
_STANDING_ENDS = frozenset({"insufficient-margin", "expired", _LIQUIDATED})
"""Why a venue ends an order that it would end again; other reasons pass with the next price or the next day."""
_REFUSED: Final = Outcome.REFUSED
_REJECTED: Final = Outcome.REJECTED
_CANCELLED: Final = Outcome.CANCELLED
_HALTED: Final = TradingState.HALTED
_LIQUIDATION: Final = Liquidity.LIQUIDATION
_SETTLEMENT: Final = Liquidity.SETTLEMENT


class OrderEvents(Component):
    """Hears OrderAccepted, OrderRejected, OrderRefused, OrderAmended, AmendRejected, CancelRejected, Fill, OrderEnded.

    A fill is folded once. An order is forgotten when its end is known and all its fills were heard.
    """

    def __init__(self, dealing: Dealing) -> None:
        self._dealing = dealing
        self._desks = dealing.desks
        self._heard = Once()

    def on_order_accepted(self, accepted: OrderAccepted) -> Answers:
        """The venue has it; a retry that was due is not needed any more."""
        desk = self._desks[accepted.order.symbol]
        working = desk.working.get(accepted.order.client_id)
        if working is None:
            return ()
        if working.amends is None and not desk.worked:
            working.at_venue()
            return ()
        return self._at_venue(desk, working, accepted.ts)

    def on_fill(self, fill: Fill) -> Answers:
        """Folds it, once. One that was not expected any more changes what is lacking, and is answered."""
        if not self._heard.first(fill.execution_id):
            return ()
        desk = self._desks[fill.symbol]
        for part in fill.parts:
            desk.fold(part.strategy, part.lots)
        if fill.liquidity is _LIQUIDATION:
            # The guard's halt is on its way: nothing is to be done about what was lost.
            return ()
        if fill.liquidity is not _SETTLEMENT:
            # That is at a price that the market did not show.
            desk.last_price = fill.price
        if desk.strikes:
            desk.strikes.clear()
        was_blocked = bool(desk.waits) and desk.unblock()
        working = desk.working.get(fill.client_id)
        if working is None:
            return self._dealing.plan(desk, fill.ts)
        if working.state is UNKNOWN or working.state is WAITING:
            working.at_venue()
        if working.last_fill != fill.execution_id:
            working.last_fill = fill.execution_id
            working.filled += fill.lots
            left = working.left
            for part in fill.parts:
                left[part.strategy] = left.get(part.strategy, 0) - part.lots
        if working.amends is not None:
            working.recount()
        if working.leaves_all():
            self._dealing.out.forget(desk, working)
        elif not was_blocked and not desk.worked:
            # What was working is held now: what is lacking beyond it is as it was.
            return ()
        return self._dealing.plan(desk, fill.ts)

    def on_order_ended(self, ended: OrderEnded) -> Answers:
        """Forgets the order once every fill that it tells of was heard, and plans anew."""
        desk = self._desks[ended.order.symbol]
        working = desk.working.get(ended.order.client_id)
        if working is None:
            return ()
        asked = working.state is CANCELLING
        working.retry_at = None
        working.ended_filled = ended.lots_filled
        own = working.number is not None
        outcome = ended.outcome
        for_good = ended.reason in _STANDING_ENDS or (not asked and (outcome is _REFUSED or outcome is _REJECTED))
        if for_good and not own:
            self._dealing.block(desk, working)
        if not working.leaves_all():
            if working.state is not CLOSING:
                working.to(CLOSING)
            return ()
        self._dealing.out.forget(desk, working)
        if ended.reason == _LIQUIDATED or not (desk.unsettled or desk.working):
            return ()
        if not (asked or own or for_good) and outcome is _CANCELLED and not working.filled:
            return self._dealing.hold(desk, working, ended.ts)
        return self._dealing.plan(desk, ended.ts)

    def on_order_rejected(self, rejected: OrderRejected) -> Answers:
        """For the time being: the same order again after a while. For good: not before something changes."""
        if rejected.reason == DUPLICATE:
            desk = self._desks[rejected.order.symbol]
            working = desk.working.get(rejected.order.client_id)
            return self._at_venue(desk, working, rejected.ts) if working is not None else ()
        return self._not_taken(rejected.order, rejected.ts, standing=rejected.standing)

    def on_order_refused(self, refused: OrderRefused) -> Answers:
        """The guard's refusals stand, but for those of too many orders at a time, of the unknown, and of a failure.

        What is to get flat is tried until it is: a guard that has not heard of an order's end takes it for too much.
        """
        gets_flat = refused.order.reduce_only and self._dealing.state is TradingState.FLATTENING
        passes = gets_flat or refused.reason in _PASSING_REFUSALS
        return self._not_taken(refused.order, refused.ts, standing=not passes)

    def on_order_amended(self, amended: OrderAmended) -> Answers:
        """The venue works it as asked: from now on it counts as that."""
        desk = self._desks[amended.order.symbol]
        working = desk.working.get(amended.order.client_id)
        if working is None or not self._dealing.out.amended(working, amended.order, amended.ts):
            return ()
        return (*self._dealing.out.next_amend(desk, working, amended.ts), *self._dealing.plan(desk, amended.ts))

    def on_amend_rejected(self, rejected: AmendRejected) -> Answers:
        """It works as before, or its end is on its way: nothing is lost, and the same is not asked again at once."""
        desk = self._desks[rejected.order.symbol]
        working = desk.working.get(rejected.order.client_id)
        if working is None:
            return ()
        said = self._dealing.out.not_amended(desk, working, rejected.order, rejected.ts)
        if said is None:
            return ()
        return (
            *said,
            *self._dealing.out.next_amend(desk, working, rejected.ts),
            *self._dealing.plan(desk, rejected.ts),
        )

    def on_cancel_rejected(self, rejected: CancelRejected) -> Answers:
        """The order is over, or the venue does not know it yet: ask again, until its end is known."""
        working = self._desks[rejected.symbol].working.get(rejected.client_id)
        if working is None or working.state is not CANCELLING or working.cancel_at is not None:
            return ()
        working.cancel_tries += 1
        working.cancel_at = rejected.ts + back_off(working.cancel_tries - 1)
        return (WakeAt(working.cancel_at, f"cancel:{rejected.client_id}"),)

    # Inside.

    def _at_venue(self, desk: Desk, working: Working, ts: UtcNs) -> Answers:
        working.at_venue()
        said = self._dealing.out.next_amend(desk, working, ts) if working.amends is not None else ()
        if not desk.worked:
            return said
        # The market may have moved while the order could not be changed.
        return (*said, *self._dealing.plan(desk, ts))

    def _not_taken(self, order: Order, ts: UtcNs, *, standing: bool) -> Answers:
        desk = self._desks[order.symbol]
        working = desk.working.get(order.client_id)
        if working is None or ts < working.submitted_at:
            # Not ours any more, or the answer to an earlier submission heard again.
            return ()
        cancelling = working.state is CANCELLING
        if working.state is not UNKNOWN and not cancelling:
            return ()
        if standing or cancelling:
            self._dealing.out.forget(desk, working)
            if not cancelling and working.number is None:
                self._dealing.block(desk, working)
            return self._dealing.plan(desk, ts)
        working.to(WAITING)
        working.retry_at = self._dealing.retries.time(ts + back_off(working.attempts - 1))
        return (WakeAt(working.retry_at, f"retry:{order.client_id}"),)

    def _order_woke(self, what: str, client_id: str, at: UtcNs) -> tuple[Message, ...]:
        """The back-off of a retry or of a cancel is over."""
        found = next(
            ((desk, desk.working[client_id]) for desk in self._desks.values() if client_id in desk.working), None
        )
        if found is None:
            return ()
        desk, working = found
        out = self._dealing.out
        if what == "cancel":
            if working.cancel_at is None or working.cancel_at > at:
                return ()
            return out.cancel_again(working, at)
        if working.retry_at is None or working.retry_at > at:
            return ()
        if self._dealing.state is _HALTED:
            out.forget(desk, working)
            return ()
        return (out.again(desk, working, at),)
