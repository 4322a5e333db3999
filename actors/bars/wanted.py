"""Which bars somebody asked for, the conventions that all of them are built by, and how far one had come."""

from typing import Any, Literal, TypeAlias

import attrs

from messages import NS_PER_SECOND, WEEK, Period, Symbol, UtcNs, period_name
from messages.base import filled, whole

Source: TypeAlias = Literal["ticks"] | Period
"""What bars are built from: ticks, or the feed's own bars of a shorter period."""
EmptyBars: TypeAlias = Literal["none", "flat"]
Late: TypeAlias = Literal["quarantine", "next"]


def _period(_wanted: object, _attribute: "attrs.Attribute[Any]", value: Period) -> None:
    if not NS_PER_SECOND <= value <= WEEK:
        raise ValueError(f"BarWanted.period must be from 1s to 1w, not {period_name(value)}")


@attrs.frozen
class BarWanted:
    """Bars of one symbol and period, built from ticks or from shorter bars; `opens`: somebody hears BarOpen too."""

    symbol: Symbol = attrs.field(validator=filled)
    period: Period = attrs.field(validator=(whole, _period))
    source: Source = "ticks"
    opens: bool = False

    def __attrs_post_init__(self) -> None:
        source = self.source
        if source == "ticks":
            return
        if type(source) is not int or not 0 < source < self.period or self.period % source:
            what = period_name(source) if type(source) is int else repr(source)
            raise ValueError(
                f"BarWanted of {self.symbol}: {period_name(self.period)} bars cannot be built from {what}: "
                "the source is ticks, or a shorter period that divides it"
            )


@attrs.frozen(kw_only=True)
class Conventions:
    """How bars close, what an interval without trades gives, and what becomes of a trade that comes too late."""

    close_grace_ns: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    """The clock closes a bar so long after its end: room for trades that are still on their way."""
    empty_bars: EmptyBars = attrs.field(default="none", validator=attrs.validators.in_(("none", "flat")))
    """flat: a bar at the last close with volume 0. No BarOpen goes with it, for there is no first trade."""
    late: Late = attrs.field(default="quarantine", validator=attrs.validators.in_(("quarantine", "next")))
    """quarantine: set aside by name. next: its size, turnover and count go into the running bar, or the next one with
    a trade, but its price does not move that bar's open, high, low or close: it was not made in that time."""


NOTHING_YET: UtcNs = -(1 << 62)
"""Before every time that a market item can have."""


@attrs.frozen(kw_only=True)
class BarSoFar:
    """How far the bar of a symbol and period had come: by history, or with the builder before. What is said is not it.

    `open_ts` == `close_ts`: none is running, and everything before is closed. Else they are its whole interval.
    """

    symbol: Symbol = attrs.field(validator=filled)
    period: Period = attrs.field(validator=(whole, _period))
    open_ts: UtcNs = attrs.field(validator=whole)
    close_ts: UtcNs = attrs.field(validator=whole)
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    close: float = 0.0
    """Of the last trade, be it before this interval; 0.0: none is known."""
    volume: float = 0
    turnover: float | None = 0
    """None: a part did not say. A bar that ticks are to be counted into must know it."""
    ticks: int | None = 0
    seen_ts: UtcNs = NOTHING_YET
    """From shorter bars: where the last one ended."""
    skip_to: UtcNs | None = None
    """What lies before is left out, for the beginning of its bar was missed; None: nothing is."""


@attrs.frozen(kw_only=True)
class BuilderHeritage:
    """What a bar builder leaves to its next incarnation."""

    bars: tuple[BarSoFar, ...]
    fresh: tuple[Symbol, ...] = ()
    """Live: of which the feed has said that they are."""
