"""Another legal order: what threads could do, chosen by a seed. For tests that look for order-dependent mistakes."""

import random
from collections import Counter, deque
from operator import attrgetter

from actors.runtime.host import RunEnds
from actors.runtime.mailbox import LANES, Lane
from actors.runtime.slot import Slot
from messages import Address, Envelope

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
        self._queues: dict[tuple[Address, Address, Lane], deque[tuple[Slot, Envelope]]] = {}
        self._waiting = 0
        self.slow: set[Address] = set()
        """Who is served nothing for the time being."""

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
            key = self._random.choice(keys)
            queue = self._queues[key]
            slot, envelope = queue.popleft()
            if not queue:
                del self._queues[key]
            self._waiting -= 1
            slot.deliver(envelope)
            left -= 1
            if not left:
                raise circles(slot, envelope)

    def _queue(self, slot: Slot, envelope: Envelope) -> deque[tuple[Slot, Envelope]]:
        lane = LANES.get(type(envelope.message), Lane.MUST_DELIVER)
        # Into the mailbox of one whose rows come first threads put everything in the order in which it is said.
        sender = "" if slot.spec.in_order else envelope.sender
        return self._queues.setdefault((sender, slot.address, lane), deque())
