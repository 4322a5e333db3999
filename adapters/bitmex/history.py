"""Warm-up before a live start: the last closed bars, the bars that are open now, and where the trades end.

Closed bars come from the venue's own where those divide the period, the rest of it from shorter ones, and what is
younger than the shortest from trades; other periods from trades alone. The bar builder takes up what is open, and the
live feed asks for the trades since: so history meets the first live tick without gap or overlap.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import attrs

from actors.bar_builder import BarBuilder, BarSoFar, BarWanted
from actors.bars.running import RunningBar
from actors.bars.wanted import NOTHING_YET, Conventions
from adapters.bitmex.past import BINS, GetAll, Kept, PageBudget, Past
from adapters.bitmex.trades import LastTrades
from messages import NS_PER_SECOND, Bar, Instrument, Period, Symbol, Tick, UtcNs, period_name, period_start

PAGES_MAX: Final = 50
"""Pages of 1000 rows for the whole of a warm-up."""
_PAGES_MIN: Final = 4
"""For one symbol, however many there are."""
SETTLE: Final[Period] = 5 * NS_PER_SECOND
"""An interval that ended so shortly ago stays open: trades of it may not be in the answers yet."""


@attrs.frozen(kw_only=True)
class History:
    """What was before. Its bars and trades are `received` at their own time."""

    bars: Mapping[tuple[Symbol, Period], tuple[Bar, ...]]
    """The last closed ones, as many as were wanted and could be had, oldest first."""
    so_far: tuple[BarSoFar, ...]
    """How far the open ones have come, of each symbol and period."""
    last_trades: Mapping[Symbol, LastTrades]
    """For the live feed."""
    notes: tuple[str, ...]
    """What is not complete, in words; nothing stands here when everything is."""
    from_kept: int = 0
    """So many bars and trades were at hand, and not asked for."""


def warm_up(
    wanted: Iterable[tuple[Symbol, Period, int]],
    instruments: Mapping[Symbol, Instrument],
    get_all: GetAll,
    now: UtcNs,
    *,
    pages_max: int = PAGES_MAX,
    kept: Kept | None = None,
) -> History:
    """Ask for the last bars of each (symbol, period, how many). `now`: ns UTC, by the venue's clock.

    Each symbol has its part of `pages_max`, and four at least; `kept` need not be asked for. An interval without trades
    has no bar, and the bars lie in as many intervals as are wanted, so they can be fewer; `notes` says so. Raises what
    `get_all` raises.
    """
    counts: dict[Symbol, dict[Period, int]] = {}
    for symbol, period, bars in wanted:
        of_symbol = counts.setdefault(symbol, {})
        of_symbol[period] = max(bars, of_symbol.get(period, 0))
    notes: list[str] = []
    found: dict[tuple[Symbol, Period], tuple[Bar, ...]] = {}
    so_far: list[BarSoFar] = []
    last_trades: dict[Symbol, LastTrades] = {}
    from_kept = 0
    for symbol, periods in sorted(counts.items()):
        budget = PageBudget(max(_PAGES_MIN, pages_max // len(counts)))
        past = Past(symbol, instruments.get(symbol), get_all, now, budget, kept=kept)
        for period, series in _series(past, periods).items():
            bars_of = series.closed[-periods[period] :] if periods[period] else []
            found[symbol, period] = tuple(bars_of)
            so_far.append(series.so_far)
            if len(bars_of) < periods[period]:
                past.notes.append(f"{symbol}: {len(bars_of)} of {periods[period]} bars of {period_name(period)}")
            if series.so_far.skip_to is not None:
                past.notes.append(f"{symbol}: the beginning of the running bar of {period_name(period)} is not known")
        last_trades[symbol] = past.last
        notes += past.notes
        from_kept += past.from_kept
    return History(bars=found, so_far=tuple(so_far), last_trades=last_trades, notes=tuple(notes), from_kept=from_kept)


def prime(builder: BarBuilder, history: History) -> None:
    """Before its start: let a bar builder go on from the bars that are open, so that it says each of them whole."""
    builder.take_up(history.so_far)


@attrs.define
class _Series:
    """One period while its history is put together."""

    period: Period
    begins: UtcNs
    """From where on bars are wanted."""
    bins: list[Bar] = attrs.field(factory=list)
    ends: UtcNs = NOTHING_YET
    """Up to here the bins hold everything; NOTHING_YET: there are none of this period."""
    bad: list[UtcNs] = attrs.field(factory=list)
    closed: list[Bar] = attrs.field(factory=list)
    so_far: BarSoFar = attrs.field(init=False)


def _series(past: Past, periods: Mapping[Period, int]) -> dict[Period, _Series]:
    found = {}
    # The longest row of bins first: who needs less of the same finds it there.
    for period in sorted(periods, key=lambda each: each * (periods[each] + 1), reverse=True):
        series = found[period] = _Series(period, period_start(past.now - SETTLE, period) - periods[period] * period)
        _read_bins(past, series)
    past.reach_back(min(each.begins if each.ends == NOTHING_YET else each.ends for each in found.values()))
    for series in found.values():
        _fold(past, series)
    return found


def _read_bins(past: Past, series: _Series) -> None:
    """From the longest that divide the period down to the shortest, each as far as it goes."""
    lengths = [length for length in BINS if series.period % length == 0]
    if not lengths:
        past.check_from(series.begins)
        return
    series.ends = series.begins
    for length in lengths:
        bins = past.bins(length, series.ends)
        series.bins += bins.bars
        series.bad += bins.bad
        series.ends = bins.ends


def _fold(past: Past, series: _Series) -> None:
    """Put bins and trades together, by the arithmetic of the bar builder."""
    period = series.period
    running, closed = RunningBar(BarWanted(past.symbol, period), Conventions()), list[Bar]()
    for part in series.bins:
        start = period_start(part.open_ts, period)
        if start >= running.close_ts:
            closed += running.advance(start, 0)
            running.begin_with(start, part)
        running.add_bar(part)
    ticks = [each.tick for each in past.trades if each.tick.ts >= series.ends]
    for tick in ticks:
        _count(tick, running, closed)
    latest = ticks[-1].ts if ticks else NOTHING_YET
    edge = max(series.ends, latest, past.now - SETTLE)
    if running.is_running and running.close_ts <= edge:
        closed.append(running.end(0))
    is_known = _known(past, series)
    series.closed = [bar for bar in closed if is_known(bar.open_ts)]
    open_ts = running.open_ts if running.is_running else period_start(edge, period)
    if not is_known(open_ts):
        series.so_far = BarSoFar(
            symbol=past.symbol, period=period, open_ts=open_ts, close_ts=open_ts, skip_to=open_ts + period
        )
    elif running.is_running:
        series.so_far = running.so_far
    else:
        running.open_ts = running.close_ts = open_ts
        series.so_far = running.so_far


def _count(tick: Tick, running: RunningBar, closed: list[Bar]) -> None:
    if tick.ts >= running.close_ts:
        start = period_start(tick.ts, running.period)
        closed += running.advance(start, 0)
        running.begin(start, tick.price)
    running.add_tick(tick.price, tick.size)


def _known(past: Past, series: _Series) -> Callable[[UtcNs], bool]:
    """Whether everything is known of the interval that begins at a time, as far as it has come."""
    period = series.period
    bad = {period_start(each, period) for each in series.bad}
    if series.ends != NOTHING_YET:
        is_joined = past.begins <= series.ends
        return lambda start: (
            start >= series.begins
            and start not in bad
            and (start + period <= series.ends or is_joined or start >= past.begins)
        )
    knows_from = max(past.begins, past.forgotten_to(series.begins))
    return lambda start: start >= knows_from
