"""One file, all the way from a path to columns."""

import os
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

import attrs
import numpy as np

from actors.columns import BarColumns, Floats, Ints, TickColumns
from adapters.errors import InputError
from adapters.files import checks, notes
from adapters.files.blame import BadRow, Judged, Verdict
from adapters.files.judging import read_judged, sha256_of
from adapters.files.layout import Layout, layout_of
from adapters.files.names import PRICES
from adapters.files.reading import Table
from adapters.files.sources import Source
from adapters.files.stamps import NO_TIME, to_utc, zone_named
from messages import Period, Symbol, UtcNs, iso_utc

_SAMPLE: Final = 50_000


@attrs.frozen(kw_only=True, eq=False)
class LoadedFile:
    """What a file held, checked, and what there is to say about it."""

    columns: BarColumns | TickColumns
    notes: tuple[str, ...]
    """What the user should be told: assumptions, gaps, columns ignored."""
    quarantined: tuple[BadRow, ...]
    rows: int
    """Rows in the file, bad ones and those outside the range asked for included."""
    sha256: str
    """Of the file as it lies on disk."""
    name: str
    """The file's name without its folder."""
    seconds: float
    """Wall time that loading took."""

    def prices(self, rows: int = _SAMPLE) -> Floats:
        """Prices of at most `rows` rows spread evenly from the first to the last: enough to see their grid."""
        count = len(self.columns)
        picked = np.unique(np.linspace(0, count - 1, min(rows, count)).astype(np.int64))
        names = PRICES if isinstance(self.columns, BarColumns) else ("price",)
        return np.concatenate([getattr(self.columns, name)[picked] for name in names])


@attrs.frozen(kw_only=True)
class _Wishes:
    symbol: Symbol | None
    period: Period | None
    stamps: str | None
    timezone: str
    bad_rows: str
    start: UtcNs | None
    end: UtcNs | None
    multiplier: float


def load(
    path: str | os.PathLike[str],
    *,
    symbol: Symbol | None = None,
    period: Period | None = None,
    stamps: str | None = None,
    timezone: str = "UTC",
    bad_rows: str = "fail",
    start: UtcNs | None = None,
    end: UtcNs | None = None,
    multiplier: float = 1.0,
) -> LoadedFile:
    """Read bars or ticks from a CSV, gzipped CSV or Parquet file. InputError names file, line, column and reason.

    `stamps` says whether a bar's time is its `start` or its `end`; None takes starts and notes it. `period` in ns; None
    infers it. `timezone` is where times without a zone were written. `bad_rows` is `fail` or `quarantine`. `start` and
    `end` (UTC ns) keep the bars that lie wholly, the ticks that lie in start <= t < end. The file's amounts are divided
    by `multiplier` to become turnovers (price x size). `symbol`: None takes the file's name.
    """
    began = perf_counter()
    if stamps not in (None, "start", "end"):
        raise InputError(f"stamps {stamps!r} must be start or end")
    if bad_rows not in ("fail", "quarantine"):
        raise InputError(f"bad rows {bad_rows!r} must be fail or quarantine")
    if not 0 < multiplier < float("inf"):
        raise InputError(f"multiplier {multiplier!r} must be above zero and finite")
    wishes = _Wishes(
        symbol=symbol, period=period, stamps=stamps, timezone=timezone, bad_rows=bad_rows, start=start, end=end,
        multiplier=multiplier,
    )  # fmt: skip
    return _load(Path(path), wishes, began)


def _load(path: Path, wishes: _Wishes, began: float) -> LoadedFile:
    judged, quarantined = read_judged(path, layout_of, partial(_judge, wishes=wishes), bad_rows=wishes.bad_rows)
    columns, said = _columns(judged, wishes)
    if quarantined:
        said.append(f"bad rows set aside: {len(quarantined)}")
    return LoadedFile(
        columns=columns,
        notes=tuple(said),
        quarantined=quarantined,
        rows=len(judged.table),
        sha256=sha256_of(path),
        name=path.name,
        seconds=perf_counter() - began,
    )


