"""What a session says beside market messages and account reports: the life of the line and of its subscriptions."""

import enum
from typing import NamedTuple

import attrs

from adapters.bitmex.topics import Topic
from messages import UtcNs


@attrs.frozen
class Send:
    """A text frame to send. One with a signature in it shows itself to nobody, and is not to be recorded."""

    text: str
    secret: bool = False

    def __repr__(self) -> str:
        return "Send(***)" if self.secret else f"Send({self.text!r})"


class Line(enum.Enum):
    """What to do with the socket."""

    OPEN = "open"
    """Connect, anew; then say `connected`, or `disconnected` when it cannot be."""
    CLOSE = "close"
    """Close it and hear it no more; nothing needs to be said of that."""


class Step(NamedTuple):
    """What follows from something that happened."""

    said: tuple[object, ...] = ()
    """Messages, account reports and the events below, in order."""
    sends: tuple[Send, ...] = ()
    line: Line | None = None


@attrs.frozen
class LineUp:
    """Connected, authenticated where there are keys, and subscribing. Nothing is fresh until its topic is live."""

    at: UtcNs
    authenticated: bool
    connections_left: int | None
    """How many more connections the venue allows for now."""


@attrs.frozen
class LineDown:
    """No connection: all that was live is stale. `retry_at` None: nothing is tried until told."""

    at: UtcNs
    reason: str
    retry_at: UtcNs | None


@attrs.frozen
class LoginRefused:
    """The venue does not know these keys, or does not let them in. Nothing is tried again with them."""

    at: UtcNs
    text: str


@attrs.frozen
class TopicLive:
    """A subscription's partial came: from now on its table is complete."""

    topic: Topic
    at: UtcNs


@attrs.frozen
class TopicStale:
    """A subscription cannot be trusted any more (silence, a gap, a crossed book); it is asked for again."""

    topic: Topic
    at: UtcNs
    reason: str


@attrs.frozen
class TopicRefused:
    """The venue does not take a subscription. `retried`: it will be asked for again on this connection."""

    topic: Topic
    at: UtcNs
    text: str
    retried: bool


@attrs.frozen
class AuditNeeded:
    """Something of the account's was not understood: compare orders, executions and positions with the venue now."""

    at: UtcNs
    reason: str


@attrs.frozen
class CommandRefused:
    """The venue did not do what a command asked that was neither log-in nor subscription."""

    op: str
    at: UtcNs
    text: str
