"""What a run does not know at its end is said at its end."""

from actors.result import OrderRow
from adapters.live.ending import left_unknown, not_recorded
from adapters.live.snapshot import AccountView
from messages import OrderType
from tests.adapters.recording.recording_builders import a_recording, say
from tests.builders import MONDAY, a_tick


def an_order_row(status="filled", lots=-10, lots_filled=-10):
    return OrderRow(
        MONDAY, "main", "random", (("random", lots),), "XBTUSD", "r-random-1", OrderType.MARKET, lots, None, status,
        lots_filled=lots_filled,
    )  # fmt: skip


def test_nothing_is_said_where_everything_is_known():
    orders = [an_order_row(), an_order_row(status="cancelled", lots_filled=-3)]
    accounts = [AccountView(account="main", venue="ready"), AccountView(account="paper:idea")]

    assert left_unknown(orders, accounts) == []


def test_an_order_that_was_filled_without_its_fills_is_named():
    (said,) = left_unknown([an_order_row(lots_filled=-4), an_order_row()], [])

    assert said.startswith("fills of 1 order that the venue had filled were not heard of: ")
    assert "start again with the same --out" in said


def test_a_venue_that_was_not_there_is_named_with_the_reason():
    (said,) = left_unknown([], [AccountView(account="main", venue="lost: the line is down.")])

    assert said.startswith("the venue of main was not there (the line is down): ")


def test_what_was_not_recorded_is_counted_and_says_where_it_is_missing(tmp_path):
    (tmp_path / "data").write_text("no folder")
    recording = a_recording(tmp_path / "data")
    say(recording.tap, a_tick(), a_tick())
    recording.close(MONDAY)

    (said,) = not_recorded(recording)
    assert said.startswith("2 items of the market had not been recorded (")
    assert said.endswith(f"): {tmp_path / 'data'} lacks them")


def test_a_recording_that_has_everything_is_no_trouble(tmp_path):
    recording = a_recording(tmp_path)
    say(recording.tap, a_tick())
    recording.close(MONDAY)

    assert (not_recorded(recording), not_recorded(None)) == ([], [])