def _judge(source: Source, layout: Layout, table: Table, *, wishes: _Wishes) -> Judged:
    """Rows are judged by their content first; only the sound ones are compared with one another."""
    utc, codes = table.stamps, np.zeros(len(table), dtype=np.uint8)
    if layout.form.naive:
        utc, codes = to_utc(table.stamps, zone_named(wishes.timezone))
    bars = layout.kind == "bars"
    sound = checks.sound_bars(table.values) if bars else checks.sound_ticks(table.values)
    codes[~sound | (table.stamps == NO_TIME)] = checks.UNREADABLE
    good = np.flatnonzero(codes == 0)
    codes[good] = checks.order_codes(utc[good], strictly=bars)
    good = np.flatnonzero(codes == 0)
    # A row that is bad by itself is the better news: it may be why the steps look odd.
    if bars and len(good) > 1 and (wishes.bad_rows == "quarantine" or len(good) == len(codes)):
        steps = checks.period_of(utc[good], wishes.period, str(source.path))
        least = checks.least_step(steps.period, naive=layout.form.naive, stamps=wishes.stamps or "start")
        codes[good] = checks.close_by_codes(utc[good], least)
    return Judged(source, layout, table, Verdict(utc, codes, wishes.timezone))


def _columns(judged: Judged, wishes: _Wishes) -> tuple[BarColumns | TickColumns, list[str]]:
    """The good rows in columns, and what there is to say about them."""
    ts, values = judged.verdict.utc, judged.table.values
    if judged.verdict.codes.any():
        kept = judged.verdict.codes == 0
        ts, values = ts[kept], {role: array[kept] for role, array in values.items()}
    path = judged.source.path
    columns: BarColumns | TickColumns
    if judged.layout.kind == "bars":
        columns, said = _bars(path, ts, values, wishes)
    else:
        columns, said = _ticks(path, ts, values, wishes), []
    if wishes.symbol is None:
        said.insert(0, f"symbol: {columns.symbol}, taken from the file's name (--symbol says otherwise)")
    said.extend(notes.of_layout(judged.layout, timezone=wishes.timezone))
    if len(columns) < len(ts):
        said.append(f"range: {len(columns)} of {len(ts)} rows lie in it")
    return columns, said


def _bars(path: Path, ts: Ints, values: dict[str, Floats], wishes: _Wishes) -> tuple[BarColumns, list[str]]:
    steps = checks.period_of(ts, wishes.period, str(path))
    if wishes.stamps == "end":
        # A bar that ends a session early began when the bar before it ended, not a whole period ago.
        closes = ts
        opens = ts - steps.period
        np.maximum(opens[1:], closes[:-1], out=opens[1:])
    else:
        opens = ts
        closes = ts + steps.period
        np.minimum(closes[:-1], opens[1:], out=closes[:-1])
    said = notes.of_bars(opens, closes, values, steps, assumed=wishes.stamps is None, multiplier=wishes.multiplier)
    within = _range(path, opens, closes, wishes)
    turnover = values.get("turnover")
    bars = BarColumns(
        symbol=wishes.symbol or _symbol_of(path),
        period=steps.period,
        open_ts=opens[within],
        close_ts=closes[within],
        **{role: values[role][within] for role in PRICES},
        volume=values["volume"][within] if "volume" in values else np.zeros(len(opens[within])),
        turnover=None if turnover is None else turnover[within] / wishes.multiplier,
    )
    return bars, said


def _ticks(path: Path, ts: Ints, values: dict[str, Floats], wishes: _Wishes) -> TickColumns:
    within = _range(path, ts, ts + 1, wishes)
    side = values.get("side", values.get("maker"))
    return TickColumns(
        symbol=wishes.symbol or _symbol_of(path),
        ts=ts[within],
        received=ts[within],
        price=values["price"][within],
        size=values["size"][within],
        aggressor=None if side is None else side[within].astype(np.int64),
    )


def _range(path: Path, begins: Ints, ends: Ints, wishes: _Wishes) -> slice:
    first = 0 if wishes.start is None else int(np.searchsorted(begins, wishes.start, side="left"))
    last = len(ends) if wishes.end is None else int(np.searchsorted(ends, wishes.end, side="right"))
    if first >= last:
        raise InputError(
            f"{path}: no row lies in the range asked for; the file goes from {iso_utc(int(begins[0]))} "
            f"to {iso_utc(int(ends[-1]))}"
        )
    return slice(first, last)


def _symbol_of(path: Path) -> Symbol:
    return path.name.split(".")[0] or path.name
