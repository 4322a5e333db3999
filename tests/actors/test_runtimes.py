"""What both runtimes promise: routes, subscriptions, order; and that on threads the actors really run at once."""

import threading

import pytest

from actors.component import Component
from messages import (
    Bar,
    ExternalEvent,
    HaltTrading,
    Message,
    OrderRefused,
    Signal,
    StopActor,
    Subscribe,
    TargetShares,
    Tick,
    Unsubscribe,
)
from tests.builders import HOUR, MINUTE, MONDAY, a_bar, a_signal, a_target, a_tick, an_order
from tests.house import Toy, an_event, crash


class Hearer(Component):
    """Notes the classes it hears, and subscribes to what it is made with."""

    def __init__(self, house, address, *wishes):
        self.house, self.address, self.wishes = house, address, wishes

    def on_start(self):
        return self.wishes

    def on_message(self, message: Message):
        self.house.note(self.address, type(message).__name__)
        return ()


def says(*messages):
    return lambda _toy, _event: messages


def a_hearer(house, address, *wishes, **more):
    return house.add(address, lambda: Hearer(house, address, *wishes), **more)


def _until(house, **expected):
    """Each address heard exactly this."""
    wanted = {address.replace("__", ":").replace("_at_", "@").replace("_", "-"): w for address, w in expected.items()}
    house.until(lambda: all(house.heard(address) == heard for address, heard in wanted.items()))
    house.until_quiet()
    assert {address: house.heard(address) for address in wanted} == wanted


def test_what_has_an_account_goes_to_that_accounts_instance(house):
    house.toy("portfolio@x", {"say": says(a_target(account="x"))})
    a_hearer(house, "executor@x")
    a_hearer(house, "executor@y")
    house.start()

    house.tell("portfolio@x", "say")

    _until(house, executor_at_x=["TargetShares"], executor_at_y=[])


def test_a_halt_without_an_account_goes_to_all_and_one_with_an_account_to_one(house):
    a_hearer(house, "risk-guard@x")
    a_hearer(house, "risk-guard@y")
    house.start()

    house.send(HaltTrading(reason="all", ts=MONDAY), HaltTrading(reason="one", account="y", ts=MONDAY))

    _until(house, risk_guard_at_x=["HaltTrading"], risk_guard_at_y=["HaltTrading"] * 2)


def test_what_a_strategy_says_goes_to_its_accounts_portfolio(house):
    house.toy("strategy:a", {"say": says(a_signal(strategy="a"))}, account="x")
    house.toy("strategy:b", {"say": says(a_signal(strategy="b"))}, account="y")
    a_hearer(house, "portfolio@x")
    a_hearer(house, "portfolio@y")
    house.start()

    house.tell("strategy:b", "say", "say")
    house.tell("strategy:a", "say")

    _until(house, portfolio_at_x=["Signal"], portfolio_at_y=["Signal"] * 2)


def test_what_becomes_of_an_order_goes_to_its_owners(house):
    order = an_order(3, owners=(("a", 1), ("c", 2)))
    house.toy("risk-guard@main", {"refuse": says(OrderRefused(order, "order-size", MONDAY))})
    a_hearer(house, "executor@main")
    a_hearer(house, "executor@other")
    for name in "abc":
        a_hearer(house, f"strategy:{name}", account="main")
    house.start()

    house.tell("risk-guard@main", "refuse")

    heard = {f"strategy__{name}": ["OrderRefused"] if name in "ac" else [] for name in "abc"}
    _until(house, executor_at_main=["OrderRefused"], executor_at_other=[], **heard)


def test_bars_go_to_who_subscribed_to_their_symbol_and_period(house):
    a_hearer(house, "strategy:a", Subscribe(Bar, "XBTUSD", MINUTE))
    a_hearer(house, "strategy:b", Subscribe(Bar, "XBTUSD"))
    a_hearer(house, "strategy:c", Subscribe(Bar))
    a_hearer(house, "strategy:d")
    house.start()

    house.send(a_bar(), a_bar(period=HOUR), a_bar(symbol="ETHUSD"))
    house.advance(1)

    _until(house, strategy__a=["Bar"], strategy__b=["Bar"] * 2, strategy__c=["Bar"] * 3, strategy__d=[])


def test_subscriptions_come_and_go_at_run_time_from_inside_a_handler(house):
    wish = (ExternalEvent, "news")

    class Fickle(Toy):
        def on_external_event(self, event):
            super().on_external_event(event)
            return {"on": (Subscribe(*wish),), "off": (Unsubscribe(*wish),)}.get(event.get("text"), ())

    house.add("strategy:a", lambda: Fickle(house, "strategy:a"))
    house.start()

    for number, text in enumerate(("on", "on", "off")):
        house.send(an_event(f"unheard {number}" if number == 0 else f"heard {number}", source="news"))
        house.tell("strategy:a", text)
        house.until(
            lambda told=number: house.heard("strategy:a").count("on") + ("off" in house.heard("strategy:a")) > told
        )
    house.send(an_event("unheard 3", source="news"))
    house.tell("strategy:a", "end")

    _until(house, strategy__a=["on", "heard 1", "on", "heard 2", "off", "end"])


