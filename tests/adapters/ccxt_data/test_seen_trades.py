"""However answers overlap, each trade is said once, in order; what may be missing between two answers is known."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from adapters.ccxt_data.seen_trades import KNOWN_FOR, SeenTrades
from tests.builders import MONDAY, SECOND


def marks_of(steps):
    """A tape of trades: of (ms since the last, price), so that equal ones occur."""
    at, tape = MONDAY, []
    for step, price in steps:
        at += step * 1_000_000
        tape.append((at, float(price), 1.0, 1))
    return tape


TAPES = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), min_size=1, max_size=60).map(marks_of)


@given(
    tape=TAPES, first=st.integers(1, 60), cuts=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 20)), max_size=20)
)
def test_each_trade_after_the_first_answer_is_said_once(tape, first, cuts):
    seen, had = SeenTrades(), min(first, len(tape))
    seen.take(tape[:had])
    said = []
    for back, more in [*cuts, (0, len(tape))]:
        # The exchange lists from some time on: all rows of that stamp, up to as many as fit the page.
        since = tape[max(0, had - 1 - back)][0]
        answer = [mark for mark in tape if mark[0] >= since]
        overlap = sum(1 for mark in tape[:had] if mark[0] >= since)
        answer = answer[: overlap + more]
        said += seen.take(answer).marks
        had = max(
            had, overlap + len([mark for mark in tape[:had] if mark[0] < since]), tape.index(answer[0]) + len(answer)
        )

    assert Counter(said) == Counter(tape[min(first, len(tape)) :])
    assert [mark[0] for mark in said] == sorted(mark[0] for mark in said)


def test_the_first_answer_says_only_where_the_others_begin():
    seen = SeenTrades()

    assert seen.take([(MONDAY, 1.0, 1.0, 1)]).marks == ()
    assert seen.take([(MONDAY, 1.0, 1.0, 1), (MONDAY + 1, 1.0, 1.0, 1)]).marks == ((MONDAY + 1, 1.0, 1.0, 1),)


def test_two_equal_trades_are_two():
    seen, mark = SeenTrades(), (MONDAY, 1.0, 1.0, 1)
    seen.take([])
    # Of the first trades after none it is not known whether they are all.
    assert not SeenTrades().take([]).marks

    assert seen.take([mark]).marks == (mark,)
    assert seen.take([mark, mark]).marks == (mark,)
    assert seen.take([mark, mark]).marks == ()


def test_an_answer_that_knows_nothing_of_the_last_one_is_not_joined():
    seen = SeenTrades()
    seen.take([(MONDAY, 1.0, 1.0, 1)])

    assert not seen.take([(MONDAY + 5, 1.0, 1.0, 1)]).is_joined
    assert seen.take([(MONDAY + 5, 1.0, 1.0, 1), (MONDAY + 6, 1.0, 1.0, 1)]).is_joined
    assert seen.take([]).is_joined


def test_what_lies_far_back_is_forgotten_and_not_said_again():
    seen, old = SeenTrades(), (MONDAY, 1.0, 1.0, 1)
    seen.take([old])
    seen.take([old, (MONDAY + KNOWN_FOR + SECOND, 1.0, 1.0, 1)])

    assert old not in seen.known
    again = seen.take([old, (MONDAY + KNOWN_FOR + SECOND, 1.0, 1.0, 1)])
    assert (again.marks, again.is_joined) == ((), True)


def test_whoever_goes_on_says_what_was_missed_and_nothing_twice():
    first = SeenTrades()
    first.take([(MONDAY, 1.0, 1.0, 1), (MONDAY + KNOWN_FOR + 1, 1.0, 1.0, 1)])
    second = SeenTrades(first.known, first.floor)

    missed = (MONDAY + KNOWN_FOR + 2, 1.0, 1.0, -1)
    assert second.take([(MONDAY, 1.0, 1.0, 1), (MONDAY + KNOWN_FOR + 1, 1.0, 1.0, 1), missed]).marks == (missed,)
