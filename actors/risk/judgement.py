"""The guard's judgement on one order: pure functions of values."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import attrs

from actors.money.grid import PriceGrid
from actors.money.values import Arithmetic
from actors.risk.limits import RiskLimits, SizeLimits
from messages import Lots, Minor, Order, TradingState

# An enum's member costs ten times what a global does, and these are asked for at every order.
_ACTIVE: Final = TradingState.ACTIVE
_REDUCE_ONLY: Final = TradingState.REDUCE_ONLY
_SHUT: Final = (TradingState.HALTED, TradingState.RECOVERING)
_KEPT_BACK: Final = {TradingState.REDUCE_ONLY: "reduce-only", TradingState.RECOVERING: "venue-not-ready"}


@attrs.frozen(kw_only=True)
class Room:
    """One row of limits, and what it is about: the whole order in the account, or one strategy's part of both."""

    limits: SizeLimits
    lots: Lots
    """Of the order, filled ones included."""
    left: Lots
    """Signed: what may still be filled of it."""
    position: Lots
    buying: Lots = 0
    selling: Lots = 0
    """What may still come of other approved orders, both zero or above."""
    only_reduces: bool = False
    """The venue itself keeps the order from adding to this position."""
    reducing: Lots = 0
    """Zero or above: what of the lots on the order's side is such orders'."""
    open_orders: int = 0
    """Others."""
    too_many: bool = False
    """The row's order rate is used up."""


@attrs.frozen(kw_only=True)
class Further:
    """What is looked at only where some limit asks for it."""

    arithmetic: Arithmetic
    rooms: tuple[Room, ...] = ()
    gross_minor: Minor | None = 0
    """What the positions of the currency's other symbols may be worth; None where a price is missing."""
    equity_minor: Minor | None = None


def refusal(
    order: Order,
    *,
    limits: RiskLimits,
    state: TradingState,
    grid: PriceGrid | None,
    position: Lots,
    buying: Lots = 0,
    selling: Lots = 0,
    last_price: float | None = None,
    too_many: bool = False,
    left: Lots | None = None,
    reducing: Lots = 0,
    eased: bool = False,
    further: Further | None = None,
) -> str | None:
    """Why an order, or an amend to it, must not pass, as a code of `REASONS`, or None.

    `position` is held; `buying` and `selling` (both zero or above) may still come of other approved orders. `grid` is
    None for a symbol that has no instrument; `too_many` says that the order rate is used up. Of a
    reduce-only order `reducing` is what of the lots on its side is other such orders'. Of an order that is to be
    amended `left` is what may still be filled after it, and `eased` says that it takes nothing but lots away. What
    gets out while the account does not trade freely is judged by order size, the prices that it names and rate alone:
    nothing else may keep a position from being closed.
    """
    lots = order.lots if left is None else left
    if state is not _ACTIVE and not _gets_out(order, lots, state, position=position, buying=buying, selling=selling):
        return _KEPT_BACK.get(state, "halted")
    if grid is None:
        return "unknown-symbol"
    reason = (
        None
        if eased
        else _too_large(order, limits, lots, position=position, buying=buying, selling=selling, reducing=reducing)
    )
    if reason is None:
        reason = _wrong_price(order, grid, last_price, limits.price_band, gets_out=state is not _ACTIVE)
    if reason is None and further is not None and state is _ACTIVE:
        reason = _beyond(order, limits, last_price, further, eased=eased)
    return "order-rate" if reason is None and too_many else reason


def shrinks(lots: Lots, *, position: Lots, buying: Lots, selling: Lots) -> bool:
    """Whether so many lots can do nothing but shrink the position, whatever else is on its way."""
    if lots > 0:
        return lots + buying <= -position
    return lots == 0 or selling - lots <= position


def reduces(order: Order, *, position: Lots, buying: Lots, selling: Lots) -> bool:
    """Whether a reduce-only order can do nothing but shrink the position, whatever else is on its way."""
    return order.reduce_only and shrinks(order.lots, position=position, buying=buying, selling=selling)


def _gets_out(order: Order, lots: Lots, state: TradingState, *, position: Lots, buying: Lots, selling: Lots) -> bool:
    if state in _SHUT or not (order.reduce_only or state is _REDUCE_ONLY):
        return False
    return shrinks(lots, position=position, buying=buying, selling=selling)


def _too_large(
    order: Order, limits: RiskLimits, lots: Lots, *, position: Lots, buying: Lots, selling: Lots, reducing: Lots
) -> str | None:
    if limits.order_lots_max is not None and abs(order.lots) > limits.order_lots_max:
        return "order-size"
    largest = limits.position_lots_max
    if largest is None:
        return None
    worst = (
        _worst_closed(lots, position, buying, selling, reducing)
        if order.reduce_only
        else _worst(lots, position, buying, selling)
    )
    return "position-limit" if worst > largest else None