def test_a_subscription_outlives_the_incarnation_and_is_not_doubled_by_the_next(house):
    house.toy("strategy:a", {"poison": crash}, on_start=lambda _toy: (Subscribe(ExternalEvent, "news"),))
    house.start()
    house.tell("strategy:a", "poison")
    house.send(an_event("while it restarts", source="news"))
    house.until_up("strategy:a", epoch=2)

    house.send(an_event("after", source="news"))

    _until(house, strategy__a=["while it restarts", "after"])


def test_a_catch_all_listener_hears_a_class_whoever_says_it_and_joins_at_run_time(house):
    house.toy("strategy:a", {"say": says(a_signal(strategy="a"))})
    house.toy("portfolio@main", {"say": says(a_target())})
    a_hearer(house, "listener:1", Subscribe(Signal))
    a_hearer(house, "listener:2", Subscribe(Signal), Subscribe(TargetShares))
    house.start()

    house.tell("strategy:a", "say")
    house.until(lambda: house.heard("listener:1") == house.heard("listener:2") == ["Signal"])
    house.tell("portfolio@main", "say")

    _until(house, listener__1=["Signal"], listener__2=["Signal", "TargetShares"])


def test_each_senders_messages_arrive_in_the_order_they_were_said(house):
    targets = [a_target() for _ in range(50)]
    for name in ("portfolio@main",):
        house.toy(name, {"say": says(*targets)})
    order = []

    class Executor(Component):
        def on_target_shares(self, shares):
            order.append(shares)
            return ()

    house.add("executor@main", Executor)
    house.start()

    house.tell("portfolio@main", "say")

    house.until(lambda: len(order) == 50)
    assert all(heard is said for heard, said in zip(order, targets, strict=True))


def test_envelopes_carry_growing_ids_the_cause_and_the_senders_epoch(house):
    house.toy("strategy:a", {"say": says(a_signal(strategy="a"), a_signal(strategy="a", number=2)), "poison": crash})
    house.toy("portfolio@main", {"poison": crash})
    house.start()
    house.tell("portfolio@main", "poison", "poison")
    house.until_down("portfolio@main")

    house.tell("strategy:a", "poison", "say")
    mailbox = house.slot("portfolio@main").mailbox
    house.until(lambda: len(mailbox) == 2)
    first, second = mailbox.take(), mailbox.take()

    assert [envelope.message.number for envelope in (first, second)] == [1, 2]
    assert (first.sender, first.epoch, first.posted) == ("strategy:a", 2, MONDAY)
    assert 0 < first.cause == second.cause < first.id < second.id


@pytest.mark.parametrize("schedule_seed", [None, *range(8)])
def test_what_is_said_at_the_stop_is_still_heard(house, schedule_seed):
    class LastWords(Toy):
        def on_stop(self):
            return (a_signal(strategy="a"),)

    house.schedule_seed = schedule_seed
    house.add("strategy:a", lambda: LastWords(house, "strategy:a"))
    a_hearer(house, "portfolio@main")
    house.start()

    house.stop()

    assert house.heard("portfolio@main") == ["Signal"]
    assert house.runtime.dead_letter_counts == {}


def test_two_actors_are_inside_their_handlers_at_the_same_time(threads_house):
    house = threads_house
    both = threading.Barrier(2)
    for address in ("strategy:a", "strategy:b"):
        house.toy(address, {"meet": lambda _t, _e: both.wait(20) * 0 or ()})
    house.start()

    house.tell("strategy:a", "meet")
    house.tell("strategy:b", "meet")

    house.until(lambda: house.heard("strategy:a") == house.heard("strategy:b") == ["meet"])
    assert sorted(house.names) == ["strategy:a#1", "strategy:b#1"]


def test_every_handler_of_an_incarnation_runs_on_its_own_thread(house):
    for address in ("strategy:a", "portfolio@main", "venue@main"):
        house.toy(address)
    house.start()

    for address in ("strategy:a", "portfolio@main", "venue@main"):
        house.tell(address, "one", "two")
    house.until(lambda: len(house.log) == 6)
    house.stop()

    threads = {(address, name) for (address, _), name in zip(house.log, house.names, strict=True)}
    if house.threads:
        assert threads == {(address, f"{address}#1") for address in ("strategy:a", "portfolio@main", "venue@main")}
    else:
        assert len({name for _, name in threads}) == 1


def test_ticks_from_outside_pass_the_filters_place(house):
    a_hearer(house, "tick-filter")
    a_hearer(house, "strategy:a", Subscribe(Tick, "XBTUSD"))
    house.start()

    house.send(a_tick())
    house.advance(1)

    _until(house, tick_filter=["Tick"], strategy__a=[])


def test_only_the_supervisor_starts_and_stops_anybody(house):
    house.toy("strategy:a", {"rebel": says(StopActor("portfolio@main"))})
    house.toy("portfolio@main")
    house.start()

    house.tell("strategy:a", "rebel", "after")

    house.until(lambda: house.heard("strategy:a") == ["rebel", "after"])
    assert house.status("strategy:a").epoch == 2
    assert house.status("portfolio@main").state == "up"


def test_an_address_exists_once_and_nobody_can_be_told_who_is_not_there(house):
    house.toy("strategy:a")
    house.start()

    with pytest.raises(ValueError, match="there is an actor at strategy:a already"):
        house.runtime.add(house.slot("strategy:a").spec)
    with pytest.raises(KeyError):
        house.runtime.tell("strategy:b", an_event())
