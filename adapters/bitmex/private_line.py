"""The gateway's side of its socket: a session for private topics, in messages to and from the actor at the wire."""

from random import Random
from typing import Final

import attrs

from adapters.bitmex.clock_offset import ClockOffset
from adapters.bitmex.events import Line, LineDown, LoginRefused, Step, TopicRefused, TopicStale
from adapters.bitmex.session import Phase, Session
from adapters.bitmex.stream import Stream
from adapters.bitmex.topics import Topic
from messages import (
    Address,
    CloseLine,
    LineClosed,
    LineOpened,
    Message,
    OpenLine,
    SendLogin,
    SendText,
    TextReceived,
    UtcNs,
)

TOPICS: Final = tuple(Topic(table) for table in ("order", "execution", "position", "margin", "wallet"))
"""Of all symbols: a stranger's trade is seen too."""


class _KeysElsewhere:
    """In the place of keys, where there are none: a log-in is only a time, which whoever has the keys signs."""

    def login(self, expires: int) -> str:
        return str(expires)

    def redact(self, text: str) -> str:
        # Done at the wire.
        return text


@attrs.frozen
class Heard:
    """What came of something: messages for the wire, and what the session said."""

    wire: tuple[Message, ...] = ()
    said: tuple[object, ...] = ()


class PrivateLine:
    """One account's. `number`: of the last connection of an earlier incarnation."""

    def __init__(self, line: Address, *, random: Random, clock: ClockOffset, stream: Stream, number: int = 0) -> None:
        self.number = number
        self.down = "not connected yet"
        """Why not everything is heard; "" when it is."""
        self.has_failed = False
        """Whether `down` tells of a failure, rather than of a beginning."""
        self._line = line
        self._session = Session(TOPICS, random=random, keys=_KeysElsewhere(), clock=clock, stream=stream)

    def start(self, at: UtcNs) -> Heard:
        """Connect."""
        return self._do(self._session.start(at))

    def stop(self, at: UtcNs) -> Heard:
        """Close."""
        return self._do(self._session.stop(at))

    def tick(self, at: UtcNs) -> Heard:
        """Time has passed; `next_due` says when at the latest."""
        due = self._session.next_tick
        return self._do(self._session.tick(at)) if due is not None and at >= due else Heard()

    def next_due(self) -> UtcNs | None:
        """When `tick` must be called."""
        return self._session.next_tick

    def hear(self, message: LineOpened | LineClosed | TextReceived, at: UtcNs) -> Heard:
        """From the wire. What an old connection left says nothing."""
        if message.number != self.number:
            return Heard()
        if isinstance(message, LineOpened):
            return self._do(self._session.connected(at))
        if isinstance(message, LineClosed):
            return self._do(self._session.disconnected(at, message.reason))
        return self._do(self._session.received(message.text, at))

    def _do(self, step: Step) -> Heard:
        wire: list[Message] = []
        if step.line is Line.CLOSE:
            wire.append(CloseLine(to=self._line, number=self.number))
        elif step.line is Line.OPEN:
            self.number += 1
            wire.append(OpenLine(to=self._line, number=self.number))
        for send in step.sends:
            if send.secret:
                wire.append(SendLogin(to=self._line, number=self.number, expires=int(send.text)))
            else:
                wire.append(SendText(to=self._line, number=self.number, text=send.text))
        for said in step.said:
            why = _why(said)
            if why:
                self.down, self.has_failed = why, True
        if self._session.phase is Phase.UP and self._session.feed.subscriptions.all_live:
            self.down, self.has_failed = "", False
        elif not self.down:
            self.down = "not everything is heard"
        return Heard(tuple(wire), step.said)


def _why(said: object) -> str:
    if isinstance(said, LineDown):
        return said.reason
    if isinstance(said, LoginRefused):
        return f"log-in refused: {said.text}"
    if isinstance(said, TopicStale):
        return f"{said.topic}: {said.reason}"
    return f"{said.topic}: {said.text}" if isinstance(said, TopicRefused) else ""
