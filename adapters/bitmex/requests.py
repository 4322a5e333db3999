"""What to send over REST: our messages and questions as requests, to the last character, not yet signed.

A request is signed when it leaves (`signing`, by the keys), because a signature says until when it holds. Numbers are
written as the exact decimals of the instrument's grid, never as what a float prints.
"""

import enum
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import attrs

from actors.money.grid import PriceGrid
from adapters.bitmex.credentials import Keys
from adapters.bitmex.environment import API
from messages import (
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    Instrument,
    Lots,
    Order,
    OrderType,
    Symbol,
    TimeInForce,
    UtcNs,
)


class Purpose(enum.IntEnum):
    """What a request is for: who may spend the last of the budget."""

    CANCEL = 0
    """Takes risk away; never starved by the others."""
    OPEN = 1
    QUERY = 2


@attrs.frozen(kw_only=True)
class Request:
    """One request. `path` holds the query string; `body` is "" or JSON; both are sent, and signed, as they are here."""

    verb: str
    path: str
    body: str = ""
    purpose: Purpose = Purpose.QUERY
    per_second: bool = False
    """Whether it also counts in the layer of 10 a second."""
    repeatable: bool = True
    """Whether sending it twice does no more than once: what is not must be looked up when its answer is lost."""
    client_id: str = ""
    """The order that it is about, by which its outcome can be looked up."""
    decided: UtcNs | None = None
    """Of what opens: when that was wanted. What was wanted up to a kill does not leave after it."""


_TYPES: Final = {
    OrderType.MARKET: "Market",
    OrderType.LIMIT: "Limit",
    OrderType.STOP: "Stop",
    OrderType.STOP_LIMIT: "StopLimit",
    OrderType.TRAILING_STOP: "Stop",
}
_TERMS: Final = {
    TimeInForce.GTC: "GoodTillCancel",
    TimeInForce.IOC: "ImmediateOrCancel",
    TimeInForce.FOK: "FillOrKill",
    TimeInForce.DAY: "Day",
}
_TRIGGERED: Final = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
_WITH_LIMIT: Final = (OrderType.LIMIT, OrderType.STOP_LIMIT)
BULK_CANCEL_MAX: Final = 100
"""Ids in one cancel: far below any limit on a body's length."""
SWITCH_MS_MIN: Final = 5_000
"""A dead man's switch below this is discouraged by the venue, and fires on a slow network."""


def signed_headers(request: Request, keys: Keys, expires: int) -> dict[str, str]:
    """All headers that a request needs; `expires` as in `signing.expires_at`, reckoned when the request leaves."""
    return {
        **keys.headers(request.verb, request.path, expires, request.body),
        "accept": "application/json",
        "content-type": "application/json",
    }


def json_text(fields: Mapping[str, Any]) -> str:
    """Compact JSON in which a Decimal is a number with exactly its digits; what is None is left out."""
    parts = (f"{json.dumps(name)}:{_value(value)}" for name, value in fields.items() if value is not None)
    return "{" + ",".join(parts) + "}"


