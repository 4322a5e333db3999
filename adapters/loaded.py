"""One `[[data]]` entry, loaded: the columns that a run plays, and what there is to say about them."""

import hashlib
from decimal import Decimal
from typing import Any

import attrs
import numpy as np

from actors.columns import BarColumns, ChunkedColumns, Floats, TickColumns
from actors.money.grid import common_tick_size, off_grid
from adapters.configuration import DataSection
from adapters.files import BadRow
from adapters.results import DataFact
from adapters.stored.scan import Scan


@attrs.frozen(kw_only=True, eq=False)
class LoadedData:
    """One `[[data]]` entry, loaded."""

    section: DataSection
    """With the period that the data turned out to have."""
    columns: BarColumns | TickColumns | ChunkedColumns
    fact: DataFact
    notes: tuple[str, ...] = ()
    bad_rows: tuple[BadRow, ...] = ()
    scan: Scan | None = None
    """Of columns that come in chunks: what a look through them has found."""

    def tick_size(self) -> Decimal:
        """The coarsest grid on which all prices stand; ValueError where there is none."""
        if self.section.generated is not None and self.section.generated.tick_size is not None:
            return self.section.generated.tick_size
        if self.scan is None:
            return common_tick_size(self._prices())
        if self.scan.tick_size is None:
            raise ValueError(
                "no tick size can be inferred: no grid of 1, 2, 2.5 or 5 times a power of ten fits all prices"
            )
        return self.scan.tick_size

    def off_grid(self, tick_size: Decimal) -> tuple[int, int]:
        """How many prices do not stand on that grid, and how many there are."""
        if self.scan is not None:
            return self.scan.off_grid, self.scan.prices
        prices = self._prices()
        return sum(off_grid(column, tick_size) for column in prices), sum(len(column) for column in prices)

    def _prices(self) -> list[Floats]:
        names = ("open", "high", "low", "close") if isinstance(self.columns, BarColumns) else ("price",)
        return [getattr(self.columns, name) for name in names]


def digest_of(columns: Any) -> str:
    """SHA-256 of the arrays of columns, one after the other: what stands for their content in a run's id."""
    digest = hashlib.sha256()
    for field in attrs.fields(type(columns)):
        values = getattr(columns, field.name)
        if isinstance(values, np.ndarray):
            digest.update(values.tobytes())
    return digest.hexdigest()
