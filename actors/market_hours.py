"""When a market is open: its sessions in its own time zone, daylight saving included, as instants in UTC.

Zones come from the standard library's tz database. A zone's table is read once for the whole process and is the same
at every reading, so asking it is no input that two runs could differ in.
"""

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from messages import NS_PER_DAY, NS_PER_SECOND, Sessions, UtcNs

_BEFORE_ALL, _AFTER_ALL = -(2**63), 2**63
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Hours:
    """The opening hours of one market, None being around the clock. For one actor: it remembers where it looked last.

    Times are UTC ns. Asked in the order of time, an answer costs a comparison or two. An edge of a session that falls
    into an hour which a change of the clock skips or repeats is read by the clock from before the change.
    KeyError for a time zone that the tz database does not have.
    """

    __slots__ = ("_closes", "_opens", "_sessions", "_since", "_zone")

    def __init__(self, sessions: Sessions | None) -> None:
        self._sessions = sessions
        self._zone = ZoneInfo("UTC" if sessions is None else sessions.timezone)
        # From `_since` until it closes, [_opens, _closes) is the session that runs or comes next: at first a single
        # one of all time, or none.
        self._since = self._opens = _BEFORE_ALL
        self._closes = _AFTER_ALL if sessions is None else _BEFORE_ALL

    def is_open(self, ts: UtcNs) -> bool:
        """Whether the market trades at this instant: a session's close is no longer in it."""
        if not self._since <= ts < self._closes:
            self._look(ts)
        return ts >= self._opens

    def next_open(self, ts: UtcNs) -> UtcNs:
        """The first instant from `ts` on at which the market is open: `ts` itself if it is."""
        if not self._since <= ts < self._closes:
            self._look(ts)
        return max(ts, self._opens)

    def overlaps(self, open_ts: UtcNs, close_ts: UtcNs) -> bool:
        """Whether the market is open at any time within [open_ts, close_ts)."""
        return self.next_open(open_ts) < close_ts

    def day_ends_after(self, ts: UtcNs) -> UtcNs:
        """When the first trading day ends that ends later than `ts`: the close of its last session.

        A market that never closes ends its days at 00:00 UTC.
        """
        if self._sessions is None:
            return (ts // NS_PER_DAY + 1) * NS_PER_DAY
        last = len(self._sessions.hours) - 1
        return next(closes for number, _, closes in self._from(ts) if number == last and closes > ts)

    def _look(self, ts: UtcNs) -> None:
        _, opens, closes = next(session for session in self._from(ts) if session[2] > ts)
        self._since, self._opens, self._closes = min(ts, opens), opens, closes

    def _from(self, ts: UtcNs) -> Iterator[tuple[int, UtcNs, UtcNs]]:
        """(number within its day, opens, closes) of the sessions from the date of `ts` on, without an end."""
        assert self._sessions is not None, "around the clock there is nothing to look for"
        day = datetime.datetime.fromtimestamp(ts // NS_PER_SECOND, self._zone).date()
        while True:
            if day.weekday() in self._sessions.weekdays:
                for number, (opens, closes) in enumerate(self._sessions.hours):
                    yield number, self._instant(day, opens), self._instant(day, closes)
            day += datetime.timedelta(days=1)

    def _instant(self, day: datetime.date, minutes: int) -> UtcNs:
        wall = datetime.datetime.combine(day, datetime.time.min) + datetime.timedelta(minutes=minutes)
        return (wall.replace(tzinfo=self._zone) - _EPOCH) // datetime.timedelta(seconds=1) * NS_PER_SECOND
