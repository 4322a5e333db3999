"""The offset of the venue's clock is bounded by what answers show, narrows with each, and widens with age."""

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex.clock_offset import ClockOffset
from tests.builders import HOUR, MONDAY, SECOND


def test_an_unmeasured_clock_is_taken_for_ours():
    clock = ClockOffset()

    assert not clock.is_known
    assert clock.uncertainty(MONDAY) is None
    assert clock.venue_time(MONDAY) == clock.latest_venue_time(MONDAY) == MONDAY


answers = st.lists(
    st.tuples(
        st.integers(0, 30 * SECOND), st.integers(0, 2 * SECOND), st.integers(0, 2 * SECOND), st.sampled_from([1, 1000])
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=300, deadline=None)
@given(st.integers(-2 * HOUR, 2 * HOUR), answers)
def test_f26_the_truth_lies_within_the_bounds_however_slow_the_network(offset, exchanges):
    clock, at = ClockOffset(), MONDAY
    for pause, there, back, per_second in exchanges:
        sent = at + pause
        shown_at, received = sent + there, sent + there + back
        resolution = SECOND // per_second
        shown = (shown_at + offset) // resolution * resolution
        clock.measured(shown, sent, received, resolution)
        at = received

        assert abs(clock.offset - offset) <= clock.uncertainty(at)
        assert clock.latest_venue_time(at) >= at + offset


def test_more_answers_narrow_the_bounds():
    clock = ClockOffset()
    clock.measured(MONDAY, MONDAY, MONDAY)
    first = clock.uncertainty(MONDAY)

    # An answer just before the venue's second ends, seen from a clock that agrees with it.
    clock.measured(MONDAY, MONDAY + SECOND - 10, MONDAY + SECOND - 5)

    assert clock.uncertainty(MONDAY + SECOND) < first / 100


def test_a_clock_that_was_set_is_believed():
    clock = ClockOffset()
    clock.measured(MONDAY, MONDAY, MONDAY + 1000)

    clock.measured(MONDAY + HOUR, MONDAY + SECOND, MONDAY + SECOND + 1000)

    assert abs(clock.offset - HOUR) < 2 * SECOND


def test_age_widens_the_bounds():
    clock = ClockOffset()
    clock.measured(MONDAY, MONDAY, MONDAY, 1000)

    assert clock.uncertainty(MONDAY + HOUR) >= HOUR // 5000


def test_nothing_is_learned_from_an_answer_before_its_question():
    clock = ClockOffset()
    clock.measured(MONDAY, MONDAY + 5, MONDAY)

    assert not clock.is_known
