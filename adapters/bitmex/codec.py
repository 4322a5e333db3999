"""One frame of text from the socket, or one body from REST, as values. Nothing here raises on what a venue may send.

Limits on untrusted input: a frame has at most 4 MiB and 32 levels; a number has at most 40 digits and an exponent
within +-40, else it is read as NaN, which every reader of a field refuses: so that one absurd number costs its row and
not the whole frame.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias, TypeGuard

import attrs

from adapters.bitmex.fields import FieldError, Row, moment, needed, repeated, shown, whole, word
from messages import NS_PER_SECOND, Period, UtcNs

FRAME_BYTES_MAX: Final = 4 * 1024 * 1024
DEPTH_MAX: Final = 32
DIGITS_MAX: Final = 40
_EXPONENT_MAX: Final = 40
_NOT_A_NUMBER: Final = Decimal("NaN")
_ACTIONS: Final = ("partial", "insert", "update", "delete")
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,40}")
_RETRY: Final = re.compile(r"retry in ([0-9]{1,6}) seconds?")


class TooDeepError(ValueError):
    """A text that nests deeper than anything the venue sends."""


@attrs.frozen
class Pong:
    """The answer to our `ping`; not JSON."""


@attrs.frozen
class Welcome:
    """The first frame of a connection."""

    version: str | None
    server_ts: UtcNs | None
    connections_left: int | None


@attrs.frozen
class Acknowledged:
    """The venue did what a command asked. `topic` is the one (un)subscribed, else ""."""

    op: str
    topic: str = ""


@attrs.frozen
class CommandFailed:
    """The venue did not do what a command asked. Its echo of the request is not kept: it may hold a signature."""

    op: str
    status: int | None
    text: str
    topics: tuple[str, ...] = ()
    retry_after: Period | None = None


@attrs.frozen
class SwitchArmed:
    """The dead man's switch as the venue has it now; `cancel_ts` None: it is off."""

    now: UtcNs | None
    cancel_ts: UtcNs | None


@attrs.frozen
class TableFrame:
    """Rows of a table. `keys` and `filter` come with a partial and are None otherwise."""

    table: str
    action: str
    rows: tuple[Any, ...]
    keys: tuple[str, ...] | None = None
    filter: tuple[tuple[str, Any], ...] | None = None


@attrs.frozen
class Malformed:
    """A frame that says nothing to us, and why. It holds none of the frame's own text but a table's name."""

    reason: str
    table: str = ""


Frame: TypeAlias = Pong | Welcome | Acknowledged | CommandFailed | SwitchArmed | TableFrame | Malformed


def _whole(text: str) -> int | Decimal:
    return int(text) if len(text) <= DIGITS_MAX else _NOT_A_NUMBER


def _fraction(text: str) -> Decimal:
    if len(text) > DIGITS_MAX:
        return _NOT_A_NUMBER
    try:
        value = Decimal(text)
    except InvalidOperation:
        return _NOT_A_NUMBER
    return value if abs(value.adjusted()) <= _EXPONENT_MAX else _NOT_A_NUMBER


_decoder: Final = json.JSONDecoder(
    parse_int=_whole, parse_float=_fraction, parse_constant=lambda _name: _NOT_A_NUMBER, strict=False
)


def _check_depth(value: object, left: int = DEPTH_MAX) -> None:
    if isinstance(value, (dict, list)):
        if left == 0:
            raise TooDeepError(f"deeper than {DEPTH_MAX} levels")
        for inner in value.values() if isinstance(value, dict) else value:
            _check_depth(inner, left - 1)


def decoded(text: str) -> Any:
    """JSON with exact numbers. ValueError, which quotes nothing of the text, for what is none or breaks a limit."""
    if len(text) > FRAME_BYTES_MAX or (
        not text.isascii() and len(text.encode("utf-8", "surrogatepass")) > FRAME_BYTES_MAX
    ):
        raise ValueError(f"longer than {FRAME_BYTES_MAX} bytes")
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at {error.pos} of {len(text)} characters") from None
    except RecursionError:
        raise TooDeepError(f"deeper than {DEPTH_MAX} levels") from None
    # Most frames have fewer brackets than levels are allowed.
    if text.count("{") + text.count("[") > DEPTH_MAX:
        _check_depth(value)
    return value


