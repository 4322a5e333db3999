"""One event from one line or one object: strictly, or with the reason why not.

A line of a file is JSON (`{"ts": ..., "received": ..., "kind": ..., ...}`) or a row of a CSV file whose header names
`ts`. Whatever stands beside `ts`, `received` and `kind` is the payload: texts, numbers, truth values, nothing nested.
"""

import csv
import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

import attrs

from actors.event_streams import Payload
from adapters.files.stamps import epoch_ns
from messages import ExternalEvent, Scalar, UtcNs, moment_ns

LINE_MAX: Final = 65_536
"""Bytes of one line."""
FIELDS_MAX: Final = 200
TEXT_MAX: Final = 20_000
"""Characters of one text."""
_OWN: Final = ("ts", "received", "kind")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
"""As JSON writes numbers: 007, +1, 1_000 and nan are texts."""
Cell: TypeAlias = Scalar | Decimal


class RowError(ValueError):
    """What is wrong with a row: the field, and the reason."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


@attrs.frozen(kw_only=True)
class Row:
    """One event as a file or a sender tells it."""

    kind: str
    ts: UtcNs | None
    """None: its teller does not say when it happened."""
    received: UtcNs | None
    """None: not told."""
    payload: Payload

    def event(self, source: str, received: UtcNs) -> ExternalEvent:
        """Heard at that time."""
        return ExternalEvent(
            source=source,
            kind=self.kind,
            ts=received if self.ts is None else self.ts,
            received=received,
            payload=self.payload,
        )


def event_time(value: object, field: str = "ts") -> UtcNs:
    """UTC ns of ISO 8601 (UTC where it names no zone) or of s, ms, us or ns since 1970; RowError for neither."""
    if isinstance(value, str):
        written = value.strip()
        if _NUMBER.fullmatch(written):
            return event_time(Decimal(written), field)
        try:
            return moment_ns(written)
        except ValueError:
            raise RowError(field, f"{value!r} is no time; write it like 2024-01-01T09:30:00Z") from None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RowError(field, "must be a time, as a text or a number")
    found = epoch_ns(Decimal(value))
    if found is None:
        raise RowError(field, f"{value} is no time: neither seconds nor milli-, micro- or nanoseconds since 1970")
    return found


def text_of(raw: bytes, *, first: bool = False) -> str:
    """A line of a file as text, without its end; RowError for one that is too long or not UTF-8."""
    line = raw.rstrip(b"\r\n")
    if len(line) > LINE_MAX:
        raise RowError("", f"the line is longer than {LINE_MAX} bytes")
    try:
        return line.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise RowError("", f"not UTF-8 at byte {error.start}") from None


def json_object(text: str | bytes) -> Any:
    """What stands in a JSON text, numbers with a point as Decimals; RowError for what is none, or says a name twice."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once)
    except RowError:
        raise
    except UnicodeDecodeError:
        raise RowError("", "not UTF-8") from None
    except json.JSONDecodeError as error:
        raise RowError("", f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except (ValueError, RecursionError):
        raise RowError("", "not JSON that can be read: too deep, or a number too long") from None


def _no_number(word: str) -> None:
    raise RowError("", f"{word} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RowError(_shown(twice), "is told twice")
    return found


def json_row(text: str | bytes, kind: str) -> Row:
    """The event of one JSON line; `kind` where it tells none. RowError says what is wrong."""
    return object_row(json_object(text), kind)


def object_row(found: object, kind: str) -> Row:
    """The event of one object; see `json_row`."""
    if not isinstance(found, dict):
        raise RowError("", 'must be an object such as {"ts": "2024-01-01T09:30:00Z", "score": 0.5}')
    if "ts" not in found:
        raise RowError("ts", "is missing")
    return Row(
        kind=_kind(found.get("kind"), kind),
        ts=event_time(found["ts"]),
        received=event_time(found["received"], "received") if found.get("received") is not None else None,
        payload=payload_of({name: value for name, value in found.items() if name not in _OWN}),
    )


def payload_of(values: Mapping[str, object]) -> Payload:
    """Names and scalar values; RowError names one that is nested, endless or not finite."""
    if len(values) > FIELDS_MAX:
        raise RowError("", f"has {len(values)} values, and {FIELDS_MAX} are the most")
    return tuple((_name(name), scalar(name, value)) for name, value in values.items())


def scalar(name: str, value: object) -> Scalar:
    """A value as a message can carry it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > TEXT_MAX:
            raise RowError(_shown(name), f"is a text of {len(value)} characters, and {TEXT_MAX} are the most")
        return _whole(name, value)
    if isinstance(value, int):
        if abs(value) >= 1 << 63:
            raise RowError(_shown(name), "is a whole number of more than 64 bits")
        return value
    if isinstance(value, Decimal | float):
        number = float(value)
        if not math.isfinite(number):
            raise RowError(_shown(name), "is not a finite number")
        return number
    nested = "a table" if isinstance(value, dict) else "a list"
    raise RowError(_shown(name), f"is {nested}; only texts, numbers, true, false and null are taken")


def _kind(told: object, default: str) -> str:
    if told is None or told == "":
        return default
    if not isinstance(told, str) or not told.strip() or len(told) > 100:
        raise RowError("kind", "must be a text of at most 100 characters")
    return _whole("kind", told)


def _name(name: str) -> str:
    if not name or len(name) > 200:
        raise RowError(_shown(name), "must be a name of 1 to 200 characters")
    return _whole(name, name)


def _whole(name: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair: JSON can write it, and no file can, so it could be heard and never recorded.
        raise RowError(_shown(name), "holds half a character") from None
    return text


def _shown(name: str) -> str:
    return (name if len(name) <= 40 else name[:37] + "...").encode("utf-8", "backslashreplace").decode()


@attrs.frozen
class Header:
    """The columns of a CSV file of events."""

    names: tuple[str, ...]

    def row(self, line: str, kind: str) -> Row:
        """The event of one line; RowError says what is wrong."""
        cells = cells_of(line)
        if len(cells) != len(self.names):
            raise RowError("", f"the row has {len(cells)} columns and the header {len(self.names)}")
        told = dict(zip(self.names, (cell.strip() for cell in cells), strict=True))
        if not told["ts"]:
            raise RowError("ts", "is missing")
        received = told.get("received")
        return Row(
            kind=_kind(told.get("kind"), kind),
            ts=event_time(told["ts"]),
            received=event_time(received, "received") if received else None,
            payload=payload_of({name: cell_value(cell) for name, cell in told.items() if name not in _OWN}),
        )


def header_of(line: str) -> Header:
    """The header of a CSV file; RowError when it names no `ts`, or a column twice or not at all."""
    names = tuple(name.strip() for name in cells_of(line))
    if "ts" not in names:
        raise RowError("ts", f"the header names no such column; it has {', '.join(names)[:200]}")
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise RowError(_shown(twice), "stands twice in the header")
    for name in names:
        _name(name)
    return Header(names)


def cells_of(line: str) -> Sequence[str]:
    """One line's cells; a quoted cell may hold commas, and no line's end."""
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error as error:
        raise RowError("", f"not CSV: {error}") from None
    return rows[0] if rows else []


def cell_value(cell: str) -> Scalar:
    """Nothing, a number if it is written as JSON writes numbers, else the text as it stands."""
    if not cell:
        return None
    if _NUMBER.fullmatch(cell) is None:
        return cell
    try:
        number = Decimal(cell)
    except InvalidOperation:
        return cell
    if number == number.to_integral_value() and not set(cell) & set(".eE"):
        return int(cell)
    found = float(number)
    return found if math.isfinite(found) else cell
