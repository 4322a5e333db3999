"""What becomes of an order that met a price: how much of it fills there, at what, and what happens to the rest."""

from typing import Final

from actors.money.allocation import fill_parts
from actors.venue import matching
from actors.venue.arrival import INSUFFICIENT_MARGIN, wrong_amend
from actors.venue.book import Book
from actors.venue.floor import Floor
from actors.venue.match import MAKER, TAKER, Match
from actors.venue.prices import fill_price
from actors.venue.resting import Resting
from actors.venue.states import OVER, OrderEvent, step
from messages import (
    AmendRejected,
    Fill,
    FillPart,
    Lots,
    Message,
    Minor,
    Order,
    OrderAmended,
    OrderType,
    TimeInForce,
    UtcNs,
)

# An enum's member costs ten times what a global does, and these are asked for at every order.
_MARKET: Final = OrderType.MARKET
_LIMIT: Final = OrderType.LIMIT
_FOK: Final = TimeInForce.FOK
_AMEND: Final = OrderEvent.AMEND
_ASK_CANCEL: Final = OrderEvent.ASK_CANCEL
_FILL_REST: Final = OrderEvent.FILL_REST


def fill(
    floor: Floor, book: Book, resting: Resting, match: Match, ts: UtcNs, *, in_doubt: bool = False
) -> tuple[Message, ...]:
    """What an order has of a price that it met: a fill, its end, both, or nothing yet.

    `in_doubt`: should the position turn out to be lost, another path through the bar would have told otherwise.
    """
    order = resting.order
    if match.missed or (order.post_only and match.liquidity is TAKER):
        return floor.end(book, resting, order.time_in_force.value if match.missed else "post-only", ts)
    if order.type is not _MARKET and order.type is not _LIMIT and not resting.triggered:
        resting.trigger()
    left = order.lots - resting.filled
    price = fill_price(book.arithmetic.grid, order, match, left, book.slip)
    purse = book.purse
    if purse is not None and floor.is_lost(book, price):
        # Before it came to this price, there was no position left to trade with.
        return floor.liquidate(book, price, ts, ambiguous=in_doubt)
    lots, cut_by = left, ""
    value, fee = worth = _worth(book, match, left, price)
    if (
        order.reduce_only
        or book.cap is not None
        or not (purse is None or purse.takes(book.position, left, price, value + fee))
    ):
        lots, cut_by = _as_many(book, resting, left, price, match)
    if lots == left:
        return (_execute(floor, book, resting, match, lots, price, worth, ts), *floor.end(book, resting, "", ts))
    if order.time_in_force is _FOK:
        return floor.end(book, resting, cut_by or _FOK.value, ts)
    said: tuple[Message, ...] = ()
    if lots:
        said = (_execute(floor, book, resting, match, lots, price, _worth(book, match, lots, price), ts),)
    if cut_by:
        return said + floor.end(book, resting, cut_by, ts)
    if not resting.waits and resting.triggered and order.limit_price is None:
        # A stop that could not be filled at once goes on as a market order.
        book.take_out(resting)
        resting.waits = True
        book.put_in(resting)
    return said


def fill_market(floor: Floor, book: Book, price: float, before: UtcNs, ts: UtcNs) -> tuple[Message, ...]:
    """Fill what waited for any price and arrived before a time; listen to no more than what is left needs."""
    market = book.market
    if len(market) == 1:
        # The usual single order needs no list of what is said.
        if market[0].arrived >= before:
            return book.listen()
        return meet(floor, book, market[0], price, ts, half_spread=book.half_spread) + book.listen()
    said: list[Message] = []
    for resting in market[:]:
        if resting.arrived < before and resting.state not in OVER:
            said += meet(floor, book, resting, price, ts, half_spread=book.half_spread)
    return (*said, *book.listen())


def meet(
    floor: Floor, book: Book, resting: Resting, price: float, ts: UtcNs, *, half_spread: float
) -> tuple[Message, ...]:
    """An order that waited for any price meets one, which is the best of its side but for the half spread."""
    match = matching.at_any_price(resting, price, half_spread)
    if match is None:
        return floor.end(book, resting, resting.order.time_in_force.value, ts)
    return fill(floor, book, resting, match, ts)


