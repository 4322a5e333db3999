"""What was traded in one symbol before now, asked for with a limited number of pages: the venue's bars, and trades.

What is kept of it here already (a store's bars and ticks) need not be asked for: bars as far as they follow one another
without a hole, and trades of the minutes of which the venue has counted as many in its own bars.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from math import isclose
from typing import Final, Protocol, TypeAlias

import attrs

from adapters.bitmex import market, queries
from adapters.bitmex.fields import FieldError, Row, moment, needed
from adapters.bitmex.queries import HISTORY_PAGE, Pages
from adapters.bitmex.trades import OVERLAP, LastTrades, Trade, time_of, trade
from messages import (
    NS_PER_MILLISECOND,
    NS_PER_SECOND,
    WEEK,
    Bar,
    Instrument,
    Period,
    Symbol,
    Tick,
    UtcNs,
    iso_utc,
    period_name,
)

GetAll: TypeAlias = Callable[[Pages], Sequence[Row]]
"""Asks page after page until one is not full, and gives all rows. What it raises ends the warm-up."""
BINS: Final = tuple(sorted(market.BIN_PERIODS.values(), reverse=True))
"""The lengths of the venue's bars, longest first: each is a multiple of the next."""
_CHUNK: Final[Period] = 60 * NS_PER_SECOND
"""Trades are asked for backwards, at first so much at a time."""
_CHUNK_MAX: Final[Period] = WEEK
_CHUNK_ROWS: Final = 3_000
"""Then as much as will have about so many rows."""
_KEPT_AT_ONCE: Final[Period] = 6 * 3600 * NS_PER_SECOND
"""Of what is kept, so much is looked at together."""


class Kept(Protocol):
    """What was kept of earlier trading. Nothing of it needs to be complete, but each of its bars is."""

    def bars(self, symbol: Symbol, length: Period, since: UtcNs, until: UtcNs) -> Sequence[Bar]:
        """Bars that lie wholly in the range, oldest first."""

    def ticks(self, symbol: Symbol, since: UtcNs, until: UtcNs) -> Sequence[Tick]:
        """Trades of since <= ts < until, in the order of `ts`, and of arrival."""


@attrs.define
class PageBudget:
    """How many pages may still be had."""

    left: int

    def spend(self, rows: int) -> None:
        """An answer of so many rows came."""
        self.left -= 1 + rows // HISTORY_PAGE


@attrs.frozen
class Bins:
    """The venue's bars of one length: those with trades in them, and how far they go."""

    bars: tuple[Bar, ...]
    ends: UtcNs
    """Up to here everything that was traded is in them."""
    bad: tuple[UtcNs, ...]
    """Where those began that cannot be read."""


