"""Table queries: which rows of a table, which of their columns, and how many (BitMEX, "Table queries")."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from adapters.exchange.refusals import Refusal, invalid
from adapters.exchange.ticket import whole
from adapters.exchange.wire import Row, instant, iso, loads
from messages import Symbol

_NOT_OVER: Final = ("New", "PartiallyFilled")
COUNT_DEFAULT: Final = 100


@attrs.frozen(kw_only=True)
class Query:
    """What a client wants of a table."""

    symbol: Symbol | None
    filters: Mapping[str, Any]
    columns: tuple[str, ...]
    count: int
    start: int
    reverse: bool
    begins: str | None
    """Times as rows write them: they sort as they lie in time."""
    ends: str | None


def flag(value: object) -> bool:
    """A truth as a query string has it."""
    return value is True or str(value).lower() in ("true", "1")


def filters_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The `filter` of a request: a JSON object, mostly written as text."""
    value = fields.get("filter")
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            value = loads(value)
        except ValueError:
            raise invalid("filter") from None
    if not isinstance(value, dict):
        raise invalid("filter")
    return value


def query(
    fields: Mapping[str, Any], *, count_max: int, named: Callable[[object], Symbol], count_default: int = COUNT_DEFAULT
) -> Query:
    """Read it; Refusal for what cannot be meant."""
    filters = filters_of(fields)
    count, start = whole(fields, "count"), whole(fields, "start")
    if count is not None and count > count_max:
        raise Refusal(400, f"Maximum result count is {count_max}.")
    if (count is not None and count < 0) or (start is not None and start < 0):
        raise invalid("count" if count is not None and count < 0 else "start")
    symbol = fields.get("symbol")
    return Query(
        symbol=named(symbol) if symbol else None,
        filters={name: value for name, value in filters.items() if name not in ("startTime", "endTime")},
        columns=_columns(fields.get("columns")),
        count=count_default if count is None else count,
        start=start or 0,
        reverse=flag(fields.get("reverse")),
        begins=_time(fields.get("startTime") or filters.get("startTime"), "startTime"),
        ends=_time(fields.get("endTime") or filters.get("endTime"), "endTime"),
    )


def _columns(value: object) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        try:
            value = loads(value)
        except ValueError:
            value = str(value).split(",")
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise invalid("columns")
    return tuple(value)


def _time(value: object, name: str) -> str | None:
    if value is None or value == "":
        return None
    try:
        return iso(instant(str(value)))
    except (ValueError, OverflowError):
        raise invalid(name) from None


def select(rows: Iterable[Row], wanted: Query, keys: Sequence[str], time: str = "timestamp") -> list[Row]:
    """The rows, in time order unless reversed, with the key columns always among those asked for."""
    found = [row for row in rows if _fits(row, wanted, time)]
    if wanted.reverse:
        found.reverse()
    found = found[wanted.start : wanted.start + wanted.count]
    if not wanted.columns:
        return found
    kept = {*keys, *wanted.columns}
    return [{name: value for name, value in row.items() if name in kept} for row in found]


def _fits(row: Row, wanted: Query, time: str) -> bool:
    if wanted.symbol is not None and row.get("symbol") != wanted.symbol:
        return False
    if wanted.begins is not None and str(row.get(time) or "") < wanted.begins:
        return False
    if wanted.ends is not None and str(row.get(time) or "") > wanted.ends:
        return False
    return all(_matches(row, name, value) for name, value in wanted.filters.items())


def _matches(row: Row, name: str, value: Any) -> bool:
    """One filter: equal, or any of a list; open orders have two names of their own; `timestamp.date` and the like."""
    if name in ("open", "ordStatus.isTerminated"):
        return (row.get("ordStatus") in _NOT_OVER) is (flag(value) if name == "open" else not flag(value))
    field, _dot, part = name.partition(".")
    held = row.get(field)
    if part:
        lengths = {"date": 10, "hour": 13, "minute": 16, "second": 19}
        return str(held)[: lengths.get(part, 0)] == str(value) if part in lengths else False
    return held in value if isinstance(value, list) else bool(held == value)
