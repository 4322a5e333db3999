"""One request at a time over one kept connection, signed as it leaves; what came of it, in words without secrets.

Nothing is sent twice, but for one case: the venue had closed a kept connection while it was idle, and the request may
safely be repeated (GET, DELETE).
"""

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from adapters.bitmex.credentials import Keys, redacted
from adapters.bitmex.fields import repeated
from adapters.bitmex.signing import expires_at
from adapters.bitmex.transport import REST, allowed
from messages import NS_PER_SECOND, UtcNs

if TYPE_CHECKING:
    from adapters.bitmex.connections import Attempt, Transport

BODY_MAX: Final = 32 * 1024 * 1024
CONNECT_S: Final = 5.0
LEAD: Final = 8 * NS_PER_SECOND
"""How long a signature holds: longer than clocks differ, and not so long that an order arrives when nobody wants it."""
_REPEATABLE: Final = ("GET", "DELETE")
_KEPT: Final = ("date", "retry-after", "x-request-id")
_KEPT_PREFIX: Final = "x-ratelimit-"
_CAUSES_MAX: Final = 10


@attrs.frozen(kw_only=True)
class Outcome:
    """What came of a request: the fields of `messages.RequestAnswered` that tell of it."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    failure: str = ""
    reached: bool = True
    started: UtcNs
    sent: UtcNs
    received: UtcNs


class Sender:
    """Sends requests to one origin; for one thread. ValueError for an origin that keys may not be sent to.

    `clock`: ns UTC. `timeout_s`: from the start of a request to the last byte of its answer. `authorities`: a file of
    certificates to trust instead of the usual ones.
    """

    def __init__(
        self,
        origin: str,
        keys: Keys | None = None,
        *,
        clock: Callable[[], UtcNs] = time.time_ns,
        timeout_s: float = 10.0,
        authorities: str | None = None,
    ) -> None:
        allowed(origin, REST)
        self._origin, self._keys, self._clock = origin, keys, clock
        self._timeout_s, self._authorities = timeout_s, authorities
        self._transport: Transport | None = None

    def send(
        self,
        verb: str,
        path: str,
        body: str = "",
        *,
        clock_offset: int = 0,
        held: Callable[[UtcNs], str] = lambda _now: "",
    ) -> Outcome:
        """Send it and wait for what comes of it, which is always an outcome and never an exception.

        `held` is asked at the start and again with the last breath, with our time: why it must not leave, or "".
        """
        from adapters.bitmex.connections import Attempt, Held  # noqa: PLC0415 loads requests

        started = self._clock()
        why = held(started) or _unsendable(path, body)
        if why:
            return Outcome(failure=why, reached=False, started=started, sent=started, received=started)

        def headers() -> Mapping[str, str]:
            now = self._clock()
            why = held(now)
            if why:
                raise Held(why)
            if self._keys is None:
                return {}
            return self._keys.headers(verb, path, expires_at(now + clock_offset, LEAD), body)

        ends = time.monotonic() + self._timeout_s

        def tried() -> tuple[Outcome, bool]:
            return self._tried(
                Attempt(verb=verb, target=path, body=body.encode(), headers=headers, clock=self._clock, ends=ends),
                started,
            )

        first, again = tried()
        if not again:
            return first
        second, _ = tried()
        # What the first try wrote may have arrived, whatever became of the second.
        return second if second.reached else attrs.evolve(second, reached=True, sent=first.sent)

    def _tried(self, attempt: "Attempt", started: UtcNs) -> tuple[Outcome, bool]:
        """What came of an attempt, and whether it should be tried once more.

        No exception of a library gets out of here: its frames hold headers, and whoever prints them prints keys.
        """
        from requests.exceptions import ConnectionError as Broken  # noqa: PLC0415 as above
        from requests.exceptions import Timeout  # noqa: PLC0415 as above

        from adapters.bitmex.connections import Held  # noqa: PLC0415 as above

        try:
            return self._answered(attempt, started), False
        except Held as held:
            self.close()
            return self._outcome(attempt, started, failure=str(held), reached=False), False
        except Exception as error:  # noqa: BLE001 whatever it is, exactly one answer follows, and it names it
            self.close()
            dropped = isinstance(error, Broken) and not isinstance(error, Timeout)
            again = dropped and attempt.reused and attempt.verb in _REPEATABLE
            return self._outcome(attempt, started, failure=self._said(error, attempt), reached=attempt.wrote), again

    def _answered(self, attempt: "Attempt", started: UtcNs) -> Outcome:
        if self._transport is None:
            from adapters.bitmex.connections import Transport  # noqa: PLC0415 loads requests

            self._transport = Transport(self._origin, self._authorities)
        with contextlib.closing(self._transport.carry(attempt, CONNECT_S)) as response:
            content = response.raw.read(BODY_MAX + 1, decode_content=True)
        if len(content) > BODY_MAX:
            self.close()
            return self._outcome(attempt, started, failure=f"an answer of more than {BODY_MAX} bytes")
        headers = kept_headers(response.headers.items(), self._clean)
        body = redacted(content.decode("utf-8", "replace"), self._keys)
        return self._outcome(attempt, started, status=response.status_code, headers=headers, body=body)

    def _outcome(self, attempt: "Attempt", started: UtcNs, **told: Any) -> Outcome:
        return Outcome(started=started, sent=attempt.sent or started, received=self._clock(), **told)

    def _clean(self, text: str) -> str:
        return repeated(redacted(text, self._keys))

    def _said(self, error: BaseException, attempt: "Attempt") -> str:
        """The innermost cause in one line: the libraries wrap it many times."""
        for _ in range(_CAUSES_MAX):
            within = error.__cause__ or getattr(error, "reason", None)
            if not isinstance(within, BaseException):
                within = next((part for part in reversed(error.args) if isinstance(part, BaseException)), None)
            if within is None:
                break
            error = within
        if isinstance(error, TimeoutError):
            return (
                f"no answer within {self._timeout_s:g} s" if attempt.wrote else f"no connection within {CONNECT_S:g} s"
            )
        if isinstance(error, socket.gaierror):
            # The system's own words do not say what it looked for.
            return f"the address of {self._origin} is not known; is there a network?"
        return self._clean(f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Close the connection. The next request makes a new one."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None


def kept_headers(headers: Iterable[tuple[str, str]], clean: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    """Those that tell something, names in lower case."""
    return tuple(
        (name.lower(), clean(value))
        for name, value in headers
        if name.lower() in _KEPT or name.lower().startswith(_KEPT_PREFIX)
    )


def _unsendable(path: str, body: str) -> str:
    """Why no request can hold these, or ""."""
    if not (path.startswith("/") and path.isascii() and path.isprintable() and " " not in path):
        return "a path starts with / and is printable ASCII without spaces"
    try:
        body.encode()
    except UnicodeEncodeError:
        return "a body that cannot be written as UTF-8"
    return ""
