"""Turns the table of routes into lists of hearers, and keeps them right while actors subscribe and unsubscribe.

For each (sender role, message class) the rows' rules are compiled once. For each key that occurs (a symbol and period,
an account, an order's owners) there is one plan: a tuple of legs, each with its step and a live list of slots. A
subscription changes those lists in place, so a plan is looked up, never recomputed.
"""

import threading
from collections.abc import Callable, Collection, Hashable, Iterable
from operator import attrgetter
from typing import Any, TypeAlias

import attrs

from actors.routes import ROUTES, By, Route
from actors.runtime.slot import Slot
from messages import Fill, Message, Step, Subscribe, TickBlock, Unsubscribe

Leg: TypeAlias = tuple[Step | None, list[Slot]]
Plan: TypeAlias = tuple[Leg, ...]
_Topic: TypeAlias = tuple[str | None, int | None]

LISTENER = "listener"
"""The role of callbacks that a host application subscribed; they hear a class whoever says it."""


def _has(message_class: type[Message], *names: str) -> bool:
    return {field.name for field in attrs.fields(message_class)}.issuperset(names)  # type: ignore[arg-type]


def _account_of(message_class: type[Message]) -> Callable[[Any], Any] | None:
    if _has(message_class, "account"):
        return attrgetter("account")
    return attrgetter("order.account") if _has(message_class, "order") else None


def _owners_of(message_class: type[Message]) -> Callable[[Any], Any]:
    # The usual single owner goes without a tuple around it.
    def of_fill(message: Any) -> Any:
        parts = message.parts
        return parts[0].strategy if len(parts) == 1 else tuple([part.strategy for part in parts])

    def of_order(message: Any) -> Any:
        owners = message.order.owners
        return owners[0].strategy if len(owners) == 1 else tuple([owner.strategy for owner in owners])

    return of_fill if message_class is Fill else of_order


def _nothing(_message: Any) -> None:
    return None


def _topic_of(message_class: type[Message]) -> Callable[[Any], Any]:
    if _has(message_class, "symbol", "period"):
        return attrgetter("symbol", "period")
    for name in ("symbol", "source"):
        if _has(message_class, name):
            getter = attrgetter(name)
            return lambda message: (getter(message), None)
    return lambda _message: (None, None)


_KEYS: dict[By, Callable[[type[Message]], Callable[[Any], Any] | None]] = {
    By.ACCOUNT: _account_of,
    By.STRATEGY: lambda _cls: attrgetter("strategy"),
    By.OWNERS: _owners_of,
    By.ADDRESS: lambda _cls: attrgetter("to"),
    By.SUBSCRIBED: _topic_of,
    By.BLOCKWISE: _topic_of,
}


def _together(*getters: Callable[[Any], Any]) -> Callable[[Any], Hashable]:
    if len(getters) == 2:
        first, second = getters
        return lambda message: (first(message), second(message))
    return lambda message: tuple([get(message) for get in getters])


