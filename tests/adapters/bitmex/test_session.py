"""The session keeps a line: it logs in, subscribes, notices silence and lies, and comes back within its budget."""

import json
from itertools import pairwise
from random import Random

import pytest

from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.events import (
    AuditNeeded,
    CommandRefused,
    Line,
    LineDown,
    LineUp,
    LoginRefused,
    TopicLive,
    TopicRefused,
    TopicStale,
)
from adapters.bitmex.session import Phase, Session
from adapters.bitmex.signing import signature
from adapters.bitmex.subscriptions import Stage
from adapters.bitmex.topics import Topic
from messages import OrderBook, Quarantined, Tick
from tests.adapters.bitmex.frames import (
    WELCOME,
    a_frame,
    a_level_row,
    a_partial,
    a_refusal,
    a_trade_row,
    an_ack,
    an_execution_row,
    an_order_row,
)
from tests.builders import MINUTE, MONDAY, SECOND

KEY, SECRET = "canary-key", "canary-secret"
TRADES, ORDERS = Topic("trade", "XBTUSD"), Topic("order")
BOOK = Topic("orderBookL2_25", "XBTUSD")
LOGGED_IN = json.dumps({"success": True, "request": {"op": "authKeyExpires", "args": [KEY, 1, "x"]}})


def a_session(*topics, keys=False, seed=1):
    return Session(topics or (TRADES,), random=Random(seed), keys=LoopbackKeys(KEY, SECRET) if keys else None)


def told(step):
    """The commands that a step sends, as `op topic`; other texts as they are."""
    texts = [send.text for send in step.sends]
    commands = [json.loads(text) if text.startswith("{") else text for text in texts]
    return [text if isinstance(text, str) else f"{text['op']} {text['args'][0]}" for text in commands]


def up(session, at=MONDAY):
    """A line that is up, with everything asked for."""
    session.start(at)
    session.connected(at)
    step = session.received(WELCOME, at)
    return session.received(LOGGED_IN, at) if session.phase is Phase.LOGIN else step


def live(session, *partials, at=MONDAY):
    up(session, at)
    for partial in partials:
        session.received(partial, at)
    return session


# Up.


def test_a_public_line_is_opened_greeted_and_subscribed():
    session = a_session(TRADES, BOOK)

    assert session.start(MONDAY).line is Line.OPEN
    assert session.connected(MONDAY).sends == ()
    step = session.received(WELCOME, MONDAY)

    assert told(step) == ["subscribe trade:XBTUSD", "subscribe orderBookL2_25:XBTUSD"]
    assert step.said == (LineUp(MONDAY, False, 719),)


def test_b4_a_private_line_logs_in_first_with_a_signature_that_holds_long_enough():
    session = a_session(TRADES, ORDERS, keys=True)
    session.start(MONDAY)
    session.connected(MONDAY)

    (login,) = session.received(WELCOME, MONDAY + SECOND).sends
    _, (key, expires, signed) = json.loads(login.text).values()

    assert key == KEY
    assert signed == signature(SECRET, "GET", "/realtime", expires)
    assert expires * SECOND >= MONDAY + 10 * SECOND
    assert KEY not in repr(login)
    assert told(session.received(LOGGED_IN, MONDAY)) == ["subscribe trade:XBTUSD", "subscribe order"]


def test_without_keys_private_topics_are_not_asked_for():
    assert told(up(a_session(TRADES, ORDERS))) == ["subscribe trade:XBTUSD"]


def test_f26_a_log_in_is_signed_by_the_venue_s_clock():
    session = a_session(keys=True)
    ahead = MONDAY + 60 * MINUTE
    session.start(ahead)
    session.connected(ahead)

    (login,) = session.received(WELCOME, ahead + SECOND).sends

    assert 10 <= json.loads(login.text)["args"][1] - MONDAY // SECOND <= 12


