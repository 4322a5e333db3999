"""A stretch of ticks that a replay may look at as a whole, before it is said one by one.

Most ticks change nothing for tick filter, bar builder and venue but what these remember. Whether that is so for all of
a stretch is told by what is known of it: its first and last time, its lowest and highest price. Then only those are
called at every tick to whom each one matters, and the others are told of the stretch once it is over.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from messages import UtcNs

TickRow: TypeAlias = tuple[UtcNs, UtcNs, float, float, int]
"""(received, ts, price, size, aggressor)"""


class TickSpan(NamedTuple):
    """Ticks of one symbol in order, of which neither time goes back: prices above zero, sizes from zero, all finite."""

    rows: Sequence[TickRow]
    """At least one."""
    lowest: float
    """No price lies below it."""
    highest: float
    """No price lies above it."""
    ahead: int
    """By how many ns the source's time lies after the reception, at most; negative when it lies before."""
    behind: int
    """By how many ns it lies before the reception, at most."""


class Spared(NamedTuple):
    """How a component is spared single ticks of a span (`Component.spared`)."""

    allows: Callable[[TickSpan], bool]
    """Whether each of them would change nothing but what is remembered; it does nothing itself."""
    remember: Callable[[Sequence[TickRow]], None]
    """Do what these would have done, one after the other: the first of an allowed span, at least one of them."""
