"""A recorder that is killed loses what it had not written, and nothing that it had; a full disk costs no run."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.store import Store
from adapters.store.segment import segment_paths
from tests.adapters.recording.recorders import BATCH
from tests.adapters.recording.recording_builders import VENUE, a_recording, say
from tests.adapters.store.store_builders import read, ticks
from tests.builders import MONDAY

ROOT = Path(__file__).parents[3]
KILLS = 5


def begun(*arguments):
    command = [sys.executable, "-m", "tests.adapters.recording.recorders", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def stamps(store):
    return [tick.received - MONDAY for tick in read(store, "ticks", venue=VENUE)]


def test_kill_9_loses_at_most_the_open_batch_and_never_a_written_one(tmp_path):
    store, moments = Store(tmp_path), random.Random(1)
    there = 0
    for kill in range(KILLS):
        with begun("record_on", tmp_path, there) as process:
            lines = [process.stdout.readline()]
            time.sleep(moments.uniform(0, 0.08))
            process.kill()
            lines += process.stdout.readlines()
        told = int([line for line in lines if line.endswith("\n")][-1])

        found = stamps(store)
        assert found == list(range(len(found)))
        # The last batch may have been written and not told any more.
        assert len(found) in (told, told + BATCH)
        there = len(found)
        if kill == KILLS // 2:
            store.roll()
            assert segment_paths(tmp_path / "live") == []
            assert stamps(store) == found

    assert there > KILLS * BATCH
    store.roll()
    assert stamps(store) == list(range(there))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on a file's size")
def test_a_disk_that_is_full_for_a_while_costs_only_what_had_no_place_meanwhile(tmp_path):
    with begun("record_on_a_full_disk", tmp_path, 300_000) as process:
        told = json.loads(process.stdout.read())

    found = stamps(Store(tmp_path))
    assert told["failure"]
    assert told["at_end"] == ""
    assert told["lost"] > 0
    assert len(found) == told["written"] == told["said"] - told["lost"]
    assert len(set(found)) == len(found)
    # Who says something waits for no disk.
    assert told["slowest"] < 0.1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever may do everything can write everywhere")
def test_a_folder_that_may_not_be_written_is_an_alarm(tmp_path):
    tmp_path.chmod(0o500)
    recording = a_recording(tmp_path)
    say(recording.tap, *ticks(3))

    recording.write(MONDAY)
    failure = recording.failure
    tmp_path.chmod(0o700)
    recording.close(MONDAY)

    assert "Permission denied" in failure
    assert len(stamps(Store(tmp_path))) == 3


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever may do everything can write everywhere")
def test_a_store_that_may_only_be_read_is_read_with_its_segments(tmp_path):
    recording = a_recording(tmp_path)
    say(recording.tap, *ticks(3))
    recording.close(MONDAY)
    (tmp_path / "live").chmod(0o500)

    found = stamps(Store(tmp_path))
    (tmp_path / "live").chmod(0o700)

    assert found == [0, 1, 2]
