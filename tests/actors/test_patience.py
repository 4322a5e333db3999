"""A host hangs when it makes no progress while its process runs: a process that was stopped makes nobody hang."""

from actors.runtime.watchdog import Patience

HOST, OTHER = object(), object()


def _looks(patience, start, seconds, every=0.02):
    looks = round(seconds / every)
    for number in range(looks + 1):
        patience.look(start + number * every)
        yield start + number * every


def test_time_at_one_thing_adds_up():
    patience = Patience(0.05)
    spent = [patience.spent(HOST, 10.0) for _ in _looks(patience, 10.0, 1.0)]

    assert spent[0] == 0.0
    assert abs(spent[-1] - 1.0) < 1e-9


def test_what_is_begun_anew_counts_anew_and_idleness_does_not_count():
    patience = Patience(0.05)
    for _ in _looks(patience, 10.0, 1.0):
        patience.spent(HOST, 10.0)
        patience.spent(OTHER, 0.0)

    assert patience.spent(HOST, 11.0) == 0.0
    assert patience.spent(OTHER, 0.0) == 0.0


def test_an_hour_asleep_is_no_hour_in_a_handler():
    patience = Patience(0.05)
    for _ in _looks(patience, 10.0, 0.1):
        patience.spent(HOST, 10.0)
    patience.look(3_610.0)

    assert patience.spent(HOST, 10.0) < 0.2


def test_whoever_is_forgotten_is_nobody_s_burden():
    patience = Patience(0.05)
    patience.look(10.0)
    patience.spent(HOST, 10.0)
    patience.forget([OTHER])

    assert not patience._since
