"""The trader passes on what proves that it lives, and nothing else; a watchdog that is gone is replaced and missed."""

import pytest

from adapters.live.watch import ANSWER_S, REPLACED_MAX, Watch
from adapters.live.watchdog_process import WatchdogFailed
from adapters.watchdog.words import Word
from messages import HeartbeatReturned
from tests.builders import MONDAY


class Peer:
    """A watchdog in the place of a process: says what the test has it say."""

    def __init__(self, pid, start_s):
        self.pid, self.start_s = pid, start_s
        self.told, self.saying, self.ended, self.answers = [], [], None, True
        self.is_killed = self.is_left = False

    def say(self, word, rest=""):
        self.told.append(f"{word} {rest}".strip())
        if word is Word.BEAT and self.answers:
            self.saying.append((word, rest))

    def heard(self):
        said, self.saying = self.saying, []
        return said

    def kill(self):
        self.is_killed = True

    def leave(self, seconds=2.0):
        self.is_left = True


class Case:
    """A watch whose clock and watchdogs are the test's."""

    def __init__(self, *, ready=True, silence_s=10.0):
        self.now, self.step, self.peers, self.said, self.lost, self.ready = 0.0, 0.0, [], [], [], ready
        self.fails = None
        self.watch = Watch(
            self.make, silence_s=silence_s, start_s=90.0, tell=self.tell, lost=self.lost.append, clock=self.clock
        )

    def clock(self):
        self.now += self.step
        return self.now

    def make(self, start_s):
        if self.fails is not None:
            raise self.fails
        self.peers.append(Peer(len(self.peers) + 1, start_s))
        if self.ready:
            self.peers[-1].saying.append((Word.READY, ""))
        return self.peers[-1]

    def tell(self, text, *, is_there):
        self.said.append((is_there, text))

    def returns(self, number):
        self.watch.returned(HeartbeatReturned(account="main", number=number, ts=MONDAY))

    def looks(self, seconds=0.1, **told):
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.watch.look(**told)


@pytest.fixture
def case():
    case = Case()
    case.watch.begin()
    return case


def test_a_beat_follows_a_heartbeat_that_came_back_and_nothing_else(case):
    case.looks(30.0)
    assert case.peers[0].told == []
    case.returns(4)
    case.looks(5.0)
    case.returns(4)
    case.looks(5.0)
    case.returns(6)
    case.looks(5.0)

    assert case.peers[0].told == ["beat 4", "beat 6"]
    assert case.said == [(True, "the watchdog is process 1")]
    assert case.peers[0].start_s == 90.0


def test_without_a_look_of_the_main_thread_no_beat_goes(case):
    case.returns(1)

    assert case.peers[0].told == []


def test_a_halt_and_its_end_are_told_once_each(case):
    case.looks(3.0, is_halted=True)
    case.looks(3.0)

    assert case.peers[0].told == ["halted", "trading"]


def test_one_that_ends_is_replaced_and_told_what_holds_and_no_old_heartbeat(case):
    case.returns(1)
    case.looks(1.0, is_halted=True)
    case.peers[0].ended = "it ended with code -9"
    case.looks(1.0, is_halted=True)

    assert case.peers[0].is_killed
    assert case.peers[0].is_left
    assert case.peers[1].told == ["halted"]
    assert case.peers[1].start_s == 10.0
    assert case.said[1:] == [
        (False, "the watchdog is gone: it ended with code -9; another one is started"),
        (True, "the watchdog is process 2"),
    ]
    case.returns(2)
    case.looks(is_halted=True)
    assert case.peers[1].told == ["halted", "beat 2"]


def test_one_that_does_not_answer_is_replaced(case):
    case.peers[0].answers = False
    case.returns(1)
    case.looks(ANSWER_S - 1)
    assert not case.peers[0].is_killed
    case.looks(3.0)

    assert case.peers[0].is_killed
    assert "did not answer" in case.said[1][1]


def test_a_machine_that_slept_makes_no_watchdog_slow(case):
    case.peers[0].answers = False
    case.returns(1)
    case.looks(2.0)
    case.now += 10_000
    case.looks(2.0)

    assert not case.peers[0].is_killed


def test_after_a_few_in_an_hour_there_is_none_and_that_is_said_once(case):
    for number in range(REPLACED_MAX + 1):
        case.peers[number].ended = "it ended with code 70"
        case.looks(1.0)
    case.returns(5)
    case.looks(10.0)

    assert len(case.peers) == REPLACED_MAX + 1
    (reason,) = case.lost
    assert case.said[-1] == (False, reason)
    assert f"{REPLACED_MAX} in an hour were replaced" in reason
    case.watch.stopping()
    case.watch.end("whatever")


def test_after_an_hour_they_are_replaced_again(case):
    for number in range(3 * REPLACED_MAX):
        case.peers[number].ended = "it ended with code 70"
        case.looks(1.0)
        case.now += 3_600 / REPLACED_MAX

    assert case.lost == []


def test_one_that_cannot_be_started_again_counts_as_one_that_is_gone(case):
    case.fails = OSError("no more processes")
    case.peers[0].ended = "it ended with code -9"
    case.looks(1.0)

    assert len(case.said) == 1 + REPLACED_MAX + 1
    assert "no more processes" in case.lost[0]


def test_an_end_in_order_says_goodbye_once(case):
    case.watch.stopping()
    case.watch.end()
    case.watch.end("by an error")
    case.looks(100.0)

    assert case.peers[0].told == ["stopping", "bye"]
    assert case.peers[0].is_left


def test_an_end_that_is_none_says_why(case):
    case.watch.stopping()
    case.watch.end("1 order was not known to be gone")

    assert case.peers[0].told == ["stopping", "failed 1 order was not known to be gone"]


@pytest.mark.parametrize("why", ["ended", "said", "late", "cannot"])
def test_a_run_does_not_begin_with_a_watchdog_that_does_not(why):
    case = Case(ready=False)
    made = case.make

    def make(start_s):
        peer = made(start_s)
        peer.ended = "it ended with code 2" if why in ("ended", "said") else None
        if why == "said":
            peer.saying.append((Word.FAILED, "the venue did not answer"))
        case.step = 1.0 if why == "late" else 0.0
        return peer

    case.watch._make = make
    case.fails = OSError("no more processes") if why == "cannot" else None
    told = {
        "ended": "it ended with code 2", "said": "the venue did not answer", "late": "it was not ready after",
        "cannot": "no more processes",
    }  # fmt: skip

    with pytest.raises(WatchdogFailed, match=told[why]):
        case.watch.begin()
    assert all(peer.is_killed and peer.is_left for peer in case.peers)
