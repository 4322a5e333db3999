"""A mailbox keeps order within its lanes, never blocks who puts, and gives everything up when it is closed."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.mailbox import CLOSED, FULL, LANES, STOP, Lane, Mailbox
from messages import ALL_MESSAGES, ActorFailed, Envelope, ExternalEvent, HaltTrading, OrderBook, Quote
from tests.builders import MONDAY, a_book, a_fill, a_quote, a_tick
from tests.house import an_event


def an_envelope(message, number=1):
    return Envelope(number, 0, "somebody", 1, MONDAY, message)


def _text(item):
    message = item.message
    if isinstance(message, HaltTrading):
        return message.reason
    if isinstance(message, ExternalEvent):
        return message.get("text")
    return f"{type(message).__name__} {message.symbol} {message.ts}"


def _all(mailbox):
    items = []
    while (item := mailbox.take()) is not None:
        items.append("STOP" if item is STOP else _text(item))
    return items


def a_halt(reason="stop"):
    return HaltTrading(reason=reason, ts=MONDAY)


def test_control_goes_first_then_what_must_be_delivered_then_the_latest():
    mailbox = Mailbox()
    for message in (a_quote(ts=1), an_event("first"), a_halt("halt"), an_event("second"), a_book(ts=2)):
        mailbox.put(an_envelope(message))

    assert _all(mailbox) == ["halt", "first", "second", "Quote XBTUSD 1", "OrderBook XBTUSD 2"]


@pytest.mark.parametrize("message_class", ALL_MESSAGES)
def test_only_quotes_and_books_may_be_conflated(message_class):
    lane = LANES.get(message_class, Lane.MUST_DELIVER)

    assert (lane is Lane.LATEST_ONLY) == (message_class in (Quote, OrderBook))


def test_what_the_supervisor_hears_and_what_halts_trading_is_control():
    assert LANES[HaltTrading] is LANES[ActorFailed] is Lane.CONTROL


@pytest.mark.parametrize(("first", "heard"), [(True, ["STOP", "a", "b"]), (False, ["a", "b", "STOP"])])
def test_a_stop_goes_before_or_after_what_waits(first, heard):
    mailbox = Mailbox()
    mailbox.put(an_envelope(an_event("a")))
    mailbox.put(an_envelope(an_event("b")))
    mailbox.put_stop(first=first)

    assert _all(mailbox) == heard


def test_one_message_too_many_is_turned_away_and_control_is_not():
    mailbox = Mailbox(cap=2)
    answers = [mailbox.put(an_envelope(an_event(text))) for text in "abc"]

    assert answers == [1, 1, FULL]
    assert mailbox.put(an_envelope(a_halt())) == 1
    assert mailbox.put(an_envelope(a_quote())) == 1
    assert _all(mailbox) == ["stop", "a", "b", f"Quote XBTUSD {MONDAY}"]


@pytest.mark.parametrize("flood", [an_event("news"), a_tick()])
def test_a_flood_of_news_or_trades_leaves_room_for_fills(flood):
    mailbox = Mailbox(cap=20)
    answers = [mailbox.put(an_envelope(flood)) for _ in range(30)]

    assert answers == [1] * 18 + [FULL] * 12
    assert [mailbox.put(an_envelope(a_fill())) for _ in range(3)] == [1, 1, FULL]


def test_a_newer_quote_takes_the_older_ones_place_for_its_symbol_only():
    mailbox = Mailbox()
    answers = [mailbox.put(an_envelope(a_quote(ts=ts, symbol=symbol))) for ts, symbol in ((1, "X"), (2, "Y"), (3, "X"))]

    assert answers == [1, 1, 0]
    assert mailbox.conflated == 1
    assert _all(mailbox) == ["Quote Y 2", "Quote X 3"]


@pytest.mark.parametrize("message", [a_halt("taken"), an_event("taken"), a_quote(ts=1)])
def test_what_is_put_back_comes_first_in_its_lane(message):
    mailbox = Mailbox(cap=1)
    mailbox.put(an_envelope(message))
    taken = mailbox.take()
    for later in (a_halt("later"), an_event("later"), a_quote(ts=2, symbol="Y")):
        mailbox.put(an_envelope(later))

    assert mailbox.put_back(taken) == 1

    lane = LANES.get(type(message), Lane.MUST_DELIVER)
    assert _all(mailbox)[lane] == _text(taken)
    assert len(mailbox) == 0


def test_a_quote_that_was_overtaken_is_not_put_back():
    mailbox = Mailbox()
    mailbox.put(an_envelope(a_quote(ts=1)))
    taken = mailbox.take()
    mailbox.put(an_envelope(a_quote(ts=2)))

    assert mailbox.put_back(taken) == 0
    assert mailbox.conflated == 1
    assert _all(mailbox) == ["Quote XBTUSD 2"]


def test_a_stop_that_was_taken_too_early_is_put_back_before_what_waits():
    mailbox = Mailbox()
    mailbox.put(an_envelope(an_event("a")))

    assert mailbox.put_back(STOP) == 1
    assert _all(mailbox) == ["STOP", "a"]


def test_a_closed_mailbox_gives_up_what_it_had_in_order_and_takes_no_more():
    mailbox = Mailbox()
    for message in (a_quote(ts=1), an_event("a"), a_halt()):
        mailbox.put(an_envelope(message))
    mailbox.put_stop(first=False)

    given_up = mailbox.close()

    assert [_text(envelope) for envelope in given_up] == ["stop", "a", "Quote XBTUSD 1"]
    assert mailbox.put(an_envelope(an_event("late"))) == CLOSED
    assert mailbox.put_back(given_up[0]) == CLOSED
    assert len(mailbox) == 0
    assert mailbox.close() == ()


def test_it_knows_what_it_holds():
    mailbox = Mailbox()
    mailbox.put_stop(first=True)
    mailbox.put(an_envelope(a_quote()))

    assert mailbox.holds(Quote)
    assert not mailbox.holds(ExternalEvent)


def test_who_waits_is_woken_by_a_message_and_by_a_nudge():
    mailbox, got = Mailbox(), []
    waiter = threading.Thread(target=lambda: got.append(mailbox.wait(30)))
    waiter.start()
    mailbox.put(an_envelope(an_event("hello")))
    waiter.join(10)
    assert [_text(item) for item in got] == ["hello"]

    waiter = threading.Thread(target=lambda: got.append(mailbox.wait(30)))
    waiter.start()
    while waiter.is_alive():
        mailbox.nudge()
        waiter.join(0.01)
    assert got[1] is None


MESSAGES = st.one_of(
    st.integers(0, 9).map(lambda n: an_event(str(n))),
    st.integers(0, 9).map(lambda n: a_halt(str(n))),
    st.builds(lambda ts, symbol: a_quote(ts=ts, symbol=symbol), st.integers(0, 9), st.sampled_from("XY")),
)


@given(st.lists(st.one_of(MESSAGES, st.just("take")), max_size=60), st.integers(1, 5))
def test_nothing_is_lost_doubled_or_reordered_but_what_was_turned_away_or_conflated(steps, cap):
    mailbox, in_, out, turned_away = Mailbox(cap), [], [], 0
    for number, step in enumerate(steps):
        if step == "take":
            item = mailbox.take()
            if item is not None:
                out.append(item)
        else:
            answer = mailbox.put(an_envelope(step, number))
            in_.append(number)
            if answer == FULL:
                turned_away += 1
                in_.pop()
    while (item := mailbox.take()) is not None:
        out.append(item)

    numbers = [envelope.id for envelope in out]
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= set(in_)
    assert len(in_) - len(out) == mailbox.conflated
    for lane in (Lane.CONTROL, Lane.MUST_DELIVER):
        kept = [e.id for e in out if LANES.get(type(e.message), Lane.MUST_DELIVER) is lane]
        assert kept == sorted(kept)
        assert kept == [n for n in in_ if LANES.get(type(steps[n]), Lane.MUST_DELIVER) is lane]
