"""Each way in which a Pykka actor fails and starts again, and what we do: rows P02-P07, P11, P18, P19."""

import sys
import threading

from actors.component import Component
from messages import ActorFailed, Subscribe
from tests.house import Toy, an_event, crash


def exits(_toy, _event):
    sys.exit(1)


class Witness(Component):
    """Hears what is said about failures."""

    def __init__(self, failures):
        self.failures = failures

    def on_actor_failed(self, failed):
        self.failures.append(failed)
        return ()


def a_recorder(house):
    """The failures that are reported while the house stands."""
    failures: list[ActorFailed] = []
    house.add("recorder", lambda: Witness(failures))
    return failures


def test_p02_messages_behind_a_crash_are_handled_after_the_restart(house):
    failures = a_recorder(house)
    house.toy("strategy:a", {"poison": crash, "exit": exits})
    house.start()
    mailbox = house.slot("strategy:a").mailbox

    house.tell("strategy:a", "one", "poison", "two", "three")
    house.until(lambda: house.heard("strategy:a") == ["one", "two", "three"])
    house.tell("strategy:a", "exit", "four")
    house.until(lambda: house.heard("strategy:a") == ["one", "two", "three", "four"], passing=1)

    house.until(lambda: len(failures) == 2)
    assert house.slot("strategy:a").mailbox is mailbox
    assert [(each.during, each.error) for each in failures] == [
        ("ExternalEvent", "ValueError: crashed as told"),
        ("ExternalEvent", "SystemExit: 1"),
    ]
    assert all(each.message_id > 0 for each in failures)


def test_p02_a_restart_is_a_new_thread_and_the_next_epoch(threads_house):
    house = threads_house
    threads = []

    def look(_toy, _event):
        threads.append(threading.current_thread())

    house.toy("strategy:a", {"poison": crash, "look": look})
    house.start()

    house.tell("strategy:a", "look", "poison", "look")
    house.until(lambda: len(threads) == 2)

    assert [thread.name for thread in threads] == ["strategy:a#1", "strategy:a#2"]
    assert threads[0] is not threads[1]
    assert house.status("strategy:a").epoch == 2
    house.until(lambda: not threads[0].is_alive())


def test_p02_messages_of_every_sender_and_kind_wait_out_the_back_off_in_order(house):
    house.toy("strategy:a", {"poison": crash})
    house.start()
    house.tell("strategy:a", "poison", "poison")
    house.until_down("strategy:a")

    house.tell("strategy:a", *map(str, range(100)))
    assert house.heard("strategy:a") == []

    house.until(lambda: house.heard("strategy:a") == [str(number) for number in range(100)], passing=1)


def test_p04_an_actor_that_raises_in_on_start_is_a_failed_start_and_is_started_again(house):
    failures = a_recorder(house)

    def twice(toy):
        if toy.number <= 1:
            raise OSError("not yet")
        return ()

    house.toy("strategy:a", on_start=twice)
    house.start()
    house.until_up("strategy:a")

    house.tell("strategy:a", "hello")

    house.until(lambda: house.heard("strategy:a") == ["hello"])
    house.until(lambda: [each.during for each in failures] == ["start"])
    assert house.status("strategy:a").epoch == 2


def test_p04_an_actor_that_never_starts_does_not_keep_the_others_from_starting(house):
    def never(_toy):
        raise OSError("never")

    house.toy("strategy:a", on_start=never)
    house.toy("bar-builder")
    house.start()
    house.until(lambda: house.status("bar-builder").state == "up")
    for _ in range(10):
        house.advance(10)
        house.until(lambda: house.status("strategy:a").state in ("down", "quarantined"))

    house.until(lambda: house.status("strategy:a").state == "quarantined", passing=10)
    assert house.incarnations("strategy:a") == 4


def test_p05_sys_exit_in_on_start_is_a_failed_start_and_leaves_no_zombie(house):
    def leave(toy):
        if toy.number == 1:
            sys.exit(3)
        return ()

    house.toy("strategy:a", on_start=leave)
    house.start()

    house.until_up("strategy:a", epoch=2)
    house.tell("strategy:a", "hello")

    house.until(lambda: house.heard("strategy:a") == ["hello"])
    assert house.incarnations("strategy:a") == 2
    assert "strategy:a#1" not in {thread.name for thread in threading.enumerate()}


def test_p05_an_on_start_that_hangs_is_found_and_replaced(threads_house):
    house = threads_house
    house.handler_seconds = 0.1
    block = house.block()

    def hang(toy):
        if toy.number == 1:
            block.wait()
        return ()

    house.toy("strategy:a", on_start=hang)
    house.start()
    house.until_up("strategy:a")
    house.tell("strategy:a", "hello")
    house.until(lambda: house.heard("strategy:a") == ["hello"])
    heir = house.slot("strategy:a").component

    block.set()
    house.until(lambda: house.status("strategy:a").fenced == 1)

    assert house.slot("strategy:a").component is heir
    assert heir.number == 2


def test_p05_a_constructor_that_hangs_does_not_take_its_heirs_place_when_it_comes_back(threads_house):
    house = threads_house
    house.handler_seconds = 0.1
    block, made = house.block(), []

    def make():
        made.append(1)
        if len(made) == 1:
            block.wait()
            return Toy(house, "too late")
        return Toy(house, "strategy:a")

    house.add("strategy:a", make)
    house.start()
    house.until_up("strategy:a", epoch=3)
    heir = house.slot("strategy:a").component
    block.set()
    house.until(lambda: ("too late", "release") in house.log)

    assert house.slot("strategy:a").component is heir
    house.tell("strategy:a", "hello")
    house.until(lambda: house.heard("strategy:a") == ["hello"])


