"""A mailbox belongs to an address, not to an incarnation: what waits in it survives a restart.

Three lanes. Control goes first. Must-deliver is first in, first out, and capped: one message too many is turned away
and reported, never silently shed; and what comes in floods leaves a tenth of the places to the rest, so that nobody
misses a fill for the sake of news. Latest-only keeps the newest quote or book of each symbol, for an old one is worth
nothing. Putting never blocks.
"""

import enum
import threading
from collections import deque

from messages import (
    ActorFailed,
    ActorHung,
    ActorLagging,
    ActorQuarantined,
    ActorStarted,
    ActorStopped,
    BookChange,
    CancelAll,
    Envelope,
    ExternalEvent,
    HaltTrading,
    IndexPrice,
    Liquidation,
    MarkPrice,
    Message,
    OrderBook,
    OrderFlow,
    Quarantined,
    Quote,
    SpreadSample,
    StopSystem,
    Tick,
    TickBlock,
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
    # That a mailbox is full its own actor must hear too.
    **dict.fromkeys((ActorFailed, ActorHung, ActorStarted, ActorStopped, ActorQuarantined, ActorLagging), Lane.CONTROL),
    **dict.fromkeys((Quote, OrderBook), Lane.LATEST_ONLY),
}
"""Classes that are not named here must be delivered."""
FLOODS: frozenset[type[Message]] = frozenset(
    {Tick, TickBlock, BookChange, MarkPrice, IndexPrice, Liquidation, ExternalEvent, OrderFlow, SpreadSample}
    | {Quarantined}
)
"""What others say as often as they like: it is turned away a little before the mailbox is full."""


FULL = -1
CLOSED = -2
"""What `put` answers when it turned a message away."""


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
        self._closed = False
        self._ready = threading.Condition(threading.Lock())

    def __len__(self) -> int:
        return len(self._control) + len(self._must) + len(self._latest)

    @property
    def cap(self) -> int:
        """How many messages that must be delivered may wait. Fewer than wait now: no more until some are read."""
        return self._cap

    @cap.setter
    def cap(self, cap: int) -> None:
        self._cap, self._flood_cap = cap, cap - cap // 10

    def has_room(self, message_class: type[Message], before: int = 0) -> bool:
        """Whether one more that must be delivered would be let in, were `before` more waiting than do."""
        waiting = len(self._must) + before
        return waiting < self._flood_cap or (waiting < self._cap and message_class not in FLOODS)

    def put(self, envelope: Envelope) -> int:
        """Queue a message by its lane: how many more wait now (0 when it replaced one), or FULL, or CLOSED."""
        message = envelope.message
        lane = LANES.get(message.__class__, Lane.MUST_DELIVER)
        with self._ready:
            if self._closed:
                return CLOSED
            if lane is Lane.MUST_DELIVER:
                waiting = len(self._must)
                if waiting >= self._flood_cap and (waiting >= self._cap or message.__class__ in FLOODS):
                    return FULL
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

    def put_back(self, item: Envelope | Stop) -> int:
        """Return what was taken for an incarnation that is over, to the front of its lane; answers as `put` does.

        The cap does not count here: the item was let in once. A quote that a newer one has overtaken is not needed.
        """
        with self._ready:
            if self._closed:
                return CLOSED
            lane = Lane.MUST_DELIVER if isinstance(item, Stop) else LANES.get(type(item.message), Lane.MUST_DELIVER)
            if lane is Lane.CONTROL:
                self._control.appendleft(item)
            elif lane is Lane.MUST_DELIVER:
                self._must.appendleft(item)
            elif not self._put_back_latest(item):
                return 0
            self._ready.notify_all()
        return 1

    def _put_back_latest(self, item: Envelope | Stop) -> bool:
        assert isinstance(item, Envelope)
        assert isinstance(item.message, Quote | OrderBook)
        key = (item.message.__class__, item.message.symbol)
        if key in self._latest:
            self.conflated += 1
            return False
        self._latest = {key: item, **self._latest}
        return True

    def holds(self, message_class: type[Message]) -> bool:
        """Whether a message of this class waits here."""
        with self._ready:
            waiting = (*self._control, *self._must, *self._latest.values())
            return any(isinstance(item, Envelope) and type(item.message) is message_class for item in waiting)

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

    def close(self) -> tuple[Envelope, ...]:
        """Take no more, and give up what waits: for an address that will not come back."""
        with self._ready:
            self._closed = True
            waiting = (*self._control, *self._must, *self._latest.values())
            self._control.clear()
            self._must.clear()
            self._latest.clear()
            self._ready.notify_all()
        return tuple(item for item in waiting if isinstance(item, Envelope))

    def _next(self) -> Envelope | Stop | None:
        if self._control:
            return self._control.popleft()
        if self._must:
            return self._must.popleft()
        if self._latest:
            return self._latest.pop(next(iter(self._latest)))
        return None
