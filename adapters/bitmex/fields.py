"""What one field of a row says: exact numbers, times and words, or nothing, or an error that names it.

Missing, null and "" are one thing, for the venue used to send every field and now leaves out what has no value. A
number is a `Decimal` or an `int` from the text on; it becomes a float only as a price or a size of the market's.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypeVar

from messages import NS_PER_SECOND, Period, UtcNs

T = TypeVar("T")
Row: TypeAlias = Mapping[str, Any]

_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INTERVALS_FROM: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2261
"""The last whole year whose nanoseconds fit 64 bits."""
_SHOWN: Final = 60
WORD_MAX: Final = 2000
REPEATED_MAX: Final = 500
PRICE_MAX: Final = 10**9
"""No price of the venue's comes near; what is above is a fault and not a price."""
QUANTITY_MAX: Final = 10**15
AMOUNT_MAX: Final = 10**18


class FieldError(ValueError):
    """A row says what it cannot mean. The text names the field and shows the value, cut and escaped."""


def shown(value: object) -> str:
    """A venue's value for our own text: one line, no control characters, cut."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def repeated(text: str) -> str:
    """The venue's own words, for messages and journals: cut, and able to be written."""
    return text[:REPEATED_MAX].encode("utf-8", "replace").decode()


def wrong(name: str, value: object, wanted: str) -> FieldError:
    """The error that a field deserves."""
    return FieldError(f"{name} must be {wanted}, not {shown(value)}")


def word(row: Row, name: str) -> str | None:
    """A text that is not empty."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > WORD_MAX:
        raise wrong(name, value, f"a text of at most {WORD_MAX} characters")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            # Half a surrogate pair: JSON can write it, and no file can.
            raise wrong(name, value, "a text that can be written") from None
    return value


def number(row: Row, name: str, *, limit: int = AMOUNT_MAX) -> Decimal | None:
    """An exact finite number, of a magnitude below `limit`."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if type(value) is int:
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value) >= limit:
        raise wrong(name, row[name], f"a number below {limit}")
    return value


def whole(row: Row, name: str, *, limit: int = AMOUNT_MAX) -> int | None:
    """A whole number: 5 and 5.0, not 5.5."""
    value = row.get(name)
    if type(value) is int and abs(value) < limit:
        return value
    exact = number(row, name, limit=limit)
    if exact is None:
        return None
    if exact != exact.to_integral_value():
        raise wrong(name, value, "a whole number")
    return int(exact)


def price(row: Row, name: str) -> float | None:
    """A price above zero as the float nearest to its decimal: the very float that the tick grid gives."""
    value = number(row, name, limit=PRICE_MAX)
    if value is None:
        return None
    if value <= 0:
        raise wrong(name, row[name], "a price above zero")
    return float(value)


def size(row: Row, name: str) -> float | None:
    """A size of the market's: measured, zero or above."""
    value = number(row, name, limit=QUANTITY_MAX)
    if value is None:
        return None
    if value < 0:
        raise wrong(name, row[name], "a size of zero or above")
    return float(value)


def flag(row: Row, name: str) -> bool | None:
    """True or false."""
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise wrong(name, value, "true or false")


def _datetime(name: str, value: object) -> tuple[datetime, int]:
    """The second, and the nanoseconds in it."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        try:
            second = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
        except ValueError:
            raise wrong(name, value, "a time that exists") from None
        if _FIRST_YEAR <= second.year <= _LAST_YEAR:
            return second, int((match[2] or "0").ljust(9, "0"))
    raise wrong(name, value, "a time like 2024-11-25T10:30:00.000Z")


def _ns_since(start: datetime, second: datetime) -> int:
    span = second - start
    return (span.days * 86_400 + span.seconds) * NS_PER_SECOND


def moment(row: Row, name: str) -> UtcNs | None:
    """A time in UTC; nothing is guessed about one that names no zone."""
    value = row.get(name)
    if value is None or value == "":
        return None
    second, ns = _datetime(name, value)
    return _ns_since(_EPOCH, second) + ns


def interval(row: Row, name: str) -> Period | None:
    """A length of time, which the venue writes as a time on 2000-01-01 (and following days)."""
    value = row.get(name)
    if value is None or value == "":
        return None
    second, ns = _datetime(name, value)
    length = _ns_since(_INTERVALS_FROM, second) + ns
    if length <= 0:
        raise wrong(name, value, "an interval above zero")
    return length


def needed(value: T | None, name: str) -> T:
    """The value, or FieldError where it is missing."""
    if value is None:
        raise FieldError(f"{name} is missing")
    return value
