"""Who may ask a running trader for what: a request is judged by its head alone, before anything of its body is read.

Against a page in the operator's browser stand the names in `Host` and `Origin` and a header that no form can send;
against other users and programs of the machine stands the token. A right token is never made to wait for wrong ones.
"""

import hashlib
import hmac
from collections import deque
from collections.abc import Sequence
from enum import Enum
from threading import Lock
from typing import Final

import attrs

from adapters.security.tokens import Tokens

MARK: Final = "x-openoutcry"
"""The header, with value 1, that makes browsers ask before they send us a request from another page."""
BODY_MAX: Final = 4_096
"""Bytes of a request's body."""
ROUTES: Final = {"/halt": "POST", "/status": "GET"}
_FAILURES_MAX: Final = 5
_WINDOW_S: Final = 60.0


class Scope(Enum):
    """What a token allows."""

    NOTHING = "nothing"
    STATUS = "status"
    CONTROL = "control"


@attrs.frozen(kw_only=True)
class Asked:
    """The head of a request."""

    verb: str
    target: str
    headers: Sequence[tuple[str, str]]
    """Names in lower case, in the order they came, each as often as it came."""

    def all_of(self, name: str) -> list[str]:
        """The values of a header."""
        return [value.strip() for key, value in self.headers if key == name]

    def only(self, name: str) -> str | None:
        """A header's value; None unless it came exactly once."""
        found = self.all_of(name)
        return found[0] if len(found) == 1 else None


@attrs.frozen
class Refused:
    """Why not, as an HTTP status and words for a person."""

    status: int
    reason: str
    wait_s: int | None = None


class Recent:
    """Counts what may happen so many times in a minute."""

    def __init__(self, times_max: int) -> None:
        self._times: deque[float] = deque(maxlen=times_max)
        self._lock = Lock()

    def another(self, now_s: float) -> int | None:
        """Once more, at this monotonic time: None, or how many seconds too early it is."""
        with self._lock:
            if len(self._times) == self._times.maxlen and now_s - self._times[0] < _WINDOW_S:
                return max(1, round(_WINDOW_S - (now_s - self._times[0])))
            self._times.append(now_s)
            return None


class Gatekeeper:
    """Judges requests to the endpoint on one port."""

    def __init__(self, tokens: Tokens, port: int) -> None:
        self._digests = ((Scope.CONTROL, _digest(tokens.control)), (Scope.STATUS, _digest(tokens.status)))
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        self._failures = Recent(_FAILURES_MAX)

    def judge(self, asked: Asked, now_s: float) -> Refused | None:
        """None when the request may be done; `now_s` is a monotonic time."""
        return (
            self._foreign(asked)
            or self._address(asked)
            or self._unauthorised(asked, now_s)
            or _misplaced(asked)
            or (_mutation(asked) if asked.verb == "POST" else None)
        )

    def scope(self, token: str) -> Scope:
        """What a token allows. Takes the same time whatever it is: each is compared, whole, by its digest."""
        given, found = _digest(token), Scope.NOTHING
        for scope, digest in self._digests:
            if hmac.compare_digest(given, digest):
                found = scope
        return found

    def _foreign(self, asked: Asked) -> Refused | None:
        """A name that was bent to this machine, or a page from elsewhere; even with a token."""
        if asked.only("host") not in self._hosts:
            return Refused(403, "the name in Host is not this endpoint's")
        origins = asked.all_of("origin")
        if origins and (len(origins) > 1 or origins[0] not in self._origins):
            return Refused(403, "pages from elsewhere may not ask this")
        return None

    def _address(self, asked: Asked) -> Refused | None:
        """Addresses are kept in histories and logs: a token that came in one is no secret any more."""
        path, mark, _ = asked.target.partition("?")
        if mark or "#" in path or any(self.scope(part) is not Scope.NOTHING for part in path.split("/")):
            return Refused(400, "nothing goes into the address but the path, a token least of all")
        return None

    def _unauthorised(self, asked: Asked, now_s: float) -> Refused | None:
        scheme, _, token = (asked.only("authorization") or "").partition(" ")
        scope = self.scope(token) if scheme.lower() == "bearer" else Scope.NOTHING
        if scope is Scope.CONTROL or (scope is Scope.STATUS and asked.verb == "GET"):
            return None
        wait_s = self._failures.another(now_s)
        if wait_s is not None:
            # Said at once: a place that waits is one that a right token cannot have.
            return Refused(429, "too many wrong tokens; a right one is still heard", wait_s)
        if scope is Scope.STATUS:
            return Refused(403, "this token may only read")
        return Refused(401, "a token is needed, in the header Authorization: Bearer")


def _misplaced(asked: Asked) -> Refused | None:
    verb = ROUTES.get(asked.target)
    if verb is None:
        return Refused(404, "there is /halt and /status")
    return None if asked.verb == verb else Refused(405, f"{asked.target} is asked with {verb}")


def _mutation(asked: Asked) -> Refused | None:
    if (asked.only("content-type") or "").partition(";")[0].strip().lower() != "application/json":
        return Refused(415, "the content type must be application/json")
    if asked.only(MARK) != "1":
        return Refused(403, f"the header {MARK}: 1 is missing")
    length = asked.only("content-length")
    if asked.all_of("transfer-encoding") or length is None or not (length.isascii() and length.isdigit()):
        return Refused(411, "the length of the body must be told, once")
    if len(length) > 9 or int(length) > BODY_MAX:
        return Refused(413, f"the body is longer than {BODY_MAX} bytes")
    return None


def _digest(token: str) -> bytes:
    """Of one length whatever came, so that not even lengths can be told apart by time."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
