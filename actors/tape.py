"""What a feed answers to Pull: messages that are not yet made, each with the time it belongs to.

A million bars as messages at once would need half a gigabyte, and most opens are wanted by nobody. So bars come as a
tape: (time, step, source) entries in order, whose source makes the message when its time has come. Ticks and quotes
come as streams, which say themselves when they have something next, because that depends on who listens: single
ticks while anybody hears them, whole blocks otherwise.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias

import attrs

from messages import Bar, Message, Symbol, TickBlock, UtcNs

FOREVER: UtcNs = 2**62
"""Later than any time a clock will show."""


class Source(Protocol):
    """Makes the messages of one symbol and class, in order."""

    @property
    def kind(self) -> type[Message]:
        """The class of what `take` makes."""

    @property
    def topic(self) -> tuple[Symbol, int | None]:
        """(symbol, period): what subscriptions are matched with."""

    @property
    def optional(self) -> bool:
        """True: when nobody hears the class, the entry is skipped and no message made."""

    def take(self, at: UtcNs, /) -> Message:
        """The message that belongs to the entry at `at`."""


class Stream(Protocol):
    """Ticks or quotes of one symbol, which plays itself according to who listens."""

    @property
    def kind(self) -> type[Message]:
        """The class of its single items."""

    @property
    def topic(self) -> tuple[Symbol, int | None]:
        """(symbol, None)."""

    def next_at(self, *, singly: bool) -> UtcNs:
        """When it next has something to say, FOREVER when never. `singly`: somebody hears single items."""

    def take(self) -> Message:
        """What it said it would say at that time."""

    def interrupt(self, now: UtcNs) -> TickBlock | None:
        """Who listens has changed: the part of an announced block that lies before `now`, if there is one."""


Entry: TypeAlias = tuple[UtcNs, int, Source]
"""(when, Step, who makes it)"""


class Calm:
    """Prices between which a bar changes nothing for who hears it, but the last price.

    A replay looks at these two, which cost less than a delivery, and keeps the bar here instead. One thread makes that
    safe; on threads every bar is delivered.
    """

    __slots__ = ("bar", "high", "low")

    def __init__(self) -> None:
        self.low, self.high = math.inf, -math.inf
        """A bar whose low and high lie between them, both exclusive, need not be delivered. At first: every bar is."""
        self.bar: Bar | None = None
        """The last one that was not."""


@attrs.frozen(eq=False)
class Run:
    """A stretch of one series' bars, no two of which end at the same instant: nothing has to wait for anything."""

    bars: Source
    opens: Source
    rows: Iterable[tuple[UtcNs, UtcNs, Bar]]
    """(opens at, ends at, the bar), in time order."""


@attrs.frozen(eq=False)
class Batch:
    """A feed's answer to one Pull, to be played once."""

    entries: Iterable[Entry] = ()
    """In order of (time, step, period, symbol)."""
    streams: Sequence[Stream] = ()
    """In the first batch only: they go on through all batches."""
    events: Sequence[Stream] = ()
    """Funding rates and mark prices, each said at `Step.MARKS` of its time, and external events, said at `Step.TICKS`
    after the ticks. In the first batch only, as streams."""
    run: Run | None = None
    """In place of entries, when the feed is one series of bars."""
    last: bool = False
    """Nothing follows this batch but what its streams still have."""

    def __bool__(self) -> bool:
        return True
