"""What a row of `instrument` means as a contract: how its value follows its price, in which lots, at what costs.

The venue's `multiplier` is in minor units of the settlement currency: an inverse contract is worth multiplier / price,
a linear or quanto one multiplier x price (BitMEX, "Contract specifications"; XBTUSD -100000000, ETHUSD 100, XBTUSDT 1).
Values are rounded per lot, as the venue does (33 lots of XBTUSD at 47898.5 are 33 x 208775 satoshis).
"""

from decimal import Decimal
from typing import Final

from adapters.bitmex.fields import FieldError, Row, flag, interval, moment, needed, number, price, word, wrong
from adapters.bitmex.market import symbol_of
from messages import MINOR_DIGITS, Instrument, Kind, ValueRounding

CURRENCIES: Final = {"XBt": "XBT", "USDt": "USDT", "Gwei": "ETH"}
"""Our name of each settlement currency whose minor unit is the one that the venue counts in."""
_SPOT: Final = "IFXXXP"
_LEAST: Final = Decimal("0.000000000001")
"""Of a tick, a lot or a multiplier. Prices below 10**9 divided by it are still exact in decimal arithmetic."""
_NOT_TRADED: Final = "MR"
"""How the `typ` of an index begins."""


def instrument(row: Row) -> Instrument | None:
    """The contract; None for an index, which nobody can trade. FieldError for what we could not count money in."""
    typ = word(row, "typ") or ""
    if typ.startswith(_NOT_TRADED):
        return None
    symbol = symbol_of(row)
    kind = _kind(row, typ)
    currency = _currency(row)
    spot = kind is Kind.SPOT
    expiry = None if spot else moment(row, "expiry")
    try:
        return Instrument(
            symbol=symbol,
            kind=kind,
            tick_size=_above_zero(row, "tickSize"),
            lot_size=_above_zero(row, "lotSize"),
            multiplier=_multiplier(row, kind, currency),
            currency=currency,
            value_rounding=ValueRounding.EXACT if spot else ValueRounding.PER_LOT,
            maker_fee=_rate(row, "makerFee"),
            taker_fee=_rate(row, "takerFee"),
            settlement_fee=_rate(row, "settlementFee"),
            initial_margin=Decimal(0) if spot else _rate(row, "initMargin"),
            maintenance_margin=Decimal(0) if spot else _rate(row, "maintMargin"),
            # A dated contract settles instead; its row may still hold an interval.
            funding_interval=None if spot or expiry is not None else interval(row, "fundingInterval"),
            expiry=expiry,
            settlement_price=None if expiry is None else price(row, "settledPrice"),
        )
    except FieldError:
        raise
    except ValueError as error:
        raise FieldError(str(error)) from None


def _kind(row: Row, typ: str) -> Kind:
    if typ == _SPOT:
        return Kind.SPOT
    inverse, quanto = flag(row, "isInverse") or False, flag(row, "isQuanto") or False
    if inverse and quanto:
        raise FieldError("isInverse and isQuanto exclude each other")
    if inverse:
        return Kind.INVERSE
    return Kind.QUANTO if quanto else Kind.LINEAR


def _currency(row: Row) -> str:
    """Of a spot pair, which settles in nothing, the quote currency."""
    name = word(row, "settlCurrency")
    if name is None:
        quoted = needed(word(row, "quoteCurrency"), "settlCurrency")
        if quoted not in MINOR_DIGITS:
            raise wrong("quoteCurrency", quoted, f"one of {', '.join(MINOR_DIGITS)}")
        return quoted
    if name not in CURRENCIES:
        raise wrong("settlCurrency", name, f"one of {', '.join(CURRENCIES)}")
    return CURRENCIES[name]


def _multiplier(row: Row, kind: Kind, currency: str) -> Decimal:
    """Per contract: face value in the quote currency (inverse), else currency per 1.0 of price.

    Spot is ordered in minor units of the base, of which `underlyingToPositionMultiplier` make one (unverified).
    """
    if kind is Kind.SPOT:
        return 1 / _above_zero(row, "underlyingToPositionMultiplier")
    raw = needed(number(row, "multiplier"), "multiplier")
    if raw == 0 or (kind is Kind.INVERSE) != (raw < 0):
        raise wrong("multiplier", row["multiplier"], "negative for an inverse contract and positive for any other")
    return abs(raw).scaleb(-MINOR_DIGITS[currency]).normalize()


def _above_zero(row: Row, name: str) -> Decimal:
    value = needed(number(row, name), name)
    if value < _LEAST:
        raise wrong(name, row[name], f"at least {_LEAST}")
    return value


def _rate(row: Row, name: str) -> Decimal:
    return number(row, name) or Decimal(0)