def test_p06_a_thread_that_cannot_be_had_is_a_failed_start(threads_house, monkeypatch):
    house = threads_house
    failures = a_recorder(house)
    house.toy("strategy:a")
    start, refused = threading.Thread.start, []

    def refuse(thread):
        if thread.name.startswith("strategy:a#") and len(refused) < 1:
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    house.start()
    house.until_up("strategy:a", epoch=2)
    house.tell("strategy:a", "hello")

    house.until(lambda: house.heard("strategy:a") == ["hello"])
    assert refused == ["strategy:a#1"]
    house.until(lambda: [each.error for each in failures] == ["RuntimeError: can't start new thread"])


def test_p06_an_heir_whose_thread_cannot_be_had_still_waits_for_the_one_before(threads_house, monkeypatch):
    house = threads_house
    order, held = [], house.block()

    class Slow(Toy):
        def release(self):
            if self.number == 1:
                held.wait()
            order.append(("released", self.number))

    house.add("portfolio@main", lambda: Slow(house, "portfolio@main", {"hold": lambda _t, _e: held.wait() and ()}))
    house.toy("executor@main", {"poison": crash})
    start, refused = threading.Thread.start, []

    def refuse(thread):
        if thread.name == "portfolio@main#3":
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    house.start()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    house.tell("portfolio@main", "hold")
    house.until(lambda: house.slot("portfolio@main").host.busy_since > 0)
    house.tell("executor@main", "poison")
    house.until(lambda: bool(refused))
    house.until(lambda: house.incarnations("portfolio@main") == 1)
    held.set()

    house.until_up("portfolio@main")
    assert order[0] == ("released", 1)
    assert house.slot("portfolio@main").component.state == ["hold"]


def test_p07_a_constructor_that_raises_harms_neither_the_supervisor_nor_the_others(house):
    made = []

    def make():
        made.append(1)
        if len(made) == 1:
            raise LookupError("no such parameter")
        return Toy(house, "strategy:a")

    house.add("strategy:a", make)
    house.toy("strategy:b")
    house.start()
    house.until_up("strategy:a", epoch=2)

    house.tell("strategy:b", "hello")

    house.until(lambda: house.heard("strategy:b") == ["hello"])
    assert house.status("supervisor").state == "up"


def test_p07_an_answer_that_cannot_be_sent_is_its_sayers_failure(house):
    def wrong(_toy, _event):
        return (Subscribe(ActorFailed),)

    failures = a_recorder(house)
    house.toy("strategy:a", {"wrong": wrong})
    house.start()

    house.tell("strategy:a", "wrong", "after")

    house.until(lambda: house.heard("strategy:a") == ["wrong", "after"])
    house.until(lambda: len(failures) == 1)
    assert "no route brings it to a strategy" in failures[0].error
    assert house.status("strategy:a").epoch == 2


def test_p11_nothing_sent_while_an_actor_goes_down_is_lost(threads_house):
    house = threads_house
    house.toy("strategy:a", {"poison": crash})
    house.start()
    texts = [str(number) for number in range(400)]

    def send(part):
        for text in part:
            house.runtime.tell("strategy:a", an_event(text))

    senders = [threading.Thread(target=send, args=(texts[lane::4],)) for lane in range(4)]
    for number, sender in enumerate(senders):
        sender.start()
        if number < 3:
            house.runtime.tell("strategy:a", an_event("poison"))
    for sender in senders:
        sender.join()

    house.until(lambda: len(house.heard("strategy:a")) == len(texts), passing=1)
    for lane in range(4):
        assert [text for text in house.heard("strategy:a") if int(text) % 4 == lane] == texts[lane::4]
    assert not house.runtime.dead_letters


def test_p18_a_name_reaches_whichever_incarnation_is_up(house):
    house.toy("strategy:a", {"poison": crash})
    house.start()
    for round_ in range(3):
        house.tell("strategy:a", "poison", f"after {round_}")
        house.until(lambda: len(house.heard("strategy:a")) > round_, passing=2)  # noqa: B023 - it is called at once

    assert house.heard("strategy:a") == ["after 0", "after 1", "after 2"]
    assert house.status("strategy:a").epoch == 4


def test_p19_a_successor_begins_when_its_predecessor_has_released_what_it_held(threads_house):
    house = threads_house
    held, order = house.block(), []

    class Owner(Toy):
        def on_start(self):
            order.append(("started", self.number))
            return ()

        def release(self):
            if self.number == 1:
                held.wait()
            order.append(("released", self.number))

    house.add("venue@main", lambda: Owner(house, "venue@main", {"poison": crash}))
    house.start()
    house.tell("venue@main", "poison", "next")
    house.until(lambda: house.slot("venue@main").host.handling == "release after ExternalEvent")
    assert order == [("started", 1)]
    held.set()

    house.until(lambda: house.heard("venue@main") == ["next"])
    assert order == [("started", 1), ("released", 1), ("started", 2)]


class Answers(Toy):
    """Says at its start what it is asked for a message that its predecessor failed on."""

    def died_on(self, message):
        self.house.note(self.address, f"answers for {message.get('text')}")
        return ()


def test_f61_what_one_failed_on_its_successor_is_asked_to_answer_once(house):
    house.add("strategy:a", lambda: Answers(house, "strategy:a", {"poison": crash, "exit": exits}))
    house.start()

    house.tell("strategy:a", "one", "poison", "two")
    house.until(lambda: "two" in house.heard("strategy:a"))
    house.tell("strategy:a", "exit", "three")
    house.until(lambda: "three" in house.heard("strategy:a"), passing=1)

    said = [text for text in house.heard("strategy:a") if text != "release"]
    assert said == ["one", "answers for poison", "two", "answers for exit", "three"]
