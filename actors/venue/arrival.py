"""What is wrong with an order, or with a change of one: reason codes, or None. Judgements of values."""

from typing import Final

from actors.venue.book import Book
from actors.venue.position import worst_lots
from actors.venue.purse import Purse
from actors.venue.resting import Resting
from messages import Lots, Order, OrderType, UtcNs

_MARKET: Final = OrderType.MARKET
INSUFFICIENT_MARGIN = "insufficient-margin"
INSUFFICIENT_FUNDS = "insufficient-funds"
NO_SHORT = "no-short"
OFF_GRID = "off-grid"
WRONG = "wrong"


def wrong_order(order: Order, book: Book, arrived: UtcNs) -> str | None:
    """Why an order can never be one."""
    expiry = book.arithmetic.instrument.expiry
    if book.expired or (expiry is not None and arrived >= expiry):
        return "expired"
    if order.type is not _MARKET and off_grid(order, book):
        return OFF_GRID
    if book.purse is None or (not book.position.initial and _is_safe(order, book)):
        return None
    return not_backed(order, order.lots, book, book.purse, None)


def wrong_amend(new: Order, resting: Resting, book: Book) -> str | None:
    """Why an order cannot be changed so: only lots on the same side, and prices that still mean something, change."""
    old = resting.order
    same = (
        (new.symbol, new.type, new.trail, new.time_in_force, new.post_only, new.reduce_only)
        == (old.symbol, old.type, old.trail, old.time_in_force, old.post_only, old.reduce_only)
    )  # fmt: skip
    if not same or new.lots * old.lots < 0 or (resting.triggered and new.stop_price != old.stop_price):
        return WRONG
    if off_grid(new, book):
        return OFF_GRID
    left = new.lots - resting.filled
    if book.purse is None or left * new.lots <= 0 or resting.is_dormant_stop:
        return None
    return not_backed(new, left, book, book.purse, resting)


def off_grid(order: Order, book: Book) -> bool:
    """Whether one of its prices is no price of this market."""
    on_grid = book.arithmetic.grid.on_grid
    prices = (order.limit_price, order.stop_price, order.trail)
    return any(price is not None and not on_grid(price) for price in prices)


def not_backed(order: Order, lots: Lots, book: Book, purse: Purse, replaced: Resting | None) -> str | None:
    """Why the account cannot have an order that would fill so many lots, in place of one that it has.

    The worst is assumed of everything that works: all of it on one side is filled, and nothing on the other. What
    does not make the worst case worse is never refused, a stop takes nothing until it is triggered, and without any
    price to value it at an order is judged when it fills.
    """
    dormant = order.stop_price is not None or order.trail is not None
    if dormant and not (replaced is not None and replaced.triggered):
        return None
    position = book.position
    buying, selling = book.working(replaced)
    if position.is_spot:
        if lots < 0:
            # Nor can a strategy sell what another one of the account has.
            held, owners = position.held, order.owners if replaced is None else ()
            lent = any(held.get(owner.strategy, 0) + owner.lots < 0 for owner in owners)
            return NO_SHORT if lent or selling - lots > position.lots else None
        return _not_paid_for(order, lots, book, purse, replaced)
    worst = worst_lots(position.lots, buying + max(0, lots), selling + max(0, -lots))
    if replaced is not None:
        buying, selling = book.working()
    if order.reduce_only or worst <= worst_lots(position.lots, buying, selling):
        return None
    price = _price(order, book)
    if price is None or purse.backs(position, worst, price):
        return None
    return INSUFFICIENT_MARGIN


def _is_safe(order: Order, book: Book) -> bool:
    """Whether it is known already that at the price of the order something is left of what backs the position."""
    position, price = book.position, _price(order, book)
    if position.is_spot or not position.lots or price is None:
        return False
    return position.lower < price < position.upper


def _not_paid_for(order: Order, lots: Lots, book: Book, purse: Purse, replaced: Resting | None) -> str | None:
    price = _price(order, book)
    if price is None:
        return None
    cost = _cost(book, lots, price)
    reserved = 0
    for other in book.siblings:
        if other.position.is_spot:
            reserved += sum([_reserved(other, each) for each in other.orders() if each is not replaced])
    return INSUFFICIENT_FUNDS if cost + reserved > purse.free_minor() else None


def _reserved(book: Book, resting: Resting) -> int:
    price = _price(resting.order, book)
    if resting.left <= 0 or price is None or resting.is_dormant_stop:
        return 0
    return _cost(book, resting.left, price)


def _cost(book: Book, lots: Lots, price: float) -> int:
    arithmetic = book.arithmetic
    return arithmetic.value_minor(lots, price) + max(0, arithmetic.fee_minor(lots, price, book.taker_fee))


def _price(order: Order, book: Book) -> float | None:
    if order.limit_price is not None:
        return order.limit_price
    price = book.position.price
    return order.reference_price if price is None else price
