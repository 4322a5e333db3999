"""In a schedule messages wait as in mailboxes: so many and no more, the latest quote only, control always let in."""

from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.mailbox import FULL, Mailbox
from actors.runtime.schedule import ScheduledMailboxes
from actors.runtime.slot import ActorKind, ActorSpec, Slot
from messages import Envelope, HaltTrading
from tests.builders import MONDAY, a_fill, a_quote, a_tick


def a_slot(heard, cap=3):
    spec = ActorSpec(
        address="strategy:a", role="strategy", kind=ActorKind.STRATEGY, factory=lambda _: None, mailbox_cap=cap
    )
    slot = Slot(spec)
    slot.deliver = heard.append
    return slot


def said(number, message, sender="feed"):
    return Envelope(number, 0, sender, 1, MONDAY, message)


def offer(schedule, slot, envelope):
    """Whether it was let in."""
    admitted = schedule.admits(slot, envelope)
    if admitted:
        schedule.put(slot, envelope)
    return admitted


def test_no_more_is_let_in_than_a_mailbox_holds_whoever_says_it():
    schedule, slot = ScheduledMailboxes(1), a_slot([])

    let_in = [offer(schedule, slot, said(n, a_fill(), sender)) for n, sender in enumerate("abcd")]

    assert let_in == [True, True, True, False]


def test_control_is_always_let_in():
    schedule, slot = ScheduledMailboxes(1), a_slot([], cap=0)

    assert not offer(schedule, slot, said(1, a_fill()))
    assert offer(schedule, slot, said(2, HaltTrading(reason="kill switch", ts=MONDAY)))


def test_of_quotes_the_latest_waits_and_is_heard():
    heard = []
    schedule, slot = ScheduledMailboxes(1), a_slot(heard)
    for number in range(5):
        offer(schedule, slot, said(number, a_quote(number + 1, number + 2)))
    offer(schedule, slot, said(9, a_quote(7, 8, symbol="ETHUSD")))

    schedule.drain(everything=True)

    assert sorted(each.id for each in heard) == [4, 9]
    assert slot.mailbox.conflated == 4


def test_a_quote_that_is_given_back_is_not_needed_when_a_newer_one_waits():
    heard = []
    schedule, slot = ScheduledMailboxes(1), a_slot(heard)
    offer(schedule, slot, said(2, a_quote(2, 3)))

    schedule.put_first(slot, said(1, a_quote(1, 2)))
    schedule.put(slot, said(0, a_quote(1, 2)))
    schedule.drain(everything=True)

    assert [each.id for each in heard] == [2]


def test_there_is_room_again_when_something_was_heard_or_taken_out():
    schedule, slot = ScheduledMailboxes(1), a_slot([], cap=1)
    offer(schedule, slot, said(1, a_fill()))

    schedule.drain(everything=True)

    assert offer(schedule, slot, said(2, a_fill()))
    assert [each.id for each in schedule.take_for(slot)] == [2]
    assert offer(schedule, slot, said(3, a_fill()))


@given(st.lists(st.sampled_from(["fill", "tick", "quote", "halt"]), max_size=40), st.integers(0, 12))
def test_what_is_let_in_is_what_a_mailbox_lets_in(kinds, cap):
    make = {
        "fill": a_fill, "tick": a_tick, "quote": lambda: a_quote(1, 2),
        "halt": lambda: HaltTrading(reason="kill switch", ts=MONDAY),
    }  # fmt: skip
    schedule, slot, mailbox = ScheduledMailboxes(1), a_slot([], cap), Mailbox(cap)

    for number, kind in enumerate(kinds):
        envelope = said(number, make[kind]())
        assert offer(schedule, slot, envelope) == (mailbox.put(envelope) != FULL)

    assert (schedule.waiting, slot.mailbox.conflated) == (len(mailbox), mailbox.conflated)
