"""The bar builder: ticks, or shorter bars, become bars of every (symbol, period) that somebody asked for.

A trade belongs to the interval that its own time `ts` lies in. A bar closes at the first of: a trade (or shorter bar)
of a later interval, or the clock passing its end by the grace. So it closes without a next trade, and no later trade
can widen it. A closed bar is said once and never changed.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from actors.bars.interval import LATE
from actors.bars.running import RunningBar
from actors.bars.runs import add_run, all_within, arrays, heard_late, run_length
from actors.bars.wanted import BarSoFar, BarWanted, BuilderHeritage, Conventions, EmptyBars, Late
from actors.component import Component
from actors.tick_span import Spared, TickRow, TickSpan
from messages import (
    Bar,
    BarOpen,
    FeedEnded,
    Heartbeat,
    Message,
    Period,
    Quarantined,
    Subscribe,
    Symbol,
    Tick,
    TickBlock,
    Woke,
    iso_utc,
    period_name,
    period_start,
)
from messages.bulk import bulk_tick

__all__ = ["BarBuilder", "BarSoFar", "BarWanted", "BuilderHeritage"]


class BarBuilder(Component):
    """Builds bars of several periods at once, from 1 s to 1 w; weeks begin on Monday at 00:00 UTC.

    Hears Tick and TickBlock (from the tick filter), Bar (from the feed, to build longer ones), Woke, FeedEnded,
    Subscribe, and live Heartbeat, which it passes on. Says Bar, BarOpen where asked for, Quarantined (late), WakeAt,
    and Subscribe for the shorter bars that it needs. What it says at a boundary stands in this order: bars closed, bars
    opened, what was late, timers.

    - From ticks: open is the first price that arrived, close the last; volume, turnover and count are plain sums.
    - From shorter bars: assigned by their `open_ts`; the long bar closes with the short one that ends where it ends.
      Turnover and count are None when one part's is. Its BarOpen comes with the first short bar, not before.
    - `received` of a bar is the moment that closed it, and never before its end.
    - An interval without trades gives no bar, or with `empty_bars="flat"` a flat one, from the first bar on.
    - A late tick is quarantined, naming the periods whose bars it missed; in the others it counts. With `late="next"`
      its size goes into the running bar, and its price nowhere, so a vwap may lie outside its bar. A shorter bar that
      is late, or that overlaps what came before it, is quarantined in either case: it may be there twice.
    - A trade that is heard after its bar's end (a gap is being filled) puts the clock off: the bar closes the grace
      after the last such trade.
    - When the feed ends, bars whose end has passed are closed; an unfinished one is never said.
    - The first bar covers its interval from the first trade of the data on, which may lie inside the interval.

    Timers are one per open bar, at `VENUE_BARS` for bars from ticks. For bars from bars they are at `MARKS`: the short
    bars of an instant have all come by then, and what is said there still reaches strategies at `CLOSES`.
    """

    def __init__(
        self,
        wanted: Iterable[BarWanted],
        *,
        close_grace_ns: int = 0,
        empty_bars: EmptyBars = "none",
        late: Late = "quarantine",
        heritage: BuilderHeritage | None = None,
    ) -> None:
        self._conventions = Conventions(close_grace_ns=close_grace_ns, empty_bars=empty_bars, late=late)
        self._quarantines = late == "quarantine"
        self._bars: dict[tuple[Symbol, Period], RunningBar] = {}
        self._by_token: dict[str, RunningBar] = {}
        self._from_ticks: dict[Symbol, list[RunningBar]] = {}
        self._from_bars: dict[tuple[Symbol, Period], list[RunningBar]] = {}
        self._unwanted: set[Symbol] = set()
        """Symbols whose ticks went by while nobody wanted bars of them."""
        self._lags: dict[Symbol, int] = {}
        """By symbol: how long after it was made the latest trade was heard. Only who trades live keeps it."""
        for each in wanted:
            self._add(each)
        if heritage is not None:
            self.take_up(heritage.bars)

    def heritage(self) -> BuilderHeritage:
        """The running bars, as far as they have come."""
        return BuilderHeritage(bars=tuple([bar.so_far for bar in self._bars.values() if bar.has_begun]))

    def take_up(self, bars: Iterable[BarSoFar]) -> None:
        """Before the start: go on from bars that others have begun; those that nobody wanted are built from now on.

        ValueError for a bar from ticks whose turnover or count is unknown: nothing can be added to it.
        """
        for so_far in bars:
            known = self._bars.get((so_far.symbol, so_far.period))
            bar = self._add(BarWanted(so_far.symbol, so_far.period)) if known is None else known
            if bar.source == "ticks" and None in {so_far.turnover, so_far.ticks}:
                raise ValueError(f"{period_name(bar.period)} bar of {bar.symbol}: its turnover so far is unknown")
            bar.take_up(so_far)

    def on_start(self) -> tuple[Message, ...]:
        """Ask the feed for the shorter bars, and for the time at which bars close that were begun already."""
        asked = [Subscribe(Bar, symbol, period) for symbol, period in self._from_bars]
        return (*asked, *[wake for bar in self._bars.values() if bar.has_begun for wake in bar.next_wake()])

    def on_subscribe(self, wish: Subscribe) -> tuple[Message, ...]:
        """Somebody wants bars (or their opens) of one symbol and period: build them from now on.

        The source is the longest of the feed's periods already in use for this symbol that divides the period, else
        ticks. A bar whose beginning was missed is left out. What is built already, and what the feed brings itself, is
        not built again.
        """
        symbol, period = wish.symbol, wish.period
        if (
            wish.message not in {Bar, BarOpen}
            or symbol is None
            or period is None
            or (symbol, period) in self._from_bars
        ):
            return ()
        opens = wish.message is BarOpen
        known = self._bars.get((symbol, period))
        if known is not None:
            known.wants_open = known.wants_open or opens
            return ()
        shorter = [each for of, each in self._from_bars if of == symbol and each < period and period % each == 0]
        ticks_began = symbol in self._unwanted or any(bar.has_begun for bar in self._from_ticks.get(symbol, ()))
        bar = self._add(BarWanted(symbol, period, max(shorter) if shorter else "ticks", opens))
        if shorter or ticks_began:
            bar.join_late()
        return ()

    def shortcut(self, message_class: type[Message], symbol: Symbol) -> Callable[[Any], bool] | None:
        """A tick inside the running bars is counted into them."""
        bars = self._from_ticks.get(symbol)
        if message_class is not Tick or not bars:
            return None

        def counts(tick: Tick) -> bool:
            ts = tick.ts
            for bar in bars:
                if not bar.open_ts <= ts < bar.close_ts:
                    return False
            if tick.received >= bars[0].close_ts:
                return False
            price, size = tick.price, tick.size
            for bar in bars:
                # As RunningBar.add_tick, which is a call.
                if price > bar.high:
                    bar.high = price
                elif price < bar.low:
                    bar.low = price
                bar.close = price
                bar.volume += size
                bar.turnover += price * size  # type: ignore[operator]
                bar.ticks += 1  # type: ignore[operator]
            return True

        return counts

    def spared(self, symbol: Symbol) -> Spared | None:
        """The same for a stretch of ticks."""
        bars = self._from_ticks.get(symbol)
        if not bars:
            return None

        def allows(span: TickSpan) -> bool:
            (_, first, *_), (received, last, *_) = span.rows[0], span.rows[-1]
            return received < bars[0].close_ts and all_within(bars, first, last)

        def remember(rows: Sequence[TickRow]) -> None:
            for bar in bars:
                bar.add_rows(rows)

        return Spared(allows, remember)

    def on_tick(self, tick: Tick) -> tuple[Message, ...]:
        """Count the tick into its bars; close and open what it shows to be over and begun."""
        bars = self._from_ticks.get(tick.symbol)
        if bars is None:
            self._unwanted.add(tick.symbol)
            return ()
        edges = None
        ts = tick.ts
        for bar in bars:
            if bar.open_ts <= ts < bar.close_ts:
                bar.add_tick(tick.price, tick.size)
            elif edges is None:
                edges = [bar]
            else:
                edges.append(bar)
        answers = () if edges is None else self._at_edge(edges, tick)
        if tick.received >= bars[0].close_ts:
            heard_late(bars, tick.received)
        return answers

    def on_tick_block(self, block: TickBlock) -> tuple[Message, ...]:
        """The same for many ticks at once: at full speed while they lie inside the running bars."""
        bars = self._from_ticks.get(block.symbol)
        if bars is None:
            self._unwanted.add(block.symbol)
            return ()
        answers: list[Message] = []
        place = 0
        if block.reach is not None:
            # The usual block: its first tick is at an edge, and all others lie in the bars that this one opens.
            first, last = block.ts[0], block.ts[-1]
            if not all_within(bars, first, first):
                answers += self._member(block, 0)
                place = 1
            if all_within(bars, first, last):
                if place < len(block.ts):
                    prices, sizes = np.asarray(block.prices[place:]), np.asarray(block.sizes[place:])
                    add_run(bars, prices, sizes, block.received, block.reach)
                return tuple(answers)
        ts, prices, sizes = arrays(block)
        while place < len(ts):
            # A tick at an edge closes and opens bars; those that follow it lie inside them, up to the next edge.
            end = place + run_length(bars, ts, place)
            if end > place:
                add_run(bars, prices[place:end], sizes[place:end], block.received)
            else:
                end = place + 1
                answers += self._member(block, place)
            place = end
        return tuple(answers)

    def on_bar(self, short: Bar) -> tuple[Message, ...]:
        """Count a shorter bar into the longer ones that are built from it."""
        closed: list[Message] = []
        opened: list[Message] = []
        wakes: list[Message] = []
        too_late: list[Period] = []
        for bar in self._from_bars.get((short.symbol, short.period), ()):
            if bar.misses(short.open_ts, begins_there=True):
                continue
            if short.open_ts < bar.seen_ts or short.open_ts < bar.open_ts:
                too_late.append(bar.period)
                continue
            bar.seen_ts = short.close_ts
            begins = short.open_ts >= bar.close_ts
            if begins:
                start = period_start(short.open_ts, bar.period)
                closed += bar.advance(start, short.received)
                bar.begin_with(start, short)
            bar.add_bar(short)
            if short.close_ts >= bar.close_ts:
                closed.append(bar.end(short.received))
            elif begins and bar.wants_open:
                opened.append(bar.opened(short.received))
            wakes += bar.next_wake()
        if too_late:
            text = f"bar of {period_name(short.period)} from {iso_utc(short.open_ts)}; {_closed_already(too_late)}"
            aside = Quarantined(symbol=short.symbol, received=short.received, reason=LATE, text=text)
            return (*closed, *opened, aside, *wakes)
        return (*closed, *opened, *wakes)

    def on_woke(self, woke: Woke) -> tuple[Message, ...]:
        """The clock passed a bar's end: close it, if no trade has."""
        bar = self._by_token.get(woke.token)
        return () if bar is None else bar.woke(woke.at, self._lags.get(bar.symbol, 0))

    def on_heartbeat(self, heartbeat: Heartbeat) -> tuple[Message, ...]:
        """Pass it on: this actor lives."""
        return (heartbeat,)

    def on_feed_ended(self, ended: FeedEnded) -> tuple[Message, ...]:
        """Close what is over."""
        bars = sorted(self._bars.values(), key=lambda bar: (bar.period, bar.symbol))
        return tuple([closed for bar in bars for closed in bar.feed_ended(ended.at)])

    def _add(self, wanted: BarWanted) -> RunningBar:
        key = (wanted.symbol, wanted.period)
        bar = self._bars.get(key)
        if bar is not None:
            if bar.source != wanted.source:
                raise ValueError(f"{period_name(wanted.period)} bars of {wanted.symbol} are wanted from two sources")
            bar.wants_open = bar.wants_open or wanted.opens
            return bar
        bar = self._bars[key] = RunningBar(wanted, self._conventions)
        self._by_token[bar.token] = bar
        if wanted.source == "ticks":
            bars = self._from_ticks.setdefault(wanted.symbol, [])
        else:
            bars = self._from_bars.setdefault((wanted.symbol, wanted.source), [])
        bars.append(bar)
        bars.sort(key=_by_period)
        return bar

    def _at_edge(self, bars: list[RunningBar], tick: Tick) -> tuple[Message, ...]:
        """The tick lies outside these running bars: it is late for them, or shows that they are over."""
        closed: list[Message] = []
        opened: list[Message] = []
        wakes: list[Message] = []
        too_late: list[Period] = []
        ts, received, price = tick.ts, tick.received, tick.price
        lag = self._lags.get(tick.symbol, 0)
        for bar in bars:
            if bar.misses(ts, begins_there=False):
                continue
            if ts < bar.open_ts:
                if self._quarantines:
                    too_late.append(bar.period)
                else:
                    bar.add_late(price, tick.size)
                continue
            start = period_start(ts, bar.period)
            closed += bar.advance(start, received)
            bar.begin(start, price)
            bar.add_tick(price, tick.size)
            if received >= bar.close_ts:
                bar.heard = received
            if bar.wants_open:
                opened.append(bar.opened(received))
            wakes += bar.next_wake(lag)
        if too_late:
            text = _closed_already(too_late)
            aside = Quarantined(symbol=tick.symbol, received=received, reason=LATE, item=tick, text=text)
            return (*closed, *opened, aside, *wakes)
        return (*closed, *opened, *wakes)

    def _member(self, block: TickBlock, place: int) -> tuple[Message, ...]:
        symbol, ts = block.symbol, block.ts[place]
        return self.on_tick(bulk_tick(symbol, ts, block.received, block.prices[place], block.sizes[place], 0))


def _by_period(bar: RunningBar) -> Period:
    return bar.period


def _closed_already(periods: list[Period]) -> str:
    return "too late for " + ", ".join([period_name(period) for period in periods])