def test_a_topic_is_live_with_its_partial_and_rows_follow():
    session = a_session()
    up(session)
    session.received(an_ack("trade:XBTUSD"), MONDAY)

    early = session.received(a_frame("trade", "insert", a_trade_row(trdMatchID="a")), MONDAY)
    partial = session.received(a_partial("trade"), MONDAY)
    step = session.received(a_frame("trade", "insert", a_trade_row(trdMatchID="b")), MONDAY)

    assert early.said == ()
    assert partial.said == (TopicLive(TRADES, MONDAY),)
    assert [type(said) for said in step.said] == [Tick]
    assert session.feed.subscriptions.all_live
    assert session.feed.dropped == 1


def test_a_second_partial_is_taken_and_is_no_news():
    session = live(a_session(BOOK), a_partial("orderBookL2_25", a_level_row(1, "Buy", 5, 99)))

    step = session.received(a_partial("orderBookL2_25", a_level_row(1, "Buy", 6, 98)), MONDAY)

    assert [type(said) for said in step.said] == [OrderBook]
    assert step.said[0].bids == ((98.0, 6.0),)


def test_a_partial_that_nobody_asked_for_is_dropped():
    session = live(a_session(), a_partial("trade"))

    assert session.received(a_partial("trade", a_trade_row(symbol="ETHUSD"), symbol="ETHUSD"), MONDAY).said == ()
    assert session.feed.dropped == 1


def test_tables_that_nobody_wants_take_no_memory():
    session = live(a_session(), a_partial("trade"))
    for number in range(100):
        session.received(a_frame(f"table{number}", "insert", {"symbol": "XBTUSD"}), MONDAY)

    assert session.feed.dropped == 100
    assert len(session.feed.stream._tables) == 1


# Refused.


def test_wrong_keys_end_it_and_nothing_is_tried_until_there_are_others():
    session = a_session(keys=True)
    session.start(MONDAY)
    session.connected(MONDAY)
    session.received(WELCOME, MONDAY)

    refusal = a_refusal(f"Signature not valid. {KEY}", op="authKeyExpires", args=[KEY, 1, "s"], status=401)
    step = session.received(refusal, MONDAY)

    assert step.line is Line.CLOSE
    assert step.said == (
        LoginRefused(MONDAY, "Signature not valid. ***"),
        LineDown(MONDAY, "log-in refused", None),
    )
    assert session.next_tick is None
    assert session.tick(MONDAY + 60 * MINUTE) == ((), (), None)
    assert session.start(MONDAY + 60 * MINUTE, LoopbackKeys("other", "other")).line is Line.OPEN


@pytest.mark.parametrize(
    ("text", "status"),
    [("This request has expired - `expires` is in the past. Current time: 1", 401), ("Overloaded", 503)],
)
def test_a_log_in_that_fails_for_the_moment_is_tried_again(text, status):
    session = a_session(keys=True)
    session.start(MONDAY)
    session.connected(MONDAY)
    session.received(WELCOME, MONDAY)

    step = session.received(a_refusal(text, op="authKeyExpires", status=status), MONDAY)

    assert step.line is Line.CLOSE
    assert session.tick(session.next_tick).line is Line.OPEN


def test_a_limit_of_connections_is_waited_for():
    session = a_session()
    session.start(MONDAY)
    session.connected(MONDAY)

    step = session.received('{"status": 429, "error": "Rate limit exceeded, retry in 300 seconds."}', MONDAY)

    assert step.line is Line.CLOSE
    assert session.next_tick >= MONDAY + 300 * SECOND


def test_a_refused_topic_is_said_and_asked_for_again_on_the_next_line_only():
    session = a_session()
    up(session)

    step = session.received(a_refusal("Unknown table", args=["trade:XBTUSD"]), MONDAY)

    assert step.said == (TopicRefused(TRADES, MONDAY, "Unknown table", retried=False),)
    assert session.feed.subscriptions.stage(TRADES) is Stage.REFUSED
    assert told(session.tick(MONDAY + 4 * SECOND)) == []
    session.disconnected(MONDAY + 5 * SECOND)
    session.tick(session.next_tick)
    session.connected(session.next_tick)
    assert told(session.received(WELCOME, MONDAY + 10 * SECOND)) == ["subscribe trade:XBTUSD"]


