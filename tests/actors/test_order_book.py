"""The order book serves the best price first and, at one price, who came first: as a naive list of orders would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venue.order_book import OrderBook


class NaiveBook:
    """A list of orders in the order of arrival, sorted anew for every match."""

    def __init__(self):
        self.orders = []  # [number, sign, ticks, lots]

    def candidates(self, lots, limit):
        other = [o for o in self.orders if o[1] * lots < 0]
        if limit is not None:
            other = [o for o in other if (o[2] <= limit if lots > 0 else o[2] >= limit)]
        return sorted(other, key=lambda o: o[2] if lots > 0 else -o[2])

    def submit(self, number, lots, ticks, *, rest):
        sign, left, met = (1 if lots > 0 else -1), abs(lots), []
        for order in self.candidates(lots, ticks):
            if not left:
                break
            taken = min(left, order[3])
            order[3] -= taken
            left -= taken
            met.append((order[0], order[2], taken))
        self.orders = [o for o in self.orders if o[3]]
        if left and rest:
            self.orders.append([number, sign, ticks, left])
        return met

    def levels(self, sign):
        sizes = {}
        for _number, side, ticks, lots in self.orders:
            if side == sign:
                sizes[ticks] = sizes.get(ticks, 0) + lots
        return sorted(sizes.items(), key=lambda level: -level[0] * sign)


def submit(book, number, lots, ticks, *, rest):
    sign, left, met = (1 if lots > 0 else -1), abs(lots), []
    while left:
        match = book.next_match(sign * left, ticks)
        if match is None:
            break
        met.append((match.maker, match.ticks, match.lots))
        left -= match.lots
    if left and rest:
        book.rest(number, sign * left, ticks)
    return met


sizes = st.integers(-20, 20).filter(bool)
orders = st.tuples(st.just("order"), sizes, st.integers(90, 110), st.booleans())
cancels = st.tuples(st.just("cancel"), st.integers(0, 60))
cuts = st.tuples(st.just("cut"), st.integers(0, 60), st.integers(1, 20))


@given(st.lists(st.one_of(orders, orders, cancels, cuts), max_size=80))
def test_matches_what_a_naive_list_of_orders_matches(commands):
    book, naive = OrderBook(), NaiveBook()

    for number, command in enumerate(commands):
        resting = {order[0]: order for order in naive.orders}
        if command[0] == "order":
            _, lots, ticks, rest = command
            wanted = naive.submit(number, lots, ticks, rest=rest)
            assert submit(book, number, lots, ticks, rest=rest) == wanted
        elif command[1] in resting:
            order = resting[command[1]]
            if command[0] == "cancel":
                assert book.cancel(order[0]) == order[3]
                naive.orders.remove(order)
            elif command[2] <= order[3]:
                book.reduce(order[0], command[2])
                order[3] = command[2]
        for sign in (1, -1):
            assert list(book.levels(sign)) == naive.levels(sign)
        assert len(book) == len(naive.orders)


@given(st.lists(orders, max_size=40), sizes, st.integers(90, 110) | st.none())
def test_what_is_available_is_what_would_be_matched(commands, lots, limit):
    book, naive = OrderBook(), NaiveBook()
    for number, (_, size, ticks, rest) in enumerate(commands):
        naive.submit(number, size, ticks, rest=rest)
        submit(book, number, size, ticks, rest=rest)

    available = book.available(lots, limit, abs(lots))

    assert available == sum(taken for _, _, taken in naive.submit(99, lots, limit, rest=False))


def test_making_an_order_smaller_keeps_its_place():
    book = OrderBook()
    book.rest(1, 10, 100)
    book.rest(2, 10, 100)

    book.reduce(1, 4)

    assert [book.next_match(-10, 100) for _ in range(2)] == [(1, 100, 4, True), (2, 100, 10, True)]


def test_every_touched_level_is_told_once():
    book = OrderBook()
    book.rest(1, 10, 100)
    book.rest(2, 10, 99)
    book.next_match(-3, 100)
    book.cancel(2)

    assert book.take_changes() == ((1, 100), (1, 99))
    assert book.take_changes() == ()
    assert (book.size_at(1, 100), book.size_at(1, 99)) == (7, 0)


def test_an_order_that_crosses_does_not_rest():
    book = OrderBook()
    book.rest(1, -5, 100)

    with pytest.raises(AssertionError):
        book.rest(2, 5, 100)
