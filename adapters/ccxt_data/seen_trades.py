"""Which trades of an answer are new, where answers overlap: each trade is said once.

A trade is known by its time, price, size and side, and equal ones are counted: an answer lists each trade once, so what
it lists more often than was said is new. The exchanges' own ids are no help: some give them to a part of the rows.
"""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Final

import attrs

from adapters.ccxt_data.reading import Mark
from messages import NS_PER_SECOND, Period, UtcNs

OVERLAP: Final[Period] = NS_PER_SECOND
"""Answers are asked for from so long before the latest trade."""
KNOWN_FOR: Final[Period] = 60 * NS_PER_SECOND
"""So far behind the latest trade they are told apart; what lies farther back is taken for one that was said."""
KNOWN_MAX: Final = 50_000


@attrs.frozen
class Fresh:
    """What is new in an answer."""

    marks: tuple[Mark, ...] = ()
    """In the order of their times."""
    is_joined: bool = True
    """False: nothing in it was known, so trades between may be missing."""


class SeenTrades:
    """The trades of one symbol that were had. The first answer says only where the others begin."""

    def __init__(self, known: Iterable[Mark] = (), floor: UtcNs = 0) -> None:
        self._known = deque(sorted(known))
        self._had = Counter(self._known)
        self.floor = floor
        """What lies before is said."""
        self._has_begun = bool(self._known)

    @property
    def known(self) -> tuple[Mark, ...]:
        """For who goes on from here."""
        return tuple(self._known)

    @property
    def latest(self) -> UtcNs | None:
        """The time of the latest; None: none was had."""
        return self._known[-1][0] if self._known else None

    def take(self, marks: Iterable[Mark]) -> Fresh:
        """An answer came."""
        marks = sorted(marks, key=lambda mark: mark[0])
        listed: Counter[Mark] = Counter()
        fresh, is_joined = [], not marks or not self._has_begun
        for mark in marks:
            listed[mark] += 1
            if mark[0] < self.floor or listed[mark] <= self._had[mark]:
                is_joined = True
            else:
                fresh.append(mark)
        for mark in fresh:
            self._add(mark)
        had_begun, self._has_begun = self._has_begun, True
        self._forget()
        return Fresh(tuple(fresh), is_joined) if had_begun else Fresh()

    def _add(self, mark: Mark) -> None:
        self._had[mark] += 1
        self._known.append(mark)

    def _forget(self) -> None:
        self._known = deque(sorted(self._known, key=lambda mark: mark[0]))
        while self._known and (self._known[0][0] < self._known[-1][0] - KNOWN_FOR or len(self._known) > KNOWN_MAX):
            mark = self._known.popleft()
            self.floor = mark[0] + 1
            self._had[mark] -= 1
            if not self._had[mark]:
                del self._had[mark]
