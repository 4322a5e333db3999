"""The budget never lets out more than the venue takes, and keeps its reserve for cancels."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex.budget import Budget
from adapters.bitmex.requests import Purpose, Request
from tests.builders import MONDAY, SECOND

OPEN = Request(verb="POST", path="/api/v1/order", purpose=Purpose.OPEN, per_second=True, repeatable=False)
CANCEL = Request(verb="DELETE", path="/api/v1/order", purpose=Purpose.CANCEL, per_second=True)
QUERY = Request(verb="GET", path="/api/v1/order")


class Buckets:
    """The venue's side, by fractions: what it takes, what it turns away, what its headers say."""

    def __init__(self, at, minute=120, second=10):
        self.limits = {60: minute, 1: second}
        self.levels = {60: Fraction(minute), 1: Fraction(second)}
        self.at = at

    def request(self, request, at):
        """Whether it is taken, and the headers of the answer."""
        passed = Fraction(at - self.at, SECOND)
        self.at = at
        for period, limit in self.limits.items():
            self.levels[period] = min(self.levels[period] + passed * limit / period, Fraction(limit))
        layers = [60, 1] if request.per_second else [60]
        taken = all(self.levels[layer] >= 1 for layer in layers)
        if taken:
            for layer in layers:
                self.levels[layer] -= 1
        headers = {
            "X-RateLimit-Limit": str(self.limits[60]),
            "x-ratelimit-remaining": str(int(self.levels[60])),
            "x-ratelimit-reset": "1704067200",
        }
        if request.per_second:
            headers |= {
                "x-ratelimit-remaining-1s": str(int(self.levels[1])),
                "x-ratelimit-limit-1s": str(self.limits[1]),
            }
        return taken, headers


def spend(budget, request, at, count):
    """How many of so many could go at once."""
    gone = 0
    for _ in range(count):
        if budget.wait(request, at) == 0:
            budget.take(request, at)
            gone += 1
    return gone


def test_a_reserve_is_left_by_orders_and_questions_and_spent_by_cancels():
    budget = Budget(MONDAY)

    assert spend(budget, OPEN, MONDAY, 50) == 7
    assert spend(budget, CANCEL, MONDAY, 50) == 3
    assert spend(budget, QUERY, MONDAY, 500) == 120 - 36 - 10
    assert budget.left(MONDAY) == (36, 0)


def test_waiting_as_long_as_told_is_enough_and_a_moment_less_is_not():
    for request in (OPEN, CANCEL, QUERY):
        budget = Budget(MONDAY)
        spend(budget, request, MONDAY, 500)
        wait = budget.wait(request, MONDAY)

        assert wait > 0
        assert budget.wait(request, MONDAY + wait - 1) == 1
        assert budget.wait(request, MONDAY + wait) == 0


def test_what_was_not_asked_for_is_refused():
    budget = Budget(MONDAY)
    spend(budget, OPEN, MONDAY, 50)

    with pytest.raises(ValueError, match="does not hold"):
        budget.take(OPEN, MONDAY)


def test_the_venue_s_headers_lower_what_is_left_and_never_raise_it():
    budget = Budget(MONDAY)
    budget.take(QUERY, MONDAY)
    budget.answered(QUERY, {"X-RateLimit-Remaining": "50"}, MONDAY)
    assert budget.left(MONDAY)[0] == 50

    budget.take(QUERY, MONDAY)
    budget.answered(QUERY, {"x-ratelimit-remaining": "119"}, MONDAY)
    assert budget.left(MONDAY)[0] == 49


def test_requests_under_way_are_not_in_the_venue_s_numbers_yet():
    budget = Budget(MONDAY)
    spend(budget, QUERY, MONDAY, 5)

    budget.answered(QUERY, {"x-ratelimit-remaining": "60"}, MONDAY)

    assert budget.left(MONDAY)[0] == 56


