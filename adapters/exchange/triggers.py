"""Stops and touched orders: which prices set them off, and how trailing ones follow."""

from typing import Final

from adapters.exchange.floor import Floor
from adapters.exchange.judging import check_margin
from adapters.exchange.margins import Offer
from adapters.exchange.market import Market
from adapters.exchange.order import Order
from adapters.exchange.refusals import Refusal
from adapters.exchange.ticket import STOPS
from adapters.exchange.trading import end, work
from messages import NS_PER_SECOND

_TRAIL_PAUSE: Final = NS_PER_SECOND
_TRAIL_LEAST: Final = 0.001
"""A trailing stop follows at most once a second, and moves of more than 0.1 % at once (BitMEX, order types)."""


def is_touched(order: Order, price: float) -> bool:
    """A buy stop triggers at or above its price, a sell stop at or below it; touched orders the other way."""
    assert order.stop is not None
    above = (order.sign > 0) == (order.ticket.kind in STOPS)
    return price >= order.stop if above else price <= order.stop


def check(floor: Floor, market: Market) -> bool:
    """Set off what the market's prices reach, oldest first; whether anything was."""
    fired = False
    for order in list(market.waiting.values()):
        if order.number not in market.waiting:
            continue
        price = market.price_for(order.ticket.trigger)
        if is_touched(order, price):
            _fire(floor, market, order)
            fired = True
        elif order.ticket.peg == "TrailingStopPeg":
            _follow(floor, market, order, price)
    return fired


def _fire(floor: Floor, market: Market, order: Order) -> None:
    del market.waiting[order.number]
    order.triggered, order.changed = "StopOrderTriggered", floor.now
    account = floor.owner(order)
    floor.note(order, "TriggeredOrActivatedBySystem")
    if order.reduces:
        left = max(0, -account.lots(market.symbol) * order.sign)
        if left == 0:
            end(floor, order, "Canceled: Order had execInst of ReduceOnly")
            return
        order.lots = min(order.lots, order.filled + left)
    elif not account.is_crowd:
        price = order.price if order.price is not None else market.best(-order.sign) or market.tape.last
        try:
            # The account has the order already; what it takes is asked for only now.
            check_margin(floor, account, market, Offer(order.sign, order.left, price), order)
        except Refusal as refusal:
            end(floor, order, f"Canceled: {refusal.message}")
            return
    work(floor, order)


def _follow(floor: Floor, market: Market, order: Order, price: float) -> None:
    """A trailing stop never goes back."""
    assert order.stop is not None
    assert order.peg_offset is not None
    level = market.arithmetic.grid.round_nearest(price + order.peg_offset)
    better = level > order.stop if order.peg_offset < 0 else level < order.stop
    large = abs(level / order.stop - 1) > _TRAIL_LEAST
    if better and (large or floor.now - order.changed >= _TRAIL_PAUSE):
        order.stop, order.changed = level, floor.now
        floor.note(order, "Restated")
