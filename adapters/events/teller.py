"""What a source's worker speaks with: events with their time of receipt, what cannot be read, and whether it is heard.

Workers speak from threads of their own, and their actor from its own thread: each of them through here.
"""

import threading
from collections.abc import Callable
from typing import Final

from messages import NS_PER_SECOND, ExternalEvent, Message, Period, Quarantined, SourceFresh, SourceStale, UtcNs

MALFORMED: Final = "malformed"
"""The reason code of what cannot be read."""
NAMED_MAX: Final = 30
"""So many of these a minute are named one by one; of more the number is told."""
_MINUTE: Final[Period] = 60 * NS_PER_SECOND
_TEXT_MAX: Final = 500

Say = Callable[[Message], None]
Clock = Callable[[], UtcNs]


class Teller:
    """One source's voice. `say` takes messages from any thread and does not block; `clock` gives ns UTC.

    `silence_ns`: after so long without an event the source is called stale; None: never for its silence.
    """

    def __init__(self, source: str, say: Say, clock: Clock, *, silence_ns: Period | None = None) -> None:
        self.source = source
        self._say, self.clock, self._silence = say, clock, silence_ns
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = {}
        """What stands against it, by whose concern it is."""
        self._told: str | None = None
        """What was said last: why it is stale, "" for fresh, None for nothing yet."""
        self._last: UtcNs = clock()
        self._named_since: UtcNs = 0
        self._named = 0
        self._unnamed = 0
        self.over = False
        """Its incarnation is over: nothing is said any more."""

    def event(self, event: ExternalEvent) -> None:
        """An event was received."""
        self._last = event.received
        self._utter(event)
        if "silence" in self._troubles:
            self.well("silence")

    def malformed(self, text: str) -> None:
        """Something came that cannot be read: what, where, and why."""
        now = self.clock()
        with self._lock:
            if now - self._named_since >= _MINUTE:
                self._named_since, self._named = now, 0
            self._named += 1
            if self._named > NAMED_MAX:
                self._unnamed += 1
                return
            more, self._unnamed = self._unnamed, 0
        told = f"{text[:_TEXT_MAX]} ({more} more before it are not named)" if more else text[:_TEXT_MAX]
        self._utter(Quarantined(symbol=self.source, received=now, reason=MALFORMED, text=told))

    def trouble(self, reason: str, concern: str = "reach") -> None:
        """It is not heard, and why."""
        with self._lock:
            self._troubles[concern] = reason
            self._tell_state()

    def well(self, concern: str = "reach") -> None:
        """It is heard, as far as that is concerned."""
        with self._lock:
            self._troubles.pop(concern, None)
            self._tell_state()

    def look(self) -> None:
        """Time has passed: is it too silent?"""
        if self._silence is not None and self.clock() - self._last > self._silence:
            self.trouble(f"nothing heard for {self._silence / NS_PER_SECOND:g} s", "silence")

    def _tell_state(self) -> None:
        state = "; ".join(self._troubles.values())
        if state == self._told:
            return
        self._told, now = state, self.clock()
        if state:
            self._utter(SourceStale(source=self.source, reason=state[:_TEXT_MAX], ts=now))
        else:
            self._utter(SourceFresh(source=self.source, ts=now))

    def _utter(self, message: Message) -> None:
        if not self.over:
            self._say(message)
