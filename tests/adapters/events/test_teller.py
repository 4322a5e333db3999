"""A source says whether it is heard only when that changes, and floods nobody with what cannot be read."""

from adapters.events.teller import NAMED_MAX
from tests.adapters.events.listeners import Ear
from tests.builders import MONDAY, SECOND
from tests.house import an_event


def test_a_trouble_is_said_once_and_its_end_once():
    ear = Ear()

    for _ in range(3):
        ear.teller.trouble("away")
    for _ in range(3):
        ear.teller.well()

    assert ear.states == ["away", ""]


def test_two_concerns_are_told_together_and_end_apart():
    ear = Ear()

    ear.teller.trouble("away")
    ear.teller.trouble("silent", "silence")
    ear.teller.well()
    ear.teller.well("silence")

    assert ear.states == ["away", "away; silent", "silent", ""]


def test_silence_is_told_when_it_is_too_long_and_ends_with_an_event():
    ear = Ear(silence_ns=5 * SECOND)

    ear.later(5)
    ear.teller.look()
    assert ear.states == []
    ear.later(0.1)
    ear.teller.look()
    ear.teller.event(an_event("x", source="mood", ts=MONDAY + 6 * SECOND))

    assert ear.states == ["nothing heard for 5 s", ""]


def test_of_a_flood_of_what_cannot_be_read_the_first_are_named_and_the_rest_is_counted():
    ear = Ear()

    for number in range(NAMED_MAX + 70):
        ear.teller.malformed(f"line {number}")
    assert len(ear.malformed) == NAMED_MAX
    ear.later(61)
    ear.teller.malformed("line x")

    assert ear.malformed[-1] == "line x (70 more before it are not named)"


def test_nothing_is_said_once_its_incarnation_is_over():
    ear = Ear()
    ear.teller.over = True

    ear.teller.event(an_event("x"))
    ear.teller.malformed("x")
    ear.teller.trouble("x")

    assert ear.heard == []
