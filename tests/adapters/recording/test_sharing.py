"""Who records shares with others: a market is in a store once, and a disk is not filled to its end."""

import os
import shutil
import signal

import attrs
import pytest

from adapters.recording import Claims, Recording, Roller
from adapters.recording.actor import MarketRecorder
from adapters.store import Store
from adapters.store.segment import segment_paths
from messages import RecordingResumed, RecordingStopped
from tests.adapters.recording.recording_builders import VENUE, NoRoller, a_tap, say
from tests.adapters.recording.test_recording import woken
from tests.adapters.store.store_builders import DAY, a_segment, read, ticks
from tests.builders import MONDAY, SECOND

MEGABYTE = 1_000_000


@attrs.define
class Usage:
    """What is free on every disk."""

    free: int


@pytest.fixture
def disk(monkeypatch):
    usage = Usage(free=1_000 * MEGABYTE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    return usage


def recording_for(root, *symbols, run="run", **options):
    claims = Claims(root, [(VENUE, symbol) for symbol in symbols], root.parent / run)
    return Recording(root, a_tap(), roller=NoRoller(), claims=claims, **options)


def stamps(root):
    return [tick.received - MONDAY for tick in read(Store(root), "ticks", venue=VENUE)]


def test_two_runs_that_record_one_market_into_one_store_have_each_trade_there_once(tmp_path):
    root = tmp_path / "data"
    first, second = recording_for(root, "XBTUSD", run="one"), recording_for(root, "ETHUSD", "XBTUSD", run="two")
    recorder = MarketRecorder(second)
    for recording in (first, second):
        say(recording.tap, *ticks(3))
    first.write(MONDAY)

    (stopped,), _ = woken(recorder)
    # What comes until the other has ended, he has; and what came since the last look may be his.
    for recording in (first, second):
        say(recording.tap, *ticks(2, first=MONDAY + 10))
    first.close(MONDAY)
    woken(recorder, MONDAY + SECOND)
    said, _ = woken(recorder, MONDAY + 2 * SECOND)
    say(second.tap, *ticks(2, first=MONDAY + 20))
    second.close(MONDAY)

    assert isinstance(stopped, RecordingStopped)
    assert "recording of XBTUSD at loopback" in stopped.reason
    assert str(tmp_path / "one") in stopped.reason
    assert said == [RecordingResumed(5, MONDAY + 2 * SECOND)]
    assert stamps(root) == [0, 1, 2, 10, 11, 20, 21]


def test_a_run_that_was_refused_one_market_keeps_none_from_others(tmp_path):
    first, second, third = (recording_for(tmp_path, *names) for names in (("A",), ("B", "A"), ("B",)))
    first.write(MONDAY)
    second.write(MONDAY)
    third.write(MONDAY)

    assert (first.failure, third.failure) == ("", "")
    assert second.failure
    for recording in (first, second, third):
        recording.close(MONDAY)


def test_where_nothing_can_be_claimed_it_is_recorded_all_the_same(tmp_path):
    recording = recording_for(tmp_path, "XBTUSD")
    (tmp_path / "live" / f"{VENUE}.XBTUSD.recorder").mkdir(parents=True)
    say(recording.tap, *ticks(3))

    recording.close(MONDAY)

    assert recording.failure == ""
    assert stamps(tmp_path) == [0, 1, 2]


def test_what_others_need_of_the_disk_is_left_to_them(tmp_path, disk):
    recording = recording_for(tmp_path / "data", "XBTUSD", reserve=10 * MEGABYTE)
    recorder = MarketRecorder(recording)
    say(recording.tap, *ticks(2))
    disk.free = 10 * MEGABYTE - 1

    (stopped,), _ = woken(recorder)
    before = list(tmp_path.rglob("*.sqlite"))
    disk.free = 10 * MEGABYTE
    said, _ = woken(recorder)
    recording.close(MONDAY)

    assert "less than 10 MB are free" in stopped.reason
    assert before == []
    assert said == [RecordingResumed(0, MONDAY)]
    assert stamps(tmp_path / "data") == [0, 1]


@pytest.mark.parametrize("short", [0, 1])
def test_days_are_rolled_only_where_there_is_room_for_them_beside_the_segments(tmp_path, disk, short):
    a_segment(tmp_path, ticks(3))
    (path,) = segment_paths(tmp_path / "live")
    roller = Roller(tmp_path, reserve=MEGABYTE)
    disk.free = MEGABYTE + path.stat().st_size - short

    roller.look(MONDAY + DAY)
    rolling = roller._process

    assert (rolling is None) == bool(short)
    if rolling is not None:
        rolling.wait(60)
        roller.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows stops no process")
def test_a_rolling_that_hangs_ends_with_the_run_and_is_done_at_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("adapters.recording.roller._LAST_S", 0.05)
    a_segment(tmp_path, ticks(3))
    hangs, next_one = Roller(tmp_path), Roller(tmp_path)
    hangs.look(MONDAY + DAY)
    process = hangs._process
    os.kill(process.pid, signal.SIGSTOP)

    hangs.close()
    there = len(read(Store(tmp_path), "ticks"))
    next_one.look(MONDAY + DAY)
    rolled = next_one._process.wait(60)
    next_one.close()

    assert process.returncode == -signal.SIGKILL
    assert (there, rolled) == (3, 0)
    assert segment_paths(tmp_path / "live") == []
    assert len(read(Store(tmp_path), "ticks")) == 3
