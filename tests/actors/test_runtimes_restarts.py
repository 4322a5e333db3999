"""Restarts on both runtimes: who goes down with whom, what an heir is given, and when there is no heir any more."""

import threading

import pytest

from actors.component import Component
from actors.runtime import threaded
from actors.runtime.runtime import SupervisorFailed
from actors.supervisor import Supervisor
from messages import ApprovedOrder, ExternalEvent, HaltTrading, Signal, Subscribe, WakeAt
from tests.builders import MONDAY, SECOND, a_signal, an_order
from tests.house import Toy, crash


class Remembering(Toy):
    """Keeps its last three events, answers each with a signal, and knows whether it is being warmed up."""

    def __init__(self, house, address, acts=None, **more):
        super().__init__(house, address, acts, {ExternalEvent: 3}, **more)
        self.warm = False

    def on_external_event(self, event):
        super().on_external_event(event)
        return (a_signal(strategy="a", number=len(self.house.log)),)

    def warmed_up(self):
        self.warm = True
        self.house.note("warm", ",".join(self.state))


def test_a_restart_is_warm_with_the_last_kept_messages_and_without_the_one_it_died_on(house):
    house.add("strategy:a", lambda: Remembering(house, "strategy:a", {"poison": crash}))
    house.start()

    house.tell("strategy:a", "1", "2", "3", "4", "poison", "5")
    house.until(lambda: house.heard("strategy:a") == ["1", "2", "3", "4", "2", "3", "4", "5"])

    heir = house.slot("strategy:a").component
    assert (heir.warm, heir.state) == (True, ["2", "3", "4", "5"])
    assert house.heard("warm") == ["2,3,4"]


def test_the_heir_is_told_once_what_its_predecessor_died_on_and_what_it_says_of_it_is_said(house):
    heard, told = [], []

    class Portfolio(Component):
        def on_signal(self, signal: Signal):
            heard.append(signal.number)
            return ()

    class Answering(Remembering):
        def died_on(self, message):
            told.append(type(message).__name__)
            return (a_signal(strategy="a", number=1_000),)

    house.add("strategy:a", lambda: Answering(house, "strategy:a", {"poison": crash}), account="main")
    house.add("portfolio@main", Portfolio)
    house.start()

    house.tell("strategy:a", "1", "poison", "2")
    house.until(lambda: len(heard) == 3)
    house.until_quiet()

    assert told == ["ExternalEvent"]
    assert heard[1] == 1_000


def test_what_is_answered_while_warming_up_is_not_said_again(house):
    heard = []

    class Portfolio(Component):
        def on_signal(self, signal: Signal):
            heard.append(signal)
            return ()

    house.add("strategy:a", lambda: Remembering(house, "strategy:a", {"poison": crash}), account="main")
    house.add("portfolio@main", Portfolio)
    house.start()

    house.tell("strategy:a", "1", "2", "poison", "3")
    house.until(lambda: len(heard) == 3)
    house.until_quiet()

    assert len(heard) == 3


def test_failing_while_warming_up_quarantines_at_once(house):
    class Poisoned(Remembering):
        def on_external_event(self, event):
            if self.number > 1 and event.get("text") == "2":
                raise ValueError("cannot bear it twice")
            return super().on_external_event(event)

    house.add("strategy:a", lambda: Poisoned(house, "strategy:a", {"poison": crash}))
    house.start()

    house.tell("strategy:a", "1", "2", "poison", "3")

    house.until(lambda: house.status("strategy:a").state == "quarantined")
    assert house.incarnations("strategy:a") == 2
    house.until(lambda: house.runtime.dead_letter_counts == {"strategy:a: quarantined": 1})


def test_of_the_answers_while_warming_up_only_timers_still_ahead_survive(house):
    class Sleeper(Remembering):
        def on_external_event(self, event):
            super().on_external_event(event)
            wishes = (WakeAt(MONDAY + 5 * SECOND, "ahead"), WakeAt(MONDAY, "past"))
            return wishes if event.get("text") == "sleep" else ()

        def on_woke(self, woke):
            self.house.note(self.address, woke.token)
            return ()

    house.add("strategy:a", lambda: Sleeper(house, "strategy:a", {"poison": crash}))
    house.start()
    house.tell("strategy:a", "sleep")
    house.until(lambda: house.heard("strategy:a") == ["sleep", "past"])
    house.advance(1)
    house.tell("strategy:a", "poison")
    house.until(lambda: house.heard("strategy:a") == ["sleep", "past", "sleep"])
    house.advance(20)

    house.until(lambda: house.heard("strategy:a") == ["sleep", "past", "sleep", "ahead"])


def test_an_heir_is_given_the_heritage_of_the_one_before(house):
    given = []

    class Rich(Toy):
        def heritage(self):
            return tuple(self.state)

    def make(heritage):
        given.append(heritage)
        return Rich(house, "strategy:a", {"poison": crash})

    house.add("strategy:a", make)
    house.start()
    house.tell("strategy:a", "1", "2", "poison", "3")

    house.until(lambda: house.heard("strategy:a") == ["1", "2", "3"])
    assert given == [None, ("1", "2")]


