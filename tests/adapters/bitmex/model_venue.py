"""A small venue of its own for tests of the gateway: orders and executions in plain dicts, REST and socket as text.

It knows nothing of the gateway's code. One lot is one contract of a linear instrument in USDT with a lot of 1.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl

from messages import Instrument, Kind
from tests.adapters.bitmex.frames import WELCOME, a_partial, an_ack

SYMBOL = "XBTUSDT"
INSTRUMENT = Instrument(
    symbol=SYMBOL,
    kind=Kind.LINEAR,
    tick_size=Decimal("0.5"),
    multiplier=Decimal("0.000001"),
    currency="USDT",
    taker_fee=Decimal("0.0005"),
    maker_fee=Decimal("-0.0001"),
)
"""One contract moves one USDT-micro per 1.0 of price, as BitMEX's XBTUSDT does."""
PRIVATE = ("order", "execution", "position", "margin", "wallet")


def stamp(ts):
    return datetime.fromtimestamp(ts // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ts % 10**9 // 10**6:03d}Z"


class Refused(Exception):  # noqa: N818 - it is no error of ours
    def __init__(self, status, text):
        super().__init__(text)
        self.status, self.text = status, text


class Venue:
    """`at` is set by whoever moves time. Frames for the socket collect in `frames` as (table, text)."""

    def __init__(self, at, price=100.0):
        self.at, self.price = at, price
        self.orders, self.executions, self.posted = {}, [], []
        self.frames, self.subscribed, self.position = [], set(), 0
        self.cancel_all_at = None
        self.cancels = []
        self._count = 0

    # Its own life.

    def _id(self, kind):
        self._count += 1
        return f"{kind}-{self._count}"

    def rest_order(self, client_id, lots, price=None, *, type_="Limit"):
        order = {
            "orderID": self._id("order"), "clOrdID": client_id, "account": 7, "symbol": SYMBOL,
            "side": "Buy" if lots > 0 else "Sell", "orderQty": abs(lots), "price": price, "stopPx": None,
            "ordType": type_, "timeInForce": "GoodTillCancel", "execInst": "", "ordStatus": "New", "triggered": "",
            "workingIndicator": True, "leavesQty": abs(lots), "cumQty": 0, "avgPx": None, "text": "Submitted via API.",
            "transactTime": stamp(self.at), "timestamp": stamp(self.at),
        }  # fmt: skip
        self.orders[order["orderID"]] = order
        self._tell("order", "insert", order)
        return order

    def fill(self, order, quantity, price=None, **fields):
        """Part of an order trades."""
        price = self.price if price is None else price
        order["cumQty"] += quantity
        order["leavesQty"] -= quantity
        order["avgPx"] = price
        order["ordStatus"] = "PartiallyFilled" if order["leavesQty"] else "Filled"
        order["timestamp"] = stamp(self.at)
        sign = 1 if order["side"] == "Buy" else -1
        self.execute(
            clOrdID=order["clOrdID"], orderID=order["orderID"], side=order["side"], lastQty=quantity, lastPx=price,
            execCost=sign * quantity * int(price * 2) // 2, execComm=quantity + 1,
            ordStatus=order["ordStatus"], cumQty=order["cumQty"], leavesQty=order["leavesQty"], **fields,
        )  # fmt: skip
        self._tell("order", "update", order)

    def execute(self, **fields):
        row = {
            "execID": self._id("exec"), "execType": "Trade", "orderID": "", "clOrdID": "", "account": 7,
            "symbol": SYMBOL, "side": "Buy", "lastLiquidityInd": "RemovedLiquidity", "commission": 0.0005,
            "trdMatchID": self._id("match"), "text": "", "transactTime": stamp(self.at), "timestamp": stamp(self.at),
            **fields,
        }  # fmt: skip
        self.executions.append(row)
        if row["execType"] != "Funding":
            self.position += row["lastQty"] * (1 if row["side"] == "Buy" else -1)
        self._tell("execution", "insert", row)
        return row

    def end(self, order, status="Canceled", text="Canceled: Canceled via API.\nSubmitted via API."):
        order.update(ordStatus=status, leavesQty=0, workingIndicator=False, text=text, timestamp=stamp(self.at))
        self._tell("order", "update", order)

    def named(self, client_id):
        return next((each for each in self.orders.values() if each["clOrdID"] == client_id), None)

    def open(self):
        return [each for each in self.orders.values() if each["leavesQty"]]

    def _tell(self, table, action, row):
        if table in self.subscribed:
            self.frames.append((table, json.dumps({"table": table, "action": action, "data": [row]})))

    # The socket.

    def accept(self):
        self.subscribed, self.frames = set(), []
        return [WELCOME]

    def log_in(self):
        return [json.dumps({"success": True, "request": {"op": "authKeyExpires", "args": []}})]

    def command(self, text):
        if text == "ping":
            return ["pong"]
        command = json.loads(text)
        (topic,) = command["args"]
        if command["op"] == "unsubscribe":
            self.subscribed.discard(topic)
            return [an_ack(topic, "unsubscribe")]
        self.subscribed.add(topic)
        rows = self.open() if topic == "order" else []
        return [an_ack(topic), a_partial(topic, *rows, symbol=None, account=7)]

    # REST.

    def answer(self, verb, target, body):
        """(status, body)"""
        path, _, query = target.removeprefix("/api/v1").partition("?")
        fields = dict(parse_qsl(query)) | (json.loads(body) if body else {})
        try:
            return 200, json.dumps(self._route(verb, path, fields))
        except Refused as refused:
            return refused.status, json.dumps({"error": {"message": refused.text, "name": "HTTPError"}})

    def _route(self, verb, path, fields):
        routes = {
            ("POST", "/order"): self._place,
            ("PUT", "/order"): self._amend,
            ("DELETE", "/order"): self._cancel,
            ("DELETE", "/order/all"): self._cancel_all,
            ("POST", "/order/cancelAllAfter"): self._arm,
            ("GET", "/order"): self._list_orders,
            ("GET", "/execution"): self._list_executions,
            ("GET", "/position"): lambda _fields: [self._position_row()],
            ("GET", "/user/margin"): lambda _fields: [
                {"account": 7, "currency": "USDt", "walletBalance": 1_000_000, "timestamp": stamp(self.at)}
            ],
        }
        return routes[verb, path](fields)

    def _position_row(self):
        return {
            "account": 7, "symbol": SYMBOL, "currency": "USDt", "currentQty": self.position, "isOpen": True,
            "markPrice": self.price, "timestamp": stamp(self.at),
        }  # fmt: skip

    def _place(self, fields):
        self.posted.append((self.at, fields["clOrdID"]))
        if self.named(fields["clOrdID"]) is not None:
            raise Refused(400, "Duplicate clOrdID")
        lots = fields["orderQty"] * (1 if fields["side"] == "Buy" else -1)
        order = self.rest_order(fields["clOrdID"], lots, fields.get("price"), type_=fields["ordType"])
        if fields["ordType"] == "Market":
            self.fill(order, order["orderQty"])
        return order

    def _amend(self, fields):
        order = self.named(fields["origClOrdID"])
        if order is None:
            raise Refused(400, "Invalid origClOrdID")
        if not order["leavesQty"]:
            raise Refused(400, "Invalid ordStatus")
        if fields["orderQty"] <= order["cumQty"]:
            raise Refused(400, "Invalid orderQty")
        order["orderQty"] = fields["orderQty"]
        order["leavesQty"] = fields["orderQty"] - order["cumQty"]
        order["price"] = fields.get("price", order["price"])
        order["timestamp"] = stamp(self.at)
        self._tell("order", "update", order)
        return order

    def _cancel(self, fields):
        order = self.named(fields["clOrdID"])
        self.cancels.append(fields["clOrdID"])
        if order is None:
            raise Refused(404, "Not Found")
        if not order["leavesQty"]:
            return [{"clOrdID": order["clOrdID"], "orderID": order["orderID"], "error": "Unable to cancel order"}]
        self.end(order)
        return [order]

    def _cancel_all(self, _fields):
        ended = self.open()
        for order in ended:
            self.end(order)
        return ended

    def _arm(self, fields):
        self.cancel_all_at = self.at + fields["timeout"] * 1_000_000 if fields["timeout"] else None
        return {"now": stamp(self.at), "cancelTime": 0}

    def _list_orders(self, fields):
        wanted = json.loads(fields["filter"])
        rows = self.open() if wanted.get("open") else list(self.orders.values())
        if "clOrdID" in wanted:
            rows = [row for row in rows if row["clOrdID"] in wanted["clOrdID"]]
        return self._page(rows, fields)

    def _list_executions(self, fields):
        return self._page([row for row in self.executions if row["timestamp"] >= fields["startTime"]], fields)

    def _page(self, rows, fields):
        start = int(fields.get("start", 0))
        return rows[start : start + int(fields["count"])]
