"""Everything that feeds say is kept whole; what cannot be is counted and said, and recording goes on when it can."""

import sqlite3

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.recording import actor
from adapters.recording.actor import RETRY_NS, MarketRecorder
from adapters.recording.roller import Roller
from adapters.store import Store
from adapters.store.segment import segment_paths
from adapters.store.segment_writer import SegmentWriter
from messages import (
    ExternalEvent,
    HaltTrading,
    Quarantined,
    RecordingResumed,
    RecordingStopped,
    SpreadSample,
    WakeAt,
    Woke,
)
from messages import VenueSnapshot as Side
from tests.adapters.recording.recording_builders import VENUE, a_recording, a_tap, say
from tests.adapters.store.store_builders import DAY, ITEMS, a_segment, in_order, read, ticks
from tests.builders import MONDAY, SECOND, a_bar, a_book, a_fill, a_quote, a_tick

ANY = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def woken(recorder, at=MONDAY):
    """What it says when it wakes, its next timer aside, and when that is."""
    (timer,) = recorder.on_start()
    *said, again = recorder.on_woke(Woke(at, timer.token))
    assert isinstance(again, WakeAt)
    return said, again.at


@ANY
@given(data=st.data())
def test_what_a_feed_says_comes_back_whole(data, tmp_path_factory):
    name = data.draw(st.sampled_from(sorted(set(ITEMS) - {"events", "spreads"})))
    batches = data.draw(st.lists(st.lists(ITEMS[name], min_size=1, max_size=5), max_size=4))
    recording = a_recording(tmp_path_factory.mktemp("store"))

    for number, batch in enumerate(batches):
        say(recording.tap, *batch)
        recording.write(MONDAY + number)
    recording.close(MONDAY)

    items = [item for batch in batches for item in batch]
    assert read(Store(recording.root), name, venue=VENUE) == in_order(items)
    assert (recording.written, recording.lost, recording.failure) == (len(items), 0, "")


def test_quotes_and_books_are_not_conflated(tmp_path):
    recording = a_recording(tmp_path)
    quotes = [a_quote(99.0, 100.0 + number, ts=MONDAY) for number in range(50)]
    books = [a_book(((99.0, number + 1.0),), ts=MONDAY) for number in range(50)]

    say(recording.tap, *quotes, *books)
    recording.close(MONDAY)

    store = Store(tmp_path)
    assert read(store, "quotes", venue=VENUE) == quotes
    assert read(store, "books", venue=VENUE) == books


def test_each_item_is_kept_at_its_own_venue_under_its_own_name(tmp_path):
    recording = a_recording(tmp_path)
    event = ExternalEvent(source="news", kind="headline", ts=MONDAY, received=MONDAY)
    side = Side(symbol="XBTUSD", ts=None)
    sample = SpreadSample(name="pair", received=MONDAY, a=side, b=side)
    aside = Quarantined(symbol="XBTUSD", received=MONDAY, reason="crossed")

    say(recording.tap, a_tick())
    say(recording.tap, a_tick(), sender="feed:other")
    say(recording.tap, a_tick(symbol="ETHUSD.BITMEX"))
    say(recording.tap, event, sender="somebody")
    say(recording.tap, sample, aside, sender="tick-filter")
    recording.close(MONDAY)

    found = [(each.venue, each.symbol, each.kind) for each in Store(tmp_path).series()]
    assert found == [
        ("bitmex", "ETHUSD", "ticks"),
        ("external", "news", "events"),
        (VENUE, "XBTUSD", "quarantine"),
        (VENUE, "XBTUSD", "ticks"),
        ("other", "XBTUSD", "ticks"),
        ("spreads", "pair", "spreads"),
    ]


def test_what_others_pass_on_and_what_is_no_market_is_not_kept(tmp_path):
    recording = a_recording(tmp_path, kinds=["ticks", "bars"])

    say(recording.tap, a_bar(), a_tick(), sender="bar-builder")
    say(recording.tap, a_fill(), a_quote())
    recording.close(MONDAY)

    assert (Store(tmp_path).series(), recording.written) == ((), 0)
    assert not (tmp_path / "live").exists()


