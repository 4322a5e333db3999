"""Where a bad row stands, and what is wrong with it, in words."""

from collections.abc import Sequence

import attrs
import numpy as np

from actors.columns import Floats, Ints
from adapters.files.checks import AHEAD, BACK, CLOSE_BY, DUPLICATE
from adapters.files.layout import Layout
from adapters.files.names import PRICES
from adapters.files.reading import Table
from adapters.files.sources import Source
from adapters.files.stamps import AMBIGUOUS, NO_TIME, SKIPPED, Codes
from messages import iso_utc

LISTED = 20
"""How many bad rows an error names."""


@attrs.frozen
class BadRow:
    """One row that cannot be used."""

    file: str
    line: int
    """Counted from 1, the header included; in Parquet the row, counted from 1."""
    column: str
    reason: str
    text: str
    """The row as it stands in the file."""
    place: str = "line"
    """What `line` counts: line or row."""

    def __str__(self) -> str:
        return f"{self.file}: {self.place} {self.line}, column {self.column}: {self.reason}"


@attrs.frozen(eq=False)
class Verdict:
    """What the checks found: a code for each row of a table, 0 where it is good."""

    utc: Ints
    codes: Codes
    zone: str
    latest: Ints | None = None
    """The time of the last good row above each (NO_TIME: none), where the table does not hold all rows."""


@attrs.frozen(eq=False)
class Judged:
    """A file as it was read and found."""

    source: Source
    layout: Layout
    table: Table
    verdict: Verdict


def describe(judged: Judged, *, most: int | None) -> list[BadRow]:
    """The bad rows of a carefully read file in order, at most `most` of them."""
    source, table, verdict = judged.source, judged.table, judged.verdict
    assert table.lines is not None
    wanted = {int(table.lines[row]): int(row) for row in np.flatnonzero(verdict.codes)[:most]}
    latest = verdict.latest
    if latest is None:
        latest = np.maximum.accumulate(np.where(verdict.codes == 0, verdict.utc, NO_TIME))
    found: list[BadRow] = []
    for line, cells in source.rows():
        row = wanted.get(line)
        if row is None:
            continue
        column, reason = _blame(judged, row, cells, latest=int(latest[row]))
        found.append(BadRow(str(source.path), line, column, reason, ",".join(cells), source.place))
        if len(found) == len(wanted):
            break
    return found


def _blame(judged: Judged, row: int, cells: Sequence[str], *, latest: int) -> tuple[str, str]:
    """Column and reason; `latest` is the time of the last good row above."""
    header, layout, table, verdict = judged.source.header, judged.layout, judged.table, judged.verdict
    if len(cells) != len(header):
        column = header[min(len(cells), len(header) - 1)]
        return column, f"the row has {len(cells)} columns and the header {len(header)}"
    stamp = "+".join(header[column] for column in layout.stamp)
    text = layout.stamp_text(cells)
    if layout.symbol is not None and not cells[layout.symbol].strip():
        return header[layout.symbol], "the symbol is missing"
    if table.stamps[row] == NO_TIME:
        return stamp, f"{text!r} is not a time like those of the first rows" if text else "the time is missing"
    moment = iso_utc(int(verdict.utc[row]))
    earlier = iso_utc(latest) if latest != NO_TIME else "the beginning"
    reasons = {
        AMBIGUOUS: f"{text} happened twice in {verdict.zone}: the clock was put back; write times in UTC",
        SKIPPED: f"{text} never happened in {verdict.zone}: the clock was put forward",
        DUPLICATE: f"duplicate: a row of {moment} stands above",
        BACK: f"time goes back: {moment} comes after {earlier}",
        AHEAD: f"time jumps ahead to {moment}, and the rows that follow are earlier",
        CLOSE_BY: f"{moment} comes before the bar of {earlier} is over; if these are bars' ends, say --stamps end",
    }
    code = int(verdict.codes[row])
    if code in reasons:
        return stamp, reasons[code]
    values = {role: float(values[row]) for role, values in table.values.items()}
    texts = {role: cells[column].strip() for role, column in layout.values.items()}
    role, reason = _blame_value(values, texts)
    return header[layout.values[role]], reason


def _blame_value(values: dict[str, float], texts: dict[str, str]) -> tuple[str, str]:
    for role, value in values.items():
        reason = _impossible(role, value, texts[role])
        if reason is not None:
            return role, reason
    if values["high"] < values["low"]:
        return "high", f"high {texts['high']} is below low {texts['low']}"
    return "close", f"close {texts['close']} lies outside low {texts['low']} .. high {texts['high']}"


def _impossible(role: str, value: float, text: str) -> str | None:
    reason = None
    if role in ("side", "maker"):
        reason = f"{text!r} is not a side such as buy or sell" if np.isnan(value) else None
    elif not text:
        reason = "the value is missing"
    elif np.isnan(value):
        reason = f"{text} stands for no number" if text.lower().strip("+-") == "nan" else f"{text!r} is not a number"
    elif np.isinf(value):
        reason = f"{text} is not finite"
    elif role in (*PRICES, "price", "bid", "ask") and value <= 0:
        reason = f"price {text} is not above zero"
    elif role == "rate" and abs(value) >= 1:
        reason = f"rate {text} is not a fraction between -1 and 1 (0.0001 is 0.01 %)"
    elif role in ("volume", "turnover", "size", "bid_size", "ask_size") and value < 0:
        reason = f"{role} {text} is negative"
    return reason


def listing(rows: Sequence[BadRow], total: int) -> str:
    """The text of an error for bad rows: each listed one on a line of its own, and how many there are."""
    lines = [str(row) for row in rows]
    if total > len(rows):
        lines.append(f"... and {total - len(rows)} more")
    lines.append(
        f"{total} bad row{'s' if total > 1 else ''} in {rows[0].file}; --bad-rows quarantine sets bad rows aside"
    )
    return "\n".join(lines)


def gaps_of(starts: Ints, ends: Ints) -> tuple[int, int, int]:
    """How many gaps there are between bars, the longest one's length in ns, and when it began."""
    gaps = starts[1:] - ends[:-1]
    count = int(np.count_nonzero(gaps > 0))
    if not count:
        return 0, 0, 0
    longest = int(gaps.argmax())
    return count, int(gaps[longest]), int(ends[longest])


def opens_outside(opened: Floats, high: Floats, low: Floats) -> int:
    """How many bars open outside low..high: venues that open a bar at the previous close have them."""
    return int(np.count_nonzero((opened > high) | (opened < low)))