def test_f29_a_topic_that_an_overloaded_venue_refuses_is_asked_for_again_on_the_same_line():
    session = a_session()
    up(session)

    step = session.received(a_refusal("Unable to subscribe.", args=["trade:XBTUSD"], status=503), MONDAY)

    assert step.said == (TopicRefused(TRADES, MONDAY, "Unable to subscribe.", retried=True),)
    assert told(session.tick(MONDAY + 2 * SECOND)) == ["subscribe trade:XBTUSD"]


def test_a_limited_topic_is_asked_for_again_after_its_pause():
    session = a_session()
    up(session)

    step = session.received(
        a_refusal("Rate limit exceeded, retry in 2 seconds.", args=["trade:XBTUSD"], status=429), MONDAY
    )

    assert step.said[0].retried
    assert told(session.tick(MONDAY + SECOND)) == []
    assert told(session.tick(MONDAY + 2 * SECOND)) == ["subscribe trade:XBTUSD"]


def test_what_is_subscribed_already_is_no_refusal():
    session = a_session()
    up(session)

    text = "You are already subscribed to this topic: trade:XBTUSD"
    assert session.received(a_refusal(text, args=["trade:XBTUSD"]), MONDAY).said == ()


def test_other_commands_that_fail_are_said():
    session = live(a_session(), a_partial("trade"))

    assert session.received(a_refusal("no", op="cancelAllAfter"), MONDAY).said == (
        CommandRefused("cancelAllAfter", MONDAY, "no"),
    )


# Alive.


def test_b8_five_silent_seconds_are_answered_by_a_ping_and_five_more_by_an_end():
    session = live(a_session(), a_partial("trade"))

    assert session.next_tick == MONDAY + 5 * SECOND
    assert told(session.tick(MONDAY + 5 * SECOND)) == ["ping"]
    assert session.next_tick == MONDAY + 10 * SECOND
    assert session.tick(MONDAY + 10 * SECOND - 1).line is None
    step = session.tick(MONDAY + 10 * SECOND)

    assert step.line is Line.CLOSE
    assert step.said[0].reason == "no pong in time"


@pytest.mark.parametrize("text", ["pong", a_frame("trade", "insert"), "nonsense"])
def test_anything_that_arrives_is_a_sign_of_life(text):
    session = live(a_session(), a_partial("trade"))
    session.tick(MONDAY + 5 * SECOND)

    session.received(text, MONDAY + 9 * SECOND)

    assert session.tick(MONDAY + 10 * SECOND).line is None
    assert told(session.tick(MONDAY + 14 * SECOND))[-1] == "ping"


def test_f55_a_process_that_slept_does_not_believe_its_line():
    session = live(a_session(), a_partial("trade"))

    step = session.tick(MONDAY + 60 * MINUTE)

    assert step.line is Line.CLOSE
    assert step.said[0].reason == "nothing heard for too long"


@pytest.mark.parametrize("silent_at", ["connecting", "greeting", "login"])
def test_every_step_of_the_way_up_has_a_deadline(silent_at):
    session = a_session(keys=True)
    session.start(MONDAY)
    if silent_at != "connecting":
        session.connected(MONDAY)
    if silent_at == "login":
        session.received(WELCOME, MONDAY)
    at = MONDAY
    while session.phase is not Phase.WAITING:
        at = session.next_tick
        step = session.tick(at)

    assert at <= MONDAY + 10 * SECOND
    assert isinstance(step.said[0], LineDown)


@pytest.mark.parametrize(("acknowledged", "word"), [(False, "no answer"), (True, "no partial")])
def test_f21_a_partial_that_never_comes_costs_the_line(acknowledged, word):
    session = a_session()
    up(session)
    if acknowledged:
        session.received(an_ack("trade:XBTUSD"), MONDAY)
    session.received("pong", MONDAY + 9 * SECOND)

    step = session.tick(MONDAY + 10 * SECOND)

    assert step.line is Line.CLOSE
    assert step.said[0].reason == f"trade:XBTUSD: {word} in time"


