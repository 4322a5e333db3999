"""No request too many, none before the exchange wants any, and what is kept for cancels is not spent on orders."""

from adapters.simulation.checks.budget import RequestBudget
from messages import RequestAnswered, SendRequest
from tests.simulation.checks.stand import SECOND, Stand


def cancel(stand):
    stand.send("DELETE", "/api/v1/order", clOrdID="abcdef-dice-1")


def test_ten_cancels_in_a_second_are_right_and_more_are_named(tmp_path):
    stand = Stand(RequestBudget, folder=tmp_path)
    for _ in range(11):
        cancel(stand)
    assert stand.violated == []
    cancel(stand)

    assert stand.violated == ["I20"]


def test_orders_leave_three_in_ten_for_cancels(tmp_path):
    stand = Stand(RequestBudget, folder=tmp_path)
    for number in range(7):
        stand.place(f"abcdef-dice-{number}")
    assert stand.violated == []
    stand.place("abcdef-dice-8")
    stand.place("abcdef-dice-9")

    assert stand.violated == ["I20"]


def test_cancels_that_were_asked_for_after_an_order_and_overtake_it_may_take_what_is_kept_for_them(tmp_path):
    stand = Stand(RequestBudget, folder=tmp_path)
    for number in range(6):
        stand.place(f"abcdef-dice-{number}")
    for request in (8, 9):
        stand.send("DELETE", "/api/v1/order", clOrdID="abcdef-dice-1", request=request)
    stand.place("abcdef-dice-7", request=7)
    assert stand.violated == []
    stand.place("abcdef-dice-8")

    assert stand.violated == ["I20"]


def test_a_minute_holds_a_hundred_and_twenty_whoever_lives(tmp_path):
    stand = Stand(RequestBudget, folder=tmp_path)
    for number in range(121):
        stand.send("GET", "/api/v1/order")
        if number == 60:
            stand.judge.life_began(2)
    assert stand.violated == []
    stand.send("GET", "/api/v1/order")

    assert stand.violated == ["I20"]


def test_questions_without_a_key_have_their_own_thirty_a_minute(tmp_path):
    stand = Stand(RequestBudget, folder=tmp_path)
    for _ in range(32):
        stand.send("GET", "/api/v1/trade", worker="rest:market")

    assert stand.violated == ["I20"]


def asked(opens):
    return SendRequest(
        to="rest:orders@main", reply_to="venue@main", number=1, verb="POST", path="/api/v1/order", opens=opens
    )


def test_nothing_opens_before_the_exchange_wants_any(tmp_path):
    stand = Stand(RequestBudget, folder=tmp_path)
    answer = RequestAnswered(
        to="venue@main", number=1, status=429, headers=(("retry-after", "5"),), started=0, sent=0, received=0
    )
    told = stand.say(answer, "rest:orders@main", posted=0)
    # It is not in the gateway's hands yet.
    stand.say(asked(opens=True), "venue@main", posted=1 * SECOND)
    stand.judge.handled("venue@main", 1, told)
    stand.say(asked(opens=False), "venue@main", posted=1 * SECOND)
    stand.say(asked(opens=True), "venue@main", posted=5 * SECOND)
    assert stand.violated == []
    stand.say(asked(opens=True), "venue@main", posted=4 * SECOND)

    assert stand.violated == ["I20"]


def test_the_answer_that_asks_for_a_pause_opens_nothing_itself(tmp_path):
    stand = Stand(RequestBudget, folder=tmp_path)
    answer = RequestAnswered(
        to="venue@main", number=1, status=429, headers=(("retry-after", "5"),), started=0, sent=0, received=0
    )
    told = stand.say(answer, "rest:orders@main", posted=0)
    stand.say(asked(opens=True), "venue@main", cause=told, posted=0)

    assert stand.violated == ["I20"]
