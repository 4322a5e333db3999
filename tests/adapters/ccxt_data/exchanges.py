"""Two exchanges on a port, with answers in the shape that Binance and Kraken give them, and made-up values."""

import contextlib
import json
from urllib.parse import parse_qs, urlsplit

from tests.adapters.bitmex.wire_servers import answer, request_of, serving
from tests.builders import HOUR, MONDAY

MS = 1_000_000


class Refused(Exception):  # noqa: N818 it is what the exchange says
    """An error as the exchange says it."""

    def __init__(self, status, body, **headers):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


class Exchange:
    """`candles`: hour -> [open, high, low, close, volume] as numbers; `trades`: [ms, price, size, side, id]."""

    def __init__(self):
        self.candles, self.trades = {}, []
        self.bids, self.asks = [(99.5, 1.25)], [(100.5, 2.5)]
        self.asked, self.methods, self.faults = [], set(), []
        self.now = MONDAY + 10_000 * HOUR

    def with_candles(self, count, *, begin=0):
        """So many hours of them from MONDAY, the price of each told by its number."""
        for number in range(begin, begin + count):
            price = 100.0 + number % 50
            self.candles[number] = [price, price + 2, price - 1, price + 1, 1.5 + number % 7]
        return self

    def __call__(self, connection):
        while (request := request_of(connection)) is not None:
            line, headers, _body = request
            method, target, _ = line.split(" ")
            parts = urlsplit(target)
            said = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.asked.append((parts.path, said))
            self.methods.add(method)
            assert not any("key" in name or "sign" in name for name in (*headers, *said)), (headers, said)
            connection.sendall(self._told(parts.path, said))

    def _told(self, path, said):
        if self.faults:
            fault = self.faults.pop(0)
            if fault is not None:
                return fault
        try:
            return answer(json.dumps(self.answer(path, said)).encode(), Content_Type="application/json")
        except Refused as refused:
            body = json.dumps(refused.body).encode()
            return answer(body, status=refused.status, Content_Type="application/json", **refused.headers)

    def paths(self, word):
        """What was asked of the paths that hold a word."""
        return [said for path, said in self.asked if word in path]


