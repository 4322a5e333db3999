"""What is traded: the contract's arithmetic and its costs, as the venue states them."""

import enum
from decimal import Decimal

import attrs

from messages.base import Message, filled
from messages.units import Symbol

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


class ValueRounding(enum.StrEnum):
    """When a value becomes a whole number of minor units."""

    EXACT = "exact"
    """The whole fill's value, rounded once, half away from zero."""
    PER_LOT = "per-lot"
    """One lot's value rounded half away from zero, times lots: BitMEX's arithmetic."""


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

    @property
    def minor_digits(self) -> int:
        """Decimal places of the settlement currency's minor unit."""
        return MINOR_DIGITS.get(self.currency, 2)

    @property
    def price_decimals(self) -> int:
        """Decimal places that a price on this grid needs."""
        exponent = self.tick_size.normalize().as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0