def test_what_waits_is_bounded_and_a_book_counts_its_levels():
    tap = a_tap(waiting_max=10)
    say(tap, *ticks(4), a_book(((1.0, 1.0),) * 4, ()), a_tick(), a_tick())

    assert tap.take_lost() == 1
    assert len(tap.take(100).items) == 6
    assert (tap.take(100), tap.take_lost()) == (None, 0)
    say(tap, *ticks(10))
    assert (tap.take_lost(), len(tap.take(3).items)) == (0, 3)


def test_what_no_file_can_hold_is_counted_and_keeps_nothing_else(tmp_path):
    recording = a_recording(tmp_path)
    say(recording.tap, a_tick(1.0), a_tick(2.0, ts=2**70, received=MONDAY), a_tick(3.0))

    recording.close(MONDAY)

    assert [tick.price for tick in read(Store(tmp_path), "ticks", venue=VENUE)] == [1.0, 3.0]
    assert recording.lost == 1


# Days.


def test_a_day_that_is_over_has_its_segment_closed_and_rolled_beside_the_run(tmp_path):
    recording = a_recording(tmp_path, roller=Roller(tmp_path))
    say(recording.tap, *ticks(3))
    recording.write(MONDAY)
    say(recording.tap, *ticks(2, first=MONDAY + DAY))
    recording.write(MONDAY + DAY)
    rolling = recording.roller._process

    assert rolling.wait(60) == 0
    days = list(tmp_path.rglob("*.parquet"))
    recording.close(MONDAY + DAY)

    assert [path.stem for path in days] == ["2024-01-01"]
    assert len(segment_paths(tmp_path / "live")) == 1
    assert len(read(Store(tmp_path), "ticks", venue=VENUE)) == 5


def test_what_a_crash_left_of_an_earlier_day_is_rolled_at_the_start_and_todays_is_not(tmp_path):
    a_segment(tmp_path, ticks(3))
    a_segment(tmp_path, ticks(2, first=MONDAY + DAY), started=MONDAY + DAY)
    roller = Roller(tmp_path)

    roller.look(MONDAY + DAY)
    assert roller._process.wait(60) == 0
    roller.look(MONDAY + DAY)

    assert roller._process is None
    assert [path.name[:10] for path in segment_paths(tmp_path / "live")] == ["2024-01-02"]
    assert len(read(Store(tmp_path), "ticks")) == 5


def test_where_there_is_nothing_to_roll_no_process_is_begun(tmp_path):
    a_segment(tmp_path, ticks(3))
    roller = Roller(tmp_path)

    roller.look(MONDAY)

    assert roller._process is None


# Failures.


class Full:
    """A disk that is full until somebody makes room."""

    def __init__(self, monkeypatch):
        self.is_full = False
        real = SegmentWriter.write

        def write(writer, pieces):
            if self.is_full:
                raise sqlite3.OperationalError("database or disk is full")
            return real(writer, pieces)

        monkeypatch.setattr(SegmentWriter, "write", write)


def test_a_full_disk_is_said_once_and_nothing_is_lost_when_there_is_room_in_time(tmp_path, monkeypatch):
    disk, recording = Full(monkeypatch), a_recording(tmp_path)
    recorder = MarketRecorder(recording)
    say(recording.tap, *ticks(2))
    assert woken(recorder) == ([], MONDAY + actor.BATCH_NS)

    disk.is_full = True
    say(recording.tap, *ticks(2, first=MONDAY + 10))
    stopped, again = woken(recorder, MONDAY + 1)
    say(recording.tap, *ticks(2, first=MONDAY + 20))
    still, _ = woken(recorder, MONDAY + SECOND)
    disk.is_full = False
    resumed, _ = woken(recorder, MONDAY + 2 * SECOND)
    recording.close(MONDAY)

    assert stopped == [RecordingStopped("database or disk is full", MONDAY + 1)]
    assert again == MONDAY + 1 + RETRY_NS
    assert still == []
    assert resumed == [RecordingResumed(0, MONDAY + 2 * SECOND)]
    stamps = [tick.received - MONDAY for tick in read(Store(tmp_path), "ticks", venue=VENUE)]
    assert stamps == [0, 1, 10, 11, 20, 21]


