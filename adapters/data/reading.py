"""What all kinds of files have in common: what the user wished, and what is known of a file once it was looked at."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

import attrs

from adapters.data.shaping import StoreColumns
from adapters.files.blame import BadRow
from messages import Period

TOLD: Final = "told"
INFERRED: Final = "inferred"
ASSUMED: Final = "assumed"


@attrs.frozen(kw_only=True)
class Wishes:
    """What the user said about the files to import; None: nothing."""

    venue: str | None = None
    symbol: str | None = None
    kind: str | None = None
    """Without a length of time: bars, ticks, quotes, ..."""
    period: Period | None = None
    stamps: str | None = None
    timezone: str | None = None
    columns: Mapping[str, str] = MappingProxyType({})
    """Role -> name of its column."""
    bad_rows: str = "fail"
    multiplier: float = 1.0
    """The files' amounts are divided by it to become turnovers (price x size)."""


@attrs.frozen
class Fact:
    """One thing about a file that decides what its rows mean."""

    name: str
    """kind, period, stamps, time zone, ..."""
    value: str
    how: str
    """told, inferred or assumed."""
    why: str = ""
    """From what it was inferred, or how to say otherwise."""


@attrs.frozen(kw_only=True)
class Examined:
    """A file that was read to its end, and may be imported."""

    venue: str | None
    """None: neither told nor known."""
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    """What else there is to say, each on its own."""
    rows: int
    """Rows or lines of the file, bad ones included."""
    bad_rows: tuple[BadRow, ...] = ()
    """Those that are set aside."""


@attrs.frozen
class Piece:
    """Consecutive rows of one series, ready for the store."""

    symbol: str
    """Empty: neither told nor known."""
    kind: str
    """With its length of time: ticks, bars-1m."""
    columns: StoreColumns


class FileReading(Protocol):
    """A file that is open."""

    @property
    def path(self) -> Path:
        """As the user named it."""

    def examine(self) -> Examined:
        """Read it to its end; InputError lists bad rows unless these are to be set aside. Nothing is kept of it."""

    def pieces(self) -> Iterator[Piece]:
        """Read it again, and hand out what is good of it, series by series or side by side, each in its order."""