def test_one_of_the_core_fails_and_all_of_its_account_restart(house):
    for address in ("portfolio@x", "executor@x", "risk-guard@x", "executor@y", "venue@x"):
        house.toy(address, {"poison": crash})
    house.start()

    house.tell("executor@x", "poison")
    house.until_up("executor@x", epoch=2)

    for address in ("portfolio@x", "risk-guard@x"):
        house.until_up(address, epoch=3)
    assert [house.status(address).epoch for address in ("executor@y", "venue@x")] == [1, 1]


def test_a_healthy_sibling_finishes_what_it_has_in_hand_before_it_is_fenced(threads_house, monkeypatch):
    monkeypatch.setattr(threaded, "FENCE_SECONDS", 20.0)
    house = threads_house
    inside, block, orders = house.block(), house.block(), []

    class Sending(Toy):
        """Remembers what it has sent, and hands that over: nobody sends it again."""

        def heritage(self):
            return tuple(orders)

    def hold(toy, _event):
        orders.append("an order")
        inside.set()
        block.wait()
        return (HaltTrading(reason=f"said by {toy.number}", ts=MONDAY),)

    house.add("portfolio@main", lambda _heritage: Sending(house, "portfolio@main", {"hold": hold}))
    house.toy("executor@main", {"poison": crash})
    house.toy("listener:1", on_start=lambda _toy: (Subscribe(HaltTrading),))
    house.start()
    house.tell("portfolio@main", "hold")
    assert inside.wait(20)
    house.tell("executor@main", "poison")
    house.until(lambda: house.status("executor@main").state == "down")
    threading.Event().wait(0.2)
    block.set()

    house.until_up("portfolio@main", epoch=3)
    assert (orders, house.status("portfolio@main").fenced) == (["an order"], 0)
    assert house.status("portfolio@main").handled == 1


def test_a_message_in_hand_of_a_healthy_fenced_sibling_is_handled_by_its_heir_once_and_first(threads_house):
    house = threads_house
    inside, block = house.block(), house.block()

    def hold(toy, _event):
        if toy.number == 1:
            inside.set()
            block.wait()
        return (HaltTrading(reason=f"said by {toy.number}", ts=MONDAY),)

    house.toy("portfolio@main", {"hold": hold}, keeps={ExternalEvent: 100})
    house.toy("executor@main", {"poison": crash})
    house.toy("listener:1", on_start=lambda _toy: (Subscribe(HaltTrading),))
    house.start()
    house.tell("portfolio@main", "before", "hold", "after")
    assert inside.wait(20)
    house.tell("executor@main", "poison")
    house.until(lambda: house.status("portfolio@main").epoch == 3)
    block.set()

    house.until(lambda: getattr(house.slot("portfolio@main").component, "state", []) == ["before", "hold", "after"])
    house.until_quiet()
    assert house.slot("portfolio@main").component.number == 2
    assert house.status("portfolio@main").fenced == 1
    assert house.status("portfolio@main").handled == 3
    assert house.status("listener:1").handled == 0


def test_what_a_fenced_sibling_fails_on_is_its_heirs_to_fail_on_by_name(threads_house):
    house = threads_house
    inside, block, failures = house.block(), house.block(), []

    class Witness(Component):
        def on_actor_failed(self, failed):
            failures.append((failed.actor, failed.epoch))
            return ()

    def hold(_toy, _event):
        inside.set()
        block.wait()
        raise ValueError("poison after all")

    house.add("recorder", Witness)
    house.toy("portfolio@main", {"hold": hold})
    house.toy("executor@main", {"poison": crash})
    house.start()
    house.tell("portfolio@main", "hold", "after")
    assert inside.wait(20)
    house.tell("executor@main", "poison")
    house.until(lambda: house.status("portfolio@main").epoch == 3)
    block.set()

    house.until(lambda: house.heard("portfolio@main") == ["after"], passing=1)
    house.until(lambda: failures == [("executor@main", 1), ("portfolio@main", 3)])


def test_market_data_restarts_what_comes_after_it(house):
    for address in ("tick-filter", "bar-builder"):
        house.toy(address, {"poison": crash})
    house.start()

    house.tell("tick-filter", "poison")
    house.until_up("tick-filter", epoch=2)
    house.until_up("bar-builder", epoch=3)
    house.tell("bar-builder", "poison")
    house.until_up("bar-builder", epoch=4)

    assert house.status("tick-filter").epoch == 2


def test_a_strategy_that_keeps_failing_takes_nobody_with_it_and_its_later_messages_are_named(house):
    house.toy("strategy:a", {"poison": crash})
    house.toy("portfolio@main")
    house.toy("risk-guard@main")
    house.start()

    house.tell("strategy:a", *["poison"] * 4, "waiting")
    house.until(lambda: house.status("strategy:a").state == "quarantined", passing=1)
    house.tell("strategy:a", "late")

    house.until(lambda: house.runtime.dead_letter_counts == {"strategy:a: quarantined": 2})
    assert house.status("strategy:a").restarts == 3
    assert [house.status(a).epoch for a in ("portfolio@main", "risk-guard@main")] == [1, 1]
    house.until_quiet()


