"""Nothing that may raise a risk leaves on a market that is not heard."""

import json

import pytest

from adapters.simulation.checks.market import KnownMarket
from messages import LineClosed, OpenLine, TextReceived
from tests.simulation.checks.stand import Stand


def text(stand, table, action):
    frame = json.dumps({"table": table, "action": action, "data": [{"symbol": "XBTUSD"}]}, separators=(",", ":"))
    stand.say(TextReceived(to="feed", number=1, text=frame, at=1), "line:market")


@pytest.fixture
def stand(tmp_path):
    """A market that is heard."""
    stand = Stand(KnownMarket, folder=tmp_path)
    text(stand, "trade", "partial")
    text(stand, "quote", "partial")
    return stand


def leaves(stand, lots=1, **more):
    stand.place("abcdef-dice-1", lots, **more)
    return stand.violated


def test_an_order_in_a_market_that_is_heard_is_right(stand):
    stand.wait(59)

    assert leaves(stand) == []


def test_an_order_after_a_minute_of_silence_is_named(stand):
    stand.wait(63)

    assert leaves(stand) == ["I14"]


@pytest.mark.parametrize(
    "lost",
    [
        (LineClosed(to="feed", number=1, reason="reset", at=1), "line:market"),
        (OpenLine(to="line:market", number=2), "feed"),
    ],
    ids=["closed", "opened anew"],
)
def test_an_order_after_the_line_broke_is_named_until_all_is_heard_again(stand, lost):
    stand.say(*lost)
    assert leaves(stand) == []
    stand.wait(3)
    text(stand, "trade", "partial")
    text(stand, "quote", "insert")
    assert leaves(stand) == ["I14"]
    text(stand, "quote", "partial")

    assert leaves(stand) == ["I14"]


def test_what_closes_may_go_on_old_data(stand):
    stand.execute("abcdef-dice-1", 2)
    stand.execute("abcdef-dice-1", 2, "Trade")
    stand.wait(100)
    assert leaves(stand, -2) == []
    assert leaves(stand, -5, execInst="ReduceOnly") == []

    assert leaves(stand, -3) == ["I14"]
