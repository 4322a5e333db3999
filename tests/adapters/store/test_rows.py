"""Every kind of message becomes columns and comes back equal, and the table of kinds says what is in them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import InputError
from adapters.store.kinds import KINDS, kind_named, kind_of
from adapters.store.packing import Packed, native, pack, unpack
from adapters.store.rows import messages_of, rows_of
from messages import ALL_MESSAGES
from tests.adapters.store.store_builders import ITEMS, SYMBOL
from tests.builders import HOUR, MINUTE, a_bar, a_book, a_signal, a_tick


def test_there_are_items_of_every_kind_here():
    assert {kind_named(name).base for name in ITEMS} == set(KINDS)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_goes_into_columns_comes_out_equal(data):
    name = data.draw(st.sampled_from(sorted(ITEMS)))
    items = data.draw(st.lists(ITEMS[name], max_size=8))

    columns = rows_of(name, items)

    assert list(columns) == list(kind_named(name).columns)
    assert list(messages_of(name, SYMBOL, columns)) == items


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_batches_that_are_unpacked_together_are_the_rows_of_all_of_them(data):
    name = data.draw(st.sampled_from(sorted(ITEMS)))
    kind = kind_named(name)
    batches = data.draw(st.lists(st.lists(ITEMS[name], min_size=1, max_size=4), min_size=1, max_size=4))

    columns = unpack(kind, [pack(kind, rows_of(kind, batch)) for batch in batches])

    assert list(messages_of(kind, SYMBOL, columns)) == [item for batch in batches for item in batch]
    assert {name: columns[name].dtype for name in columns} == {
        name: np.dtype(object if sort == "text" else sort) for name, sort in kind.columns.items()
    }


def test_a_message_knows_its_kind_and_its_period():
    assert kind_of(a_tick()).name == "ticks"
    assert kind_of(a_bar(period=MINUTE)).name == "bars-1m"
    assert kind_of(a_bar(period=HOUR)) == kind_named("bars-1h")
    assert kind_of(a_signal()) is None


def test_each_kind_is_of_a_message_of_its_own():
    assert {kind.message for kind in KINDS.values()} <= set(ALL_MESSAGES)
    assert len({kind.message for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("trades", "there is no kind 'trades'; there are ticks"),
        ("ticks-1m", "there is no kind 'ticks-1m'"),
        ("bars", "needs a length of time: bars-1m"),
        ("bars-1x", "period '1x' is not a whole number"),
    ],
)
def test_a_kind_that_is_none_is_refused_with_the_reason(name, why):
    with pytest.raises(InputError, match=why):
        kind_named(name)


def test_a_book_of_nothing_is_a_row_too():
    empty = a_book(bids=(), asks=())

    columns = rows_of("books", [a_book(), empty, empty])

    assert columns["side"].tolist() == [1, -1, 0, 0]
    assert columns["part"].tolist() == [0, 0, 1, 2]
    assert list(messages_of("books", SYMBOL, columns)) == [a_book(), empty, empty]


def test_a_changed_byte_is_seen_by_the_checksum():
    packed = pack(kind_named("ticks"), rows_of("ticks", [a_tick()]))
    changed = Packed(packed.rows, packed.records[:-1] + b"\x07", packed.texts)

    assert packed.checksum(1) == Packed(packed.rows, packed.records, packed.texts).checksum(1)
    assert changed.checksum(1) != packed.checksum(1)
    assert packed.checksum(2) != packed.checksum(1)


def _columns(**changed):
    return {**rows_of("ticks", [a_tick(), a_tick()]), **changed}


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        (_columns(side=np.zeros(2)), "has unknown side"),
        ({name: column for name, column in _columns().items() if name != "price"}, "lacks price"),
        (_columns(price=np.zeros(3)), "several lengths"),
        (_columns(price=np.array(["a", "b"])), "price must be of float64"),
        (_columns(ts=np.array([1.5, 2.5])), "ts must be of int64"),
        (_columns(aggressor=np.array([1, 300])), "aggressor has values that do not fit int8"),
        (_columns(price=np.array([1.0, np.inf])), "price holds an infinite number at row 1"),
        (_columns(price=np.zeros((2, 1))), "price must have one dimension"),
    ],
)
def test_columns_that_do_not_fit_are_refused_with_the_reason(columns, why):
    with pytest.raises(InputError, match=why):
        native(kind_named("ticks"), columns)
