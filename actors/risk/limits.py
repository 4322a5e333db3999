"""The guard's limits as data, and the codes that its refusals carry."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from messages import Account, Lots, StrategyId, Symbol, TradingState

REASONS: Final[Mapping[str, str]] = {
    "halted": "trading is halted, or the account is being brought out of the market",
    "venue-not-ready": "the venue is not reached, or not yet known to agree; asked again when it is",
    "stale-data": "the symbol's market data cannot be trusted at the moment; asked again when they can",
    "reduce-only": "only what reduces the position passes",
    "unknown-symbol": "there is no instrument of that symbol",
    "unknown-order": "what was to be amended is over, or never was",
    "other-order": "the client id belongs to an order of another symbol or side",
    "order-size": "more lots than one order may have",
    "position-limit": "the position could grow past its limit in lots",
    "off-grid": "a price is not on the instrument's tick grid",
    "price-band": "a price is too far from the last price of the market",
    "price-unknown": "there is no price yet to value the order or the account by",
    "order-notional": "worth more than one order may be",
    "position-notional": "the position could be worth more than its limit",
    "leverage": "the account's positions could be worth more than its equity bears",
    "equity-unknown": "there is no equity yet to judge the leverage by",
    "open-orders": "as many orders work as may work at a time",
    "order-rate": "too many orders within a second or a minute",
    "guard-failed": "the guard failed while it judged the order; it is asked again",
}
"""What a refusal's code means, in words. A limit of the account and one of a scope have the same code."""

ACTIONS: Final[Mapping[str, TradingState | None]] = {
    "refuse": None,
    "reduce-only": TradingState.REDUCE_ONLY,
    "halt": TradingState.HALTED,
    "flatten": TradingState.FLATTENING,
}
"""What a refusal can do besides refusing, and the state that a lost day can lead to."""

_optional_lots = attrs.validators.optional(attrs.validators.ge(0))
_optional_fraction = attrs.validators.optional([attrs.validators.gt(0)])
_optional_count = attrs.validators.optional(attrs.validators.gt(0))


def _decimal(value: Decimal | float | str) -> Decimal:
    # A float is meant as it is written: 0.1 is a tenth, not the binary number next to it.
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _amount(_instance: object, attribute: "attrs.Attribute[Decimal | None]", value: Decimal | None) -> None:
    if value is not None and not (value.is_finite() and value > 0):
        raise ValueError(f"{attribute.name} must be a number above zero, not {value}")


def _actions(
    _instance: object,
    _attribute: "attrs.Attribute[tuple[tuple[str, str], ...]]",
    value: tuple[tuple[str, str], ...],
) -> None:
    for reason, action in value:
        if reason not in REASONS:
            raise ValueError(f"actions: no order is refused for {reason!r}, but for one of {', '.join(REASONS)}")
        if action not in ACTIONS:
            raise ValueError(f"actions: {action!r} is not one of {', '.join(ACTIONS)}")
    if len(dict(value)) < len(value):
        raise ValueError("actions: a reason has one action")


@attrs.frozen(kw_only=True)
class SizeLimits:
    """How large orders and positions may be. None: not limited.

    Notionals are whole units of the instrument's settlement currency, as Decimals (other numbers are taken as they are
    written). They are judged at the order's worst known price: of its own prices and the last of the market the one at
    which the lots are worth most.
    """

    order_lots_max: Lots | None = attrs.field(default=None, validator=_optional_lots)
    position_lots_max: Lots | None = attrs.field(default=None, validator=_optional_lots)
    """Of either side, in one symbol, should every order on that side be filled."""
    order_notional_max: Decimal | None = attrs.field(
        default=None, converter=attrs.converters.optional(_decimal), validator=_amount
    )
    position_notional_max: Decimal | None = attrs.field(
        default=None, converter=attrs.converters.optional(_decimal), validator=_amount
    )
    """Of either side, in one symbol, should every order on that side be filled."""
    open_orders_max: int | None = attrs.field(default=None, validator=_optional_count)
    """Approved orders whose end is not known, at a time."""
    orders_per_second: int | None = attrs.field(default=None, validator=_optional_count)
    orders_per_minute: int | None = attrs.field(default=None, validator=_optional_count)
    """Orders, amends and cancels together; cancels are counted and never refused."""

    @property
    def is_limited(self) -> bool:
        """Whether any size, worth, number or rate is limited."""
        lots = self.order_lots_max is not None or self.position_lots_max is not None
        return lots or self.has_notional or self.open_orders_max is not None or self.is_rated

    @property
    def is_rated(self) -> bool:
        """Whether there is a limit to how many orders pass in a time."""
        return self.orders_per_second is not None or self.orders_per_minute is not None

    @property
    def has_notional(self) -> bool:
        """Whether something is judged by what it is worth."""
        return self.order_notional_max is not None or self.position_notional_max is not None


@attrs.frozen(kw_only=True)
class RiskLimits(SizeLimits):
    """What an account may do. None: not limited."""

    price_band: float | None = attrs.field(default=None, validator=_optional_fraction)
    """How far, as a fraction, an order's prices may be from the last price of the market. What the market showed when
    it was made counts as one, except for what gets out: reduce-only orders, and all that passes a restricted state."""
    leverage_max: Decimal | None = attrs.field(
        default=None, converter=attrs.converters.optional(_decimal), validator=_amount
    )
    """Per settlement currency: what all positions may be worth, should the orders that raise them be filled, over the
    last equity. Longs and shorts add up. An order is judged by its own side; what can only shrink a position passes."""
    actions: tuple[tuple[str, str], ...] = attrs.field(default=(), validator=_actions)
    """(reason, action): what a refusal for that reason does besides refusing, a key of `ACTIONS`."""
    daily_loss_max: float | None = attrs.field(default=None, validator=_optional_fraction)
    """Of the day's opening equity, floating profit included, per currency."""
    daily_loss_action: str = attrs.field(
        default="until-next-day", validator=attrs.validators.in_(("until-next-day", "halt"))
    )
    """Whether the next day takes back what the lost day did; `halt`: it stands."""
    daily_loss_state: str = attrs.field(
        default="flatten", validator=attrs.validators.in_(("flatten", "halt", "reduce-only"))
    )
    """What a lost day leads to."""
    day_starts_ns: int = 0
    """After midnight UTC."""

    @property
    def limits_orders(self) -> bool:
        """Whether there is anything to refuse an order for, its symbol and its prices' grid aside."""
        return self.price_band is not None or self.leverage_max is not None or self.is_limited

    @property
    def needs_equity(self) -> bool:
        """Whether the guard has to hear what the account is worth."""
        return self.daily_loss_max is not None or self.leverage_max is not None


@attrs.frozen(kw_only=True)
class ScopedLimits(SizeLimits):
    """Limits of the orders that match every scope that is named here: of an account, a strategy, a symbol.

    With a strategy they are about its own part: its lots of an order, its lots of a position, its fills. Positions are
    limited in each symbol by itself.
    """

    account: Account | None = None
    strategy: StrategyId | None = None
    symbol: Symbol | None = None
