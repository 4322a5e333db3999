"""What is traded: the contract's arithmetic and its costs, as the venue states them."""

import enum
from decimal import Decimal

import attrs

from messages.base import Message, filled, positive
from messages.units import Period, Symbol, UtcNs

MINOR_DIGITS = {"XBT": 8, "BTC": 8, "ETH": 9, "USDT": 6, "USDC": 6, "JPY": 0, "KRW": 0}
"""Decimal places of a currency's minor unit; a currency that is not named here has 2."""


class Kind(enum.StrEnum):
    """How a contract's value follows its price."""

    LINEAR = "linear"
    """lots x lot_size x multiplier x price, in the settlement currency."""
    INVERSE = "inverse"
    """lots x lot_size x multiplier / price: the face value is in the quote currency, settlement in the base."""
    QUANTO = "quanto"
    """As linear, the multiplier being settlement currency per 1.0 of a price in another currency."""
    SPOT = "spot"
    """The thing itself, bought with cash: as linear, but never short, never on credit, and worth its market value."""


class ValueRounding(enum.StrEnum):
    """When a value becomes a whole number of minor units."""

    EXACT = "exact"
    """The whole fill's value, rounded once, half away from zero."""
    PER_LOT = "per-lot"
    """One lot's value rounded half away from zero, times lots: BitMEX's arithmetic."""


_MINUTES_A_DAY = 24 * 60


def _hours(_instance: "Sessions", _attribute: "attrs.Attribute[tuple[tuple[int, int], ...]]", value: object) -> None:
    hours = value if isinstance(value, tuple) else ()
    edges = [edge for pair in hours for edge in pair]
    if not hours or edges != sorted(set(edges)) or not 0 <= edges[0] < edges[-1] <= _MINUTES_A_DAY:
        raise ValueError(
            f"Sessions.hours must be pairs of minutes after midnight, rising and within 0..1440, not {value!r}"
        )


def _weekdays(_instance: "Sessions", _attribute: "attrs.Attribute[tuple[int, ...]]", value: object) -> None:
    days = value if isinstance(value, tuple) else ()
    if not days or list(days) != sorted(set(days)) or not 0 <= days[0] <= days[-1] <= 6:
        raise ValueError(f"Sessions.weekdays must be different days, rising, Monday being 0, not {value!r}")


@attrs.frozen(kw_only=True)
class Sessions:
    """When a market is open: the same hours on each of its weekdays, none across midnight. Holidays have no data."""

    timezone: str = attrs.field(default="UTC", validator=filled)
    """A name of the tz database, which the hours are meant in."""
    hours: tuple[tuple[int, int], ...] = attrs.field(validator=_hours)
    """(opens, closes) in minutes after midnight, the close exclusive."""
    weekdays: tuple[int, ...] = attrs.field(default=(0, 1, 2, 3, 4), validator=_weekdays)


def _positive(instance: "Instrument", attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    if not (isinstance(value, Decimal) and value.is_finite() and value > 0):
        raise ValueError(
            f"Instrument.{attribute.name} of {instance.symbol} must be a Decimal above zero, not {value!r}"
        )


def _rate(instance: "Instrument", attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    if not (isinstance(value, Decimal) and value.is_finite() and abs(value) < 1):
        raise ValueError(
            f"Instrument.{attribute.name} of {instance.symbol} must be a Decimal within -1..1, not {value!r}"
        )


def _margin(instance: "Instrument", attribute: "attrs.Attribute[Decimal]", value: Decimal) -> None:
    if not (isinstance(value, Decimal) and value.is_finite() and 0 <= value <= 1):
        raise ValueError(
            f"Instrument.{attribute.name} of {instance.symbol} must be a Decimal within 0..1, not {value!r}"
        )


_optional_time = attrs.validators.optional(attrs.validators.instance_of(int))


@attrs.frozen(kw_only=True)
class Instrument(Message):
    """One contract. Decimals, because tick, lot, multiplier and rates are exact numbers that money is computed from."""

    symbol: Symbol = attrs.field(validator=filled)
    kind: Kind = attrs.field(validator=attrs.validators.instance_of(Kind))
    tick_size: Decimal = attrs.field(validator=_positive)
    lot_size: Decimal = attrs.field(default=Decimal(1), validator=_positive)
    """Contracts in one lot."""
    multiplier: Decimal = attrs.field(default=Decimal(1), validator=_positive)
    """Linear: currency per 1.0 of price per contract. Inverse: face value in quote currency per contract."""
    currency: str = attrs.field(validator=filled)
    """Settlement currency: profits, fees and funding are paid in it."""
    value_rounding: ValueRounding = attrs.field(
        default=ValueRounding.EXACT, validator=attrs.validators.instance_of(ValueRounding)
    )
    maker_fee: Decimal = attrs.field(default=Decimal(0), validator=_rate)
    """Fraction of a fill's value; negative is a rebate."""
    taker_fee: Decimal = attrs.field(default=Decimal(0), validator=_rate)
    settlement_fee: Decimal = attrs.field(default=Decimal(0), validator=_rate)
    """Of what a dated contract settles for at its expiry."""
    initial_margin: Decimal = attrs.field(default=Decimal(0), validator=_margin)
    """Fraction of a position's value that opening it takes: 1 / leverage. 0: none is asked for."""
    maintenance_margin: Decimal = attrs.field(default=Decimal(0), validator=_margin)
    """Fraction of a position's value that keeping it takes; with less it is liquidated. 0: liquidated when bankrupt."""
    funding_interval: Period | None = attrs.field(default=None, validator=attrs.validators.optional(positive))
    """Of a perpetual contract: how often longs pay shorts, or shorts pay longs. None: there is no funding."""
    expiry: UtcNs | None = attrs.field(default=None, validator=_optional_time)
    """When a dated contract settles. None: it never does."""
    settlement_price: float | None = attrs.field(default=None, validator=attrs.validators.optional(positive))
    """What it settles at. None: at its last mark, or else its last price."""
    sessions: Sessions | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.instance_of(Sessions))
    )
    """Its trading hours. None: around the clock."""

    def __attrs_post_init__(self) -> None:
        if self.maintenance_margin > self.initial_margin > 0:
            raise ValueError(
                f"Instrument {self.symbol}: keeping a position cannot take more margin ({self.maintenance_margin}) "
                f"than opening it ({self.initial_margin})"
            )
        if self.expiry is not None and self.funding_interval is not None:
            raise ValueError(f"Instrument {self.symbol}: a contract has an expiry or funding, not both")
        if self.expiry is None and self.settlement_price is not None:
            raise ValueError(f"Instrument {self.symbol}: a settlement price belongs to a contract with an expiry")
        if self.kind is Kind.SPOT and (
            self.initial_margin
            or self.maintenance_margin
            or self.expiry is not None
            or self.funding_interval is not None
        ):
            raise ValueError(f"Instrument {self.symbol}: spot has neither margin nor expiry nor funding")

    @property
    def minor_digits(self) -> int:
        """Decimal places of the settlement currency's minor unit."""
        return MINOR_DIGITS.get(self.currency, 2)

    @property
    def price_decimals(self) -> int:
        """Decimal places that a price on this grid needs."""
        exponent = self.tick_size.normalize().as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0
