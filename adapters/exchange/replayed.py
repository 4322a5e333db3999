"""A market that repeats what a file holds: its bars or trades are where the crowd's price goes, at any speed.

Times are moved by whole minutes, so that the file's first minute is that in which the exchange begins. A trade of the
file becomes a market order of its size; a bar becomes four: its open, its extreme against and with its direction, its
close, with a quarter of the volume each.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from actors.columns import BarColumns, TickColumns
from adapters.errors import InputError
from adapters.exchange.contracts import CONTRACTS, XBTUSD, Contract
from adapters.files import load
from messages import NS_PER_SECOND, Lots, UtcNs

_MINUTE: Final = 60 * NS_PER_SECOND
_LOTS_MAX: Final = 1_000
"""Of one market order: a file's volume may be that of another contract, or of a day."""


class Replay:
    """A file's prices in their order: see PriceSource. Behind its end the price stays where it was."""

    def __init__(self, columns: BarColumns | TickColumns, contract: Contract, begins: UtcNs) -> None:
        self._points = _points(columns, contract)
        first = next(self._points)
        self.first_price = first[1]
        self._shift = begins - (first[0] - first[0] % _MINUTE)
        self._next: tuple[UtcNs, float, Lots] | None = first
        self._price = first[1]

    def due(self) -> UtcNs | None:
        """When the file's next price is; None behind its end."""
        return None if self._next is None else self._next[0] + self._shift

    def next(self, at: UtcNs, elapsed_s: float) -> tuple[float, Lots | None]:  # noqa: ARG002 the file says when
        """See PriceSource: prices that are due at once are traded as one."""
        lots, any_due = 0, False
        while self._next is not None and self._next[0] + self._shift <= at:
            _ts, price, size = self._next
            lots = (size if price >= self._price else -size) if price != self._price or not any_due else lots
            self._price, any_due = price, True
            self._next = next(self._points, None)
        return self._price, lots


def _points(columns: BarColumns | TickColumns, contract: Contract) -> Iterator[tuple[UtcNs, float, Lots]]:
    """(time, price, lots) of a file, each price on its own."""
    if isinstance(columns, TickColumns):
        for index in range(len(columns)):
            yield int(columns.ts[index]), float(columns.price[index]), _lots(float(columns.size[index]), contract)
        return
    quarter = columns.period // 4
    for index in range(len(columns)):
        opened, high = float(columns.open[index]), float(columns.high[index])
        low, close = float(columns.low[index]), float(columns.close[index])
        lots, start = _lots(float(columns.volume[index]) / 4, contract), int(columns.open_ts[index])
        path = (opened, low, high, close) if close >= opened else (opened, high, low, close)
        for number, price in enumerate(path):
            yield start + number * quarter, price, lots


def _lots(contracts: float, contract: Contract) -> Lots:
    # A volume that is not known does not keep the trade from being shown.
    return max(1, min(_LOTS_MAX, round(contracts / contract.lot) if contracts == contracts else 1))  # noqa: PLR0124 NaN


def read_market(path: Path, now: UtcNs) -> tuple[Contract, Replay]:
    """The contract that a file's name speaks of (XBTUSD when it speaks of none), and its prices. InputError."""
    name = path.name.upper()
    named = [contract for symbol, contract in CONTRACTS.items() if symbol in name]
    contract = max(named, key=lambda found: len(found.symbol)) if named else XBTUSD
    columns = load(path, symbol=contract.symbol).columns
    if len(columns) == 0:
        raise InputError(f"{path}: there is nothing in it to trade at")
    return contract, Replay(columns, contract, now - now % _MINUTE)
