"""What a life of a live run is made of, gathered by its beginning and handed to all who take part."""

from collections.abc import Mapping
from pathlib import Path

import attrs

from actors.runtime.clocks import Clock, WallClock
from adapters.bitmex.history import History
from adapters.events.live import SourceKeys
from adapters.journal import Recovery, Trace
from adapters.live.halts import Halts
from adapters.live.pauses import Pauses
from adapters.live.settings import LiveSettings
from adapters.live.state import LiveState
from adapters.live.venue import KeyGuard, Venue
from adapters.live.watchdog_plan import WatchdogPlan
from adapters.live.wires import RealWires, Wires
from adapters.recording import Recording
from messages import Account, Minor, UtcNs


@attrs.define(kw_only=True)
class LiveRun:
    """What a life of a live run is made of. `system` comes with `make_system`."""

    folder: Path
    life: int
    run6: str
    settings: LiveSettings
    venue: Venue
    cash: Mapping[str, Minor]
    """What the account began with, in its first life."""
    account_cash: Mapping[Account, Mapping[str, Minor]]
    """Of accounts that began with something else: paper ones."""
    trace: Trace
    state: LiveState
    recording: Recording | None = None
    """What the market says is kept there; None: it is not."""
    recovery: Recovery | None = None
    history: History | None = None
    """Bars for the strategies, and what the feed and the bar builder go on from; None: nothing is warmed up."""
    started: UtcNs
    clock: Clock = attrs.field(factory=WallClock)
    """The only one: what is timed at the wire is compared with what the actors are told. The machine's own may be set,
    and goes on while the machine sleeps."""
    wires: Wires = attrs.field(factory=RealWires)
    pauses: Pauses = attrs.field(init=False)
    """Whether this process has been running."""
    halts: Halts = attrs.field(factory=Halts, init=False)
    """Which accounts are halted; told by a runtime."""
    seconds: dict[str, float] = attrs.field(factory=dict)
    notes: tuple[str, ...] = ()
    guard: KeyGuard
    """Takes a way to make something secret unreadable in the log."""
    watchdog: WatchdogPlan | None = None
    """The second process that is to watch this one; None: there is none."""
    watched_before: str | None = None
    """What a watchdog did about the life before this one, in words."""
    account_lock: Path | None = None
    """The file whose lock says who trades the account."""
    source_keys: SourceKeys = attrs.field(factory=SourceKeys)
    """Of the sources of external events."""

    def __attrs_post_init__(self) -> None:
        self.pauses = Pauses(self.clock.now, self.wires.passed)

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.settings.configuration.backtest.seed
