"""A file's rows in a temporary database, in the file's order: parsed once, looked at by the chunk.

So a file of any size takes the memory of one chunk, and may be looked at twice: once to judge it, once to write it.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs

from adapters.errors import OutputError, reason_of, tells_of_a_signal
from adapters.files.sources import Source

if TYPE_CHECKING:
    import duckdb

CHUNK: Final = 500_000
AHEAD: Final = 16
"""Rows beyond a chunk that are shown with it: whether a time jumps ahead is seen by those that follow."""
_BLOCK: Final = 50_000
_SETTINGS: Final = {
    "autoinstall_known_extensions": "false",
    "memory_limit": "256MB",
    "threads": "2",
    "preserve_insertion_order": "true",
}


class Selection(Protocol):
    """Which columns of a source are read, and how; its names are the columns of each chunk."""

    @property
    def numeric(self) -> frozenset[int]:
        """Columns that hold numbers."""

    @property
    def used(self) -> tuple[int, ...]:
        """Columns that the expressions speak of."""

    @property
    def symbol(self) -> int | None:
        """The column of the symbol, if any."""

    @property
    def is_exact(self) -> bool:
        """Whether blanks around a cell's text belong to it."""

    def expressions(self, *, typed: bool) -> list[str]:
        """SQL over columns c0, c1, ..., each with its name; NULL where a value cannot be read."""


@attrs.frozen(eq=False)
class Chunk:
    """Consecutive rows of one symbol."""

    columns: dict[str, Any]
    """Name -> array, masked where a value could not be read. `line` too, after a careful reading."""
    own: int
    """How many rows are this chunk's; the others come again with the next."""


@attrs.define(eq=False)
class FileRows:
    """The rows of one file."""

    source: Source
    selection: Selection
    only: str | None
    """The symbol that was asked for; rows of others are no rows."""
    database: "duckdb.DuckDBPyConnection"
    careful: bool = False
    """Whether the line of each row is known."""

    def fill(self) -> None:
        """Parse the file: fast, or line by line where something cannot be read."""
        if not self._fill_fast():
            self.fill_carefully()

    def fill_carefully(self) -> None:
        """Parse the file again, line by line, so that each row's line is known."""
        self.careful = True
        width, used = len(self.source.header), self._used()
        unnested = [f"unnest(${number}::VARCHAR[]) AS c{column}" for number, column in enumerate(used, start=1)]
        unnested.append(f"unnest(${len(used) + 1}::BIGINT[]) AS line")
        select = f"SELECT {', '.join([*self._expressions(typed=False), 'line'])} FROM (SELECT {', '.join(unnested)})"  # noqa: S608 our own parts
        made, exact = False, self.selection.is_exact
        rows = iter(self.source.rows())
        while block := list(islice(rows, _BLOCK)):
            whole = [row if len(row) == width else [""] * width for _, row in block]
            lists: list[Any] = [[cells[c] if exact else cells[c].strip() for cells in whole] for c in used]
            lists.append([line for line, _ in block])
            self.database.execute(
                f"{'INSERT INTO rows' if made else 'CREATE OR REPLACE TABLE rows AS'} {select}", lists
            )
            made = True
        if self.only is not None and self.selection.symbol is not None:
            # Rows that cannot be split into columns have no symbol, and may be anybody's.
            self.database.execute("DELETE FROM rows WHERE symbol NOT IN (?, '')", [self.only])

    def count(self) -> int:
        """How many rows there are."""
        found = self.database.execute("SELECT count(*) FROM rows").fetchone()
        return 0 if found is None else int(found[0])

    def symbols(self) -> tuple[str | None, ...]:
        """Whose rows there are, in the order of their first rows; (None,) where no column says it."""
        if self.selection.symbol is None:
            return (None,)
        found = self.database.execute("SELECT symbol FROM rows GROUP BY symbol ORDER BY min(rowid)").fetchall()
        return tuple(str(row[0]) for row in found)

    def chunks(self, symbol: str | None, rows: int = CHUNK) -> Iterator[Chunk]:
        """The rows of one symbol in the file's order."""
        wanted, parameters = "", []
        if symbol is not None:
            wanted, parameters = " AND symbol = ?", [symbol]
        exclude = " EXCLUDE symbol" if self.selection.symbol is not None else ""
        query = f"SELECT rowid AS place, *{exclude} FROM rows WHERE rowid > ?{wanted} LIMIT {rows + AHEAD}"  # noqa: S608 our own parts
        last = -1
        while True:
            arrays = self.database.execute(query, [last, *parameters]).fetchnumpy()
            places = arrays.pop("place")
            own = min(len(places), rows)
            if not own:
                return
            yield Chunk(arrays, own)
            last = int(places[own - 1])

    def _fill_fast(self) -> bool:
        import duckdb  # noqa: PLC0415 loaded only by who reads a file

        relation = self.source.relation(self.selection.numeric)
        if relation is None:
            return False
        where, parameters = "", []
        if self.only is not None and self.selection.symbol is not None:
            where, parameters = " WHERE symbol = ?", [self.only]
        selected = ", ".join(self._expressions(typed=True))
        query = f"CREATE TABLE rows AS SELECT * FROM (SELECT {selected} FROM {relation}){where}"  # noqa: S608 our own parts
        try:
            self.database.execute(query, parameters)
            names = [row[0] for row in self.database.execute("DESCRIBE rows").fetchall()]
            missing = " OR ".join(f"{name} IS NULL" for name in names)
            found = self.database.execute(f"SELECT 1 FROM rows WHERE {missing} LIMIT 1").fetchone()  # noqa: S608 ours
        except duckdb.Error as error:
            if tells_of_a_signal(error):
                raise
            return False
        return found is None

    def _expressions(self, *, typed: bool) -> list[str]:
        selected = self.selection.expressions(typed=typed)
        if self.selection.symbol is not None:
            selected.append(f"trim(c{self.selection.symbol}) AS symbol")
        return selected

    def _used(self) -> Sequence[int]:
        symbol = () if self.selection.symbol is None else (self.selection.symbol,)
        return sorted({*self.selection.used, *symbol})


@contextmanager
def temporary_database() -> Iterator["duckdb.DuckDBPyConnection"]:
    """A database in a folder that is gone afterwards, and whose memory is bounded."""
    import duckdb  # noqa: PLC0415 takes 0.15 s, which only those pay who read a file

    with tempfile.TemporaryDirectory(prefix="openoutcry-") as folder:
        settings: dict[str, str | bool | int | float | list[str]] = {**_SETTINGS, "temp_directory": folder}
        try:
            with closing(duckdb.connect(str(Path(folder) / "rows.db"), config=settings)) as database:
                # On a terminal duckdb would draw a bar of its own.
                database.execute("SET enable_progress_bar = false")
                yield database
        except (
            duckdb.IOException,
            duckdb.OutOfMemoryException,
            duckdb.TransactionException,
            duckdb.FatalException,
        ) as error:
            reason = reason_of(error)
            raise OutputError(f"{tempfile.gettempdir()}: no room for temporary files: {reason}") from error
