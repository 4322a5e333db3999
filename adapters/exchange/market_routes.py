"""Routes that anybody may ask: instruments, trades, bars, quotes, books, funding."""

from collections.abc import Mapping
from typing import Final

from adapters.exchange.account import Account
from adapters.exchange.contracts import SCALES
from adapters.exchange.exchange import Exchange
from adapters.exchange.market import Market
from adapters.exchange.query import flag
from adapters.exchange.refusals import invalid
from adapters.exchange.route import WIDE_MAX, Fields, Handler, Route, markets_of, merged, table_rows
from adapters.exchange.tables import TABLES
from adapters.exchange.tape import BINS
from adapters.exchange.ticket import whole, word
from adapters.exchange.wire import Row, iso
from messages import UtcNs


def _instruments(exchange: Exchange, _account: Account | None, fields: Fields) -> list[Row]:
    rows = [market.row(exchange.now) for market in exchange.markets.values()]
    return table_rows(exchange, {**fields, "startTime": None, "endTime": None}, rows, "instrument")


def _active(exchange: Exchange, _account: Account | None, _fields: Fields) -> list[Row]:
    return [market.row(exchange.now) for market in exchange.markets.values()]


def _indices(exchange: Exchange, _account: Account | None, _fields: Fields) -> list[Row]:
    return [_index(market, exchange.now) for market in exchange.markets.values()]


def _index(market: Market, now: UtcNs) -> Row:
    """A row of `instrument` that nobody can trade."""
    return {
        **dict.fromkeys(TABLES["instrument"].types), "symbol": market.contract.index,
        "rootSymbol": market.contract.root, "state": "Unlisted", "typ": "MRCXXX",
        "listing": "2016-05-13T12:00:00.000Z", "underlying": market.contract.underlying,
        "quoteCurrency": market.contract.quoted, "reference": "BMEX", "tickSize": 0.01, "lastPrice": market.index,
        "markPrice": market.index, "isQuanto": False, "isInverse": False, "timestamp": iso(now),
    }  # fmt: skip


def _active_and_indices(exchange: Exchange, account: Account | None, fields: Fields) -> list[Row]:
    return _active(exchange, account, fields) + _indices(exchange, account, fields)


def _intervals(exchange: Exchange, _account: Account | None, _fields: Fields) -> Row:
    markets = exchange.markets.values()
    return {
        "intervals": [f"{market.contract.root}:perpetual" for market in markets],
        "symbols": [market.symbol for market in markets],
    }


def _trades(exchange: Exchange, _account: Account | None, fields: Fields) -> list[Row]:
    rows = merged(market.tape.trades for market in markets_of(exchange, fields))
    return table_rows(exchange, fields, rows, "trade", WIDE_MAX)


def _quotes(exchange: Exchange, _account: Account | None, fields: Fields) -> list[Row]:
    rows = merged(market.tape.quotes for market in markets_of(exchange, fields))
    return table_rows(exchange, fields, rows, "quote")


def _bars(exchange: Exchange, _account: Account | None, fields: Fields) -> list[Row]:
    name = word(fields, "binSize") or "1m"
    if name not in BINS:
        raise invalid("binSize")
    markets = list(markets_of(exchange, fields))
    parts = [list(market.tape.bars[name]) for market in markets]
    if flag(fields.get("partial")):
        end = exchange.now - exchange.now % BINS[name] + BINS[name]
        for market, part in zip(markets, parts, strict=True):
            part.append(market.tape.bar_so_far(name, end))
    return table_rows(exchange, fields, merged(parts), f"tradeBin{name}", WIDE_MAX)


def _book(exchange: Exchange, _account: Account | None, fields: Fields) -> list[Row]:
    depth = whole(fields, "depth")
    if depth is not None and depth < 0:
        raise invalid("depth")
    return exchange.floor.market_named(fields.get("symbol")).book_rows(
        25 if depth is None else depth or None, exchange.now
    )


def _fundings(exchange: Exchange, _account: Account | None, fields: Fields) -> list[Row]:
    rows = merged(market.fundings for market in markets_of(exchange, fields))
    return table_rows(exchange, fields, rows, "funding")


def _liquidations(exchange: Exchange, _account: Account | None, fields: Fields) -> list[Row]:
    rows = [row for market in markets_of(exchange, fields) for row in market.liquidations.values()]
    return table_rows(exchange, {**fields, "startTime": None, "endTime": None}, rows, "liquidation")


def _nothing(_exchange: Exchange, _account: Account | None, _fields: Fields) -> list[Row]:
    return []


def _stats(exchange: Exchange, _account: Account | None, _fields: Fields) -> list[Row]:
    rows = [market.row(exchange.now) for market in exchange.markets.values()]
    names = ("volume24h", "turnover24h", "openInterest", "openValue")
    return [
        {"rootSymbol": row["symbol"], "currency": row["settlCurrency"], **{name: row[name] for name in names}}
        for row in rows
    ]


def _schema(_exchange: Exchange, _account: Account | None, _fields: Fields) -> Row:
    return {name: {"keys": list(table.keys), "types": table.types} for name, table in TABLES.items()}


def _socket_help(_exchange: Exchange, _account: Account | None, _fields: Fields) -> Row:
    return websocket_help()


def websocket_help() -> Row:
    """What `help` is answered with."""
    return {
        "info": "See https://www.bitmex.com/app/wsAPI and https://www.bitmex.com/explorer for more documentation.",
        "usage": 'Send a message in the format: {"op": string, "args": Array<string>}',
        "ops": ["authKeyExpires", "cancelAllAfter", "help", "ping", "subscribe", "unsubscribe"],
        "subscribe": 'To subscribe, send: {"op": "subscribe", "args": [subscriptionTopic, ...]}.',
        "subscriptionSubjects": {
            "authenticationRequired": [name for name, table in TABLES.items() if table.is_private],
            "public": [name for name, table in TABLES.items() if not table.is_private],
        },
    }


def _asset(name: str, major: str) -> Row:
    return {
        "asset": major, "currency": name, "majorCurrency": major, "name": major, "currencyType": "Crypto",
        "scale": SCALES[name], "enabled": True, "isMarginCurrency": True, "minDepositAmount": 10_000,
        "minWithdrawalAmount": 10_000, "maxWithdrawalAmount": 100_000_000_000_000, "networks": [
            {
                "asset": major.lower(), "tokenAddress": "", "depositEnabled": False, "withdrawalEnabled": False,
                "withdrawalFee": 0, "minFee": 0, "maxFee": 0,
            }
        ],
    }  # fmt: skip


def _assets(_exchange: Exchange, _account: Account | None, _fields: Fields) -> list[Row]:
    return [_asset("XBt", "XBT"), _asset("USDt", "USDT")]


_HANDLERS: Final[Mapping[str, Handler]] = {
    "/instrument": _instruments,
    "/instrument/active": _active,
    "/instrument/indices": _indices,
    "/instrument/activeAndIndices": _active_and_indices,
    "/instrument/activeIntervals": _intervals,
    "/trade": _trades,
    "/trade/bucketed": _bars,
    "/quote": _quotes,
    "/orderBook/L2": _book,
    "/funding": _fundings,
    "/liquidation": _liquidations,
    "/announcement": _nothing,
    "/announcement/urgent": _nothing,
    "/settlement": _nothing,
    "/insurance": _nothing,
    "/stats": _stats,
    "/schema": _schema,
    "/schema/websocketHelp": _socket_help,
    "/wallet/assets": _assets,
}
PUBLIC: Final = {("GET", path): Route(handle=handle) for path, handle in _HANDLERS.items()}
