"""What a resting order makes of a bar, a tick or a quote. The conventions of the backtest stand here.

A bar that began after an order arrived runs its whole path past it. Of the bar during which it arrived only the close
is known to have come after it, so nothing else of that bar can fill it. A limit order fills when the price trades
through its limit (or touches it, by setting), at the limit or at a better open; a stop is triggered at a touch and
fills at the stop or at a worse open. A stop-limit is a stop that must be had within its limit: it fills where it is
triggered, or rests from then on, and of the bar that triggered it only the close is known to have come later (all of
it, when its open did). Trailing stops have a module of their own. Prices are those before slippage.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from actors.money.grid import PriceGrid
from actors.venue.exits import one_exit
from actors.venue.match import MAKER, TAKER, Match, reaches, triggers
from actors.venue.resting import Resting
from actors.venue.trailing import trailing_on_bar, trailing_on_price
from messages import Bar, Lots, OrderType, Quote, StrategyId

__all__ = ["MAKER", "TAKER", "Match", "Resting", "Rules", "at_any_price", "on_bar", "on_quote", "on_tick"]
_LIMIT: Final = OrderType.LIMIT
_STOP: Final = OrderType.STOP
_TRAILING: Final = OrderType.TRAILING_STOP


@attrs.frozen
class Rules:
    """How one symbol's orders meet its prices."""

    grid: PriceGrid
    touch: bool = False
    """A limit fills when it is touched, and need not be traded through."""
    half_spread: float = 0.0
    """How far the best bid and offer stand from a price that was shown alone; in price."""


def on_bar(
    resting: Iterable[Resting], bar: Bar, rules: Rules, held: Mapping[StrategyId, Lots]
) -> list[tuple[Resting, Match]]:
    """What a bar fills of a symbol's resting orders, in the order of their arrival.

    When it reaches both a stop and a limit with which the same owner leaves the position that it holds, the pessimistic
    one is taken (exits.py). `held` is each owner's position before the bar.
    """
    found: list[tuple[Resting, Match]] = []
    for each in resting:
        kind = each.order.type
        if kind is _LIMIT:
            match = limit_on_bar(each, bar, rules)
        elif kind is _STOP:
            match = stop_on_bar(each, bar)
        elif kind is _TRAILING:
            match = trailing_on_bar(each, bar, rules.grid)
        else:
            match = stop_limit_on_bar(each, bar, rules)
        each.fresh = False
        if match is not None:
            found.append((each, match))
    return found if len(found) < 2 else one_exit(found, held)


def on_tick(resting: Resting, price: float, rules: Rules) -> Match | None:
    """A resting order meets a trade."""
    return _on_price(resting, price, rules.grid, touch=rules.touch, half_spread=rules.half_spread)


def on_quote(resting: Resting, quote: Quote, rules: Rules) -> Match | None:
    """A resting order meets a quote: the offer for a buyer, the bid for a seller."""
    price = quote.ask if resting.order.lots > 0 else quote.bid
    # The first quote may be taken at its price; one that comes later has to come to the order.
    touch = rules.touch or resting.fresh
    return _on_price(resting, price, rules.grid, touch=touch, half_spread=0.0)


def at_any_price(resting: Resting, price: float, half_spread: float) -> Match | None:
    """What waits for the next price, whatever it is, meets it; None when that lies beyond its limit."""
    order = resting.order
    if order.type is not _LIMIT:
        return Match(price, TAKER)
    assert order.limit_price is not None
    return _within(price, order.limit_price, order.lots, half_spread)