def test_f21_a_silent_topic_is_stale_while_the_line_lives_and_is_asked_for_again():
    topic = Topic("trade", "XBTUSD", silence=20 * SECOND)
    session = live(a_session(topic), a_partial("trade"))
    for second in range(1, 20):
        session.received("pong", MONDAY + second * SECOND)

    step = session.tick(MONDAY + 20 * SECOND)
    again = session.tick(session.next_tick)

    assert step.said == (TopicStale(topic, MONDAY + 20 * SECOND, "silent"),)
    assert told(step) == ["unsubscribe trade:XBTUSD"]
    assert told(again) == ["subscribe trade:XBTUSD"]
    late = session.received(a_frame("trade", "insert", a_trade_row()), MONDAY + 21 * SECOND)
    assert late.said == ()


def test_a_topic_that_says_something_in_time_is_never_stale():
    session = live(a_session(Topic("trade", "XBTUSD", silence=20 * SECOND)), a_partial("trade"))

    for number in range(1, 20):
        at = MONDAY + number * 4 * SECOND
        session.received(a_frame("trade", "insert", a_trade_row(trdMatchID=f"t{number}")), at)
        assert session.tick(at) == ((), (), None)


# Lies.


def test_f20_a_gap_costs_the_topic_and_a_new_partial_mends_it():
    partial = a_partial("orderBookL2_25", a_level_row(1, "Buy", 5, 99))
    session = live(a_session(BOOK), partial)

    step = session.received(a_frame("orderBookL2_25", "update", a_level_row(7, "Buy", 1)), MONDAY)
    again = session.tick(session.next_tick)
    mended = session.received(partial, MONDAY + 2 * SECOND)

    assert [type(said) for said in step.said] == [Quarantined, TopicStale]
    assert (told(step), told(again)) == (["unsubscribe orderBookL2_25:XBTUSD"], ["subscribe orderBookL2_25:XBTUSD"])
    assert [type(said) for said in mended.said] == [TopicLive, OrderBook]


def test_f22_a_book_that_stays_crossed_is_asked_for_again_after_a_second():
    session = live(a_session(BOOK), a_partial("orderBookL2_25", a_level_row(1, "Buy", 5, 99)))
    session.received(a_frame("orderBookL2_25", "insert", a_level_row(2, "Sell", 5, 98)), MONDAY)

    assert session.next_tick == MONDAY + SECOND
    step = session.tick(MONDAY + SECOND)

    assert step.said == (TopicStale(BOOK, MONDAY + SECOND, "crossed book"),)


def test_a_book_that_is_always_crossed_is_asked_for_more_and_more_rarely():
    session, at, asked = a_session(BOOK), MONDAY, []
    up(session)
    crossed = a_partial("orderBookL2_25", a_level_row(1, "Buy", 5, 99), a_level_row(2, "Sell", 5, 98))
    while at < MONDAY + 30 * MINUTE:
        session.received(crossed, at)
        at = session.next_tick
        asked += [at for text in told(session.tick(at)) if text.startswith("subscribe")]
        session.received("pong", at)

    assert 5 < len(asked) < 60
    assert asked[-1] - asked[-2] > 10 * (asked[1] - asked[0]) > 0


def test_a_frame_that_cannot_be_read_is_set_aside_and_what_it_may_have_said_is_asked_for_again():
    session = live(a_session(TRADES, ORDERS, keys=True), a_partial("trade"), a_partial("order", symbol=None, account=7))

    of_trades = session.received('{"table": "trade", "action": "upsert", "data": []}', MONDAY)
    of_anything = session.received('{"table": "tra', MONDAY)

    assert [type(said) for said in of_trades.said] == [Quarantined, TopicStale]
    assert [type(said) for said in of_anything.said] == [Quarantined, AuditNeeded, TopicStale]
    assert told(of_anything) == ["unsubscribe order"]
    assert session.phase is Phase.UP


def test_f13_a_fill_that_cannot_be_read_is_said_to_need_an_audit():
    execution = Topic("execution")
    session = live(a_session(execution, keys=True), a_partial("execution", symbol=None, account=7))

    step = session.received(a_frame("execution", "insert", an_execution_row(lastQty=-5)), MONDAY)

    assert [type(said) for said in step.said] == [Quarantined, AuditNeeded]


