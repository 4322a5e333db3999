"""Bars and decisions side by side: what is the same is counted, what is not is named with what it comes from."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry
from adapters.parity.comparing import (
    SAME_MOMENT,
    Difference,
    Pair,
    cause_of_decision,
    compare_bars,
    compare_decisions,
)
from adapters.parity.story import Story, story_of
from messages import ActorFailed, AmendPlaced, CancelPlaced, PlaceOrder, Quarantined
from tests.builders import MINUTE, MONDAY, SECOND, a_bar, a_signal, a_tick

ENTRY = StrategyEntry(id="trend", strategy=Strategy, symbols=("XBTUSD",), period=MINUTE)
MS = SECOND // 1000


def bars(count, *, late=0, **changed):
    """`count` bars from Monday on, heard so long after their end; `changed`: by number, what the bar has otherwise."""
    found = []
    for number in range(count):
        bar = a_bar(100.0 + number, high=200.0, low=5.0, open_ts=MONDAY + number * MINUTE, turnover=100.0, ticks=1)
        bar = attrs.evolve(bar, received=bar.close_ts + late)
        found.append(attrs.evolve(bar, **changed.get(f"bar{number}", {})))
    return found


def told(*said):
    return story_of([(getattr(each, "received", getattr(each, "ts", 0)), each) for each in said], [ENTRY])


def no_cause(_pair):
    return "?"


# Bars.


def test_a_bar_is_the_same_whenever_it_was_heard():
    compared = compare_bars(told(*bars(5, late=3 * MS)), told(*bars(5, late=250 * MS)))

    assert (compared.total.equal, compared.total.all) == (5, 5)
    assert compared.differences == ()


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume", "turnover", "ticks"])
def test_each_value_of_a_bar_counts(field):
    changed = {"bar2": {field: {"high": 220.0, "low": 4.0, "ticks": 7}.get(field, 101.5)}}

    compared = compare_bars(told(*bars(5)), told(*bars(5, **changed)))

    (difference,) = compared.differences
    assert (compared.total.equal, compared.total.all) == (4, 5)
    assert f": {field} " in difference.text
    assert "live" in difference.text


def test_a_bar_that_only_one_side_has_is_named_but_not_behind_the_recordings_end():
    live, again = told(*bars(5)), told(*bars(7))
    live.bars.pop(("XBTUSD", MINUTE, MONDAY + MINUTE))

    everything = compare_bars(live, again)
    up_to = compare_bars(live, again, edge=MONDAY + 6 * MINUTE + SAME_MOMENT - 1)

    assert [each.text.split(": ")[1] for each in everything.differences] == ["was not built live"] * 3
    assert [each.ends for each in up_to.differences] == [MONDAY + 2 * MINUTE]


def test_a_difference_of_bars_comes_from_the_data_in_it_else_from_what_was_set_aside_else_from_who_failed():
    data = Difference(level="data", at=MONDAY + 70 * SECOND, text="a tick was altered", cause="", symbol="XBTUSD",
                      ends=MONDAY + 70 * SECOND)  # fmt: skip
    late = Quarantined(symbol="XBTUSD", received=MONDAY + 121 * SECOND, reason="late",
                       item=a_tick(ts=MONDAY + 119 * SECOND), text="too late for 1m")  # fmt: skip
    failed = ActorFailed(actor="bar-builder", epoch=1, during="Tick", message_id=3, error="ValueError: as told",
                         trace="", at=MONDAY + 80 * SECOND, handled=1)  # fmt: skip
    again = told(*bars(3, bar1={"close": 7.0}))
    causes = [
        compare_bars(told(*bars(3), *said), again, **more).differences[0].cause
        for said, more in (
            ((late, failed), {"data": [data]}),
            ((late, failed), {}),
            ((), {"left_out": "3 messages were left out"}),
            ((), {}),
        )
    ]
    failing = story_of([(failed.at, failed), *[(bar.received, bar) for bar in bars(3)]], [ENTRY])

    assert causes[0] == "a tick was altered"
    assert causes[1].startswith("a trade of 2024-01-01T00:01:59Z was set aside live: late")
    assert causes[2] == "3 messages were left out"
    assert "the clock closed it" in causes[3]
    assert "bar-builder failed: ValueError: as told" in compare_bars(failing, again).differences[0].cause


# Decisions.


def test_a_decision_is_the_same_at_the_same_bar_however_late_it_was_heard():
    live, again = bars(3, late=3 * MS), bars(3, late=400 * MS)
    then = [each for bar in live for each in (bar, a_signal(float(bar.close), ts=bar.received))]
    now = [each for bar in again for each in (bar, a_signal(float(bar.close), ts=bar.received, number=9))]

    compared = compare_decisions(told(*then), told(*now), no_cause)

    assert (compared.total.equal, compared.total.all) == (3, 3)
    assert [pair.live.moment for pair in compared.pairs["trend", "XBTUSD"]] == [bar.close_ts for bar in live]


def test_bars_that_a_filled_gap_ends_together_make_no_difference_whoever_is_heard_between_them():
    ended = [attrs.evolve(bar, received=MONDAY + 10 * MINUTE) for bar in bars(3)]
    decided = [a_signal(float(number), ts=MONDAY + 10 * MINUTE) for number in range(3)]
    in_turn = [each for pair in zip(ended, decided, strict=True) for each in pair]

    compared = compare_decisions(told(*ended, *decided), told(*in_turn), no_cause)

    assert (compared.total.equal, compared.total.all) == (3, 3)


def test_one_more_decision_is_one_difference_and_shifts_no_other():
    times = [MONDAY + number * MINUTE for number in range(10)]
    then = [a_signal(float(number), ts=ts) for number, ts in enumerate(times)]
    now = [*then[:4], *then[5:]]

    compared = compare_decisions(told(*then), told(*now), no_cause)

    (difference,) = compared.differences
    assert (compared.total.equal, compared.total.all) == (9, 10)
    assert "target +4 live, nothing in the backtest" in difference.text


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (a_signal(1.0), a_signal(2.0)),
        (a_signal(1.0), a_signal(1.0, in_lots=True)),
        (PlaceOrder(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, lots=1),
         PlaceOrder(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, lots=-1)),
        (PlaceOrder(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, lots=1),
         PlaceOrder(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, lots=1, reduce_only=True)),
        (PlaceOrder(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, lots=1, limit_price=123_456.0),
         PlaceOrder(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, lots=1, limit_price=123_456.5)),
        (AmendPlaced(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, stop_price=98_765.43),
         AmendPlaced(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, stop_price=98_765.44)),
        (AmendPlaced(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, limit_price=5.0),
         AmendPlaced(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, limit_price=6.0)),
        (CancelPlaced(strategy="trend", symbol="XBTUSD", ts=MONDAY, number=1),
         CancelPlaced(strategy="trend", symbol="XBTUSD", ts=MONDAY)),
    ],
)  # fmt: skip
def test_terms_of_every_kind_of_decision_count(then, now):
    assert compare_decisions(told(then), told(then), no_cause).total.equal == 1
    assert compare_decisions(told(then), told(now), no_cause).total.equal == 0


TURNS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([-1.0, 0.0, 1.0])), max_size=25)


@given(TURNS, TURNS, st.booleans())
def test_each_decision_stands_in_exactly_one_pair_and_equal_means_the_same_at_the_same_moment(then, now, swap):
    def story(turns):
        return told(*[a_signal(target, ts=MONDAY + turn * SECOND) for turn, target in sorted(turns)])

    live, again = (story(now), story(then)) if swap else (story(then), story(now))
    compared = compare_decisions(live, again, no_cause)
    pairs = [pair for each in compared.pairs.values() for pair in each]

    assert [pair.live for pair in pairs if pair.live] == live.decisions.get(("trend", "XBTUSD"), [])
    assert [pair.again for pair in pairs if pair.again] == again.decisions.get(("trend", "XBTUSD"), [])
    for pair in pairs:
        if pair.live and pair.again:
            assert abs(pair.live.moment - pair.again.moment) <= SAME_MOMENT
            assert pair.is_equal == (pair.live.text == pair.again.text)
    assert compared.total.all - compared.total.equal == len(compared.differences)
    assert compare_decisions(live, live, no_cause).total.is_equal


# Why.


def _why(**changed):
    (pair,) = compare_decisions(
        told(a_signal(1.0, ts=MONDAY + MINUTE)), told(a_signal(-1.0, ts=MONDAY + MINUTE)), no_cause
    ).pairs["trend", "XBTUSD"]
    given = {
        "bars": (), "data": (), "stories": (Story(), Story()), "hears": frozenset({"on_bar"}), "symbols": ("XBTUSD",),
        "filled_otherwise": None,
    }  # fmt: skip
    return cause_of_decision(pair, **(given | changed))


def test_a_decision_differs_for_the_first_of_what_it_had_heard_otherwise():
    bar = Difference(level="bars", at=MONDAY, text="bar x", cause="a tick was altered", symbol="XBTUSD", ends=MONDAY)
    later = attrs.evolve(bar, ends=MONDAY + 2 * MINUTE)
    other = attrs.evolve(bar, symbol="ETHUSD")
    failed = told(
        ActorFailed(actor="strategy:trend", epoch=1, during="Bar", message_id=1, error="ZeroDivisionError", trace="",
                    at=MONDAY, handled=1)
    )  # fmt: skip

    assert _why(bars=(bar,)) == "bar x (a tick was altered)"
    assert "strategy:trend failed: ZeroDivisionError" in _why(bars=(bar,), stories=(failed, Story()))
    assert ": it decides on something else" in _why(bars=(later, other), data=(bar,))
    assert _why(data=(bar,), hears=frozenset({"on_tick"})) == "bar x"
    assert "hears its fills" in _why(hears=frozenset({"on_bar", "on_fill"}), filled_otherwise=MONDAY)
    assert "may look at its position" in _why(filled_otherwise=MONDAY)
    assert ": it decides on something else" in _why(filled_otherwise=MONDAY + 2 * MINUTE)
    assert "timers" in _why(hears=frozenset({"on_timer"}))
    assert "the latest alone" in _why(hears=frozenset({"on_quote"}))


def test_a_pair_of_nothing_is_no_pair():
    with pytest.raises(AssertionError):
        _ = Pair(live=None, again=None).known
