"""An address: what outlives an actor's incarnations. Its mailbox, its epoch, and what a new incarnation is fed."""

import enum
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from actors.component import Component, PerSymbol
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
VITAL: Final = frozenset({ActorKind.CORE, ActorKind.VENUE})
"""They keep the money, or are the way of orders: where one of these hangs or has no memory, trading does not go on."""


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
    is_needed: bool = False
    """Trading halts when it is given up on, although it stands beside the stream."""
    in_order: bool = False
    """Its rows come first: whatever is said reaches its mailbox before anybody can answer it, whoever says it."""


class State(enum.Enum):
    """Where an address is in its life."""

    NEW = "new"
    STARTING = "starting"
    UP = "up"
    DOWN = "down"
    """Between two incarnations: messages wait in the mailbox."""
    STOPPED = "stopped"
    QUARANTINED = "quarantined"


class KeptBySymbol:
    """The last messages of each symbol. Iterated, they come symbol by symbol."""

    __slots__ = ("_by_symbol", "_count")

    def __init__(self, count: int, before: Iterable[tuple[int, Message]] = ()) -> None:
        self._count = count
        self._by_symbol: dict[Any, deque[tuple[int, Message]]] = {}
        for each in before:
            self.append(each)

    def append(self, each: tuple[int, Any]) -> None:
        """Keep it; the oldest of its symbol goes when there is no room."""
        symbol = each[1].symbol
        kept = self._by_symbol.get(symbol)
        if kept is None:
            kept = self._by_symbol[symbol] = deque(maxlen=self._count)
        kept.append(each)

    def __iter__(self) -> Iterator[tuple[int, Message]]:
        # A list first: another thread may still append for the incarnation before.
        return chain.from_iterable([tuple(kept) for kept in tuple(self._by_symbol.values())])


Kept: TypeAlias = deque[tuple[int, Message]] | KeptBySymbol


class Slot:
    """One address in one runtime. `deliver` takes an envelope to the incarnation that is up, or into the mailbox."""

    __slots__ = (
        "account",
        "address",
        "component",
        "deliver",
        "died_on",
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
        self.kept: dict[type[Message], Kept] = {
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
        self.died_on: tuple[int, Message] | None = None
        """What the last incarnation failed on, and its id, until its successor has been told."""
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
        """From now on keep the last `count` messages of a class; where it is a PerSymbol, of each symbol."""
        kept = self.kept.get(message_class)
        if isinstance(count, PerSymbol):
            self.kept[message_class] = KeptBySymbol(count, kept or ())
        elif not isinstance(kept, deque) or kept.maxlen != count:
            self.kept[message_class] = deque(kept or (), maxlen=count)

    @property
    def stops_first(self) -> bool:
        """Whether an ordered stop goes before what waits: what a strategy or the feed would still say is not wanted."""
        return self.spec.kind is ActorKind.STRATEGY or self.role in {"feed", "side-feed"}

    @property
    def is_over(self) -> bool:
        """Whether nothing sent here will ever be handled."""
        return self.state in (State.STOPPED, State.QUARANTINED)
