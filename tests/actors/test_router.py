"""The router turns the table of routes into live lists of hearers, and keeps them right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.component import Component
from actors.routes import ROUTES, By, Route
from actors.runtime.router import Router
from actors.runtime.slot import ActorKind, ActorSpec, Slot
from messages import ALL_MESSAGES, Bar, ExternalEvent, HaltTrading, OrderRefused, Quote, Signal, Subscribe, Unsubscribe
from tests.builders import HOUR, MINUTE, MONDAY, a_bar, a_fill, a_quote, a_signal, an_order
from tests.house import an_event


def a_slot(address, *, role=None, account=None, strategy=None):
    return Slot(
        ActorSpec(
            address=address,
            role=role or address.partition(":")[0].partition("@")[0],
            kind=ActorKind.EDGE,
            factory=lambda _heritage: Component(),
            account=account,
            strategy=strategy,
        )
    )


def a_router(*slots, routes=ROUTES):
    router = Router(routes)
    for slot in slots:
        router.add(slot)
    return router


def hearers(router, sender, message):
    """Addresses in the order of delivery, steps aside."""
    return [slot.address for _, slots in router.flow(sender, type(message)).plan(message) for slot in slots]


def strategies(*names, account="main"):
    return [a_slot(f"strategy:{name}", account=account, strategy=name) for name in names]


def test_a_message_that_no_row_names_is_heard_by_nobody():
    assert hearers(a_router(*strategies("a")), "recorder", a_bar()) == []


def test_each_leg_carries_its_rows_step_and_legs_stand_in_the_tables_order():
    router = a_router()
    steps = [step for step, _ in router.flow("feed", Bar).plan(a_bar())]

    rows = [route.step for route in ROUTES if route.sender == "feed" and route.message is Bar]
    assert steps == [*rows, None]


def test_instances_are_chosen_by_account_strategy_and_owners():
    slots = [
        a_slot(f"{role}@{name}", account=name) for role in ("portfolio", "executor", "risk-guard") for name in "xy"
    ]
    a, b = strategies("a", account="x"), strategies("b", account="y")
    router = a_router(*slots, *a, *b)

    assert hearers(router, "strategy", a_signal(strategy="b")) == ["portfolio@y"]
    assert hearers(router, "supervisor", HaltTrading(reason="r", account="x", ts=MONDAY)) == ["risk-guard@x"]
    assert hearers(router, "supervisor", HaltTrading(reason="r", ts=MONDAY)) == ["risk-guard@x", "risk-guard@y"]


def test_an_order_of_several_goes_to_each_owner_and_a_fill_to_each_of_its_parts():
    router = a_router(*strategies("a", "b", "c"), a_slot("executor@main", account="main"))
    order = an_order(owners=(("c", 1), ("a", 2)))

    assert hearers(router, "risk-guard", OrderRefused(order, "order-size", MONDAY)) == [
        "executor@main", "strategy:a", "strategy:c",
    ]  # fmt: skip
    assert hearers(router, "venue", a_fill(parts=(("b", 1), ("c", 1)))) == ["executor@main", "strategy:b", "strategy:c"]


def test_a_plan_made_before_an_actor_came_learns_of_it():
    router = a_router(a_slot("risk-guard@x", account="x"))
    halt, signal = HaltTrading(reason="r", ts=MONDAY), a_signal(strategy="new")
    assert hearers(router, "supervisor", halt) == ["risk-guard@x"]
    assert hearers(router, "strategy", signal) == []

    router.add(a_slot("risk-guard@w", account="w"))
    router.add(a_slot("portfolio@w", account="w"))
    router.add(a_slot("strategy:new", account="w", strategy="new"))

    assert hearers(router, "supervisor", halt) == ["risk-guard@w", "risk-guard@x"]
    assert hearers(router, "strategy", signal) == ["portfolio@w"]


def test_subscriptions_narrow_by_symbol_and_period_and_none_means_all():
    wishes = {"a": ("XBTUSD", MINUTE), "b": ("XBTUSD", None), "c": (None, None), "d": (None, HOUR)}
    slots = dict(zip(wishes, strategies(*wishes), strict=True))
    router = a_router(*slots.values())
    bars = [a_bar(), a_bar(period=HOUR), a_bar(symbol="ETHUSD")]
    assert [hearers(router, "feed", bar) for bar in bars] == [[], [], []]

    for name, wish in wishes.items():
        router.subscribe(slots[name], Subscribe(Bar, *wish))

    heard = [[address[-1] for address in hearers(router, "feed", bar)] for bar in bars]
    assert heard == [["a", "b", "c"], ["b", "c", "d"], ["c"]]


def test_a_subscription_twice_is_one_and_one_that_never_was_can_be_taken_back():
    (slot,) = strategies("a")
    router = a_router(slot)
    router.unsubscribe(slot, Unsubscribe(Bar, "XBTUSD", MINUTE))
    for _ in range(2):
        router.subscribe(slot, Subscribe(Bar, "XBTUSD", MINUTE))
    assert hearers(router, "feed", a_bar()) == ["strategy:a"]

    router.unsubscribe(slot, Unsubscribe(Bar, "XBTUSD", MINUTE))

    assert hearers(router, "feed", a_bar()) == []


def test_taking_back_one_of_two_that_overlap_leaves_the_other():
    (slot,) = strategies("a")
    router = a_router(slot)
    router.subscribe(slot, Subscribe(Bar, "XBTUSD", MINUTE))
    router.subscribe(slot, Subscribe(Bar))
    assert hearers(router, "feed", a_bar()) == ["strategy:a"]

    router.unsubscribe(slot, Unsubscribe(Bar, "XBTUSD", MINUTE))

    assert hearers(router, "feed", a_bar()) == ["strategy:a"]


def test_an_external_event_is_subscribed_to_by_its_topic():
    (slot,) = strategies("a")
    router = a_router(slot)
    router.subscribe(slot, Subscribe(ExternalEvent, "news"))

    assert hearers(router, "outside", an_event(source="news")) == ["strategy:a"]
    assert hearers(router, "outside", an_event(source="weather")) == []


def test_subscribing_to_what_no_route_brings_is_an_error_that_says_so():
    (slot,) = strategies("a")

    with pytest.raises(ValueError, match="strategy:a subscribes to Signal, but no route brings it to a strategy"):
        a_router(slot).subscribe(slot, Subscribe(Signal))


def test_a_listener_hears_a_class_whoever_says_it_after_all_others():
    listener, (strategy,) = a_slot("listener:1"), strategies("a")
    router = a_router(listener, strategy)
    router.subscribe(listener, Subscribe(Quote))
    router.subscribe(strategy, Subscribe(Quote))

    assert hearers(router, "tick-filter", a_quote()) == ["strategy:a", "listener:1"]
    assert hearers(router, "somebody", a_quote()) == ["listener:1"]


@pytest.mark.parametrize("message_class", ALL_MESSAGES)
def test_a_listener_may_subscribe_to_every_class(message_class):
    assert a_router().is_subscribable("listener", message_class)


def test_an_actor_that_is_given_up_on_is_forgotten():
    a, b = strategies("a", "b")
    router = a_router(a, b)
    for slot in (a, b):
        router.subscribe(slot, Subscribe(Bar, "XBTUSD", MINUTE))
        router.subscribe(slot, Subscribe(Quote))
    version = router.version
    assert hearers(router, "feed", a_bar()) == ["strategy:a", "strategy:b"]

    router.drop(a)

    assert hearers(router, "feed", a_bar()) == ["strategy:b"]
    assert hearers(router, "tick-filter", a_quote()) == ["strategy:b"]
    assert router.version > version


def test_a_plan_is_looked_up_and_its_lists_change_in_place():
    (slot,) = strategies("a")
    router = a_router(slot)
    plan = router.flow("feed", Bar).plan(a_bar())

    router.subscribe(slot, Subscribe(Bar, "XBTUSD", MINUTE))

    assert router.flow("feed", Bar).plan(a_bar(200.0)) is plan
    assert any(hearers == [slot] for _, hearers in plan)


def test_every_rows_key_can_be_read_from_its_message():
    """A row by account needs a message with an account, and so on: else it would reach nobody, silently."""
    needs = {By.ACCOUNT: ("account", "order"), By.STRATEGY: ("strategy",), By.OWNERS: ("order", "parts")}
    for route in ROUTES:
        names = {field.name for field in route.message.__attrs_attrs__}
        if route.by in needs:
            assert names & set(needs[route.by]), route


def test_no_row_stands_twice():
    rows = [(route.sender, route.message, route.receiver, route.by) for route in ROUTES]

    assert len(set(rows)) == len(rows)


SYMBOLS, PERIODS = st.sampled_from([None, "X", "Y"]), st.sampled_from([None, MINUTE, HOUR])
STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), SYMBOLS, PERIODS), max_size=30)


@given(STEPS)
def test_whatever_was_subscribed_and_taken_back_the_lists_are_right(steps):
    slots = dict(zip("abc", strategies("a", "b", "c"), strict=True))
    router = a_router(*slots.values(), routes=(Route("feed", Bar, "strategy", By.SUBSCRIBED),))
    asked = set()
    for on, name, symbol, period in steps:
        if on:
            router.subscribe(slots[name], Subscribe(Bar, symbol, period))
            asked.add((name, symbol, period))
        else:
            router.unsubscribe(slots[name], Unsubscribe(Bar, symbol, period))
            asked.discard((name, symbol, period))
        for bar in (a_bar(symbol="X"), a_bar(symbol="Y", period=HOUR)):
            wanted = {n for n, s, p in asked if s in (None, bar.symbol) and p in (None, bar.period)}
            assert hearers(router, "feed", bar) == [f"strategy:{name}" for name in sorted(wanted)]
