"""Who may send events, and what a request means: judged without I/O, its head before anything of its body is read.

    POST /events
    Authorization: Bearer <token>
    Content-Type: application/json

    {"kind": "headline", "ts": "2024-01-01T09:30:00Z", "title": "...", "score": 0.7}

The body is one object or a list of them; `ts` may be left out. All of a list is heard, or nothing of it.
"""

import hashlib
import hmac
from threading import Lock
from typing import Final

from adapters.configuration.agreement import LOOPBACK
from adapters.events.rows import Row, RowError, json_object, object_row
from adapters.security.control_rules import Asked, Recent, Refused
from messages import UtcNs

PATH: Final = "/events"
LIST_MAX: Final = 1_000
_FAILURES_MAX: Final = 5
"""Wrong tokens in a minute; more are turned away, and a right one is still heard."""


class Bucket:
    """Lets so many through a second, and as many at once after a quiet second. Times are monotonic seconds."""

    def __init__(self, per_second: int) -> None:
        self._per_second = float(per_second)
        self._left = float(per_second)
        self._at: float | None = None
        self._lock = Lock()

    def take(self, count: int, now_s: float) -> bool:
        """Whether so many may pass now; then they have."""
        with self._lock:
            since = 0.0 if self._at is None else max(0.0, now_s - self._at)
            self._left = min(self._per_second, self._left + since * self._per_second)
            self._at = now_s
            if count > self._left:
                return False
            self._left -= count
            return True


class Door:
    """Judges requests to one endpoint, by a token that is compared in constant time."""

    def __init__(self, token: str, *, host: str, port: int, bytes_max: int, per_second: int) -> None:
        self._digest = _digest(token)
        names = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = frozenset(f"{name}:{port}" for name in names) if host in LOOPBACK else None
        """None: others reach us by names that we do not know."""
        self._bytes_max, self._per_second = bytes_max, per_second
        self._bucket = Bucket(per_second)
        self._failures = Recent(_FAILURES_MAX)

    def judge(self, asked: Asked, now_s: float) -> Refused | None:
        """None when the body may be read; `now_s` is a monotonic time."""
        return (
            self._foreign(asked) or self._unauthorised(asked, now_s) or self._misplaced(asked) or self._many(1, now_s)
        )

    def more(self, count: int, now_s: float) -> Refused | None:
        """None when so many events may come besides the first of their request."""
        return self._many(count, now_s) if count > 0 else None

    def _foreign(self, asked: Asked) -> Refused | None:
        if self._hosts is not None and asked.only("host") not in self._hosts:
            return Refused(403, "the name in Host is not this endpoint's")
        if asked.all_of("origin"):
            return Refused(403, "pages may not send events")
        return None

    def _unauthorised(self, asked: Asked, now_s: float) -> Refused | None:
        scheme, _, token = (asked.only("authorization") or "").partition(" ")
        is_right = hmac.compare_digest(_digest(token), self._digest)
        if is_right and scheme.lower() == "bearer":
            return None
        wait_s = self._failures.another(now_s)
        if wait_s is not None:
            return Refused(429, "too many wrong tokens; a right one is still heard", wait_s)
        return Refused(401, "a token is needed, in the header Authorization: Bearer")

    def _misplaced(self, asked: Asked) -> Refused | None:
        if asked.target != PATH:
            return Refused(404, f"there is {PATH}, and nothing goes into the address but the path")
        if asked.verb != "POST":
            return Refused(405, f"{PATH} is asked with POST")
        if (asked.only("content-type") or "").partition(";")[0].strip().lower() != "application/json":
            return Refused(415, "the content type must be application/json")
        length = asked.only("content-length")
        if asked.all_of("transfer-encoding") or length is None or not (length.isascii() and length.isdigit()):
            return Refused(411, "the length of the body must be told, once")
        if len(length) > 9 or int(length) > self._bytes_max:
            return Refused(413, f"the body is longer than {self._bytes_max} bytes")
        return None

    def _many(self, count: int, now_s: float) -> Refused | None:
        if self._bucket.take(count, now_s):
            return None
        return Refused(429, f"more than {self._per_second} events a second", 1)


def events_of(body: bytes, kind: str, received: UtcNs) -> tuple[Row, ...]:
    """The events of a body, all of them; RowError says which one is wrong, and why."""
    found = json_object(body)
    entries = found if isinstance(found, list) else [found]
    if not entries:
        raise RowError("", "the list is empty")
    if len(entries) > LIST_MAX:
        raise RowError("", f"more than {LIST_MAX} events at a time")
    rows = []
    for number, entry in enumerate(entries, start=1):
        where = f"event {number}: " if isinstance(found, list) else ""
        if not isinstance(entry, dict):
            raise RowError("", f"{where}must be an object")
        if "received" in entry:
            raise RowError("received", f"{where}is set here, and not by who sends")
        try:
            rows.append(object_row({"ts": received, **entry}, kind))
        except RowError as error:
            raise RowError(error.field, f"{where}{error.reason}") from None
    return tuple(rows)


def _digest(token: str) -> bytes:
    """Of one length whatever came, so that not even lengths can be told apart by time."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
