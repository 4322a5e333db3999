"""What a client may ask of its orders. A command that raises Refusal has changed nothing."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.exchange import clockwork, trading
from adapters.exchange.account import Account
from adapters.exchange.floor import Floor
from adapters.exchange.market import OPEN, Market
from adapters.exchange.order import Order
from adapters.exchange.refusals import Refusal, invalid, not_found
from adapters.exchange.ticket import number, ticket, whole, word
from adapters.exchange.wire import Row, iso
from messages import NS_PER_MILLISECOND

_CANNOT_CANCEL: Final = "Unable to cancel order due to existing state: "


def place(floor: Floor, account: Account, fields: Mapping[str, Any]) -> Row:
    """POST /order."""
    market = floor.market_named(fields.get("symbol"))
    _check_open(market)
    order = trading.place(floor, account, ticket(fields, market.contract, market.arithmetic.grid), market)
    clockwork.settle(floor)
    return order.row()


def _check_open(market: Market) -> None:
    if market.state != OPEN:
        raise Refusal(400, f"Trading of {market.symbol} is suspended: it is {market.state}")


def amend(floor: Floor, account: Account, fields: dict[str, Any]) -> Row:
    """PUT /order."""
    order = trading.find(account, fields.get("orderID"), fields.get("origClOrdID"))
    if order is None:
        raise invalid("orderID")
    _check_open(floor.market_of(order))
    trading.amend(floor, order, fields)
    clockwork.settle(floor)
    return order.row()


def cancel(floor: Floor, account: Account, fields: Mapping[str, Any]) -> list[Row]:
    """DELETE /order: by orderID or clOrdID, each one or many. What cannot be canceled says so in its row."""
    names = [(name, value) for name in ("orderID", "clOrdID") for value in _many(fields.get(name))]
    if not names:
        raise invalid("orderID")
    rows: list[Row] = []
    for name, value in names:
        order = trading.find(account, *((value, None) if name == "orderID" else (None, value)))
        if order is not None:
            rows.append(_cancel(floor, order, word(fields, "text")))
        elif len(names) > 1:
            rows.append({name: value, "error": "Unable to cancel order"})
    if not rows:
        raise not_found()
    clockwork.settle(floor)
    return rows


def _cancel(floor: Floor, order: Order, text: str) -> Row:
    if not order.is_open:
        return {**order.row(), "error": f"{_CANNOT_CANCEL}{order.status}"}
    trading.end(floor, order, f"Canceled: {text or 'Canceled via API.'}")
    return order.row()


def cancel_all(floor: Floor, account: Account, fields: Mapping[str, Any], filters: Mapping[str, Any]) -> list[Row]:
    """DELETE /order/all: of a symbol, of what a filter names, or all."""
    symbol = fields.get("symbol")
    only = floor.market_named(symbol).symbol if symbol else None
    rows = []
    for order in list(account.open.values()):
        row = order.row()
        if order.is_open and only in (None, row["symbol"]) and all(row.get(k) == v for k, v in filters.items()):
            rows.append(_cancel(floor, order, word(fields, "text")))
    clockwork.settle(floor)
    return rows


def close(floor: Floor, account: Account, fields: Mapping[str, Any]) -> Row:
    """POST /order/closePosition (deprecated): a Close order for all of it."""
    market = floor.market_named(fields.get("symbol"))
    price = number(fields, "price")
    terms = {
        "symbol": market.symbol, "side": "Sell" if account.lots(market.symbol) > 0 else "Buy", "execInst": "Close",
        "ordType": "Market" if price is None else "Limit", "price": price, "text": "Position Close via API.",
    }  # fmt: skip
    return place(floor, account, terms)


def arm(floor: Floor, account: Account, timeout_ms: object) -> Row:
    """cancelAllAfter: everything is canceled that many ms from now; 0 takes it back."""
    wait = whole({"timeout": timeout_ms}, "timeout")
    if wait is None or wait < 0 or wait > 31_536_000_000:
        raise invalid("timeout")
    account.switch = floor.now + round(wait * NS_PER_MILLISECOND * floor.speed) if wait else None
    return {"now": iso(floor.now), "cancelTime": iso(account.switch) if account.switch else 0}


def _many(value: object) -> list[str]:
    """One name, a list of them, or (in a form) names between commas or a JSON list."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [part for part in value.split(",") if part]
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return value
    raise invalid("orderID")
