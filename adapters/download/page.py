"""What a source of history gives: one page after the other, and how far each goes."""

from collections.abc import Iterator
from typing import Protocol

import attrs

from messages import Message, Period, Quarantined, UtcNs


@attrs.frozen(kw_only=True)
class Page:
    """Rows in the order of their times; all rows of one time stamp stand in one page."""

    messages: tuple[Message, ...]
    bad: tuple[Quarantined, ...] = ()
    """Rows that cannot be meant, each with its reason."""
    done: UtcNs
    """Everything of the span before this has been given, in the series' own time (bars: when they open)."""


class Source(Protocol):
    """One series at one venue. What it raises (VenueError) ends the download; what was given before is kept."""

    notes: list[str]
    """What could not be had, in words."""

    @property
    def pages_asked(self) -> int:
        """How many answers came so far."""

    @property
    def bridge(self) -> Period:
        """A pause in what is missing that is not worth a question of its own."""

    def now(self) -> UtcNs:
        """The venue's time, as well as it is known."""

    def pages(self, begin: UtcNs, end: UtcNs) -> Iterator[Page]:
        """Everything from `begin` up to and without `end`."""
