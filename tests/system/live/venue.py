"""The loopback exchange in a thread of the test, and a judge who knows it by its REST answers and nothing of ours."""

import contextlib
import hashlib
import hmac
import json
import time
from collections import Counter
from urllib.parse import urlencode

import attrs
import requests

from adapters.exchange.account import Key
from adapters.exchange.contracts import CONTRACTS
from adapters.exchange.faults import Rule
from adapters.exchange.limits import LimitRules, Limits
from adapters.exchange.simulation import generated_market
from tests import waiting
from tests.adapters.exchange.serving import KEY, SECRET, on_loop, served

SYMBOL = "XBTUSD"
LOT = 100
"""Contracts of XBTUSD in a lot of ours."""
PATIENCE = 60.0
_JUDGE, _HUSH = "the-judges-key", "the-judges-secret"


def until(condition, told):
    """As `waiting.until`, with the patience that whole processes need."""
    return waiting.until(condition, told, PATIENCE)


@attrs.frozen(kw_only=True)
class Asked:
    """A request of the trader's as the exchange got it."""

    verb: str
    path: str
    query: str
    body: dict
    status: int
    at: float
    befallen: bool
    """Refused before it did anything, because the test wanted that."""
    open: tuple[str, ...]
    """Client ids of all orders that were open when it came."""


class Judge:
    """Who knows an account by the exchange's REST answers alone, asked with a key of it."""

    def __init__(self, port, key, secret):
        self.port, self._key, self._secret = port, key, secret

    def ask(self, verb, path, body=None, **query):
        """Signed by hand."""
        target = f"/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
        text, expires = "" if body is None else json.dumps(body), int(time.time()) + 60
        signed = f"{verb}{target}{expires}{text}".encode()
        signature = hmac.new(self._secret.encode(), signed, hashlib.sha256).hexdigest()
        headers = {
            "api-key": self._key, "api-expires": str(expires), "api-signature": signature,
            "content-type": "application/json",
        }  # fmt: skip
        url = f"http://127.0.0.1:{self.port}{target}"
        answer = requests.request(verb, url, data=text, headers=headers, timeout=30)
        if answer.status_code == 429:
            time.sleep(float(answer.headers["retry-after"]))
            return self.ask(verb, path, body, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self, path, **query):
        rows = []
        while True:
            page = self.ask("GET", path, count=500, start=len(rows), **query)
            rows += page
            if len(page) < 500:
                return rows

    def trades(self):
        return [row for row in self.pages("/execution") if row["execType"] == "Trade"]

    def orders(self):
        return self.pages("/order")

    def open_orders(self):
        return self.pages("/order", filter=json.dumps({"open": True}))

    def position(self):
        rows = self.ask("GET", "/position", filter=json.dumps({"symbol": SYMBOL}))
        return rows[0] if rows else {"currentQty": 0, "currentComm": 0, "currentCost": 0}

    def wallet(self):
        """What the account has without open profit, in satoshi."""
        return self.ask("GET", "/user/margin", currency="XBt")["walletBalance"]

    def by_hand(self, contracts, price=None, **more):
        """An order of somebody else's with a key of the same account."""
        body = {"symbol": SYMBOL, "side": "Buy" if contracts > 0 else "Sell", "orderQty": abs(contracts), **more}
        body.update({"ordType": "Market"} if price is None else {"price": price})
        return self.ask("POST", "/order", body)


class Venue(Judge):
    """An exchange with one account: what the trader did there, and how the account stands."""

    def __init__(self, server):
        super().__init__(server.port, _JUDGE, _HUSH)
        self.server, self.asked = server, []
        self.arrived = []
        """Client ids of orders whose requests have come in, whatever befell them there."""
        server.exchange.add_key(Key(id=_JUDGE, secret=_HUSH, account=server.account.number))
        honest = server.rest.answer

        def answer(request, now_s, instead=None):
            before = tuple(each.client_id for each in server.account.open.values())
            response = honest(request, now_s, instead)
            if request.headers.get("api-key") == KEY:
                self._note(request, response, before, befallen=instead is not None)
            return response

        server.rest.answer = answer
        befallen = server._befallen

        async def arrives(request, asked):
            with contextlib.suppress(ValueError):
                if (asked.verb, asked.target) == ("POST", b"/api/v1/order"):
                    self.arrived.append(json.loads(asked.body)["clOrdID"])
            return await befallen(request, asked)

        server._befallen = arrives

        def on_time():
            server.clock.began += time.time_ns() - server.clock.market()

        self.on_loop(on_time)

    def _note(self, request, response, before, *, befallen):
        with contextlib.suppress(ValueError):
            body = json.loads(request.body) if request.body else {}
            path, _, query = request.target.decode().removeprefix("/api/v1").partition("?")
            self.asked.append(
                Asked(verb=request.verb, path=path, query=query, body=body, status=response.status, at=time.monotonic(),
                      befallen=befallen, open=before)
            )  # fmt: skip

    def on_loop(self, call):
        return on_loop(self.server, call)

    def state(self):
        """What a run's folder says of it."""
        return {"pid": 1, "port": self.port, "key": KEY, "secret": SECRET, "seed": 1, "market": "generated"}

    def switch(self):
        """When the dead man's switch would strike; None: it is off."""
        return self.on_loop(lambda: self.server.account.switch)

    def time_passes_for_the_switch(self):
        """It strikes at once, as if it had been waited for."""
        account = self.server.account
        self.on_loop(lambda: setattr(account, "switch", account.switch and self.server.exchange.now))

    # Faults.

    def fault(self, *rules):
        self.on_loop(lambda: [self.server.faults.add(rule) for rule in rules])

    def calm(self):
        self.on_loop(self.server.faults.clear)

    def no_cancels(self):
        """No cancel does anything any more."""
        self.fault(Rule(kind="503", verb="DELETE"))

    def cut(self):
        """Every socket, at once, without a word."""
        self.on_loop(lambda: [each.leave() for each in list(self.server._clients)])

    # The trader's requests.

    def posts(self, *, befallen=True):
        """Orders that were asked for, by client id: how often. `befallen`: those too that were refused on purpose."""
        asked = [each for each in list(self.asked) if self.is_post(each) and (befallen or not each.befallen)]
        return Counter(each.body["clOrdID"] for each in asked)

    def is_post(self, asked):
        return (asked.verb, asked.path) == ("POST", "/order")

    def count(self, verb, path):
        return sum((each.verb, each.path) == (verb, path) for each in list(self.asked))


@contextlib.contextmanager
def a_venue(seed=1, symbols=(SYMBOL,), **how):
    """One market with a short past, or several."""
    contracts = tuple(CONTRACTS[symbol] for symbol in symbols)
    market = generated_market(seed=seed, now=time.time_ns(), contracts=contracts, history_minutes=30, warm_up_s=20)
    # Large ones and not none: a trader who is told of none believes in BitMEX's own.
    limits = Limits(LimitRules(per_minute=100_000, per_minute_without_key=100_000, per_second=10_000))
    with served(market, **{"limits": limits, **how}) as server:
        yield Venue(server)
