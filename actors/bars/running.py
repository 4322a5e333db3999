"""The running bar of one symbol and period: it takes trades or shorter bars, and gives closed bars.

When a bar begins and closes is `interval`'s; what stands in it is counted here.
"""

from collections.abc import Sequence

import numpy as np

from actors.bars.interval import RunningInterval
from actors.bars.wanted import NOTHING_YET, BarSoFar, BarWanted, Conventions
from actors.columns import Floats
from actors.tick_span import TickRow
from messages import Bar, BarOpen, Step, UtcNs, period_start
from messages.bulk import bulk_bar

_UNKNOWN: UtcNs = NOTHING_YET
_STATE = (
    "open_ts", "close_ts", "open", "high", "low", "close", "volume", "turnover", "ticks", "seen_ts", "skip_to"
)  # fmt: skip
"""What makes up a bar so far: the fields of BarSoFar."""


def _added(volume: float, turnover: float, prices: Floats, sizes: Floats) -> tuple[float, float]:
    """Both with these trades, summed in the order of arrival, rounded at each step: wherever blocks are cut."""
    # Neither np.sum nor, from Python 3.12 on, sum() adds one after the other.
    terms = np.empty((2, len(prices) + 1))
    terms[0, 0], terms[1, 0] = volume, turnover
    terms[0, 1:] = sizes
    np.multiply(prices, sizes, out=terms[1, 1:])
    volume, turnover = np.add.accumulate(terms, axis=1, out=terms)[:, -1].tolist()
    return volume, turnover


class RunningBar(RunningInterval[Bar]):
    """Accumulates one bar after the other. Sums are plain, in order of arrival: blocks and single ticks agree."""

    __slots__ = (
        "close", "high", "low", "open", "seen_ts", "skip_to", "source", "ticks", "turnover", "volume", "wants_open"
    )  # fmt: skip

    def __init__(self, wanted: BarWanted, conventions: Conventions) -> None:
        super().__init__(
            wanted.symbol,
            wanted.period,
            grace=conventions.close_grace_ns,
            # Shorter bars ending at an instant come at VENUE_BARS: no clock must close a bar before its last one came.
            step=Step.VENUE_BARS if wanted.source == "ticks" else Step.MARKS,
            says_empty=conventions.empty_bars == "flat",
        )
        self.wants_open = wanted.opens
        """Somebody hears BarOpen."""
        self.source = wanted.source
        self.open = self.high = self.low = self.close = 0.0
        """close stays after the bar: the price of the flat bars that may follow. 0.0: there was no bar yet."""
        self.volume: float = 0
        self.turnover: float | None = 0
        self.ticks: int | None = 0
        self.seen_ts: UtcNs = NOTHING_YET
        """From shorter bars: where the last one ended."""
        self.skip_to: UtcNs | None = None
        """Added in the middle of the stream: what lies before this is ignored, since its bar's beginning was missed."""

    def join_late(self) -> None:
        """The stream is under way: leave out the bar whose beginning was missed."""
        self.skip_to = _UNKNOWN

    def take_up(self, so_far: BarSoFar) -> None:
        """Go on from where somebody else has come to."""
        for name in _STATE:
            setattr(self, name, getattr(so_far, name))

    @property
    def so_far(self) -> BarSoFar:
        """For who goes on from here."""
        return BarSoFar(symbol=self.symbol, period=self.period, **{name: getattr(self, name) for name in _STATE})

    def misses(self, ts: UtcNs, *, begins_there: bool) -> bool:
        """Whether `ts` lies in the bar that is left out. `begins_there`: nothing of its instant came before."""
        if self.skip_to is None:
            return False
        if self.skip_to == _UNKNOWN:
            start = period_start(ts, self.period)
            self.skip_to = start if begins_there and ts == start else start + self.period
        if ts < self.skip_to:
            return True
        self.skip_to = None
        return False

    def add_tick(self, price: float, size: float) -> None:
        """A trade of the running bar."""
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.volume += size
        self.turnover += price * size  # type: ignore[operator]
        self.ticks += 1  # type: ignore[operator]

    def add_ticks(self, prices: Floats, sizes: Floats, *, lowest: float, highest: float) -> None:
        """Trades of the running bar, at least one, as if one by one; the caller knows their range."""
        self.high = max(self.high, highest)
        self.low = min(self.low, lowest)
        self.close = float(prices[-1])
        turnover = self.turnover
        assert turnover is not None
        self.volume, self.turnover = _added(self.volume, turnover, prices, sizes)
        self.ticks += len(prices)  # type: ignore[operator]

    def add_rows(self, rows: Sequence[TickRow]) -> None:
        """The same for a few of them, for which an array's making costs more than it saves."""
        high, low, volume, turnover = self.high, self.low, self.volume, self.turnover
        assert turnover is not None
        for _received, _ts, price, size, _aggressor in rows:
            if price > high:
                high = price
            elif price < low:
                low = price
            volume += size
            turnover += price * size
        self.high, self.low, self.volume, self.turnover = high, low, volume, turnover
        self.close = rows[-1][2]
        self.ticks += len(rows)  # type: ignore[operator]

    def add_late(self, price: float, size: float) -> None:
        """A trade whose bar is closed, counted into the running bar or the next: its size, and not its price."""
        self.volume += size
        self.turnover += price * size  # type: ignore[operator]
        self.ticks += 1  # type: ignore[operator]

    def add_bar(self, bar: Bar) -> None:
        """A shorter bar of the running bar."""
        self.high = max(self.high, bar.high)
        self.low = min(self.low, bar.low)
        self.close = bar.close
        self.volume += bar.volume
        unknown = self.turnover is None or bar.turnover is None
        self.turnover = None if unknown else self.turnover + bar.turnover  # type: ignore[operator]
        self.ticks = None if self.ticks is None or bar.ticks is None else self.ticks + bar.ticks

    def begin(self, start: UtcNs, price: float) -> None:
        """Open the bar of the interval that begins at `start`, which no bar has covered, with a trade's price."""
        self.open_ts = start
        self.close_ts = start + self.period
        self.open = self.high = self.low = self.close = price

    def begin_with(self, start: UtcNs, bar: Bar) -> None:
        """The same with a shorter bar, whose open may lie outside its own range: it makes no high and no low."""
        self.begin(start, bar.open)
        self.high, self.low = bar.high, bar.low

    def end(self, at: UtcNs) -> Bar:
        """Close the running bar, heard at `at` and not before its own end."""
        bar = bulk_bar(
            self.symbol,
            self.period,
            self.open_ts,
            self.close_ts,
            max(at, self.close_ts),
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.turnover,
            self.ticks,
        )
        self.open_ts = self.close_ts
        self.volume = self.turnover = self.ticks = 0
        return bar

    def opened(self, received: UtcNs) -> BarOpen:
        """That the running bar has begun."""
        return BarOpen(symbol=self.symbol, period=self.period, ts=self.open_ts, received=received, price=self.open)

    @property
    def _has_past(self) -> bool:
        return bool(self.close)

    def empty(self, open_ts: UtcNs, at: UtcNs) -> Bar:
        """A flat bar at the last close."""
        price, close_ts = self.close, open_ts + self.period
        return Bar(
            symbol=self.symbol,
            period=self.period,
            open_ts=open_ts,
            close_ts=close_ts,
            received=max(at, close_ts),
            open=price,
            high=price,
            low=price,
            close=price,
            volume=0,
            turnover=0,
            ticks=0,
        )
