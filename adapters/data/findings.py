"""What a check found: how often, where first, and what it means."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import numpy as np

from messages import UtcNs, iso_utc

SHOWN: Final = 3
"""Examples that a finding names."""


@attrs.frozen
class Example:
    """One place where it was found."""

    ts: UtcNs
    """0: not known; the text says the row."""
    text: str

    def __str__(self) -> str:
        return f"{iso_utc(self.ts)}  {self.text}".rstrip() if self.ts else self.text


@attrs.frozen(kw_only=True)
class Finding:
    """One sort of trouble, or of oddity, in one series."""

    code: str
    """What it is in one or two words, for machines too: missing-bars, crossed, ..."""
    count: int
    text: str
    """In words, with the figures."""
    meaning: str
    """Why it matters, or why it may not."""
    examples: tuple[Example, ...] = ()
    is_note: bool = False
    """True: to be known, and no fault: a venue's convention, a market's hours."""


@attrs.define(eq=False)
class Tally:
    """Counts rows of one sort, and keeps the first few."""

    count: int = 0
    examples: list[Example] = attrs.field(factory=list)

    def add(self, mask: Any, ts: Any, text_of: Callable[[int], str]) -> None:
        """Rows where the mask holds; `text_of` says a row in words."""
        found = int(np.count_nonzero(mask))
        if not found:
            return
        self.count += found
        for row in np.flatnonzero(mask)[: SHOWN - len(self.examples)]:
            self.examples.append(Example(int(ts[row]), text_of(int(row))))

    def say(self, ts: UtcNs, text: str) -> None:
        """One more, in words."""
        self.count += 1
        if len(self.examples) < SHOWN:
            self.examples.append(Example(ts, text))

    def finding(self, code: str, text: str, meaning: str, *, is_note: bool = False) -> list[Finding]:
        """A finding, where there was anything; `{n}` in the text is the count, `bar(s)` one or several."""
        if not self.count:
            return []
        return [
            Finding(
                code=code, count=self.count, text=_counted(text, self.count), meaning=meaning,
                examples=tuple(self.examples), is_note=is_note,
            )
        ]  # fmt: skip


def _counted(text: str, count: int) -> str:
    return text.replace("{n}", f"{count:,}").replace("(s)", "" if count == 1 else "s")


@attrs.define(eq=False)
class Tallies:
    """Tallies by code."""

    _by_code: dict[str, Tally] = attrs.field(factory=dict)

    def __getitem__(self, code: str) -> Tally:
        return self._by_code.setdefault(code, Tally())


@attrs.define(eq=False)
class Jumps:
    """Prices that leap: by more than a fraction, and by far more than this market's usual step."""

    least: float
    """The fraction."""
    _usual: list[Any] = attrs.field(factory=list)
    """The first steps that were not nothing."""
    _sampled: int = 0
    _leaps: list[tuple[UtcNs, float, float]] = attrs.field(factory=list)
    """Steps of more than the fraction: when, from what, to what."""
    _more: int = 0

    def add(self, prices: Any, ts: Any) -> None:
        """Prices in order, the first of which was seen before."""
        if len(prices) < 2:
            return
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.abs(prices[1:] / prices[:-1] - 1.0)
        sound = np.isfinite(steps)
        if self._sampled < _SAMPLED:
            moved = steps[sound & (steps > 0)][: _SAMPLED - self._sampled]
            self._usual.append(moved)
            self._sampled += len(moved)
        rows = np.flatnonzero(sound & (steps > self.least))
        kept = rows[: _KEPT - len(self._leaps)]
        self._more += len(rows) - len(kept)
        self._leaps += zip(ts[kept + 1].tolist(), prices[kept].tolist(), prices[kept + 1].tolist(), strict=True)

    def findings(self) -> list[Finding]:
        """What leapt."""
        if not self._leaps:
            return []
        usual = float(np.median(np.concatenate(self._usual)))
        tally = Tally()
        for ts, before, after in self._leaps:
            if abs(after / before - 1) > _TIMES_USUAL * usual:
                tally.say(ts, f"{before:.10g} -> {after:.10g} ({after / before - 1:+.1%})")
        if tally.count:
            tally.count += self._more
        return tally.finding(
            "jumps",
            f"{{n}} price jump(s) of more than {100 * self.least:.4g} %",
            f"and of more than {_TIMES_USUAL} usual steps: bad prices, a hole in the data, or news",
        )


@attrs.define(eq=False)
class Spikes:
    """Highs and lows that stand alone: farther from open and close than a fraction, and far more than they usually do.

    A backtest fills limits and stops there.
    """

    least: float
    """The fraction."""
    _usual: list[Any] = attrs.field(factory=list)
    _sampled: int = 0
    _far: list[tuple[UtcNs, float, float]] = attrs.field(factory=list)
    """When, from what, to what."""
    _more: int = 0

    def add(self, bars: Mapping[str, Any], sound: Any) -> None:
        """More bars; those that are not sound have faults of their own."""
        opened, high, low, close, ts = (bars[name][sound] for name in ("open", "high", "low", "close", "open_ts"))
        for edge, body, side in ((high, np.maximum(opened, close), 1.0), (low, np.minimum(opened, close), -1.0)):
            # Of an open outside of low..high, a venue's convention, nothing reaches beyond it.
            reach = np.maximum(side * (edge / body - 1.0), 0.0)
            if self._sampled < _SAMPLED:
                some = reach[: _SAMPLED - self._sampled]
                self._usual.append(some)
                self._sampled += len(some)
            rows = np.flatnonzero(reach > self.least)
            kept = rows[: _KEPT - len(self._far)]
            self._more += len(rows) - len(kept)
            self._far += zip(ts[kept].tolist(), body[kept].tolist(), edge[kept].tolist(), strict=True)

    def findings(self) -> list[Finding]:
        """What stands alone."""
        if not self._far:
            return []
        usual = float(np.median(np.concatenate(self._usual)))
        tally = Tally()
        for ts, body, edge in sorted(self._far):
            if abs(edge / body - 1) > _TIMES_USUAL * usual:
                tally.say(ts, f"{body:.10g} -> {edge:.10g} ({edge / body - 1:+.1%})")
        if tally.count:
            tally.count += self._more
        return tally.finding(
            "spikes",
            f"{{n}} high(s) or low(s) more than {100 * self.least:.4g} % from open and close",
            f"and more than {_TIMES_USUAL} times as far as usual: bad prices, or a moment's truth; orders fill there",
        )


_TIMES_USUAL: Final = 10
_SAMPLED: Final = 100_000
_KEPT: Final = 100_000
"""Steps that are remembered; what comes after so many leaps is only counted."""
