"""How values are written on the wire: times, intervals, ids, numbers, and what of a row has changed."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any, Final

from messages import NS_PER_MILLISECOND, NS_PER_SECOND, Period, UtcNs

Row = dict[str, Any]
"""One row of a table, field by field, as it is sent."""
ZERO_GUID: Final = "00000000-0000-0000-0000-000000000000"
_BRACKETS_MAX: Final = 500
_to_json: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso(at: UtcNs) -> str:
    """ISO 8601 in UTC with milliseconds and Z, as every time is written."""
    seconds, rest = divmod(at, NS_PER_SECOND)
    return f"{_second(seconds)}.{rest // NS_PER_MILLISECOND:03d}Z"


def interval(period: Period) -> str:
    """An interval is a time on 2000-01-01."""
    return iso(946_684_800 * NS_PER_SECOND + period)


def instant(text: str) -> UtcNs:
    """A time that a client wrote: ISO 8601, without a zone meant in UTC. ValueError for anything else."""
    moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * NS_PER_SECOND + moment.microsecond * 1_000


def seeded(name: str | int) -> Random:
    """A generator that draws the same for the same name, on every machine."""
    return Random(name)  # noqa: S311 no secret comes from it


def guid(random: Random) -> str:
    """A new identity: the same ones for the same seed."""
    text = f"{random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def dumps(value: object) -> str:
    """JSON without spaces."""
    return _to_json(value)


def loads(text: str) -> Any:
    """JSON from a client, all of which can be written again. ValueError for anything else.

    Neither infinities nor NaN, whatever they are written as, and no nesting that a writer could not follow.
    """
    if text.count("[") + text.count("{") > _BRACKETS_MAX:
        raise ValueError("too deep")
    return json.loads(text, parse_constant=_no_number, parse_float=_finite)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def plain(price: float | None) -> float | int | None:
    """A whole price without its decimal point, as BitMEX writes it."""
    return price if price is None or price != int(price) else int(price)


def delta(before: Mapping[str, Any], after: Mapping[str, Any], always: Iterable[str]) -> Row | None:
    """What an update has to say: the fields that changed and those that every update repeats; None for no news."""
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    if not changed:
        return None
    return {**{name: after[name] for name in always}, **changed}
