"""Another legal order: what threads could do, chosen by a seed. For tests that look for order-dependent mistakes."""

import random
from collections import Counter, deque
from operator import attrgetter
from typing import TypeAlias

from actors.runtime.host import RunEnds
from actors.runtime.mailbox import LANES, Lane
from actors.runtime.slot import Slot
from messages import Address, Envelope, Message, OrderBook, Quote, Symbol

_Key: TypeAlias = tuple[Address, Address, Lane]
"""(sender, receiver, lane)"""

BACKLOG_MAX = 200
"""Messages that may be left waiting when the next event comes."""
LOOPS_MAX = 100_000
"""Deliveries that one event may cause at one instant before the run is declared to be going in circles."""


class GoingInCirclesError(RunEnds, RuntimeError):
    """Actors answer one another without end at one instant of the virtual clock."""


def circles(slot: Slot, envelope: Envelope) -> GoingInCirclesError:
    """The error, naming who was about to be given what."""
    name = type(envelope.message).__name__
    return GoingInCirclesError(f"more than {LOOPS_MAX} deliveries at one instant, lately {name} to {slot.address}")


class Schedule:
    """One queue per (sender, receiver, lane), served in a seeded random order and not always to the end."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a schedule, not a secret
        self._queues: dict[_Key, deque[tuple[Slot, Envelope]]] = {}
        self._waiting = 0
        self.slow: set[Address] = set()
        """Who is served nothing for the time being."""
        self.last: set[Address] = set()
        """Who says and hears nothing while anybody else has something to say."""

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return self._waiting

    def waiting_by_address(self) -> Counter[Address]:
        """How many wait for whom."""
        counts: Counter[Address] = Counter()
        for (_, address, _), queue in self._queues.items():
            counts[address] += len(queue)
        return counts

    def put(self, slot: Slot, envelope: Envelope) -> None:
        """Queue behind what the same sender said to the same receiver before."""
        self._queue(slot, envelope).append((slot, envelope))
        self._waiting += 1

    def put_first(self, slot: Slot, envelope: Envelope) -> None:
        """Queue before it: for what waited in a mailbox while the receiver was down."""
        self._queue(slot, envelope).appendleft((slot, envelope))
        self._waiting += 1

    def take_for(self, slot: Slot) -> list[Envelope]:
        """Everything that waits for one address, in the order in which it was said."""
        queues = [key for key in self._queues if key[1] == slot.address]
        taken = [envelope for key in queues for _, envelope in self._queues.pop(key)]
        self._waiting -= len(taken)
        return sorted(taken, key=attrgetter("id"))

    def drain(self, *, everything: bool) -> None:
        """Deliver some of what waits; all of it when asked for `everything`."""
        left = LOOPS_MAX
        while self._waiting:
            if not everything and self._waiting < BACKLOG_MAX and self._random.random() < 0.1:
                return
            keys = list(self._queues)
            if self.slow:
                keys = [key for key in keys if key[1] not in self.slow]
                if not keys:
                    return
            if self.last:
                keys = [key for key in keys if key[0] not in self.last and key[1] not in self.last] or keys
            key = self._random.choice(keys)
            slot, envelope = self._next(key)
            slot.deliver(envelope)
            left -= 1
            if not left:
                raise circles(slot, envelope)

    def _next(self, key: _Key) -> tuple[Slot, Envelope]:
        queue = self._queues[key]
        first = queue.popleft()
        if not queue:
            del self._queues[key]
        self._waiting -= 1
        return first

    def _queue(self, slot: Slot, envelope: Envelope) -> deque[tuple[Slot, Envelope]]:
        return self._queues.setdefault(self._key(slot, envelope), deque())

    @staticmethod
    def _key(slot: Slot, envelope: Envelope) -> _Key:
        # Into the mailbox of one whose rows come first threads put everything in the order in which it is said.
        sender = "" if slot.spec.in_order else envelope.sender
        return sender, slot.address, LANES.get(type(envelope.message), Lane.MUST_DELIVER)


class ScheduledMailboxes(Schedule):
    """The same, and what waits for one address waits as in its mailbox: capped, and the latest only of what is that."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._must: Counter[Address] = Counter()
        """How many wait that must be delivered."""
        self._latest: dict[tuple[Address, type[Message], Symbol], tuple[_Key, tuple[Slot, Envelope]]] = {}

    def waiting_for(self, address: Address) -> int:
        """How many messages that must be delivered wait for an address."""
        return self._must[address]

    def admits(self, slot: Slot, envelope: Envelope) -> bool:
        """Whether there is room for one more. What is to be replaced by it is gone then."""
        message = envelope.message
        lane = LANES.get(message.__class__, Lane.MUST_DELIVER)
        if lane is Lane.MUST_DELIVER:
            return slot.mailbox.has_room(message.__class__, self._must[slot.address])
        if lane is Lane.LATEST_ONLY:
            self._forget(slot, message)
        return True

    def put(self, slot: Slot, envelope: Envelope) -> None:
        """See Schedule. Whether it may be put `admits` says; what is given back may."""
        if not self._is_overtaken(slot, envelope.message):
            super().put(slot, envelope)
            self._note(slot, envelope)

    def put_first(self, slot: Slot, envelope: Envelope) -> None:
        """See Schedule."""
        if not self._is_overtaken(slot, envelope.message):
            super().put_first(slot, envelope)
            self._note(slot, envelope)

    def _is_overtaken(self, slot: Slot, message: Message) -> bool:
        """Whether a newer one of its kind waits: it is not needed then."""
        if LANES.get(message.__class__) is not Lane.LATEST_ONLY or _named(slot, message) not in self._latest:
            return False
        slot.mailbox.conflated += 1
        return True

    def take_for(self, slot: Slot) -> list[Envelope]:
        """See Schedule."""
        taken = super().take_for(slot)
        self._must.pop(slot.address, None)
        for key in [key for key in self._latest if key[0] == slot.address]:
            del self._latest[key]
        return taken

    def _next(self, key: _Key) -> tuple[Slot, Envelope]:
        slot, envelope = first = super()._next(key)
        if key[2] is Lane.MUST_DELIVER:
            self._must[slot.address] -= 1
        elif key[2] is Lane.LATEST_ONLY:
            del self._latest[_named(slot, envelope.message)]
        return first

    def _note(self, slot: Slot, envelope: Envelope) -> None:
        key = self._key(slot, envelope)
        if key[2] is Lane.MUST_DELIVER:
            self._must[slot.address] += 1
        elif key[2] is Lane.LATEST_ONLY:
            queue = self._queues[key]
            self._latest[_named(slot, envelope.message)] = (key, next(each for each in queue if each[1] is envelope))

    def _forget(self, slot: Slot, message: Message) -> None:
        """An older one of its kind is worth nothing any more."""
        found = self._latest.pop(_named(slot, message), None)
        if found is None:
            return
        key, entry = found
        queue = self._queues[key]
        queue.remove(entry)
        if not queue:
            del self._queues[key]
        self._waiting -= 1
        slot.mailbox.conflated += 1


def _named(slot: Slot, message: Message) -> tuple[Address, type[Message], Symbol]:
    assert isinstance(message, Quote | OrderBook)
    return slot.address, message.__class__, message.symbol
