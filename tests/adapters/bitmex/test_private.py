"""Rows of an account's tables become reports with the venue's signs, in contracts and in lots where there are any."""

from decimal import Decimal

import attrs
import pytest

from actors.money.values import Arithmetic
from adapters.bitmex import private
from adapters.bitmex.contracts import instrument
from adapters.bitmex.fields import FieldError
from adapters.bitmex.reports import ExecutionKind
from messages import Liquidity
from tests.adapters.bitmex.frames import (
    GUID,
    a_margin_row,
    a_position_row,
    an_execution_row,
    an_instrument_row,
    an_order_row,
)
from tests.adapters.bitmex.test_market import exactly
from tests.builders import MONDAY

XBTUSD = instrument(exactly(an_instrument_row()))


def an_order(**fields):
    return private.order_report(exactly(an_order_row(**fields)), XBTUSD)


def an_execution(**fields):
    return private.execution(exactly(an_execution_row(**fields)), XBTUSD)


def test_an_order_s_quantities_have_its_sign():
    bought = an_order(cumQty=100, leavesQty=200, ordStatus="PartiallyFilled")
    sold = an_order(side="Sell", cumQty=100, leavesQty=200)

    assert (bought.contracts, bought.filled, bought.left, bought.lots, bought.filled_lots) == (300, 100, 200, 3, 1)
    assert (sold.contracts, sold.filled, sold.left, sold.lots, sold.filled_lots) == (-300, -100, -200, -3, -1)
    assert (bought.price, bought.ts, bought.account, bought.is_over) == (42000.5, MONDAY, 7, False)


def test_contracts_that_are_no_whole_lots_stay_exact():
    odd, unknown = an_order(orderQty=30, leavesQty=30), private.order_report(exactly(an_order_row()))

    assert (odd.contracts, odd.lots) == (30, None)
    assert (unknown.contracts, unknown.lots) == (300, None)


def test_an_order_of_today_s_short_form_and_of_2018_s_long_one_mean_the_same():
    long = an_order_row(simpleOrderQty=None, exDestination="XBME", multiLegReportingType="SingleSecurity")
    short = {name: value for name, value in an_order_row().items() if value not in (None, "")}

    assert private.order_report(exactly(long)) == private.order_report(exactly(short))


def test_a_close_order_without_a_quantity_has_none_yet():
    assert an_order(orderQty=None, leavesQty=None, cumQty=None).contracts == 0


def test_a_trade_has_the_venue_s_money_and_signs():
    fill = an_execution()

    assert fill.kind is ExecutionKind.TRADE
    assert (fill.execution_id, fill.client_id, fill.contracts, fill.lots) == (GUID, "run000-trend-1", 300, 3)
    assert (fill.price, fill.liquidity, fill.commission) == (42000.5, Liquidity.MAKER, Decimal("-0.0001"))
    assert (fill.filled, fill.left) == (300, 0)
    assert an_execution(side="Sell").contracts == -300
    assert an_execution(lastLiquidityInd="RemovedLiquidity").liquidity is Liquidity.TAKER
    assert an_execution(lastLiquidityInd="").liquidity is None


@pytest.mark.parametrize(
    ("side", "contracts", "price", "cost"), [("Buy", 3300, 47898.5, -6889575), ("Sell", 3300, 47898.5, 6889575)]
)
def test_a_recorded_cost_is_our_own_value_of_the_same_fill(side, contracts, price, cost):
    fill = an_execution(side=side, lastQty=contracts, lastPx=price, execCost=cost)

    assert fill.cost_minor == cost == Arithmetic(XBTUSD).value_minor(fill.lots, fill.price)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Funding", ExecutionKind.FUNDING), ("Settlement", ExecutionKind.SETTLEMENT),
        ("Liquidation", ExecutionKind.LIQUIDATION), ("Bankruptcy", ExecutionKind.LIQUIDATION),
        ("New", ExecutionKind.EVENT), ("Canceled", ExecutionKind.EVENT), ("Replaced", ExecutionKind.EVENT),
        ("TrialFill", ExecutionKind.UNKNOWN), ("Frobnicated", ExecutionKind.UNKNOWN),
    ],
)  # fmt: skip
def test_f13_every_kind_of_execution_has_a_name_or_is_said_to_have_none(said, kind):
    execution = an_execution(execType=said)

    assert (execution.kind, execution.kind_said) == (kind, said)
    assert execution.contracts == (0 if kind is ExecutionKind.EVENT else 300)


def test_funding_pays_its_commission_and_needs_no_side():
    paid = an_execution(
        execType="Funding", side="", clOrdID="", orderID="00000000-0000-0000-0000-000000000000", execComm=-714
    )

    assert (paid.fee_minor, paid.order_id, paid.client_id) == (-714, "", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"execID": None}, {"execType": None}, {"side": "Both"}, {"side": ""}, {"lastQty": 0}, {"lastQty": -5},
        {"lastPx": None}, {"lastPx": 0}, {"execCost": 0.5}, {"symbol": None}, {"lastQty": "300"},
        {"timestamp": None, "transactTime": None},
    ],
)  # fmt: skip
def test_a_trade_that_cannot_be_is_refused(fields):
    with pytest.raises(FieldError):
        an_execution(**fields)


def test_a_position_open_short_and_closed():
    held = private.position(exactly(a_position_row()), XBTUSD)

    assert (held.contracts, held.lots, held.currency, held.entry_price) == (300, 3, "XBT", 42000.5)
    assert (held.cost_minor, held.unrealised_minor, held.liquidation_price) == (-714276, 12, 21000.0)
    assert private.position(exactly(a_position_row(currentQty=-300)), XBTUSD).lots == -3
    assert private.position(exactly(a_position_row(currentQty=0, isOpen=False)), XBTUSD).contracts == 0
    assert private.position(exactly(a_position_row(currentQty=None, isOpen=False))).contracts == 0
    with pytest.raises(FieldError, match="currentQty"):
        private.position(exactly(a_position_row(currentQty=None)))


def test_margin_and_wallet_are_whole_minor_units():
    margin = private.margin(exactly(a_margin_row()))

    assert (margin.currency, margin.wallet_minor, margin.available_minor) == ("XBT", 100000000, 99990000)
    assert private.wallet({"account": 7, "currency": "USDt", "amount": 5}).currency == "USDT"
    assert private.wallet({"account": 7, "currency": "Nobody", "amount": 5}).currency == "Nobody"
    with pytest.raises(FieldError, match="walletBalance"):
        private.margin(exactly(a_margin_row(walletBalance=1.5)))


def test_reports_cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        an_order().status = "Filled"
