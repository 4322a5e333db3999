"""Bars checked, chunk by chunk."""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from adapters.data.findings import Example, Finding, Jumps, Spikes, Tallies
from adapters.data.gaps import MissingBars
from messages import Period

_COLUMNS = ("open_ts", "close_ts", "received", "open", "high", "low", "close", "volume", "turnover")
_ABOUT = 1e-6
"""A mean price is a quotient of sums: so much beside low or high, as a fraction, is rounding."""


@attrs.define(eq=False)
class Runs:
    """Bars without volume, and how many of them follow one another."""

    count: int = 0
    flat: int = 0
    runs: int = 0
    longest: int = 0
    since: int = 0
    """UTC ns of the longest run's first bar."""
    _open: int = 0
    _began: int = 0

    def add(self, bars: Mapping[str, Any]) -> None:
        """The next bars."""
        empty = bars["volume"] == 0
        if not empty.any():
            self._open = 0
            return
        self.count += int(np.count_nonzero(empty))
        self.flat += int(np.count_nonzero(empty & (bars["high"] == bars["low"]) & (bars["open"] == bars["close"])))
        edges = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
        for begin, end in edges.reshape(-1, 2).tolist():
            if begin == 0 and self._open:
                length = self._open + end
            else:
                self.runs += 1
                self._began, length = int(bars["open_ts"][begin]), end - begin
            if length > self.longest:
                self.longest, self.since = length, self._began
            self._open = length if end == len(empty) else 0
        if not empty[-1]:
            self._open = 0

    def findings(self) -> list[Finding]:
        """Runs of at least two; a single quiet bar is none."""
        if self.longest < 2:
            return []
        return [
            Finding(
                code="no-volume", count=self.count,
                text=f"{self.count:,} bars without volume ({self.flat:,} of them flat) in {self.runs:,} runs, "
                f"the longest {self.longest:,}",
                meaning="nothing was traded, or the market was closed and its bars were filled in",
                examples=(Example(self.since, f"{self.longest:,} bars"),),
            )
        ]  # fmt: skip