class Flow:
    """Everything that one role says of one class: the key that decides who hears it, and the plans by key."""

    def __init__(self, router: "Router", message_class: type[Message], rows: tuple[Route, ...]) -> None:
        self._router = router
        self._message_class = message_class
        self._rows = rows
        ways = dict.fromkeys(row.by for row in rows if row.by is not By.ALL)
        getters = [getter for by in ways if (getter := _KEYS[by](message_class)) is not None]
        self._places = {by: place for place, by in enumerate(ways)}
        self._single = len(getters) == 1
        self.key: Callable[[Any], Hashable] = (
            _nothing if not getters else getters[0] if self._single else _together(*getters)
        )
        self.plans: dict[Hashable, Plan] = {}
        self.at_once = all(row.step is None and row.by not in (By.SUBSCRIBED, By.BLOCKWISE) for row in rows)
        """Heard without waiting for a step, and by whom changes only when actors or listeners come and go."""
        self.hearers: dict[Hashable, tuple[Slot, ...]] = {}
        """Where that is so: everybody that a key's plan names, in its order."""

    def plan(self, message: Message) -> Plan:
        """Who hears this message, by step."""
        return self.plan_of(self.key(message))

    def plan_of(self, key: Hashable) -> Plan:
        """Who hears messages with this key."""
        plan = self.plans.get(key)
        return plan if plan is not None else self.make_plan(key)

    def all_hearers(self, key: Hashable) -> tuple[Slot, ...]:
        """Everybody who hears messages with this key, for a flow that is heard at once."""
        with self._router.lock:
            hearers = self.hearers[key] = tuple([slot for _, slots in self.plan_of(key) for slot in slots])
            return hearers

    def subscribed(self, topic: Hashable) -> list[list[Slot]]:
        """The live lists of those who asked for a topic, as against those who hear everything of a class."""
        with self._router.lock:
            rows = [row for row in self._rows if row.by is By.SUBSCRIBED]
            lists = [self._router.hearers(row, self._message_class, topic) for row in rows]
            return [*lists, self._router.listeners(self._message_class)]

    def make_plan(self, key: Hashable) -> Plan:
        """The plan for a key that has not occurred before."""
        with self._router.lock:
            legs: list[Leg] = []
            for row in self._rows:
                hearers = self._router.hearers(row, self._message_class, self._part(key, row.by))
                legs.append((row.step, hearers))
            legs.append((None, self._router.listeners(self._message_class)))
            plan = self.plans[key] = tuple(legs)
            return plan

    def _part(self, key: Any, by: By) -> Any:
        if by is By.ALL:
            return None
        return key if self._single else key[self._places[by]]