def _value(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    assert not isinstance(value, float), "a float has no exact digits"
    return json.dumps(value, separators=(",", ":"))


def _price(value: float | None, instrument: Instrument) -> Decimal | None:
    if value is None:
        return None
    grid = PriceGrid(instrument)
    if not (grid.on_grid(value) and grid.to_ticks(value) > 0):
        raise ValueError(f"{value!r} is not a price on the grid of {instrument.symbol}")
    return grid.to_ticks(value) * instrument.tick_size


def contracts(lots: Lots, instrument: Instrument) -> int:
    """The venue's whole number for our lots, unsigned. ValueError when the lot is no whole number of contracts."""
    quantity = abs(lots) * instrument.lot_size
    if quantity != int(quantity) or quantity <= 0:
        raise ValueError(f"{lots} lots of {instrument.symbol} are {quantity} contracts")
    return int(quantity)


def place(approved: ApprovedOrder, instrument: Instrument) -> Request:
    """The order of an approval. ValueError for a price off the grid: the guard cannot have approved it."""
    order = approved.order
    body = {
        "symbol": order.symbol,
        "side": "Buy" if order.lots > 0 else "Sell",
        "orderQty": contracts(order.lots, instrument),
        "ordType": _TYPES[order.type],
        "price": _price(order.limit_price, instrument),
        "stopPx": _price(order.stop_price, instrument),
        "clOrdID": order.client_id,
        # A market order is immediate by itself, and a stop rests until it is touched, whatever we say of it.
        "timeInForce": _TERMS[order.time_in_force]
        if order.type in _WITH_LIMIT or order.time_in_force is not TimeInForce.GTC
        else None,
        "execInst": _instructions(order),
        **_peg(order, instrument),
    }
    return _opening("POST", body, order)


def _instructions(order: Order) -> str | None:
    """The trigger is always said: accounts differ about the venue's default."""
    words = []
    if order.post_only:
        words.append("ParticipateDoNotInitiate")
    if order.reduce_only:
        words.append("ReduceOnly")
    if order.type in _TRIGGERED:
        words.append("LastPrice")
    return ",".join(words) or None


def _peg(order: Order, instrument: Instrument) -> dict[str, Any]:
    """A trailing stop's distance: below the market for a sell, above it for a buy."""
    distance = _price(order.trail, instrument)
    if distance is None:
        return {}
    return {"pegPriceType": "TrailingStopPeg", "pegOffsetValue": distance if order.lots > 0 else -distance}


def amend(approved: ApprovedAmend, instrument: Instrument) -> Request:
    """The whole terms of an order that keeps its client id; `orderQty` is the new total, what was filled included."""
    order = approved.order
    body = {
        "origClOrdID": order.client_id,
        "orderQty": contracts(order.lots, instrument),
        "price": _price(order.limit_price, instrument),
        "stopPx": _price(order.stop_price, instrument),
        "pegOffsetValue": _peg(order, instrument).get("pegOffsetValue"),
    }
    return _opening("PUT", body, order)


def _opening(verb: str, body: Mapping[str, Any], order: Order) -> Request:
    """An order or its change: what may add risk is never sent twice."""
    return Request(
        verb=verb,
        path=f"{API}/order",
        body=json_text(body),
        purpose=Purpose.OPEN,
        per_second=True,
        repeatable=False,
        client_id=order.client_id,
        # What is to get flat at the moment of a kill is decided because of it, and not before it.
        decided=order.ts + order.reduce_only,
    )


def cancel(approved: ApprovedCancel) -> Request:
    """One order, by its client id."""
    return _cancel({"clOrdID": approved.client_id}, approved.client_id)


def cancel_many(client_ids: Sequence[str]) -> tuple[Request, ...]:
    """Many orders by their client ids, in as few requests as allowed: each counts as one."""
    return tuple(
        _cancel({"clOrdID": list(client_ids[start : start + BULK_CANCEL_MAX])}, "")
        for start in range(0, len(client_ids), BULK_CANCEL_MAX)
    )


def _cancel(fields: Mapping[str, Any], client_id: str, path: str = "/order") -> Request:
    return Request(
        verb="DELETE",
        path=API + path,
        body=json_text(fields),
        purpose=Purpose.CANCEL,
        per_second=True,
        client_id=client_id,
    )


def cancel_all(_wanted: CancelAll, symbol: Symbol | None = None) -> Request:
    """Every order of the account, foreign ones too: the account-wide kill."""
    return _cancel({"symbol": symbol}, "", "/order/all")


def close(symbol: Symbol, held: Lots, client_id: str) -> Request:
    """Bring the whole position in a symbol to nothing at the market, whatever it has become by then.

    The side is that of a position of `held` lots; on the wrong side of zero the venue refuses, and opens nothing.
    """
    body = {
        "symbol": symbol,
        "side": "Sell" if held > 0 else "Buy",
        "ordType": "Market",
        "clOrdID": client_id,
        "execInst": "Close",
    }
    # It takes risk away, and is spent like a cancel.
    return Request(
        verb="POST",
        path=f"{API}/order",
        body=json_text(body),
        purpose=Purpose.CANCEL,
        per_second=True,
        repeatable=False,
        client_id=client_id,
    )


def dead_mans_switch(timeout_ms: int) -> Request:
    """Cancel everything this many ms from now, unless asked again; 0 switches it off. ValueError below 5 s."""
    if timeout_ms != 0 and timeout_ms < SWITCH_MS_MIN:
        raise ValueError(f"a dead man's switch of {timeout_ms} ms is shorter than {SWITCH_MS_MIN} ms")
    body = json_text({"timeout": timeout_ms})
    return Request(verb="POST", path=f"{API}/order/cancelAllAfter", body=body, purpose=Purpose.CANCEL)


def leverage(symbol: Symbol, times: Decimal) -> Request:
    """Isolated margin of this leverage, 0.01 to 100; 0 is cross margin. ValueError for any other."""
    if times != 0 and not Decimal("0.01") <= times <= 100:
        raise ValueError(f"leverage is 0 or from 0.01 to 100, not {times}")
    return _setting("/position/leverage", {"symbol": symbol, "leverage": times})


def isolate(symbol: Symbol, *, enabled: bool) -> Request:
    """Isolated margin, or cross."""
    return _setting("/position/isolate", {"symbol": symbol, "enabled": enabled})


def _setting(path: str, fields: Mapping[str, Any]) -> Request:
    return Request(verb="POST", path=API + path, body=json_text(fields), purpose=Purpose.OPEN, per_second=True)


def query(path: str, **parameters: Any) -> Request:
    """A question; parameters that are None are left out, tables become JSON."""
    said = {name: _parameter(value) for name, value in parameters.items() if value is not None}
    return Request(verb="GET", path=f"{API}{path}?{urlencode(said)}" if said else API + path)


def _parameter(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_text(value) if isinstance(value, Mapping) else str(value)
