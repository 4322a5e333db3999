"""A series is cut on its way into the store only where a cut changes nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.data.writing import SeriesWriter, cut_of
from adapters.store import Store
from tests.adapters.data.data_builders import DAY, NEW_YEAR

TIMES = st.lists(st.sampled_from((0, 0, 1, 5, DAY // 3, DAY)), max_size=12).map(
    lambda steps: NEW_YEAR + np.cumsum(np.array(steps, dtype=np.int64))
)


def ticks(received):
    """Trades that are all alike but for their times."""
    count = len(received)
    return {
        "ts": received, "received": received, "price": np.full(count, 9.0), "size": np.ones(count),
        "aggressor": np.zeros(count, dtype=np.int8),
    }  # fmt: skip


@given(TIMES)
def test_a_cut_parts_no_instant_and_a_day_only_when_it_is_the_only_one(received):
    cut = cut_of(received)

    if cut:
        assert received[cut - 1] < received[cut]
        days = received // DAY
        assert days[cut - 1] != days[cut] or days[0] == days[-1]
    else:
        assert len(set(received.tolist())) <= 1


@settings(max_examples=20)
@given(received=TIMES, pieces=st.integers(1, 5), rows_max=st.integers(1, 6))
def test_all_rows_arrive_however_they_are_cut(tmp_path_factory, received, pieces, rows_max):
    store = Store(tmp_path_factory.mktemp("cut") / "store")
    writer = SeriesWriter(store, "bitmex", "XBTUSD", "ticks", rows_max=rows_max)

    for part in np.array_split(received, pieces):
        writer.add(ticks(part))
    writer.finish()

    assert store.ticks("bitmex", "XBTUSD")["received"].tolist() == received.tolist()
    assert (writer.rows, writer.new) == (len(received), len(received))
