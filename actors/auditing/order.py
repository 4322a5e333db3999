"""One order as it is heard beside the stream: all that was approved of it, what was filled, and how far it has come."""

from typing import Any

from actors.auditing.states import EDGES, Seen, Word
from messages import Lots, Order


def terms(order: Order) -> tuple[Any, ...]:
    """What an approval covers: whatever else an order says of itself may change while it is tried again."""
    return (
        order.account,
        order.symbol,
        order.lots,
        order.type,
        order.limit_price,
        order.stop_price,
        order.trail,
        order.reduce_only,
        order.time_in_force,
        order.post_only,
    )


class SeenOrder:
    """What was said of one client id."""

    __slots__ = (
        "amends",
        "asked",
        "client_id",
        "ended_filled",
        "filled",
        "is_doubted",
        "posted",
        "state",
        "waited",
        "ways",
    )

    def __init__(self, client_id: str, state: Seen = Seen.NEW) -> None:
        self.client_id = client_id
        self.state = state
        self.asked: Order | None = None
        """As the guard was asked for it last."""
        self.ways: list[Order] = []
        """All that the guard has approved of it: nothing else may be at the venue."""
        self.amends: list[Order] = []
        """What it was asked to be changed to, where guard or venue have not answered."""
        self.is_doubted = False
        """A word about it may have been missed: what is not known to be approved may be all the same."""
        self.filled: Lots = 0
        self.ended_filled: Lots | None = None
        self.posted = False
        """Its request was sent, and the venue has not said that it does not have it."""
        self.waited = 0
        """So many looks ago somebody was to answer."""

    @property
    def awaited(self) -> bool:
        """Whether guard or venue owe an answer."""
        return self.state in (Seen.ASKED, Seen.APPROVED)

    def may_follow(self, word: Word) -> bool:
        """Goes to where the word leads. False, and it stays where it is, when nothing leads there."""
        after = EDGES[self.state].get(word)
        if after is None:
            return False
        if after is not self.state:
            self.state, self.waited = after, 0
            if after in (Seen.REJECTED, Seen.ASKED):
                self.posted = False
        return True

    def covers(self, order: Order) -> bool:
        """Whether this was approved. Of an order of an earlier life nothing can be told."""
        wanted = terms(order)
        return self.may_be_any or any(terms(way) == wanted for way in self.ways)

    @property
    def may_be_any(self) -> bool:
        """Whether it may have been approved as whatever it is."""
        return self.is_doubted or (not self.ways and self.state is Seen.UNSURE)

    @property
    def left(self) -> Lots:
        """Signed lots that may still be filled: as the largest that it ever was, until its end tells how many were.

        0 of an order that is not approved, of one that was rejected, whatever becomes of it, and of an earlier life's.
        """
        if not self.ways or self.state in (Seen.ASKED, Seen.REFUSED, Seen.REJECTED, Seen.REVIVED, Seen.UNSURE):
            return 0
        sign = 1 if self.ways[-1].lots > 0 else -1
        most = max([abs(way.lots) for way in self.ways]) if self.ended_filled is None else abs(self.ended_filled)
        return sign * max(0, most - sign * self.filled)

    @property
    def only_reduces(self) -> bool:
        """Whether it was reduce-only all along."""
        return all(way.reduce_only for way in self.ways)
