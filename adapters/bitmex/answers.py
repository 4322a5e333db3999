"""What an answer to a request means: status, headers and body as what is now known, by whose fault.

`VenueRefused`: it was not done. `VenueOverloaded`, `RateLimited`, `LoginFailed`: it did not get as far as the engine.
`VenueSilent`: nobody knows; look the order up by its client id, and never send it again blindly.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, TypeAlias

import attrs

from adapters.bitmex.codec import decoded
from adapters.bitmex.fields import Row, repeated, shown
from adapters.bitmex.requests import Purpose, Request
from messages import NS_PER_SECOND, Period, UtcNs

OVERLOADED_PAUSE: Final = 500_000_000
"""What the venue asks for before a request that it shed is sent again."""
BAN: Final = 3_600 * NS_PER_SECOND
"""How long an address is banned that made too many errors."""
_UNKNOWN_PAUSE: Final = 60 * NS_PER_SECOND
"""Of a 429 that does not say how long: what its longest bucket takes to fill."""
_EXPIRED: Final = re.compile(r"This request has expired.*?(?:Current time: ([0-9]{9,12})|$)", re.DOTALL)
_RETRY: Final = re.compile(r"retry in ([0-9]{1,6}) second")
_OVERLOADED: Final = "The system is currently overloaded"

_REFUSALS: Final = (
    ("Account has insufficient", "insufficient-margin", True),
    ("Executing at order price would lead to immediate liquidation", "immediate-liquidation", True),
    ("Order had execInst of", "reduce-only", True),
    ("Too many", "too-many-orders", False),
    ("Invalid ordStatus", "order-over", True),
    ("Invalid orderID", "unknown-order", False),
    ("Invalid origClOrdID", "unknown-order", False),
    ("Invalid", "invalid", True),
    ("Maximum", "invalid", True),
)
"""How a refusal's text begins, our code for it, and whether the same request would be refused again."""


@attrs.frozen
class Accepted:
    """Done. A cancel is done for each element that carries no `error`: see `cancel_outcomes`."""

    body: Any
    """JSON with exact numbers."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The objects of the answer, one or many."""
        listed = self.body if isinstance(self.body, list) else [self.body]
        return tuple(row for row in listed if isinstance(row, dict))


@attrs.frozen
class VenueRefused:
    """Not done, and why. `standing`: the same request would be refused again until something changes."""

    code: str
    text: str
    """The venue's own words."""
    status: int
    standing: bool


@attrs.frozen
class VenueSilent:
    """It may have been done. `text` says how the answer was lost."""

    text: str


@attrs.frozen
class VenueOverloaded:
    """Not done: the venue did not reach it. May be sent again after the pause."""

    text: str
    pause: Period = OVERLOADED_PAUSE


@attrs.frozen
class RateLimited:
    """Not done: too many requests. `banned`: the address as a whole, by what stands before the venue."""

    text: str
    pause: Period
    banned: bool = False


@attrs.frozen
class LoginFailed:
    """Not done: the keys are unknown, wrong or not allowed to; or the signature came too late (`expired`).

    Nothing is sent with these keys again, unless it was the clock: `server_ts` is then the venue's.
    """

    text: str
    status: int
    expired: bool = False
    server_ts: UtcNs | None = None


Answer: TypeAlias = Accepted | VenueRefused | VenueSilent | VenueOverloaded | RateLimited | LoginFailed


@attrs.frozen
class CancelOutcome:
    """What became of one order of a cancel. `error` "" means that it is cancelled."""

    client_id: str
    order_id: str
    error: str
    row: Row


def server_time(headers: Mapping[str, str]) -> UtcNs | None:
    """The `Date` header: the venue's second in which it answered."""
    said = _header(headers, "date")
    if said is None:
        return None
    try:
        when = parsedate_to_datetime(said)
        # A date without a zone is read as local time by the library, and HTTP knows no local time.
        return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()) * NS_PER_SECOND
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)


def lost(request: Request, how: str) -> VenueSilent:
    """No answer came: a time-out, a connection cut after sending."""
    return VenueSilent(f"{request.verb} {request.path.partition('?')[0]}: {how}")


def not_sent(how: str) -> VenueOverloaded:
    """The request certainly did not leave: no connection could be made."""
    return VenueOverloaded(how)


class Said(Protocol):
    """What came of a request, as `sender.Outcome` and `messages.RequestAnswered` tell it."""

    @property
    def status(self) -> int | None:
        """HTTP's; None when no answer came."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Names in lower case, and values."""

    @property
    def body(self) -> str:
        """The answer's text."""

    @property
    def failure(self) -> str:
        """Why there is no answer."""

    @property
    def reached(self) -> bool:
        """Whether the venue may have got it."""