def limit_on_bar(resting: Resting, bar: Bar, rules: Rules) -> Match | None:
    """A limit order meets a bar."""
    order = resting.order
    limit, lots, touch = order.limit_price, order.lots, rules.touch
    assert limit is not None
    if bar.open_ts < resting.arrived:
        if not reaches(bar.close, limit, lots, touch=touch):
            return None
        # Somewhere on the way to the close the limit was passed, unless all of the bar lay beyond it.
        passed = bar.low <= limit <= bar.high
        match = Match(limit, MAKER) if passed else _better(bar.close, limit, lots, rules.half_spread, fresh=True)
        return match._replace(late=True)
    if not reaches(bar.low if lots > 0 else bar.high, limit, lots, touch=touch):
        return None
    # Some venues write the previous close as the open: what was not traded in this bar is no better price.
    first = min(max(bar.open, bar.low), bar.high)
    if first != limit and reaches(first, limit, lots, touch=touch):
        return _better(first, limit, lots, rules.half_spread, fresh=resting.fresh)._replace(at_open=True)
    return Match(limit, MAKER)


def stop_on_bar(resting: Resting, bar: Bar) -> Match | None:
    """A stop order meets a bar."""
    order = resting.order
    stop, lots = order.stop_price, order.lots
    assert stop is not None
    if bar.open_ts < resting.arrived:
        return Match(bar.close, TAKER, late=True) if triggers(bar.close, stop, lots) else None
    if triggers(bar.open, stop, lots):
        return Match(bar.open, TAKER, at_open=True)
    return Match(stop, TAKER) if triggers(bar.high if lots > 0 else bar.low, stop, lots) else None


def stop_limit_on_bar(resting: Resting, bar: Bar, rules: Rules) -> Match | None:
    """A stop-limit order meets a bar."""
    if resting.triggered:
        return limit_on_bar(resting, bar, rules)
    order = resting.order
    limit, lots = order.limit_price, order.lots
    assert limit is not None
    trigger = stop_on_bar(resting, bar)
    if trigger is None:
        return None
    match = _triggered(resting, trigger, rules.half_spread)
    if match is not None or bar.open_ts < resting.arrived:
        return match
    # What the bar did before the trigger is over. Only the close comes after it for certain, or all after an open.
    later = (bar.low if lots > 0 else bar.high) if trigger.at_open else bar.close
    if not reaches(later, limit, lots, touch=rules.touch):
        return None
    return Match(limit, MAKER, late=not trigger.at_open)


def _on_price(resting: Resting, price: float, grid: PriceGrid, *, touch: bool, half_spread: float) -> Match | None:
    """A resting order meets a single price; `touch`: it need not trade through a limit."""
    order = resting.order
    fresh, resting.fresh = resting.fresh, False
    if order.type is _LIMIT or resting.triggered:
        limit = order.limit_price
        assert limit is not None
        if not reaches(price, limit, order.lots, touch=touch):
            return None
        return _better(price, limit, order.lots, half_spread, fresh=True) if fresh else Match(limit, MAKER)
    if order.type is _TRAILING:
        return trailing_on_price(resting, price, grid)
    assert order.stop_price is not None
    if not triggers(price, order.stop_price, order.lots):
        return None
    trigger = Match(price, TAKER)
    return trigger if order.type is _STOP else _triggered(resting, trigger, half_spread)


def _triggered(resting: Resting, trigger: Match, half_spread: float) -> Match | None:
    """A stop-limit is touched: it takes there what its limit allows, or rests from now on."""
    order = resting.order
    assert order.limit_price is not None
    resting.trigger()
    if _within(trigger.price, order.limit_price, order.lots, half_spread) is not None:
        return trigger
    return trigger._replace(missed=True) if resting.ends_at_once else None


def _within(price: float, limit: float, lots: Lots, half_spread: float) -> Match | None:
    """What a limit order takes of the best price on the other side, if that is within its limit."""
    best = price + half_spread if lots > 0 else price - half_spread
    return Match(best, TAKER) if (best <= limit if lots > 0 else best >= limit) else None


def _better(price: float, limit: float, lots: Lots, half_spread: float, *, fresh: bool) -> Match:
    """A limit order meets a price beyond its limit: it has the best price there, or its limit if that is better."""
    match = _within(price, limit, lots, half_spread)
    if match is None:
        return Match(limit, MAKER)
    return match if fresh else Match(match.price, MAKER)
