"""A live run of a few seconds: what it has written is what the exchange has in its books."""

import signal
import threading
import time

from adapters.exchange.faults import Rule
from adapters.journal.reading import TraceReader
from adapters.live.state import LiveState
from adapters.store import Store
from messages import MarkPrice, Quote, SubmitOrder, Tick
from tests.system.live.agreement import assert_agree, rows, strangers_in, summary
from tests.system.live.lives import Life, Process, a_folder, a_strategy
from tests.system.live.venue import until

BOTH = (a_strategy("Flipper", lots=3), a_strategy("Mixed"))

# As a user starts it.


def test_ends_by_itself_with_files_that_equal_the_exchange(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Process(folder, "--for", 2, "--quiet", config=config) as process:
        code = process.wait()

    assert code == 0, process.said()
    assert_agree(folder, venue)
    live = summary(folder)["live"]
    assert (live["venue"], live["account"], live["paper"], live["lives"]) == ("loopback", "main", False, 1)
    assert (live["ended_by"], live["exit_code"], live["troubles"]) == ("--for", 0, [])
    assert live["adjustments"] == 0
    assert strangers_in(folder) == []
    posted = set(venue.posts())
    assert {row["client_id"] for row in rows(folder, "orders_timed.csv")} == posted
    assert live["latencies"]["decided_to_sent"]["orders"] == len(posted)
    assert {row["clOrdID"] for row in venue.orders()} == posted


def test_what_it_heard_is_recorded_and_a_batch_was_written_when_it_ends(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Process(folder, "--for", 2, "--quiet", "--record", tmp_path / "kept", config=config) as process:
        code = process.wait()

    assert code == 0, process.said()
    store = Store(tmp_path / "kept")
    kept = {series.kind: series for series in store.series()}
    with TraceReader(folder) as reader:
        said = [each for stretch in reader.stretches(1) for each in stretch.said if each.sender == "feed"]
    for message_class, kind in ((Tick, "ticks"), (Quote, "quotes"), (MarkPrice, "marks")):
        heard = [each.message for each in said if type(each.message) is message_class]
        assert list(store.table("loopback", "XBTUSD", kind).messages()) == heard
        assert kept[kind].rows == len(heard)
    assert kept["quotes"].rows > 0
    assert kept["index"].rows > 0
    assert not (folder / "data").exists()


def test_a_signal_ends_it_in_order_and_cancels_what_rests(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: len(venue.open_orders()) >= 2 and len(venue.trades()) >= 2)
        process.signal(signal.SIGINT)
        assert process.wait() == 130, process.said()

    assert_agree(folder, venue)
    told = summary(folder)
    assert told["live"]["exit_code"] == 130
    assert told["live"]["ended_by"] == told["stopped"] == "SIGINT"
    assert told["halted"] is None


def test_a_second_signal_ends_it_at_once(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Process(folder, "--quiet", config=config) as process:
        process.until(venue.open_orders)
        # The cancels do not come through, so that the ordered stop would take its ten seconds, and name what is left.
        venue.no_cancels()
        process.signal(signal.SIGTERM)
        process.until(lambda: venue.count("DELETE", "/order/all"))
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()

    live = summary(folder)["live"]
    assert live["ended_by"] == "SIGTERM"
    assert live["troubles"] == ["1 order of ours may still be open: it was ended at once"]


# In this process.


def test_the_books_of_one_strategy_are_the_accounts_to_the_satoshi_while_it_holds_something(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Flipper", lots=7))

    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 4, life.story)

    assert venue.position()["currentQty"]
    assert_agree(folder, venue)
    assert life.code == 143


def test_flattens_at_the_end_when_told_so(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Life(folder, config, on_stop="flatten") as life:
        until(lambda: venue.position()["currentQty"] and len(venue.trades()) >= 6, life.story)

    assert venue.position()["currentQty"] == 0
    assert_agree(folder, venue)


def test_leaves_orders_at_the_end_when_told_so_and_takes_the_switch_off(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))

    with Life(folder, config, on_stop="leave") as life:
        until(lambda: venue.open_orders() and venue.trades() and venue.switch() is not None, life.story)

    assert_agree(folder, venue, open_orders=1)
    assert venue.switch() is None


def test_an_ordered_stop_waits_for_an_order_that_is_on_its_way_and_not_yet_shown(tmp_path, venue, monkeypatch):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"), live="dead_mans_switch_s = 0\n")
    venue.fault(Rule(kind="latency", verb="POST", path="/order", ms=700))
    go, honest = threading.Event(), LiveState.hear

    def late(state, message):
        if isinstance(message, SubmitOrder):
            go.wait(60)
        honest(state, message)

    monkeypatch.setattr(LiveState, "hear", late)
    with Life(folder, config) as life:
        until(lambda: len(venue.arrived) == 1, life.story)
        stop = threading.Thread(target=life.stop)
        stop.start()
        until(lambda: venue.count("DELETE", "/order/all"), life.story)
        # Long enough for a driver that sees no order to have ended.
        time.sleep(0.2)
        go.set()
        stop.join()

    assert venue.orders()
    assert_agree(folder, venue)
    assert summary(folder)["live"]["troubles"] == []


def test_what_an_ordered_stop_cannot_cancel_is_said(tmp_path, venue, monkeypatch):
    monkeypatch.setattr("adapters.live.stopping.Patience.__init__.__kwdefaults__", {"flatten_s": 1.0, "cancel_s": 0.5})
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))

    with Life(folder, config) as life:
        until(lambda: venue.open_orders() and life.run.state.snapshot().open_orders, life.story)
        venue.no_cancels()

    venue.calm()
    assert len(venue.open_orders()) == 1
    assert summary(folder)["live"]["troubles"] == ["1 order was not known to be gone after 0.5 s"]


def test_timed_orders_are_timed_in_order(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Flipper"))
    began = time.time_ns()

    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 3, life.story)

    for row in rows(folder, "orders_timed.csv"):
        # No tick stands behind an order that makes up for another one.
        told = [row[f"{name}ts_ns"] for name in ("tick_", "", "handed_", "sent_", "acknowledged_")]
        times = [int(each) for each in told if each]
        assert times == sorted(times)
        assert began < times[0] < times[-1] < time.time_ns()
