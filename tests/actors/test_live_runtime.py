"""What a live run asks of the runtime besides: an earlier life, everything traced, voices, addresses, the gate."""

import threading

import pytest

from actors.component import Component
from actors.live_routes import LIVE_ROUTES
from actors.restored import Restored
from actors.routes import ROUTES
from actors.runtime.router import Router
from actors.runtime.slot import ActorKind, ActorSpec, Slot
from actors.system import TradingSystem
from messages import (
    ApprovedOrder,
    Bar,
    CancelAll,
    ExternalEvent,
    OrderRejected,
    SendRequest,
    Signal,
    TextReceived,
    Tick,
    VenueReady,
    WakeAt,
    Woke,
)
from tests.builders import MONDAY, SECOND, a_tick, an_instrument, an_order
from tests.house import PATIENCE, an_event, crash

EVENT = ExternalEvent(source="toy", kind="text", ts=MONDAY, received=MONDAY, payload={"text": "before"})


class Heir(Component):
    """Notes what it was given and what it hears."""

    def __init__(self, house, heritage):
        self.house = house
        house.note("heir", f"given {heritage}")

    def on_external_event(self, event):
        self.house.note("heir", event.get("text"))
        return (an_event("never said"),)

    def warmed_up(self):
        self.house.note("heir", "warm")

    def heritage(self):
        return "second life"


def test_an_earlier_life_is_given_and_heard_again_before_anything_else(house):
    house.add("heir", lambda heritage: Heir(house, heritage))
    house.build()
    house.runtime.restore(Restored(kept={"heir": (EVENT,)}, heritage={"heir": "first life"}))
    house.runtime.start()
    house.tell("heir", "after")
    house.until(lambda: "after" in house.heard("heir"))

    assert house.heard("heir") == ["given first life", "before", "warm", "after"]


def test_whoever_is_not_in_the_house_cannot_be_restored(house):
    house.build()

    with pytest.raises(KeyError):
        house.runtime.restore(Restored(kept={"nobody": (EVENT,)}))


class Tracing:
    def __init__(self):
        self.envelopes, self.order, self.incarnations = [], [], []

    def said(self, envelope):
        self.envelopes.append(envelope)

    def handled(self, address, epoch, message_id):
        self.order.append((address, epoch, message_id))

    def made(self, address, epoch, *, warm):
        self.incarnations.append((address, epoch, warm))


def test_everything_said_and_handled_is_traced_with_its_cause(threads_house):
    house, tracing = threads_house, Tracing()
    house.toy("strategy:a", {"signal": lambda _toy, _event: (_signal(),)})
    house.build()
    house.runtime.tracer = tracing
    house.runtime.start()
    house.tell("strategy:a", "signal")
    house.until_quiet()
    by_class = {type(each.message): each for each in tracing.envelopes}

    assert by_class[Signal].cause == by_class[ExternalEvent].id
    assert ("strategy:a", 1, by_class[ExternalEvent].id) in tracing.order
    assert ("strategy:a", 1, False) in tracing.incarnations


def test_a_timer_that_fires_is_traced(threads_house):
    house, tracing = threads_house, Tracing()
    house.toy("strategy:a", on_start=lambda _toy: (WakeAt(MONDAY + SECOND, "due"),))
    house.build()
    house.runtime.tracer = tracing
    house.runtime.start()
    house.advance(2)
    house.until(lambda: any(isinstance(each.message, Woke) for each in list(tracing.envelopes)))


def test_what_a_handler_died_on_does_not_count_as_handled(threads_house):
    house, tracing = threads_house, Tracing()
    house.toy("strategy:a", {"crash": crash})
    house.build()
    house.runtime.tracer = tracing
    house.runtime.start()
    house.tell("strategy:a", "crash", "after")
    house.until(lambda: "after" in house.heard("strategy:a"), passing=1)
    fatal = next(
        each
        for each in tracing.envelopes
        if isinstance(each.message, ExternalEvent) and each.message.get("text") == "crash"
    )

    assert all(message_id != fatal.id for _, _, message_id in tracing.order)
    assert ("strategy:a", 2, True) in tracing.incarnations


def _signal():
    return Signal(strategy="a", symbol="XBTUSD", number=1, ts=MONDAY, target=1.0)


