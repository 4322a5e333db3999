"""A store's rows as the columns that a feed plays."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from actors.columns import (
    BarColumns,
    BookColumns,
    FundingColumns,
    IndexColumns,
    LiquidationColumns,
    MarkColumns,
    QuoteColumns,
    TickColumns,
)
from messages import Period, Symbol

Rows: TypeAlias = Mapping[str, Any]
"""A chunk of a store: numpy columns by name."""
Make: TypeAlias = Callable[..., Any]

COLUMNS: Final[Mapping[str, type[Any]]] = {
    "ticks": TickColumns,
    "quotes": QuoteColumns,
    "books": BookColumns,
    "l2": BookColumns,
    "funding": FundingColumns,
    "marks": MarkColumns,
    "index": IndexColumns,
    "liquidations": LiquidationColumns,
}
"""Kinds that come in chunks, and what they become. A kind's columns are called as the fields are."""


def columns_of(kind: str, symbol: Symbol, rows: Rows) -> Any:
    """A chunk's columns, under the symbol that the run knows it by."""
    return COLUMNS[kind](symbol=symbol, **rows)


def bar_columns(symbol: Symbol, period: Period, rows: Rows) -> BarColumns:
    """Bars, all at once. Turnover is none where one of them does not know it."""
    turnover = rows["turnover"]
    unknown = np.isnan(turnover)
    names = ("open_ts", "close_ts", "open", "high", "low", "close", "volume")
    return BarColumns(
        symbol=symbol,
        period=period,
        turnover=None if unknown.any() else turnover,
        **{name: rows[name] for name in names},
    )
