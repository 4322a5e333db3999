"""What leaves is one order for one intent, of ours, well-formed, and said by who is in charge."""

import pytest

from adapters.simulation.checks.sending import Fields, Fresh, OneOrder, Strangers, Writers
from messages import CancelAll, SubmitOrder, TextReceived
from tests.builders import an_order
from tests.simulation.checks.stand import Named, Stand


def rejected(name):
    return Named.of("OrderRejected", order=Named.of("Order", client_id=name))


def test_an_order_that_is_sent_again_while_it_may_have_been_taken_is_named(tmp_path):
    stand = Stand(OneOrder, folder=tmp_path)
    stand.place("abcdef-dice-1")
    stand.place("abcdef-dice-1")

    assert stand.violated == ["I1"]


def test_an_order_may_be_sent_again_once_it_is_known_that_it_came_to_nothing(tmp_path):
    stand = Stand(OneOrder, folder=tmp_path)
    stand.place("abcdef-dice-1")
    stand.say(rejected("abcdef-dice-1"), "venue@main")
    stand.place("abcdef-dice-1")

    assert stand.violated == []


@pytest.mark.parametrize(("waited", "is_late", "expected"), [(1, False, ["I1"]), (46, False, []), (46, True, ["I1"])])
def test_what_is_still_under_way_is_taken_by_nobody_when_its_signature_is_old(tmp_path, waited, is_late, expected):
    stand = Stand(OneOrder, folder=tmp_path)
    trip = stand.send("POST", "/api/v1/order", arrives=False, symbol="XBTUSD", clOrdID="abcdef-dice-1")
    trip.is_late = is_late
    stand.say(rejected("abcdef-dice-1"), "venue@main")
    stand.wait(waited)
    stand.place("abcdef-dice-1")

    assert stand.violated == expected


def test_an_order_that_was_taken_is_not_sent_again_whatever_is_said_of_it(tmp_path):
    stand = Stand(OneOrder, folder=tmp_path)
    stand.place("abcdef-dice-1")
    stand.execute("abcdef-dice-1", 1)
    stand.say(rejected("abcdef-dice-1"), "venue@main")
    stand.place("abcdef-dice-1")

    assert stand.violated == ["I1"]


def test_two_orders_of_one_name_at_the_exchange_are_named(tmp_path):
    stand = Stand(OneOrder, folder=tmp_path)
    stand.execute("abcdef-dice-1", 1)
    stand.execute("abcdef-dice-1", 1, orderID="another")

    assert stand.violated == ["I1"]


def test_an_order_with_a_strange_name_is_named(tmp_path):
    stand = Stand(OneOrder, folder=tmp_path)
    stand.place("other1-dice-1")

    assert stand.violated == ["I1"]


@pytest.mark.parametrize(
    "fields",
    [
        {"orderQty": 150},
        {"orderQty": 0},
        {"orderQty": 100.5},
        {"orderQty": 2_100},
        {"price": 50_000.05},
        {"price": -1},
        {"symbol": "ETHUSD"},
        {"side": "Long"},
    ],
    ids=str,
)
def test_an_order_that_no_exchange_should_be_sent_is_named(tmp_path, fields):
    stand = Stand(Fields, folder=tmp_path)
    told = {"symbol": "XBTUSD", "side": "Buy", "orderQty": 100, "clOrdID": "abcdef-dice-1", "price": 50_000}
    stand.send("POST", "/api/v1/order", **{**told, **fields})

    assert stand.violated == ["I22"]


def test_a_good_order_is_not_named(tmp_path):
    stand = Stand(OneOrder, Fields, Strangers, folder=tmp_path)
    stand.place("abcdef-dice-1", -20, price=50_000.1)
    stand.send("DELETE", "/api/v1/order", clOrdID="abcdef-dice-1")

    assert stand.violated == []


def test_a_cancel_of_a_strangers_order_is_named(tmp_path):
    stand = Stand(Strangers, folder=tmp_path)
    stand.execute("theirs", 1)
    stand.send("DELETE", "/api/v1/order", clOrdID=["abcdef-dice-1", "theirs"])
    stand.send("DELETE", "/api/v1/order", orderID="id-theirs")

    assert stand.violated == ["I19", "I19"]


def test_all_is_cancelled_only_when_somebody_asked_for_that(tmp_path):
    stand = Stand(Strangers, folder=tmp_path)
    stand.send("DELETE", "/api/v1/order/all")
    stand.say(CancelAll(account="main", ts=1), "risk-guard@main")
    stand.send("DELETE", "/api/v1/order/all")

    assert stand.violated == ["I19"]


def test_an_incarnation_that_was_replaced_says_nothing_that_leads_to_orders(tmp_path):
    stand = Stand(Writers, folder=tmp_path)
    stand.judge.made("executor@main", 1, warm=False)
    stand.say(SubmitOrder(an_order()), "executor@main", epoch=1)
    stand.judge.made("executor@main", 2, warm=True)
    stand.say(SubmitOrder(an_order()), "executor@main", epoch=1)

    assert stand.violated == ["I23"]


def wanted(stand, number):
    """The gateway asks a worker to send an order."""
    path = "/api/v1/order"
    stand.say(Named.of("SendRequest", verb="POST", path=path, reply_to="venue@main", number=number), "venue@main")


@pytest.mark.parametrize(
    ("waits", "more", "expected"),
    [(4, {}, []), (7, {}, ["I2"]), (7, {"execInst": "ReduceOnly"}, []), (7, {"request": 9}, [])],
    ids=["soon", "late", "what only closes", "another one"],
)
def test_an_order_that_leaves_long_after_it_was_asked_for_is_named(tmp_path, waits, more, expected):
    stand = Stand(Fresh, folder=tmp_path)
    wanted(stand, 3)
    stand.wait(waits)
    stand.place("abcdef-dice-1", **{"request": 3, **more})

    assert stand.violated == expected


def test_what_a_line_that_was_replaced_has_heard_is_named_when_it_is_said(tmp_path):
    stand = Stand(Writers, folder=tmp_path)
    text = TextReceived(to="feed", number=1, text="{}", at=1)
    stand.judge.made("line:market", 1, warm=False)
    stand.say(text, "line:market", epoch=1)
    stand.judge.made("line:market", 3, warm=True)
    stand.say(text, "line:market", epoch=3)
    assert stand.violated == []
    stand.say(text, "line:market", epoch=1)

    assert stand.violated == ["I23"]


def test_a_request_of_a_life_that_is_over_is_named(tmp_path):
    stand = Stand(Writers, folder=tmp_path)
    stand.judge.life_ended(1, "killed")
    stand.judge.life_began(2)
    stand.send("GET", "/api/v1/order", life=1)

    assert stand.violated == ["I23"]