def amend(floor: Floor, book: Book, resting: Resting, new: Order, ts: UtcNs) -> tuple[Message, ...]:
    """An order works as `new` from now on, if it can; with no more lots than were filled it is over.

    Another price, or more lots, count as newly arrived; fewer lots keep their place.
    """
    old = resting.order
    reason = wrong_amend(new, resting, book)
    if reason is not None:
        return (AmendRejected(new, reason, ts),)
    resting.order = new
    amended = OrderAmended(new, ts)
    if abs(new.lots) <= abs(resting.filled):
        resting.state = step(resting.state, _FILL_REST)
        return (amended, *floor.end(book, resting, "", ts), *book.listen())
    resting.state = step(resting.state, _AMEND)
    if (new.limit_price, new.stop_price) != (old.limit_price, old.stop_price) or abs(new.lots) > abs(old.lots):
        book.take_out(resting)
        resting.arrived, resting.fresh = ts, True
        book.put_in(resting)
    return (amended,)


def cancel(floor: Floor, resting: Resting, ts: UtcNs) -> tuple[Message, ...]:
    """An order that rests is taken back."""
    book = floor.books[resting.order.symbol]
    resting.state = step(resting.state, _ASK_CANCEL)
    return (*floor.end(book, resting, "", max(floor.now, ts)), *book.listen())


def _as_many(book: Book, resting: Resting, left: Lots, price: float, match: Match) -> tuple[Lots, str]:
    """How many of the lots that are left fill now, and why the rest never will ("": it may yet)."""
    order, lots, cut_by = resting.order, left, ""
    if order.reduce_only:
        lots = _reducing(lots, book.position.lots)
        if lots != left:
            cut_by = "reduce-only"
    if book.purse is not None and lots:
        rate = book.maker_fee if match.liquidity is MAKER else book.taker_fee
        allowed = book.purse.affordable(book.position, lots, price, rate)
        if allowed != lots:
            lots, cut_by = allowed, INSUFFICIENT_MARGIN
    if book.cap is not None and lots:
        allowed = book.cap.part_of(lots)
        if allowed != lots:
            lots, cut_by = allowed, order.time_in_force.value if resting.ends_at_once else ""
    return lots, cut_by


def _worth(book: Book, match: Match, lots: Lots, price: float) -> tuple[Minor, Minor]:
    """(value, fee) of a fill."""
    arithmetic = book.arithmetic
    rate = book.maker_fee if match.liquidity is MAKER else book.taker_fee
    return arithmetic.value_minor(lots, price), arithmetic.fee_minor(lots, price, rate) if rate else 0


def _execute(  # noqa: PLR0917 - names of arguments cost time, and this is done at every fill
    floor: Floor,
    book: Book,
    resting: Resting,
    match: Match,
    lots: Lots,
    price: float,
    worth: tuple[Minor, Minor],
    ts: UtcNs,
) -> Fill:
    order, arithmetic = resting.order, book.arithmetic
    value, fee = worth
    owners = order.owners
    parts = (
        (FillPart(owners[0].strategy, lots, value, fee),)
        if len(owners) == 1
        else fill_parts(lots, value, fee, resting.wanting())
    )
    executed = Fill(
        account=floor.account,
        currency=arithmetic.instrument.currency,
        symbol=order.symbol,
        client_id=order.client_id,
        execution_id=f"{order.client_id}-{resting.executions + 1}",
        ts=ts,
        lots=lots,
        price=price,
        liquidity=match.liquidity,
        value_minor=value,
        fee_minor=fee,
        parts=parts,
        ambiguous=match.ambiguous,
    )
    resting.fold(lots, parts)
    if book.cap is not None:
        book.cap.take(lots)
    floor.book_fill(book, executed)
    return executed


def _reducing(lots: Lots, held: Lots) -> Lots:
    """As many of these lots as bring a position nearer to nothing."""
    if lots < 0 < held:
        return max(lots, -held)
    return min(lots, -held) if held < 0 < lots else 0
