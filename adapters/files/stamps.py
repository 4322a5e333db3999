"""The forms in which files write time, and their way to UTC nanoseconds.

A file keeps to the form of its first rows. That is deliberate: a row without the zone that all others have is a fault
of the file, and guessing it away would move a trade by hours.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import numpy.typing as npt

from actors.columns import Ints
from adapters.errors import InputError
from messages import NS_PER_SECOND

NO_TIME: Final = np.iinfo(np.int64).min
"""Stands where a row's time could not be read."""

FARTHEST: Final = 9_200_000_000_000_000_000
"""Times more ns than this from 1970 (years 1678 and 2261) are not read: a period more, and int64 would overflow."""

AMBIGUOUS: Final = 1
"""The clock was put back: this local time happened twice."""
SKIPPED: Final = 2
"""The clock was put forward: this local time never happened."""

Codes = npt.NDArray[np.uint8]

KDB_DATES: Final = "dates with D before the clock, without a zone"
"""What the form is called that kdb+ writes, and with it BitMEX's daily dumps."""

_DATE = "[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}"
_COMPACT_DATE = "[0-9]{8}"
_CLOCK = "([TD ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?)?"
_ZONES = {0: "", 1: "Z", 3: "[+-][0-9]{2}", 5: "[+-][0-9]{4}", 6: "[+-][0-9]{2}:[0-9]{2}"}
"""How a zone is written, by the number of characters it takes."""
_EPOCH = "[0-9]{9,19}([.][0-9]{1,9})?"
_EPOCH_UNITS = (
    (10**8, 9_200_000_000, NS_PER_SECOND, "seconds"),
    (10**11, 9_200_000_000_000, 1_000_000, "milliseconds"),
    (10**14, 9_200_000_000_000_000, 1_000, "microseconds"),
    (10**17, 9_200_000_000_000_000_000, 1, "nanoseconds"),
)
"""Least and greatest value, ns of one, and name, of s, ms, us, ns: their magnitudes do not meet from 1973 to 2261."""


@attrs.frozen
class Form:
    """One way of writing time. `naive`: it names no zone, so somebody has to tell."""

    pattern: str
    body: str
    """SQL for nanoseconds since 1970, of a row whose text `{s}` matches the pattern."""
    naive: bool
    words: str
    """What the form is called."""

    def sql(self, text: str) -> str:
        """SQL for the UTC (or, when naive, local) nanoseconds of a text; NULL when it is not of this form."""
        return f"CASE WHEN regexp_full_match({text}, '{self.pattern}') THEN {self.body.format(s=text)} END"


def form_of(sample: str) -> Form | None:
    """The form that a text is written in, or None when it is no time."""
    if re.fullmatch(_EPOCH, sample):
        number = int(sample.partition(".")[0])
        for least, greatest, unit, name in _EPOCH_UNITS:
            if least <= number <= greatest:
                exact = "TRY_CAST({s} AS DECIMAL(28,9))"
                scaled = f"CAST({exact} * {unit} AS BIGINT)"
                body = f"CASE WHEN {exact} BETWEEN {least} AND {greatest} THEN {scaled} END"
                return Form(_EPOCH, body, naive=False, words=f"{name} since 1970")
    for date in (_DATE, _COMPACT_DATE):
        for width, zone in _ZONES.items():
            if re.fullmatch(date + _CLOCK + zone, sample):
                return _calendar(date, sample, width)
    return None


def _calendar(date: str, sample: str, width: int) -> Form:
    """Braces of the patterns never meet `format`: only `body` is formatted."""
    text = f"left({{s}}, length({{s}}) - {width})" if width else "{s}"
    if date == _COMPACT_DATE:
        text = f"(substr({text}, 1, 4) || '-' || substr({text}, 5, 2) || '-' || substr({text}, 7))"
    elif sample[4] == ".":
        text = f"(replace(substr({text}, 1, 10), '.', '-') || substr({text}, 11))"
    if "D" in sample:
        # As kdb+ writes it, and BitMEX's daily dumps.
        text = f"replace({text}, 'D', 'T')"
    body = f"epoch_ns(TRY_CAST({text} AS TIMESTAMP_NS))"
    if width > 1:
        # Taken off by hand: what a cast makes of an offset differs between types and versions of duckdb.
        zone = f"right({{s}}, {width})"
        minutes = f"TRY_CAST(substr({zone}, 2, 2) AS BIGINT) * 60"
        if width > 3:
            minutes += " + TRY_CAST(right({s}, 2) AS BIGINT)"
        body += f" - CASE WHEN {zone} LIKE '-%' THEN -1 ELSE 1 END * ({minutes}) * {60 * NS_PER_SECOND}"
    words = "dates with their zone" if width else KDB_DATES if "D" in sample else "dates without a zone"
    return Form(date + _CLOCK + _ZONES[width], body, naive=width == 0, words=words)


def epoch_ns(number: Decimal) -> int | None:
    """UTC ns of a number of s, ms, us or ns since 1970, told apart by its magnitude; None when it can be none."""
    for least, greatest, unit, _ in _EPOCH_UNITS:
        if least <= number <= greatest:
            return int(number * unit)
    return None


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that name; InputError when there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise InputError(
            f"time zone {name!r} is not known; write it like UTC, Asia/Shanghai, America/New_York"
        ) from error


def to_utc(local: Ints, zone: ZoneInfo) -> tuple[Ints, Codes]:
    """UTC ns of local ns, and what is wrong with a row's time: 0, AMBIGUOUS or SKIPPED. NO_TIME stays NO_TIME."""
    faults = np.zeros(len(local), dtype=np.uint8)
    known = local != NO_TIME
    if zone.key == "UTC" or not known.any():
        return local, faults
    since, offsets = _offsets(zone, int(local[known].min()), int(local[known].max()))
    begins = since + offsets
    ends = np.append(since[1:] + offsets[:-1], np.iinfo(np.int64).max)
    span = np.maximum(np.searchsorted(begins, local, side="right") - 1, 0)
    faults[known & (local >= ends[span])] = SKIPPED
    faults[known & (span > 0) & (local < ends[np.maximum(span - 1, 0)])] = AMBIGUOUS
    return np.where(known, local - offsets[span], NO_TIME), faults


def _offsets(zone: ZoneInfo, first: int, last: int) -> tuple[Ints, Ints]:
    """When (UTC ns) each offset from UTC begins to hold, and the offsets (ns), two days around the local range."""
    day = 86_400
    begin = first // NS_PER_SECOND - 2 * day
    end = last // NS_PER_SECOND + 2 * day
    since, offsets = [begin], [_offset(zone, begin)]
    for right in range(begin + day, end + day, day):
        if _offset(zone, right) == offsets[-1]:
            continue
        low, high = right - day, right
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(zone, middle) == offsets[-1] else (low, middle)
        since.append(high)
        offsets.append(_offset(zone, high))
    return np.array(since) * NS_PER_SECOND, np.array(offsets) * NS_PER_SECOND


_EPOCH_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)


def _offset(zone: ZoneInfo, utc_seconds: int) -> int:
    moment = (_EPOCH_BEGAN + timedelta(seconds=utc_seconds)).astimezone(zone)
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