def _worst_closed(lots: Lots, position: Lots, buying: Lots, selling: Lots, reducing: Lots) -> Lots:
    """`_worst` of a reduce-only order: with others like it it closes, and no more, which makes room for the rest."""
    held = -position if lots > 0 else position
    if held <= 0 or lots == 0:
        return 0
    return (buying if lots > 0 else selling) - reducing - held + min(abs(lots) + reducing, held)


def _worst(lots: Lots, position: Lots, buying: Lots, selling: Lots) -> Lots:
    """The position on the order's own side, in lots of that side, should all that is on its way there be filled."""
    if lots > 0:
        return position + buying + lots
    return selling - position - lots if lots < 0 else 0


def _wrong_price(
    order: Order, grid: PriceGrid, last_price: float | None, band: float | None, *, gets_out: bool
) -> str | None:
    limit, stop = order.limit_price, order.stop_price
    if (limit is not None and not grid.on_grid(limit)) or (stop is not None and not grid.on_grid(stop)):
        return "off-grid"
    if band is None:
        return None
    # Before the market was heard, what the order's maker had seen has to do.
    last = last_price if last_price is not None else order.reference_price
    if last is None:
        return None
    # A reference price says what was known, not what is asked for: it keeps nobody from getting out.
    reference = None if gets_out or order.reduce_only else order.reference_price
    for price in (limit, stop, reference):
        if price is not None and abs(price - last) > band * last:
            return "price-band"
    return "price-band" if order.trail is not None and order.trail > band * last else None


def _prices(order: Order, last_price: float | None, grid: PriceGrid) -> list[float]:
    """All that is known of what it may trade at."""
    last = last_price if last_price is not None else order.reference_price
    known = [price for price in (order.limit_price, order.stop_price, last) if price is not None]
    if order.trail is not None and last is not None:
        known.append(last + order.trail if order.lots > 0 else last - order.trail)
    # An inverse contract has no value at less than half a tick, and no contract trades there.
    return [price for price in known if grid.to_ticks(price) > 0]


def _worth(lots: Lots, prices: Sequence[float], arithmetic: Arithmetic) -> Minor:
    return max([abs(arithmetic.value_minor(lots, price)) for price in prices])


def _beyond(order: Order, limits: RiskLimits, last_price: float | None, further: Further, *, eased: bool) -> str | None:
    for room in further.rooms:
        if room.too_many:
            return "order-rate"
    if eased:
        return None
    prices = _prices(order, last_price, further.arithmetic.grid)
    for room in further.rooms:
        reason = _beyond_room(room, prices, further.arithmetic)
        if reason is not None:
            return reason
    if limits.leverage_max is None:
        return None
    worst = _worst_of(further.rooms[0])
    if worst <= 0:
        # It can do nothing but shrink the position. That the other side may become larger still excuses no other order:
        # what makes that side is priced elsewhere, and may never be filled.
        return None
    return _beyond_leverage(worst, limits.leverage_max, prices, further)


def _worst_of(room: Room) -> Lots:
    if room.only_reduces:
        return _worst_closed(room.left, room.position, room.buying, room.selling, room.reducing)
    return _worst(room.left, room.position, room.buying, room.selling)


def _beyond_room(room: Room, prices: Sequence[float], arithmetic: Arithmetic) -> str | None:
    limits = room.limits
    if limits.order_lots_max is not None and abs(room.lots) > limits.order_lots_max:
        return "order-size"
    if limits.open_orders_max is not None and room.open_orders >= limits.open_orders_max:
        return "open-orders"
    worst = _worst_of(room)
    if limits.position_lots_max is not None and worst > limits.position_lots_max:
        return "position-limit"
    return _beyond_worth(room, worst, prices, arithmetic) if limits.has_notional else None


def _beyond_worth(room: Room, worst: Lots, prices: Sequence[float], arithmetic: Arithmetic) -> str | None:
    if not prices:
        return "price-unknown"
    limits = room.limits
    digits = arithmetic.instrument.minor_digits
    most = limits.order_notional_max
    if most is not None and _worth(room.lots, prices, arithmetic) > most.scaleb(digits):
        return "order-notional"
    most = limits.position_notional_max
    if most is not None and worst > 0 and _worth(worst, prices, arithmetic) > most.scaleb(digits):
        return "position-notional"
    return None


def _beyond_leverage(worst: Lots, leverage_max: Decimal, prices: Sequence[float], further: Further) -> str | None:
    if further.equity_minor is None:
        return "equity-unknown"
    if not prices or further.gross_minor is None:
        return "price-unknown"
    gross = further.gross_minor + _worth(worst, prices, further.arithmetic)
    return "leverage" if gross > leverage_max * further.equity_minor else None
