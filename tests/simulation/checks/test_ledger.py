"""Executions make positions and wallets exactly, and are written down once each, with their money."""

import pytest

from adapters.journal import Trace
from adapters.journal.store import begin_life
from adapters.journal.trace import TraceWriter
from adapters.simulation.checks.ledger import Booked, Compared, Conserved
from messages import (
    Envelope,
    Fill,
    FillPart,
    FundingPaid,
    FundingPart,
    Liquidity,
    OrderEnded,
    Outcome,
    PositionAdjusted,
    VenueConnected,
    VenueRead,
    VenueReady,
)
from tests.builders import an_order
from tests.simulation.checks.stand import Stand

NAME = "abcdef-dice-1"


def fill(execution="x1", lots=2, *, value=-400, fee=3, name=NAME):
    return Fill(
        account="main", currency="XBT", symbol="XBTUSD", client_id=name, execution_id=execution, ts=1, lots=lots,
        price=50_000.0, liquidity=Liquidity.TAKER, value_minor=value, fee_minor=fee,
        parts=(FillPart("dice", lots, value, fee),),
    )  # fmt: skip


def adjusted(name, lots, value=0):
    return PositionAdjusted(
        account="main", symbol="XBTUSD", strategy="outside", adjustment_id=name, lots=lots, value_minor=value, ts=1
    )


def funded(amount, ts=1):
    return FundingPaid(
        account="main", currency="XBT", symbol="XBTUSD", ts=ts, rate=0.0001, price=50_000.0, lots=2,
        amount_minor=amount, parts=(FundingPart("dice", 2, amount),),
    )  # fmt: skip


def written(folder, *messages):
    life = begin_life(folder, started=1)
    trace = Trace(folder, life=life)
    for number, message in enumerate(messages, 1):
        trace.said(Envelope(number, 0, "venue@main", 1, 1, message))
    TraceWriter(trace).on_start()
    trace.close()


def traded(stand, lots=2, value=-400, fee=3, name=NAME):
    stand.execute(name, lots)
    stand.execute(name, lots, "Trade", value=value, fee=fee)


def rest(stand):
    stand.judge.at_rest()
    return set(stand.violated)


def test_what_was_executed_and_written_once_is_right(tmp_path):
    stand = Stand(Booked, folder=tmp_path)
    traded(stand)
    written(tmp_path, fill())

    assert rest(stand) == set()


def test_a_fill_that_is_lost_is_named(tmp_path):
    stand = Stand(Booked, folder=tmp_path)
    traded(stand)

    assert rest(stand) == {"I4"}


def test_fills_whose_lots_cancel_out_are_missed_all_the_same(tmp_path):
    stand = Stand(Booked, folder=tmp_path)
    for lots in (2, -2):
        traded(stand, lots, name=f"{NAME}{lots > 0}")
    stand.exchange.held = {}
    written(tmp_path, fill("other"))
    written(tmp_path, fill("another", -2))

    assert rest(stand) == {"I3"}


@pytest.mark.parametrize("told", [{"value": -401}, {"fee": 2}, {"name": "abcdef-dice-2"}], ids=str)
def test_a_fill_with_other_money_or_another_order_is_named(tmp_path, told):
    stand = Stand(Booked, folder=tmp_path)
    traded(stand)
    written(tmp_path, fill(**told))

    assert rest(stand) == {"I3"}


@pytest.mark.parametrize(("filled", "expected"), [(2, []), (0, ["I3"]), (3, ["I3"])])
def test_an_order_ends_with_what_the_exchange_filled_of_it(tmp_path, filled, expected):
    stand = Stand(Booked, folder=tmp_path)
    stand.execute(NAME, 2)
    stand.execute(NAME, 2, "Trade", cumQty=200)
    stand.say(OrderEnded(an_order(2, client_id=NAME), Outcome.FILLED, filled, 1), "venue@main")

    assert stand.violated == expected