def test_the_core_that_keeps_failing_halts_trading(house):
    halts = []

    class Guard(Component):
        def on_halt_trading(self, halt):
            halts.append(halt.reason)
            return ()

    house.toy("portfolio@main", {"poison": crash})
    house.add("risk-guard@main", Guard)
    house.start()

    house.tell("portfolio@main", *["poison"] * 4)
    house.until(lambda: house.status("portfolio@main").state == "quarantined", passing=1)

    house.until(lambda: len(halts) == 1)
    assert halts[0].startswith("portfolio@main is given up on: 4 failures")


def test_without_a_guard_no_order_passes_any_more_not_even_one_that_passed_it(house):
    house.toy("risk-guard@main", {"poison": crash})
    house.toy("portfolio@main")
    house.start()

    house.tell("risk-guard@main", "poison", "poison", "poison", "poison")
    house.until(lambda: house.status("risk-guard@main").state == "quarantined", passing=1)

    assert not house.runtime.gate_open


class FailsOnFailures(Supervisor):
    def on_actor_failed(self, failed):
        raise ArithmeticError("who watches the watchmen")


def test_when_the_supervisor_fails_in_a_replay_the_run_ends(replay_house):
    house = replay_house
    house.supervisor = FailsOnFailures
    house.toy("strategy:a", {"poison": crash})
    house.start()

    with pytest.raises(SupervisorFailed, match="ArithmeticError: who watches"):
        house.tell("strategy:a", "poison")

    assert not house.runtime.gate_open


def test_when_the_supervisor_fails_on_threads_no_order_passes_any_more(threads_house):
    house = threads_house
    house.supervisor = FailsOnFailures
    orders, block = [], house.block()

    class Venue(Toy):
        def on_approved_order(self, approved):
            orders.append(approved)
            return ()

    approved = ApprovedOrder(an_order())
    house.add("venue@main", lambda: Venue(house, "venue@main", {"hold": lambda _t, _e: block.wait() and ()}))
    house.toy("strategy:a", {"poison": crash})
    house.start()
    house.tell("venue@main", approved)
    house.until(lambda: len(orders) == 1)
    house.tell("venue@main", "hold", approved)
    house.until(lambda: house.slot("venue@main").host.busy_since > 0)

    house.tell("strategy:a", "poison")
    house.until(lambda: house.runtime.failure is not None)
    house.tell("venue@main", approved, "end")
    block.set()
    house.until(lambda: house.heard("venue@main") == ["hold", "end"])

    assert len(orders) == 1
    assert house.runtime.failure.error == "ArithmeticError: who watches the watchmen"
    assert house.runtime.dead_letter_counts == {"venue@main: gate closed": 2}
    assert house.stop() == ()


def test_who_only_looks_on_hears_of_an_order_although_the_gate_is_closed(threads_house):
    house = threads_house

    class Looks(Toy):
        def on_approved_order(self, approved):
            self.house.note(self.address, approved.order.client_id)
            return ()

    for address in ("venue@main", "auditor"):
        house.add(address, lambda address=address: Looks(house, address))
    house.start()
    house.runtime.gate_open = False

    approved = ApprovedOrder(an_order())
    house.tell("venue@main", approved, "end")
    house.tell("auditor", approved, "end")
    house.until(lambda: house.heard("venue@main")[-1:] == house.heard("auditor")[-1:] == ["end"])

    assert house.heard("venue@main") == ["end"]
    assert house.heard("auditor") == [approved.order.client_id, "end"]


def test_a_supervisor_that_cannot_start_is_told_to_who_starts(threads_house):
    def broken(_children):
        raise LookupError("no children")

    threads_house.supervisor = broken
    threads_house.toy("strategy:a")

    with pytest.raises(SupervisorFailed, match="LookupError: no children"):
        threads_house.start()

    assert not threads_house.runtime.gate_open


def test_a_supervisor_that_hangs_closes_the_gate(threads_house):
    house = threads_house
    house.handler_seconds = 0.1
    block = house.block()

    class Stuck(Supervisor):
        def on_actor_failed(self, failed):
            block.wait()
            return []

    house.supervisor = Stuck
    house.toy("strategy:a", {"poison": crash})
    house.start()
    house.tell("strategy:a", "poison")

    house.until(lambda: house.runtime.failure is not None)
    assert not house.runtime.gate_open
    assert "hung for" in house.runtime.failure.error
    assert house.runtime.stop(timeout=0.5) == ("supervisor",)


def test_back_off_varies_with_the_seed_and_with_nothing_else(replay_house):
    house = replay_house
    house.seed = 7
    house.toy("strategy:a", {"poison": crash})
    house.start()
    house.tell("strategy:a", "poison", "poison", "after")
    wait = house.runtime._agenda[0][0] - MONDAY

    assert 0.16 * SECOND <= wait <= 0.24 * SECOND
    house.advance((wait - 1) / SECOND)
    assert house.heard("strategy:a") == []
    house.advance(1 / SECOND)
    assert house.heard("strategy:a") == ["after"]
