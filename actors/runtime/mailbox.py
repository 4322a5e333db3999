"""A mailbox belongs to an address, not to an incarnation: what waits in it survives a restart.

Three lanes. Control goes first. Must-deliver is first in, first out, and capped: one message too many is turned away
and reported, never silently shed. Latest-only keeps the newest quote or book of each symbol, for an old one is worth
nothing. Putting never blocks.
"""

import enum
import threading
from collections import deque

from messages import (
    ActorFailed,
    ActorHung,
    ActorQuarantined,
    ActorStarted,
    ActorStopped,
    CancelAll,
    Envelope,
    HaltTrading,
    Message,
    OrderBook,
    Quote,
    StopSystem,
    TradingStateChanged,
)

MUST_DELIVER_CAP = 50_000


class Lane(enum.IntEnum):
    """Where in a mailbox a message waits."""

    CONTROL = 0
    MUST_DELIVER = 1
    LATEST_ONLY = 2


LANES: dict[type[Message], Lane] = {
    **dict.fromkeys((HaltTrading, CancelAll, TradingStateChanged, StopSystem), Lane.CONTROL),
    **dict.fromkeys((ActorFailed, ActorHung, ActorStarted, ActorStopped, ActorQuarantined), Lane.CONTROL),
    **dict.fromkeys((Quote, OrderBook), Lane.LATEST_ONLY),
}
"""Classes that are not named here must be delivered."""


class Stop:
    """What the runtime puts into a mailbox to end an incarnation in order."""


STOP = Stop()


class Mailbox:
    """Thread-safe, three lanes, counted."""

    def __init__(self, cap: int = MUST_DELIVER_CAP) -> None:
        self.cap = cap
        self.conflated = 0
        """How many quotes and books were replaced by newer ones before anybody read them."""
        self._control: deque[Envelope | Stop] = deque()
        self._must: deque[Envelope | Stop] = deque()
        self._latest: dict[tuple[type[Message], str], Envelope] = {}
        self._ready = threading.Condition(threading.Lock())

    def __len__(self) -> int:
        return len(self._control) + len(self._must) + len(self._latest)

    def put(self, envelope: Envelope) -> int:
        """Queue a message by its lane: how many more messages wait now (0 when it replaced one, -1: turned away)."""
        message = envelope.message
        lane = LANES.get(message.__class__, Lane.MUST_DELIVER)
        with self._ready:
            if lane is Lane.MUST_DELIVER:
                if len(self._must) >= self.cap:
                    return -1
                self._must.append(envelope)
            elif lane is Lane.CONTROL:
                self._control.append(envelope)
            else:
                assert isinstance(message, Quote | OrderBook)
                key = (message.__class__, message.symbol)
                replaced = self._latest.pop(key, None)
                self._latest[key] = envelope
                if replaced is not None:
                    self.conflated += 1
                    return 0
            self._ready.notify_all()
        return 1

    def put_stop(self, *, first: bool) -> None:
        """End the incarnation that reads it: before what waits (`first`), or after it."""
        with self._ready:
            (self._control if first else self._must).append(STOP)
            self._ready.notify_all()

    def put_back(self, envelope: Envelope) -> None:
        """Return what was taken for an incarnation that is over, to the front of its lane."""
        lane = LANES.get(envelope.message.__class__, Lane.MUST_DELIVER)
        with self._ready:
            (self._control if lane is Lane.CONTROL else self._must).appendleft(envelope)
            self._ready.notify_all()

    def take(self) -> Envelope | Stop | None:
        """The next item without waiting, or None."""
        with self._ready:
            return self._next()

    def wait(self, seconds: float) -> Envelope | Stop | None:
        """The next item, waiting up to `seconds` for one; None when none came."""
        with self._ready:
            item = self._next()
            if item is None:
                self._ready.wait(seconds)
                item = self._next()
            return item

    def nudge(self) -> None:
        """Wake whoever waits, so that it notices that its incarnation is over."""
        with self._ready:
            self._ready.notify_all()

    def clear(self) -> int:
        """Throw everything away and say how many messages that were: for an address that will not come back."""
        with self._ready:
            count = len(self)
            self._control.clear()
            self._must.clear()
            self._latest.clear()
            return count

    def _next(self) -> Envelope | Stop | None:
        if self._control:
            return self._control.popleft()
        if self._must:
            return self._must.popleft()
        if self._latest:
            return self._latest.pop(next(iter(self._latest)))
        return None
