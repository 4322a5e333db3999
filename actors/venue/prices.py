"""What a price that was shown costs us: slippage, and the half spread where only one price is known."""

import math
from fractions import Fraction
from typing import Final

from actors.money.grid import PriceGrid
from actors.venue.match import TAKER, Match
from actors.venue.settings import VenueSettings
from messages import Lots, Order, OrderType

_LIMIT: Final = OrderType.LIMIT


def slip_ticks(settings: VenueSettings, spread_ticks: int, half_spread_ticks: int = 0) -> int:
    """How many ticks worse than at the price shown a market or stop order fills.

    `half_spread_ticks` is how far the best price stands from the one shown: 0 where a best price was shown.
    """
    slippage = settings.slippage_ticks
    if settings.slippage_spread:
        slippage += math.ceil(Fraction(repr(settings.slippage_spread)) * spread_ticks)
    return half_spread_ticks + slippage


def fill_price(grid: PriceGrid, order: Order, match: Match, lots: Lots, slip: int) -> float:
    """The price of a fill, on the grid and at least one tick.

    Market and stop orders slip, a stop-limit that takes where it was triggered up to its limit. Limits do not.
    """
    ticks = grid.to_ticks(match.price)
    if order.type is not _LIMIT and match.liquidity is TAKER:
        ticks += slip if lots > 0 else -slip
        if order.limit_price is not None:
            limit = grid.to_ticks(order.limit_price)
            ticks = min(ticks, limit) if lots > 0 else max(ticks, limit)
    return grid.to_price(max(1, ticks))
