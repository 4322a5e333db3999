"""Mailboxes that neither lose, nor grow without end, nor block anybody: rows P15, P16 and P17."""

import itertools
import threading

from actors.component import Component
from messages import ActorLagging, HaltTrading, OrderBook, Quote
from tests.builders import MONDAY, a_book, a_quote
from tests.house import Toy, an_event, crash


class Guard(Toy):
    def on_halt_trading(self, halt: HaltTrading):
        self.house.note(self.address, f"halt: {halt.reason}")
        return ()


class Watcher(Toy):
    def on_quote(self, quote: Quote):
        self.house.note(self.address, f"{quote.symbol} {quote.bid}")
        return ()

    def on_order_book(self, book: OrderBook):
        self.house.note(self.address, f"{book.symbol} book {book.bids[0][0]}")
        return ()


class Witness(Component):
    def __init__(self, seen):
        self.on_actor_lagging = lambda lagging: seen.append(lagging) or ()


def test_p15_a_halt_overtakes_a_backlog(threads_house):
    house = threads_house
    block, inside = house.block(), threading.Event()
    house.add("risk-guard@main", lambda: Guard(house, "risk-guard@main", {"hold": lambda _t, _e: hold() or ()}))

    def hold():
        inside.set()
        block.wait()

    house.start()
    house.tell("risk-guard@main", "hold")
    assert inside.wait(10)
    house.tell("risk-guard@main", *map(str, range(300)))
    house.send(HaltTrading(reason="kill switch", ts=MONDAY))
    block.set()

    house.until(lambda: len(house.heard("risk-guard@main")) == 302)
    assert house.heard("risk-guard@main")[:3] == ["hold", "halt: kill switch", "0"]


def test_p15_a_halt_that_waited_for_a_restart_comes_first(house):
    house.add("risk-guard@main", lambda: Guard(house, "risk-guard@main", {"poison": crash}))
    house.start()
    house.tell("risk-guard@main", "poison", "poison")
    house.until_down("risk-guard@main")
    house.tell("risk-guard@main", "an order")
    house.send(HaltTrading(reason="kill switch", ts=MONDAY))

    house.until_up("risk-guard@main", epoch=3)

    house.until(lambda: len(house.heard("risk-guard@main")) == 2)
    assert house.heard("risk-guard@main") == ["halt: kill switch", "an order"]


def test_p15_a_strategy_is_stopped_before_its_backlog(threads_house):
    house = threads_house
    block = house.block()
    house.toy("strategy:a", {"hold": lambda _t, _e: block.wait() and ()})
    house.start()
    house.tell("strategy:a", "hold", *map(str, range(300)))
    house.until(lambda: house.slot("strategy:a").host.busy_since > 0)
    host = house.slot("strategy:a").host
    lift = threading.Thread(target=lambda: house.until(lambda: host.leaving) or block.set())
    lift.start()

    assert house.stop() == ()

    lift.join()
    assert house.heard("strategy:a") == ["hold"]
    assert house.runtime.dead_letter_counts["strategy:a: stopped"] == 300


def test_p16_of_quotes_and_books_only_the_newest_waits_for_who_is_busy(threads_house):
    house = threads_house
    block = house.block()
    house.add("strategy:a", lambda: Watcher(house, "strategy:a", {"hold": lambda _t, _e: block.wait() and ()}))
    house.start()
    house.tell("strategy:a", "hold")
    house.until(lambda: house.slot("strategy:a").host.busy_since > 0)

    for price, symbol in itertools.product(range(1, 501), ("XBTUSD", "ETHUSD")):
        house.tell("strategy:a", a_quote(price, price + 1, symbol=symbol), a_book(((price, 1.0),), symbol=symbol))
    assert len(house.slot("strategy:a").mailbox) == 4
    house.tell("strategy:a", "an order")
    block.set()

    house.until(lambda: len(house.heard("strategy:a")) == 6)
    assert house.heard("strategy:a") == [
        "hold", "an order", "XBTUSD 500", "XBTUSD book 500", "ETHUSD 500", "ETHUSD book 500",
    ]  # fmt: skip
    assert house.status("strategy:a").conflated == 4 * 499
    house.until_quiet()


