"""Frames as BitMEX writes them, made by hand, with defaults: a test says only what it is about."""

import json

STAMP = "2024-01-01T00:00:00.000Z"
"""MONDAY, as the venue writes it."""
GUID = "11111111-2222-3333-4444-555555555555"
WELCOME = json.dumps(
    {
        "info": "Welcome to the BitMEX Realtime API.",
        "version": "2.0.0",
        "timestamp": STAMP,
        "docs": "https://www.bitmex.com/app/wsAPI",
        "heartbeatEnabled": False,
        "limit": {"remaining": 719},
    }
)
KEYS = {
    "trade": [],
    "quote": [],
    "tradeBin1m": [],
    "execution": [],
    "orderBookL2": ["symbol", "id", "side"],
    "orderBookL2_25": ["symbol", "id", "side"],
    "orderBook10": ["symbol"],
    "instrument": ["symbol"],
    "funding": ["timestamp", "symbol"],
    "liquidation": ["orderID"],
    "order": ["orderID"],
    "position": ["account", "symbol"],
    "margin": ["account", "currency"],
    "wallet": ["account", "currency"],
}


def a_frame(table, action, *rows):
    return json.dumps({"table": table, "action": action, "data": list(rows)})


def a_partial(table, *rows, symbol="XBTUSD", keys=None, **filter_):
    by = {**({} if symbol is None else {"symbol": symbol}), **filter_}
    return json.dumps(
        {
            "table": table,
            "action": "partial",
            "keys": KEYS[table] if keys is None else keys,
            "types": {},
            "filter": by,
            "data": list(rows),
        }
    )


def an_ack(topic, op="subscribe"):
    return json.dumps({"success": True, op: topic, "request": {"op": op, "args": [topic]}})


def a_refusal(text, *, op="subscribe", args=(), status=400, meta=None):
    request = {"op": op, "args": list(args)}
    return json.dumps({"status": status, "error": text, "meta": meta or {}, "request": request})


def a_trade_row(price=42000.5, size=100, **fields):
    return {
        "timestamp": STAMP,
        "symbol": "XBTUSD",
        "side": "Buy",
        "size": size,
        "price": price,
        "tickDirection": "PlusTick",
        "trdMatchID": GUID,
        "grossValue": 238095,
        "homeNotional": 0.00238,
        "foreignNotional": size,
        **fields,
    }


def a_level_row(id_, side, size=None, price=None, **fields):
    row = {"symbol": "XBTUSD", "id": id_, "side": side, "size": size, "price": price, **fields}
    return {name: value for name, value in row.items() if value is not None}


def an_instrument_row(**fields):
    return {
        "symbol": "XBTUSD",
        "rootSymbol": "XBT",
        "state": "Open",
        "typ": "FFWCSX",
        "quoteCurrency": "USD",
        "positionCurrency": "USD",
        "underlying": "XBT",
        "settlCurrency": "XBt",
        "multiplier": -100000000,
        "lotSize": 100,
        "tickSize": 0.1,
        "isInverse": True,
        "isQuanto": False,
        "initMargin": 0.01,
        "maintMargin": 0.005,
        "makerFee": -0.0001,
        "takerFee": 0.0005,
        "settlementFee": 0,
        "expiry": None,
        "fundingInterval": "2000-01-01T08:00:00.000Z",
        "fundingTimestamp": "2024-01-01T04:00:00.000Z",
        "fundingRate": 0.0001,
        "markPrice": 42001.37,
        "timestamp": STAMP,
        **fields,
    }


def an_order_row(**fields):
    return {
        "orderID": GUID,
        "clOrdID": "run000-trend-1",
        "account": 7,
        "symbol": "XBTUSD",
        "side": "Buy",
        "orderQty": 300,
        "price": 42000.5,
        "stopPx": None,
        "ordType": "Limit",
        "timeInForce": "GoodTillCancel",
        "execInst": "",
        "ordStatus": "New",
        "triggered": "",
        "workingIndicator": True,
        "leavesQty": 300,
        "cumQty": 0,
        "avgPx": None,
        "text": "Submitted via API.",
        "transactTime": STAMP,
        "timestamp": STAMP,
        **fields,
    }


def an_execution_row(**fields):
    return {
        **an_order_row(ordStatus="Filled", leavesQty=0, cumQty=300, avgPx=42000.5),
        "execID": GUID,
        "execType": "Trade",
        "lastQty": 300,
        "lastPx": 42000.5,
        "lastLiquidityInd": "AddedLiquidity",
        "commission": -0.0001,
        "trdMatchID": "99999999-2222-3333-4444-555555555555",
        "execCost": -714276,
        "execComm": -71,
        "homeNotional": 0.00714276,
        "foreignNotional": -300,
        **fields,
    }


def a_position_row(**fields):
    return {
        "account": 7,
        "symbol": "XBTUSD",
        "currency": "XBt",
        "currentQty": 300,
        "isOpen": True,
        "avgEntryPrice": 42000.5,
        "markPrice": 42001.37,
        "liquidationPrice": 21000,
        "unrealisedCost": -714276,
        "unrealisedPnl": 12,
        "realisedPnl": 71,
        "leverage": 100,
        "crossMargin": True,
        "timestamp": STAMP,
        **fields,
    }


def a_margin_row(**fields):
    return {
        "account": 7,
        "currency": "XBt",
        "walletBalance": 100000000,
        "marginBalance": 100000012,
        "availableMargin": 99990000,
        "initMargin": 0,
        "maintMargin": 7142,
        "realisedPnl": 71,
        "unrealisedPnl": 12,
        "timestamp": STAMP,
        **fields,
    }
