"""The judge ends a trader for its own silence alone: not for the watchdog's sleep, an ordered stop, or a debugger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.watchdog.judging import CLOSED_S, Judge, Patience, Phase, Verdict
from adapters.watchdog.silence import GIVEN_S, Silence
from adapters.watchdog.words import Word

LOOK_S = 0.2
PATIENCE = Patience(start_s=60.0, silence_s=10.0, stop_s=20.0)


class Watching:
    """A judge, and a clock that the test turns."""

    def __init__(self, *, beaten=True):
        self.now = 1_000.0
        self.judge = Judge(PATIENCE, self.now)
        if beaten:
            self.hears(Word.BEAT, "1")

    def hears(self, word, rest=""):
        self.judge.heard(word, rest)

    def passes(self, seconds, *, lives=True, is_traced=False):
        """Looks all the while; returns the first verdict, and when it came."""
        ends = self.now + seconds
        while self.now < ends:
            self.now += LOOK_S
            verdict = self.judge.look(self.now, lives=lives, is_traced=is_traced)
            if verdict is not None:
                return verdict
        return None


def test_a_trader_that_beats_in_time_is_left_alone():
    watching = Watching()

    for number in range(100):
        assert watching.passes(9.0) is None
        watching.hears(Word.BEAT, str(number))


def test_silence_for_longer_than_it_may_last_ends_it_and_is_told():
    watching = Watching()

    assert watching.passes(9.7) is None
    assert watching.passes(1.0) is Verdict.SILENT
    assert watching.judge.reason.startswith("no heartbeat came back for 10.")


def test_until_the_first_beat_it_may_be_silent_for_as_long_as_a_start_takes():
    watching = Watching(beaten=False)

    assert watching.judge.phase is Phase.STARTING
    assert watching.passes(59.0) is None
    assert watching.passes(2.0) is Verdict.SILENT


@pytest.mark.parametrize("word", ["", "beaten", "ready", "BEAT"])
def test_what_is_no_word_of_its_is_no_sign_of_life(word):
    watching = Watching()

    assert watching.passes(9.0) is None
    watching.hears(word, "2")
    assert watching.passes(2.0) is Verdict.SILENT


def test_a_watchdog_that_slept_for_hours_counts_a_second_of_it():
    watching = Watching()
    assert watching.passes(5.0) is None
    watching.now += 8 * 3600

    assert watching.passes(3.5) is None
    assert watching.passes(2.0) is Verdict.SILENT


def test_a_clock_that_goes_back_breaks_nothing():
    watching = Watching()
    watching.now -= 100

    assert watching.passes(100.0) is None
    assert watching.passes(11.0) is Verdict.SILENT


def test_an_ordered_stop_has_a_patience_of_its_own_and_beats_do_not_end_it():
    watching = Watching()
    assert watching.passes(9.0) is None
    watching.hears(Word.STOPPING)
    watching.hears(Word.BEAT, "9")

    assert watching.passes(19.0) is None
    assert watching.passes(2.0) is Verdict.SILENT


def test_stopping_said_again_and_again_makes_no_more_of_it():
    watching = Watching()
    watching.hears(Word.STOPPING)
    assert watching.passes(19.0) is None
    watching.hears(Word.STOPPING)

    assert watching.passes(2.0) is Verdict.SILENT


def test_goodbye_is_an_end_in_order_even_of_a_process_that_is_gone():
    watching = Watching()
    watching.hears(Word.BYE)

    assert watching.passes(1.0, lives=False) is Verdict.ENDED


def test_a_process_that_is_gone_without_goodbye_has_died_at_once():
    watching = Watching()

    assert watching.judge.look(watching.now, lives=False) is Verdict.DIED


def test_a_failure_that_is_told_is_no_death():
    watching = Watching()
    watching.hears(Word.FAILED, "1 order was not known to be gone")

    assert watching.passes(1.0) is Verdict.FAILED
    assert watching.judge.reason == "1 order was not known to be gone"


def test_the_first_of_its_last_words_counts():
    watching = Watching()
    watching.hears(Word.FAILED, "why")
    watching.hears(Word.BYE)

    assert watching.passes(1.0) is Verdict.FAILED


def test_a_pipe_that_is_closed_leaves_it_a_moment_to_be_gone():
    watching = Watching()
    watching.judge.closed(watching.now)

    assert watching.passes(CLOSED_S - 0.5) is None
    assert watching.passes(1.0) is Verdict.SILENT
    assert "closed its pipe" in watching.judge.reason


def test_a_debugger_may_hold_it_for_as_long_as_somebody_looks():
    watching = Watching()

    assert watching.passes(1_000.0, is_traced=True) is None
    assert watching.passes(9.0) is None
    assert watching.passes(2.0) is Verdict.SILENT


def test_who_is_halted_and_silent_is_rescued_once_and_not_ended():
    watching = Watching()
    watching.hears(Word.HALTED)

    assert watching.passes(11.0) is Verdict.HALTED
    assert watching.passes(1_000.0) is None
    assert watching.judge.look(watching.now, lives=False) is Verdict.DIED


def test_after_a_beat_the_next_silence_of_a_halted_one_counts_again():
    watching = Watching()
    watching.hears(Word.HALTED)
    assert watching.passes(11.0) is Verdict.HALTED
    watching.hears(Word.BEAT, "2")

    assert watching.passes(11.0) is Verdict.HALTED


def test_who_trades_again_and_stays_silent_is_ended():
    watching = Watching()
    watching.hears(Word.HALTED)
    assert watching.passes(11.0) is Verdict.HALTED
    watching.hears(Word.TRADING)

    assert watching.passes(1.0) is Verdict.SILENT


def test_who_is_halted_and_does_not_come_through_its_stop_is_ended():
    watching = Watching()
    watching.hears(Word.HALTED)
    watching.hears(Word.STOPPING)

    assert watching.passes(21.0) is Verdict.SILENT


def test_half_a_silence_is_warned_of_once():
    watching = Watching()
    assert watching.passes(4.0) is None
    assert watching.judge.warning() == ""
    assert watching.passes(2.0) is None

    assert "of 10 s" in watching.judge.warning()
    assert watching.judge.warning() == ""


WORDS = st.sampled_from([*Word, "rubbish"])
STEPS = st.lists(
    st.tuples(st.floats(0.0, 50.0), st.lists(WORDS, max_size=2), st.booleans(), st.booleans()), max_size=60
)


@given(STEPS)
def test_nobody_is_ended_sooner_than_the_watchdog_itself_has_listened_for_as_long_as_it_must(steps):
    """Recomputed from the looks alone: however time jumps, at least silence / GIVEN_S looks lie before a verdict."""
    now, judge, looks, limit = 0.0, Judge(PATIENCE, 0.0), 0, PATIENCE.start_s
    for jump, words, lives, traced in steps:
        now += jump
        for word in words:
            judge.heard(word, "x")
            if word == Word.BEAT:
                looks, limit = 0, min(limit, PATIENCE.silence_s) if limit == PATIENCE.start_s else limit
            if word == Word.STOPPING and limit != PATIENCE.stop_s:
                looks, limit = 0, PATIENCE.stop_s
        looks = 0 if traced else looks + 1
        verdict = judge.look(now, lives=lives, is_traced=traced)
        if verdict in (Verdict.SILENT, Verdict.HALTED):
            assert looks * GIVEN_S >= limit
        if verdict is not None and verdict is not Verdict.HALTED:
            return


@given(st.lists(st.floats(-5.0, 100.0), min_size=1, max_size=50))
def test_a_silence_is_never_longer_than_time_or_looks_allow(steps):
    now, latest, silence = 0.0, 0.0, Silence(0.0)
    for step in steps:
        now += step
        latest = max(latest, now)
        silence.look(now)

    assert silence.seconds <= min(latest, len(steps) * GIVEN_S) + 1e-6
