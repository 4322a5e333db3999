"""Where the market is heard: a place in the runtime that everything said passes, so that nothing is conflated.

A mailbox would keep only the last of several quotes when its owner is slow; here every one waits until it is written,
up to a bound, and what comes then is counted.
"""

import threading
from collections import deque
from collections.abc import Collection, Mapping
from typing import Any, Final

import attrs

from adapters.store.kinds import KINDS, Kind, kind_of
from adapters.store.names import EXTERNAL, SPREADS, split_symbol
from adapters.store.segment import Series
from messages import Address, Envelope, ExternalEvent, Message, OrderFlow, Quarantined, SpreadSample

WAITING_MAX: Final = 400_000
"""Items that may wait to be written, a book's levels counted each: some hundred megabytes at most."""
_OF_ANYBODY: Final = frozenset({Quarantined, ExternalEvent, OrderFlow, SpreadSample})
"""What is kept whoever says it; of everything else what feeds say, and not who passes it on."""


@attrs.frozen
class Taken:
    """Items in the order in which they were said."""

    items: tuple[tuple[str, Message], ...]
    """(venue, message)"""


class RecordingTap:
    """What a runtime tells is kept until it is taken. `said` may be called from every thread, and does not raise.

    `venues`: the venue of each feed, by address. `venue`: of what other actors say without naming one. `kinds`: those
    that are kept, by their names without a length of bar; None keeps all.
    """

    def __init__(
        self,
        venues: Mapping[Address, str],
        *,
        venue: str,
        kinds: Collection[str] | None = None,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._venues, self._venue, self._max = dict(venues), venue, waiting_max
        wanted = [kind for kind in KINDS.values() if kinds is None or kind.base in kinds]
        self._is_of_anybody: dict[type[Message], bool] = {kind.message: kind.message in _OF_ANYBODY for kind in wanted}
        self._leveled = frozenset(kind.message for kind in wanted if kind.is_parted)
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Message, int]] = deque()
        self._weight = 0
        self._lost = 0

    def said(self, envelope: Envelope) -> None:
        """A message is on its way."""
        message: Any = envelope[5]
        message_class = message.__class__
        is_of_anybody = self._is_of_anybody.get(message_class)
        if is_of_anybody is None:
            return
        venue = self._venues.get(envelope[2])
        if venue is None:
            if not is_of_anybody:
                return
            venue = self._venue
        weight = 1 + len(message.bids) + len(message.asks) if message_class in self._leveled else 1
        with self._lock:
            if self._weight + weight > self._max:
                self._lost += 1
                return
            self._weight += weight
            self._waiting.append((venue, message, weight))

    def handled(self, address: Address, epoch: int, message_id: int) -> None:
        """Of no interest."""

    def made(self, address: Address, epoch: int, *, warm: bool) -> None:
        """Of no interest."""

    def take(self, most: int) -> Taken | None:
        """The oldest items that wait, at most so many; None when there are none."""
        with self._lock:
            count = min(most, len(self._waiting))
            if not count:
                return None
            taken = [self._waiting.popleft() for _ in range(count)]
            self._weight -= sum(weight for _, _, weight in taken)
        return Taken(tuple((venue, message) for venue, message, _ in taken))

    def forget(self) -> None:
        """What waits is not to be kept; it counts as lost."""
        with self._lock:
            self._lost += len(self._waiting)
            self._waiting.clear()
            self._weight = 0

    def take_lost(self) -> int:
        """How many items there was no place for since the last call."""
        with self._lock:
            lost, self._lost = self._lost, 0
        return lost


def series_of(venue: str, message: Message) -> Series:
    """Where an item belongs: a symbol that names its venue is of that one, whoever said it."""
    kind: Kind | None = kind_of(message)
    assert kind is not None
    if isinstance(message, ExternalEvent):
        return Series(EXTERNAL, message.source, kind)
    if isinstance(message, SpreadSample):
        return Series(SPREADS, message.name, kind)
    symbol, named = split_symbol(message.symbol)  # type: ignore[attr-defined]  # every other kind has one
    return Series(named or venue, symbol, kind)