def test_p16_while_an_actor_is_down_quotes_are_conflated_and_orders_are_not(house):
    house.add("strategy:a", lambda: Watcher(house, "strategy:a", {"poison": crash}))
    house.start()
    house.tell("strategy:a", "poison", "poison")
    house.until_down("strategy:a")
    for price in range(1, 6):
        house.tell("strategy:a", a_quote(price, price + 1), f"order {price}")

    house.until_up("strategy:a", epoch=3)

    house.until(lambda: len(house.heard("strategy:a")) == 6)
    assert house.heard("strategy:a") == [*[f"order {price}" for price in range(1, 6)], "XBTUSD 5"]
    assert house.status("strategy:a").conflated == 4


def _overflow(house, address, messages):
    """Ten more than fit, while the actor is down."""
    house.tell(address, "poison", "poison")
    house.until_down(address)
    house.tell(address, *messages)


def test_p16_a_strategy_whose_mailbox_is_full_is_lagging_and_nothing_is_lost_without_a_name(house):
    lagging: list[ActorLagging] = []
    house.add("recorder", lambda: Witness(lagging))
    house.add("risk-guard@main", lambda: Guard(house, "risk-guard@main"))
    house.toy("strategy:a", {"poison": crash}, cap=20)
    house.start()

    _overflow(house, "strategy:a", map(str, range(30)))
    house.until_up("strategy:a", epoch=3)
    # Events come in floods, and leave a tenth of the places to what a strategy must not miss.
    house.until(lambda: len(house.heard("strategy:a")) == 18)

    house.until(lambda: [(each.actor, each.waiting) for each in lagging] == [("strategy:a", 18)])
    assert house.heard("strategy:a") == [str(number) for number in range(18)]
    assert house.status("strategy:a").lagging
    assert house.runtime.dead_letter_counts == {"strategy:a: mailbox full": 12}
    assert len({letter.id for letter in house.runtime.dead_letters}) == 12
    assert house.heard("risk-guard@main") == []


def test_p16_a_core_actor_whose_mailbox_is_full_halts_trading(house):
    house.add("risk-guard@main", lambda: Guard(house, "risk-guard@main"))
    house.toy("venue@main", {"poison": crash}, cap=20)
    house.start()

    _overflow(house, "venue@main", map(str, range(30)))

    house.until(lambda: bool(house.heard("risk-guard@main")))
    assert house.heard("risk-guard@main") == ["halt: mailbox of venue@main is full"]


def test_p16_a_full_mailbox_still_takes_the_word_that_it_is_full(house):
    lagging: list[ActorLagging] = []

    class Deaf(Toy):
        def on_actor_lagging(self, said: ActorLagging):
            lagging.append(said)
            return ()

    house.add("recorder", lambda: Deaf(house, "recorder", {"poison": crash}), cap=5)
    house.start()

    _overflow(house, "recorder", map(str, range(10)))
    house.until_up("recorder", epoch=3)

    house.until(lambda: bool(lagging))
    house.until_quiet()
    assert [each.actor for each in lagging] == ["recorder"]


def test_p16_a_full_mailbox_still_takes_a_halt(house):
    house.add("risk-guard@main", lambda: Guard(house, "risk-guard@main", {"poison": crash}), cap=5)
    house.start()

    _overflow(house, "risk-guard@main", map(str, range(10)))
    house.send(HaltTrading(reason="kill switch", ts=MONDAY))
    house.until_up("risk-guard@main", epoch=3)

    house.until(lambda: len(house.heard("risk-guard@main")) == 7)
    halts, rest = house.heard("risk-guard@main")[:2], house.heard("risk-guard@main")[2:]
    assert sorted(halts) == ["halt: kill switch", "halt: mailbox of risk-guard@main is full"]
    assert rest == [str(number) for number in range(5)]
    assert house.runtime.dead_letter_counts == {"risk-guard@main: mailbox full": 5}


def test_p17_two_actors_that_flood_each_other_with_full_mailboxes_neither_block_nor_keep_from_stopping(threads_house):
    house = threads_house
    both_inside = threading.Barrier(2)

    def flood(toy, _event):
        both_inside.wait(10)
        other = {"strategy:a": "strategy:b", "strategy:b": "strategy:a"}[toy.address]
        for number in range(500):
            toy.house.runtime.tell(other, an_event(str(number)))
        return ()

    for address in ("strategy:a", "strategy:b"):
        house.toy(address, {"flood": flood}, cap=2)
    house.start()
    house.tell("strategy:a", "flood")
    house.tell("strategy:b", "flood")
    house.until_quiet()

    counts = house.runtime.dead_letter_counts
    for address in ("strategy:a", "strategy:b"):
        assert len(house.heard(address)) - 1 + counts[f"{address}: mailbox full"] == 500
    assert house.stop() == ()
