"""A process that stood still cuts its lines and opens nothing before account and venue were compared after that."""

import pytest

from adapters.live.pauses import Pauses
from messages import NS_PER_SECOND, VenueReady


class Watch:
    """A stopwatch, and pauses that look at it; `cut` is what lines were told."""

    def __init__(self):
        self.s, self.cut = 0.0, []
        self.pauses = Pauses(lambda: round(self.s * NS_PER_SECOND), passed=lambda: self.s, longest_s=3.0)
        self.pauses.cuts("line@main", self.cut.append)

    def after(self, seconds):
        self.s += seconds
        return self.pauses

    def ready(self):
        self.pauses.heard(VenueReady(account="main", ts=round(self.s * NS_PER_SECOND)))


@pytest.fixture
def watch():
    watch = Watch()
    watch.pauses.look()
    return watch


def test_who_is_looked_at_often_enough_may_open_for_ever(watch):
    opened = [watch.after(2.9).may_open() for _ in range(50)]

    assert all(opened)
    assert (watch.cut, watch.pauses.count) == ([], 0)


def test_the_first_to_run_again_finds_out_even_if_it_is_who_sends(watch):
    assert not watch.after(4.2).may_open()
    assert watch.cut == ["this process stood still for 4.2 s"]


def test_nothing_is_opened_until_account_and_venue_agree_again(watch):
    watch.after(4).look()
    before = [watch.after(1).may_open() for _ in range(5)]
    watch.ready()

    assert not any(before)
    assert watch.after(1).may_open()
    assert (len(watch.cut), watch.pauses.count) == (1, 1)


def test_that_they_agreed_before_the_pause_says_nothing(watch):
    earlier = VenueReady(account="main", ts=NS_PER_SECOND)
    watch.after(10).look()
    watch.pauses.heard(earlier)

    assert not watch.pauses.may_open()


def test_a_second_pause_before_they_agreed_is_one_more(watch):
    watch.after(4).look()
    watch.after(4).look()
    watch.ready()

    assert watch.pauses.may_open()
    assert watch.pauses.count == len(watch.cut) == 2


def test_the_first_look_finds_nothing_however_late_it_comes():
    watch = Watch()

    assert watch.after(100).may_open()
