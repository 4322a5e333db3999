"""An order's latency begins with what its strategy had heard, and only where that is why it was sent."""

import csv
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapters.live.latencies import TimedOrder, percentiles, timed_file, timed_orders
from messages import OrderTimed, SubmitOrder
from tests.builders import MONDAY, a_signal, an_order


def _timed(client_id, decided, **changes):
    times = {"handed": decided + 10, "sent": decided + 30, "acknowledged": decided + 100, **changes}
    return OrderTimed(account="main", client_id=client_id, symbol="XBTUSD", decided=decided, **times)


def _asked(client_id, ts, owners=(("trend", 1),)):
    return SubmitOrder(an_order(client_id=client_id, ts=ts, owners=owners))


def test_an_order_s_tick_is_its_owner_s_last_signal():
    signals = [a_signal(ts=MONDAY), a_signal(ts=MONDAY + 50), a_signal(strategy="other", ts=MONDAY + 60)]

    (row,) = timed_orders(signals, [_asked("a", MONDAY + 70)], [_timed("a", MONDAY + 70)])

    assert (row.tick, row.decided, row.sent) == (MONDAY + 50, MONDAY + 70, MONDAY + 100)


def test_of_several_owners_the_last_one_s_signal_counts():
    signals = [a_signal(strategy="a", ts=MONDAY), a_signal(strategy="b", ts=MONDAY + 5)]

    (row,) = timed_orders(signals, [_asked("n", MONDAY + 9, owners=(("a", 1), ("b", 1)))], [_timed("n", MONDAY + 9)])

    assert row.tick == MONDAY + 5


def test_a_signal_counts_for_the_first_order_after_it_alone():
    asked = [_asked("a", MONDAY + 9), _asked("b", MONDAY + 60_000)]
    timed = [_timed("b", MONDAY + 60_000), _timed("a", MONDAY + 9)]

    rows = timed_orders([a_signal(ts=MONDAY)], asked, timed)

    assert [(row.client_id, row.tick) for row in rows] == [("a", MONDAY), ("b", None)]
    assert percentiles(rows)["tick_to_decided"]["orders"] == 1
    assert percentiles(rows)["decided_to_sent"]["orders"] == 2


def test_an_order_of_an_earlier_life_and_one_without_a_signal_have_no_tick():
    rows = timed_orders([a_signal(ts=MONDAY + 50)], [_asked("b", MONDAY)], [_timed("a", MONDAY), _timed("b", MONDAY)])

    assert [row.tick for row in rows] == [None, None]
    assert "tick_to_sent" not in percentiles(rows)


def test_an_order_that_was_timed_twice_counts_once():
    rows = timed_orders(
        [], [], [_timed("a", MONDAY), _timed("a", MONDAY, sent=MONDAY + 999, acknowledged=MONDAY + 9999)]
    )

    assert [row.sent - row.decided for row in rows] == [30]


def test_no_orders_no_figures():
    assert percentiles(()) == {}
    assert list(timed_file(())) == [next(timed_file(()))]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=300))
def test_percentiles_are_the_nearest_rank_s(spans):
    rows = [TimedOrder("main", "XBTUSD", str(n), 0, 0, 0, span, span) for n, span in enumerate(spans)]

    figures = percentiles(rows)["tick_to_sent"]

    expected = np.percentile(spans, [50, 90, 99, 100], method="inverted_cdf")
    told = [figures[key] for key in ("p50_us", "p90_us", "p99_us", "max_us")]
    assert told == [round(int(ns) / 1_000, 1) for ns in expected]


def test_the_file_has_a_row_per_order():
    rows = timed_orders(
        [a_signal(ts=MONDAY)], [_asked("a", MONDAY + 9)], [_timed("a", MONDAY + 9), _timed("b", MONDAY + 20)]
    )

    first, second = csv.DictReader(io.StringIO("".join(timed_file(rows))))

    assert (first["client_id"], first["tick_ts_ns"], first["ts_ns"]) == ("a", str(MONDAY), str(MONDAY + 9))
    assert first["ts"] == "2024-01-01T00:00:00.000000009Z"
    assert (second["tick_ts_ns"], second["acknowledged_ts_ns"]) == ("", str(MONDAY + 120))
