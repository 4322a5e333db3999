"""How a request proves whose it is: HMAC-SHA256 over exactly the characters that are sent.

The watchdog signs by this too, in a process that has the standard library alone: so nothing else is imported here.
"""

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from messages import UtcNs

_NS_PER_SECOND: Final = 1_000_000_000
REALTIME: Final = "/realtime"
"""What a log-in to the socket signs, with the verb GET and without any query string."""


def signature(secret: str, verb: str, path: str, expires: int, data: str = "") -> str:
    """hex(HMAC_SHA256(secret, verb + path + expires + data)).

    `path` starts at `/api/v1` and holds the query string as it is sent, percent-encoding included; `expires` is in
    seconds since 1970; `data` is the body as it is sent, "" when there is none. Source: BitMEX, "API Key Usage", with
    published vectors.
    """
    message = f"{verb.upper()}{path}{expires}{data}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def expires_at(now: "UtcNs", lead: "UtcNs") -> int:
    """The second after which the venue shall refuse: `now` (the venue's time) and a lead, rounded up."""
    return -(-(now + lead) // _NS_PER_SECOND)
