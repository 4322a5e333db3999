"""From a ticket to an order, from an order to its fills, and every way in which one ends."""

from typing import Any, Final

import attrs

from actors.venue.order_book import Match
from adapters.exchange.account import Account
from adapters.exchange.clearing import MAKER, TAKER, settle_fill
from adapters.exchange.floor import Floor
from adapters.exchange.judging import check_account, check_amend, check_reducing, survives
from adapters.exchange.margins import Offer
from adapters.exchange.market import Market
from adapters.exchange.order import CANCELED, Order
from adapters.exchange.refusals import Refusal, invalid
from adapters.exchange.ticket import Ticket
from messages import Lots

_OCO: Final = "OneCancelsTheOther"


def place(floor: Floor, account: Account, asked: Ticket, market: Market) -> Order:
    """Take an order and do what it asks for. Refusal leaves no trace."""
    if asked.client_id and asked.client_id in account.by_client_id:
        raise Refusal(400, "Duplicate clOrdID")
    held = account.lots(market.symbol)
    if asked.reduces:
        check_reducing(asked, held, market.contract.lot)
    lots = abs(held) if asked.lots is None else asked.lots
    if "Close" in asked.words:
        lots = min(lots, abs(held))
    if asked.kind == "Pegged":
        asked = attrs.evolve(asked, price=_pegged_price(asked, market))
    order = Order(
        number=floor.next_number(),
        order_id=floor.guid(),
        account=account.number,
        contract=market.contract,
        ticket=asked,
        client_id=asked.client_id,
        lots=lots,
        price=asked.price,
        stop=_first_stop(asked, market),
        peg_offset=asked.peg_offset,
        text=asked.text,
        placed=floor.now,
        changed=floor.now,
    )
    if not account.is_crowd:
        check_account(floor, account, market, order)
    account.remember(order)
    floor.note(order, "New")
    if "Close" in asked.words:
        _make_room(floor, account, market, order)
    if asked.has_trigger:
        market.waiting[order.number] = order
    else:
        work(floor, order)
    return order


def _pegged_price(asked: Ticket, market: Market) -> float:
    """A primary peg stands at the near touch, a market peg at the far one, fixed when it is taken."""
    near = asked.sign if asked.peg == "PrimaryPeg" else -asked.sign
    touch = market.best(near)
    if touch is None:
        raise invalid("price")
    return market.arithmetic.grid.round_nearest(touch + (asked.peg_offset or 0.0))


def _first_stop(asked: Ticket, market: Market) -> float | None:
    if asked.peg != "TrailingStopPeg" or asked.stop is not None or asked.peg_offset is None:
        return asked.stop
    return market.arithmetic.grid.round_nearest(market.price_for(asked.trigger) + asked.peg_offset)


def _make_room(floor: Floor, account: Account, market: Market, closing: Order) -> None:
    """A close takes the place of other orders of its side when together they would do more than close."""
    same = [order for order in account.open_in(market.symbol) if order.sign == closing.sign and order is not closing]
    if closing.left + sum(order.left for order in same) > abs(account.lots(market.symbol)):
        for order in same:
            end(floor, order, "Canceled: Order canceled by Close")


def work(floor: Floor, order: Order) -> None:
    """The order meets the book: at once when it is new, or when its trigger came."""
    market = floor.market_of(order)
    grid = market.arithmetic.grid
    limit = grid.to_ticks(order.price) if order.ticket.has_limit and order.price is not None else None
    lots = order.sign * order.left
    reason = ""
    if order.ticket.post_only and limit is not None and market.book.crosses(lots, limit):
        reason = "ParticipateDoNotInitiate"
    elif order.ticket.time_in_force == "FillOrKill" and market.book.available(lots, limit, abs(lots)) < abs(lots):
        reason = "FillOrKill"
    if reason:
        said = "execInst" if order.ticket.post_only else "timeInForce"
        end(floor, order, f"Canceled: Order had {said} of {reason}")
        return
    order.working = True
    if not floor.owner(order).is_crowd:
        floor.outbox.order(order)
    _match(floor, market, order, limit)
    if not order.is_open:
        return
    if limit is None or order.ticket.time_in_force == "ImmediateOrCancel":
        reason = "No liquidity" if limit is None else f"Order had timeInForce of {order.ticket.time_in_force}"
        end(floor, order, f"Canceled: {reason}")
        return
    market.book.rest(order.number, order.sign * order.left, limit)
    market.orders[order.number] = order
    order.rests = True
    if order.reduces:
        trim_reducing(floor, floor.owner(order), market)


def _match(floor: Floor, market: Market, order: Order, limit: int | None) -> None:
    """Meet resting orders until the order is filled, or nobody is left at its limit."""
    account, ours = floor.owner(order), market.arithmetic
    touched: dict[int, Account] = {account.number: account}
    while order.is_open:
        left = order.left
        if order.reduces:
            left = min(left, max(0, -account.lots(market.symbol) * order.sign))
            if left == 0:
                end(floor, order, "Canceled: Order had execInst of ReduceOnly")
                break
        if limit is None and not order.reduces and not _bears_next(floor, market, order, left):
            end(floor, order, "Canceled: Executing further would lead to immediate liquidation")
            break
        met = market.book.next_match(order.sign * left, limit)
        if met is None:
            break
        price, match_id = ours.grid.to_price(met.ticks), floor.guid()
        maker = _maker(market, met)
        settle_fill(floor, maker, met.lots, price, liquidity=MAKER, match_id=match_id)
        settle_fill(floor, order, met.lots, price, liquidity=TAKER, match_id=match_id)
        value = abs(ours.value_minor(met.lots, price))
        floor.outbox.trade(market.tape.trade(floor.now, order.sign * met.lots, price, value, match_id))
        market.changed = floor.now
        owner = floor.owner(maker)
        touched[owner.number] = owner
        _after_fill(floor, maker)
    if order.filled:
        _after_fill(floor, order)
    for owner in touched.values():
        trim_reducing(floor, owner, market)


