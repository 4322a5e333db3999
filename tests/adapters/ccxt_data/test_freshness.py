"""A market that is asked for is fresh while trades and quotes answer and something is new; each change is said once."""

from adapters.ccxt_data.freshness import Freshness
from messages import MarketFresh, MarketStale
from tests.builders import MONDAY, SECOND


def a_watch(**options):
    return Freshness("XBT", answer_max=20 * SECOND, quiet_max=60 * SECOND, **options)


def a_fresh_one(at=MONDAY):
    watch = a_watch()
    for part in ("trades", "quotes"):
        watch.answered(part, at)
    watch.changed(at)
    assert watch.news(at) == (MarketFresh(symbol="XBT", ts=at),)
    return watch


def test_it_begins_stale_and_that_is_not_said():
    watch = a_watch()
    assert watch.news(MONDAY) == ()
    watch.answered("trades", MONDAY)

    assert watch.news(MONDAY) == ()
    assert watch.troubles(MONDAY) == ("quotes: not heard yet",)


def test_after_a_predecessor_it_says_that_it_is_stale():
    assert a_watch(was_said=True).news(MONDAY) == (
        MarketStale(symbol="XBT", reason="trades: not heard yet; quotes: not heard yet", ts=MONDAY),
    )


def test_without_answers_it_is_stale_after_a_while_and_fresh_with_the_next():
    watch = a_fresh_one()
    watch.failed("quotes", "timed out")
    assert watch.news(MONDAY + 20 * SECOND) == ()
    assert watch.next_deadline(MONDAY) == MONDAY + 20 * SECOND + 1

    watch.answered("trades", MONDAY + 15 * SECOND)
    (stale,) = watch.news(MONDAY + 21 * SECOND)

    assert stale == MarketStale(symbol="XBT", reason="quotes: none for 21 s (timed out)", ts=MONDAY + 21 * SECOND)
    assert watch.news(MONDAY + 22 * SECOND) == ()
    watch.answered("quotes", MONDAY + 23 * SECOND)
    assert watch.news(MONDAY + 23 * SECOND) == (MarketFresh(symbol="XBT", ts=MONDAY + 23 * SECOND),)


def test_answers_that_are_always_the_same_are_a_silence():
    watch = a_fresh_one()
    at = MONDAY + 61 * SECOND
    for part in ("trades", "quotes"):
        watch.answered(part, at)

    (stale,) = watch.news(at)
    assert stale.reason == "silent: nothing new for 61 s"
    watch.changed(at + SECOND)
    assert watch.news(at + SECOND) == (MarketFresh(symbol="XBT", ts=at + SECOND),)


def test_what_is_lost_is_stale_at_once():
    watch = a_fresh_one()
    watch.lost("trades", "no such market")

    assert watch.news(MONDAY)[0].reason == "trades: no such market"
