"""Several sources are one stream by time; of one instant the lower rank comes first, however the pieces fall."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.store.kinds import kind_named
from adapters.store.streams import Source, in_chunks, merged_pieces, whole_messages

TICKS, BOOKS = kind_named("ticks"), kind_named("books")


def columns(rows):
    """Of (received, number): the number stands in `ts`."""
    received, number = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
    zeros = np.zeros(len(rows))
    return {"ts": number, "received": received, "price": zeros, "size": zeros, "aggressor": zeros.astype(np.int8)}


def books(messages):
    """Of (received, rows): each row of a message is its number, in `ts`."""
    rows = [(received, number) for number, (received, count) in enumerate(messages) for _ in range(count)]
    number = np.array([row[1] for row in rows], dtype=np.int64)
    zeros = np.zeros(len(rows))
    received = np.array([row[0] for row in rows], dtype=np.int64)
    return {
        "ts": number, "received": received, "part": number % 7, "side": zeros.astype(np.int8), "price": zeros,
        "size": zeros,
    }  # fmt: skip


def cut(rows, edges):
    return [rows[first:last] for first, last in zip([0, *edges], [*edges, len(rows)], strict=True)]


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_merge_is_the_stable_sort_of_all_rows_and_opens_nothing_before_its_time(data):
    count = data.draw(st.integers(1, 4))
    stamps = [sorted(data.draw(st.lists(st.integers(0, 6), max_size=8))) for _ in range(count)]
    # Sources stand in the order of their beginnings, as days do.
    stamps.sort(key=lambda each: each[0] if each else 0)
    rows = [[(stamp, 100 * source + at) for at, stamp in enumerate(each)] for source, each in enumerate(stamps)]
    ranks = data.draw(st.permutations(range(count)))
    opened, given_out = [], []

    def source(number):
        mine = rows[number]
        edges = sorted(data.draw(st.lists(st.integers(0, len(mine)), max_size=3)))

        def pieces():
            opened.append(number)
            assert all(stamp <= (mine[0][0] if mine else 0) for stamp in given_out)
            for piece in cut(mine, edges):
                yield columns(piece)

        return Source(mine[0][0] if mine else 0, pieces, rank=ranks[number])

    merged = []
    for piece in merged_pieces(TICKS, [source(number) for number in range(count)]):
        merged += list(zip(piece["received"].tolist(), piece["ts"].tolist(), strict=True))
        given_out.extend(piece["received"].tolist())

    ranked = [row for number in np.argsort(ranks) for row in rows[number]]
    assert merged == sorted(ranked, key=lambda row: row[0])
    assert sorted(opened) == list(range(count))


@settings(max_examples=80, deadline=None)
@given(data=st.data(), size=st.integers(1, 6))
def test_messages_stay_whole_through_pieces_and_chunks(data, size):
    stamps = sorted(data.draw(st.lists(st.integers(0, 6), max_size=8)))
    messages = [(stamp, data.draw(st.integers(1, 4))) for stamp in stamps]
    whole = books(messages)
    count = len(whole["ts"])
    edges = sorted(data.draw(st.lists(st.integers(0, count), max_size=4)))
    pieces = [{name: whole[name][first:last] for name in whole} for first, last in
              zip([0, *edges], [*edges, count], strict=True)]  # fmt: skip

    chunks = list(in_chunks(BOOKS, whole_messages(BOOKS, pieces), size))

    numbers = [chunk["ts"].tolist() for chunk in chunks]
    assert [number for each in numbers for number in each] == whole["ts"].tolist()
    assert all(set(earlier).isdisjoint(later) for earlier, later in itertools.pairwise(numbers))
    assert all(len(each) <= size or len(set(each)) == 1 for each in numbers)
    parts = [part for chunk in chunks for part in chunk["part"].tolist()]
    assert parts == whole["ts"].tolist()