def _bears_next(floor: Floor, market: Market, order: Order, left: Lots) -> bool:
    """A market order goes no further than its account can bear."""
    price, account = market.best(-order.sign), floor.owner(order)
    if price is None or account.is_crowd:
        return True
    size = market.book.size_at(-order.sign, market.arithmetic.grid.to_ticks(price))
    return survives(floor, account, market, Offer(order.sign, min(left, size), price))


def _maker(market: Market, met: Match) -> Order:
    maker = market.orders[met.maker]
    if met.done:
        del market.orders[met.maker]
        maker.rests = False
    return maker


def _after_fill(floor: Floor, order: Order) -> None:
    """One cancels the other."""
    if order.ticket.contingency == _OCO:
        for other in floor.owner(order).open_in(order.contract.symbol):
            if other is not order and other.ticket.link_id == order.ticket.link_id:
                end(floor, other, "Canceled: One Cancels the Other")


def trim_reducing(floor: Floor, account: Account, market: Market) -> None:
    """Resting reduce-only orders are cut to the position they reduce, the least aggressive first."""
    if account.is_crowd:
        return
    held = account.lots(market.symbol)
    for sign in (1, -1):
        mine = [
            order for order in account.open_in(market.symbol) if order.reduces and order.rests and order.sign == sign
        ]
        mine.sort(key=lambda order: (-(order.price or 0.0) * order.sign, order.number))
        allowed = max(0, -held * sign)
        for order in mine:
            if allowed == 0:
                end(floor, order, "Canceled: Order had execInst of ReduceOnly")
            elif order.left > allowed:
                _resize(floor, order, order.filled + allowed)
                floor.note(order, "Replaced")
            allowed = max(0, allowed - order.left)


def end(floor: Floor, order: Order, text: str) -> None:
    """An order is over without being filled to its end; `text` is put before its own."""
    market, account = floor.market_of(order), floor.owner(order)
    _leave(market, order)
    account.open.pop(order.number, None)
    order.status, order.working, order.changed = CANCELED, False, floor.now
    order.text = f"{text}\n{order.text}"
    floor.note(order, "Canceled")
    if order.ticket.contingency == _OCO and not account.is_crowd:
        for other in account.open_in(order.contract.symbol):
            if other.ticket.link_id == order.ticket.link_id:
                end(floor, other, "Canceled: One Cancels the Other")


def _leave(market: Market, order: Order) -> None:
    if order.rests:
        market.book.cancel(order.number)
        del market.orders[order.number]
        order.rests = False
    market.waiting.pop(order.number, None)


def _resize(floor: Floor, order: Order, lots: Lots) -> None:
    """Another total for an order: smaller keeps its place, larger loses it."""
    market, before = floor.market_of(order), order.left
    order.lots, order.changed = lots, floor.now
    if not order.rests:
        return
    if order.left < before:
        market.book.reduce(order.number, order.left)
    elif order.left > before:
        assert order.price is not None
        market.book.cancel(order.number)
        market.book.rest(order.number, order.sign * order.left, market.arithmetic.grid.to_ticks(order.price))


def amend(floor: Floor, order: Order, fields: dict[str, Any]) -> Order:
    """Change an order's size, price, trigger or distance."""
    market, account = floor.market_of(order), floor.owner(order)
    wanted = check_amend(floor, account, market, order, fields)
    if not order.is_open:
        # leavesQty may bring a filled order back for a minute.
        order.status = "PartiallyFilled"
        account.open[order.number] = order
    moved = wanted.price != order.price and order.ticket.has_limit
    if wanted.client_id:
        account.by_client_id[wanted.client_id] = order
        order.client_id = wanted.client_id
    order.text = f"Amended {' '.join(wanted.names)}\n{wanted.text or order.text}"
    order.stop, order.peg_offset, order.changed = wanted.stop, wanted.peg_offset, floor.now
    revived = not order.rests and not order.waits
    if wanted.lots <= order.filled:
        order.lots = wanted.lots
        end(floor, order, "Canceled: Amended to what was filled")
        return order
    if moved or revived:
        _leave_book(market, order)
        order.price = wanted.price
    _resize(floor, order, wanted.lots)
    floor.note(order, "Replaced")
    if (moved or revived) and not order.waits:
        work(floor, order)
    trim_reducing(floor, account, market)
    return order


def _leave_book(market: Market, order: Order) -> None:
    if order.rests:
        market.book.cancel(order.number)
        del market.orders[order.number]
        order.rests = False


def find(account: Account, order_id: object, client_id: object) -> Order | None:
    """An account's order by either of its names."""
    if isinstance(order_id, str) and order_id:
        return account.orders.get(order_id)
    if isinstance(client_id, str) and client_id:
        return account.by_client_id.get(client_id)
    return None
