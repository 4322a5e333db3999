"""What actors, supervisor and runtime say to each other about running: timers, subscriptions, life and death."""

import enum

import attrs

from messages.base import Message, filled, frozen_tuple, whole
from messages.units import Account, Address, Lots, Period, Symbol, UtcNs


class Step(enum.IntEnum):
    """The order of things within one instant of a replay; see docs/conventions.md. Threads do not promise it."""

    VENUE_BARS = 10
    """Bars ending now go to the bar builder and to the venue; built bars appear."""
    MARKS = 20
    """Funding, mark prices; bars as marks."""
    MARKED = 25
    """What accounts are worth, after all marks of the instant."""
    CLOSES = 30
    """Bars ending now go to strategies, by period, symbol, strategy."""
    TIMERS = 40
    """Timers due now."""
    NETTING = 50
    """Wishes of the instant become target shares; orders reach the venue."""
    VENUE_OPENS = 60
    """Opens of bars starting now go to the venue."""
    OPENS = 70
    """Then to strategies."""
    OPENS_NETTING = 75
    TICKS = 80
    """Ticks, quotes, books, external events of now, each: venue, marks, strategies."""
    TICK_MARKS = 82
    TICK_STRATEGIES = 84
    TICKS_NETTING = 90
    CHECKS = 95
    """The checker compares what the actors believe."""


@attrs.frozen(weakref_slot=False)
class WakeAt(Message):
    """Wake me at a time. A time that has passed means as soon as possible, at the named step of the instant."""

    at: UtcNs = attrs.field(validator=whole)
    token: str = ""
    """Comes back in Woke; a second WakeAt with the same token and time is a second timer."""
    step: Step = Step.TIMERS


@attrs.frozen(weakref_slot=False)
class Woke(Message):
    """The timer that was asked for. `at` is now, and never before the time asked for."""

    at: UtcNs = attrs.field(validator=whole)
    token: str = ""


@attrs.frozen
class Pull(Message):
    """The runtime asks the feed for its next batch."""

    at: UtcNs = attrs.field(validator=whole)


@attrs.frozen
class FeedEnded(Message):
    """The feed has nothing more to say."""

    at: UtcNs = attrs.field(validator=whole)


@attrs.frozen
class Subscribe(Message):
    """The sender wants to hear a message class, about one symbol (and period) or about all of them (None)."""

    message: type[Message]
    symbol: Symbol | None = None
    period: Period | None = None


@attrs.frozen
class Unsubscribe(Message):
    """The sender no longer wants what an equal Subscribe asked for."""

    message: type[Message]
    symbol: Symbol | None = None
    period: Period | None = None


@attrs.frozen
class StartActor(Message):
    """The supervisor orders a new incarnation. `warm`: feed it what its address kept, discarding the answers."""

    actor: Address = attrs.field(validator=filled)
    epoch: int = attrs.field(validator=whole)
    warm: bool = False


@attrs.frozen
class StopActor(Message):
    """The supervisor orders an actor to stop: on_stop, then the end of its thread."""

    actor: Address = attrs.field(validator=filled)


@attrs.frozen
class FenceActor(Message):
    """The supervisor cuts an incarnation off: from now on nothing it says is delivered."""

    actor: Address = attrs.field(validator=filled)
    epoch: int = attrs.field(validator=whole)
    hung: bool = False
    """True: it is not waited for, and the message it hangs on is lost. False: that message goes to its successor."""


@attrs.frozen
class ActorStarted(Message):
    """An incarnation's on_start ended well: it is up."""

    actor: Address = attrs.field(validator=filled)
    epoch: int = attrs.field(validator=whole)


@attrs.frozen
class ActorStopped(Message):
    """An incarnation's on_stop has run and its thread is about to end."""

    actor: Address = attrs.field(validator=filled)
    epoch: int = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class ActorFailed(Message):
    """An incarnation raised, and is over. The message it died on is lost, and named here; its mailbox is not."""

    actor: Address = attrs.field(validator=filled)
    epoch: int = attrs.field(validator=whole)
    during: str = attrs.field(validator=filled)
    """start, warm-up, or the name of the class of the message being handled."""
    message_id: int = 0
    error: str = attrs.field(validator=filled)
    """Exception class and text."""
    trace: str = ""
    at: UtcNs = attrs.field(validator=whole)
    handled: int = 0
    """How many messages its address had handled by then, over all incarnations."""


@attrs.frozen(kw_only=True)
class ActorHung(Message):
    """An incarnation has been inside one handler for too long."""

    actor: Address = attrs.field(validator=filled)
    epoch: int = attrs.field(validator=whole)
    during: str = attrs.field(validator=filled)
    seconds: float
    at: UtcNs = attrs.field(validator=whole)
    handled: int = 0


@attrs.frozen(kw_only=True)
class ActorLagging(Message):
    """A must-deliver lane overflowed: messages were turned away and named in the dead letters."""

    actor: Address = attrs.field(validator=filled)
    waiting: int = attrs.field(validator=whole)
    at: UtcNs = attrs.field(validator=whole)


@attrs.frozen
class ActorQuarantined(Message):
    """The supervisor will not start this actor again: its restart budget is spent, or it failed while warming up."""

    actor: Address = attrs.field(validator=filled)
    reason: str = attrs.field(validator=filled)
    at: UtcNs = attrs.field(validator=whole)


@attrs.frozen
class SystemReady(Message):
    """Every actor is up."""

    at: UtcNs = attrs.field(validator=whole)


@attrs.frozen
class ActorAdded(Message):
    """The host application added an address to a running system: the supervisor starts it and looks after it."""

    actor: Address = attrs.field(validator=filled)


@attrs.frozen
class StopSystem(Message):
    """Stop everything in order."""

    reason: str = attrs.field(validator=filled)


@attrs.frozen
class SystemStopped(Message):
    """Every actor was stopped or given up on; `abandoned` names the latter."""

    abandoned: tuple[Address, ...] = attrs.field(default=(), validator=frozen_tuple)


@attrs.frozen
class ReportPositions(Message):
    """The checker asks what positions an actor believes in."""

    account: Account = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class PositionsReported(Message):
    """An actor's fold of fills and adjustments: lots by (strategy, symbol), by ("", symbol) where it has only nets."""

    account: Account = attrs.field(validator=filled)
    number: int = attrs.field(validator=whole)
    role: str = attrs.field(validator=filled)
    positions: tuple[tuple[str, Symbol, Lots], ...] = attrs.field(validator=frozen_tuple)


@attrs.frozen
class RecordingStopped(Message):
    """What the market says is not kept any more: the disk is full, or cannot be written."""

    reason: str = attrs.field(validator=filled)
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen
class RecordingResumed(Message):
    """It is kept again; what was said meanwhile is missing."""

    lost: int = attrs.field(validator=whole)
    """How many items were not kept."""
    ts: UtcNs = attrs.field(validator=whole)


@attrs.frozen(kw_only=True)
class InvariantViolated(Message):
    """Something was said that must never be: trading halts, and somebody has to look."""

    invariant: str = attrs.field(validator=filled)
    """Its name; docs/risk.md lists them."""
    text: str = attrs.field(validator=filled)
    """What was seen, and of which order or actor."""
    account: Account | None = None
    """None: it is about all of them."""
    ts: UtcNs = attrs.field(validator=whole)
