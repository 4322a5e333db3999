"""A life again: each actor is given what it handled, in its order, and what it says is compared with what it said.

The components are made as the run made them and live in the replay's own host, so that starting, warming up, failing
and heirs are the real thing. Nothing is routed: what an actor hears is what the trace says it handled. So one actor
that decides otherwise does not lead the others astray, and the first difference is where it began.

What the runtime executes by itself (timers, subscriptions) is not compared; nor is what was said at a start or stop,
for nothing tells which of it belongs to which. Where market data were left out of the trace, the messages that are
missing are named as such.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from actors.restored import Restored
from actors.runtime.host import Host, ReplayHost
from actors.runtime.router import Flow
from actors.runtime.runtime import Runtime
from actors.runtime.slot import ActorSpec, Slot, State
from actors.tape import Batch
from adapters.journal.batches import MADE_COLD, MADE_WARM
from adapters.journal.reading import TraceReader
from adapters.journal.trace import REPLAYED, role_of
from messages import ActorFailed, Address, Envelope, Message, UtcNs, WakeAt, Woke

CHAIN_MAX: Final = 50
MESSAGES_KEPT: Final = 200_000
"""So many messages back are at hand; older ones are looked up in the file."""
_SHELL: Final = frozenset({"ActorStarted", "ActorStopped", "ActorFailed", "ActorHung", "ActorLagging", "Woke"})
_NOT_THERE: Final = "not in the trace"


@attrs.frozen(kw_only=True)
class Difference:
    """Where an actor said something else than it had said."""

    actor: Address
    epoch: int
    heard: Envelope | None
    """What it was handling; None when that is not in the trace."""
    heard_id: int
    then: tuple[Message, ...]
    now: tuple[Message, ...]
    note: str = ""
    """What is to be said besides: that it failed, or failed not."""
    chain: tuple[Envelope, ...] = ()
    """What brought it about, from what it heard back to what came from outside."""


@attrs.define
class Comparison:
    """What came of running a life again."""

    life: int
    messages: int = 0
    """So many were handled again."""
    failures: int = 0
    """Of these, on so many an incarnation failed, as it had."""
    decisions: int = 0
    equal: int = 0
    by_actor: Counter[tuple[Address, str]] = attrs.field(factory=Counter)
    """Decisions by (actor, class)."""
    equal_by_actor: Counter[tuple[Address, str]] = attrs.field(factory=Counter)
    gaps: Counter[str] = attrs.field(factory=Counter)
    """How much was left out of the trace, by kind."""
    missing: int = 0
    """How many messages that were handled are not in the trace."""
    not_run: tuple[Address, ...] = ()
    """Who handled something and is not in this set-up."""
    differences: int = 0
    first: Difference | None = None

    @property
    def is_equal(self) -> bool:
        """Whether everything that was decided was decided again."""
        return not (self.differences or self.missing or self.not_run)


class _Stage(Runtime):
    """Where components live that nobody hears: what they say is noted, and what they order is not done."""

    def __init__(self, specs: Iterable[ActorSpec], restored: Restored) -> None:
        super().__init__()
        self.time: UtcNs = 0
        self._noted: list[Message] = []
        self._failed: ActorFailed | None = None
        self._timers: dict[tuple[Address, str], int] = {}
        for spec in specs:
            if spec.role in REPLAYED:
                self.add(spec)
        there = self.slots.keys()
        self.restore(
            Restored(
                kept={address: kept for address, kept in restored.kept.items() if address in there},
                heritage={address: left for address, left in restored.heritage.items() if address in there},
            )
        )

    def take_said(self) -> tuple[Message, ...]:
        """What was said since the last time."""
        said, self._noted = self._noted, []
        return tuple(said)

    def take_failure(self) -> ActorFailed | None:
        """Who failed since the last time."""
        failed, self._failed = self._failed, None
        return failed

    def set_because_of(self, address: Address, token: str) -> int:
        """The id of the message that an actor answered with a timer, for the last timer of that token; 0: none."""
        return self._timers.get((address, token), 0)

    def now(self) -> UtcNs:
        """When what is being handled was said."""
        return self.time

    def answered(self, host: Host, cause: int, answers: Iterable[Message]) -> None:
        """Noted; of a timer, what it was set because of."""
        for message in answers:
            if isinstance(message, WakeAt):
                self._timers[host.slot.address, message.token] = cause
            elif message.__class__ not in self._orders:
                self._noted.append(message)

    def report(self, host: Host, message: Message) -> None:  # noqa: ARG002 - as every runtime
        """A failure is noted."""
        if isinstance(message, ActorFailed):
            self._failed = message

    def launch(self, slot: Slot, *, warm: bool) -> None:
        """A new incarnation."""
        before = slot.host
        if isinstance(before, ReplayHost):
            before.release()
        slot.host = host = ReplayHost(slot, self, warm=warm)
        host.start_up()

    # What a runtime can do, and nobody asks of this one.

    def play(self, host: Host, batch: Batch) -> None:
        """Feeds are not run again."""

    def dispatch(self, flow: Flow, envelope: Envelope) -> None:
        """Nobody hears it."""

    def put(self, slot: Slot, envelope: Envelope) -> None:
        """Nobody hears it."""

    def wake(self, slot: Slot, epoch: int, wish: WakeAt) -> None:
        """The trace tells when it woke."""

    def halt_incarnation(self, slot: Slot) -> None:
        """Nobody orders it."""

    def feed_ended(self) -> None:
        """Feeds are not run again."""

    def supervisor_failed(self, failure: ActorFailed) -> None:
        """There is no supervisor."""


class _Rerun:
    """One life, gone through from its beginning."""

    def __init__(self, reader: TraceReader, life: int, stage: _Stage) -> None:
        self._reader, self._stage = reader, stage
        self.result = Comparison(life)
        self._messages: OrderedDict[int, Envelope] = OrderedDict()
        self._said: dict[tuple[Address, int], list[Message]] = defaultdict(list)
        """What an actor said because of a message, until that has been run again."""
        self._deaths: dict[tuple[Address, int], ActorFailed] = {}
        """Failures in a handler, by (actor, epoch), until they have been run again."""
        self._set_by: OrderedDict[int, int] = OrderedDict()
        """Of a timer that woke its actor, what it was set because of: both by their ids."""
        self._absent: set[Address] = set()

    def run(self) -> Comparison:
        """Everything, in the order that it was handled in."""
        for stretch in self._reader.stretches(self.result.life):
            for what, count in stretch.gaps:
                self.result.gaps[what] += count
            for envelope in stretch.said:
                self._note(envelope)
            for address, epoch, number in stretch.handled:
                slot = self._stage.slots.get(address)
                if slot is None:
                    self._absent.add(address)
                elif number in (MADE_COLD, MADE_WARM):
                    self._die(slot)
                    slot.epoch = epoch
                    self._stage.launch(slot, warm=number == MADE_WARM)
                    self._stage.take_said()
                    self._stage.take_failure()
                else:
                    self._handle(slot, epoch, number)
        for slot in self._stage.slots.values():
            self._die(slot)
        self.result.not_run = tuple(sorted(self._absent))
        return self.result

    def _note(self, envelope: Envelope) -> None:
        self._messages[envelope.id] = envelope
        if len(self._messages) > MESSAGES_KEPT:
            self._messages.popitem(last=False)
        message, sender = envelope.message, envelope.sender
        if isinstance(message, ActorFailed) and message.message_id:
            self._deaths[message.actor, message.epoch] = message
        if envelope.cause and role_of(sender) in REPLAYED and type(message).__name__ not in _SHELL:
            self._said[sender, envelope.cause].append(message)

    def _die(self, slot: Slot) -> None:
        """What an incarnation died on comes after all that it handled."""
        death = self._deaths.pop((slot.address, slot.epoch), None)
        if death is not None:
            self._handle(slot, slot.epoch, death.message_id, dies=death)

    def _handle(self, slot: Slot, epoch: int, number: int, *, dies: ActorFailed | None = None) -> None:
        stage, result = self._stage, self.result
        envelope = self._find(number)
        then = tuple(self._said.pop((slot.address, number), ()))
        now: tuple[Message, ...] = ()
        note = ""
        if envelope is None:
            result.missing += 1
            note = f"message {number} is {_NOT_THERE}"
        else:
            result.messages += 1
            stage.time = envelope.posted
            if isinstance(envelope.message, Woke):
                self._set_by[number] = stage.set_because_of(slot.address, envelope.message.token)
                if len(self._set_by) > MESSAGES_KEPT:
                    self._set_by.popitem(last=False)
            if slot.state is State.UP:
                slot.deliver(envelope)
            now = stage.take_said()
            failed = stage.take_failure()
            if dies is None and failed is not None:
                note = f"it fails now: {failed.error}"
            elif dies is not None and failed is None:
                note = f"it failed then ({dies.error}), and does not now"
            result.failures += dies is not None and failed is not None
            self._count(slot.address, then, now)
        if then != now or note:
            self._differ(
                Difference(
                    actor=slot.address, epoch=epoch, heard=envelope, heard_id=number, then=then, now=now, note=note
                )
            )

    def _count(self, actor: Address, then: Sequence[Message], now: Sequence[Message]) -> None:
        result = self.result
        for place in range(max(len(then), len(now))):
            before = then[place] if place < len(then) else None
            after = now[place] if place < len(now) else None
            key = (actor, type(before if before is not None else after).__name__)
            result.decisions += 1
            result.by_actor[key] += 1
            if before == after:
                result.equal += 1
                result.equal_by_actor[key] += 1

    def _differ(self, difference: Difference) -> None:
        self.result.differences += 1
        if self.result.first is None:
            self.result.first = attrs.evolve(difference, chain=self._chain(difference.heard))

    def _chain(self, envelope: Envelope | None) -> tuple[Envelope, ...]:
        chain: list[Envelope] = []
        while envelope is not None and len(chain) < CHAIN_MAX:
            chain.append(envelope)
            cause = envelope.cause or self._set_by.get(envelope.id, 0)
            envelope = self._find(cause) if cause else None
        return tuple(chain)

    def _find(self, number: int) -> Envelope | None:
        found = self._messages.get(number)
        return found if found is not None else self._reader.find(self.result.life, number)


def rerun(reader: TraceReader, life: int, specs: Iterable[ActorSpec], restored: Restored | None = None) -> Comparison:
    """Run a life again with actors that are made as it made them; `restored`: what it began with.

    JournalError when the trace cannot be read.
    """
    return _Rerun(reader, life, _Stage(specs, restored or Restored())).run()


def counts(comparison: Comparison) -> Mapping[Address, Mapping[str, tuple[int, int]]]:
    """(equal, all) decisions by actor and class, both in order."""
    table: dict[Address, dict[str, tuple[int, int]]] = {}
    for (actor, name), total in sorted(comparison.by_actor.items()):
        table.setdefault(actor, {})[name] = (comparison.equal_by_actor[actor, name], total)
    return table
