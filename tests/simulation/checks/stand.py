"""A judge without a run: what is said, sent and executed is told to it by hand."""

import itertools
import json
from decimal import Decimal
from types import SimpleNamespace

import attrs

from adapters.simulation.checks import Judge
from adapters.simulation.checks.facts import Facts, Limits, Terms
from adapters.simulation.trip import Trip
from messages import Envelope

SECOND = 1_000_000_000
LIMITS = Limits(order_lots=20, position_lots=24, open_orders=3, a_second=8, a_minute=80, price_band=0.05)
PREFIX = "abcdef-"


class Exchange:
    """The truth, made by hand."""

    def __init__(self):
        self.rows, self.held, self.money, self.ns, self.armed = [], {}, {"XBT": 1_000_000}, 0, None

    def now(self):
        return self.ns

    def executions(self):
        return self.rows

    def orders(self):
        return [row for row in self.rows if row["execType"] == "New"]

    def open_orders(self):
        last = {row["orderID"]: row for row in self.rows}
        return [row for row in last.values() if row["ordStatus"] in ("New", "PartiallyFilled")]

    def lots(self):
        return self.held

    def wallets(self):
        return self.money

    def lot_sizes(self):
        return {"XBTUSD": 100}

    def switch(self):
        return self.armed

    def prices(self):
        return {"XBTUSD": (50_000.0,)}


class Stand:
    """Some checks, and hands to feed them with."""

    def __init__(self, *checks, folder, sizes=None, limits=LIMITS, is_synced=False):
        self.exchange, self.seconds, self.life = Exchange(), 0.0, 1
        self.sizes, self.struck = sizes or {}, 0
        facts = Facts(
            folder=folder,
            prefix=PREFIX,
            secrets=("canary",),
            switch_s=60.0,
            limits=limits,
            contracts={"XBTUSD": Terms(lot=100, tick=Decimal("0.1"), largest=10_000_000, currency="XBT")},
            local=lambda: self.now,
            sizes=lambda: self.sizes,
            struck=lambda: self.struck,
            is_synced=is_synced,
        )
        self.judge = Judge(self.exchange, lambda: self.seconds, facts)
        self.judge.appoint(checks)
        self.judge.life_began(1)
        self._ids = itertools.count(1)

    @property
    def now(self):
        """In ns."""
        return round(self.seconds * SECOND)

    @property
    def violated(self):
        """Codes of what was violated."""
        return [each.invariant for each in self.judge.violations]

    def wait(self, seconds):
        """Time passes."""
        self.seconds += seconds
        self.exchange.ns = self.now

    def say(self, message, sender, *, epoch=1, cause=0, posted=None):
        """A message is said; gives its id."""
        number = next(self._ids)
        posted = self.now if posted is None else posted
        self.judge.said(Envelope(number, cause, sender, epoch, posted, message))
        return number

    def send(
        self, verb, path, *, worker="rest:orders@main", life=None, arrives=True, altered="", request=None, **fields
    ):
        """A request leaves, and arrives; gives its trip. `request`: the number that the gateway gave it."""
        number = next(self._ids)
        trip = Trip(
            number=number,
            life=self.life if life is None else life,
            message=SimpleNamespace(
                verb=verb,
                path=path,
                body=json.dumps(fields) if fields else "",
                reply_to="venue@main",
                number=number if request is None else request,
            ),
            worker=SimpleNamespace(address=worker),
            started=0,
            out=0,
            back=0,
            altered=altered,
        )
        self.judge.sent(trip)
        if arrives:
            trip.arrived, trip.response = True, SimpleNamespace(status=200, body="")
            self.judge.arrived(trip)
        return trip

    def place(self, name, lots=1, price=None, **more):
        """An order leaves."""
        side = "Buy" if lots > 0 else "Sell"
        return self.send(
            "POST", "/api/v1/order", symbol="XBTUSD", side=side, orderQty=abs(lots) * 100, clOrdID=name,
            **({} if price is None else {"price": price}), **more,
        )  # fmt: skip

    def execute(self, name, lots, kind="New", *, left=0, value=0, fee=0, **more):
        """The exchange executes something, and tells."""
        left = abs(lots) if kind == "New" else left
        row = {
            "execID": f"x{len(self.exchange.rows)}", "orderID": f"id-{name}", "clOrdID": name, "symbol": "XBTUSD",
            "side": "Buy" if lots > 0 else "Sell", "execType": kind, "execInst": "", "orderQty": abs(lots) * 100,
            "leavesQty": left * 100, "cumQty": 0, "lastQty": None if kind == "New" else abs(lots) * 100,
            "execCost": value, "execComm": fee, "ordStatus": "New" if left else "Filled", **more,
        }  # fmt: skip
        self.exchange.rows.append(row)
        if kind == "Trade":
            self.exchange.held = dict(self.exchange.held)
            self.exchange.held["XBTUSD"] = self.exchange.held.get("XBTUSD", 0) + lots
        self.judge.told()
        return row


@attrs.frozen
class Named:
    """A message whose class is called as is wanted, for those that are long to make."""

    @staticmethod
    def of(kind, **fields):
        return type(kind, (SimpleNamespace,), {})(**fields)