@attrs.define(eq=False)
class BarCheck:
    """All bars of one series in the order of their rows."""

    period: Period
    jump: float
    rows: int = 0
    _before: dict[str, Any] | None = None
    _tallies: Tallies = attrs.field(factory=Tallies)
    _missing: MissingBars = attrs.field(init=False)
    _jumps: Jumps = attrs.field(init=False)
    _volumes: Runs = attrs.field(factory=Runs)
    _spikes: Spikes = attrs.field(init=False)
    _ratios: list[float] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self._missing = MissingBars(self.period)
        self._jumps = Jumps(self.jump)
        self._spikes = Spikes(self.jump)

    def add(self, columns: Mapping[str, Any]) -> None:
        """The next rows."""
        bars = {name: np.asarray(columns[name]) for name in _COLUMNS}
        new = len(bars["open_ts"])
        if not new:
            return
        self.rows += new
        self._single_rows(bars)
        self._volumes.add(bars)
        if self._before is not None:
            bars = {name: np.concatenate([self._before[name], array]) for name, array in bars.items()}
        self._pairs(bars, new)
        self._before = {name: array[-1:] for name, array in bars.items()}

    def findings(self) -> list[Finding]:
        """What was found, the gravest first."""
        tallies = self._tallies
        found = [
            *tallies["values"].finding(
                "values", "{n} bar(s) with a price or volume that cannot be", "zero, negative, missing or infinite"
            ),
            *tallies["high-low"].finding(
                "high-below-low", "{n} bar(s) with high below low", "the bar contradicts itself"
            ),
            *tallies["close"].finding(
                "close-outside", "{n} bar(s) with a close outside low..high", "the bar contradicts itself"
            ),
            *tallies["open"].finding(
                "open-outside",
                "{n} bar(s) with an open outside low..high",
                "and not at the previous close, as some venues' do",
            ),
            *self._vwap_findings(),
            *tallies["back"].finding("time-back", "{n} bar(s) from before the bar above", "rows out of order"),
            *tallies["duplicate"].finding("duplicates", "{n} bar(s) that stand twice", "same start as the bar above"),
            *tallies["overlap"].finding(
                "overlaps", "{n} bar(s) that begin before the last is over", "wrong period or stamps"
            ),
            *self._missing.findings(),
            *self._volumes.findings(),
            *self._jumps.findings(),
            *self._spikes.findings(),
            *tallies["early"].finding(
                "received-early", "{n} bar(s) received before they were over", "they were not closed yet: not final"
            ),
            *tallies["late"].finding(
                "received-late",
                "{n} bar(s) received more than a period after their end",
                "a backtest hears bars at their end, and would hear these earlier than anybody had them",
                is_note=True,
            ),
            *tallies["untraded"].finding(
                "turnover-apart",
                "{n} bar(s) with a volume and no turnover, or the other way round",
                "one of the two is not known",
                is_note=True,
            ),
            *tallies["convention"].finding(
                "open-at-previous-close",
                "{n} bar(s) with an open outside low..high, at the previous close",
                "the venue's convention (BitMEX has it): the open is no trade of the bar",
                is_note=True,
            ),
            *tallies["short"].finding(
                "short-bars", "{n} bar(s) shorter than the period", "sessions that end early", is_note=True
            ),
        ]
        return sorted(found, key=lambda finding: finding.is_note)

    def _single_rows(self, bars: Mapping[str, Any]) -> None:
        ts, high, low, close, volume = (bars[name] for name in ("open_ts", "high", "low", "close", "volume"))
        turnover, late = bars["turnover"], bars["received"] - bars["close_ts"]
        prices = [bars[name] for name in ("open", "high", "low", "close")]
        # Of a turnover NaN says that it is not known.
        sound = (volume >= 0) & (volume < np.inf) & ~((turnover < 0) | np.isinf(turnover))
        for price in prices:
            sound &= (price > 0) & (price < np.inf)

        def whole(row: int) -> str:
            return " ".join(
                f"{name[0].upper()} {bars[name][row]:.10g}" for name in ("open", "high", "low", "close", "volume")
            )

        add = self._tallies
        add["values"].add(~sound, ts, whole)
        crossed = sound & (high < low)
        add["high-low"].add(crossed, ts, whole)
        add["close"].add(sound & ~crossed & ((close > high) | (close < low)), ts, whole)
        add["short"].add(
            bars["close_ts"] - ts < self.period, ts, lambda row: f"{(bars['close_ts'] - ts)[row] // 10**9} s"
        )
        add["early"].add(late < 0, ts, lambda row: f"{-late[row] / 1e9:,.2f} s before its end")
        add["late"].add(late > self.period, ts, lambda row: f"{late[row] // 10**9:,} s after its end")
        add["untraded"].add(sound & ((volume == 0) != (turnover == 0)) & ~np.isnan(turnover), ts, whole)
        self._spikes.add(bars, sound & ~crossed)
        self._vwap(bars, sound & ~crossed)

    def _vwap(self, bars: Mapping[str, Any], sound: Any) -> None:
        traded = sound & (bars["volume"] > 0) & (bars["turnover"] > 0)
        if not traded.any():
            return
        vwap = np.divide(bars["turnover"], bars["volume"], out=np.full(len(sound), np.nan), where=traded)
        self._ratios.append(float(np.median(vwap[traded] / bars["close"][traded])))
        outside = traded & ((vwap > bars["high"] * (1 + _ABOUT)) | (vwap < bars["low"] * (1 - _ABOUT)))
        self._tallies["vwap"].add(
            outside, bars["open_ts"],
            lambda row: f"vwap {vwap[row]:.10g} outside {bars['low'][row]:.10g} .. {bars['high'][row]:.10g}",
        )  # fmt: skip

    def _vwap_findings(self) -> list[Finding]:
        meaning = "turnover or volume is not that of the bar's trades"
        if self._ratios:
            ratio = float(np.median(self._ratios))
            if not 0.5 < ratio < 2:
                meaning = (
                    f"turnover is about {ratio:.4g} x price x volume: a contract's multiplier? (import --multiplier)"
                )
        return self._tallies["vwap"].finding("vwap-outside", "{n} bar(s) with a mean price outside low..high", meaning)

    def _pairs(self, bars: Mapping[str, Any], new: int) -> None:
        """Each new bar against the one above it."""
        ts, close_ts, opened, close = (bars[name] for name in ("open_ts", "close_ts", "open", "close"))
        before = np.concatenate([[np.nan], close[:-1]])[-new:]
        outside = ((opened > bars["high"]) | (opened < bars["low"])) & (bars["high"] >= bars["low"])
        outside, at = outside[-new:], ts[-new:]
        held = opened[-new:] == before

        def where(row: int) -> str:
            row += len(ts) - new
            return f"open {opened[row]:.10g} outside {bars['low'][row]:.10g} .. {bars['high'][row]:.10g}"

        self._tallies["open"].add(outside & ~held, at, where)
        self._tallies["convention"].add(outside & held, at, where)
        steps = np.diff(ts)
        moved = np.concatenate([[1], steps])[-new:]
        self._tallies["duplicate"].add(moved == 0, at, lambda _: "")
        self._tallies["back"].add(moved < 0, at, lambda row: f"{-moved[row] // 10**9:,} s back")
        ended = np.concatenate([[np.iinfo(np.int64).min], close_ts[:-1]])[-new:]
        self._tallies["overlap"].add(
            (moved > 0) & (at < ended), at, lambda row: f"{(ended - at)[row] // 10**9:,} s early"
        )
        self._jumps.add(close, ts)
        # What goes back or stands twice would make gaps of its own.
        latest = np.maximum.accumulate(np.concatenate([[self._missing.last or np.iinfo(np.int64).min], at]))
        forward = at > latest[:-1]
        self._missing.add(at[forward])
