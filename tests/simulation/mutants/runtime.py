"""Supervisor, runtime, journal and recovery, broken."""

import itertools

import attrs

from actors.runtime.runtime import Runtime
from actors.runtime.simulated import SimulatedRuntime
from actors.runtime.slot import State
from actors.supervisor import Supervisor
from adapters.bitmex.budget import Budget
from adapters.journal import loose_ends, orders, restoring
from adapters.journal.orders import Journal
from adapters.live import assembly
from adapters.simulation import wires
from messages import HaltTrading, StartActor
from tests.simulation.mutants.mutant import mutant, says


def _unfenced(was):
    def answered(self, host, cause, answers):
        slot = host.slot
        epoch, slot.epoch = slot.epoch, host.epoch
        try:
            was(self, host, cause, answers)
        finally:
            slot.epoch = epoch

    return answered


def _any_voice(_was):
    def voice(self, address):
        slot = self.slots[address]
        epoch = slot.epoch
        return lambda message: self.say(slot.role, message, sender=address, epoch=epoch)

    return voice


def _lost_while_down(was):
    def store(self, slot, envelope):
        return 0 if slot.state is State.DOWN else was(self, slot, envelope)

    return store


def _alone(_was):
    return lambda _self, child: [child]


def _without_end(was):
    def over(self, child, *arguments):
        child.failures.clear()
        return was(self, child, *arguments)

    return over


def _unhalted(was):
    def give_up(self, child, reason, at):
        return [each for each in was(self, child, reason, at) if not isinstance(each, HaltTrading)]

    return give_up


def _not_another_epoch(was):
    def restart(self, child):
        said = was(self, child)
        return [attrs.evolve(each, epoch=each.epoch - 1) if isinstance(each, StartActor) else each for each in said]

    return restart


def _after_the_effect(was):
    def approved(self, message):
        said = (message,)
        self._later = getattr(self, "_later", [])
        self._later.append(message)
        if len(self._later) > 3:
            was(self, self._later.pop(0))
        return said

    return approved


def _from_the_beginning(was):
    def heritage(*arguments):
        found = was(*arguments)
        for address, left in found.items():
            if address.startswith("executor@"):
                object.__setattr__(left, "intents", 0)
        return found

    return heritage


def _nothing_known(was):
    return lambda *arguments: attrs.evolve(was(*arguments), known_executions=(), known_funding=())


def _half_written(was):
    counted = itertools.count()

    def written(self, message, client_id):
        return True if next(counted) % 4 == 3 else was(self, message, client_id)

    return written


MUTANTS = (
    mutant(
        "no-fence", "what a fenced incarnation says is heard", (SimulatedRuntime, "answered", _unfenced), faults="F73"
    ),
    mutant(
        "old-voices-heard",
        "what a fenced incarnation's thread says is heard",
        (Runtime, "voice", _any_voice),
        faults="F73",
    ),
    mutant(
        "mail-lost-while-down",
        "what comes while an actor is down is lost",
        (Runtime, "store", _lost_while_down),
        faults="F61",
        strength=4.0,
    ),
    mutant(
        "core-restarts-alone",
        "of the core only who failed restarts",
        (Supervisor, "_restarted_with", _alone),
        faults="F61",
        strength=4.0,
    ),
    mutant("nobody-restarts", "who failed stays down", (Supervisor, "_restart", says([])), faults="F61"),
    mutant(
        "restarts-without-end", "the restart budget is never used up", (Supervisor, "_over", _without_end), faults="F66"
    ),
    mutant(
        "given-up-and-traded-on",
        "an actor that is given up on halts nothing",
        (Supervisor, "_give_up", _unhalted),
        faults="F66 F67",
    ),
    mutant(
        "restarted-in-the-same-epoch",
        "who is started again has the epoch of its predecessor, which may still speak",
        (Supervisor, "_restart", _not_another_epoch),
        faults="F61",
    ),
    mutant(
        "journal-after-the-effect",
        "an order is written down after it was sent",
        (Journal, "on_approved_order", _after_the_effect),
    ),
    mutant("journal-with-holes", "each fourth order is not written down", (Journal, "_written", _half_written)),
    mutant(
        "chain-of-nothing", "the journal's hash chain does not depend on its rows", (orders, "_link", says(b"0" * 32))
    ),
    mutant(
        "counter-not-restored",
        "after a restart orders are counted from the beginning",
        (restoring, "_heritage", _from_the_beginning),
        faults="F30",
    ),
    mutant(
        "known-executions-forgotten",
        "after a restart nobody knows what was booked",
        (restoring, "_known", _nothing_known),
        faults="F30 F31",
    ),
    mutant(
        "orders-of-earlier-lives-forgotten",
        "after a restart nobody knows which orders are out",
        (loose_ends, "loose_ends", says({})),
        (restoring, "loose_ends", says({})),
        faults="F30",
    ),
    mutant(
        "holders-of-earlier-lives-forgotten",
        "after a restart the gateway does not know which strategy holds what",
        (
            assembly,
            "_earlier",
            lambda was: lambda run, account: attrs.evolve(was(run, account), held={}),
        ),
        faults="F30 F44",
        strength=6.0,
    ),
    mutant(
        "expired-orders-leave",
        "what is too old is sent all the same",
        (wires, "why_held", says("")),
        faults="F27 F02",
        strength=4.0,
    ),
    mutant(
        "budget-ignored",
        "requests are sent as fast as they come",
        (Budget, "wait", says(0)),
        (Budget, "take", says(None)),
        faults="F28 F04",
        strength=6.0,
    ),
)
