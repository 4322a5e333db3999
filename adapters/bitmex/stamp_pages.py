"""Paging by time, where many rows may share a time stamp and a page may end in the midst of them.

A page is asked for from the stamp at which the last one ended, so rows of that stamp come again and are told apart by
what is in them. Only where one stamp alone fills a page is an offset used, and that counts from this stamp. Rows are
given out when all of their stamp is had: what stops in between goes on from a whole stamp. No I/O, no clock.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from adapters.bitmex.fields import FieldError, Row, moment, needed
from messages import NS_PER_MILLISECOND, UtcNs, iso_utc

STAMP_ROWS_MAX: Final = 50_000
"""Of one time stamp: more is no market but a fault."""
_STEP: Final = NS_PER_MILLISECOND
"""As fine as the venue's time stamps are."""


class WrongPage(Exception):  # noqa: N818 - it says what came, and whose fault it is depends on how often
    """A page that cannot be the answer to what was asked."""


@attrs.frozen
class Ask:
    """Rows with stamps from `since` to `until`, both included, without the first `start` of them."""

    since: UtcNs
    until: UtcNs
    start: int


class StampPages:
    """The pages of one span of stamps, `first` and `last` included, both whole milliseconds.

    `unique`: rows have their stamps alone (bars, funding), so that none waits for others of its stamp.
    """

    def __init__(self, first: UtcNs, last: UtcNs, size: int, *, unique: bool = False) -> None:
        self._at, self._last, self._size, self._unique = first, last, size, unique
        self._held: list[Row] = []
        """Of the stamp `_at`, of which there may be more."""
        self._is_over = first > last
        self._longest = 0
        """Of the pages so far: the venue's own limit may be below ours."""
        self._behind = False
        """The next question leaves out what is held."""

    @property
    def done(self) -> UtcNs:
        """Every row with a stamp before this was given."""
        return self._last + 1 if self._is_over else self._at

    @property
    def ask(self) -> Ask | None:
        """What to ask now; None when everything was had."""
        if self._is_over:
            return None
        return Ask(self._at, self._last, self._start)

    @property
    def _start(self) -> int:
        """How many rows of the stamp `_at` are left out of the answer: none, as long as more than those fit a page."""
        return len(self._held) if self._behind or len(self._held) >= self._size else 0

    def take(self, rows: Sequence[Row]) -> list[Row]:
        """The answer to `ask` came; gives the rows that are complete. WrongPage, and nothing has changed, if it can
        be no answer to it.
        """
        stamps = self._stamps(rows)
        if self._unique:
            self._at = stamps[-1] + _STEP if stamps else self._at
            self._is_over = not stamps or self._at > self._last
            return list(rows)
        pairs = list(zip(stamps, rows, strict=True))
        fresh = self._fresh([row for stamp, row in pairs if stamp == self._at])
        was_behind, self._longest = self._start > 0, max(self._longest, len(rows))
        if not pairs or pairs[-1][0] == self._at:
            if not fresh and rows and not was_behind and len(rows) >= self._longest:
                # Nothing new, in a page as long as any: this stamp may have more rows than the venue's pages.
                self._behind = True
                return []
            return self._same_stamp(fresh)
        self._behind = False
        before = [*self._held, *fresh, *(row for stamp, row in pairs if self._at < stamp < stamps[-1])]
        self._at = stamps[-1]
        self._held = [row for stamp, row in pairs if stamp == self._at]
        return before

    def _same_stamp(self, fresh: list[Row]) -> list[Row]:
        """Nothing came of a later stamp: the rest of a full one, or the end."""
        if fresh:
            if len(self._held) + len(fresh) > STAMP_ROWS_MAX:
                raise WrongPage(f"more than {STAMP_ROWS_MAX} rows at {iso_utc(self._at)}")
            self._held += fresh
            return []
        given, self._held, self._is_over = self._held, [], True
        return given

    def _stamps(self, rows: Sequence[Row]) -> list[UtcNs]:
        if len(rows) > self._size:
            raise WrongPage(f"{len(rows)} rows where {self._size} were asked for")
        before, stamps = self._at, list[UtcNs]()
        for row in rows:
            try:
                stamp = needed(moment(row, "timestamp"), "timestamp")
            except FieldError as error:
                raise WrongPage(str(error)) from None
            if not before <= stamp <= self._last:
                raise WrongPage(
                    f"a row at {iso_utc(stamp)} after one at {iso_utc(before)}, where rows up to "
                    f"{iso_utc(self._last)} were asked for in rising order"
                )
            before = stamp
            stamps.append(stamp)
        return stamps

    def _fresh(self, rows: Iterable[Row]) -> list[Row]:
        """Those of the stamp `_at` that were not had: each row that is held comes again, once for each time."""
        if self._start:
            return list(rows)
        had, fresh = Counter([_content(row) for row in self._held]), []
        for row in rows:
            content = _content(row)
            if had[content]:
                had[content] -= 1
            else:
                fresh.append(row)
        if had.total():
            raise WrongPage(f"{had.total()} rows at {iso_utc(self._at)} that were there before are missing")
        return fresh


def _content(row: Row) -> str:
    return repr(sorted(row.items()))