def test_the_size_of_a_bucket_is_the_venue_s():
    budget = Budget(MONDAY)
    budget.take(OPEN, MONDAY)

    budget.answered(OPEN, {"x-ratelimit-limit": "30", "x-ratelimit-limit-1s": "5"}, MONDAY)

    assert budget.left(MONDAY) == (30, 5)
    assert spend(budget, OPEN, MONDAY, 50) == 3


def test_a_bucket_that_is_larger_than_was_thought_is_as_full_as_it_would_have_been():
    budget = Budget(MONDAY)
    budget.take(OPEN, MONDAY)

    budget.answered(OPEN, {"x-ratelimit-limit": "1200", "x-ratelimit-limit-1s": "50"}, MONDAY)

    assert budget.left(MONDAY) == (1199, 49)
    assert budget.wait(OPEN, MONDAY) == 0


@pytest.mark.parametrize("text", ["", "x", "-5", "1.5", "9" * 40, "٣", "0"])
def test_headers_that_say_nothing_change_nothing_for_the_better(text):
    budget = Budget(MONDAY)
    budget.take(QUERY, MONDAY)

    budget.answered(QUERY, {"x-ratelimit-limit": text, "x-ratelimit-remaining": text}, MONDAY)

    assert 0 <= budget.left(MONDAY)[0] <= 119


def test_f28_after_a_429_nothing_goes_until_its_pause_is_over():
    budget = Budget(MONDAY)

    budget.limited(7 * SECOND, MONDAY)

    assert budget.wait(CANCEL, MONDAY) == 7 * SECOND
    assert budget.wait(CANCEL, MONDAY + 7 * SECOND) == 0
    assert budget.wait(OPEN, MONDAY + 7 * SECOND) > 0


def test_a_clock_that_goes_back_gives_nothing_twice():
    budget = Budget(MONDAY)
    spend(budget, CANCEL, MONDAY + 10 * SECOND, 50)

    assert budget.wait(CANCEL, MONDAY) > 0
    assert budget.left(MONDAY + 10 * SECOND)[1] == 0


tries = st.lists(
    st.tuples(
        st.integers(0, 3 * SECOND) | st.just(0) | st.integers(0, SECOND // 20), st.sampled_from([OPEN, CANCEL, QUERY])
    ),
    max_size=150,
)


@settings(max_examples=150, deadline=None)
@given(tries, st.integers(1, 130), st.integers(1, 12))
def test_i20_the_venue_never_turns_one_away_and_its_reserve_is_for_cancels(attempts, minute, second):
    venue, budget, at = Buckets(MONDAY, minute, second), Budget(MONDAY, minute, second), MONDAY
    for pause, request in attempts:
        at += pause
        if budget.wait(request, at):
            continue
        budget.take(request, at)
        taken, headers = venue.request(request, at)
        budget.answered(request, headers, at)

        assert taken
        if request.purpose is not Purpose.CANCEL:
            assert venue.levels[60] >= min(Fraction(3 * minute, 10), minute - 1)
            assert not request.per_second or venue.levels[1] >= min(Fraction(3 * second, 10), second - 1)


@settings(max_examples=150, deadline=None)
@given(tries, st.integers(0, 120), st.integers(0, 10))
def test_i20_nor_when_others_have_spent_and_answers_come_late(attempts, spent, spent_second):
    """Somebody else used the account before: after one answer has said so, nothing of ours is turned away."""
    venue, budget, at = Buckets(MONDAY), Budget(MONDAY), MONDAY
    venue.levels = {60: Fraction(max(1, 120 - spent)), 1: Fraction(max(1, 10 - spent_second))}
    budget.take(CANCEL, at)
    _, headers = venue.request(CANCEL, at)
    budget.answered(CANCEL, headers, at)
    waiting = []
    for number, (pause, request) in enumerate(attempts):
        at += pause
        if budget.wait(request, at) == 0:
            budget.take(request, at)
            taken, headers = venue.request(request, at)
            waiting.append((request, headers))
            assert taken
        if number % 3 == 0:
            for request_, headers_ in reversed(waiting):
                budget.answered(request_, headers_, at)
            waiting.clear()
        minute, second = budget.left(at)
        assert minute >= 0
        assert second >= 0
