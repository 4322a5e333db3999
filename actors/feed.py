"""The feed of a replay: plays columns of the market, and says nothing that is not yet known at its time.

A file row of a bar becomes an open (at `open_ts`, price only, made only while somebody hears opens) and a bar (at
`close_ts`). Several symbols and periods are merged by time, step, period and symbol.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any

import attrs
import numpy as np

from actors.columns import BarColumns, Columns, EventColumns, TickColumns, kind_of
from actors.component import Answers, Component
from actors.event_streams import ExternalColumns, external_streams
from actors.feed_streams import EventStream, TickStream
from actors.row_streams import RowStream
from actors.tape import Batch, Entry, Run, Source, Stream
from messages import Bar, BarOpen, FeedEnded, Message, Period, Pull, Step, UtcNs
from messages.bulk import bulk_bar_open, bulk_bars

CHUNK = 32_768
"""Rows turned into Python numbers at a time: bounds memory, and long enough to be cheap."""


class Feed(Component):
    """Hears Pull. Says, batch by batch, everything its columns hold, then FeedEnded.

    `block_period` is the shortest period that bars are built of from ticks: blocks of ticks never cross its boundaries.
    `in_blocks`: ticks that nobody hears singly come in blocks. Not where bars wait for trades, for then the trade that
    closes a bar does so when it is received.
    `events` are funding rates and mark prices, `external` the events of sources beside the market: said while there is
    a market to say. Columns may come in chunks: one of each is held.
    """

    def __init__(
        self,
        columns: Sequence[Columns],
        *,
        events: Sequence[EventColumns] = (),
        external: Sequence[ExternalColumns] = (),
        block_period: Period | None = None,
        in_blocks: bool = True,
        heritage: Iterator[Batch] | None = None,
    ) -> None:
        self._bars = [_BarSeries(series) for series in columns if isinstance(series, BarColumns)]
        self._bars.sort(key=lambda series: (series.columns.period, series.columns.symbol))
        ticking = [series for series in columns if kind_of(series) is not BarColumns]
        self._streams = tuple([_stream(series, block_period, in_blocks=in_blocks) for series in ticking])
        self._events: tuple[Stream, ...] = (*[EventStream(series) for series in events], *external_streams(external))
        self._batches = self._make_batches() if heritage is None else heritage

    def heritage(self) -> Iterator[Batch]:
        """What is still to be played: a successor goes on, and never begins again."""
        return self._batches

    def on_pull(self, pull: Pull) -> Answers | Batch:
        """The next batch, or FeedEnded after the last."""
        batch = next(self._batches, None)
        return (FeedEnded(pull.at),) if batch is None else batch

    def _make_batches(self) -> Iterator[Batch]:
        streams, events = self._streams, self._events
        if len(self._bars) == 1 and not streams:
            for batch in self._bars[0].batches():
                yield attrs.evolve(batch, events=events)
                events = ()
            return
        times = [series.columns.close_ts[min(CHUNK, len(series.columns)) - 1 :: CHUNK] for series in self._bars]
        ends = [series.columns.close_ts[-1:] for series in self._bars]
        cuts = np.unique(np.concatenate([*times, *ends])) if times else ()
        for number, cut in enumerate(cuts, 1):
            entries = [part for series in self._bars for part in series.entries_until(int(cut))]
            yield Batch(_merge(entries), streams=streams, events=events, last=number == len(cuts))
            streams = events = ()
        if streams:
            yield Batch(streams=streams, events=events, last=True)


def _stream(series: Any, block_period: Period | None, *, in_blocks: bool) -> Stream:
    if kind_of(series) is TickColumns:
        return TickStream(series, block_period, in_blocks=in_blocks)
    return RowStream(series)


def _merge(parts: list[tuple[Any, int, Source]]) -> Iterator[Entry]:
    """Interleave columns of times, each of one step and source, by (time, step, source's place)."""
    parts = [part for part in parts if len(part[0])]
    if not parts:
        return iter(())
    times = np.concatenate([part[0] for part in parts])
    steps = np.repeat([part[1] for part in parts], [len(part[0]) for part in parts])
    places = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    order = np.lexsort((places, steps, times))
    sources = [part[2] for part in parts]
    return zip(
        times[order].tolist(), steps[order].tolist(), map(sources.__getitem__, places[order].tolist()), strict=True
    )


class _BarSeries:
    """One symbol and period of bars: two sources, opens and bars, over one set of columns."""

    def __init__(self, columns: BarColumns) -> None:
        self.columns = columns
        self.opens = _Opens(columns)
        self.bars = _Bars(columns)
        self._opens_played = 0
        self._bars_played = 0

    def batches(self) -> Iterator[Batch]:
        """All of it, a chunk at a time, for a feed that has nothing else."""
        last = (len(self.columns) - 1) // CHUNK
        for number, rows in enumerate(_bar_rows(self.columns)):
            yield Batch(run=Run(self.bars, self.opens, rows), last=number == last)

    def entries_until(self, cut: UtcNs) -> list[tuple[Any, int, Source]]:
        """Times of the opens before and the closes up to `cut` that were not given out before."""
        columns = self.columns
        opens_end = int(np.searchsorted(columns.open_ts, cut, side="left"))
        bars_end = int(np.searchsorted(columns.close_ts, cut, side="right"))
        opens = columns.open_ts[self._opens_played : opens_end]
        bars = columns.close_ts[self._bars_played : bars_end]
        self._opens_played, self._bars_played = opens_end, bars_end
        return [(bars, Step.VENUE_BARS, self.bars), (opens, Step.VENUE_OPENS, self.opens)]


class _Bars:
    """The bars of a series, in order, turned into Python numbers a chunk at a time."""

    kind: type[Message] = Bar
    optional = False

    def __init__(self, columns: BarColumns) -> None:
        self.topic = (columns.symbol, columns.period)
        self._rows = chain.from_iterable(_bar_rows(columns))

    def take(self, _at: UtcNs) -> Message:
        """The next bar."""
        return next(self._rows)[2]


class _Opens:
    """The opens of a series, looked up by time, because most of them are wanted by nobody."""

    kind: type[Message] = BarOpen
    optional = True

    def __init__(self, columns: BarColumns) -> None:
        self.topic = (columns.symbol, columns.period)
        self._columns = columns

    def take(self, at: UtcNs) -> Message:
        """The open of the bar that begins at `at`."""
        row = self._columns.open_ts.searchsorted(at)
        return bulk_bar_open(*self.topic, at, at, float(self._columns.open[row]))


def _bar_rows(columns: BarColumns) -> Iterator[Iterator[tuple[UtcNs, UtcNs, Bar]]]:
    for start in range(0, len(columns), CHUNK):
        rows = slice(start, start + CHUNK)
        yield bulk_bars(
            columns.symbol,
            columns.period,
            columns.open_ts[rows].tolist(),
            columns.close_ts[rows].tolist(),
            columns.open[rows].tolist(),
            columns.high[rows].tolist(),
            columns.low[rows].tolist(),
            columns.close[rows].tolist(),
            columns.volume[rows].tolist(),
            repeat(None) if columns.turnover is None else columns.turnover[rows].tolist(),
        )
