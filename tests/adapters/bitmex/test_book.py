"""A book is the sorted levels of its rows, says when it cannot be, and remembers the price that updates leave out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex.book import Book
from adapters.bitmex.fields import FieldError
from adapters.bitmex.tables import Change


def put(id_, side, size, price):
    row = {"symbol": "XBTUSD", "id": id_, "side": side, "size": size, "price": price}
    return Change("insert", row, row)


def gone(id_, side):
    row = {"symbol": "XBTUSD", "id": id_, "side": side}
    return Change("delete", row, row)


levels = st.dictionaries(
    st.integers(0, 40), st.tuples(st.sampled_from(["Buy", "Sell"]), st.integers(1, 9)), min_size=1, max_size=20
)


@settings(max_examples=200, deadline=None)
@given(levels, st.lists(st.integers(0, 40)), st.integers(1, 8))
def test_the_best_levels_are_the_sorted_ones(all_levels, removed, depth):
    book, left = Book(), dict(all_levels)
    for id_, (side, size) in all_levels.items():
        book.apply(put(id_, side, size, 100 + id_))
    for id_ in removed:
        if id_ in left:
            book.apply(gone(id_, left.pop(id_)[0]))

    bids = sorted(((100.0 + id_, float(size)) for id_, (side, size) in left.items() if side == "Buy"), reverse=True)
    asks = sorted((100.0 + id_, float(size)) for id_, (side, size) in left.items() if side == "Sell")

    assert book.best(depth) == (tuple(bids[:depth]), tuple(asks[:depth]))
    assert book.crossed == bool(bids and asks and bids[0][0] >= asks[0][0])


def test_a_level_may_move_to_another_price():
    book = Book()
    book.apply(put(1, "Buy", 5, 100))
    book.apply(put(1, "Buy", 5, 99))

    assert book.best(5) == (((99.0, 5.0),), ())


def test_a_locked_book_counts_as_crossed():
    book = Book()
    book.apply(put(1, "Buy", 5, 100))
    book.apply(put(2, "Sell", 5, 100))

    assert book.crossed


@pytest.mark.parametrize(
    ("id_", "side", "size", "price"),
    [
        (2, "Buy", 5, 100), (2, None, 5, 101), (2, "Both", 5, 101), (None, "Buy", 5, 101), (2, "Buy", 5, None),
        (2, "Buy", 5, 0), (2, "Buy", -1, 101), (2, "Buy", None, 101), ([], "Buy", 1, 101),
    ],
)  # fmt: skip
def test_what_cannot_be_a_level_is_refused(id_, side, size, price):
    book = Book()
    book.apply(put(1, "Buy", 5, 100))

    with pytest.raises(FieldError):
        book.apply(put(id_, side, size, price))
