"""An account's orders on their way: sends, takes back, changes and forgets them. It says what has to be said for that.

It never forgets an order before its end is known, and asks for no change of one while another is on its way; a
cancel may follow one.
"""

import attrs

from actors.execution.attempts import back_off
from actors.execution.desk import Desk
from actors.execution.states import AMENDING, CANCELLING, CLOSING, OVER, UNKNOWN, WAITING, WORKING
from actors.execution.working import Amends, Working
from messages import (
    Account,
    AmendOrder,
    CancelOrder,
    Lots,
    Message,
    Order,
    Owner,
    StrategyId,
    SubmitOrder,
    UtcNs,
    WakeAt,
)


class OrdersOut:
    """One account's. `placed`: client ids of strategies' own orders, by strategy and their number."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.placed: dict[tuple[StrategyId, int], str] = {}
        self.on: Message | None = None
        """What is being heard, or was last."""
        self.words: list[Message] = []
        """What is to be said of it so far, but for timers: if it fails nobody has heard that."""

    def begins(self, message: Message) -> None:
        """Something is heard."""
        self.on, self.words = message, []

    def send(self, desk: Desk, order: Order, number: int | None = None) -> SubmitOrder:
        """A new order; it may be filled from now on."""
        owners = order.owners
        if len(owners) == 1:
            left = {owners[0].strategy: owners[0].lots}
        else:
            left = {owner.strategy: owner.lots for owner in owners}
        desk.working[order.client_id] = working = Working(order, left, order.ts, order.ts)
        if number is not None:
            working.number = number
            self.placed[owners[0].strategy, number] = order.client_id
        said = SubmitOrder(order)
        self.words.append(said)
        return said

    def again(self, desk: Desk, working: Working, ts: UtcNs) -> SubmitOrder:
        """The same order, with the same id."""
        working.to(UNKNOWN)
        working.retry_at = None
        working.attempts += 1
        working.submitted_at = working.since = ts
        working.order = attrs.evolve(working.order, ts=ts, reference_price=desk.current_price(ts))
        said = SubmitOrder(working.order)
        self.words.append(said)
        return said

    def cancel(self, desk: Desk, working: Working, ts: UtcNs) -> tuple[Message, ...]:
        """Asks an order back. One that waits for its retry is not at the venue, and is over at once."""
        state = working.state
        if state is WAITING:
            self.forget(desk, working)
            return ()
        if state is CANCELLING or state is CLOSING:
            return ()
        working.to(CANCELLING)
        return (self._cancel(working, ts),)

    def cancel_again(self, working: Working, ts: UtcNs) -> tuple[Message, ...]:
        """The cancel was rejected, and the order's end is still not known."""
        working.cancel_at = None
        return (self._cancel(working, ts),) if working.state is CANCELLING else ()

    def _cancel(self, working: Working, ts: UtcNs) -> CancelOrder:
        order = working.order
        said = CancelOrder(account=self._account, client_id=order.client_id, symbol=order.symbol, ts=ts)
        self.words.append(said)
        return said

    def amend(self, desk: Desk, working: Working, order: Order, ts: UtcNs) -> tuple[Message, ...]:
        """Asks for an order to be another from now on; until that is answered it counts as the larger of both."""
        working.to(AMENDING)
        if working.amends is None:
            working.amends = Amends()
        asked = attrs.evolve(order, ts=ts, reference_price=desk.current_price(ts))
        working.amends.asked = asked
        working.recount()
        said = AmendOrder(asked, ts)
        self.words.append(said)
        return (said,)

    def shrink(self, desk: Desk, working: Working, by: Lots, ts: UtcNs) -> tuple[Message, ...]:
        """Asks for an order of one owner to be smaller."""
        order = working.order
        lots = order.lots - by if order.lots > 0 else order.lots + by
        return self.amend(desk, working, resized(order, lots), ts)

    def reprice(self, desk: Desk, working: Working, price: float, ts: UtcNs) -> tuple[Message, ...]:
        """Asks for another limit, where something is left, nothing on its way, and it was not rejected a moment ago."""
        if working.state is not WORKING or working.order.limit_price == price or not any(working.left.values()):
            return ()
        amends = working.amends
        if amends is not None and amends.refused_price == price and ts < amends.again_at:
            return ()
        return self.amend(desk, working, attrs.evolve(working.order, limit_price=price), ts)

    def amended(self, working: Working, order: Order, ts: UtcNs) -> bool:
        """The venue works it as asked. False for the answer to something else, such as one heard again."""
        amends = working.amends
        if amends is None or amends.asked is None or amends.asked != order:
            return False
        if working.order.limit_price != order.limit_price:
            working.since = ts
        working.order, amends.asked = order, None
        amends.tries, amends.refused_price = 0, None
        self._answered(working)
        return True

    def not_amended(self, desk: Desk, working: Working, order: Order, ts: UtcNs) -> tuple[Message, ...] | None:
        """It works as before, or is over. None for the answer to something else."""
        amends = working.amends
        if amends is None or amends.asked is None or amends.asked != order:
            return None
        if abs(order.lots) < abs(working.order.lots):
            amends.no_smaller = True
        amends.asked = None
        amends.refused_price = order.limit_price
        amends.again_at = ts + back_off(amends.tries)
        amends.tries += 1
        self._answered(working)
        if working.number is not None or working.state is not WORKING:
            return ()
        return (WakeAt(amends.again_at, f"plan:{desk.symbol}"),)

    def _answered(self, working: Working) -> None:
        if working.state is AMENDING:
            working.to(WORKING)
        working.recount()

    def next_amend(self, desk: Desk, working: Working, ts: UtcNs) -> tuple[Message, ...]:
        """What its strategy wanted to change while something else was on its way."""
        amends = working.amends
        if amends is None or amends.queued is None or working.state is not WORKING:
            return ()
        order, amends.queued = amends.queued, None
        return self.amend(desk, working, order, ts)

    def forget(self, desk: Desk, working: Working) -> None:
        """Its end and all its fills are known."""
        working.to(OVER)
        del desk.working[working.order.client_id]
        for owner in working.left:
            desk.unsettled[owner] = None
        if working.number is not None:
            self.placed.pop((working.order.owners[0].strategy, working.number), None)


def resized(order: Order, lots: Lots) -> Order:
    """An order of one owner, with another total."""
    return attrs.evolve(order, lots=lots, owners=(Owner(order.owners[0].strategy, lots),))
