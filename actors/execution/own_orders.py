"""Strategies' own orders: placed, amended and taken back as their strategy says, never netted or crossed."""

import attrs

from actors.component import Answers, Component
from actors.execution.dealing import Dealing
from actors.execution.desk import Desk
from actors.execution.orders_out import resized
from actors.execution.rules import ShareRule
from actors.execution.states import AMENDING, UNKNOWN, WAITING, WORKING
from actors.execution.working import Amends
from messages import (
    ActorQuarantined,
    AmendPlaced,
    CancelPlaced,
    Message,
    Order,
    OrderType,
    Owner,
    PlaceOrder,
    StrategyId,
    UtcNs,
)

OWN = "own"
"""What such an order carries in place of an algorithm."""
_LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_STOPPED = (OrderType.STOP, OrderType.STOP_LIMIT)


class OwnOrders(Component):
    """Hears PlaceOrder, AmendPlaced, CancelPlaced, ActorQuarantined."""

    def __init__(self, dealing: Dealing, rules: "dict[StrategyId, ShareRule]") -> None:
        self._placing = dealing
        self._rules = rules

    def on_place_order(self, placed: PlaceOrder) -> Answers:
        """A strategy's own order: one owner, never netted or crossed. From now on it has no share here."""
        dealing = self._placing
        desk = dealing.desks[placed.symbol]
        desk.placing.add(placed.strategy)
        desk.shares.pop(placed.strategy, None)
        if dealing.adopting:
            return ()
        if placed.price is not None:
            desk.told, desk.told_at = placed.price, placed.ts
        order = dealing.maker.order(
            desk,
            (Owner(placed.strategy, placed.lots),),
            placed.ts,
            type=placed.type,
            limit_price=placed.limit_price,
            stop_price=placed.stop_price,
            trail=placed.trail,
            time_in_force=placed.time_in_force,
            post_only=placed.post_only,
            reduce_only=placed.reduce_only,
            algorithm=OWN,
            number=placed.number,
            decision_price=placed.price if placed.price is not None else desk.current_price(placed.ts),
        )
        return (dealing.out.send(desk, order, placed.number),)

    def on_amend_placed(self, amend: AmendPlaced) -> Answers:
        """Changes one of a strategy's own orders, as soon as the venue has it and nothing else is on its way."""
        dealing = self._placing
        desk = dealing.desks[amend.symbol]
        client_id = dealing.out.placed.get((amend.strategy, amend.number))
        working = desk.working.get(client_id) if client_id is not None else None
        if working is None or working.state not in (UNKNOWN, WAITING, WORKING, AMENDING):
            return ()
        queued = working.amends.queued if working.amends is not None else None
        before = queued or working.to_be
        after = amended_terms(before, amend)
        if after == before:
            return ()
        if working.state is WORKING:
            return dealing.out.amend(desk, working, after, amend.ts)
        if working.amends is None:
            working.amends = Amends()
        working.amends.queued = after
        return ()

    def on_cancel_placed(self, cancel: CancelPlaced) -> Answers:
        """Takes back one of a strategy's own orders, or all of them, which ends its order mode."""
        dealing = self._placing
        desk = dealing.desks[cancel.symbol]
        if cancel.number is not None:
            client_id = dealing.out.placed.get((cancel.strategy, cancel.number))
            working = desk.working.get(client_id) if client_id is not None else None
            return dealing.out.cancel(desk, working, cancel.ts) if working is not None else ()
        desk.placing.discard(cancel.strategy)
        return self._cancel_placed(desk, cancel.strategy, cancel.ts)

    def on_actor_quarantined(self, quarantined: ActorQuarantined) -> Answers:
        """A strategy that is to be flattened loses its own orders; the portfolio's next target is without them."""
        role, _, strategy = quarantined.actor.partition(":")
        rule = self._rules.get(strategy) if role == "strategy" else None
        if rule is None or rule.on_quarantine != "flatten":
            return ()
        said: list[Message] = []
        for symbol in rule.symbols:
            desk = self._placing.desks[symbol]
            desk.placing.discard(strategy)
            said += self._cancel_placed(desk, strategy, quarantined.at)
        return tuple(said)

    def _cancel_placed(self, desk: Desk, strategy: StrategyId, ts: UtcNs) -> tuple[Message, ...]:
        own = [each for each in desk.working.values() if each.number is not None and strategy in each.left]
        return tuple([said for each in own for said in self._placing.out.cancel(desk, each, ts)])


def amended_terms(order: Order, amend: AmendPlaced) -> Order:
    """The order as it is to be. A price that its type does not have, and lots of the other side, change nothing."""
    if amend.lots is not None and amend.lots * order.lots > 0:
        order = resized(order, amend.lots)
    if amend.limit_price is not None and order.type in _LIMITED:
        order = attrs.evolve(order, limit_price=amend.limit_price)
    if amend.stop_price is not None and order.type in _STOPPED:
        order = attrs.evolve(order, stop_price=amend.stop_price)
    return order
