"""What requests to BitMEX ask for, and what its answers say of orders, in the auditor's words.

It reads what `requests` has written, and shares nothing with it: what is written wrong must not be read right. What
cannot be read touches no order that the auditor could tell anything of.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from actors.auditing.wire import Changed, Placed, Sent, SwitchSet, TakenBack, Terms
from messages import RequestAnswered, SendRequest

_ORDER: Final = "/api/v1/order"
_SWITCH: Final = f"{_ORDER}/cancelAllAfter"
_OVER: Final = ("Filled", "Canceled", "Rejected", "Expired")
_OK: Final = 200


def read_sent(sent: SendRequest) -> Sent | None:
    """What a request asks for; None for a question, a cancel of all, or what touches no order."""
    path = sent.path.partition("?")[0]
    if sent.verb == "GET" or path not in (_ORDER, _SWITCH):
        return None
    told = _object(sent.body)
    if path == _SWITCH:
        return SwitchSet() if told.get("timeout") else None
    if sent.verb == "DELETE":
        names = told.get("clOrdID", ())
        return TakenBack(client_ids=(names,) if isinstance(names, str) else tuple([str(name) for name in names]))
    terms = _terms(told, str(told.get("clOrdID") or told.get("origClOrdID") or ""))
    return Placed(terms=terms) if sent.verb == "POST" else Changed(terms=terms)


def read_answer(answered: RequestAnswered) -> Iterable[Terms]:
    """The order of an answer, while it lives: of one that is over nothing is left to be compared."""
    if answered.status != _OK:
        return ()
    told = _object(answered.body)
    if told.get("ordStatus") in (None, *_OVER) or not told.get("clOrdID"):
        return ()
    return (_terms(told, str(told["clOrdID"])),)


def _terms(told: Mapping[str, Any], client_id: str) -> Terms:
    contracts, side, symbol = _number(told.get("orderQty")), told.get("side"), told.get("symbol")
    if contracts is not None and side == "Sell":
        contracts = -contracts
    return Terms(
        client_id=client_id,
        symbol=symbol if isinstance(symbol, str) else None,
        contracts=contracts,
        is_signed=side in ("Buy", "Sell"),
        price=_number(told.get("price")),
        # A trailing stop's moves with the market.
        stop_price=None if told.get("pegPriceType") else _number(told.get("stopPx")),
    )


def _number(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return Decimal(value) if type(value) is int else None


def _object(text: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
