"""One look through a series before a run: how much there is, from when to when, on which grid, and what names it.

A chunk at a time, so that a series may be longer than memory. The digest is of the values, column by column: it does
not depend on how they are cut into files and chunks, nor on where they lie.
"""

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import attrs
import numpy as np

from actors.columns import TickColumns
from actors.money.grid import infer_tick_size, off_grid
from adapters.stored.columns import Rows, columns_of
from messages import Symbol, UtcNs

ENDING: Final = 64
"""Trades kept of the end."""
PRICES: Final[Mapping[str, tuple[str, ...]]] = {
    "ticks": ("price",),
    "quotes": ("bid", "ask"),
    "books": ("price",),
    "l2": ("price",),
}
"""Kinds whose prices a contract's grid is judged by."""
_SAMPLE: Final = 4_096


@attrs.frozen(kw_only=True)
class Scan:
    """What one look has found."""

    rows: int
    """Messages."""
    first_ts: UtcNs
    """`received` of the first and of the last."""
    last_ts: UtcNs
    digest: str
    tick_size: Decimal | None
    """The coarsest grid on which all prices stand; None where there is none, or one was told."""
    off_grid: int
    """Of all prices how many do not stand on the grid that was told."""
    prices: int
    ending: TickColumns | None


def scan(kind: str, symbol: Symbol, chunks: Iterable[Rows], told: Decimal | None) -> Scan | None:
    """Look through a series; None when it is empty. `told`: the tick size, where the configuration has one."""
    hashes: dict[str, Any] = {}
    grid = _Grid(told)
    messages = first = last = 0
    ending: Rows | None = None
    for rows in chunks:
        received = rows["received"]
        if not messages:
            first = int(received[0])
        last = int(received[-1])
        messages += _messages(rows)
        for name, column in rows.items():
            if name != "part":
                _hash(hashes.setdefault(name, hashlib.sha256()), column)
        if "part" in rows:
            _hash_parts(hashes.setdefault("part", hashlib.sha256()), rows["part"])
        for name in PRICES.get(kind, ()):
            grid.look(rows[name])
        ending = rows
    if not messages:
        return None
    digest = hashlib.sha256(repr((kind, sorted((name, each.hexdigest()) for name, each in hashes.items()))).encode())
    return Scan(
        rows=messages,
        first_ts=first,
        last_ts=last,
        digest=digest.hexdigest(),
        tick_size=grid.tick_size,
        off_grid=grid.off,
        prices=grid.prices,
        ending=_last_rows(symbol, ending) if kind == "ticks" and ending is not None else None,
    )


def _messages(rows: Rows) -> int:
    if "part" not in rows:
        return len(rows["received"])
    part = rows["part"]
    # No message is in two chunks.
    return int(np.count_nonzero(part[1:] != part[:-1])) + 1


def _hash(digest: Any, column: Any) -> None:
    if column.dtype == object:
        digest.update("\0".join([*column.tolist(), ""]).encode())
    else:
        digest.update(np.ascontiguousarray(column).data)


def _hash_parts(digest: Any, part: Any) -> None:
    """Where messages begin, not how they are numbered: that depends on what was read."""
    begins = np.empty(len(part), dtype=np.bool_)
    begins[0] = True
    np.not_equal(part[1:], part[:-1], out=begins[1:])
    digest.update(begins.data)


def _last_rows(symbol: Symbol, rows: Rows) -> TickColumns:
    last: TickColumns = columns_of("ticks", symbol, {name: column[-ENDING:].copy() for name, column in rows.items()})
    return last


class _Grid:
    """Follows the coarsest grid that fits all prices so far, or counts those off the one that was told."""

    def __init__(self, told: Decimal | None) -> None:
        self._told = told
        self._seen = np.zeros(0)
        """Prices that the present grid was inferred from: enough of them to infer a finer one."""
        self.tick_size: Decimal | None = None
        self.off = self.prices = 0
        self._is_lost = False

    def look(self, column: Any) -> None:
        """More prices. What is no price is the tick filter's to set aside."""
        prices = column[np.isfinite(column) & (column > 0.0)]
        self.prices += len(prices)
        if self._told is not None:
            self.off += off_grid(prices, self._told)
            return
        if self._is_lost or not len(prices):
            return
        if self.tick_size is None or off_grid(prices, self.tick_size):
            self._infer(np.unique(prices))

    def _infer(self, prices: Any) -> None:
        try:
            self.tick_size = infer_tick_size(np.concatenate([self._seen, prices]))
        except ValueError:
            self._is_lost, self.tick_size = True, None
            return
        # The highest counts most: where floats grow coarse a grid cannot be told any more.
        self._seen = np.unique(np.concatenate([self._seen, prices[:_SAMPLE], prices[-1:]]))
