"""One question at a time, each again after its pause, and after failures after a longer one."""

from adapters.ccxt_data.polls import ANSWER_WAIT, PAUSE_MAX, Polls
from tests.builders import MONDAY, SECOND

A, B = ("XBT", "trades"), ("XBT", "best")


def test_questions_take_turns_and_wait_for_their_answers():
    polls = Polls([A, B], 2 * SECOND)

    first = polls.due(MONDAY)
    assert (first.question, first.number, polls.due(MONDAY)) == (A, 1, None)
    polls.answered(MONDAY + SECOND)
    second = polls.due(MONDAY + SECOND)
    assert (second.question, second.number) == (B, 2)
    polls.answered(MONDAY + SECOND)
    assert polls.due(MONDAY + 2 * SECOND) is None
    assert polls.next_deadline() == MONDAY + 3 * SECOND
    assert polls.due(MONDAY + 3 * SECOND).question == A


def test_what_has_more_is_asked_again_at_once():
    polls = Polls([A, B], 2 * SECOND)
    polls.due(MONDAY)
    polls.answered(MONDAY, more=True)
    polls.due(MONDAY)
    polls.answered(MONDAY)

    assert polls.due(MONDAY).question == A


def test_the_pause_after_failures_doubles_up_to_a_minute():
    polls, at, pauses = Polls([A], 2 * SECOND), MONDAY, []
    for _ in range(8):
        assert polls.due(at) is not None
        polls.failed(at)
        pauses.append(polls.next_deadline() - at)
        at = polls.next_deadline()

    assert [pause // SECOND for pause in pauses] == [4, 8, 16, 32, 60, 60, 60, 60]
    assert max(pauses) == PAUSE_MAX
    polls.due(at)
    polls.answered(at)
    polls.due(at + 2 * SECOND)
    polls.failed(at + 2 * SECOND)
    assert polls.next_deadline() == at + 6 * SECOND


def test_an_exchange_that_has_enough_is_left_alone_by_every_question():
    polls = Polls([A, B], 2 * SECOND)
    polls.due(MONDAY)
    polls.failed(MONDAY, least=30 * SECOND, all_wait=True)

    assert polls.due(MONDAY + 29 * SECOND) is None
    assert polls.next_deadline() == MONDAY + 30 * SECOND
    assert polls.due(MONDAY + 30 * SECOND).question == B


def test_a_question_whose_answer_does_not_come_is_given_up():
    polls = Polls([A], 2 * SECOND)
    polls.due(MONDAY)

    assert polls.overdue(MONDAY + ANSWER_WAIT - 1) is None
    assert polls.overdue(MONDAY + ANSWER_WAIT) == A