class Binance(Exchange):
    """Times in ms, numbers as texts, at most 1000 candles, errors with a code."""

    name = "binance"

    def answer(self, path, said):
        if path.endswith("/exchangeInfo"):
            return self._info() if path.startswith("/api/") else {"symbols": [], "timezone": "UTC"}
        if path == "/api/v3/time":
            return {"serverTime": self.now // MS}
        if said.get("symbol") != "BTCUSDT":
            raise Refused("400 Bad Request", {"code": -1121, "msg": "Invalid symbol."})
        if path == "/api/v3/klines":
            return self._klines(said)
        if path == "/api/v3/aggTrades":
            return self._agg_trades(said)
        if path == "/api/v3/depth":
            text = [[[str(price), str(size)] for price, size in side] for side in (self.bids, self.asks)]
            return {"lastUpdateId": 1, "bids": text[0], "asks": text[1]}
        raise Refused("404 Not Found", {"code": -1, "msg": path})

    def _info(self):
        symbol = {
            "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "baseAssetPrecision": 8,
            "quoteAsset": "USDT", "quotePrecision": 8, "quoteAssetPrecision": 8, "orderTypes": ["LIMIT", "MARKET"],
            "icebergAllowed": True, "isSpotTradingAllowed": True, "isMarginTradingAllowed": False,
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"},
                {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.00", "stepSize": "0.00001"},
                {"filterType": "NOTIONAL", "minNotional": "5.00", "applyMinToMarket": True, "maxNotional": "9000000"},
            ],
            "permissions": [], "permissionSets": [["SPOT"]],
        }  # fmt: skip
        return {"timezone": "UTC", "serverTime": self.now // MS, "rateLimits": [], "symbols": [symbol]}

    def _klines(self, said):
        assert said["interval"] == "1h"
        since, limit = int(said.get("startTime", 0)) * MS, int(said["limit"])
        assert limit <= 1_000
        hours = [hour for hour in sorted(self.candles) if MONDAY + hour * HOUR >= since]
        if "startTime" not in said:
            hours = hours[-limit:]
        return [self._kline(hour) for hour in hours[:limit]]

    def _kline(self, hour):
        open_, high, low, close, volume = self.candles[hour]
        begin = (MONDAY + hour * HOUR) // MS
        return [
            begin, f"{open_:.8f}", f"{high:.8f}", f"{low:.8f}", f"{close:.8f}", f"{volume:.8f}",
            begin + 3_599_999, f"{volume * close:.8f}", 12, "0.5", "50.0", "0",
        ]  # fmt: skip

    def _agg_trades(self, said):
        begin, end = int(said.get("startTime", 0)), int(said.get("endTime", 2**62))
        rows = [trade for trade in self.trades if begin <= trade[0] <= end]
        rows = rows[:500] if "startTime" in said else rows[-500:]
        return [
            {"a": number, "p": f"{price:.8f}", "q": f"{size:.8f}", "f": number, "l": number, "T": ms,
             "m": side == "sell", "M": True}
            for ms, price, size, side, number in rows
        ]  # fmt: skip


class Kraken(Exchange):
    """Times in s, the last 720 candles whatever is asked for, errors in answers of 200, an id of the last trade."""

    name = "kraken"
    CANDLES = 720

    def answer(self, path, said):
        result = {
            "/0/public/AssetPairs": self._pairs, "/0/public/Assets": self._assets, "/0/public/OHLC": self._ohlc,
            "/0/public/Trades": self._trades, "/0/public/Depth": self._depth, "/0/public/Time": self._time,
        }[path](said)  # fmt: skip
        return {"error": [], "result": result}

    def _time(self, _said):
        return {"unixtime": self.now // 10**9, "rfc1123": ""}

    def _assets(self, _said):
        return {
            code: {"aclass": "currency", "altname": name, "decimals": 8, "display_decimals": 4, "status": "enabled"}
            for code, name in (("XXBT", "XBT"), ("ZUSD", "USD"))
        }

    def _pairs(self, _said):
        pair = {
            "altname": "XBTUSD", "wsname": "XBT/USD", "aclass_base": "currency", "base": "XXBT",
            "aclass_quote": "currency", "quote": "ZUSD", "lot": "unit", "cost_decimals": 5, "pair_decimals": 1,
            "lot_decimals": 8, "lot_multiplier": 1, "leverage_buy": [], "leverage_sell": [], "fees": [[0, 0.4]],
            "fees_maker": [[0, 0.25]], "fee_volume_currency": "ZUSD", "margin_call": 80, "margin_stop": 40,
            "ordermin": "0.0001", "costmin": "0.5", "tick_size": "0.1", "status": "online",
        }  # fmt: skip
        return {"XXBTZUSD": pair}

    def _ohlc(self, said):
        assert (said["pair"], said["interval"]) == ("XXBTZUSD", "60")
        since = int(said.get("since", 0))
        hours = sorted(self.candles)[-self.CANDLES :]
        rows = []
        for hour in hours:
            open_, high, low, close, volume = self.candles[hour]
            begin = (MONDAY + hour * HOUR) // 10**9
            if begin > since:
                rows.append(
                    [begin, f"{open_:.1f}", f"{high:.1f}", f"{low:.1f}", f"{close:.1f}", "100.0", f"{volume:.8f}", 9]
                )
        return {"XXBTZUSD": rows, "last": rows[-1][0] if rows else since}

    def _trades(self, said):
        since = int(said.get("since", 0))
        rows = [trade for trade in self.trades if trade[0] / 1_000 > since] if "since" in said else self.trades
        rows = rows[:1_000] if "since" in said else rows[-1_000:]
        told = [[f"{price:.5f}", f"{size:.8f}", ms / 1_000, side[0], "l", ""] for ms, price, size, side, _ in rows]
        return {"XXBTZUSD": told, "last": str(rows[-1][0] * MS) if rows else "0"}

    def _depth(self, _said):
        text = [
            [[f"{price:.5f}", f"{size:.3f}", 1_700_000_000] for price, size in side] for side in (self.bids, self.asks)
        ]
        return {"XXBTZUSD": {"bids": text[0], "asks": text[1]}}


@contextlib.contextmanager
def on_port(exchange):
    """The exchange, and where it is."""
    with serving(exchange) as port:
        yield f"http://127.0.0.1:{port}"
