"""Tries come with growing pauses and chance in them, and never more in an hour than the budget has."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex.retries import Retries, RetryRule
from tests.builders import HOUR, MINUTE, MONDAY, SECOND

RULE = RetryRule(first=SECOND, longest=60 * SECOND, hourly=20, healthy=MINUTE)


def test_pauses_double_within_half_their_length_up_to_the_longest():
    retries, at = Retries(RULE, Random(1)), MONDAY
    for full in (1, 2, 4, 8, 16, 32, 60, 60, 60):
        when = retries.next_try(at)
        assert full * SECOND // 2 <= when - at <= full * SECOND
        at = when


def test_what_held_long_starts_again_at_the_first_pause():
    retries = Retries(RULE, Random(1))
    for _ in range(6):
        retries.next_try(MONDAY)

    assert retries.next_try(MONDAY + HOUR, held=MINUTE) - MONDAY - HOUR <= SECOND


def test_the_venue_s_wish_is_kept():
    assert Retries(RULE, Random(1)).next_try(MONDAY, least=90 * SECOND) >= MONDAY + 90 * SECOND


def test_the_same_seed_gives_the_same_pauses_and_another_others():
    def tries(seed):
        retries = Retries(RULE, Random(seed))
        return [retries.next_try(MONDAY) for _ in range(8)]

    assert tries(1) == tries(1)
    assert tries(1) != tries(2)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10 * MINUTE), st.integers(0, 2 * MINUTE)), max_size=100), st.integers(1, 25))
def test_f29_no_hour_holds_more_tries_than_its_budget(failures, hourly):
    retries = Retries(RetryRule(hourly=hourly), Random(3))
    at, tries = MONDAY, []
    for held, least in failures:
        at = retries.next_try(at + held, held, least)
        tries.append(at)

    for number, when in enumerate(tries):
        assert sum(when - HOUR < other <= when for other in tries[: number + 1]) <= hourly
    assert tries == sorted(tries)
