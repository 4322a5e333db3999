"""Rows of market tables become our messages, exactly, or are refused by the name of the field."""

from decimal import Decimal

import pytest

from adapters.bitmex import market
from adapters.bitmex.codec import decoded
from adapters.bitmex.contracts import instrument
from adapters.bitmex.fields import FieldError
from messages import Bar, FundingRate, Instrument, Kind, MarkPrice, OrderBook, Quote, Tick, ValueRounding
from tests.adapters.bitmex.frames import STAMP, a_trade_row, an_instrument_row
from tests.builders import HOUR, MINUTE, MONDAY

NOW = MONDAY + 5


def exactly(row):
    """The row with the numbers that the codec makes."""
    return {name: Decimal(str(value)) if isinstance(value, float) else value for name, value in row.items()}


def test_a_trade_is_a_tick_with_its_taker_s_side():
    assert market.tick(exactly(a_trade_row(42000.5, 100)), NOW) == Tick(
        symbol="XBTUSD", ts=MONDAY, received=NOW, price=42000.5, size=100.0, aggressor=1
    )
    assert market.tick(exactly(a_trade_row(side="Sell")), NOW).aggressor == -1
    assert market.tick(exactly(a_trade_row(side="", size=0)), NOW).aggressor == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"price": None}, {"price": 0}, {"price": -1}, {"price": 10**12}, {"price": "5"}, {"size": None}, {"size": -1},
        {"symbol": None}, {"symbol": 5}, {"timestamp": None}, {"timestamp": 5}, {"side": "Both"}, {"side": 5},
        {"price": Decimal("NaN")},
    ],
)  # fmt: skip
def test_f23_a_trade_that_cannot_be_is_refused(fields):
    (name,) = fields

    with pytest.raises(FieldError, match=f"^{name} "):
        market.tick(exactly(a_trade_row(**fields)), NOW)


def test_a_price_of_a_known_contract_stands_on_its_grid():
    contract = instrument(exactly(an_instrument_row(tickSize=0.5)))

    assert market.tick(exactly(a_trade_row(42000.5)), NOW, contract).price == 42000.5
    with pytest.raises(FieldError, match=r"multiple of 0\.5"):
        market.tick(exactly(a_trade_row(42000.6)), NOW, contract)


def test_a_quote_has_both_sides():
    row = {"timestamp": STAMP, "symbol": "XBTUSD", "bidSize": 5, "bidPrice": 99, "askPrice": 100, "askSize": 6}

    assert market.quote(row, NOW) == Quote(
        symbol="XBTUSD", ts=MONDAY, received=NOW, bid=99.0, bid_size=5.0, ask=100.0, ask_size=6.0
    )
    with pytest.raises(FieldError, match="bidPrice is missing"):
        market.quote({**row, "bidPrice": None}, NOW)


def test_ten_levels_come_whole():
    row = {"timestamp": STAMP, "symbol": "XBTUSD", "bids": [[99, 5], [98, 6]], "asks": [[100, 1]]}

    assert market.book10(row, NOW) == OrderBook(
        symbol="XBTUSD", ts=MONDAY, received=NOW, bids=((99.0, 5.0), (98.0, 6.0)), asks=((100.0, 1.0),)
    )
    for bad in (None, 5, [5], [[1]], [[1, 2, 3]], [["1", 2]]):
        with pytest.raises(FieldError):
            market.book10({**row, "asks": bad}, NOW)


BIN = (
    '{"timestamp":"2020-02-03T18:28:00.000Z","symbol":"XBTUSD","open":9250,"high":9256.5,"low":9256,"close":9256,'
    '"trades":29,"volume":79057,"vwap":9256.688,"lastSize":100,"turnover":854077082,"homeNotional":8.54,'
    '"foreignNotional":79057}'
)
BIN_END = 1_580_754_480_000_000_000
"""2020-02-03T18:28:00Z."""


def test_a_bar_s_stamp_is_its_end_and_its_open_may_lie_outside():
    bar = market.bar(MINUTE, decoded(BIN), BIN_END + 7)

    assert bar == Bar(
        symbol="XBTUSD",
        period=MINUTE,
        open_ts=BIN_END - MINUTE,
        close_ts=BIN_END,
        received=BIN_END + 7,
        open=9250.0,
        high=9256.5,
        low=9256.0,
        close=9256.0,
        volume=79057.0,
        turnover=9256.688 * 79057,
        ticks=29,
    )
    assert bar.vwap == pytest.approx(9256.688)


@pytest.mark.parametrize(
    "fields", [{"volume": 0, "high": None, "low": None, "trades": 0}, {"volume": 0, "trades": None}, {"trades": 0}]
)
def test_f24_a_minute_without_trades_is_no_bar(fields):
    assert market.bar(MINUTE, {**decoded(BIN), **fields}, BIN_END) is None


