"""What changed, as rows for the socket: books as differences, quotes, instruments, positions and money."""

from collections import deque
from typing import Final

from adapters.exchange import statements
from adapters.exchange.account import Account
from adapters.exchange.floor import Change, Floor
from adapters.exchange.market import Market
from adapters.exchange.tables import EMPTY
from adapters.exchange.wire import Row, delta, iso, plain
from messages import Lots, Symbol

_WINDOW: Final = 25
_TOP: Final = 10
_RECENT: Final = 50
"""Executions in a partial."""
_INSTRUMENT_ALWAYS: Final = ("symbol", "timestamp")


class Publisher:
    """Remembers what was said last, so that it can say what is different now."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._windows: dict[Symbol, dict[tuple[int, int], Lots]] = {}
        self._levels: dict[Symbol, dict[tuple[int, int], Lots]] = {}
        self._tens: dict[Symbol, Row] = {}
        self._quotes: dict[Symbol, Row] = {}
        self._instruments: dict[Symbol, Row] = {}
        self._positions: dict[tuple[int, Symbol], Row] = {}
        self._margins: dict[tuple[int, str], Row] = {}

    def changes(self) -> tuple[Change, ...]:
        """Everything since the last call; the outbox is empty afterwards."""
        outbox, floor = self._floor.outbox, self._floor
        found = outbox.changes
        outbox.changes = []
        for symbol, rows in outbox.traded.items():
            found.append(Change(table="trade", action="insert", rows=tuple(rows), symbol=symbol))
        outbox.traded = {}
        for market in floor.markets.values():
            touched = market.book.take_changes()
            if touched:
                found += self._book(market, touched)
        for number, symbol in outbox.positions:
            found += self._position(floor.accounts[number], symbol)
        for number, currency in outbox.margins:
            found += self._margin(floor.accounts[number], currency)
        outbox.positions, outbox.margins = {}, {}
        return tuple(found)

    def pulse(self) -> tuple[Change, ...]:
        """Now and then: what follows from the marks, for instruments and for everybody who holds something."""
        floor, found = self._floor, list(self.changes())
        for market in floor.markets.values():
            row = market.row(floor.now)
            news = delta(self._instruments.get(market.symbol, {}), row, _INSTRUMENT_ALWAYS)
            known = market.symbol in self._instruments
            self._instruments[market.symbol] = row
            if news is not None and known and news.keys() > set(_INSTRUMENT_ALWAYS):
                found.append(Change(table="instrument", action="update", rows=(news,), symbol=market.symbol))
        for account in floor.clients():
            held = [position for position in account.positions.values() if position.lots]
            for position in held:
                found += self._position(account, position.contract.symbol)
            for currency in sorted({position.contract.settles for position in held}):
                found += self._margin(account, currency)
        return tuple(found)

    def _book(self, market: Market, touched: tuple[tuple[int, int], ...]) -> list[Change]:
        symbol, book, now = market.symbol, market.book, self._floor.now
        levels = self._levels.setdefault(symbol, {})
        present = {key: book.size_at(*key) for key in touched}
        found = self._differences("orderBookL2", market, {key: levels.get(key, 0) for key in touched}, present)
        levels.update(present)
        for key, lots in present.items():
            if not lots:
                del levels[key]
        window = {(sign, ticks): lots for sign in (1, -1) for ticks, lots in book.levels(sign, _WINDOW)}
        before = self._windows.get(symbol, {})
        if window != before:
            found += self._differences("orderBookL2_25", market, {**dict.fromkeys(window, 0), **before}, window)
            self._windows[symbol] = window
        ten = self._ten(market)
        if {**ten, "timestamp": ""} != {**self._tens.get(symbol, {}), "timestamp": ""}:
            self._tens[symbol] = ten
            found.append(Change(table="orderBook10", action="update", rows=(ten,), symbol=symbol))
        quote, last = market.quote_row(now), self._quotes.get(symbol, {})
        if any(quote[name] != last.get(name) for name in ("bidPrice", "askPrice", "bidSize", "askSize")):
            self._quotes[symbol] = quote
            market.tape.quotes.append(quote)
            found.append(Change(table="quote", action="insert", rows=(quote,), symbol=symbol))
        return found

    def _differences(
        self, table: str, market: Market, before: dict[tuple[int, int], Lots], after: dict[tuple[int, int], Lots]
    ) -> list[Change]:
        """Deletes without a size, updates without a price, inserts with both; in this order."""
        rows: dict[str, list[Row]] = {"delete": [], "update": [], "insert": []}
        for (sign, ticks), was in before.items():
            lots = after.get((sign, ticks), 0)
            if lots == was:
                continue
            row = market.level_row(sign, ticks, lots, self._floor.now)
            if not lots:
                rows["delete"].append({name: row[name] for name in ("symbol", "id", "side")})
            elif was:
                del row["price"]
                rows["update"].append(row)
            else:
                rows["insert"].append(row)
        return [
            Change(table=table, action=action, rows=tuple(said), symbol=market.symbol)
            for action, said in rows.items()
            if said
        ]

    def _ten(self, market: Market) -> Row:
        lot, to_price = market.contract.lot, market.arithmetic.grid.to_price
        sides = {
            name: [[plain(to_price(ticks)), lots * lot] for ticks, lots in market.book.levels(sign, _TOP)]
            for name, sign in (("bids", 1), ("asks", -1))
        }
        return {"symbol": market.symbol, **sides, "timestamp": iso(self._floor.now)}

    def _position(self, account: Account, symbol: Symbol) -> list[Change]:
        position = account.position(self._floor.markets[symbol].contract)
        row, key = statements.position_row(self._floor, account, position), (account.number, symbol)
        before = self._positions.get(key)
        self._positions[key] = row
        if before is None:
            return [Change(table="position", action="insert", rows=(row,), symbol=symbol, account=account.number)]
        news = delta({**before, "timestamp": row["timestamp"]}, row, statements.POSITION_ALWAYS)
        if news is None:
            return []
        return [Change(table="position", action="update", rows=(news,), symbol=symbol, account=account.number)]

    def _margin(self, account: Account, currency: str) -> list[Change]:
        row, key = statements.margin_row(self._floor, account, currency), (account.number, currency)
        before = self._margins.get(key)
        self._margins[key] = row
        if before is None:
            # The row has stood in every partial; only what is different since is news, and all of it may be.
            return [Change(table="margin", action="update", rows=(row,), account=account.number)]
        news = delta({**before, "timestamp": row["timestamp"]}, row, statements.MARGIN_ALWAYS)
        return [] if news is None else [Change(table="margin", action="update", rows=(news,), account=account.number)]

    # Partials.

    def snapshot(self, table: str, symbol: Symbol | None, account: Account | None) -> list[Row]:
        """The rows that a partial of a table begins with."""
        if account is not None:
            return self._private(table, symbol, account)
        if table in EMPTY:
            return []
        markets = [market for market in self._floor.markets.values() if symbol in (None, market.symbol)]
        return [row for market in markets for row in self._public(table, market)]

    def _public(self, table: str, market: Market) -> list[Row]:
        now, tape = self._floor.now, market.tape
        rows: list[Row]
        if table == "instrument":
            # What later differences are differences from, not what it would be at this moment.
            rows = [self._instruments.setdefault(market.symbol, market.row(now))]
        elif table in ("orderBookL2", "orderBookL2_25"):
            rows = market.book_rows(_WINDOW if table.endswith("25") else None, now)
        elif table == "orderBook10":
            rows = [self._ten(market)]
        elif table.startswith("tradeBin"):
            rows = _last(tape.bars[table.removeprefix("tradeBin")], 1)
        elif table.startswith("quote"):
            rows = [market.quote_row(now)]
        elif table == "funding":
            rows = market.fundings[-1:]
        else:
            rows = list(market.liquidations.values()) if table == "liquidation" else _last(tape.trades, 1)
        return rows

    def _private(self, table: str, symbol: Symbol | None, account: Account) -> list[Row]:
        floor = self._floor
        if table == "order":
            return [order.row() for order in account.open.values() if symbol in (None, order.contract.symbol)]
        if table == "execution":
            return [row for row in account.executions[-_RECENT:] if symbol in (None, row["symbol"])]
        if table == "position":
            return [
                self._positions.setdefault((account.number, name), statements.position_row(floor, account, position))
                for name, position in account.positions.items()
                if symbol in (None, name)
            ]
        if table == "margin":
            return [
                self._margins.setdefault((account.number, currency), statements.margin_row(floor, account, currency))
                for currency in account.wallets
            ]
        if table == "wallet":
            return [statements.wallet_row(floor, account, wallet) for wallet in account.wallets.values()]
        return [row for wallet in account.wallets.values() for row in wallet.transactions]


def _last(rows: deque[Row], count: int) -> list[Row]:
    return [rows[index] for index in range(max(0, len(rows) - count), len(rows))]
