"""At which price a position can no longer be kept, and at which one it has eaten up what backs it.

In all of it `balance_minor` is the account's margin balance in the currency without the value of the position itself:
starting cash and flow (minus the signed values of all fills, minus fees, plus funding), and the values of the other
positions. The margin balance at a price is then balance + value, whatever kind of contract it is. A long's adverse
side is below, a short's is above.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import attrs

from actors.money.margin import PositionMargin, Rate
from actors.money.values import Arithmetic
from messages import Kind, Lots, Minor, ValueRounding

_INVERSE: Final = Kind.INVERSE
_PER_LOT: Final = ValueRounding.PER_LOT

TICKS_MAX = 2**51 - 1
"""The highest price that is looked at: beyond it floats do not tell neighbouring ticks apart."""
_STEP: Final = 1_024
"""Ticks on either side of a guess in which a price is looked for first."""


def price_of_value(arithmetic: Arithmetic, lots: Lots, value_minor: float) -> float | None:
    """The price at which `lots` are worth `value_minor` (signed), unrounded; None where no price above zero is.

    The value formula turned round: value / (lots x point) for linear, quanto and spot, -(lots x point) / value for
    inverse contracts. Of a position's cost this is its average entry price.
    """
    exposure = lots * arithmetic.point_value_minor(1.0)
    top, bottom = (-exposure, value_minor) if arithmetic.instrument.kind is _INVERSE else (value_minor, exposure)
    if bottom == 0:
        return None
    price = top / bottom
    return price if 0 < price < math.inf else None


def is_liquidated(margin_balance_minor: Minor, maintenance_minor: Minor) -> bool:
    """Whether open positions can no longer be kept: less is left than their maintenance margins add up to.

    Without any maintenance margin they are kept until nothing is left.
    """
    return margin_balance_minor < maintenance_minor if maintenance_minor else margin_balance_minor <= 0


def liquidation_price(
    arithmetic: Arithmetic, lots: Lots, balance_minor: Minor, maintenance_minor: Minor
) -> float | None:
    """The price at which balance + value is the maintenance margin, unrounded, as a trader would be shown it.

    None where no price is: every price keeps the position, or none does. Maintenance is of the cost, so that it does
    not move with the price, and this takes one division.
    """
    return price_of_value(arithmetic, lots, maintenance_minor - balance_minor)


def watch_price(arithmetic: Arithmetic, lots: Lots, balance_minor: Minor, maintenance_minor: Minor) -> float:
    """From which price on to ask `is_liquidated`: a long at or below it, a short at or above it.

    On its other side the position is safe, whatever rounding does to values and prices: it lies as far before the
    liquidation price as rounding could move the value, and one tick. 0.0 and infinity where that is no price: a long
    with 0.0 or a short with infinity is never liquidated, a long with infinity or a short with 0.0 always asks.
    """
    # A value is rounded once, by half a minor unit, or lot by lot, by half of one for each.
    rounding = (abs(lots) if arithmetic.instrument.value_rounding is _PER_LOT else 1) / 2
    price = price_of_value(arithmetic, lots, maintenance_minor - balance_minor + rounding)
    if price is None:
        # Values of the wrong sign: a linear price would be below zero, an inverse one beyond all prices.
        return math.inf if arithmetic.instrument.kind is _INVERSE else 0.0
    tick = float(arithmetic.grid.tick_size)
    return price + tick if lots > 0 else max(0.0, price - tick)


def bankruptcy_price(arithmetic: Arithmetic, lots: Lots, balance_minor: Minor, taker_rate: Rate) -> float | None:
    """The worst price on the grid at which closing `lots`, taker fee included, leaves the account at zero or above.

    Exact, by the integers that the fill itself would have: one tick further leaves less than nothing. None where no
    price is the worst one: every price leaves enough (a long that is paid for), or none does (others lost more).
    """

    def holds(ticks: int) -> bool:
        price = arithmetic.grid.to_price(ticks)
        value = arithmetic.value_minor(lots, price)
        return balance_minor + value - arithmetic.fee_minor(lots, price, taker_rate) >= 0

    near = price_of_value(arithmetic, lots, -balance_minor)
    guess = 0.0 if near is None else min(near / float(arithmetic.grid.tick_size), float(TICKS_MAX))
    ticks = _worst(lots, holds, near=int(guess))
    return None if ticks is None else arithmetic.grid.to_price(ticks)


def _worst(lots: Lots, holds: Callable[[int], bool], *, near: int = 0) -> int | None:
    """The ticks furthest to the adverse side of `lots` that still hold; None when all do or none does.

    `near`: where they may be; it is looked at first, in steps that grow.
    """
    good, bad = (TICKS_MAX, 1) if lots > 0 else (1, TICKS_MAX)
    if holds(bad) or not holds(good):
        return None
    for probe in (near, near - _STEP, near + _STEP, near - _STEP**2, near + _STEP**2):
        if min(good, bad) < probe < max(good, bad):
            good, bad = (probe, bad) if holds(probe) else (good, probe)
    while abs(good - bad) > 1:
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good


@attrs.frozen(kw_only=True)
class IsolatedPrices:
    """The two prices of a position that is backed by its own margin only. None: it has no such price."""

    bankruptcy: float | None
    """Where its margin is used up."""
    liquidation: float | None
    """Where it is taken over: what is left then is its maintenance margin."""


def isolated_inverse_prices(arithmetic: Arithmetic, position: PositionMargin) -> IsolatedPrices:
    """Prices of an isolated inverse position, to the tick as BitMEX states them (recorded position rows 2018-2020).

    Per lot, in minor units, with cost c = |posCost| / lots: it can lose b = floor((posMargin - posComm) / lots) until
    it is bankrupt, and l = floor((posMargin - posMaint) / lots) until it is liquidated. The price is point / (c + b)
    for a long, rounded up to the tick, and point / (c - b) for a short, rounded down; in closed form about
    E / (1 + 1/L) and E / (1 - 1/L) for an entry E and a leverage L. A short that can lose its whole cost has none.
    ValueError for another kind of contract.
    """
    if arithmetic.instrument.kind is not _INVERSE:
        raise ValueError(
            f"{arithmetic.instrument.symbol} is not inverse: its liquidation price follows another formula"
        )
    return IsolatedPrices(
        bankruptcy=_isolated_price(arithmetic, position, position.margin_minor - position.comm_minor),
        liquidation=_isolated_price(arithmetic, position, position.margin_minor - position.maint_minor),
    )


def _isolated_price(arithmetic: Arithmetic, position: PositionMargin, loses_minor: Minor) -> float | None:
    instrument, count = arithmetic.instrument, abs(position.lots)
    long = position.lots > 0
    cost = Fraction(abs(position.cost_minor), count)
    loses = loses_minor // count
    value = cost + loses if long else cost - loses
    if value <= 0:
        return None
    point = Fraction(instrument.lot_size) * Fraction(instrument.multiplier) * 10**instrument.minor_digits
    ticks = point / value / Fraction(instrument.tick_size)
    return arithmetic.grid.to_price(math.ceil(ticks) if long else math.floor(ticks))
