"""What venue adapters say to the actors that move their bytes, and back: frames of a socket, requests and answers.

A line is one socket at a time; connections are numbered, so that what is left of an old one can be told apart. None of
these holds a key or a signature: the actor at the wire has the keys, and signs when it sends. Journals leave them out.
"""

import attrs

from messages.base import Message, filled, frozen_tuple, whole
from messages.units import Address, UtcNs


@attrs.frozen(kw_only=True)
class OpenLine(Message):
    """Connect, anew; what was connected before is closed."""

    to: Address = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    """Of the connection that this is to make, one more than the last."""


@attrs.frozen(kw_only=True)
class CloseLine(Message):
    """Close the connection; nothing more is said of it."""

    to: Address = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class SendText(Message):
    """Send a text frame on a connection."""

    to: Address = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    text: str = attrs.field(validator=filled)


@attrs.frozen(kw_only=True)
class SendLogin(Message):
    """Authenticate a connection, by a signature that holds until `expires` (UNIX seconds)."""

    to: Address = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    expires: int = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class LineOpened(Message):
    """Connected; the venue speaks first."""

    to: Address = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    at: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class LineClosed(Message):
    """A connection has ended, or could not be made. Not said of one that we closed."""

    to: Address = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    reason: str = attrs.field(validator=filled)
    at: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True, weakref_slot=False)
class TextReceived(Message):
    """A text frame came."""

    to: Address = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    text: str
    at: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class SendRequest(Message):
    """One HTTP request, unsigned, to the character; a worker signs and sends it, and answers once."""

    to: Address = attrs.field(validator=filled)
    reply_to: Address = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    """Comes back in the answer; unique for who asks."""
    verb: str = attrs.field(validator=filled)
    path: str = attrs.field(validator=filled)
    """From the root, with its query."""
    body: str = ""
    opens: bool = False
    """Whether it may raise risk: it is then not sent once the gate is closed, nor after `not_after`, nor when
    all that was asked for by then has been taken back."""
    not_after: UtcNs | None = None
    asked: UtcNs = 0
    """When it was wanted, by what whoever wanted it knew of the time."""
    clock_offset: int = 0
    """Venue's time less ours, in ns, by which it is signed."""


@attrs.frozen(kw_only=True)
class RequestAnswered(Message):
    """What came of a request. Exactly one of `status` and `failure` is set."""

    to: Address = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), validator=frozen_tuple)
    body: str = ""
    failure: str = ""
    """Why there is no answer, in words without secrets."""
    reached: bool = True
    """False: it certainly did not leave."""
    started: UtcNs = attrs.field(validator=whole)
    sent: UtcNs = attrs.field(validator=whole)
    """When its last byte was written; `started` where none was."""
    received: UtcNs = attrs.field(validator=whole)

    def __attrs_post_init__(self) -> None:
        if (self.status is None) != bool(self.failure):
            raise ValueError(f"RequestAnswered {self.number}: either a status or a failure, and not both")
