"""What can be told of one order by itself: its name, and that its figures are an order's (I1, I22). Pure functions."""

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from actors.auditing.findings import Finding
from messages import Instrument, Lots, Order

CLIENT_ID_MAX: Final = 36
_NOISE: Final = Decimal("1e-9")
"""In ticks: what a price may be off the grid and stand on it."""
_ULPS: Final = 4


def name_pattern(run6: str) -> re.Pattern[str]:
    """What every client id of a run matches: `<run6>-<owner>-<n>`."""
    return re.compile(rf"{re.escape(run6)}-[A-Za-z0-9-]{{1,16}}-([0-9]{{1,18}})")


def on_tick(price: float, tick: Decimal) -> bool:
    """Whether a price is a whole number of ticks, in exact decimals, but for the noise of floats."""
    ticks = Decimal(repr(price)) / tick
    whole = ticks.to_integral_value()
    return abs(ticks - whole) <= _NOISE or abs(price - float(whole * tick)) <= _ULPS * math.ulp(price)


def wrong_fields(
    order: Order, instrument: Instrument | None, pattern: re.Pattern[str], lots_max: Lots | None
) -> Iterator[Finding]:
    """Everything that is wrong with an order that the guard lets pass."""
    name = order.client_id
    if len(name) > CLIENT_ID_MAX or pattern.fullmatch(name) is None:
        yield Finding("I1", f"{name} is no client id of this run")
    if instrument is None:
        yield Finding("I22", f"{name} is of {order.symbol}, which is not traded")
        return
    if type(order.lots) is not int or order.lots == 0:
        yield Finding("I22", f"{name} is of {order.lots!r} lots")
    elif lots_max is not None and abs(order.lots) > lots_max:
        yield Finding("I22", f"{name} is of {order.lots:+d} lots, where {lots_max} are the most")
    for price in (order.limit_price, order.stop_price):
        if price is not None and not (math.isfinite(price) and price > 0 and on_tick(price, instrument.tick_size)):
            yield Finding("I22", f"{name} has the price {price!r}, which is none in ticks of {instrument.tick_size}")
    if order.trail is not None and not (math.isfinite(order.trail) and order.trail > 0):
        yield Finding("I22", f"{name} trails by {order.trail!r}")
