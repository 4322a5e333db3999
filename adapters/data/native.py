"""The files that an export writes, read again: the store's own columns, times twice, as text for people and as ns.

Such a file is recognised by its header, and needs no guess: what comes back equals what was exported.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np

from adapters.data.reading import INFERRED, TOLD, Examined, Fact, Piece, Wishes
from adapters.data.rows import CHUNK, Chunk, FileRows
from adapters.errors import InputError
from adapters.files import checks
from adapters.files.blame import LISTED, BadRow, listing
from adapters.store.kinds import KINDS, SIGN, TEXT, Kind
from messages import Period, iso_utc, period_name

TIMES: Final = ("ts", "open_ts", "close_ts", "received", "a_ts", "b_ts")
_POSITIVE: Final = ("open", "high", "low", "close", "bid", "ask")
_SIZES: Final = ("size", "bid_size", "ask_size", "volume", "buy_volume", "sell_volume", "unknown_volume")
_MAY_BE_MISSING: Final = {"bars": ("turnover",), "liquidations": ("price",)}
_NO_NUMBERS_NEEDED: Final = ("spreads",)


def exported_names(kind: Kind) -> tuple[str, ...]:
    """The header of an export: each time as ISO 8601 and, in a column `..._ns`, as an integer."""
    names: list[str] = []
    for name in kind.columns:
        names += [name, f"{name}_ns"] if name in TIMES else [name]
    return tuple(names)


def kinds_of_header(header: Sequence[str], *, typed: bool) -> tuple[Kind, ...]:
    """The kinds whose export has that header: none, one, or two that look alike.

    `typed`: a file whose columns have types holds the store's own columns.
    """
    return tuple(
        kind for kind in KINDS.values() if tuple(header) == (tuple(kind.columns) if typed else exported_names(kind))
    )


@attrs.frozen
class NativeSelection:
    """Which columns of an export are read: ns, not texts, of its times."""

    kind: Kind
    header: tuple[str, ...]

    @property
    def numeric(self) -> frozenset[int]:
        """None: texts are cast here, so that an integer stays one."""
        return frozenset()

    @property
    def symbol(self) -> int | None:
        """An export is of one symbol."""
        return None

    @property
    def used(self) -> tuple[int, ...]:
        """The columns of the kind."""
        return tuple(self.place(name) for name in self.kind.columns)

    @property
    def is_exact(self) -> bool:
        """Texts are as they were."""
        return True

    def place(self, name: str) -> int:
        """Where a column of the kind stands."""
        twice = f"{name}_ns"
        return self.header.index(twice if twice in self.header else name)

    def expressions(self, *, typed: bool) -> list[str]:  # noqa: ARG002 the texts are the same either way
        """SQL for each column of the kind; a missing number is NaN, where it may be missing."""
        selected = []
        for name, sort in self.kind.columns.items():
            text = f"c{self.place(name)}"
            if sort == TEXT:
                value = f"coalesce({text}, '')"
            elif sort == "float64":
                value = f"TRY_CAST({text} AS DOUBLE)"
                if self._may_be_missing(name):
                    value = f"CASE WHEN coalesce({text}, '') = '' THEN CAST('nan' AS DOUBLE) ELSE {value} END"
            else:
                value = f"TRY_CAST({text} AS {'TINYINT' if sort == SIGN else 'BIGINT'})"
            selected.append(f'{value} AS "{name}"')
        return selected

    def _may_be_missing(self, name: str) -> bool:
        return self.kind.base in _NO_NUMBERS_NEEDED or name in _MAY_BE_MISSING.get(self.kind.base, ())


@attrs.define(eq=False)
class NativeFile:
    """An export, spooled."""

    path: Path
    rows: FileRows
    kind: Kind
    wishes: Wishes
    chunk_rows: int = CHUNK
    _period: Period | None = None

    def examine(self) -> Examined:
        """Judge every row; see `FileReading`."""
        bad, count = list[BadRow](), 0
        for columns, codes in self._judged():
            wrong = np.flatnonzero(codes)
            count += len(wrong)
            if len(wrong) and not self.rows.careful:
                self.rows.fill_carefully()
                return self.examine()
            if self._period is None and self.kind.is_periodic:
                self._period = self.wishes.period or _length_of(columns, codes)
            for row in wrong[: None if self.wishes.bad_rows == "quarantine" else max(0, LISTED - len(bad))]:
                bad.append(_blamed(self.path, self.rows.source.place, columns, int(row), int(codes[row])))
        total = self.rows.count()
        if count and self.wishes.bad_rows == "fail":
            raise InputError(listing(bad, count))
        if count == total:
            raise InputError(
                f"{self.path}: " + (f"none of its {total} rows can be used; {bad[0]}" if bad else "no rows")
            )
        return Examined(
            venue=self.wishes.venue, facts=tuple(self._facts()), notes=(), rows=total, bad_rows=tuple(bad)
        )  # fmt: skip

    def pieces(self) -> Iterator[Piece]:
        """Good rows; see `FileReading`."""
        name = self.kind.base if self._period is None else f"{self.kind.base}-{period_name(self._period)}"
        for columns, codes in self._judged():
            good = codes == 0
            yield Piece(self.wishes.symbol or "", name, {column: columns[column][good] for column in self.kind.columns})

    def _judged(self) -> Iterator[tuple[dict[str, Any], Any]]:
        latest = np.iinfo(np.int64).min
        for chunk in self.rows.chunks(None, self.chunk_rows):
            columns, missing = _unmasked(chunk, self.kind)
            codes = np.where(missing | ~sound(self.kind, columns), checks.UNREADABLE, 0).astype(np.uint8)
            received = np.where(codes == 0, columns["received"], np.iinfo(np.int64).min)
            before = np.maximum.accumulate(np.concatenate([[latest], received]))
            codes[(codes == 0) & (received < before[:-1])] = checks.BACK
            latest = int(before[-1])
            yield columns, codes

    def _facts(self) -> Iterator[Fact]:
        yield Fact("venue", self.wishes.venue or "", TOLD)
        yield Fact("symbol", self.wishes.symbol or "", TOLD)
        yield Fact("kind", self.kind.base, TOLD if self.wishes.kind else INFERRED, "the header of an export")
        if self._period is not None:
            how = TOLD if self.wishes.period else INFERRED
            yield Fact("period", period_name(self._period), how, "the length of its intervals")
            yield Fact("stamps", "both", INFERRED, "columns open_ts_ns and close_ts_ns")
        yield Fact("time zone", "UTC", INFERRED, "columns of ns since 1970")


def sound(kind: Kind, columns: Mapping[str, Any]) -> Any:
    """Rows whose values can be, by the rules of the kind's message."""
    good = np.ones(len(columns["received"]), dtype=np.bool_)
    if kind.base == "bars":
        good &= checks.sound_bars({name: columns[name] for name in ("open", "high", "low", "close", "volume")})
    if kind.is_periodic:
        good &= columns["close_ts"] > columns["open_ts"]
    if kind.base in _NO_NUMBERS_NEEDED:
        return good
    for name in columns.keys() & set(_POSITIVE):
        good &= (columns[name] > 0) & (columns[name] < np.inf)
    if "price" in columns:
        levels = columns["side"] != 0 if kind.is_parted else good
        good &= ~levels | np.isnan(columns["price"]) | (columns["price"] > 0) & (columns["price"] < np.inf)
        if kind.base != "liquidations":
            good &= ~np.isnan(columns["price"])
    for name in columns.keys() & set(_SIZES):
        good &= (columns[name] >= 0) & (columns[name] < np.inf)
    for name in columns.keys() & {"side", "aggressor"}:
        good &= np.abs(columns[name]) <= 1
    if "rate" in columns:
        good &= np.abs(columns["rate"]) < np.inf
    return good


