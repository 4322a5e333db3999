"""The guard's limits and its judgement: pure functions of values."""

from typing import Final

import attrs

from actors.money.grid import PriceGrid
from messages import Lots, Order, TradingState, UtcNs

_optional_lots = attrs.validators.optional(attrs.validators.ge(0))
_optional_fraction = attrs.validators.optional([attrs.validators.gt(0)])
_optional_count = attrs.validators.optional(attrs.validators.gt(0))


@attrs.frozen(kw_only=True)
class RiskLimits:
    """What an account may do. None: not limited."""

    order_lots_max: Lots | None = attrs.field(default=None, validator=_optional_lots)
    position_lots_max: Lots | None = attrs.field(default=None, validator=_optional_lots)
    """Of either side, in one symbol, should every order on that side be filled."""
    price_band: float | None = attrs.field(default=None, validator=_optional_fraction)
    """How far, as a fraction, an order's prices may be from the last price of the market."""
    orders_per_second: int | None = attrs.field(default=None, validator=_optional_count)
    orders_per_minute: int | None = attrs.field(default=None, validator=_optional_count)
    """Orders and cancels together; cancels are counted and never refused."""
    daily_loss_max: float | None = attrs.field(default=None, validator=_optional_fraction)
    """Of the day's opening equity, floating profit included, per currency."""
    daily_loss_action: str = attrs.field(
        default="until-next-day", validator=attrs.validators.in_(("until-next-day", "halt"))
    )
    day_starts_ns: int = 0
    """After midnight UTC."""


# An enum's member costs ten times what a global does, and these are asked for at every order.
_ACTIVE: Final = TradingState.ACTIVE
_FLATTENING: Final = TradingState.FLATTENING


def refusal(
    order: Order,
    *,
    limits: RiskLimits,
    state: TradingState,
    grid: PriceGrid | None,
    position: Lots,
    buying: Lots = 0,
    selling: Lots = 0,
    last_price: float | None = None,
    too_many: bool = False,
) -> str | None:
    """Why an order must not pass, as a code, or None.

    `position` is held; `buying` and `selling` (both zero or above) may still come of other approved orders. `grid` is
    None for a symbol that has no instrument; `too_many` says that the order rate is used up.
    """
    if state is not _ACTIVE and not (
        state is _FLATTENING and reduces(order, position=position, buying=buying, selling=selling)
    ):
        return "halted"
    if grid is None:
        return "unknown-symbol"
    too_large = _too_large(order, limits, position=position, buying=buying, selling=selling)
    if too_large is not None:
        return too_large
    named = order.limit_price if order.limit_price is not None else order.stop_price
    if named is not None and not grid.on_grid(named):
        return "off-grid"
    if limits.price_band is not None and _off_band(order, named, last_price, limits.price_band):
        return "price-band"
    return "order-rate" if too_many else None


def _too_large(order: Order, limits: RiskLimits, *, position: Lots, buying: Lots, selling: Lots) -> str | None:
    if limits.order_lots_max is not None and abs(order.lots) > limits.order_lots_max:
        return "order-size"
    if limits.position_lots_max is not None and not order.reduce_only:
        worst = position + buying + order.lots if order.lots > 0 else selling - position - order.lots
        if worst > limits.position_lots_max:
            return "position-limit"
    return None


def reduces(order: Order, *, position: Lots, buying: Lots, selling: Lots) -> bool:
    """Whether a reduce-only order can do nothing but shrink the position, whatever else is on its way."""
    if not order.reduce_only:
        return False
    if order.lots > 0:
        return position < 0 and order.lots + buying <= -position
    return position > 0 and selling - order.lots <= position


def _off_band(order: Order, named: float | None, last_price: float | None, band: float) -> bool:
    # Before the market was heard, what the order's maker had seen has to do.
    last = last_price if last_price is not None else order.reference_price
    if last is None:
        return False
    return any(price is not None and abs(price - last) > band * last for price in (named, order.reference_price))


def day_of(ts: UtcNs, day_starts_ns: int) -> int:
    """The number of the trading day that `ts` belongs to."""
    return (ts - day_starts_ns) // 86_400_000_000_000
