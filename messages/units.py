"""The units that every message is measured in.

Time is an integer of nanoseconds since 1970-01-01 UTC, a period is an integer of nanoseconds, our own quantities are
signed whole lots, money is a signed whole number of its currency's minor unit, and prices are floats on the
instrument's tick grid. The names below are aliases rather than classes: they cost nothing on the hot path and tell
the reader (and the type checker's reader) which integer is meant.
"""

import re
from datetime import UTC, datetime
from typing import TypeAlias

Symbol: TypeAlias = str
Account: TypeAlias = str
StrategyId: TypeAlias = str
Address: TypeAlias = str
"""Where an actor is reached: `feed`, `portfolio@main`, `strategy:ema-cross`. It outlives the actor's incarnations."""
UtcNs: TypeAlias = int
Period: TypeAlias = int
"""Length of a bar in nanoseconds."""
Lots: TypeAlias = int
"""Signed: positive buys or is long, negative sells or is short."""
Minor: TypeAlias = int
"""A signed amount in the currency's smallest unit (XBT: 1e-8, USD: 1e-2)."""

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND
NS_PER_MILLISECOND = 1_000_000
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"(.*[0-9]{2}:[0-9]{2}:[0-9]{2})[.,]([0-9]+)(.*)", re.DOTALL)
"""Python's own reader knows six digits of a second, and leaves out the others without a word."""
_PERIOD = re.compile(r"([1-9][0-9]{0,5})(ms|[smhdw])")
FLOW_PERIOD_MIN: Period = NS_PER_SECOND // 10
"""The shortest interval of order flow; bars take a second at least."""
WEEK: Period = 7 * NS_PER_DAY
_FIRST_MONDAY: UtcNs = 4 * NS_PER_DAY
"""1970-01-05. Weeks start on Monday, so all periods are counted from a Monday at midnight UTC."""


def parse_period(text: str, shortest: Period = NS_PER_SECOND) -> Period:
    """Nanoseconds of a period written like `15s`, `1m`, `4h`, `1d`, `1w`; ValueError says what is wrong.

    Bars take a second at least. Where `shortest` allows less than that, `500ms` is a period too.
    """
    match = _PERIOD.fullmatch(text.strip())
    if match is None:
        units = "s, m, h, d or w, such as 15s" if shortest >= NS_PER_SECOND else "ms, s, m, h, d or w, such as 500ms"
        raise ValueError(f"period {text!r} is not a whole number of {units}, 5m, 1h, 1d")
    count, unit = int(match[1]), match[2]
    period = count * NS_PER_MILLISECOND if unit == "ms" else count * _UNIT_SECONDS[unit] * NS_PER_SECOND
    if period < shortest:
        raise ValueError(f"period {text!r} is shorter than {period_name(shortest)}")
    if period > WEEK:
        raise ValueError(f"period {text!r} is longer than a week")
    return period


def period_name(period: Period) -> str:
    """The shortest writing of a period: 60 s is `1m`, 90 s is `90s`, half a second is `500ms`."""
    seconds, rest = divmod(period, NS_PER_SECOND)
    if period > 0 and rest and not period % NS_PER_MILLISECOND:
        return f"{period // NS_PER_MILLISECOND}ms"
    if rest or seconds <= 0:
        return f"{period}ns"
    for unit in ("w", "d", "h", "m"):
        if seconds % _UNIT_SECONDS[unit] == 0:
            return f"{seconds // _UNIT_SECONDS[unit]}{unit}"
    return f"{seconds}s"


def period_start(ts: UtcNs, period: Period) -> UtcNs:
    """When the interval that contains `ts` began: periods divide the time since a Monday's midnight UTC."""
    return ts - (ts - _FIRST_MONDAY) % period


def iso_utc(ts: UtcNs) -> str:
    """ISO 8601 in UTC with as many decimals as are needed: `2018-01-01T00:00:00Z`."""
    seconds, ns = divmod(ts, NS_PER_SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{ns:09d}".rstrip("0") + "Z" if ns else f"{text}Z"


def moment_ns(written: str) -> UtcNs:
    """UTC ns of a date or time in ISO 8601, with up to nine decimals; UTC where no zone is written.

    The way back of `iso_utc`. ValueError says what is wrong.
    """
    wrong = ValueError(f"{written!r} is no time; write it like 2018-01-01 or 2018-01-01T09:30:00Z")
    fraction = _FRACTION.fullmatch(written)
    if fraction is not None and len(fraction[2]) > 9:
        raise wrong
    seconds, ns = (written, 0) if fraction is None else (fraction[1] + fraction[3], int(fraction[2].ljust(9, "0")))
    try:
        moment = datetime.fromisoformat(seconds)
    except ValueError as error:
        raise wrong from error
    if not 1678 < moment.year < 2262:
        raise ValueError(f"{written!r} lies outside the years 1679 to 2261, which nanoseconds can count")
    since = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment) - _EPOCH
    return (since.days * 86_400 + since.seconds) * NS_PER_SECOND + since.microseconds * 1_000 + ns
