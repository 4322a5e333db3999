"""Bars of a store are those that somebody had when they ended; what came later changes no run, and is said."""

import numpy as np

from adapters.store import Store
from adapters.stored.series import StoredSeries, stored_bars
from tests.adapters.stored.stores import write_bars
from tests.builders import MINUTE, SECOND

COUNT = 20


def bars_of(root):
    series = StoredSeries(
        store=Store(root), venue="bitmex", symbol="XBTUSD", name="XBTUSD", kind="bars-1m", period=MINUTE, begin=None,
        end=None,
    )  # fmt: skip
    return stored_bars(series)


def written_again(root, first, *, volume, late):
    """The same bars, received so long after their ends."""
    names = ("open_ts", "close_ts", "open", "high", "low", "close")
    rows = {name: getattr(first, name)[:5] for name in names}
    rows |= {"volume": np.full(5, volume), "received": rows["close_ts"] + late}
    Store(root).write("bitmex", "XBTUSD", "bars-1m", {**rows, "turnover": np.full(5, np.nan), "ticks": np.full(5, -1)})


def test_a_correction_that_came_later_is_not_foreseen(tmp_path):
    first = write_bars(tmp_path, bars=COUNT)
    written_again(tmp_path, first, volume=777.0, late=3_600 * SECOND)

    bars, notes = bars_of(tmp_path)

    assert bars.volume.tolist() == first.volume.tolist()
    assert notes == (
        "data: 5 1m bars of XBTUSD at bitmex are there more than once; of each the one received first counts",
    )


def test_of_two_that_were_received_at_one_time_the_one_written_last_counts(tmp_path):
    first = write_bars(tmp_path, bars=COUNT)
    written_again(tmp_path, first, volume=777.0, late=0)

    bars, notes = bars_of(tmp_path)

    assert bars.volume.tolist() == [777.0] * 5 + first.volume.tolist()[5:]
    assert len(notes) == 1


def test_bars_that_came_long_after_their_end_are_counted_and_said(tmp_path):
    first = write_bars(tmp_path / "other", bars=COUNT)
    written_again(tmp_path, first, volume=1.0, late=MINUTE + SECOND)

    bars, notes = bars_of(tmp_path)

    assert len(bars) == 5
    assert "5 1m bars of XBTUSD at bitmex were received more than a period after their end, the latest 61 s" in notes[0]


def test_a_second_or_two_is_nobodys_delay(tmp_path):
    first = write_bars(tmp_path / "other", bars=COUNT)
    written_again(tmp_path, first, volume=1.0, late=2 * SECOND)

    assert bars_of(tmp_path)[1] == ()
