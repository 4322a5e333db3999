"""Funding rates and mark prices: files of a time and one value, read and judged as bars are."""

from functools import partial
from pathlib import Path
from typing import Final

import attrs
import numpy as np

from actors.columns import Floats, Ints
from adapters.files import checks
from adapters.files.blame import BadRow, Judged, Verdict
from adapters.files.judging import read_judged, sha256_of
from adapters.files.layout import Layout, series_layout_of
from adapters.files.reading import Table
from adapters.files.sources import Source
from adapters.files.stamps import NO_TIME, to_utc, zone_named


@attrs.frozen
class SeriesKind:
    """What a file of one value holds."""

    name: str
    role: str
    """What the value is in an error: rate or price."""
    columns: tuple[str, ...]
    """Names that its column may have, the likeliest first; case, spaces and _ - . do not count."""


FUNDING: Final = SeriesKind("funding", "rate", ("fundingrate", "rate", "funding"))
"""Fractions of a position's value, within -1..1; longs pay what is above zero."""
MARKS: Final = SeriesKind("marks", "price", ("markprice", "mark", "fairprice", "price", "px"))
"""A close is no mark: bars are stamped at their starts, and their closes would be known too early."""


@attrs.frozen(kw_only=True, eq=False)
class LoadedSeries:
    """What such a file held, in time order."""

    ts: Ints
    """UTC ns."""
    values: Floats
    quarantined: tuple[BadRow, ...]
    rows: int
    """Rows in the file, bad ones included."""
    sha256: str
    """Of the file as it lies on disk."""
    name: str
    """The file's name without its folder."""


def load_series(path: Path, kind: SeriesKind, *, bad_rows: str = "fail") -> LoadedSeries:
    """Read a CSV, gzipped CSV or Parquet file; times without a zone are UTC.

    InputError names file, line, column and reason. `bad_rows` is `fail` or `quarantine`.
    """
    recognise = partial(series_layout_of, role=kind.role, names=kind.columns)
    judged, quarantined = read_judged(path, recognise, _judge, bad_rows=bad_rows)
    kept = judged.verdict.codes == 0
    return LoadedSeries(
        ts=judged.verdict.utc[kept],
        values=judged.table.values[kind.role][kept],
        quarantined=quarantined,
        rows=len(judged.table),
        sha256=sha256_of(path),
        name=path.name,
    )


def _judge(source: Source, layout: Layout, table: Table) -> Judged:
    utc, codes = table.stamps, np.zeros(len(table), dtype=np.uint8)
    if layout.form.naive:
        utc, codes = to_utc(table.stamps, zone_named("UTC"))
    codes[~checks.sound_series(table.values) | (table.stamps == NO_TIME)] = checks.UNREADABLE
    good = np.flatnonzero(codes == 0)
    codes[good] = checks.order_codes(utc[good], strictly=True)
    return Judged(source, layout, table, Verdict(utc, codes, "UTC"))
