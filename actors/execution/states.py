"""The life of an order as its executor sees it: the states, and which may follow which.

    UNKNOWN -> WORKING -> (AMENDING ->) WORKING -> ... -> OVER
       |          |            |
       |          +------------+--> CANCELLING -> CLOSING -> OVER
       +-> WAITING -> UNKNOWN

Unknown is a state: an order without an answer may be at the venue, and counts as if it were. A fill is legal in every
state but OVER, after a cancel was asked for too; it proves that the venue has the order. A fill of an order that is
over belongs to no order any more, and only changes what is held.
"""

import enum
from collections.abc import Mapping
from typing import Final


class OrderState(enum.IntEnum):
    """What the executor knows of an order."""

    UNKNOWN = 0
    """Submitted, and not answered."""
    WORKING = 1
    """At the venue."""
    AMENDING = 2
    """At the venue, and asked to be another from now on: it may be either."""
    CANCELLING = 3
    """Asked back; it may be filled until its end is known."""
    WAITING = 4
    """Not taken for the time being, and to be submitted again."""
    CLOSING = 5
    """Over at the venue, with fills that have not been heard yet."""
    OVER = 6
    """Its end and all its fills are known; it is forgotten."""


UNKNOWN: Final = OrderState.UNKNOWN
WORKING: Final = OrderState.WORKING
AMENDING: Final = OrderState.AMENDING
CANCELLING: Final = OrderState.CANCELLING
WAITING: Final = OrderState.WAITING
CLOSING: Final = OrderState.CLOSING
OVER: Final = OrderState.OVER

EDGES: Mapping[OrderState, frozenset[OrderState]] = {
    UNKNOWN: frozenset({WORKING, WAITING, CANCELLING, CLOSING, OVER}),
    WORKING: frozenset({AMENDING, CANCELLING, CLOSING, OVER}),
    AMENDING: frozenset({WORKING, CANCELLING, CLOSING, OVER}),
    # A cancel that was rejected is asked for again: the order does not go back to working.
    CANCELLING: frozenset({CLOSING, OVER}),
    # The answer may have been an old one: what is heard later shows that the venue has the order after all.
    WAITING: frozenset({UNKNOWN, WORKING, CLOSING, OVER}),
    CLOSING: frozenset({OVER}),
    OVER: frozenset(),
}
"""The states that may follow each."""
