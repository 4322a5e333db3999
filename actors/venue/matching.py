"""What a resting order makes of a bar, a tick or a quote. Pure functions; the conventions of the backtest stand here.

A bar that began after an order arrived runs its whole path past it. Of the bar during which it arrived only the close
is known to have come after it, so nothing else of that bar can fill it. A limit order fills when the price trades
through its limit (or touches it, by setting), at the limit or at a better open; a stop is triggered at a touch and
fills at the stop or at a worse open. Prices are those before slippage.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import attrs

from messages import Bar, Liquidity, Lots, Order, OrderType, Quote, StrategyId, UtcNs


@attrs.define(eq=False)
class Resting:
    """An order at the venue."""

    order: Order
    arrived: UtcNs
    fresh: bool = True
    """No price was shown since it arrived: a limit order that meets the first one takes, all later ones make."""


class Match(NamedTuple):
    """A price that an order fills at."""

    price: float
    liquidity: Liquidity
    at_open: bool = False
    """Decided by the bar's first price: whatever the bar did afterwards came later."""
    ambiguous: bool = False


TAKER, MAKER = Liquidity.TAKER, Liquidity.MAKER


def reaches(price: float, limit: float, lots: int, *, touch: bool) -> bool:
    """Whether a market at `price` fills a limit order of that side."""
    if price == limit:
        return touch
    return price < limit if lots > 0 else price > limit


def limit_on_bar(resting: Resting, bar: Bar, *, touch: bool) -> Match | None:
    """A limit order meets a bar."""
    order = resting.order
    limit, lots = order.limit_price, order.lots
    assert limit is not None
    if bar.open_ts < resting.arrived:
        if not reaches(bar.close, limit, lots, touch=touch):
            return None
        # Somewhere on the way to the close the limit was passed, unless all of the bar lay beyond it.
        return Match(limit, MAKER) if bar.low <= limit <= bar.high else Match(bar.close, TAKER)
    if not reaches(bar.low if lots > 0 else bar.high, limit, lots, touch=touch):
        return None
    # Some venues write the previous close as the open: what was not traded in this bar is no better price.
    first = min(max(bar.open, bar.low), bar.high)
    if first != limit and reaches(first, limit, lots, touch=touch):
        return Match(first, TAKER if resting.fresh else MAKER, at_open=True)
    return Match(limit, MAKER)


def stop_on_bar(resting: Resting, bar: Bar) -> Match | None:
    """A stop order meets a bar."""
    order = resting.order
    stop, lots = order.stop_price, order.lots
    assert stop is not None
    if bar.open_ts < resting.arrived:
        return Match(bar.close, TAKER) if triggers(bar.close, stop, lots) else None
    if triggers(bar.open, stop, lots):
        return Match(bar.open, TAKER, at_open=True)
    return Match(stop, TAKER) if triggers(bar.high if lots > 0 else bar.low, stop, lots) else None


def triggers(price: float, stop: float, lots: int) -> bool:
    """Whether a price touches a stop of that side, or lies beyond it."""
    return price >= stop if lots > 0 else price <= stop


def on_bar(
    resting: Iterable[Resting], bar: Bar, *, touch: bool, held: Mapping[StrategyId, Lots]
) -> list[tuple[Resting, Match]]:
    """What a bar fills of a symbol's limit and stop orders, in the order of their arrival.

    When it reaches both a stop and a limit with which the same owner leaves the position that it holds, those are
    filled that the open decided; else the stops, the worse of the two paths, marked ambiguous. The others are filled
    only while there is something left to leave, and go on resting otherwise. Orders that enter have nothing to do with
    each other. `held` is each owner's position before the bar.
    """
    found: list[tuple[Resting, Match]] = []
    for each in resting:
        is_limit = each.order.type is OrderType.LIMIT
        match = limit_on_bar(each, bar, touch=touch) if is_limit else stop_on_bar(each, bar)
        each.fresh = False
        if match is not None:
            found.append((each, match))
    return found if len(found) < 2 else _one_exit(found, held)


def _one_exit(found: list[tuple[Resting, Match]], held: Mapping[StrategyId, Lots]) -> list[tuple[Resting, Match]]:
    exits: dict[StrategyId, list[int]] = {}
    for number, (each, _) in enumerate(found):
        owner = each.order.owners[0].strategy
        if held.get(owner, 0) * each.order.lots < 0:
            exits.setdefault(owner, []).append(number)
    kept: list[Match | None] = [match for _, match in found]
    for owner, numbers in exits.items():
        stops = [number for number in numbers if found[number][0].order.type is OrderType.STOP]
        limits = [number for number in numbers if found[number][0].order.type is OrderType.LIMIT]
        stop_at_open = any(found[number][1].at_open for number in stops)
        limit_at_open = not stop_at_open and any(found[number][1].at_open for number in limits)
        first, second = (limits, stops) if limit_at_open else (stops, limits)
        left = abs(held[owner]) - sum(abs(found[number][0].order.lots) for number in first)
        out_of_reach = False
        for number in second if first else ():
            if left > 0:
                left -= abs(found[number][0].order.lots)
            else:
                kept[number] = None
                out_of_reach = True
        if out_of_reach and not (stop_at_open or limit_at_open):
            for number in first:
                kept[number] = found[number][1]._replace(ambiguous=True)
    return [(each, match) for (each, _), match in zip(found, kept, strict=True) if match is not None]


def on_tick(resting: Resting, price: float, *, touch: bool) -> Match | None:
    """A limit or stop order meets a trade."""
    order = resting.order
    fresh, resting.fresh = resting.fresh, False
    if order.limit_price is not None:
        if not reaches(price, order.limit_price, order.lots, touch=touch):
            return None
        return Match(price, TAKER) if fresh else Match(order.limit_price, MAKER)
    assert order.stop_price is not None
    return Match(price, TAKER) if triggers(price, order.stop_price, order.lots) else None


def on_quote(resting: Resting, quote: Quote, *, touch: bool) -> Match | None:
    """A limit or stop order meets a quote: the offer for a buyer, the bid for a seller."""
    order = resting.order
    fresh, resting.fresh = resting.fresh, False
    price = quote.ask if order.lots > 0 else quote.bid
    if order.limit_price is not None:
        # The first quote may be taken at its price; one that comes later has to come to the order.
        if not reaches(price, order.limit_price, order.lots, touch=touch or fresh):
            return None
        return Match(price, TAKER) if fresh else Match(order.limit_price, MAKER)
    assert order.stop_price is not None
    return Match(price, TAKER) if triggers(price, order.stop_price, order.lots) else None
