"""A rescue is clean only when the venue has nothing left, whatever comes late, fails or is refused on the way."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.watchdog.rescue import CLOSES_MAX, REFUSED_MAX, Answer, Ask, Done, Limits, Pause, Rescue

LIMITS = Limits(sweep_s=10.0, budget_s=100.0)
SYMBOLS = ("XBTUSD", "ETHUSD")


class Account:
    """A venue with one account, in a few lines: orders arrive late, answers are lost, requests are refused."""

    def __init__(self, *, orders=(), late=(), positions=None, failures=(), closes=True, deaf=0, refuses=()):
        self.now, self.orders = 0.0, list(orders)
        self.late = sorted(late)
        """(when, id) of orders that are on their way."""
        self.positions = dict(positions or {})
        self.failures = list(failures)
        """For the next requests: None does what is asked, or an answer in its place; with True it is done before."""
        self.closes, self.deaf, self.refuses = closes, deaf, refuses
        """`deaf`: so many cancels are answered and do nothing. `refuses`: symbols that cannot be closed."""
        self.asked = []

    def arrive(self):
        while self.late and self.late[0][0] <= self.now:
            self.orders.append(self.late.pop(0)[1])

    def answer(self, ask):
        self.arrive()
        self.asked.append(ask)
        failure = self.failures.pop(0) if self.failures else None
        if failure is None:
            return self._do(ask)
        answer, is_done = failure
        if is_done:
            self._do(ask)
        return answer

    def _do(self, ask):
        path, query = urlsplit(ask.path).path, parse_qs(urlsplit(ask.path).query)
        if (ask.verb, path) == ("DELETE", "/api/v1/order/all"):
            if self.deaf:
                self.deaf -= 1
                return Answer(200, [])
            gone, self.orders = self.orders, []
            return Answer(200, [{"orderID": each, "ordStatus": "Canceled"} for each in gone])
        if (ask.verb, path) == ("GET", "/api/v1/order"):
            assert json.loads(query["filter"][0]) == {"open": True}
            return Answer(200, [{"orderID": each, "clOrdID": each} for each in self.orders])
        if (ask.verb, path) == ("GET", "/api/v1/position"):
            return Answer(200, [{"symbol": name, "currentQty": lots} for name, lots in self.positions.items()])
        order = json.loads(ask.body)
        assert (ask.verb, order["ordType"], order["execInst"]) == ("POST", "Market", "Close")
        assert "orderQty" not in order
        assert order["side"] == ("Sell" if self.positions[order["symbol"]] > 0 else "Buy")
        if order["symbol"] in self.refuses:
            return Answer(400, failure="status 400: no")
        if self.closes:
            self.positions[order["symbol"]] = 0
        return Answer(200, {"orderID": "close"})


def done(rescue, account, most=5_000):
    """Through to its end; returns it."""
    for _ in range(most):
        step = rescue.next(account.now)
        if isinstance(step, Done):
            return step
        if isinstance(step, Pause):
            assert step.until > account.now
            account.now = step.until
            continue
        assert isinstance(step, Ask)
        account.now += 0.05
        rescue.answered(account.answer(step), account.now)
    raise AssertionError("it does not end")


def test_cancels_first_and_believes_only_what_is_asked_for_after_the_sweep():
    account, rescue = Account(orders=["a", "b"]), Rescue(LIMITS, 0.0)

    end = done(rescue, account)

    assert end == Done(is_clean=True)
    assert (account.asked[0].verb, account.asked[1].verb) == ("DELETE", "GET")
    assert rescue.cancelled == 2
    assert account.now >= LIMITS.sweep_s
    assert len(account.asked) < 20


def test_an_order_that_comes_in_late_is_cancelled_too():
    account, rescue = Account(orders=["a"], late=[(4.0, "late"), (9.0, "later")]), Rescue(LIMITS, 0.0)

    assert done(rescue, account).is_clean
    assert (account.orders, rescue.cancelled) == ([], 3)


def test_positions_are_left_alone_where_nobody_wants_them_closed():
    account = Account(positions={"XBTUSD": 300})

    assert done(Rescue(LIMITS, 0.0), account).is_clean
    assert account.positions == {"XBTUSD": 300}


def test_positions_of_our_symbols_are_closed_by_orders_that_cannot_turn_them_and_others_are_named():
    account = Account(positions={"XBTUSD": 300, "ETHUSD": -7, "XBTUSDT": 5})
    rescue = Rescue(LIMITS, 0.0, flatten=True, symbols=SYMBOLS)

    assert done(rescue, account).is_clean
    assert account.positions == {"XBTUSD": 0, "ETHUSD": 0, "XBTUSDT": 5}
    assert (rescue.closes, rescue.elsewhere) == (2, {"XBTUSDT": 5})


def test_one_position_that_the_venue_does_not_close_keeps_no_other_open():
    account = Account(positions={"ETHUSD": 1, "XBTUSD": 1}, refuses=("ETHUSD",))

    end = done(Rescue(LIMITS, 0.0, flatten=True, symbols=SYMBOLS), account)

    assert account.positions == {"ETHUSD": 1, "XBTUSD": 0}
    assert not end.is_clean
    assert "+1 ETHUSD" in end.reason


def test_a_cancel_that_was_answered_and_did_nothing_is_not_believed():
    account = Account(orders=["a"], deaf=8)
    rescue = Rescue(Limits(sweep_s=0.1, budget_s=100.0), 0.0)

    assert done(rescue, account).is_clean
    assert account.orders == []


def test_a_position_that_no_order_closes_is_given_up_after_a_few():
    account = Account(positions={"XBTUSD": 300}, closes=False)
    rescue = Rescue(LIMITS, 0.0, flatten=True, symbols=SYMBOLS)

    end = done(rescue, account)

    assert not end.is_clean
    assert "+300 XBTUSD" in end.reason
    assert rescue.closes == CLOSES_MAX


def test_positions_of_which_nothing_was_heard_are_not_taken_for_none():
    account = Account(positions={"XBTUSD": 5}, failures=[None, None, (Answer(failure="lost"), False)])
    rescue = Rescue(Limits(sweep_s=0.0, budget_s=100.0), 0.0, flatten=True, symbols=SYMBOLS)

    assert done(rescue, account).is_clean
    assert account.positions == {"XBTUSD": 0}


@pytest.mark.parametrize(
    "answer",
    [Answer(failure="TimeoutError: timed out"), Answer(503, failure="status 503: overloaded"), Answer(200, {"a": 1})],
)
def test_a_venue_that_never_answers_as_it_should_is_given_up_when_the_time_for_it_is_over(answer):
    account = Account(orders=["a"], failures=[(answer, False)] * 10_000)

    end = done(Rescue(LIMITS, 0.0), account)

    assert not end.is_clean
    assert end.reason.startswith("given up after 10")
    assert LIMITS.budget_s <= account.now < LIMITS.budget_s + 6
    assert len(account.asked) < 40


def test_keys_that_the_venue_does_not_take_are_not_tried_for_long():
    account = Account(failures=[(Answer(401, failure="status 401: invalid key"), False)] * 10_000)

    end = done(Rescue(LIMITS, 0.0), account)

    assert len(account.asked) == REFUSED_MAX
    assert "invalid key" in end.reason


def test_waits_for_as_long_as_the_venue_says_and_no_longer_than_a_minute():
    for told, waits in ((7.0, 7.0), (3_600.0, 60.0)):
        account = Account(failures=[(Answer(429, failure="status 429", pause_s=told), False)])
        rescue = Rescue(LIMITS, 0.0)
        rescue.answered(account.answer(rescue.next(0.0)), 0.0)

        assert rescue.next(0.0) == Pause(waits)


FAILURES = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from([
            Answer(failure="lost"), Answer(502, failure="status 502"), Answer(503, failure="status 503"),
            Answer(429, failure="status 429", pause_s=2.0), Answer(401, failure="status 401"), Answer(200, None),
        ]),
        st.booleans(),
    ),
)  # fmt: skip


@settings(max_examples=200)
@given(
    orders=st.lists(st.uuids().map(str), max_size=4, unique=True),
    late=st.lists(st.tuples(st.floats(0.0, 9.0), st.uuids().map(str)), max_size=4),
    positions=st.dictionaries(st.sampled_from([*SYMBOLS, "OTHER"]), st.integers(-5, 5), max_size=3),
    failures=st.lists(FAILURES, max_size=30),
    flatten=st.booleans(),
)
def test_whatever_goes_wrong_it_ends_and_clean_means_that_nothing_is_left(orders, late, positions, failures, flatten):
    account = Account(orders=orders, late=late, positions=positions, failures=failures)
    rescue = Rescue(LIMITS, 0.0, flatten=flatten, symbols=SYMBOLS)

    end = done(rescue, account)

    assert account.now <= LIMITS.budget_s + 70
    if end.is_clean:
        assert account.now >= LIMITS.sweep_s
        assert account.orders == []
        assert not account.late
        assert not flatten or not any(account.positions.get(symbol) for symbol in SYMBOLS)
    else:
        assert end.reason.startswith("given up")
    assert account.positions.get("OTHER", 0) == positions.get("OTHER", 0)
    assert flatten or account.positions == positions
    if not failures:
        assert end.is_clean
