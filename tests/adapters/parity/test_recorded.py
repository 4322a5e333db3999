"""Whether a recording is what was heard: every message that is missing, extra or otherwise is counted, and named."""

import attrs
from hypothesis import given
from hypothesis import strategies as st

from adapters.journal.given import Given
from adapters.parity import recorded as module
from adapters.parity.reading import LifeRead
from adapters.parity.recorded import compare_data, recorded, series_of
from adapters.store import Store
from adapters.store.kinds import kind_of
from adapters.store.rows import rows_of
from messages import MarkPrice
from tests.builders import MONDAY, SECOND, a_book, a_quote, a_tick, an_instrument

END = MONDAY + 3600 * SECOND


def a_life(tmp_path=None, *, in_order=True, left_out="", ended=END):
    return LifeRead(
        folder=tmp_path, number=1, of=1, started=MONDAY, ended=ended, in_order=in_order, given=Given(), said=(),
        states=(), halts=(), readiness=(), heard=frozenset(), left_out=left_out,
    )  # fmt: skip


def a_market(count):
    """Ticks, quotes and marks in turn, some of which come together."""
    found = []
    for number in range(count):
        at = MONDAY + number // 2 * SECOND
        found.append(a_tick(100.0 + number % 7, ts=at - 3, received=at))
        if number % 3 == 0:
            found.append(a_quote(99.0, 101.0 + number % 5, ts=at - 2, received=at))
        if number % 5 == 0:
            found.append(MarkPrice(symbol="ETHUSD", ts=at, received=at, price=10.0 + number))
    return sorted(found, key=lambda each: each.received)


@given(
    st.integers(0, 60), st.sets(st.integers(0, 99)), st.sets(st.integers(0, 99)), st.sets(st.integers(0, 99)),
    st.sampled_from([1, 2, 7, 20_000]),
)  # fmt: skip
def test_what_was_taken_out_put_in_or_changed_is_counted_and_nothing_else(count, out, more, other, window):
    market = a_market(count)
    out = {place for place in out if place < len(market)}
    other = {place for place in other if place < len(market)} - out
    recording, extra = [], 0
    for place, each in enumerate(market):
        if place not in out:
            # Out of the market's range, so that no other message is equal to it.
            changed = {"ts": each.ts - 1} if place in other else {}
            recording.append(attrs.evolve(each, **changed))
        if place in more:
            recording.append(a_tick(5.0, ts=each.received, received=each.received, symbol="OTHER"))
            extra += 1
    before, module.WINDOW = module.WINDOW, window
    try:
        compared = compare_data(market, recording, a_life())
    finally:
        module.WINDOW = before

    assert (compared.heard, sum(compared.recorded.values())) == (len(market), len(recording))
    assert compared.is_equal == (not (out or other or extra))
    # One that lacks and one of its kind and moment that was changed: either may be called either, the counts stay.
    assert (compared.missing, compared.extra, compared.altered) == (len(out), extra, len(other))
    assert len(compared.differences) == min(len(out) + extra + len(other), module.SHOWN)


def test_what_came_together_in_another_order_is_not_what_was_heard():
    first, second = (a_tick(price, ts=MONDAY, received=MONDAY) for price in (100.0, 101.0))

    assert not compare_data([first, second], [second, first], a_life()).is_equal


def test_a_killed_runs_recording_ends_before_its_trace_and_that_is_no_gap():
    market = a_market(40)
    recording = market[:-6]

    killed = compare_data(market, recording, a_life(in_order=False))
    stopped = compare_data(market, recording, a_life())

    assert killed.is_equal
    assert killed.edge == recording[-1].received
    assert (stopped.missing, stopped.edge) == (6, END)


def test_a_recording_that_ended_long_before_a_run_was_killed_is_a_gap_and_not_its_edge():
    market = a_market(200)
    recording = market[:60]

    compared = compare_data(market, recording, a_life(in_order=False))

    assert not compared.is_equal
    assert compared.missing > 100
    assert compared.edge == market[-1].received - module.LOST_MAX


def test_what_the_trace_left_out_is_nothing_that_was_not_heard():
    market = a_market(20)

    assert compare_data(market[::2], market, a_life(left_out="10 messages")).is_equal
    assert compare_data(market[::2], market, a_life()).extra == len(market) // 2


def test_a_store_gives_a_lifes_market_in_order_by_venue_and_symbol(tmp_path):
    store = Store(tmp_path / "store")
    market = [*a_market(30), a_book(ts=MONDAY, received=MONDAY + 5 * SECOND)]
    market.sort(key=lambda each: each.received)
    for kind, symbol in (("ticks", "XBTUSD"), ("quotes", "XBTUSD"), ("books", "XBTUSD"), ("marks", "ETHUSD")):
        mine = [each for each in market if each.symbol == symbol and kind_of(each).base == kind]
        store.write("bitmex", symbol, kind, rows_of(kind, mine))
    store.write("other", "XBTUSD", "ticks", rows_of("ticks", [a_tick(7.0, ts=MONDAY, received=MONDAY)]))
    instruments = {name: an_instrument(name) for name in ("XBTUSD", "ETHUSD", "NONE")}

    series = series_of(store, "bitmex", instruments)
    found = list(recorded(store, series, MONDAY + SECOND, MONDAY + 10 * SECOND))

    assert set(series) == {"XBTUSD", "ETHUSD"}
    assert [each.received for each in found] == sorted(each.received for each in found)
    wanted = [each for each in market if MONDAY + SECOND <= each.received <= MONDAY + 10 * SECOND]
    assert sorted(map(repr, found)) == sorted(map(repr, wanted))
    # By its id in a run of several venues.
    (of_id,) = series_of(store, "bitmex", ["XBTUSD.OTHER"]).items()
    assert of_id[0] == "XBTUSD.OTHER"
    assert [each.symbol for each in recorded(store, dict([of_id]), MONDAY, END)] == ["XBTUSD.OTHER"]
