"""On the simulated runtime actors fail and hang wherever their threads could, with what becomes of it on threads."""

import pytest

from actors.component import Component
from actors.routes import ROUTES
from actors.runtime.simulated import SimulatedRuntime
from actors.runtime.simulated_host import Hang
from actors.runtime.slot import ActorKind, ActorSpec
from actors.runtime.tracer import Tracers
from actors.supervisor import ChildSpec, RestartPolicy, Supervisor
from messages import ExternalEvent, Signal, SystemReady
from tests.builders import MONDAY, SECOND
from tests.house import KINDS, an_event

STRATEGY, GUARD = "strategy:a", "risk-guard@main"


class Speaks(Component):
    """Says a signal for each event, and notes what it handled."""

    def __init__(self, log, address, number):
        self._log, self._address, self._number = log, address, number

    def on_external_event(self, event):
        self._log.append((self._address, self._number, event.get("text")))
        return (Signal(strategy="a", symbol="XBTUSD", number=self._number, ts=MONDAY, target=1.0, price=1.0),)

    def on_stop(self):
        self._log.append((self._address, self._number, "on_stop"))
        return ()

    def release(self):
        self._log.append((self._address, self._number, "release"))


class Befalls:
    """What a test plans, once each: by (address, text of an event) and by (address, moment)."""

    def __init__(self):
        self.plan = {}

    def before(self, slot, message):
        text = message.get("text") if isinstance(message, ExternalEvent) else type(message).__name__
        return self.plan.pop((slot.address, text), None)

    def after(self, slot, message):
        return None

    def moment(self, slot, moment):
        return self.plan.pop((slot.address, moment), None)


class Hears:
    """A tracer that keeps what was said, and by which incarnation."""

    def __init__(self):
        self.envelopes = []

    def said(self, envelope):
        self.envelopes.append(envelope)

    def handled(self, address, epoch, message_id):
        pass

    def made(self, address, epoch, *, warm):
        pass

    def of(self, kind):
        return [envelope.message for envelope in self.envelopes if isinstance(envelope.message, kind)]


class Rig:
    """A strategy, a guard and a supervisor."""

    def __init__(self, schedule_seed=None):
        self.log, self.befalls, self.hears = [], Befalls(), Hears()
        self._made = {}
        self.runtime = SimulatedRuntime(
            start_at=MONDAY, schedule_seed=schedule_seed, routes=ROUTES,
            tracer=Tracers([self.hears]), interposed=self.befalls,
        )  # fmt: skip
        addresses = (STRATEGY, GUARD)
        children = [ChildSpec(address=each, kind=KINDS[each.partition(":")[0].partition("@")[0]]) for each in addresses]
        supervisor = Supervisor(children, policy=RestartPolicy(delays_s=(0.0, 0.2)))
        self._add("supervisor", lambda: supervisor)
        for address in addresses:
            self._add(address, lambda address=address: self._make(address))

    def _add(self, address, make):
        role = address.partition(":")[0].partition("@")[0]
        kind = KINDS.get(role, ActorKind.ROOT)
        self.runtime.add(
            ActorSpec(
                address=address, role=role, kind=kind, factory=lambda _heritage: make(), account="main",
                strategy="a" if role == "strategy" else None,
            )
        )  # fmt: skip

    def _make(self, address):
        self._made[address] = self._made.get(address, 0) + 1
        return Speaks(self.log, address, self._made[address])

    def start(self):
        self.runtime.start()
        self.pass_(0)
        return self

    def tell(self, *texts, to=STRATEGY):
        for text in texts:
            self.runtime.tell(to, an_event(text))
        self.runtime.drain(everything=True)

    def pass_(self, seconds):
        self.runtime.advance(self.runtime.now() + round(seconds * SECOND))
        self.runtime.drain(everything=True)

    def heard(self, address=STRATEGY):
        return [(number, text) for to, number, text in self.log if to == address]

    def slot(self, address=STRATEGY):
        return self.runtime.slots[address]

    def signals(self):
        return [signal.number for signal in self.hears.of(Signal)]


@pytest.fixture(params=[None, 1, 2])
def rig(request):
    return Rig(request.param)


