"""A second trader on a folder or an account that has one is refused, though the first stands still (F59, I23)."""

import json
import signal

from tests.system.live.agreement import assert_agree
from tests.system.live.lives import Process, a_folder, a_strategy


def a_second_trader(place, venue):
    """Both ways, twice. AssertionError when one was let in, or the first took harm."""
    folder, config = a_folder(place, venue, a_strategy("Flipper", lots=3), a_strategy("Mixed"))
    other, _ = a_folder(place, venue, name="other")
    with Process(folder, "--quiet", config=config) as first:
        first.until(lambda: len(venue.trades()) >= 4)
        for stands_still in (False, True):
            if stands_still:
                first.signal(signal.SIGSTOP)
            for twin in (folder, other):
                with Process(twin, "--quiet", config=config) as second:
                    assert second.wait() == 2, second.said()
                    assert "in use by process" in second.said()
                    assert str(first.process.pid) in second.said()
        first.signal(signal.SIGCONT)
        trades = len(venue.trades())
        first.until(lambda: len(venue.trades()) >= trades + 4)
        first.signal(signal.SIGTERM)
        assert first.wait() == 143, first.said()
    assert_agree(folder, venue)
    run6 = {row["clOrdID"].partition("-")[0] for row in venue.orders()}
    assert len(run6) == 1, f"orders of several runs: {run6}"
    assert json.loads((folder / "summary.json").read_text("utf-8"))["live"]["adjustments"] == 0
