"""The running interval of one symbol and period: when it begins, when it closes, and at which timer.

What is counted in it is its user's: `RunningBar` makes bars of trades, `RunningFlow` sums of who bought and sold.

The interval reaches from `open_ts` to `close_ts`, exclusive. When none is running both are the time up to which
everything is closed. So one comparison says what a trade is: before `open_ts` it is late, from `close_ts` on it closes
the interval that runs, if one does, and opens its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Final, Generic, TypeVar

from actors.bars.wanted import NOTHING_YET
from messages import NS_PER_SECOND, Message, Period, Step, Symbol, Tick, UtcNs, WakeAt, period_start

EMPTY_MAX = 100_000
"""A longer row of empty intervals, found at one go, is left empty: a wrong time stamp must not fill the memory."""
LAG_MAX: Final[Period] = 3 * NS_PER_SECOND
"""A trade that is older when it is heard says nothing of those to come."""
LATE: Final = "late"
"""The reason code of what came after its interval had closed."""

_Closed = TypeVar("_Closed", bound=Message)
"""What a closed interval is said as."""


class RunningInterval(ABC, Generic[_Closed]):
    """Knows the time. `end` gives what was counted and begins anew; `empty` what stands for an interval without trades.

    `grace` is how long (ns) after an interval's end the clock closes it; `step` the timers'; `says_empty` whether the
    clock goes on where nothing is traded.
    """

    __slots__ = (
        "_grace", "_latest", "_says_empty", "_step", "close_ts", "due", "heard", "open_ts", "period", "symbol", "token"
    )  # fmt: skip

    def __init__(self, symbol: Symbol, period: Period, *, grace: int, step: Step, says_empty: bool) -> None:
        self._grace, self._step, self._says_empty = grace, step, says_empty
        self.symbol = symbol
        self.period = period
        self.token = f"{symbol} {period}"
        """Of its timers: the same for every interval, so that a wake of one that has closed finds nothing to do."""
        self.open_ts: UtcNs = NOTHING_YET
        self.close_ts: UtcNs = NOTHING_YET
        self.due: UtcNs | None = None
        """The latest wake that was asked for and is still wanted; None: wakes are nothing to it."""
        self.heard: UtcNs = NOTHING_YET
        """When the last trade was heard that came after the end of an interval: more of its kind may follow."""
        self._latest: UtcNs = NOTHING_YET
        """When the last interval was closed: a clock's word may overtake trades that were heard before it."""

    @abstractmethod
    def end(self, at: UtcNs) -> _Closed:
        """Close what runs, heard at `at` and not before its own end."""

    @abstractmethod
    def empty(self, open_ts: UtcNs, at: UtcNs) -> _Closed:
        """What is said of the interval without trades that began at `open_ts`, heard at `at` or at its own end."""

    @property
    def is_running(self) -> bool:
        """Whether an interval is open."""
        return self.close_ts > self.open_ts

    @property
    def has_begun(self) -> bool:
        """Whether anything was counted yet."""
        return self.open_ts > NOTHING_YET

    @property
    def _has_past(self) -> bool:
        """Whether there was a trade before, for what is empty to follow on."""
        return self.has_begun

    def advance(self, start: UtcNs, at: UtcNs) -> list[_Closed]:
        """Something of the interval that begins at `start` came at `at`: close what lies before it, no earlier than
        what was closed before.
        """
        self._latest = at = max(at, self._latest)
        closed = [self.end(at)] if self.is_running else []
        if self._says_empty and self._has_past and start > self.close_ts:
            first = self.close_ts
            self.open_ts = self.close_ts = start
            if start - first <= EMPTY_MAX * self.period:
                closed += [self.empty(open_ts, at) for open_ts in range(first, start, self.period)]
        return closed

    def pass_time(self, at: UtcNs, grace: int | None = None, lag: int = 0) -> list[_Closed]:
        """The clock shows `at`: close what has ended, `grace` ago or longer (its own grace, if not given).

        `lag`: how much later than they were made trades are heard, be it the way or a clock that is behind ours.
        """
        ended = at - lag - (self._grace if grace is None else grace)
        return self.advance(period_start(ended, self.period), at) if self.close_ts <= ended else []

    def is_early(self, at: UtcNs) -> bool:
        """Whether the clock's word does not count yet: trades come late just now, and each gets its grace."""
        return at < self.heard + self._grace

    def next_wake(self, lag: int = 0) -> tuple[WakeAt, ...]:
        """The timer for the next close, unless it was asked for already or there is nothing to close.

        It is the grace after the interval's end, or after the last trade that came later than that.
        """
        if self.is_running:
            due = self.close_ts
        elif self._says_empty:
            due = self.close_ts + self.period
        else:
            return ()
        due = max(due + lag, self.heard) + self._grace
        if self.due is not None and due <= self.due:
            return ()
        self.due = due
        return (WakeAt(due, self.token, self._step),)

    def woke(self, at: UtcNs, lag: int = 0) -> tuple[Message, ...]:
        """A timer has come: close what is over, if no trade has, and go on to the next one."""
        if self.due is None:
            return ()
        if at >= self.due:
            self.due = None
        closed = [] if self.is_early(at) else self.pass_time(at, lag=lag)
        return (*closed, *self.next_wake(lag))

    def feed_ended(self, at: UtcNs) -> list[_Closed]:
        """Nothing more can come: close what is over, without waiting for the grace. What is not over stays unsaid."""
        self.due = None
        return self.pass_time(at, grace=0)


def caught_up(running: Iterable[RunningInterval[Any]], at: UtcNs, lag: int) -> tuple[Message, ...]:
    """Every trade up to now was heard: what is over closes, in their order, and the clock goes on."""
    begun = [each for each in running if each.has_begun]
    closed: list[Message] = [one for each in begun for one in each.pass_time(at, lag=lag)]
    for each in begun:
        # A wake that passed unheeded, or belonged to an incarnation before, does not come again.
        each.due = None
    return (*closed, *[wake for each in begun for wake in each.next_wake(lag)])


def lag_of(tick: Tick) -> int:
    """How much later than it was made a trade was heard, as far as that tells of those to come."""
    return min(max(0, tick.received - tick.ts), LAG_MAX)