def test_s03_neither_key_nor_secret_is_said_by_anything_that_the_venue_repeats():
    partials = a_partial("trade"), a_partial("order", symbol=None, account=7)
    texts = [
        a_refusal(f"no {KEY} {SECRET}", op="x", args=[KEY, SECRET]),
        a_refusal(f"no {KEY} {SECRET}", args=["trade:XBTUSD"]),
        f'{{"{KEY}": "{SECRET}"',
        a_frame("trade", "insert", a_trade_row(price=SECRET)),
        a_frame("order", "insert", an_order_row(orderQty=KEY)),
        json.dumps({"table": SECRET, "action": KEY}),
    ]

    steps = [live(a_session(TRADES, ORDERS, keys=True), *partials).received(text, MONDAY) for text in texts]

    said = repr(steps)
    assert said.count("***") >= 5
    assert KEY not in said
    assert SECRET not in said


# Down and up again.


def test_b12_after_a_cut_everything_is_stale_and_wanted_as_before():
    session = live(a_session(TRADES, BOOK), a_partial("trade"), a_partial("orderBookL2_25"))

    step = session.disconnected(MONDAY + SECOND, "cut")
    retry_at = step.said[0].retry_at

    assert step == ((LineDown(MONDAY + SECOND, "cut", retry_at),), (), None)
    assert session.next_tick == retry_at > MONDAY + SECOND
    assert session.tick(retry_at).line is Line.OPEN
    session.connected(retry_at)
    assert len(told(session.received(WELCOME, retry_at))) == 2
    assert session.received(a_frame("trade", "insert", a_trade_row()), retry_at).said == ()


def test_f29_a_venue_that_refuses_twenty_connections_is_not_stormed():
    session, at, opened = a_session(), MONDAY, []
    session.start(at)
    while at < MONDAY + 180 * MINUTE:
        session.disconnected(at, "refused")
        at = session.next_tick
        assert session.tick(at).line is Line.OPEN
        opened.append(at)

    assert max(sum(when - 60 * MINUTE < other <= when for other in opened) for when in opened) <= 30
    assert all(later > earlier for earlier, later in pairwise(opened))


def test_frames_of_a_line_that_is_gone_are_strays():
    session = live(a_session(), a_partial("trade"))
    session.disconnected(MONDAY)

    assert session.received(a_frame("trade", "insert", a_trade_row()), MONDAY) == ((), (), None)
    assert session.strays == 1


def test_stopping_is_final_and_our_own_closing_is_not_heard_as_a_loss():
    session = live(a_session(), a_partial("trade"))

    assert session.stop(MONDAY).line is Line.CLOSE
    assert session.disconnected(MONDAY) == ((), (), None)
    assert session.stop(MONDAY) == ((), (), None)
    assert session.next_tick is None


def test_starting_what_is_started_does_nothing():
    session = live(a_session(), a_partial("trade"))

    assert session.start(MONDAY) == ((), (), None)


def test_b5_topics_can_be_changed_while_the_line_is_up():
    session = live(a_session(TRADES), a_partial("trade"))

    step = session.want((BOOK,), MONDAY)

    assert told(step) == ["unsubscribe trade:XBTUSD", "subscribe orderBookL2_25:XBTUSD"]
    assert session.received(a_frame("trade", "insert", a_trade_row()), MONDAY).said == ()
    assert session.want((BOOK,), MONDAY) == ((), (), None)


def test_a_topic_keeps_its_place_when_its_deadline_changes():
    session = live(a_session(Topic("trade", "XBTUSD", silence=50 * SECOND)), a_partial("trade"))

    assert session.want((Topic("trade", "XBTUSD", silence=7 * SECOND),), MONDAY) == ((), (), None)
    session.received("pong", MONDAY + 4 * SECOND)
    assert session.tick(MONDAY + 7 * SECOND).said[0].reason == "silent"


@pytest.mark.parametrize("wrong", [lambda: Topic("tradeBin7m"), lambda: Topic("margin", "XBTUSD"), lambda: Topic("")])
def test_a_topic_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ValueError, match="topic"):
        wrong()


def test_a_table_is_not_wanted_twice_over():
    with pytest.raises(ValueError, match="is a part of"):
        a_session(Topic("trade"), TRADES)
