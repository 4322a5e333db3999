"""The checker stops trading when portfolio, executor and guard do not believe in the same positions."""

import pytest

from actors.checker import RETRY_AFTER_NS, Checker
from messages import HaltTrading, PositionsReported, ReportPositions, Step, WakeAt, Woke
from tests.builders import MONDAY, a_fill

CHECK = Woke(MONDAY, "check")


def reports(number, *, portfolio=(("a", "X", 2), ("b", "X", -1)), executor=None, guard=(("", "X", 1),)):
    parts = {"portfolio": portfolio, "executor": portfolio if executor is None else executor, "risk-guard": guard}
    return [
        PositionsReported(account="main", number=number, role=role, positions=positions)
        for role, positions in parts.items()
    ]


def heard(checker, messages):
    return [answer for message in messages for answer in checker.on_positions_reported(message)]


def until_it_halts(checker, **positions):
    """Ask and answer with the same difference until it counts."""
    answers = heard(checker, reports(1, **positions))
    for number in range(2, 50):
        (answer,) = answers
        if isinstance(answer, HaltTrading):
            return answer
        checker.on_woke(Woke(answer.at, answer.token))
        answers = heard(checker, reports(number, **positions))
    raise AssertionError("it never halted")


def test_asks_for_one_check_an_instant():
    checker = Checker("main")

    assert checker.on_fill(a_fill(1)) == (WakeAt(MONDAY, "check", Step.CHECKS),)
    assert checker.on_fill(a_fill(2)) == ()
    assert checker.on_woke(CHECK) == (ReportPositions("main", 1),)
    assert checker.on_fill(a_fill(3)) == (WakeAt(MONDAY, "check", Step.CHECKS),)


def test_is_silent_when_all_agree():
    checker = Checker("main")
    checker.on_woke(CHECK)

    assert heard(checker, reports(1)) == []
    assert checker.on_stop() == ()


@pytest.mark.parametrize(
    "positions",
    [
        {"guard": (("", "X", 2),)},
        {"guard": ()},
        {"executor": (("a", "X", 1),)},
        {"executor": (("a", "X", 1), ("b", "X", 0))},
        {"portfolio": (), "executor": (), "guard": (("", "X", 1),)},
    ],
)
def test_a_lasting_difference_halts_naming_the_symbol(positions):
    checker = Checker("main")
    checker.on_woke(CHECK)

    halt = until_it_halts(checker, **positions)

    assert halt.account == "main"
    assert "X" in halt.reason


def test_the_reason_names_the_three_values():
    checker = Checker("main")
    checker.on_woke(CHECK)

    halt = until_it_halts(checker, portfolio=(("a", "X", 5),), executor=(("a", "X", 6),), guard=(("", "X", 7),))

    assert "portfolio 5, executor 6, net of the risk guard 7" in halt.reason


def test_a_difference_that_passes_is_no_reason_to_halt():
    checker = Checker("main")
    checker.on_woke(CHECK)
    (again,) = heard(checker, reports(1, guard=()))

    assert checker.on_woke(Woke(again.at, again.token)) == (ReportPositions("main", 2),)
    assert heard(checker, reports(2)) == []
    assert checker.on_stop() == ()


def test_compares_only_answers_to_the_same_question():
    checker = Checker("main")
    checker.on_woke(CHECK)
    old = reports(1, guard=())
    heard(checker, old[:2])
    checker.on_woke(CHECK)

    assert heard(checker, [old[2], *reports(2)]) == []


def test_waits_longer_each_time_it_asks_again():
    checker = Checker("main")
    checker.on_woke(CHECK)
    waits = []
    answers = heard(checker, reports(1, guard=()))
    while isinstance(answers[0], WakeAt):
        waits.append(answers[0].at - MONDAY)
        checker.on_woke(Woke(MONDAY, answers[0].token))
        answers = heard(checker, reports(len(waits) + 1, guard=()))

    assert waits == list(RETRY_AFTER_NS)


def test_a_difference_that_could_not_be_asked_about_again_is_said_at_the_end():
    checker = Checker("main")
    checker.on_woke(CHECK)
    heard(checker, reports(1, guard=()))

    (halt,) = checker.on_stop()

    assert isinstance(halt, HaltTrading)
