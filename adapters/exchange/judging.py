"""Whether the market and the account let an order be placed or changed; if not, a `Refusal` in BitMEX's words."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from adapters.exchange import ticket as tickets
from adapters.exchange.account import Account
from adapters.exchange.floor import Floor
from adapters.exchange.margins import Offer, maintenance_of, offers_of, opening, standing
from adapters.exchange.market import Market
from adapters.exchange.order import FILLED, Order
from adapters.exchange.refusals import Refusal, insufficient, invalid
from adapters.exchange.ticket import Ticket
from messages import NS_PER_SECOND, Lots

OPEN_ORDERS_MAX: Final = 200
STOP_ORDERS_MAX: Final = 10
"""Each per symbol and account."""
_REVIVAL: Final = 60 * NS_PER_SECOND
"""For so long leavesQty brings a filled order back."""


@attrs.frozen(kw_only=True)
class Wanted:
    """How an order is to be after an amend."""

    lots: Lots
    price: float | None
    stop: float | None
    peg_offset: float | None
    client_id: str
    text: str
    names: tuple[str, ...]
    """The fields that were asked for."""


def check_reducing(asked: Ticket, held: Lots, lot: int) -> None:
    """Reduce-only needs a position on the other side."""
    if held * asked.sign >= 0:
        name, side = ("Close" if "Close" in asked.words else "ReduceOnly"), "Buy" if asked.sign > 0 else "Sell"
        message = f"Order had execInst of {name} and side of {side} but current position is {held * lot}"
        raise Refusal(400, message)


def check_account(floor: Floor, account: Account, market: Market, order: Order) -> None:
    """Caps and margin of a new order, which the account does not have yet."""
    mine = account.open_in(market.symbol)
    if len(mine) >= OPEN_ORDERS_MAX:
        raise Refusal(400, "Too many open orders")
    if order.waits:
        if sum(other.waits for other in mine) >= STOP_ORDERS_MAX:
            raise Refusal(400, "Too many stop orders")
        # Stops take no margin until they are triggered.
        return
    if not order.reduces:
        check_margin(floor, account, market, Offer(order.sign, order.lots, _price(market, order)), None)


def _price(market: Market, order: Order) -> float:
    """What a market order is reckoned at: the other side's best, else the last price."""
    if order.price is not None and order.ticket.has_limit:
        return order.price
    return market.best(-order.sign) or market.tape.last


def check_margin(floor: Floor, account: Account, market: Market, offer: Offer, instead_of: Order | None) -> None:
    """Whether what is available covers the order's margin, and whether it would survive its own fill."""
    position, held = account.position(market.contract), account.lots(market.symbol)
    before = opening(market, held, offers_of(account, market))
    after = opening(market, held, [*offers_of(account, market, instead_of), offer])
    needed = after.margin(position) - before.margin(position)
    if needed <= 0:
        return
    stands = standing(floor, account, market.contract.settles)
    if needed > stands.available:
        raise insufficient(needed, market.contract.settles)
    if not survives(floor, account, market, offer):
        raise Refusal(400, "Executing at order price would lead to immediate liquidation")


def survives(floor: Floor, account: Account, market: Market, offer: Offer) -> bool:
    """Whether the account could keep its positions after this fill: what it loses against the mark, it has."""
    lots, deal = offer.sign * offer.lots, market.contract.instrument
    loss = market.arithmetic.value_minor(lots, offer.price) - market.marks.value_minor(lots, market.mark)
    if loss <= 0:
        return True
    kept = maintenance_of(account.position(market.contract))
    kept += market.arithmetic.fee_minor(lots, offer.price, deal.maintenance_margin)
    return standing(floor, account, market.contract.settles).balance - loss >= kept


def check_amend(floor: Floor, account: Account, market: Market, order: Order, fields: Mapping[str, Any]) -> Wanted:
    """How the order is to be, when that is allowed."""
    total, grid = _total(order, fields), market.arithmetic.grid
    if not order.is_open:
        young = floor.now - order.changed <= _REVIVAL
        if order.status != FILLED or not young or not tickets.whole(fields, "leavesQty"):
            raise Refusal(400, "Invalid ordStatus")
    client_id = tickets.word(fields, "clOrdID") if fields.get("origClOrdID") else ""
    if len(client_id) > tickets.CLIENT_ID_MAX:
        raise invalid("clOrdID")
    if client_id and client_id in account.by_client_id and client_id != order.client_id:
        raise Refusal(400, "Duplicate clOrdID")
    price = tickets.price_on_grid(fields, "price", grid)
    stop = tickets.price_on_grid(fields, "stopPx", grid)
    offset = tickets.number(fields, "pegOffsetValue")
    if price is not None and not order.ticket.has_limit:
        raise invalid("price for ordType")
    if stop is not None and not order.waits:
        raise invalid("stopPx for ordType")
    if offset is not None and not order.ticket.peg:
        raise invalid("pegOffsetValue")
    names = tuple(
        name for name in ("orderQty", "leavesQty", "price", "stopPx", "pegOffsetValue") if fields.get(name) is not None
    )
    wanted = Wanted(
        lots=order.lots if total is None else total,
        price=order.price if price is None else price,
        stop=order.stop if stop is None else stop,
        peg_offset=order.peg_offset if offset is None else offset,
        client_id=client_id,
        text=tickets.word(fields, "text"),
        names=names,
    )
    if not order.waits and not order.reduces and wanted.price is not None and wanted.lots > order.filled:
        offer = Offer(order.sign, wanted.lots - order.filled, wanted.price)
        check_margin(floor, account, market, offer, order)
    return wanted


def _total(order: Order, fields: Mapping[str, Any]) -> Lots | None:
    """The new total that an amend asks for; None when it asks for none."""
    total, left = tickets.whole(fields, "orderQty"), tickets.whole(fields, "leavesQty")
    if total is not None and left is not None:
        raise invalid("orderQty")
    if total is not None:
        if total == 0:
            raise invalid("orderQty")
        return tickets.lots_of(abs(total), order.contract)
    return None if left is None else order.filled + tickets.lots_of(abs(left), order.contract, "leavesQty")
