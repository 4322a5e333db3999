"""The book keeper says the best levels of a book that is told change by change, and nothing that is not known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.book_keeper import BookKeeper
from messages import BookChange, OrderBook, Quarantined
from tests.builders import MONDAY


def a_change(bids=(), asks=(), *, whole=False, ts=MONDAY, symbol="XBTUSD"):
    return BookChange(symbol=symbol, ts=ts, received=ts, is_snapshot=whole, bids=tuple(bids), asks=tuple(asks))


SNAPSHOT = a_change([(99.0, 1.0), (98.0, 2.0)], [(101.0, 3.0), (102.0, 4.0)], whole=True)


def test_a_snapshot_is_said_best_levels_first():
    (book,) = BookKeeper().on_book_change(SNAPSHOT)

    assert book.bids == ((99.0, 1.0), (98.0, 2.0))
    assert book.asks == ((101.0, 3.0), (102.0, 4.0))


def test_a_level_is_changed_added_and_taken_away():
    keeper = BookKeeper()
    keeper.on_book_change(SNAPSHOT)

    (book,) = keeper.on_book_change(a_change([(99.0, 0.0), (98.5, 7.0)], [(101.0, 9.0)]))

    assert book.bids == ((98.5, 7.0), (98.0, 2.0))
    assert book.asks == ((101.0, 9.0), (102.0, 4.0))


def test_what_changes_nothing_of_the_best_levels_is_not_said():
    keeper = BookKeeper(levels=1)
    keeper.on_book_change(SNAPSHOT)

    assert keeper.on_book_change(a_change([(98.0, 5.0)])) == ()
    assert keeper.on_book_change(a_change([(97.0, 0.0)])) == (), "a level that is not there cannot go"


def test_changes_before_the_first_snapshot_are_set_aside_by_name():
    (aside,) = BookKeeper().on_book_change(a_change([(99.0, 1.0)]))

    assert isinstance(aside, Quarantined)
    assert aside.reason == "no-snapshot"


def test_a_snapshot_forgets_what_was_known():
    keeper = BookKeeper()
    keeper.on_book_change(SNAPSHOT)

    (book,) = keeper.on_book_change(a_change([(90.0, 1.0)], [(91.0, 1.0)], whole=True))

    assert (book.bids, book.asks) == (((90.0, 1.0),), ((91.0, 1.0),))


@pytest.mark.parametrize("level", [(math.nan, 1.0), (-1.0, 1.0), (99.0, -1.0), (99.0, math.inf)])
def test_a_change_with_what_is_no_level_is_set_aside_whole(level):
    keeper = BookKeeper()
    keeper.on_book_change(SNAPSHOT)

    (aside,) = keeper.on_book_change(a_change([(98.0, 9.0), level]))

    assert aside.reason == "not-a-level"
    (book,) = keeper.on_book_change(a_change([(99.0, 5.0)]))
    assert book.bids == ((99.0, 5.0), (98.0, 2.0))


def test_a_successor_goes_on_with_the_book():
    keeper = BookKeeper()
    keeper.on_book_change(SNAPSHOT)

    (book,) = BookKeeper(heritage=keeper.heritage()).on_book_change(a_change([(99.0, 0.0)]))

    assert book.bids == ((98.0, 2.0),)


def test_what_one_that_hung_does_in_the_end_is_not_in_its_successors_book():
    keeper = BookKeeper()
    keeper.on_book_change(SNAPSHOT)
    heir = BookKeeper(heritage=keeper.heritage())
    keeper.on_book_change(a_change([(98.0, 0.0)]))

    (book,) = heir.on_book_change(a_change([(99.0, 0.0)]))

    assert book.bids == ((98.0, 2.0),)


LEVELS = st.lists(st.tuples(st.integers(1, 30).map(float), st.integers(0, 3).map(float)), max_size=6)


@given(changes=st.lists(st.tuples(LEVELS, LEVELS, st.booleans()), max_size=30), levels=st.integers(1, 12))
def test_it_says_what_two_dictionaries_would(changes, levels):
    keeper, bids, asks, said = BookKeeper(levels=levels), {}, {}, None
    keeper.on_book_change(a_change(whole=True))
    for number, (bid_levels, ask_levels, whole) in enumerate(changes):
        if whole:
            bids, asks = {}, {}
        bids |= dict(bid_levels)
        asks |= dict(ask_levels)
        best = (
            tuple(sorted(((p, s) for p, s in bids.items() if s), reverse=True)[:levels]),
            tuple(sorted((p, s) for p, s in asks.items() if s)[:levels]),
        )

        answers = keeper.on_book_change(a_change(bid_levels, ask_levels, whole=whole, ts=MONDAY + number))

        if best != (said or ((), ())):
            assert [(type(book), book.bids, book.asks) for book in answers] == [(OrderBook, *best)]
            said = best
        else:
            assert answers == ()