def test_an_end_may_be_of_before_the_exchange_filled_too_much(tmp_path):
    stand = Stand(Booked, folder=tmp_path)
    stand.execute(NAME, 2, "Trade", cumQty=200)
    stand.execute(NAME, 1, "Trade", cumQty=300)

    stand.say(OrderEnded(an_order(2, client_id=NAME), Outcome.FILLED, 2, 1), "venue@main")
    assert stand.violated == []
    stand.say(OrderEnded(an_order(2, client_id=NAME), Outcome.FILLED, 1, 1), "venue@main")

    assert stand.violated == ["I3"]


def test_a_fill_that_two_lives_wrote_is_named(tmp_path):
    stand = Stand(Booked, folder=tmp_path)
    traded(stand)
    written(tmp_path, fill())
    written(tmp_path, fill())

    assert "I3" in rest(stand)


def test_a_fill_that_is_said_twice_in_a_life_is_named_at_once(tmp_path):
    stand = Stand(Booked, folder=tmp_path)
    stand.say(fill(), "venue@main")
    stand.say(fill(), "venue@main")

    assert stand.violated == ["I3"]


def test_an_adjustment_stands_for_what_was_not_told_and_for_no_more(tmp_path):
    stand = Stand(Booked, folder=tmp_path)
    traded(stand)
    written(tmp_path, adjusted("main-XBTUSD-1-1", 2))

    assert rest(stand) == set()


def test_a_strangers_trade_is_an_adjustment_with_its_fee_in_its_value(tmp_path):
    stand = Stand(Booked, folder=tmp_path)
    traded(stand, name="theirs")
    written(tmp_path, adjusted("execution-x1", 2, -397))
    assert rest(stand) == set()
    written(tmp_path, adjusted("execution-x2", 1, -397))

    assert "I4" in rest(stand)


@pytest.mark.parametrize(("amounts", "expected"), [((-7,), set()), ((-6,), {"I3"}), ((), {"I3"}), ((-7, -7), {"I3"})])
def test_funding_is_booked_once_with_its_amount(tmp_path, amounts, expected):
    stand = Stand(Booked, folder=tmp_path)
    stand.execute("", 2, "Funding", fee=7)
    stand.wait(6)
    written(tmp_path, *[funded(amount) for amount in amounts])

    assert rest(stand) == expected


def test_a_wallet_that_does_not_follow_from_the_executions_is_named(tmp_path):
    stand = Stand(Conserved, folder=tmp_path)
    stand.exchange.money = {"XBT": 1_000_000 - 3}
    traded(stand)
    assert stand.violated == []
    stand.exchange.money = {"XBT": 1_000_000 - 3 + 49}
    stand.execute("abcdef-dice-2", -1, "Trade", value=250, fee=1)

    # Sold for 250 what 200 had been paid for: in signed values a loss of 50, and a fee of 1.
    assert stand.violated == ["I3"]
    assert stand.judge.account.cash() == {"XBT": -3 - 50 - 1}


def test_a_position_that_does_not_follow_from_the_executions_is_named(tmp_path):
    stand = Stand(Conserved, folder=tmp_path)
    stand.exchange.held = {"XBTUSD": 1}
    stand.exchange.money = {"XBT": 1_000_000 - 3}
    traded(stand)

    assert stand.violated == ["I3"]


def ready(stand, cause):
    stand.say(VenueReady(account="main", ts=1), "reconciler@main", cause=cause)
    return stand.violated


def test_that_all_agrees_may_be_said_when_the_exchange_was_just_read(tmp_path):
    stand = Stand(Compared, folder=tmp_path)
    read = stand.say(VenueRead(account="main", number=1, ts=1), "venue@main")

    assert ready(stand, read) == []


@pytest.mark.parametrize(
    "cause",
    [VenueConnected(account="main", ts=1), VenueRead(account="main", number=1, failure="no answer", ts=1)],
    ids=["connected", "not read"],
)
def test_that_all_agrees_is_not_said_when_nothing_was_read(tmp_path, cause):
    stand = Stand(Compared, folder=tmp_path)
    stand.say(VenueRead(account="main", number=0, ts=1), "venue@main")

    assert ready(stand, stand.say(cause, "venue@main")) == ["I4"]
