"""A small exchange for tests: an empty book, clients with money, and somebody who quotes."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

from adapters.exchange import order_commands
from adapters.exchange.account import Key
from adapters.exchange.contracts import CONTRACTS
from adapters.exchange.exchange import Exchange
from adapters.exchange.limits import LimitRules, Limits
from adapters.exchange.rest import Request, Rest
from tests.builders import MONDAY, SECOND

XBT = 100_000_000


def an_exchange(*symbols, seed=1, now=MONDAY, prices=None):
    """Books are empty, marks at the contracts' first prices."""
    names = symbols or ("XBTUSD",)
    return Exchange(
        [(CONTRACTS[name], (prices or {}).get(name, CONTRACTS[name].price)) for name in names], now=now, seed=seed
    )


def a_market(exchange, *, bid=49_999.0, ask=50_001.0, lots=1_000, symbol="XBTUSD"):
    """Somebody of the house quotes one price a side."""
    maker = exchange.open_trader()
    market = exchange.markets[symbol]
    exchange.trade(maker, market, lots, bid)
    exchange.trade(maker, market, -lots, ask)
    return maker


def order(exchange, account, qty, price=None, symbol="XBTUSD", **more):
    """Place an order; positive buys, in contracts."""
    fields = {"symbol": symbol, "side": "Buy" if qty > 0 else "Sell", "orderQty": abs(qty), **more}
    if price is not None:
        fields["price"] = price
    elif "ordType" not in more and "stopPx" not in more and "pegPriceType" not in more:
        fields["ordType"] = "Market"
    return order_commands.place(exchange.floor, account, fields)


def rows(exchange, table, account=None):
    """The rows of a table among the latest changes, as (action, row)."""
    return [
        (change.action, row)
        for change in exchange.changes()
        if change.table == table and change.account == (account.number if account else None)
        for row in change.rows
    ]


class Store:
    """A client's copy of a table, kept by the published rules: an independent reading of partials and deltas."""

    def __init__(self, keys, data):
        self.keys = keys
        self.rows = [dict(row) for row in data]

    def apply(self, action, data):
        for row in data:
            if action == "insert":
                self.rows.append(dict(row))
                continue
            found = [held for held in self.rows if all(held[key] == row[key] for key in self.keys)]
            assert len(found) == 1, (action, row)
            if action == "update":
                found[0].update(row)
            else:
                self.rows.remove(found[0])


class Caller:
    """Somebody with a key, who signs by himself."""

    def __init__(self, exchange, permissions=("order",), secret="hush", account=None, limits=None):
        self.account = account or exchange.open_account()
        self.key = f"key-{self.account.number}-{'-'.join(permissions)}"
        self.secret = secret
        exchange.add_key(
            Key(id=self.key, secret=secret, account=self.account.number, permissions=frozenset(permissions))
        )
        self.rest = Rest(exchange, limits or Limits(LimitRules(per_minute=0, per_second=0, per_minute_without_key=0)))
        self.now_s = 1_700_000_000.0

    def sign(self, verb, target, expires, body=""):
        message = f"{verb}{target}{expires}{body}"
        return hmac.new(self.secret.encode(), message.encode(), hashlib.sha256).hexdigest()

    def headers(self, verb, target, body="", lead=5):
        expires = int(self.now_s + lead)
        return {
            "api-key": self.key,
            "api-expires": str(expires),
            "api-signature": self.sign(verb, target, expires, body),
            "content-type": "application/json",
        }

    def ask(self, verb, path, body=None, *, signed=True, lead=5, **query):
        """(status, headers, parsed body)."""
        target = f"/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
        text = "" if body is None else json.dumps(body)
        headers = self.headers(verb, target, text, lead) if signed else {"content-type": "application/json"}
        response = self.rest.answer(
            Request(verb=verb, target=target.encode(), headers=headers, body=text.encode()), self.now_s
        )
        return response.status, response.headers, json.loads(response.body)

    def get(self, path, **query):
        status, _, body = self.ask("GET", path, **query)
        assert status == 200, body
        return body


def minutes(count):
    return MONDAY + count * 60 * SECOND
