"""Trades that can be told apart, so that what the socket and a query both tell of is said once.

One trade has an id (`trdMatchID`), but the fills of one taker may share it, and some have none. So a trade is known by
its id, time, price, size and side together, and equal ones are counted: each source lists every trade once, hence of
two sources the one that lists more of a kind is right.
"""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Final, TypeAlias

import attrs

from adapters.bitmex import market
from adapters.bitmex.fields import Row, word
from messages import NS_PER_SECOND, Instrument, Period, Symbol, Tick, UtcNs

OVERLAP: Final[Period] = NS_PER_SECOND
"""So far behind the latest trade another may still come: as far as the tick filter believes."""
KNOWN_MAX: Final = 4096
Mark: TypeAlias = tuple[str, UtcNs, float, float, int]
"""What a trade is known by."""


@attrs.frozen
class Trade:
    """One trade of the market, with the venue's id ("" where it has none)."""

    tick: Tick
    match_id: str = ""

    @property
    def mark(self) -> Mark:
        """What tells it apart."""
        tick = self.tick
        return (self.match_id, tick.ts, tick.price, tick.size, tick.aggressor)


def time_of(trade_: Trade) -> UtcNs:
    """By the venue's clock: what trades are put in order by."""
    return trade_.tick.ts


def trade(row: Row, received: UtcNs, instrument: Instrument | None = None) -> Trade:
    """A row of `trade`. FieldError for one that cannot be meant."""
    return Trade(market.tick(row, received, instrument), word(row, "trdMatchID") or "")


@attrs.frozen(kw_only=True)
class LastTrades:
    """Where the trades of a symbol end that were had: what lies before `since` is done with, and so are `known`."""

    symbol: Symbol
    since: UtcNs
    known: tuple[Mark, ...] = ()
    """From `since` on."""

    @property
    def latest(self) -> UtcNs:
        """The time of the latest of them; without any, `since`."""
        return max([mark[1] for mark in self.known], default=self.since)


class SaidTrades:
    """The trades of one symbol that were said, as far back as another may still come."""

    def __init__(self, last: LastTrades) -> None:
        self.symbol = last.symbol
        self._floor = last.since
        self._latest: UtcNs | None = max([mark[1] for mark in last.known], default=None)
        self._marks: deque[Mark] = deque(sorted(last.known, key=_ts))

    @property
    def since(self) -> UtcNs:
        """What lies before is said, or too late."""
        return self._floor if self._latest is None else max(self._floor, self._latest - OVERLAP)

    def say(self, trade_: Trade) -> None:
        """It is said now."""
        mark = trade_.mark
        self._marks.append(mark)
        if self._latest is None or mark[1] > self._latest:
            self._latest = mark[1]
        since = self.since
        while self._marks and self._marks[0][1] < since:
            self._marks.popleft()
        while len(self._marks) > KNOWN_MAX:
            self._floor = max(self._floor, self._marks.popleft()[1] + 1)

    @property
    def last(self) -> LastTrades:
        """For who goes on from here."""
        since = self.since
        known = tuple([mark for mark in self._marks if mark[1] >= since])
        return LastTrades(symbol=self.symbol, since=since, known=known)


class Union:
    """What several sources list of the same trades, each source every trade once: new is what exceeds the others."""

    def __init__(self, known: Iterable[Mark]) -> None:
        self._had = Counter(known)
        self._source: Counter[Mark] = Counter()

    def next_source(self) -> None:
        """Another list begins, or the same again."""
        self._source.clear()

    def is_new(self, trade_: Trade) -> bool:
        """Whether the trade that this source lists now is one that none has listed before."""
        mark = trade_.mark
        self._source[mark] += 1
        if self._source[mark] <= self._had[mark]:
            return False
        self._had[mark] += 1
        return True


def _ts(mark: Mark) -> UtcNs:
    return mark[1]
