"""Spans of time: what is had and what is missing of what is wanted, against sets of instants."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapters.download.spans import bridged, joined, missing, without

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def instants(spans):
    return {at for begin, end in spans for at in range(begin, end)}


@given(spans=SPANS)
def test_joined_spans_are_the_same_instants_in_as_few_spans_as_can_be(spans):
    found = joined(spans)

    assert instants(found) == instants(spans)
    assert all(before[1] < after[0] for before, after in pairwise(found))


@given(begin=st.integers(0, 40), length=st.integers(0, 40), had=SPANS)
def test_what_is_missing_is_wanted_and_not_had(begin, length, had):
    wanted = (begin, begin + length)

    assert instants(missing(wanted, had)) == instants([wanted]) - instants(had)


@given(spans=SPANS, taken=SPANS)
def test_without_takes_instants_away(spans, taken):
    assert instants(without(spans, taken)) == instants(spans) - instants(taken)


@given(spans=SPANS, gap=st.integers(0, 10))
def test_a_bridge_adds_only_pauses_that_are_short(spans, gap):
    found, plain = bridged(spans, gap), joined(spans)

    added = joined([(at, at + 1) for at in instants(found) - instants(plain)])
    assert instants(found) >= instants(plain)
    assert all(end - begin <= gap for begin, end in added)
    assert all(after[0] - before[1] > gap for before, after in pairwise(found))