def _unmasked(chunk: Chunk, kind: Kind) -> tuple[dict[str, Any], Any]:
    """The chunk's own rows, and which of them lack a value."""
    missing = np.zeros(chunk.own, dtype=np.bool_)
    columns: dict[str, Any] = {}
    for name, array in chunk.columns.items():
        own = array[: chunk.own]
        if isinstance(own, np.ma.MaskedArray):
            missing |= np.ma.getmaskarray(own)
            own = own.filled(np.nan) if own.dtype.kind == "f" else own.filled(0)
        sort = kind.columns.get(name)
        columns[name] = own.astype(object) if sort == TEXT else own.astype(sort) if sort is not None else own
    return columns, missing


def _length_of(columns: Mapping[str, Any], codes: Any) -> Period | None:
    lengths, counts = np.unique((columns["close_ts"] - columns["open_ts"])[codes == 0], return_counts=True)
    return int(lengths[counts.argmax()]) if len(lengths) else None


def _blamed(path: Path, place: str, columns: Mapping[str, Any], row: int, code: int) -> BadRow:
    line = int(columns["line"][row])
    text = ",".join(str(values[row]) for name, values in columns.items() if name != "line")
    if code == checks.BACK:
        reason = f"time goes back to {iso_utc(int(columns['received'][row]))}"
        return BadRow(str(path), line, "received_ns", reason, text, place)
    return BadRow(str(path), line, "row", f"a value is missing or cannot be: {text}", text, place)
