"""A live run of a few seconds, as a user starts it: what it has written is what the exchange has in its books."""

import signal

import pytest

from tests.system.live.agreement import assert_agree, rows, summary
from tests.system.live.lives import Process, a_folder, a_strategy
from tests.system.live.venue import a_venue

BOTH = (a_strategy("Flipper", lots=3), a_strategy("Mixed"))


@pytest.fixture
def venue():
    with a_venue() as venue:
        yield venue


@pytest.fixture(autouse=True)
def locks(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_ends_by_itself_with_files_that_equal_the_exchange(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Process(folder, "--for", 4, "--quiet", config=config) as process:
        code = process.wait()

    assert code == 0, process.said()
    fills = assert_agree(folder, venue)
    assert len(fills) >= 4
    live = summary(folder)["live"]
    assert (live["venue"], live["account"], live["paper"], live["lives"]) == ("loopback", "main", False, 1)
    assert (live["ended_by"], live["exit_code"], live["troubles"], live["foreign"]) == ("--for", 0, [], [])
    assert live["adjustments"] == 0
    posted = {name for name in venue.posts()}
    assert {row["client_id"] for row in rows(folder, "orders_timed.csv")} == posted
    assert live["latencies"]["decided_to_sent"]["orders"] == len(posted)
    assert {row["clOrdID"] for row in venue.orders()} == posted


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_in_order_and_cancels_what_rests(tmp_path, venue, number, code):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: len(venue.open_orders()) >= 2 and len(venue.trades()) >= 2)
        process.signal(number)
        assert process.wait() == code, process.said()

    assert_agree(folder, venue)
    told = summary(folder)
    assert told["live"]["exit_code"] == code
    assert told["live"]["ended_by"] == told["stopped"] == number.name
    assert told["halted"] is None


def test_flattens_at_the_end_when_told_so(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Process(folder, "--quiet", "--on-stop", "flatten", config=config) as process:
        process.until(lambda: venue.position()["currentQty"] and len(venue.trades()) >= 6)
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()

    assert venue.position()["currentQty"] == 0
    assert_agree(folder, venue)


def test_leaves_orders_at_the_end_when_told_so_and_takes_the_switch_off(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))

    with Process(folder, "--quiet", "--on-stop", "leave", config=config) as process:
        process.until(lambda: venue.open_orders() and venue.trades() and venue.switch() is not None)
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()

    assert_agree(folder, venue, open_orders=1)
    assert venue.switch() is None


def test_a_second_signal_ends_it_at_once(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: venue.open_orders())
        # The cancels do not come through, so that the ordered stop would take its ten seconds.
        venue.fault_cancels()
        process.signal(signal.SIGTERM)
        process.until(lambda: venue.count("DELETE", "/order/all"))
        began = venue.now()
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()
        took = venue.now() - began

    assert took < 9
    assert summary(folder)["live"]["ended_by"] == "SIGTERM"