def test_what_had_no_place_while_the_disk_was_full_is_counted_and_said(tmp_path, monkeypatch):
    disk, recording = Full(monkeypatch), a_recording(tmp_path, waiting_max=5)
    recorder = MarketRecorder(recording)
    disk.is_full = True
    say(recording.tap, *ticks(3))
    woken(recorder)
    say(recording.tap, *ticks(9, first=MONDAY + 100))

    assert woken(recorder) == ([], MONDAY + RETRY_NS)
    disk.is_full = False
    said, _ = woken(recorder)
    recording.close(MONDAY)

    assert said == [RecordingResumed(4, MONDAY)]
    assert (recording.lost, recording.written) == (4, 8)


def test_what_comes_faster_than_it_can_be_written_is_said_too(tmp_path):
    recording = a_recording(tmp_path, waiting_max=5)
    recorder = MarketRecorder(recording)
    say(recording.tap, *ticks(8))

    stopped, _ = woken(recorder)
    resumed, _ = woken(recorder, MONDAY + 1)
    recording.close(MONDAY)

    assert stopped == [RecordingStopped("more was said than could be written", MONDAY)]
    assert resumed == [RecordingResumed(3, MONDAY + 1)]


@pytest.mark.parametrize("halts", [True, False])
def test_trading_is_halted_where_nobody_shall_trade_unrecorded_and_only_there(tmp_path, monkeypatch, halts):
    disk, recording = Full(monkeypatch), a_recording(tmp_path)
    disk.is_full = True
    say(recording.tap, *ticks(1))

    said, _ = woken(MarketRecorder(recording, halts=halts))

    assert [type(each) for each in said] == [RecordingStopped, HaltTrading][: 1 + halts]
    assert not halts or said[1].reason == "recording: database or disk is full"


def test_what_cannot_be_written_at_the_end_is_counted(tmp_path, monkeypatch):
    disk, recording = Full(monkeypatch), a_recording(tmp_path)
    disk.is_full = True
    say(recording.tap, *ticks(7))

    recording.close(MONDAY)

    assert (recording.lost, recording.failure) == (7, "database or disk is full")


def test_a_folder_that_is_taken_away_costs_what_was_in_it_and_recording_goes_on_in_a_new_segment(tmp_path):
    recording = a_recording(tmp_path)
    recorder = MarketRecorder(recording)
    say(recording.tap, *ticks(1))
    woken(recorder)
    for path in (tmp_path / "live").iterdir():
        path.unlink()

    say(recording.tap, *ticks(2))
    ((stopped,), _), ((resumed,), _) = woken(recorder), woken(recorder)
    recording.close(MONDAY)

    assert "somebody has removed it" in stopped.reason
    assert resumed.lost == 0
    assert len(read(Store(tmp_path), "ticks", venue=VENUE)) == 2


def test_a_store_that_cannot_be_made_is_an_alarm_and_not_the_end(tmp_path):
    (tmp_path / "data").write_text("no folder")
    recording = a_recording(tmp_path / "data")
    say(recording.tap, *ticks(1))

    (said,), _ = woken(MarketRecorder(recording))

    assert isinstance(said, RecordingStopped)
    (tmp_path / "data").unlink()
    # Whoever wrote may have been restarted meanwhile.
    assert woken(MarketRecorder(recording))[0] == [RecordingResumed(0, MONDAY)]
    recording.close(MONDAY)
    assert len(read(Store(tmp_path / "data"), "ticks", venue=VENUE)) == 1


def test_a_timer_of_an_incarnation_before_is_not_this_ones(tmp_path):
    old, new = MarketRecorder(a_recording(tmp_path)), MarketRecorder(a_recording(tmp_path))
    (timer,) = old.on_start()

    assert new.on_woke(Woke(MONDAY, timer.token)) == ()
    assert attrs.asdict(timer)["at"] == 1
