"""From a source to arrays: fast, where everything is as it should be; carefully, where something is not."""

from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from actors.columns import Floats, Ints
from adapters.errors import tells_of_a_signal
from adapters.files.layout import Layout
from adapters.files.sources import Source
from adapters.files.stamps import FARTHEST, NO_TIME

if TYPE_CHECKING:
    import duckdb

_BLOCK = 50_000


@attrs.frozen(eq=False)
class Table:
    """A file's rows in arrays of one length; what could not be read is NO_TIME or NaN."""

    stamps: Ints
    """UTC ns, or local ns where the file's times are naive."""
    values: dict[str, Floats]
    lines: Ints | None = None
    """Where each row stands; only a careful reading knows."""

    def __len__(self) -> int:
        return len(self.stamps)


def read_fast(database: "duckdb.DuckDBPyConnection", source: Source, layout: Layout) -> Table | None:
    """Read with fixed types. None when duckdb stumbles or a value is missing: then it takes a careful reading."""
    import duckdb  # noqa: PLC0415 loaded only by who reads a file

    relation = source.relation(layout.numeric)
    if relation is None:
        return None
    try:
        arrays = database.execute(
            f"SELECT {', '.join(layout.expressions(typed=True))} FROM {relation}"  # noqa: S608 built from our own parts
        ).fetchnumpy()
    except duckdb.Error as error:
        if tells_of_a_signal(error):
            raise
        return None
    if any(isinstance(array, np.ma.MaskedArray) for array in arrays.values()):
        return None
    return Table(bounded(arrays.pop("stamp")), arrays)


def read_carefully(database: "duckdb.DuckDBPyConnection", source: Source, layout: Layout) -> Table:
    """Read row by row, keeping each row's line; a row with the wrong number of columns has no time and no values."""
    width = len(source.header)
    columns = sorted({*layout.stamp, *layout.values.values()})
    cells = ", ".join(f"unnest(${number}::VARCHAR[]) AS c{column}" for number, column in enumerate(columns, start=1))
    query = f"SELECT {', '.join(layout.expressions(typed=False))} FROM (SELECT {cells})"  # noqa: S608 our own parts
    blocks: list[dict[str, Any]] = []
    lines: list[Ints] = []
    rows = iter(source.rows())
    while block := list(islice(rows, _BLOCK)):
        lists = [[row[column].strip() if len(row) == width else "" for _, row in block] for column in columns]
        blocks.append(database.execute(query, lists).fetchnumpy())
        lines.append(np.array([line for line, _ in block], dtype=np.int64))
    stamps = np.concatenate([filled(block["stamp"], NO_TIME) for block in blocks]).astype(np.int64)
    values = {
        role: np.concatenate([filled(block[role], np.nan) for block in blocks]).astype(np.float64)
        for role in layout.values
    }
    return Table(bounded(stamps), values, np.concatenate(lines))


def bounded(stamps: Ints) -> Ints:
    """Times, and NO_TIME for what lies too far from ours to be one."""
    beyond = np.abs(stamps) > FARTHEST
    return np.where(beyond, NO_TIME, stamps) if beyond.any() else stamps


def filled(array: Any, missing: float) -> Any:
    """The array with `missing` where the database says NULL."""
    return array.filled(missing) if isinstance(array, np.ma.MaskedArray) else array