def parse(text: str) -> Frame:
    """The frame that a text is."""
    if text == "pong":
        return Pong()
    try:
        value = decoded(text)
    except ValueError as error:
        return Malformed(str(error))
    if not isinstance(value, dict):
        return Malformed(f"a frame is an object, not {type(value).__name__}")
    try:
        return _frame(value)
    except FieldError as error:
        table = value.get("table")
        return Malformed(str(error), table if _is_name(table) else "")


def _frame(value: dict[str, Any]) -> Frame:
    if "table" in value:
        return _table(value)
    request = value.get("request")
    op = request.get("op") if isinstance(request, dict) else None
    op = op if isinstance(op, str) else ""
    if value.get("error") is not None:
        return _failure(value, op, request.get("args") if isinstance(request, dict) else None)
    if "info" in value:
        return _welcome(value)
    return _done(value, op)


def _done(value: dict[str, Any], op: str) -> Acknowledged | SwitchArmed | Malformed:
    for done in ("subscribe", "unsubscribe"):
        if done in value:
            return Acknowledged(done, needed(word(value, done), done))
    if "cancelTime" in value:
        # Disarmed, it is the number 0.
        off = value["cancelTime"] in (0, None)
        return SwitchArmed(moment(value, "now"), None if off else moment(value, "cancelTime"))
    if value.get("success") is True:
        return Acknowledged(op)
    return Malformed("neither a table nor an answer nor a welcome")


def _welcome(value: dict[str, Any]) -> Welcome:
    """Nothing in it is worth refusing a connection for."""
    limit = value.get("limit")
    try:
        server_ts = moment(value, "timestamp")
    except FieldError:
        server_ts = None
    try:
        left = whole(limit, "remaining") if isinstance(limit, dict) else None
    except FieldError:
        left = None
    version = value.get("version")
    return Welcome(repeated(version) if isinstance(version, str) else None, server_ts, left)


def _failure(value: dict[str, Any], op: str, arguments: object) -> CommandFailed:
    error = value["error"]
    text = repeated(error) if isinstance(error, str) else shown(error)
    try:
        status = whole(value, "status")
    except FieldError:
        status = None
    topics: tuple[str, ...] = ()
    if op in ("subscribe", "unsubscribe"):
        listed = arguments if isinstance(arguments, list) else [arguments]
        topics = tuple(topic for topic in listed if isinstance(topic, str))
    return CommandFailed(op, status, text, topics, _retry_after(value.get("meta"), text))


def _retry_after(meta: object, text: str) -> Period | None:
    try:
        seconds = whole(meta, "retryAfter", limit=10**6) if isinstance(meta, dict) else None
    except FieldError:
        seconds = None
    if seconds is None:
        match = _RETRY.search(text)
        seconds = int(match[1]) if match else None
    return None if seconds is None or seconds < 0 else seconds * NS_PER_SECOND


def _is_name(name: object) -> TypeGuard[str]:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _table(value: dict[str, Any]) -> TableFrame:
    table = needed(word(value, "table"), "table")
    if not _is_name(table):
        raise FieldError(f"table must be a name, not {shown(table)}")
    action = word(value, "action")
    if action not in _ACTIONS:
        raise FieldError(f"action must be one of {', '.join(_ACTIONS)}, not {shown(action)}")
    rows = value.get("data")
    if not isinstance(rows, list):
        raise FieldError("data must be a list")
    if action != "partial":
        return TableFrame(table, action, tuple(rows))
    keys = value.get("keys") or []
    if not isinstance(keys, list) or not all(_is_name(key) for key in keys):
        raise FieldError("keys must be a list of names")
    return TableFrame(table, action, tuple(rows), tuple(keys), _filter(value.get("filter") or {}))


def _filter(value: object) -> tuple[tuple[str, Any], ...]:
    """Which subscription a partial belongs to, in an order of its own."""
    if not isinstance(value, dict) or not all(type(part) in (str, int) for part in value.values()):
        raise FieldError("filter must hold names and numbers")
    return tuple(sorted(value.items()))


def fields_of(value: object) -> Row:
    """A value as a row; FieldError when it is none."""
    if not isinstance(value, dict):
        raise FieldError(f"a row is an object, not {type(value).__name__}")
    return value