def test_a_voice_speaks_for_its_incarnation_and_is_silent_after_it(threads_house):
    house, voices = threads_house, []
    heard = []

    class Speaker(Component):
        def __init__(self):
            voices.append(house.runtime.voice("strategy:a"))

        def on_external_event(self, event):
            raise ValueError(event.get("text"))

    class Ear(Component):
        def on_signal(self, signal):
            heard.append(signal.number)
            return ()

    house.add("strategy:a", Speaker)
    house.add("recorder", Ear)
    house.start()
    voices[0](_signal())
    house.until(lambda: heard == [1])
    house.tell("strategy:a", "die")
    house.until(lambda: len(voices) == 2 and house.status("strategy:a").state == "up", passing=1)
    voices[0](_signal())
    voices[1](_signal())
    house.until(lambda: len(heard) == 2)
    house.until_quiet()

    assert heard == [1, 1]


def _slot(address, role, account=None):
    spec = ActorSpec(
        address=address, role=role, kind=ActorKind.EDGE, factory=lambda _heritage: Component(), account=account
    )
    return Slot(spec)


def _hearers(router, sender, message):
    return [slot.address for _, slots in router.flow(sender, type(message)).plan(message) for slot in slots]


def test_who_moves_bytes_is_reached_by_address():
    router = Router(LIVE_ROUTES)
    for address in ("rest:orders@main", "rest:cancels@main", "rest:orders@other"):
        router.add(_slot(address, "rest", address.partition("@")[2]))
    router.add(_slot("venue@main", "venue", "main"))
    router.add(_slot("feed", "feed"))
    request = SendRequest(to="rest:cancels@main", reply_to="venue@main", number=1, verb="DELETE", path="/")
    text = TextReceived(to="feed", number=1, text="{}", at=1)

    assert _hearers(router, "venue", request) == ["rest:cancels@main"]
    assert _hearers(router, "line", text) == ["feed"]


def test_live_an_approval_passes_the_journal_and_a_kill_does_not():
    router = Router(LIVE_ROUTES)
    for address, role in (("journal", "journal"), ("venue@main", "venue")):
        router.add(_slot(address, role, address.partition("@")[2] or None))
    approved, kill = ApprovedOrder(an_order()), CancelAll(account="main", ts=MONDAY)

    assert _hearers(router, "risk-guard", approved) == ["journal"]
    assert _hearers(router, "journal", approved) == ["venue@main"]
    assert _hearers(router, "risk-guard", kill) == ["venue@main"]


def test_a_live_system_keeps_every_route_of_a_backtest_but_the_one_past_the_journal():
    gone = {(row.sender, row.message.__name__, row.receiver) for row in set(ROUTES) - set(LIVE_ROUTES)}

    assert gone == {("risk-guard", name, "venue") for name in ("ApprovedOrder", "ApprovedAmend", "ApprovedCancel")}


class TakesAll(Component):
    """A venue that only notes what reaches it."""

    reached: list

    def __init__(self):
        self.reached = []

    def on_approved_order(self, approved):
        self.reached.append(approved)
        return ()


def test_a_closed_gate_lets_no_order_through_that_waits_already():
    venue, hold, let_go = TakesAll(), threading.Event(), threading.Event()

    class Slow(Component):
        def on_approved_order(self, approved):
            hold.set()
            let_go.wait(PATIENCE)
            return venue.on_approved_order(approved)

    system = TradingSystem(
        strategies=[], instruments=[an_instrument()], venue=lambda _account, _instruments: Slow(), run_id="run000"
    )
    system.start()
    try:
        system.tell("venue@main", ApprovedOrder(an_order(client_id="run000-a-1")))
        assert hold.wait(PATIENCE)
        system.tell("venue@main", ApprovedOrder(an_order(client_id="run000-a-2")))
        system.close_gate()
        let_go.set()
        assert system.gate_is_open is False
        system.send(a_tick())
        assert system.wait_until_idle(PATIENCE)
    finally:
        let_go.set()
        system.stop()

    assert [each.order.client_id for each in venue.reached] == ["run000-a-1"]
    assert [letter.reason for letter in system.dead_letters() if letter.message == "ApprovedOrder"] == ["gate closed"]


def test_messages_of_a_live_account_have_one_road_each():
    senders = {(row.sender, row.message) for row in LIVE_ROUTES}

    assert ("journal", OrderRejected) in senders
    assert ("reconciler", VenueReady) in senders
    assert ("feed", Tick) in senders
    assert ("bar-builder", Bar) in senders