def meaning(request: Request, said: Said) -> Answer:
    """What came of it means, whether there was an answer or none."""
    if said.status is None:
        return lost(request, said.failure) if said.reached else not_sent(said.failure)
    return judged(request, said.status, dict(said.headers), said.body)


def time_told(answer: Answer, said: Said) -> UtcNs | None:
    """The venue's clock, as its words or else the headers tell it."""
    if isinstance(answer, LoginFailed) and answer.server_ts is not None:
        return answer.server_ts
    return server_time(dict(said.headers))


def judged(request: Request, status: int, headers: Mapping[str, str], body: str) -> Answer:
    """What an answer means. Never raises on what a venue may send."""
    try:
        value = decoded(body) if body else None
    except ValueError:
        value = None
    if 200 <= status < 300:
        if isinstance(value, (dict, list)):
            return Accepted(value)
        return lost(request, f"status {status} with a body that is no JSON")
    said = _message(value)
    kept = _kept_out(status, headers, said)
    if kept is not None:
        return kept
    if 400 <= status < 500 and status not in (408, 425):
        return _refusal(request, status, said)
    return lost(request, f"status {status}" + (f": {said}" if said else ""))


def _kept_out(
    status: int, headers: Mapping[str, str], said: str | None
) -> RateLimited | LoginFailed | VenueOverloaded | None:
    """Why the request did not get as far as the engine; None: it may have."""
    if status == 429:
        return RateLimited(said or "429", _pause(headers, said or ""))
    if status == 503 and said is not None and said.startswith(_OVERLOADED):
        return VenueOverloaded(said)
    expired = _EXPIRED.match(said or "")
    if said is not None and expired is not None and status in (400, 401, 403):
        server_ts = int(expired[1]) * NS_PER_SECOND if expired[1] else server_time(headers)
        return LoginFailed(said, status, expired=True, server_ts=server_ts)
    if status not in (401, 403):
        return None
    if said is None:
        # No answer of the venue's: what stands before it turns the whole address away.
        return RateLimited(f"status {status} that is not the venue's", _pause(headers, "", BAN), banned=True)
    return LoginFailed(said, status)


def _refusal(request: Request, status: int, said: str | None) -> VenueRefused | VenueSilent:
    text = said or f"status {status}"
    if text.startswith("Duplicate clOrdID"):
        # One id is one intent: an earlier request of the same got through, and this says nothing of its end.
        return lost(request, text)
    if status == 404:
        code = "unknown-order" if request.purpose is Purpose.CANCEL else "not-found"
        return VenueRefused(code, text, status, standing=False)
    if said is None:
        # Somebody before the venue refused, or the venue's words are lost: it may have been done all the same.
        return lost(request, text)
    for beginning, code, standing in _REFUSALS:
        if text.startswith(beginning):
            return VenueRefused(code, text, status, standing)
    return VenueRefused("venue-refused", text, status, standing=True)


def _message(value: object) -> str | None:
    """The text of an error body; None when the body is no such thing, and therefore not from the venue."""
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    if not isinstance(error, str):
        return None
    return repeated(error)


def _pause(headers: Mapping[str, str], said: str, otherwise: Period = _UNKNOWN_PAUSE) -> Period:
    """From `retry-after`, or the text, or when the bucket will be full; from 1 s to the length of a ban."""
    after = _seconds(_header(headers, "retry-after"))
    match = _RETRY.search(said)
    if after is None and match:
        after = int(match[1]) * NS_PER_SECOND
    if after is None:
        reset, now = _seconds(_header(headers, "x-ratelimit-reset")), server_time(headers)
        after = reset - now if reset is not None and now is not None else otherwise
    return min(max(after, NS_PER_SECOND), BAN)


def _seconds(text: str | None) -> int | None:
    return int(text) * NS_PER_SECOND if text and text.isascii() and text.isdigit() and len(text) <= 12 else None


def cancel_outcomes(answer: Accepted) -> tuple[CancelOutcome, ...]:
    """Of each order in the answer to a cancel: a failed cancel is an answer of 200 with an `error` in its element."""
    outcomes = []
    for row in answer.rows:
        error = row.get("error")
        said = "" if error in (None, "") else error if isinstance(error, str) else shown(error)
        names = [row.get(name) for name in ("clOrdID", "orderID")]
        client_id, order_id = (name if isinstance(name, str) else "" for name in names)
        outcomes.append(CancelOutcome(client_id, order_id, repeated(said), row))
    return tuple(outcomes)
