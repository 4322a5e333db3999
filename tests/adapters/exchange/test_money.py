"""Money follows BitMEX's arithmetic: per lot of 100 contracts, whole minor units, checked by hand-made sums."""

from fractions import Fraction
from math import ceil

import pytest

from adapters.exchange import position_commands, statements
from adapters.exchange.refusals import Refusal
from tests.adapters.exchange.house import XBT, a_market, an_exchange, order, rows
from tests.builders import HOUR, MINUTE, MONDAY

NOON, FOUR = MONDAY + 12 * HOUR, MONDAY + 4 * HOUR


def per_lot(price):
    """Satoshis of 100 contracts of XBTUSD."""
    return round(Fraction(10_000_000_000) / Fraction(str(price)))


@pytest.fixture
def exchange():
    return an_exchange("XBTUSD", "ETHUSD", "XBTUSDT")


@pytest.fixture
def account(exchange):
    a_market(exchange)
    return exchange.open_account()


def position(exchange, account, symbol="XBTUSD"):
    return statements.position_row(exchange.floor, account, account.positions[symbol])


def margin(exchange, account, currency="XBt"):
    return statements.margin_row(exchange.floor, account, currency)


def executions(account, kind="Trade"):
    return [row for row in account.executions if row["execType"] == kind]


def test_an_inverse_buy_costs_a_negative_value_and_a_takers_fee(exchange, account):
    order(exchange, account, 3_300, 50_001)

    (row,) = executions(account)
    cost = 33 * per_lot(50_001)
    assert (row["execCost"], row["lastQty"], row["lastPx"]) == (-cost, 3_300, 50_001)
    assert row["execComm"] == round(cost * Fraction(5, 10_000))
    assert (row["homeNotional"], row["foreignNotional"]) == (cost / XBT, -3_300)
    assert (row["lastLiquidityInd"], row["commission"]) == ("RemovedLiquidity", 0.0005)


def test_a_maker_receives_a_rebate(exchange, account):
    other = exchange.open_account()
    order(exchange, account, 100, 50_000)

    order(exchange, other, -100, 50_000)

    (row,) = executions(account)
    assert row["execComm"] == -round(per_lot(50_000) * Fraction(1, 10_000))
    assert row["lastLiquidityInd"] == "AddedLiquidity"


def test_a_linear_buy_has_a_positive_value(exchange, account):
    a_market(exchange, symbol="XBTUSDT", bid=86_393.2, ask=86_393.3)

    order(exchange, account, 100, symbol="XBTUSDT")

    (row,) = executions(account)
    # Recorded at BitMEX: 100 contracts at 86393.3 cost 8639330 millionths of a dollar.
    assert row["execCost"] == 8_639_330
    assert (row["homeNotional"], row["foreignNotional"]) == (0.0001, -8.63933)


def test_a_quanto_contract_is_worth_a_hundred_satoshis_a_point(exchange, account):
    a_market(exchange, symbol="ETHUSD", bid=2_499.95, ask=2_500.05)

    order(exchange, account, 10, symbol="ETHUSD")

    assert executions(account)[0]["execCost"] == 10 * 250_005


def test_a_position_is_kept_at_average_cost_and_marked(exchange, account):
    order(exchange, account, 1_000)
    exchange.set_prices("XBTUSD", index=51_000.0, premium=0.0)

    row = position(exchange, account)

    cost = -10 * per_lot(50_001)
    value = -10 * per_lot(row["markPrice"])
    assert (row["currentQty"], row["unrealisedCost"], row["markValue"]) == (1_000, cost, value)
    assert row["unrealisedPnl"] == value - cost
    assert row["posInit"] == ceil(-cost * Fraction(1, 100))
    assert row["avgEntryPrice"] == pytest.approx(50_001, abs=0.01)
    assert (row["crossMargin"], row["leverage"], row["isOpen"]) == (True, 100, True)


def test_closing_realises_value_less_cost_and_both_fees(exchange, account):
    order(exchange, account, 1_000)
    order(exchange, account, -1_000)

    bought, sold = 10 * per_lot(50_001), 10 * per_lot(49_999)
    fees = round(bought * Fraction(5, 10_000)) + round(sold * Fraction(5, 10_000))
    row = position(exchange, account)
    assert (row["currentQty"], row["isOpen"], row["realisedPnl"]) == (0, False, bought - sold - fees)
    assert margin(exchange, account)["walletBalance"] == 100 * XBT + bought - sold - fees