class Past:
    """The history of one symbol up to `now`. `notes` says what could not be had."""

    def __init__(
        self,
        symbol: Symbol,
        instrument: Instrument | None,
        get_all: GetAll,
        now: UtcNs,
        budget: PageBudget,
        *,
        kept: Kept | None = None,
    ) -> None:
        self.symbol = symbol
        self.now = now
        self.notes: list[str] = []
        self.trades: list[Trade] = []
        """In the order of their times; all from `begins` on."""
        self.begins = now
        self.from_kept = 0
        """So many bars and trades need not be asked for."""
        self._kept = kept
        self._told_from: UtcNs | None = None
        """From here on the venue told of the trades, with what each is known by; None: it did of all."""
        self._instrument, self._get_all, self._budget = instrument, get_all, budget
        self._bins: dict[tuple[Period, UtcNs], Bins] = {}
        self._rows: dict[Period, tuple[UtcNs, Sequence[Row]]] = {}

    def bins(self, length: Period, since: UtcNs) -> Bins:
        """The venue's bars that begin at `since` or later and have ended. Asked for once for the earliest `since`."""
        had = self._bins.get((length, since))
        if had is None:
            had = self._bins[length, since] = self._read(length, since)
        return had

    def _read(self, length: Period, since: UtcNs) -> Bins:
        bars = self._bars_kept(length, since)
        bad: list[UtcNs] = []
        ends = asked_since = bars[-1].close_ts if bars else since
        for row in self._asked(length, asked_since):
            begin = ends
            try:
                end = needed(moment(row, "timestamp"), "timestamp")
                if not asked_since < end <= self.now or (end - asked_since) % length:
                    continue
                begin, ends = end - length, max(ends, end)
                bar = market.bar(length, row, end, self._instrument)
                if bar is not None:
                    # Trades are added to what it says.
                    needed(bar.turnover, "vwap")
                    needed(bar.ticks, "trades")
            except FieldError as error:
                self.notes.append(f"{self.symbol}: a bar of {period_name(length)} cannot be read: {error}")
                bad.append(begin)
                continue
            if bar is not None:
                bars.append(bar)
        return Bins(tuple(bars), ends, tuple(bad))

    def _bars_kept(self, length: Period, since: UtcNs) -> list[Bar]:
        """What is kept from `since` on, up to the first interval of which there is nothing, or not all."""
        found: list[Bar] = []
        ends = since
        for bar in () if self._kept is None else self._kept.bars(self.symbol, length, since, self.now):
            if bar.open_ts != ends or bar.turnover is None or bar.ticks is None:
                break
            found.append(attrs.evolve(bar, received=bar.close_ts))
            ends = bar.close_ts
        self.from_kept += len(found)
        return found

    def _asked(self, length: Period, since: UtcNs) -> Sequence[Row]:
        known = self._rows.get(length)
        if known is not None and known[0] <= since:
            return known[1]
        if since + length > self.now:
            return ()
        pages = (self.now - since) // length // HISTORY_PAGE + 1
        if pages > self._budget.left:
            self.notes.append(f"{self.symbol}: bars of {period_name(length)} since {iso_utc(since)} are too many")
            return ()
        # A bar's time is its end, so the first one that is wanted ends a length after `since`.
        rows = self._get_all(queries.bars(self.symbol, length, since=since + length))
        self._budget.spend(len(rows))
        self._rows[length] = (since, rows)
        return rows

    def check_from(self, since: UtcNs) -> None:
        """Trades from `since` on will be counted against the venue's bars."""
        self.bins(BINS[-1], since - since % BINS[-1])

    def forgotten_to(self, since: UtcNs) -> UtcNs:
        """Before this the venue tells of fewer trades than it has counted in its own bars: its history begins later."""
        first = self.trades[0].tick.ts if self.trades else self.now
        counted = Counter([each.tick.ts // BINS[-1] for each in self.trades])
        bars = self.bins(BINS[-1], since - since % BINS[-1]).bars
        # What lacks at the young end is only late.
        old = [bar for bar in bars if max(self.begins, since) <= bar.open_ts <= first]
        return max([bar.close_ts for bar in old if counted[bar.open_ts // BINS[-1]] < (bar.ticks or 0)], default=0)

    def reach_back(self, to: UtcNs) -> None:
        """Have all trades from `to`'s minute on, as far as the pages go; `begins` says how far that is."""
        to -= to % BINS[-1]
        chunk, until = _CHUNK, None
        while self.begins > to:
            if until is not None and self._take_kept(to):
                until = self.begins
                continue
            if self._budget.left <= 0:
                self.notes.append(f"{self.symbol}: trades before {iso_utc(self.begins)} are too many")
                return
            since = max(to, self.begins - self.begins % NS_PER_MILLISECOND - chunk)
            if self._kept is not None:
                # What is kept is believed by the minute.
                since -= since % BINS[-1]
            rows = self._get_all(queries.trades(self.symbol, since=since, until=until))
            self._budget.spend(len(rows))
            self.trades = [*self._read_trades(rows, since, until), *self.trades]
            self.begins = until = since
            chunk = min(_CHUNK_MAX, max(_CHUNK, chunk * min(_CHUNK_ROWS // max(len(rows), 1), 4)))

    def _take_kept(self, to: UtcNs) -> bool:
        """Have trades that are kept, back from `begins` over whole minutes, as long as they are those that the venue
        counted in its own bars; False when there is not one such minute.
        """
        minute, ends = BINS[-1], self.begins
        if self._kept is None or ends % minute:
            return False
        begins = max(to, ends - _KEPT_AT_ONCE)
        bins = self.bins(minute, to)
        counted = {bar.open_ts: bar for bar in bins.bars}
        ticks = self._kept.ticks(self.symbol, begins, ends)
        there: dict[UtcNs, list[Tick]] = {}
        for tick in ticks:
            there.setdefault(tick.ts - tick.ts % minute, []).append(tick)
        start = ends
        while begins < start <= bins.ends and start - minute not in bins.bad:
            if not _are_all(there.get(start - minute, []), counted.get(start - minute)):
                break
            start -= minute
        if start == ends:
            return False
        if self._told_from is None:
            self._told_from = ends
        kept = [Trade(attrs.evolve(tick, received=tick.ts)) for tick in ticks if tick.ts >= start]
        self.from_kept += len(kept)
        self.trades = [*kept, *self.trades]
        self.begins = start
        return True

    def _read_trades(self, rows: Sequence[Row], since: UtcNs, until: UtcNs | None) -> list[Trade]:
        found = []
        for row in rows:
            try:
                each = trade(row, 0, self._instrument)
            except FieldError as error:
                self.notes.append(f"{self.symbol}: a trade cannot be read: {error}")
                continue
            # It is history: nobody received it. Rows at `until` were had with the later part.
            if since <= each.tick.ts and (until is None or each.tick.ts < until):
                found.append(attrs.evolve(each, tick=attrs.evolve(each.tick, received=each.tick.ts)))
        return sorted(found, key=time_of)

    @property
    def last(self) -> LastTrades:
        """Where the trades end that were had: a live feed goes on from there."""
        latest = self.trades[-1].tick.ts if self.trades else self.begins
        told_from = self.begins if self._told_from is None else self._told_from
        since = max(told_from, latest - OVERLAP)
        known = tuple([each.mark for each in self.trades if each.tick.ts >= since])
        return LastTrades(symbol=self.symbol, since=since, known=known)


def _are_all(ticks: Sequence[Tick], bar: Bar | None) -> bool:
    """Whether these are the trades of the venue's bar (None: it has none). One twice and one not at all is too few."""
    if bar is None or not ticks:
        return bar is None and not ticks
    volume = sum([tick.size for tick in ticks])
    return len(ticks) == bar.ticks and isclose(volume, bar.volume, rel_tol=1e-9) and ticks[-1].price == bar.close