@pytest.mark.parametrize(
    "fields", [{"volume": None}, {"close": 9257}, {"low": 9300}, {"close": None}, {"high": 0}, {"trades": -1}]
)
def test_a_bar_that_cannot_be_is_refused(fields):
    with pytest.raises(FieldError):
        market.bar(MINUTE, {**decoded(BIN), **fields}, BIN_END)


def test_marks_and_funding():
    row = exactly(an_instrument_row())
    paid = exactly({"timestamp": STAMP, "symbol": "XBTUSD", "fundingRate": -0.000375, "fundingRateDaily": -0.001125})

    assert market.mark_price(row, NOW) == MarkPrice(symbol="XBTUSD", ts=MONDAY, received=NOW, price=42001.37)
    assert market.funding_rate(paid, NOW) == FundingRate(symbol="XBTUSD", ts=MONDAY, received=NOW, rate=-0.000375)
    assert repr(market.funding_rate(paid, NOW).rate) == "-0.000375"
    assert market.upcoming_funding(row, NOW).ts == MONDAY + 4 * HOUR
    assert market.upcoming_funding({**row, "fundingTimestamp": None}, NOW) is None
    with pytest.raises(FieldError, match="fundingRate"):
        market.funding_rate({**paid, "fundingRate": 5}, NOW)


# Contracts.


def test_xbtusd_is_an_inverse_perpetual_of_one_dollar_a_contract():
    assert instrument(exactly(an_instrument_row())) == Instrument(
        symbol="XBTUSD",
        kind=Kind.INVERSE,
        tick_size=Decimal("0.1"),
        lot_size=Decimal(100),
        multiplier=Decimal(1),
        currency="XBT",
        value_rounding=ValueRounding.PER_LOT,
        maker_fee=Decimal("-0.0001"),
        taker_fee=Decimal("0.0005"),
        initial_margin=Decimal("0.01"),
        maintenance_margin=Decimal("0.005"),
        funding_interval=8 * HOUR,
    )


def test_ethusd_is_a_quanto_and_xbtusdt_is_linear():
    quanto = instrument(exactly(an_instrument_row(symbol="ETHUSD", isInverse=False, isQuanto=True, multiplier=100)))
    linear = instrument(
        exactly(an_instrument_row(symbol="XBTUSDT", isInverse=False, multiplier=1, settlCurrency="USDt"))
    )

    assert (quanto.kind, quanto.multiplier, quanto.currency) == (Kind.QUANTO, Decimal("0.000001"), "XBT")
    assert (linear.kind, linear.multiplier, linear.currency) == (Kind.LINEAR, Decimal("0.000001"), "USDT")


def test_a_future_has_an_expiry_and_no_funding():
    row = an_instrument_row(typ="FFCCSX", expiry="2024-03-29T12:00:00.000Z", settledPrice=70000.25)
    future = instrument(exactly(row))

    assert future.expiry == 1_711_713_600_000_000_000
    assert future.funding_interval is None
    assert future.settlement_price == 70000.25


def test_spot_is_ordered_in_parts_of_the_base():
    row = {
        "symbol": "XBT_USDT", "typ": "IFXXXP", "quoteCurrency": "USDT", "tickSize": 0.5, "lotSize": 1000,
        "underlyingToPositionMultiplier": 100000000, "makerFee": 0.001, "takerFee": 0.001,
    }  # fmt: skip
    spot = instrument(exactly(row))

    assert spot.kind is Kind.SPOT
    assert spot.lot_size * spot.multiplier == Decimal("0.00001")
    assert spot.currency == "USDT"


def test_an_index_is_no_contract():
    assert instrument(exactly(an_instrument_row(symbol=".BXBT", typ="MRCXXX"))) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"tickSize": None}, {"tickSize": 0}, {"tickSize": Decimal("1e-30")}, {"lotSize": Decimal("1e-13")},
        {"lotSize": None}, {"lotSize": -1}, {"multiplier": None},
        {"multiplier": 0}, {"multiplier": 100}, {"isInverse": False}, {"isQuanto": True}, {"settlCurrency": "DOGe"},
        {"settlCurrency": None}, {"makerFee": 5}, {"initMargin": 2}, {"maintMargin": 0.5}, {"isInverse": "yes"},
        {"fundingInterval": "8h"}, {"expiry": "never"}, {"symbol": None},
    ],
)  # fmt: skip
def test_a_contract_that_money_cannot_be_counted_in_is_refused(fields):
    with pytest.raises(FieldError):
        instrument(exactly(an_instrument_row(**fields)))
