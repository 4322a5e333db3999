"""On a terminal the page of parity keeps to its width, and loses nothing by it."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.parity_command import fitting
from adapters.words import width

WORDS = st.lists(st.text("abcxyz0189:.", min_size=1, max_size=30), min_size=1, max_size=40)


@given(label=st.sampled_from(["", "  ", "  data       ", "             "]), words=WORDS)
def test_every_line_fits_and_every_word_stays(label, words):
    lines = fitting(label + " ".join(words)).splitlines()

    assert max(map(len, lines)) <= width()
    assert " ".join(lines).split() == (label + " ".join(words)).split()


def test_what_does_not_fit_goes_on_below_its_text(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    first, second = fitting("  data       " + "seven " * 12).splitlines()

    assert first.startswith("  data       seven")
    assert second == " " * 13 + "seven"
