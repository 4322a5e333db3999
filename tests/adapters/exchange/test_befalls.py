"""What befalls a position without an order of its holder's: what one side loses the other one has."""

import pytest

from adapters.exchange import order_commands
from adapters.exchange.clearing import reduce, settle_contract
from adapters.exchange.liquidation import liquidate
from adapters.exchange.refusals import Refusal
from tests.adapters.exchange.house import a_market, an_exchange, order


@pytest.fixture
def exchange():
    return an_exchange("XBTUSD", "XBTUSDT")


@pytest.fixture
def account(exchange):
    a_market(exchange)
    return exchange.open_account()


@pytest.fixture
def market(exchange):
    return exchange.markets["XBTUSD"]


def held_by_all(exchange):
    return sum(account.lots("XBTUSD") for account in exchange.floor.accounts.values())


def test_a_deleveraged_position_is_smaller_by_a_trade_without_an_order(exchange, account, market):
    order(exchange, account, 500, 50_001)

    reduce(exchange.floor, market, account, -2, 49_900.0, kind="Trade", text="Deleverage")

    row = account.executions[-1]
    assert (row["execType"], row["clOrdID"], row["side"], row["lastQty"]) == ("Trade", "", "Sell", 200)
    assert row["text"] == "Deleverage"
    assert account.lots("XBTUSD") == 3
    assert held_by_all(exchange) == 0


def test_at_a_settlement_everybody_is_flat_at_one_price(exchange, account, market):
    order(exchange, account, 500, 50_001)

    settle_contract(exchange.floor, market, 50_100.0)

    assert [held.lots("XBTUSD") for held in exchange.floor.accounts.values() if held.lots("XBTUSD")] == []
    row = account.executions[-1]
    assert (row["execType"], row["side"], row["lastPx"], row["execComm"]) == ("Settlement", "Sell", 50_100, 0)


def test_a_liquidation_takes_the_orders_and_then_the_position(exchange, account, market):
    order(exchange, account, 500, 50_001)
    order(exchange, account, -100, 51_000)

    liquidate(exchange.floor, account, market, 49_800.0)

    assert account.lots("XBTUSD") == 0
    assert not account.open
    assert exchange.floor.insurance.lots("XBTUSD") == 5
    assert held_by_all(exchange) == 0


def test_a_closed_contract_takes_neither_orders_nor_changes_but_cancels(exchange, account, market):
    resting = order(exchange, account, 100, 49_000)
    market.state = "Closed"

    with pytest.raises(Refusal, match="suspended"):
        order(exchange, account, 100, 49_000)
    with pytest.raises(Refusal, match="suspended"):
        order_commands.amend(exchange.floor, account, {"orderID": resting["orderID"], "price": 49_001})
    assert order_commands.cancel(exchange.floor, account, {"orderID": resting["orderID"]})

    assert market.row(exchange.now)["state"] == "Closed"
    assert not account.open
