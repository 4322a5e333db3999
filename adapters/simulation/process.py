"""The trading process: one life after another on one folder, each the real system on a virtual clock.

It is started as `run.py live` starts it, less the questions that are asked before there are actors; it is killed, or
stopped for a while, from outside; and when it has halted or ended by itself, somebody starts it again.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import attrs

from actors.live_routes import LIVE_ROUTES
from actors.restored import Restored
from actors.runtime.host import RunEnds
from actors.runtime.simulated import Interposed, SimulatedRuntime
from actors.runtime.tracer import Tracer, Tracers
from actors.system import TradingSystem
from adapters.bitmex.environment import Loopback
from adapters.exchange.contracts import CURRENCIES
from adapters.journal import JournalError, write_given
from adapters.live.assembly import make_system
from adapters.live.beginning import new_life, recovered
from adapters.live.run import LiveRun
from adapters.live.settings import LiveSettings
from adapters.live.venue import Venue
from adapters.simulation.disk import Disk, Lost
from adapters.simulation.driving import Driving
from adapters.simulation.exchange_side import ExchangeSide
from adapters.simulation.local_clock import LocalClock
from adapters.simulation.network import KEYS, Network
from adapters.simulation.wires import SimulatedWires
from adapters.simulation.world import FOREVER, World
from messages import NS_PER_SECOND, HaltTrading, UtcNs

RESTART: Final = 3 * NS_PER_SECOND
"""Between a death and the next life."""


class ProcessDied(RunEnds):
    """The process is gone at this very point."""


class Befalls(Interposed, Protocol):
    """What befalls the process and its actors."""

    def restored(self) -> None:
        """It has read what earlier lives left, and has not started an actor; raises the end of the process."""


class Follows(Protocol):
    """Told what becomes of the process."""

    def life_began(self, life: int) -> None:
        """A life is about to start."""

    def life_ended(self, life: int, how: str) -> None:
        """A life is over: `stopped`, `supervisor`, `memory`, `power`, or `killed` if its last words may be lost."""

    def start_refused(self, why: str) -> None:
        """No life began: what earlier ones left cannot be read."""


@attrs.define(eq=False)
class _Now:
    """The clock of a life, for its actors at the edge."""

    process: "Process"

    def now(self) -> UtcNs:
        return self.process.local_now

    def reached(self, at: UtcNs) -> None:
        """It follows nobody."""


class Process:
    """Lives. `schedule_seed`: of the first life's order of things; later lives have others."""

    def __init__(
        self,
        *,
        world: World,
        exchange: ExchangeSide,
        network: Network,
        disk: Disk,
        clock: LocalClock,
        folder: Path,
        settings: LiveSettings,
        run6: str,
        schedule_seed: int | None,
        interposed: Befalls,
        tracers: Sequence[Tracer],
        follows: Sequence[Follows],
    ) -> None:
        self.world, self.exchange, self.network, self.disk, self.clock = world, exchange, network, disk, clock
        self.folder, self.settings = folder, settings
        self.life = 0
        self.lives_ended = 0
        self.runtime: SimulatedRuntime | None = None
        self.system: TradingSystem | None = None
        self.run: LiveRun | None = None
        self.driving: Driving | None = None
        self._is_begun = False
        """Whether anything of a life is there."""
        self.is_paused = False
        self.stood_s = 0.0
        """Seconds in which it stood still, so far."""
        self.is_stopping = False
        self._paused_at: UtcNs = 0
        self.run6, self._schedule_seed = run6, schedule_seed
        self._interposed, self._tracers, self._follows = interposed, tuple(tracers), tuple(follows)
        self._backlog: list[Callable[[UtcNs], None]] = []
        self._venue = self._asked_venue()

    # As the world sees it.

    @property
    def is_alive(self) -> bool:
        """Whether there is a process."""
        return self.runtime is not None

    @property
    def local_now(self) -> UtcNs:
        """By its machine's clock."""
        return self.clock.local(self.world.now)

    def next_due(self) -> UtcNs:
        """See Living."""
        runtime = self.runtime
        if runtime is None or self.is_paused or runtime.next_due is None:
            return FOREVER
        return self.clock.true(runtime.next_due)

    def advance(self, to: UtcNs) -> None:  # noqa: ARG002 the world's clock shows it
        """See Living."""
        self._do(lambda _at: None)

    def hear(self, what: Callable[[UtcNs], None]) -> None:
        """See wires.Hearing."""
        if self.is_paused:
            self._backlog.append(what)
        else:
            self._do(what)

    def _do(self, what: Callable[[UtcNs], None], *, wakes: bool = False) -> None:
        """`wakes`: it stood still, and sees all of its timers at once when it does this."""
        runtime = self.runtime
        if runtime is None or self.is_paused:
            return
        try:
            at = self.local_now
            if not wakes:
                runtime.advance(at)
            what(at)
            runtime.drain()
        except ProcessDied:
            self.killed()
            return
        if runtime.is_over and self.runtime is runtime:
            failed = "supervisor" if runtime.failure is not None else "stopped"
            self._ended(failed if runtime.out_of_memory is None else "memory")

    # What is done to it.

    def start(self, *, resume: bool = False) -> None:
        """The next life; it may end before it has begun."""
        assert self.runtime is None
        self.is_stopping = False
        try:
            self._begin(resume=resume)
        except ProcessDied:
            self.killed()
        except JournalError as error:
            self.disk.die()
            for each in self._follows:
                each.start_refused(str(error))

    def _begin(self, *, resume: bool) -> None:
        run, system, restored = self._prepared(resume=resume)
        # One that began and could not read what it found has its number, too.
        self.run, self.system, self.life = run, system, run.life
        self._is_begun = True
        for each in self._follows:
            each.life_began(self.life)
        self._interposed.restored()
        write_given(self.folder, run.life, {}, {"lift_halt": resume, "so_far": []})
        system.restore(restored)
        seed = None if self._schedule_seed is None else self._schedule_seed * 1_000 + self.life
        self.runtime = runtime = SimulatedRuntime(
            start_at=self.local_now, schedule_seed=seed, routes=LIVE_ROUTES,
            tracer=Tracers([run.trace, run.halts, *self._tracers]), interposed=self._interposed,
        )  # fmt: skip
        self.driving = Driving(self, run, system, runtime)
        system.inhabit(runtime)
        run.pauses.look()
        runtime.start()
        self.driving.begin()

    def _prepared(self, *, resume: bool) -> tuple[LiveRun, TradingSystem, Restored]:
        """What earlier lives left is read."""
        run = new_life(
            self.folder, self.settings, self._venue, lambda _conceal: None,
            run6=self.run6, clock=_Now(self), wires=SimulatedWires(self.network, self.disk, self),
        )  # fmt: skip
        system = make_system(run)
        return run, system, recovered(run, system, resume=resume)

    def killed(self, lost: Lost | None = None) -> None:
        """kill -9: what is in the files is there, what is on the wire is on its way, all else is gone.

        With `lost` it is the power that fails: see Disk.
        """
        runtime, self.runtime = self.runtime, None
        if not self._is_begun:
            return
        self.is_paused = False
        self._backlog.clear()
        self.network.die()
        self.disk.die(lost)
        if runtime is not None:
            runtime.die()
        self._over("killed" if lost is None else "power")

    def pause(self) -> None:
        """SIGSTOP, or a lid that is closed: it does nothing, and what comes waits in the kernel."""
        self.is_paused, self._paused_at = self.runtime is not None, self.world.now

    def resume(self) -> None:
        """It goes on, and finds out how late it is."""
        if not self.is_paused:
            return
        self.is_paused = False
        self.stood_s += (self.world.now - self._paused_at) / NS_PER_SECOND
        backlog, self._backlog = self._backlog, []
        runtime = self.runtime
        if runtime is None:
            return
        self._do(runtime.wake_up, wakes=True)
        for what in backlog:
            self._do(what)
        run = self.run
        if run is not None and self.runtime is runtime:
            # As late as it may be: the thread that looks is one of many that want to run again.
            self._do(lambda _at: run.pauses.look())

    def halt(self, reason: str, *, flatten: bool = False) -> None:
        """The kill switch, as a program that embeds the system would use it."""
        runtime = self.runtime
        if runtime is not None:
            self.hear(lambda at: runtime.send(HaltTrading(reason=reason, ts=at, flatten=flatten)))

    def halt_by_hand(self, reason: str, *, flatten: bool = False) -> None:
        """The kill switch, from another terminal."""
        driving = self.driving
        if self.runtime is not None and driving is not None:
            self.hear(lambda _at: driving.halt(reason, flatten=flatten))

    def signal(self, name: str) -> None:
        """SIGINT or SIGTERM."""
        driving = self.driving
        if self.runtime is not None and driving is not None:
            self.hear(lambda _at: driving.signal(name))

    def stop(self) -> None:
        """Ask for an ordered stop of all actors."""
        driving = self.driving
        if self.runtime is not None and driving is not None and not self.is_stopping:
            self.is_stopping = True
            self.hear(lambda _at: driving.end())

    def leave(self, runtime: SimulatedRuntime) -> None:
        """Whoever has not stopped by now is left; the process ends."""
        if self.runtime is runtime:
            self._ended("stopped")

    # Inside.

    def _ended(self, how: str) -> None:
        runtime, run = self.runtime, self.run
        assert runtime is not None
        assert run is not None
        self.runtime = None
        self._backlog.clear()
        runtime.die()
        try:
            run.trace.close()
        except (ProcessDied, JournalError):
            # Its end is not written down, as if it had been killed.
            how = "killed"
        self.network.die()
        self.disk.die()
        self._over(how)

    def _over(self, how: str) -> None:
        self._is_begun = False
        self.lives_ended += 1
        for each in self._follows:
            each.life_ended(self.life, how)

    def _asked_venue(self) -> Venue:
        """What `open_venue` would have found."""
        exchange = self.exchange.exchange
        return Venue(
            environment=Loopback(port=1),
            keys=KEYS,
            account_id=self.exchange.account.number,
            contracts={symbol: market.contract.instrument for symbol, market in exchange.markets.items()},
            cash={CURRENCIES[name]: wallet.amount for name, wallet in self.exchange.account.wallets.items()},
            exchange="simulated",
        )
