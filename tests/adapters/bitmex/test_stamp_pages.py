"""Paging by time gives every row once, in order and by whole time stamps, wherever pages happen to end."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bitmex.codec import decoded
from adapters.bitmex.queries import venue_time
from adapters.bitmex.stamp_pages import STAMP_ROWS_MAX, StampPages, WrongPage
from tests.builders import MONDAY

MS = 1_000_000


def row(ms, **rest):
    return {"timestamp": venue_time(MONDAY + ms * MS), **rest}


def rows_of(stamps):
    """Rows with these stamps, of which each two that follow one another are alike."""
    return decoded(json.dumps([row(ms, size=number // 2) for number, ms in enumerate(sorted(stamps))]))


def page(rows, ask, size):
    begin, end = venue_time(ask.since), venue_time(ask.until)
    return [each for each in rows if begin <= each["timestamp"] <= end][ask.start : ask.start + size]


def all_of(rows, pages, size, most=10_000):
    """What pages give, part by part, and what was asked."""
    parts, asks = [], []
    while (ask := pages.ask) is not None:
        asks.append(ask)
        assert len(asks) <= most
        parts.append(pages.take(page(rows, ask, size)))
    return parts, asks


@given(
    stamps=st.lists(st.integers(0, 12), max_size=60),
    size=st.integers(1, 9),
    first=st.integers(0, 6),
    last=st.integers(6, 12),
)
def test_every_row_of_the_span_comes_once_and_in_order(stamps, size, first, last):
    rows = rows_of(stamps)
    pages = StampPages(MONDAY + first * MS, MONDAY + last * MS, size)

    parts, asks = all_of(rows, pages, size)

    inside = [each for each in rows if row(first)["timestamp"] <= each["timestamp"] <= row(last)["timestamp"]]
    assert [each for part in parts for each in part] == inside
    assert pages.done == MONDAY + last * MS + 1
    assert all(ask.start < len(inside) + 1 for ask in asks)


@given(stamps=st.lists(st.integers(0, 12), max_size=60), size=st.integers(1, 9))
def test_a_time_stamp_is_never_cut(stamps, size):
    rows = rows_of(stamps)
    pages = StampPages(MONDAY, MONDAY + 12 * MS, size)

    parts, _ = all_of(rows, pages, size)

    of_parts = [{each["timestamp"] for each in part} for part in parts]
    assert sum(len(stamps) for stamps in of_parts) == len(set().union(*of_parts))


@given(stamps=st.lists(st.integers(0, 12), max_size=60), size=st.integers(1, 9), stops=st.integers(0, 30))
def test_whoever_goes_on_from_where_another_was_stopped_has_the_rest(stamps, size, stops):
    rows = rows_of(stamps)
    first = StampPages(MONDAY, MONDAY + 12 * MS, size)
    given_out = []
    for _ in range(stops):
        if first.ask is None:
            break
        given_out += first.take(page(rows, first.ask, size))

    rest = StampPages(first.done, MONDAY + 12 * MS, size) if first.ask is not None else None
    parts = [] if rest is None else all_of(rows, rest, size)[0]

    assert given_out + [each for part in parts for each in part] == rows


@given(stamps=st.lists(st.integers(0, 12), max_size=60), cap=st.integers(1, 9))
def test_a_venue_whose_pages_are_shorter_than_was_asked_for_loses_nothing(stamps, cap):
    rows = rows_of(stamps)
    pages = StampPages(MONDAY, MONDAY + 12 * MS, 9)

    parts, _ = all_of(rows, pages, cap)

    assert [each for part in parts for each in part] == rows


@given(stamps=st.sets(st.integers(0, 40)), size=st.integers(1, 9))
def test_rows_that_have_their_stamps_alone_are_given_at_once(stamps, size):
    rows = rows_of(stamps)
    pages = StampPages(MONDAY, MONDAY + 40 * MS, size, unique=True)

    parts, asks = all_of(rows, pages, size)

    assert [each for part in parts for each in part] == rows
    assert all(ask.start == 0 for ask in asks)
    assert len(asks) <= len(rows) // size + 2


def test_an_offset_is_used_only_inside_a_stamp_that_fills_a_page():
    rows = rows_of([0] * 25 + [1] * 3 + [2] * 4)
    pages = StampPages(MONDAY, MONDAY + 2 * MS, 10)

    _, asks = all_of(rows, pages, 10)

    assert [(ask.since - MONDAY, ask.start) for ask in asks if ask.start] == [(0, 10), (0, 20)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([{"size": 1}], "timestamp is missing"),
        ([{"timestamp": "yesterday"}], "timestamp must be a time"),
        ([row(5), row(4)], "in rising order"),
        ([row(99)], "were asked for"),
        ([row(5)] * 4, "4 rows where 3 were asked for"),
    ],
)
def test_a_page_that_can_be_no_answer_changes_nothing(answer, said):
    pages = StampPages(MONDAY, MONDAY + 10 * MS, 3)
    before = pages.ask

    with pytest.raises(WrongPage, match=said):
        pages.take(answer)
    assert (pages.ask, pages.done) == (before, MONDAY)


def test_rows_that_were_there_and_are_missing_now_are_no_answer():
    pages = StampPages(MONDAY, MONDAY + 10 * MS, 3)
    assert pages.take([row(1), row(5, size=1), row(5, size=2)]) == [row(1)]

    with pytest.raises(WrongPage, match=r"1 rows at .* that were there before are missing"):
        pages.take([row(5, size=1), row(7), row(8)])


def test_two_bars_at_one_time_are_no_answer():
    with pytest.raises(WrongPage, match="two rows at"):
        StampPages(MONDAY, MONDAY + 10 * MS, 3, unique=True).take([row(1), row(1)])


def test_a_time_stamp_without_end_is_no_answer():
    size = 20_000
    pages = StampPages(MONDAY, MONDAY + MS, size)

    pages.take([row(0, size=1)] * size)
    pages.take([row(0, size=2)] * size)

    with pytest.raises(WrongPage, match=f"more than {STAMP_ROWS_MAX} rows"):
        pages.take([row(0, size=3)] * size)
