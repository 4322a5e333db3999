"""Signals that ask a command to stop: which ones, what the first and the second do, and what was before comes back."""

import os
import signal

import pytest

from adapters.interrupts import EXIT_CODES, Interrupts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def _as_before():
    numbers = [signal.Signals[name] for name in EXIT_CODES]
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("name", EXIT_CODES)
def test_the_first_asks_and_the_second_interrupts(name):
    asked = []
    with Interrupts() as interrupts:
        interrupts.stops(asked.append)
        signal.raise_signal(signal.Signals[name])
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.Signals[name])

    assert asked == [name]
    assert interrupts.name == name
    assert EXIT_CODES[name] == 128 + signal.Signals[name]


def test_a_terminal_that_may_go_away_stays_so():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGHUP)

    assert interrupts.name is None
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_whoever_had_them_before_has_them_again():
    before = [signal.getsignal(signal.Signals[name]) for name in EXIT_CODES]

    with Interrupts():
        pass

    assert [signal.getsignal(signal.Signals[name]) for name in EXIT_CODES] == before
