"""Trailing stops: a stop that follows the best price seen since the order arrived, at a distance, and never goes back.

It begins at the last price that its maker had seen, where the order tells it, and else at the first one shown.
It follows the prices whose order is known. Of a bar these are the open first and the close last; whether the high or
the low came first is not known. A sell stop that the low reaches where it stood is filled there: had the high come
first, it would have been filled higher. If the low does not reach it, the high raises it for certain before the bar
ends. A close beyond the raised stop then fills it on either path; a low beyond it only if it came after the high,
which is assumed. A buy stop is the mirror image. Where the two paths differ the fill is marked ambiguous.
"""

from actors.money.grid import PriceGrid
from actors.venue.match import TAKER, Match, triggers
from actors.venue.resting import Resting
from messages import Bar, Lots


def followed(stop: float | None, price: float, trail: float, lots: Lots, grid: PriceGrid) -> float:
    """Where the stop of an order for `lots` stands after a price was seen. It may lie below one tick: out of reach."""
    distance = grid.to_ticks(trail)
    level = grid.to_price(grid.to_ticks(price) + (distance if lots > 0 else -distance))
    if stop is None:
        return level
    return min(stop, level) if lots > 0 else max(stop, level)


def trailing_on_price(resting: Resting, price: float, grid: PriceGrid) -> Match | None:
    """A trailing stop meets a single price: it is touched, or follows."""
    lots, trail, stop = resting.order.lots, resting.order.trail, resting.stop
    assert trail is not None
    if stop is not None and triggers(price, stop, lots):
        return Match(price, TAKER)
    resting.stop = followed(stop, price, trail, lots, grid)
    return None


def trailing_on_bar(resting: Resting, bar: Bar, grid: PriceGrid) -> Match | None:
    """A trailing stop meets a bar. Of the bar during which it arrived it sees only the close."""
    if bar.open_ts < resting.arrived:
        match = trailing_on_price(resting, bar.close, grid)
        return None if match is None else match._replace(late=True)
    lots, trail, stop = resting.order.lots, resting.order.trail, resting.stop
    assert trail is not None
    if stop is not None and triggers(bar.open, stop, lots):
        return Match(bar.open, TAKER, at_open=True)
    best, worst = (bar.low, bar.high) if lots > 0 else (bar.high, bar.low)
    stood = followed(stop, bar.open, trail, lots, grid)
    raised = resting.stop = followed(stood, best, trail, lots, grid)
    if triggers(worst, stood, lots):
        return Match(stood, TAKER, ambiguous=raised != stood)
    if triggers(worst, raised, lots):
        return Match(raised, TAKER, ambiguous=not triggers(bar.close, raised, lots), late=True)
    return None
