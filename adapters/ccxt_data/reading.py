"""What a worker's answers mean: trades and the best bid and ask as messages, or what is wrong with them."""

import json
import math
from typing import Any, Final, TypeAlias

from messages import NS_PER_MILLISECOND, Quote, Symbol, Tick, UtcNs

Mark: TypeAlias = tuple[UtcNs, float, float, int]
"""What a trade is known by: time, price, size, aggressor."""
_AGGRESSORS: Final = {"buy": 1, "sell": -1, None: 0}
_TS_MS_MAX: Final = 9_000_000_000_000


class Unreadable(ValueError):  # noqa: N818 - it says what came
    """An answer, or a row of it, that cannot be meant."""


def listed(body: str) -> list[Any]:
    """The rows of an answer. Unreadable when it is no list."""
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise Unreadable("the answer is no list")
    return value


def mark_of(row: Any) -> Mark:
    """One trade of the worker's."""
    if not isinstance(row, list) or len(row) != 4:
        raise Unreadable(f"a trade is {row!r:.60}")
    ts, price, size, side = row
    if side not in _AGGRESSORS:
        raise Unreadable(f"side must be buy or sell, not {side!r:.60}")
    return _time(ts), _number("price", price, above_zero=True), _number("size", size), _AGGRESSORS[side]


def tick_of(symbol: Symbol, mark: Mark, received: UtcNs) -> Tick:
    """The trade as a message."""
    ts, price, size, aggressor = mark
    return Tick(symbol=symbol, ts=ts, received=received, price=price, size=size, aggressor=aggressor)


def quote_of(symbol: Symbol, row: list[Any], received: UtcNs) -> Quote:
    """The best bid and ask; at `received` where the exchange shows no time. Unreadable without one of the sides."""
    if len(row) != 5:
        raise Unreadable(f"bid and ask are {row!r:.60}")
    ts, bid, bid_size, ask, ask_size = row
    return Quote(
        symbol=symbol,
        ts=received if ts is None else _time(ts),
        received=received,
        bid=_number("bid", bid, above_zero=True),
        bid_size=_number("bid size", bid_size),
        ask=_number("ask", ask, above_zero=True),
        ask_size=_number("ask size", ask_size),
    )


def _time(value: Any) -> UtcNs:
    if type(value) is not int or not 0 < value < _TS_MS_MAX:
        raise Unreadable(f"time must be ms since 1970, not {value!r:.60}")
    return value * NS_PER_MILLISECOND


def _number(name: str, value: Any, *, above_zero: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unreadable(f"{name} must be a number, not {value!r:.60}")
    if value < 0 or (above_zero and value == 0):
        raise Unreadable(f"{name} must be {'above zero' if above_zero else 'zero or above'}, not {value!r}")
    return float(value)
