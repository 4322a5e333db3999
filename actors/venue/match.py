"""A price that an order meets, and the two comparisons that everything about meeting prices is made of."""

from typing import Final, NamedTuple

from messages import Liquidity, Lots

TAKER: Final = Liquidity.TAKER
MAKER: Final = Liquidity.MAKER


class Match(NamedTuple):
    """A price that an order fills at."""

    price: float
    liquidity: Liquidity
    at_open: bool = False
    """Decided by the bar's first price: whatever the bar did afterwards came later."""
    ambiguous: bool = False
    missed: bool = False
    """It was triggered, could not be had there, and may not wait: it ends."""
    late: bool = False
    """After something else inside the bar: its arrival, its trigger, or the extreme that a trailing stop followed."""


def reaches(price: float, limit: float, lots: Lots, *, touch: bool) -> bool:
    """Whether a market at `price` fills a limit order of that side."""
    if price == limit:
        return touch
    return price < limit if lots > 0 else price > limit


def triggers(price: float, stop: float, lots: Lots) -> bool:
    """Whether a price touches a stop of that side, or lies beyond it."""
    return price >= stop if lots > 0 else price <= stop
