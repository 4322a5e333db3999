"""What others do in the account is named and booked; and when nobody is there the exchange cancels by itself."""

import signal

from adapters.bitmex.dead_mans_switch import HeartbeatRules
from messages import NS_PER_SECOND, Fill, ForeignActivity, Heartbeat, PositionAdjusted, VenueLost
from tests.system.live.agreement import assert_agree, rows, summary
from tests.system.live.lives import Life, Process, a_folder, a_strategy
from tests.system.live.venue import until

RULES = {"every": NS_PER_SECOND // 5, "refresh": NS_PER_SECOND // 4, "switch_ms": 5_000}
STRUCK = "Canceled: CancelAllAfter"
SHORT = f"""
import adapters.live.assembly
from adapters.bitmex.dead_mans_switch import HeartbeatRules
adapters.live.assembly.HeartbeatRules = lambda switch_ms: HeartbeatRules(**{RULES})
from adapters.cli import main
main()
"""


def test_trades_and_orders_by_hand_are_named_and_adjusted_and_left_alone(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))

    with Life(folder, config, on_stop="leave") as life:
        until(lambda: life.of(Fill) and venue.open_orders(), life.story)
        venue.by_hand(500)
        theirs = venue.by_hand(300, 30_000)["orderID"]
        until(lambda: {"fill", "order"} <= {each.kind for each in life.of(ForeignActivity)}, life.story)
        until(lambda: sum(each.lots for each in life.of(PositionAdjusted)) == 5, life.story)

    assert theirs in {each["orderID"] for each in venue.open_orders()}
    assert {each.strategy for each in life.of(PositionAdjusted)} == {"outside"}
    live = summary(folder)["live"]
    assert live["adjustments"] == 1
    assert {"fill", "order"} <= {each["kind"] for each in live["foreign"]}
    assert ("outside", "5") in {(row["strategy"], row["position_lots"]) for row in rows(folder, "strategies.csv")}
    assert_agree(folder, venue, strangers=True, open_orders=2)


def test_an_ordered_stop_cancels_everything_in_the_account_strangers_orders_too(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Mixed"))

    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 2, life.story)
        venue.by_hand(300, 30_000)
        until(lambda: life.of(ForeignActivity), life.story)

    assert_agree(folder, venue)


def test_who_is_stopped_for_too_long_has_its_orders_cancelled_by_the_exchange(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))

    with Process(folder, "--quiet", config=config, program=("-c", SHORT, "live")) as process:
        process.until(lambda: venue.open_orders() and venue.switch() is not None)
        (left,) = venue.open_orders()
        process.signal(signal.SIGSTOP)
        venue.time_passes_for_the_switch()
        process.until(lambda: not venue.open_orders())
        process.signal(signal.SIGCONT)
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()

    (end,) = [row for row in venue.orders() if row["orderID"] == left["orderID"]]
    assert end["text"].startswith(STRUCK)
    assert_agree(folder, venue)


def test_heartbeats_that_do_not_come_round_let_the_switch_strike(tmp_path, venue, monkeypatch):
    monkeypatch.setattr("adapters.live.assembly.HeartbeatRules", lambda switch_ms: HeartbeatRules(**RULES))
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))

    with Life(folder, config) as life:
        until(lambda: venue.open_orders() and venue.switch() is not None, life.story)
        # The executor has everything else and does not pass them on.
        life.host("executor@main")._ways[Heartbeat] = (lambda _beat: (), None)
        until(lambda: [each for each in life.of(VenueLost) if "switch" in each.reason], life.story)
        assert venue.open_orders()
        venue.time_passes_for_the_switch()
        until(lambda: not venue.open_orders(), life.story)

    assert [row for row in venue.orders() if row["text"].startswith(STRUCK)]
    assert_agree(folder, venue)
