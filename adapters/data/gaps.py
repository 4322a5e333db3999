"""Bars that should be there and are not: nights, breaks, weekends and holidays of a market are no gaps.

A market's hours are learned from the bars: a time of day, or a day of the week, at which bars stand on less than half
of its days is closed. What a market that never closes lacks is missing. Of one that closes, a bar is missing where its
time of day is open, its day has bars, and most of the two days with bars before and the two after have that very bar:
so neither a holiday nor the change of its clock in spring makes a gap.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import attrs
import numpy as np

from actors.columns import Ints
from adapters.data.findings import SHOWN, Example, Finding
from adapters.words import counted
from messages import NS_PER_DAY, Period

_ENOUGH_DAYS: Final = 3
"""Fewer days say nothing about a market's hours."""
_MONDAY: Final = 4
"""1970-01-05 was one."""
_ENUMERATED: Final = 5_000_000
"""So many bars of one gap are looked at one by one, where the market closes."""


@attrs.define(eq=False)
class MissingBars:
    """Learns the hours of bars in the order of `open_ts`, chunk by chunk; then says what is missing."""

    period: Period
    first: int | None = None
    last: int | None = None
    _gaps: list[tuple[Ints, Ints]] = attrs.field(factory=list)
    _days: list[Ints] = attrs.field(factory=list)
    _slots: Any = None

    def add(self, open_ts: Ints) -> None:
        """Some more bars, those that go on in time."""
        if not len(open_ts):
            return
        if self.last is None:
            self.first = int(open_ts[0])
        begins = open_ts[1:] if self.last is None else open_ts
        starts = open_ts[:-1] if self.last is None else np.concatenate([[self.last], open_ts[:-1]])
        apart = begins - starts > self.period
        self._gaps.append((starts[apart] + self.period, begins[apart]))
        self.last = int(open_ts[-1])
        self._days.append(np.unique(open_ts // NS_PER_DAY))
        if self._by_day:
            counts = np.bincount(open_ts % NS_PER_DAY // self.period, minlength=self._slots_a_day)
            self._slots = counts if self._slots is None else self._slots + counts

    @property
    def _by_day(self) -> bool:
        return self.period < NS_PER_DAY and NS_PER_DAY % self.period == 0

    @property
    def _slots_a_day(self) -> int:
        return NS_PER_DAY // self.period

    def total(self) -> tuple[int, int]:
        """How many bars are missing, and how many in the longest gap."""
        lacking = [count for _, count in self._missing()[1]]
        return sum(lacking), max(lacking, default=0)

    def findings(self) -> list[Finding]:
        """Missing bars, and what was learned of the market's hours."""
        found, holes = self._missing()
        if holes:
            count, longest = self.total()
            span = timedelta(seconds=longest * self.period // 10**9)
            found.append(
                Finding(
                    code="missing-bars", count=count,
                    text=f"{counted(count, 'bar')} missing in {counted(len(holes), 'gap')}, "
                    f"the longest {longest:,} ({span})",
                    meaning="the market was open and nothing was recorded, or nothing was traded",
                    examples=tuple(Example(begin, f"{lacking:,} missing") for begin, lacking in holes[:SHOWN]),
                )
            )  # fmt: skip
        return found

    def _missing(self) -> tuple[list[Finding], list[tuple[int, int]]]:
        """The market's hours, where it has any, and each gap: when its first bar is missing, and how many are."""
        if self.first is None or self.last is None:
            return [], []
        days = np.unique(np.concatenate(self._days))
        open_slots, open_weekdays = self._hours(days)
        if bool(open_slots.all()) and bool(open_weekdays.all()):
            return [], list(self._all())
        hours = _Hours(self, days, open_slots, open_weekdays)
        return [hours.note()], list(hours.missing())

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Each gap: where it begins, and where the next bar does."""
        for begins, ends in self._gaps:
            yield from zip(begins.tolist(), ends.tolist(), strict=True)

    def _all(self) -> Iterator[tuple[int, int]]:
        for begin, end in self.gaps():
            if end - begin >= self.period:
                yield begin, (end - begin) // self.period

    def _hours(self, days: Ints) -> tuple[Any, Any]:
        """Which times of day, and which days of the week, are open."""
        assert self.first is not None
        assert self.last is not None
        weekdays = np.ones(7, dtype=np.bool_)
        every = np.arange(days[0], days[-1] + 1)
        for weekday in range(7):
            there = int(np.count_nonzero(every % 7 == weekday))
            seen = int(np.count_nonzero(days % 7 == weekday))
            weekdays[weekday] = there < _ENOUGH_DAYS or 2 * seen >= there
        if not self._by_day:
            return np.ones(1, dtype=np.bool_), weekdays
        numbers = np.arange(self._slots_a_day)
        first, last = self.first % NS_PER_DAY // self.period, self.last % NS_PER_DAY // self.period
        possible = len(days) - (numbers < first).astype(int) - (numbers > last).astype(int)
        slots = (possible < _ENOUGH_DAYS) | (2 * self._slots >= possible)
        return slots, weekdays


@attrs.frozen(eq=False)
class _Hours:
    """When a market that closes is open."""

    bars: MissingBars
    days: Ints
    """Those with bars."""
    open_slots: Any
    open_weekdays: Any

    def missing(self) -> Iterator[tuple[int, int]]:
        """When the first bar is missing in each gap that lacks any, and how many are."""
        period = self.bars.period
        spans = list(self.bars.gaps())
        begins = np.array([begin for begin, _ in spans], dtype=np.int64)
        ends = np.array([end for _, end in spans], dtype=np.int64)
        for begin, end in spans:
            steps = min((end - begin) // period, _ENUMERATED)
            ts = begin + np.arange(steps, dtype=np.int64) * period
            day = ts // NS_PER_DAY
            place = np.searchsorted(self.days, day)
            active = (place < len(self.days)) & (self.days[np.minimum(place, len(self.days) - 1)] == day)
            if self.bars.period < NS_PER_DAY:
                active &= self.open_slots[ts % NS_PER_DAY // period] if len(self.open_slots) > 1 else True
            ts, day, place = ts[active], day[active], place[active]
            if not len(ts):
                continue
            neighbours, having = np.zeros(len(ts), dtype=np.int64), np.zeros(len(ts), dtype=np.int64)
            for step in (-2, -1, 1, 2):
                other = place + step
                exists = (other >= 0) & (other < len(self.days))
                moved = ts + (self.days[np.clip(other, 0, len(self.days) - 1)] - day) * NS_PER_DAY
                neighbours += exists
                having += exists & self._present(moved, begins, ends)
            near = 2 * having > neighbours
            if near.any():
                yield int(ts[near][0]), int(np.count_nonzero(near))

    def _present(self, ts: Ints, begins: Ints, ends: Ints) -> Any:
        """Whether a bar stands there."""
        assert self.bars.first is not None
        assert self.bars.last is not None
        gap = np.searchsorted(begins, ts, side="right") - 1
        inside = (gap >= 0) & (ts < ends[np.maximum(gap, 0)])
        return ~inside & (ts >= self.bars.first) & (ts <= self.bars.last)

    def note(self) -> Finding:
        """The hours in words."""
        weekdays = [int((day - _MONDAY) % 7) for day in range(7) if self.open_weekdays[day]]
        names = ", ".join(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day] for day in sorted(weekdays))
        every = np.arange(self.days[0], self.days[-1] + 1)
        absent = int(np.count_nonzero(self.open_weekdays[every % 7])) - int(
            np.count_nonzero(self.open_weekdays[self.days % 7])
        )
        text = f"the market closes: {len(self.days)} days with bars"
        if len(self.open_slots) > 1:
            text += f", {int(self.open_slots.sum())} bars a day"
        text += f", open {names}"
        if absent:
            text += f"; {absent} such days have none"
        return Finding(
            code="hours", count=len(self.days), text=text, is_note=True,
            meaning="learned from the bars themselves; holidays and lost days look alike",
        )  # fmt: skip
