"""An address: what outlives an actor's incarnations. Its mailbox, its epoch, and what a new incarnation is fed."""

import enum
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from actors.component import Component
from actors.runtime.mailbox import MUST_DELIVER_CAP, Mailbox
from messages import Address, Envelope, Message

if TYPE_CHECKING:
    from actors.runtime.host import Host


class ActorKind(enum.Enum):
    """What the supervisor's policy for an actor follows from; see actors/supervisor.py."""

    CORE = "core"
    """Keeps the money: portfolio, executor, guard. One fails, all restart."""
    VENUE = "venue"
    MARKET = "market"
    """Feed, tick filter, bar builder."""
    STRATEGY = "strategy"
    EDGE = "edge"
    """Recorder, checker, listeners: beside the stream."""
    SIDE = "side"
    """A market that is heard and not traded: a line, a feed, a filter and a builder of its own."""
    SOURCE = "source"
    """What says external events: started last, stopped first, and nobody waits for it."""
    ROOT = "root"
    """The supervisor."""


BESIDE: Final = frozenset({ActorKind.STRATEGY, ActorKind.EDGE, ActorKind.SIDE, ActorKind.SOURCE})
"""Nobody waits for these, and trading does not halt for one of them: the others go on without it."""


@attrs.frozen(kw_only=True)
class ActorSpec:
    """How to make an actor, and what it is to the supervisor."""

    address: Address
    role: str
    kind: ActorKind
    factory: Callable[[Any], Component]
    """Makes a fresh component for each incarnation, given its predecessor's heritage (None at first). Does no I/O."""
    account: str | None = None
    strategy: str | None = None
    keeps: Mapping[type[Message], int | None] = attrs.field(factory=dict)
    """Message classes of which the address keeps the last n handled (None: all), to feed a new incarnation with."""
    mailbox_cap: int = MUST_DELIVER_CAP
    group: str | None = None
    """Which of several flows of its kind: a failure takes along those behind it in the same one, and no others."""


class State(enum.Enum):
    """Where an address is in its life."""

    NEW = "new"
    STARTING = "starting"
    UP = "up"
    DOWN = "down"
    """Between two incarnations: messages wait in the mailbox."""
    STOPPED = "stopped"
    QUARANTINED = "quarantined"


class Slot:
    """One address in one runtime. `deliver` takes an envelope to the incarnation that is up, or into the mailbox."""

    __slots__ = (
        "account",
        "address",
        "component",
        "deliver",
        "epoch",
        "fenced",
        "handled",
        "host",
        "inherited",
        "is_restored",
        "kept",
        "lagging",
        "lock",
        "mailbox",
        "restarts",
        "role",
        "spec",
        "state",
        "store",
        "strategy",
        "ways",
    )

    def __init__(self, spec: ActorSpec) -> None:
        self.spec = spec
        self.address = spec.address
        self.role = spec.role
        self.account = spec.account
        self.strategy = spec.strategy
        self.mailbox = Mailbox(spec.mailbox_cap)
        self.kept: dict[type[Message], deque[tuple[int, Message]]] = {
            message_class: deque(maxlen=count) for message_class, count in spec.keeps.items()
        }
        self.lock = threading.RLock()
        """Held by whoever ends an epoch, and by an incarnation while a message and its answers begin to count.

        So a message counts and its answers are said, both before the fence, or neither.
        """
        self.epoch = 0
        self.handled = 0
        self.restarts = 0
        self.fenced = 0
        """How many messages of fenced incarnations were dropped."""
        self.lagging = False
        self.state = State.NEW
        self.host: Host | None = None
        self.inherited: Any = None
        """What an earlier life of the run left for the first incarnation."""
        self.is_restored = False
        """There was an earlier life: the first incarnation is warmed up too."""
        self.component: Component | None = None
        """The last incarnation's: asked for its heritage when it is over, and for nothing else."""
        self.store: Callable[[Envelope], object] = self.mailbox.put
        """Into the mailbox, by the runtime's rules for what does not fit."""
        self.deliver: Callable[[Envelope], object] = self.store
        self.ways: Mapping[type[Message], Callable[[Message, int], None]] | None = None
        """The handling itself by class, past envelope and mailbox, while an incarnation is up in a replay."""

    def keep(self, message_class: type[Message], count: int) -> None:
        """From now on keep the last `count` messages of a class."""
        kept = self.kept.get(message_class)
        if kept is None or kept.maxlen != count:
            self.kept[message_class] = deque(kept or (), maxlen=count)

    @property
    def stops_first(self) -> bool:
        """Whether an ordered stop goes before what waits: what a strategy or the feed would still say is not wanted."""
        return self.spec.kind is ActorKind.STRATEGY or self.role in {"feed", "side-feed"}

    @property
    def is_over(self) -> bool:
        """Whether nothing sent here will ever be handled."""
        return self.state in (State.STOPPED, State.QUARANTINED)
