"""What a route is: a verb and a path, what it needs, and the function that answers it."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import attrs

from adapters.exchange.account import Account
from adapters.exchange.exchange import Exchange
from adapters.exchange.market import Market
from adapters.exchange.query import query, select
from adapters.exchange.tables import TABLES
from adapters.exchange.wire import Row

Fields: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Exchange, Account | None, Fields], Any]
WIDE_MAX: Final = 1_000
"""Rows of trades and bars in one answer."""
USUAL_MAX: Final = 500


@attrs.frozen(kw_only=True)
class Route:
    """One verb and path."""

    handle: Handler
    is_private: bool = False
    permissions: frozenset[str] = frozenset()
    """Any of these is needed; none: reading is enough."""
    per_second: bool = False


def needed(account: Account | None) -> Account:
    """The account of a private route."""
    assert account is not None, "a private route is reached only with a key"
    return account


def table_rows(
    exchange: Exchange, fields: Fields, rows: Iterable[Row], table: str, count_max: int = USUAL_MAX
) -> list[Row]:
    """The rows that a query picks."""
    wanted = query(fields, count_max=count_max, named=lambda symbol: exchange.floor.market_named(symbol).symbol)
    return select(rows, wanted, TABLES[table].keys or ("timestamp", "symbol"))


def markets_of(exchange: Exchange, fields: Fields) -> Iterable[Market]:
    """The market that is asked for, or all."""
    symbol = fields.get("symbol")
    return [exchange.floor.market_named(symbol)] if symbol else exchange.markets.values()


def merged(parts: Iterable[Iterable[Row]]) -> list[Row]:
    """Rows of several symbols in the order of time."""
    lists = [list(part) for part in parts]
    return (
        lists[0] if len(lists) == 1 else sorted((row for part in lists for row in part), key=lambda r: r["timestamp"])
    )