def test_an_order_ties_up_its_initial_margin_and_two_fees(exchange, account):
    order(exchange, account, 10_000, 49_000)

    cost = 100 * per_lot(49_000)
    needed = ceil(cost * Fraction(1, 100)) + 2 * ceil(cost * Fraction(5, 10_000))
    row = margin(exchange, account)
    assert (row["initMargin"], row["availableMargin"]) == (needed, 100 * XBT - needed)


def test_an_order_that_closes_needs_no_margin(exchange, account):
    order(exchange, account, 10_000)

    order(exchange, account, -10_000, 51_000)

    assert margin(exchange, account)["initMargin"] == 0


def test_too_large_an_order_is_refused_with_what_it_would_need(exchange):
    account = exchange.open_account({"XBt": XBT // 100})
    cost = 1_000 * per_lot(49_000)
    needed = ceil(cost * Fraction(1, 100)) + 2 * ceil(cost * Fraction(5, 10_000))

    with pytest.raises(Refusal) as caught:
        order(exchange, account, 100_000, 49_000)

    assert caught.value.body() == {
        "error": {
            "message": f"Account has insufficient Available Balance, {needed} XBt required",
            "name": "CodedHTTPError",
            "details": "19000",
        }
    }


def test_an_order_far_from_the_mark_would_be_liquidated_at_once(exchange):
    account = exchange.open_account({"XBt": 5_000_000})

    with pytest.raises(Refusal, match="Executing at order price would lead to immediate liquidation"):
        order(exchange, account, 100_000, 60_000)


def test_a_market_order_goes_no_further_than_its_account_can_bear(exchange):
    maker = a_market(exchange, lots=10)
    exchange.trade(maker, exchange.markets["XBTUSD"], -10_000, 70_000.0)
    account = exchange.open_account({"XBt": 5_000_000})

    row = order(exchange, account, 100_000)

    assert (row["ordStatus"], row["cumQty"]) == ("Canceled", 1_000)
    assert account.lots("XBTUSD") == 10


# Isolated margin.


def test_leverage_isolates_and_zero_is_cross(exchange, account):
    order(exchange, account, 1_000)

    row = position_commands.set_leverage(exchange.floor, account, {"symbol": "XBTUSD", "leverage": 10})
    assert (row["crossMargin"], row["leverage"], row["initMarginReq"]) == (False, 10, 0.1)
    row = position_commands.transfer(exchange.floor, account, {"symbol": "XBTUSD", "amount": 5_000})
    assert row["posCross"] == 5_000
    row = position_commands.set_leverage(exchange.floor, account, {"symbol": "XBTUSD", "leverage": 0})
    assert (row["crossMargin"], row["posCross"]) == (True, max(0, -row["unrealisedPnl"]))


def test_what_was_transferred_comes_back_with_the_positions_end(exchange, account):
    order(exchange, account, 1_000)
    position_commands.set_leverage(exchange.floor, account, {"symbol": "XBTUSD", "leverage": 10})
    position_commands.transfer(exchange.floor, account, {"symbol": "XBTUSD", "amount": 5_000})

    order(exchange, account, -1_000)
    order(exchange, account, 1_000)

    assert position(exchange, account)["posCross"] == 0


def test_the_prices_of_an_isolated_long_follow_the_published_formula(exchange, account):
    order(exchange, account, 1_000)
    row = position_commands.set_leverage(exchange.floor, account, {"symbol": "XBTUSD", "leverage": 10})

    # Closed form, without rounding: E / (1 + 1/L) and E / (1 + 1/L - m).
    assert row["bankruptPrice"] == pytest.approx(50_001 / 1.1, rel=1e-4)
    assert row["liquidationPrice"] == pytest.approx(50_001 / (1.1 - 0.005), rel=3e-3)


def test_more_leverage_than_the_account_can_bear_is_refused(exchange):
    a_market(exchange)
    account = exchange.open_account({"XBt": 10_000_000})
    order(exchange, account, 10_000)

    with pytest.raises(Refusal, match="insufficient Available Balance"):
        position_commands.set_leverage(exchange.floor, account, {"symbol": "XBTUSD", "leverage": 1})
    assert position(exchange, account)["crossMargin"]
    with pytest.raises(Refusal, match="Invalid leverage"):
        position_commands.set_leverage(exchange.floor, account, {"symbol": "XBTUSD", "leverage": 101})


# Liquidation.


def test_a_position_that_cannot_be_kept_is_taken_over_and_its_orders_canceled(exchange):
    a_market(exchange)
    account = exchange.open_account({"XBt": 3_000_000})
    order(exchange, account, 50_000)
    resting = order(exchange, account, 100, 40_000)
    exchange.changes()

    exchange.set_prices("XBTUSD", index=48_800.0, premium=0.0)

    assert account.lots("XBTUSD") == 0
    assert account.orders[resting["orderID"]].status == "Canceled"
    (row,) = executions(account, "Liquidation")
    assert (row["side"], row["lastQty"]) == ("Sell", 50_000)
    # At the bankruptcy price nothing that is worth a tick is left, and nothing less than nothing.
    tick = 500 * (per_lot(row["lastPx"]) - per_lot(row["lastPx"] + 0.1))
    assert 0 <= margin(exchange, account)["walletBalance"] <= tick + 500
    told = [
        (change.action, row) for change in exchange.changes() if change.table == "liquidation" for row in change.rows
    ]
    assert [action for action, _ in told] == ["insert", "delete"]
    assert (told[0][1]["side"], told[0][1]["leavesQty"]) == ("Sell", 50_000)


def test_the_row_names_the_price_at_which_the_mark_liquidates(exchange):
    a_market(exchange)
    account = exchange.open_account({"XBt": 3_000_000})
    order(exchange, account, 50_000)
    price = position(exchange, account)["liquidationPrice"]
    market = exchange.markets["XBTUSD"]

    def mark_at(mark):
        left = (market.funding_at - exchange.now) / (8 * HOUR)
        exchange.set_prices("XBTUSD", index=mark / (1 + market.funding_rate * left), premium=0.0)

    mark_at(price + 1.0)
    assert account.lots("XBTUSD") == 500
    mark_at(price - 1.0)
    assert account.lots("XBTUSD") == 0


# Funding and sessions.


def test_longs_pay_shorts_when_the_rate_is_above_zero(exchange, account):
    short = exchange.open_account()
    order(exchange, account, 1_000, 50_000)
    order(exchange, short, -1_000, 50_000)

    exchange.advance(FOUR)

    (paid,), (received,) = executions(account, "Funding"), executions(short, "Funding")
    value = 10 * per_lot(paid["lastPx"])
    assert paid["execComm"] == -received["execComm"] == round(value * Fraction(1, 10_000))
    assert (paid["execCost"], paid["commission"], paid["lastQty"]) == (-value, 0.0001, 1_000)
    row = position(exchange, account)
    fee = -round(10 * per_lot(50_000) * Fraction(1, 10_000))
    assert row["currentComm"] == fee + paid["execComm"]
    (action, funding) = rows(exchange, "funding")[0]
    assert (action, funding["timestamp"], funding["fundingRate"]) == ("insert", "2024-01-01T04:00:00.000Z", 0.0001)
    assert exchange.markets["XBTUSD"].row(exchange.now)["fundingTimestamp"] == "2024-01-01T12:00:00.000Z"


def test_at_noon_what_was_realised_becomes_wallet(exchange, account):
    order(exchange, account, 1_000)
    order(exchange, account, -1_000)
    realised = position(exchange, account)["realisedPnl"]
    before = margin(exchange, account)["walletBalance"]

    exchange.advance(NOON - MINUTE)
    assert margin(exchange, account)["amount"] == 100 * XBT
    exchange.advance(NOON)

    after = margin(exchange, account)
    assert (after["amount"], after["walletBalance"], after["realisedPnl"]) == (before, before, 0)
    assert position(exchange, account)["prevRealisedPnl"] == realised
    last = account.wallets["XBt"].transactions[-1]
    assert (last["transactType"], last["amount"], last["walletBalance"]) == ("RealisedPNL", realised, before)


def test_the_mark_is_the_index_and_the_funding_still_to_come(exchange):
    exchange.advance(MONDAY + 2 * HOUR)
    exchange.set_prices("XBTUSD", index=50_000.0, premium=0.001)

    row = exchange.markets["XBTUSD"].row(exchange.now)

    # Two of eight hours are left, at a rate of 0.01 %.
    assert row["markPrice"] == round(50_000 + 50_000 * 0.0001 * 2 / 8, 2)
    assert row["fairBasisRate"] == 0.1095
    # A premium of 0.1 %, less the clamp of 0.05 %.
    assert row["indicativeFundingRate"] == 0.0005
