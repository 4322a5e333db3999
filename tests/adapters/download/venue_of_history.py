"""A venue that has only a past: BitMEX's tables by the rules of its table queries, in the process or on a port."""

import json
from urllib.parse import parse_qs, urlsplit

from adapters.bitmex.answers import Accepted
from adapters.bitmex.clock_offset import ClockOffset
from adapters.bitmex.queries import venue_time
from adapters.download.wanted import Wanted
from tests.adapters.bitmex.wire_servers import answer, request_of
from tests.builders import HOUR, MINUTE, MONDAY

MS = 1_000_000
COUNT_MAX = {"/trade": 1_000, "/trade/bucketed": 1_000, "/quote": 500, "/funding": 500, "/instrument": 500}


def wanted(kind="ticks", *, begin=MONDAY, end=MONDAY + HOUR, period=None, venue="bitmex", symbol="XBTUSD"):
    """A series and a span of it."""
    return Wanted(venue=venue, symbol=symbol, kind=kind, period=period, begin=begin, end=end)


def a_trade(ts, price=100.0, size=1, side="Buy", number=0):
    return {
        "timestamp": venue_time(ts), "symbol": "XBTUSD", "side": side, "size": size, "price": price,
        "trdMatchID": f"id-{number}",
    }  # fmt: skip


def a_quote(ts, bid=99.5, ask=100.5):
    return {
        "timestamp": venue_time(ts), "symbol": "XBTUSD", "bidSize": 10, "bidPrice": bid, "askPrice": ask, "askSize": 20,
    }  # fmt: skip


def a_bin(end, *, open_=100.0, high=102.0, low=99.0, close=101.0, volume=7, trades=3):
    return {
        "timestamp": venue_time(end), "symbol": "XBTUSD", "open": open_, "high": high, "low": low, "close": close,
        "trades": trades, "volume": volume, "vwap": 100.5,
    }  # fmt: skip


def a_funding(ts, rate=0.0001):
    return {
        "timestamp": venue_time(ts), "symbol": "XBTUSD", "fundingInterval": "2000-01-01T08:00:00.000Z",
        "fundingRate": rate, "fundingRateDaily": 3 * rate,
    }  # fmt: skip


def crowded_trades(count, random, *, begin=MONDAY, step_ms=400):
    """Trades of which many share a time stamp, and some are alike in everything."""
    ts, rows = begin, []
    for number in range(count):
        if random.random() < 0.3:
            ts += random.randrange(1, step_ms) * MS
        rows.append(a_trade(ts, price=100.0 + random.randrange(3) / 2, size=random.randrange(1, 3), number=number % 5))
    return rows


def minutes(count, random, *, begin=MONDAY, period=MINUTE):
    """Bars of which some are empty."""
    rows = []
    for number in range(count):
        close = 100.0 + random.randrange(-4, 5) / 2
        empty = random.random() < 0.2
        rows.append(
            a_bin(
                begin + (number + 1) * period, open_=100.0, high=110.0, low=90.0, close=close,
                volume=0 if empty else random.randrange(1, 99), trades=0 if empty else 2,
            )
        )  # fmt: skip
    return rows


class PastVenue:
    """`tables`: path -> rows, oldest first. `count_max`: no page is longer, whatever is asked for.

    `symbols`: whose rows it answers with, whatever is asked for.
    """

    def __init__(self, tables, *, count_max=None, symbols=()):
        self.tables = {"/instrument": [{"symbol": "XBTUSD", "timestamp": venue_time(MONDAY)}], **tables}
        self.asked, self.count_max, self.symbols = [], count_max, symbols

    def rows(self, target):
        """The rows of a page, by BitMEX's rules."""
        parts = urlsplit(target)
        said = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix("/api/v1")
        self.asked.append((path, said))
        found = [
            row
            for row in self.tables[path]
            if row["symbol"] in {said["symbol"], *self.symbols}
            and said.get("startTime", "") <= row["timestamp"] <= said.get("endTime", "9")
        ]
        start, count = int(said.get("start", 0)), int(said.get("count", 100))
        assert count <= COUNT_MAX[path], f"Maximum result count is {COUNT_MAX[path]}"
        return found[start : start + min(count, self.count_max or count)]

    @property
    def pages(self):
        """What was asked of anything but the contract."""
        return [said for path, said in self.asked if path != "/instrument"]


class Client:
    """Stands for the REST client: asks a venue in this process."""

    def __init__(self, venue):
        self.venue, self.clock_offset = venue, ClockOffset()

    def answer(self, request):
        """The page that was asked for, numbers exact as from JSON."""
        from adapters.bitmex.codec import decoded  # noqa: PLC0415

        return Accepted(decoded(json.dumps(self.venue.rows(request.path))))

    def instrument(self, symbol):
        """The contract, or None."""
        return next((row for row in self.venue.tables["/instrument"] if row["symbol"] == symbol), None)


class OnPort:
    """The venue on a port (`wire_servers.serving`); `faults`: number of the answer -> bytes, or a call, instead.

    A call that gives "answer" is followed by the answer. `headers`: of every answer.
    """

    def __init__(self, venue, faults=None, **headers):
        self.venue, self.faults, self.answers, self.headers = venue, dict(faults or {}), 0, headers

    def __call__(self, connection):
        while (request := request_of(connection)) is not None:
            self.answers += 1
            fault = self.faults.get(self.answers)
            told = fault(connection) if callable(fault) else fault
            if fault is None or told == "answer":
                rows = self.venue.rows(request[0].split(" ")[1])
                connection.sendall(answer(json.dumps(rows).encode(), Content_Type="application/json", **self.headers))
            elif callable(fault):
                return
            else:
                connection.sendall(fault)
