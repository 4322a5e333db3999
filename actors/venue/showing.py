"""The market shows a symbol's price: in which order what rests, what is held and what waits meet it.

First the resting orders, in the order of their arrival; then what is held, where the price is worst for it; then the
orders that waited for whatever price came. Only where a bar's worst would have taken away what was held before it does
that come first: no profit is taken after a path on which there was nothing left to take it with. Prices shown while the
market is closed are heard by nobody.
"""

from collections.abc import Callable
from typing import TypeVar

from actors.venue import dealing, matching
from actors.venue.book import Book
from actors.venue.floor import Floor
from actors.venue.match import Match
from actors.venue.matching import Rules
from actors.venue.resting import Resting
from actors.venue.states import OVER
from messages import Bar, BarOpen, Message, Quote, Tick, TickBlock, UtcNs

_Shown = TypeVar("_Shown")


def bar_open(floor: Floor, book: Book, shown: BarOpen) -> tuple[Message, ...]:
    """A bar has begun."""
    # From here on the close before is not the last price any more.
    book.close = None
    if book.has_hours and not book.hours.is_open(shown.ts):
        return ()
    price = shown.price
    book.position.last, book.slip = price, book.slip_of_price
    if book.cap is not None:
        book.cap.at_open()
    return dealing.fill_market(floor, book, price, shown.ts + 1, shown.received) if book.market else ()


def bar(floor: Floor, book: Book, shown: Bar) -> tuple[Message, ...]:
    """A bar has ended: its path for what rests, its worst for what is held, its close for what waits since it began."""
    if book.has_hours and not book.hours.overlaps(shown.open_ts, shown.close_ts):
        return ()
    position, ts = book.position, shown.received
    if book.this_close:
        book.close = (shown.close_ts, shown.close)
    if book.cap is not None:
        book.cap.on_bar(shown.volume)
    book.slip = book.slip_of_price
    said: list[Message] = []
    if book.resting:
        # What arrived at the close itself (in answer to another symbol's fill) did not see this bar.
        seen = [each for each in book.resting if each.arrived < shown.close_ts]
        met = matching.on_bar(seen, shown, book.rules, position.held)
        if met and _may_be_lost(floor, book, shown):
            said += _worst_first(floor, book, met, shown)
        else:
            for resting, match in met:
                if resting.state not in OVER:
                    said += dealing.fill(floor, book, resting, match, ts)
    if not (position.lower < shown.low and shown.high < position.upper):
        said += floor.judge(book, shown.low, shown.high, ts)
    position.last = shown.close
    if book.market:
        said += dealing.fill_market(floor, book, shown.close, shown.close_ts, ts)
    elif said:
        said += book.listen()
    return tuple(said)


def _may_be_lost(floor: Floor, book: Book, shown: Bar) -> bool:
    """Whether a bar's worst price would take away what was held before it, had no order come in between."""
    position = book.position
    if position.mark is not None or (position.lower < shown.low and shown.high < position.upper):
        return False
    return floor.is_lost(book, shown.low if position.lots > 0 else shown.high)


def _worst_first(floor: Floor, book: Book, met: list[tuple[Resting, Match]], shown: Bar) -> list[Message]:
    """The pessimistic path of a bar: from its open to the price that is worst for what is held, and then elsewhere.

    On the way there fills what the open decided, and what lies on that side of it, the nearest first. If the position
    is lost at the end of the way all the same, whatever else the bar reached came too late, and that is in doubt.
    """
    position, ts, opened = book.position, shown.received, shown.open
    sign = 1 if position.lots > 0 else -1
    before: list[tuple[Resting, Match]] = []
    after: list[tuple[Resting, Match]] = []
    for resting, match in met:
        on_the_way = match.at_open or (not match.late and (match.price - opened) * sign <= 0)
        if on_the_way and match.price == opened and not match.at_open:
            # A limit at the open itself, which has to be traded through: the market goes on to the limit's own side.
            on_the_way = book.rules.touch or resting.order.lots * sign > 0
        (before if on_the_way else after).append((resting, match))
    before.sort(key=lambda each: 0.0 if each[1].at_open else abs(each[1].price - opened))
    in_doubt = bool(after or any(match.ambiguous for _, match in before)) and not floor.is_lost(book, opened)
    said: list[Message] = []
    for resting, match in before:
        if resting.state not in OVER:
            said += dealing.fill(floor, book, resting, match, ts, in_doubt=in_doubt)
    if position.lots * sign > 0:
        said += floor.judge(book, shown.low, shown.high, ts, ambiguous=in_doubt)
    for resting, match in after:
        if resting.state not in OVER:
            said += dealing.fill(floor, book, resting, match, ts)
    return said


def tick(floor: Floor, book: Book, shown: Tick) -> tuple[Message, ...]:
    """A trade: for market orders its price, for the others a price that may reach them."""
    if book.has_hours and not book.hours.is_open(shown.ts):
        return ()
    position, price, ts = book.position, shown.price, shown.received
    position.last, book.slip = price, book.slip_of_price
    if book.cap is not None:
        book.cap.on_tick(shown.size)
    said = _meet_resting(floor, book, matching.on_tick, price, ts)
    if not position.lower < price < position.upper:
        said += floor.judge(book, price, price, ts)
    said += dealing.fill_market(floor, book, price, ts + 1, ts)
    return tuple(said)


def _meet_resting(
    floor: Floor, book: Book, meets: Callable[[Resting, _Shown, Rules], Match | None], shown: _Shown, ts: UtcNs
) -> list[Message]:
    """What rests meets a price, in the order of arrival."""
    said: list[Message] = []
    for resting in list(book.resting):
        if resting.arrived <= ts and resting.state not in OVER:
            match = meets(resting, shown, book.rules)
            if match is not None:
                said += dealing.fill(floor, book, resting, match, ts)
    return said


def block(floor: Floor, book: Book, shown: TickBlock) -> tuple[Message, ...]:
    """Trades in one piece, while no order works: what is held is judged at each in their order."""
    position = book.position
    said: list[Message] = []
    for ts, price in zip(shown.ts, shown.prices, strict=True):
        if book.has_hours and not book.hours.is_open(ts):
            continue
        position.last = price
        if not position.lower < price < position.upper:
            said += floor.judge(book, price, price, shown.received)
    return tuple(said)


def quote(floor: Floor, book: Book, shown: Quote) -> tuple[Message, ...]:
    """The offer for who buys, the bid for who sells, the middle for what is held."""
    if book.has_hours and not book.hours.is_open(shown.ts):
        return ()
    position, ts = book.position, shown.received
    middle = position.last = (shown.bid + shown.ask) / 2
    book.slip = book.slip_of_spread(shown)
    if book.cap is not None:
        book.cap.on_quote(shown.bid_size, shown.ask_size)
    said = _meet_resting(floor, book, matching.on_quote, shown, ts)
    if not position.lower < middle < position.upper:
        said += floor.judge(book, middle, middle, ts)
    for resting in list(book.market):
        if resting.arrived <= ts and resting.state not in OVER:
            price = shown.ask if resting.order.lots > 0 else shown.bid
            said += dealing.meet(floor, book, resting, price, ts, half_spread=0.0)
    return (*said, *book.listen()) if said else ()