def test_one_that_hangs_for_a_while_handles_what_came_meanwhile_and_is_the_same(rig):
    rig.befalls.plan[STRATEGY, "slow"] = Hang(5.0)
    rig.start().tell("slow", "one", "two")
    assert rig.heard() == []

    rig.pass_(6)

    assert rig.heard() == [(1, "slow"), (1, "one"), (1, "two")]
    assert rig.slot().restarts == 0


def test_one_that_hangs_is_replaced_in_time_and_what_it_had_in_hand_is_lost_and_named(rig):
    rig.befalls.plan[STRATEGY, "stuck"] = Hang()
    rig.start().tell("stuck", "one")

    rig.pass_(29)
    assert rig.slot().restarts == 0
    rig.pass_(2)

    assert rig.heard() == [(2, "one")]
    assert [letter.reason for letter in rig.runtime.dead_letters] == ["in hand of an incarnation that hangs"]


def test_one_that_wakes_after_its_replacement_says_nothing_and_gives_back_what_it_holds(rig):
    rig.befalls.plan[STRATEGY, "stuck"] = Hang(45.0)
    rig.start().tell("stuck", "one")

    rig.pass_(50)

    assert rig.heard() == [(2, "one"), (1, "stuck"), (1, "release")]
    assert (rig.signals(), rig.slot().fenced) == ([2], 1)


def test_a_hang_in_the_core_closes_the_gate_for_nobody_guards(rig):
    rig.befalls.plan[GUARD, "stuck"] = Hang()
    rig.start().tell("stuck", to=GUARD)

    rig.pass_(31)

    assert rig.slot(GUARD).state.value == "quarantined"
    assert not rig.runtime.gate_open


def test_a_thread_that_cannot_be_had_is_a_failed_start(rig):
    rig.befalls.plan[STRATEGY, "launch"] = RuntimeError("can't start new thread")
    rig.start().tell("one")

    assert rig.heard() == [(1, "one")]
    assert rig.slot().restarts == 1
    assert rig.hears.of(SystemReady)


def test_a_start_that_hangs_is_found_and_what_waited_is_its_successors(rig):
    rig.befalls.plan[STRATEGY, "launch"] = Hang(40.0)
    rig.start().tell("one")

    rig.pass_(31)
    rig.pass_(20)

    assert rig.heard() == [(1, "one")]
    assert rig.slot().restarts == 1


def test_who_hangs_when_all_stop_is_abandoned_soon_and_the_others_stop(rig):
    rig.start()
    rig.befalls.plan[STRATEGY, "stop"] = Hang()
    rig.runtime.end()
    rig.runtime.drain(everything=True)
    assert not rig.runtime.is_over

    rig.pass_(1.3)

    assert rig.runtime.is_over
    assert rig.heard(GUARD) == [(1, "on_stop"), (1, "release")]


def test_a_supervisor_that_hangs_is_found_and_ends_everything(rig):
    rig.start()
    rig.befalls.plan["supervisor", "ActorFailed"] = Hang()
    rig.befalls.plan[STRATEGY, "bad"] = ValueError("bad")
    rig.tell("bad")

    rig.pass_(31)

    assert rig.runtime.is_over
    assert "hung for" in rig.runtime.failure.error


def test_what_is_no_ordinary_error_ends_its_incarnation_and_nobody_elses(rig):
    rig.start()
    for error in (SystemExit(), KeyboardInterrupt(), MemoryError()):
        rig.befalls.plan[STRATEGY, "bad"] = error
        rig.tell("bad", "good")
        rig.pass_(1)

    assert [text for _, text in rig.heard() if text == "good"] == ["good"] * 3
    assert rig.slot(GUARD).restarts == 0


def test_where_memory_runs_out_for_the_core_everything_ends(rig):
    rig.start()
    rig.befalls.plan[GUARD, "bad"] = MemoryError()
    rig.runtime.tell(GUARD, an_event("bad"))

    rig.pass_(1)

    assert rig.runtime.is_over
    assert rig.runtime.out_of_memory == (GUARD, "ExternalEvent")
    assert not rig.runtime.gate_open