class Router:
    """Who hears what. Reading is lock-free; adding actors and subscriptions takes the lock."""

    def __init__(self, routes: Iterable[Route] = ROUTES) -> None:
        self.lock = threading.RLock()
        self.version = 0
        """Goes up whenever somebody begins or ceases to hear something."""
        rows: dict[tuple[str, type[Message]], list[Route]] = {}
        for route in routes:
            rows.setdefault((route.sender, route.message), []).append(route)
        self._rows = rows
        self._slots: dict[str, list[Slot]] = {}
        self._account_of_strategy: dict[str, str] = {}
        self._chosen: dict[tuple[str, By, Any], list[Slot]] = {}
        self._topics: dict[tuple[str, type[Message]], dict[_Topic, list[Slot]]] = {}
        self._wishes: dict[tuple[str, type[Message]], dict[_Topic, list[Slot]]] = {}
        """Who asked for what, by the topic as it was asked for: None stands for all symbols, or periods."""
        self._wide: set[tuple[str, type[Message]]] = set()
        """Where somebody asked for all symbols, or periods: elsewhere a topic is heard by who asked for just that."""
        self._flows: dict[tuple[str, type[Message]], Flow] = {}

    def add(self, slot: Slot) -> None:
        """A new address. Plans made so far learn of it."""
        with self.lock:
            role = self._slots.setdefault(slot.role, [])
            role.append(slot)
            role.sort(key=_by_address)
            if slot.role == "strategy" and slot.strategy is not None:
                self._account_of_strategy[slot.strategy] = slot.account or "main"
            self.version += 1
            for flow in self._flows.values():
                flow.hearers.clear()
            for key, hearers in self._chosen.items():
                if key[0] == slot.role or key[1] is By.STRATEGY:
                    hearers[:] = self._select(*key)

    def flow(self, sender_role: str, message_class: type[Message]) -> Flow:
        """The compiled rows for a role and class; an empty flow (listeners only) when the table has none."""
        flow = self._flows.get((sender_role, message_class))
        if flow is None:
            with self.lock:
                rows = tuple(self._rows.get((sender_role, message_class), ()))
                flow = self._flows.setdefault((sender_role, message_class), Flow(self, message_class, rows))
        return flow

    def is_subscribable(self, role: str, message_class: type[Message]) -> bool:
        """Whether some row lets this role subscribe to the class."""
        return role == LISTENER or any(
            row.receiver == role and row.by is By.SUBSCRIBED
            for rows in self._rows.values()
            for row in rows
            if row.message is message_class
        )

    def subscribe(self, slot: Slot, wish: Subscribe) -> None:
        """From now on the slot hears the class about the topic; ValueError when no route could ever bring it."""
        kind = (slot.role, wish.message)
        if kind not in self._wishes and not self.is_subscribable(*kind):
            raise ValueError(
                f"{slot.address} subscribes to {wish.message.__name__}, but no route brings it to a {slot.role}"
            )
        topic = (wish.symbol, wish.period)
        with self.lock:
            asked = self._wishes.setdefault(kind, {}).setdefault(topic, [])
            if slot not in asked:
                asked.append(slot)
                if None in topic:
                    self._wide.add(kind)
                self._refresh(kind, topic)

    def unsubscribe(self, slot: Slot, wish: Unsubscribe) -> None:
        """Take an equal subscription back; one that does not exist is no error."""
        kind, topic = (slot.role, wish.message), (wish.symbol, wish.period)
        with self.lock:
            asked = self._wishes.get(kind, {}).get(topic, [])
            if slot in asked:
                asked.remove(slot)
                self._refresh(kind, topic)

    def drop(self, slot: Slot) -> None:
        """Forget every subscription of an address that will not come back."""
        with self.lock:
            for kind, wishes in self._wishes.items():
                if kind[0] == slot.role:
                    for asked in wishes.values():
                        if slot in asked:
                            asked.remove(slot)
                    self._refresh(kind, (None, None))

    def hearers(self, row: Route, message_class: type[Message], part: Any) -> list[Slot]:
        """The live list for one row and key part."""
        if row.by is By.SUBSCRIBED:
            return self._topic(row.receiver, message_class, part)
        if row.by is By.BLOCKWISE:
            return self._topic(row.receiver, TickBlock, part)
        key = (row.receiver, row.by, part)
        if key not in self._chosen:
            self._chosen[key] = self._select(*key)
        return self._chosen[key]

    def listeners(self, message_class: type[Message]) -> list[Slot]:
        """The live list of callbacks that hear the class."""
        return self._topic(LISTENER, message_class, (None, None))

    def _topic(self, role: str, message_class: type[Message], topic: _Topic) -> list[Slot]:
        topics = self._topics.setdefault((role, message_class), {})
        if topic not in topics:
            topics[topic] = self._subscribed((role, message_class), topic)
        return topics[topic]

    def _select(self, role: str, by: By, part: Any) -> list[Slot]:
        slots = self._slots.get(role, [])
        if by is By.ACCOUNT:
            return [slot for slot in slots if part is None or slot.account == part]
        if by is By.STRATEGY:
            if role == "strategy":
                return [slot for slot in slots if slot.strategy == part]
            return [slot for slot in slots if slot.account == self._account_of_strategy.get(part)]
        if by is By.ADDRESS:
            return [slot for slot in slots if slot.address == part]
        if by is By.OWNERS:
            owners = (part,) if part.__class__ is str else part
            return [slot for slot in slots if slot.strategy in owners]
        return list(slots)

    def _subscribed(self, kind: tuple[str, type[Message]], topic: _Topic) -> list[Slot]:
        wishes = self._wishes.get(kind, {})
        found: Collection[Slot] = wishes.get(topic, ())
        if kind in self._wide:
            symbol, period = topic
            found = {
                slot
                for wider in {topic, (symbol, None), (None, period), (None, None)}
                for slot in wishes.get(wider, ())
            }
        return sorted(found, key=_by_address)

    def _refresh(self, kind: tuple[str, type[Message]], asked: _Topic) -> None:
        self.version += 1
        if kind[0] == LISTENER:
            for flow in self._flows.values():
                flow.hearers.clear()
        topics = self._topics.get(kind, {})
        if None not in asked:
            hearers = topics.get(asked)
            if hearers is not None:
                hearers[:] = self._subscribed(kind, asked)
            return
        for topic, hearers in topics.items():
            hearers[:] = self._subscribed(kind, topic)


def _by_address(slot: Slot) -> str:
    return slot.address
