"""No limit is passed by what may yet happen at the exchange, and nothing opens after a halt."""

import pytest

from adapters.simulation.checks.exposure import Exposure, Kill
from messages import ApprovedOrder, TradingState, TradingStateChanged
from tests.builders import an_order
from tests.simulation.checks.stand import Stand


def taken(stand, name, lots):
    """An order of ours leaves, and the exchange works it."""
    stand.send(
        "POST", "/api/v1/order", symbol="XBTUSD", side="Buy" if lots > 0 else "Sell", orderQty=abs(lots) * 100,
        clOrdID=name, arrives=False,
    )  # fmt: skip
    stand.execute(name, lots)


def test_position_working_orders_and_those_under_way_count_together(tmp_path):
    stand = Stand(Exposure, folder=tmp_path)
    taken(stand, "abcdef-a-1", 10)
    stand.execute("abcdef-a-1", 10, "Trade")
    taken(stand, "abcdef-a-2", 10)
    under_way = stand.send(
        "POST", "/api/v1/order", symbol="XBTUSD", side="Buy", orderQty=400, clOrdID="abcdef-a-3", arrives=False
    )
    assert stand.violated == []
    stand.send("POST", "/api/v1/order", symbol="XBTUSD", side="Buy", orderQty=100, clOrdID="abcdef-a-4", arrives=False)

    assert set(stand.violated) == {"I5"}
    assert not under_way.arrived


def test_an_order_that_was_lost_on_its_way_counts_no_more(tmp_path):
    stand = Stand(Exposure, folder=tmp_path)
    taken(stand, "abcdef-a-1", 20)
    stand.execute("abcdef-a-1", 20, "Trade")
    stand.place("abcdef-a-2", 4)
    stand.place("abcdef-a-3", 4)

    assert stand.violated == []


@pytest.mark.parametrize(("altered", "expected"), [("", {"I5"}), ('{"orderQty":2600}', set())])
def test_what_the_exchange_makes_larger_than_it_was_asked_for_is_not_ours_to_answer_for(tmp_path, altered, expected):
    stand = Stand(Exposure, folder=tmp_path)
    stand.place("abcdef-a-1", 24, altered=altered)

    stand.execute("abcdef-a-1", 26)

    assert set(stand.violated) == expected


def test_the_other_side_is_judged_by_itself(tmp_path):
    stand = Stand(Exposure, folder=tmp_path)
    taken(stand, "abcdef-a-1", -20)
    stand.execute("abcdef-a-1", -20, "Trade")
    taken(stand, "abcdef-a-2", 20)
    assert stand.violated == []
    taken(stand, "abcdef-a-3", -5)

    assert set(stand.violated) == {"I5"}


def test_an_amend_counts_as_the_larger_of_both(tmp_path):
    stand = Stand(Exposure, folder=tmp_path)
    taken(stand, "abcdef-a-1", 20)
    stand.send("PUT", "/api/v1/order", origClOrdID="abcdef-a-1", orderQty=2_500, arrives=False)

    assert stand.violated == ["I5"]


def test_too_many_working_orders_are_named(tmp_path):
    stand = Stand(Exposure, folder=tmp_path)
    for number in range(4):
        taken(stand, f"abcdef-a-{number}", 1)

    assert set(stand.violated) == {"I5"}


def test_what_strangers_hold_is_not_ours_to_answer_for(tmp_path):
    stand = Stand(Exposure, folder=tmp_path)
    stand.execute("theirs", 30)
    stand.execute("theirs", 30, "Trade")
    taken(stand, "abcdef-a-1", 10)

    assert stand.violated == []


def test_a_price_far_from_the_market_is_named(tmp_path):
    stand = Stand(Exposure, folder=tmp_path)
    stand.place("abcdef-a-1", price=52_000)
    assert stand.violated == []
    stand.place("abcdef-a-2", price=53_000)

    assert stand.violated == ["I5"]


@pytest.mark.parametrize(
    ("count", "pause", "expected"), [(8, 0.1, []), (9, 0.1, ["I5"]), (80, 0.7, []), (81, 0.7, ["I5"])]
)
def test_more_approvals_than_a_second_or_a_minute_may_have_are_named(tmp_path, count, pause, expected):
    stand = Stand(Exposure, folder=tmp_path)
    for _ in range(count):
        stand.say(ApprovedOrder(an_order()), "risk-guard@main")
        stand.wait(pause)

    assert stand.violated == expected


def test_a_burst_of_what_waited_is_counted_by_when_it_was_asked_for(tmp_path):
    stand = Stand(Exposure, folder=tmp_path)
    for number in range(16):
        # One second and a half apart as the guard heard it, and at once when it was heard at last.
        stand.say(ApprovedOrder(an_order(ts=1 + number // 8 * 3 * 10**9 // 2)), "risk-guard@main")

    assert stand.violated == []


def halted(stand, state=TradingState.HALTED):
    changed = TradingStateChanged(account="main", state=state, reason="test", ts=1)
    stand.say(changed, "risk-guard@main")


def test_an_order_that_leaves_after_a_halt_is_named(tmp_path):
    stand = Stand(Kill, folder=tmp_path)
    halted(stand)
    stand.wait(0.5)
    stand.place("abcdef-a-1")
    assert stand.violated == []
    stand.wait(1.0)
    stand.place("abcdef-a-2")

    assert stand.violated == ["I6"]


def test_what_closes_may_leave_and_so_may_everything_when_trading_goes_on(tmp_path):
    stand = Stand(Kill, folder=tmp_path)
    stand.execute("abcdef-a-0", 3)
    stand.execute("abcdef-a-0", 3, "Trade")
    halted(stand, TradingState.FLATTENING)
    stand.wait(10)
    stand.place("abcdef-a-1", -3)
    stand.place("abcdef-a-2", -9, execInst="ReduceOnly")
    halted(stand, TradingState.ACTIVE)
    stand.place("abcdef-a-3", 5)

    assert stand.violated == []
