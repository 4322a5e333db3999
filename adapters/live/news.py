"""What happened, one line each: for the screen's last lines and for output that is no terminal.

The same thing said again within ten seconds is counted and not repeated, so that a strategy which is refused at every
bar does not push everything else away.
"""

import enum
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import attrs

from messages import NS_PER_SECOND, UtcNs

_TEXT_MAX: Final = 240
_KEPT: Final = 1_000
_AGAIN_NS: Final = 10 * NS_PER_SECOND
_LOOKED_AT: Final = 20
"""So many lines back a repetition is looked for."""


class Kind(enum.StrEnum):
    """What a line is about, and how it is shown."""

    FILL = "fill"
    STATE = "state"
    GOOD = "good"
    TROUBLE = "trouble"
    """Somebody should look."""


@attrs.frozen
class News:
    """One thing that happened, and how often."""

    number: int
    """Counts all of them from 1."""
    ts: UtcNs
    kind: Kind
    text: str
    times: int = 1


class NewsPaper:
    """The last thousand."""

    def __init__(self, latest: UtcNs = 0) -> None:
        self._news: deque[News] = deque(maxlen=_KEPT)
        self._number = 0
        self._silent = False
        self.latest = latest
        """The latest time that anything was said of."""

    def add(self, kind: Kind, text: str, ts: UtcNs) -> None:
        """Something happened; texts of a venue's are made fit for a terminal."""
        self.latest = max(self.latest, ts)
        if self._silent:
            return
        text = fit(text)
        if kind is not Kind.FILL and self._is_again(text, ts):
            return
        self._number += 1
        self._news.append(News(self._number, ts, kind, text))

    @contextmanager
    def silence(self) -> Iterator[None]:
        """While it lasts, nothing is news."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def since(self, number: int) -> tuple[News, ...]:
        """Everything after that number that is still kept, oldest first."""
        return tuple([news for news in self._news if news.number > number])

    def _is_again(self, text: str, ts: UtcNs) -> bool:
        """Whether it was said just now; counts it."""
        for at in range(max(0, len(self._news) - _LOOKED_AT), len(self._news)):
            old = self._news[at]
            if old.text == text and abs(ts - old.ts) < _AGAIN_NS:
                self._news[at] = attrs.evolve(old, times=old.times + 1)
                return True
        return False


def fit(text: str) -> str:
    """One line without control characters, which could do things to a terminal; not longer than 240 characters."""
    clean = "".join([letter if letter.isprintable() else " " for letter in text]).strip()
    return clean if len(clean) <= _TEXT_MAX else clean[: _TEXT_MAX - 3] + "..."
