"""A file that grows is heard line by line: each whole line once, whatever becomes of the file meanwhile."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.events.rows import LINE_MAX
from adapters.events.tail import LINES_MAX, FollowedFile
from tests.adapters.events.listeners import Ear
from tests.builders import MONDAY, SECOND


def line(n):
    return f'{{"ts": 1704067200, "n": {n}}}\n'


OPEN = []


@pytest.fixture(autouse=True)
def _let_go():
    yield
    while OPEN:
        OPEN.pop().file.close()


class Tail:
    """A followed file, and what is heard of it."""

    def __init__(self, place, before=None, name="mood.jsonl"):
        self.path, self.ear = place / name, Ear()
        if before is not None:
            self.path.write_text(before)
        self._is_csv = name.endswith(".csv")
        OPEN.append(self)
        self.file = self._follow(None)

    def _follow(self, heritage):
        return FollowedFile(self.path, self.ear.teller, kind="mood", is_csv=self._is_csv, place=heritage)

    def restart(self):
        heritage = self.file.heritage()
        self.file.close()
        self.file = self._follow(heritage)

    def append(self, text):
        with self.path.open("ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def look(self, times=3):
        for _ in range(times):
            self.file.turn()
        return self.ns

    @property
    def ns(self):
        return [payload["n"] for payload in self.ear.payloads]


def test_what_is_appended_is_heard_with_the_time_of_its_receipt(tmp_path):
    tail = Tail(tmp_path, line(1))

    assert tail.look() == []
    tail.ear.later(30)
    tail.append(line(2) + line(3))

    assert tail.look() == [2, 3]
    assert {event.received for event in tail.ear.events} == {MONDAY + 30 * SECOND}
    assert {event.ts for event in tail.ear.events} == {MONDAY}
    assert tail.ear.states == [""]


def test_a_line_without_an_end_waits_for_it(tmp_path):
    tail = Tail(tmp_path, line(1) + '{"ts": 17040')
    tail.look()

    tail.append('67200, "n": 2')
    assert tail.look() == []
    tail.append("}\n")

    assert tail.look() == [2]


def test_a_file_that_comes_later_is_heard_from_its_first_line(tmp_path):
    tail = Tail(tmp_path)

    tail.look()
    tail.append(line(1))

    assert tail.look() == [1]
    assert tail.ear.states == ["there is no file mood.jsonl yet", ""]


def test_a_file_in_its_place_is_heard_after_the_rest_of_the_old_one(tmp_path):
    tail = Tail(tmp_path, line(1))
    tail.look()

    tail.append(line(2))
    tail.path.rename(tmp_path / "mood.1")
    with (tmp_path / "mood.1").open("a") as old:
        old.write(line(3))
    tail.path.write_text(line(4))

    assert tail.look(5) == [2, 3, 4]


def test_a_file_that_was_cut_short_begins_again(tmp_path):
    tail = Tail(tmp_path, line(1) * 5)
    tail.look()

    tail.path.write_text(line(9))

    assert tail.look() == [9]
    assert "cut short or written anew" in tail.ear.states[1]
    assert tail.ear.states[-1] == ""


def test_a_file_that_was_written_anew_and_longer_is_noticed(tmp_path):
    tail = Tail(tmp_path, line(1))
    tail.look()

    tail.path.write_text(line(7) + line(8))

    assert tail.look() == [7, 8]


def test_a_restart_goes_on_and_repeats_nothing(tmp_path):
    tail = Tail(tmp_path, line(0))
    tail.look()
    tail.append(line(1))
    tail.look()

    tail.append(line(2))
    tail.restart()

    assert tail.look() == [1, 2]


def test_a_restart_after_the_file_was_replaced_hears_the_new_one(tmp_path):
    tail = Tail(tmp_path, line(0))
    tail.look()

    tail.path.rename(tmp_path / "old")
    tail.path.write_text(line(5))
    tail.restart()

    assert tail.look() == [5]


def test_a_line_that_kills_is_not_met_again(tmp_path):
    tail = Tail(tmp_path, "")
    tail.look()
    tail.append(line(1) + line(2))

    def dies(_event):
        raise RuntimeError("killed by the test")

    tail.ear.teller.event = dies
    with pytest.raises(RuntimeError):
        tail.look()
    del tail.ear.teller.event
    tail.restart()

    assert tail.look() == [2]


def test_what_cannot_be_read_is_named_by_its_line_and_the_rest_is_heard(tmp_path):
    tail = Tail(tmp_path, line(1))
    tail.look()

    tail.append(b"rubbish\n" + line(2).encode() + b"\xff\n\n" + b'{"n": 3}\n')

    assert tail.look() == [2]
    assert [text.split(":")[1].strip() for text in tail.ear.malformed] == ["line 2", "line 4", "line 6"]


def test_a_line_that_never_ends_is_passed_over_and_named_once(tmp_path):
    tail = Tail(tmp_path, "")
    tail.look()

    for _ in range(5):
        tail.append("x" * LINE_MAX)
        tail.look()
    tail.append("x\n" + line(2))

    assert tail.look() == [2]
    assert len(tail.ear.malformed) == 1
    assert "longer than" in tail.ear.malformed[0]


def test_a_csv_file_keeps_its_header(tmp_path):
    tail = Tail(tmp_path, "ts,n\n1704067200,1\n", name="mood.csv")
    tail.look()

    tail.append("1704067200,2\n")
    assert tail.look() == [2]
    tail.restart()
    tail.append("1704067200,3\n")

    assert tail.look() == [2, 3]


def test_a_csv_file_that_comes_later_begins_with_its_header(tmp_path):
    tail = Tail(tmp_path, name="mood.csv")
    tail.look()

    tail.append("n,ts\n4,1704067200\n")

    assert tail.look() == [4]


def test_a_csv_file_without_a_header_is_not_guessed_at(tmp_path):
    tail = Tail(tmp_path, "1704067200,1\n", name="mood.csv")
    tail.look()

    tail.append("1704067200,2\n")

    assert tail.look() == []
    assert "no header" in tail.ear.malformed[0]


def test_one_turn_takes_no_more_than_it_may(tmp_path):
    tail = Tail(tmp_path, "")
    tail.look()
    tail.append("".join(map(line, range(LINES_MAX + 5))))

    tail.look(1)
    assert len(tail.ns) == LINES_MAX
    tail.look(1)

    assert tail.ns == list(range(LINES_MAX + 5))


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.integers(1, 12), st.just("look"), st.just("restart"), st.just("rotate"),
        ),
        max_size=40,
    )
)  # fmt: skip
def test_however_it_is_written_looked_at_restarted_and_rotated_each_line_is_heard_once(steps, tmp_path_factory):
    tail = Tail(tmp_path_factory.mktemp("tail"), "")
    tail.look()
    text, count, rotated = "", 0, 0
    for step in steps:
        if step == "look":
            tail.look(1)
        elif step == "restart":
            # A rotation that nobody saw is the one thing that a restart can lose.
            tail.look(4)
            tail.restart()
            tail.look(1)
        elif step == "rotate":
            tail.append(text)
            text, rotated = "", rotated + 1
            tail.path.rename(tail.path.with_name(f"old {rotated}"))
            tail.path.write_text("")
            tail.look(4)
        else:
            # Some bytes of the lines that are to come, wherever that cuts them.
            if len(text) < step:
                text += line(count)
                count += 1
            tail.append(text[:step])
            text = text[step:]
    tail.append(text)

    assert tail.look(count + 10) == list(range(count))
