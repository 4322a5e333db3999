"""A run knows what it records, and leaves its own disk the room that orders need."""

import os
from types import SimpleNamespace

import pytest

from adapters.live import recorded
from adapters.live.recorded import RESERVE, recording_of
from adapters.live.settings import LiveOptions, live_settings
from tests.builders import MONDAY

VENUE = SimpleNamespace(environment=SimpleNamespace(name="loopback"))
BESIDE = """
[[strategies]]
strategy = "random"
symbols = ["XBTUSD"]
period = "1s"

[[feeds]]
venue = "loopback"
name = "other"
port = 8081
symbols = ["ETHUSD"]

[[events]]
source = "mood"
file = "mood.jsonl"

[[spreads]]
name = "basis"
a = "XBTUSD"
b = "ETHUSD.OTHER"
"""


def recording_in(folder, **options):
    return recording_of(live_settings(LiveOptions(**options), folder), folder, VENUE)


def test_nobody_else_may_record_what_a_run_trades_and_hears(tmp_path):
    config = tmp_path / "live.toml"
    config.write_text(BESIDE, encoding="utf-8")
    (tmp_path / "mood.jsonl").touch()
    (tmp_path / "run").mkdir()
    recording = recording_in(tmp_path / "run", config=config)
    recording.write(MONDAY)
    recording.close(MONDAY)

    claimed = sorted(path.name for path in (tmp_path / "run" / "data" / "live").glob("*.recorder"))
    assert claimed == [
        "external.mood.recorder",
        "loopback.XBTUSD.recorder",
        "other.ETHUSD.recorder",
        "spreads.basis.recorder",
    ]


@pytest.mark.parametrize("is_one", [True, False])
def test_room_is_left_on_the_disk_that_the_journal_is_on_and_on_no_other(tmp_path, monkeypatch, is_one):
    disks = {tmp_path: 1, tmp_path / "store": 1 if is_one else 2}
    (tmp_path / "store").mkdir()
    monkeypatch.setattr(recorded, "_disk_of", disks.__getitem__)
    recording = recording_in(tmp_path, record=tmp_path / "store" / "not" / "yet" / "there")

    assert recording._reserve == (RESERVE if is_one else 0)
    assert recording.roller._reserve == recording._reserve
    recording.close(MONDAY)


def test_a_disk_is_what_the_system_says(tmp_path):
    assert recorded._disk_of(tmp_path) == os.stat(tmp_path).st_dev  # noqa: PTH116 another way of asking
