"""How much is usually traded at which time of day, learned from the bars and ticks heard so far.

The day is cut into buckets of five minutes UTC. A bucket's expected volume is the mean over the days on which it was
heard, so that memory does not grow.
"""

from messages import NS_PER_DAY, NS_PER_SECOND, Bar, Tick, UtcNs

BUCKET_NS = 300 * NS_PER_SECOND
BUCKETS = NS_PER_DAY // BUCKET_NS


class VolumeProfile:
    """One symbol's. Volumes are the market's own unit."""

    __slots__ = ("_days", "_last_day", "_sums")

    def __init__(self) -> None:
        self._sums = [0.0] * BUCKETS
        self._days = [0] * BUCKETS
        self._last_day = [-1] * BUCKETS

    def hear_bar(self, bar: Bar) -> None:
        """A bar longer than a bucket is spread evenly over it; one of a day or more tells nothing about the day."""
        length = bar.close_ts - bar.open_ts
        if length >= NS_PER_DAY:
            return
        at = bar.open_ts
        while at < bar.close_ts:
            ends = min(bar.close_ts, at - at % BUCKET_NS + BUCKET_NS)
            self._add(at, bar.volume * (ends - at) / length)
            at = ends

    def hear_tick(self, tick: Tick) -> None:
        """One trade."""
        self._add(tick.ts, tick.size)

    def between(self, begins: UtcNs, ends: UtcNs) -> float | None:
        """The volume to be expected between two times; None when a bucket of it has never been heard."""
        expected = 0.0
        at = begins
        while at < ends:
            bucket = at % NS_PER_DAY // BUCKET_NS
            if not self._days[bucket]:
                return None
            until = min(ends, at - at % BUCKET_NS + BUCKET_NS)
            expected += self._sums[bucket] / self._days[bucket] * (until - at) / BUCKET_NS
            at = until
        return expected

    def _add(self, at: UtcNs, volume: float) -> None:
        day, bucket = at // NS_PER_DAY, at % NS_PER_DAY // BUCKET_NS
        if self._last_day[bucket] != day:
            self._last_day[bucket] = day
            self._days[bucket] += 1
        self._sums[bucket] += volume
