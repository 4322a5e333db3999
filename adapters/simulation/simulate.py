"""One run: the process trades while things go wrong; then nothing does, and account and exchange must come to agree.

safety     faults strike; checks look at every step; somebody starts the process again when it is gone
rest       no faults, no new wishes: within a bound everything is settled, and both sides say the same
the end    the kill switch, an ordered stop: nothing of ours is left at the exchange
"""

import hashlib
import shutil
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
from loguru import logger

from adapters.live.settings import LiveOptions, live_settings
from adapters.simulation.checks import Check, Judge, Violation
from adapters.simulation.disk import Disk
from adapters.simulation.exchange_side import ExchangeSide, ExchangeTruth
from adapters.simulation.facts import facts_of
from adapters.simulation.faults import Fault, Weather
from adapters.simulation.local_clock import LocalClock
from adapters.simulation.network import Network
from adapters.simulation.operator import Operator
from adapters.simulation.process import Process
from adapters.simulation.replayed import replayed
from adapters.simulation.scenario import Scenario
from adapters.simulation.world import World
from messages import NS_PER_SECOND, Envelope, UtcNs

REST_MAX_S: Final = 900
"""So long it may take until everything is settled when nothing goes wrong any more."""
HOUR_S: Final = 3_600
_LOOK_S: Final = 5
_SLICE: Final = 10 * NS_PER_SECOND
STOP_MAX_S: Final = 120
_REPLAYED: Final = 3
"""One in so many runs is run again from its files, life by life."""
LAST: Final = 200
"""Messages that are kept to be looked at."""
_UNSAID: Final = frozenset({"TextReceived", "Woke", "OrderBook", "Quote", "MarkPrice", "IndexPrice"})
"""Not part of a run's hash one by one: there are many, and what follows from them is."""
_RAM: Final = Path("/dev/shm")  # noqa: S108 files of a simulated disk, gone with the run


@attrs.frozen(kw_only=True)
class Verdict:
    """What came of a run."""

    scenario: Scenario
    violations: tuple[Violation, ...]
    digest: str
    """Equal for equal runs."""
    struck: Mapping[str, int]
    """How often each fault has struck."""
    strikes: int
    """Their numbers, those outside the window too."""
    counts: Mapping[str, int]
    simulated_s: float
    cpu_s: float
    events: int
    last: tuple[str, ...]
    """The last messages before the first violation, or of the run, a line each."""

    @classmethod
    def of_error(cls, told: Scenario, violation: Violation, last: tuple[str, ...]) -> "Verdict":
        """Of a run that ended with an exception which nobody in it contained."""
        return cls(
            scenario=told, violations=(violation,), digest="", struck={}, strikes=0, counts={}, simulated_s=0.0,
            cpu_s=0.0, events=0, last=last,
        )  # fmt: skip


class _Notes:
    """Counts, and the run's hash."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._hash = hashlib.sha256()
        self.counts: Counter[str] = Counter()
        self.last: deque[Envelope] = deque(maxlen=LAST)
        self.frozen: tuple[Envelope, ...] | None = None

    def said(self, envelope: Envelope) -> None:
        name = envelope.message.__class__.__name__
        self.counts[name] += 1
        if name not in _UNSAID:
            self._hash.update(f"{envelope!r}\n".encode())
            if self.frozen is None:
                self.last.append(envelope)
                if self._judge.violations:
                    self.frozen = tuple(self.last)
        self._judge.said(envelope)

    def handled(self, address: str, epoch: int, message_id: int) -> None:
        self._hash.update(b"%b %d %d\n" % (address.encode(), epoch, message_id))
        self._judge.handled(address, epoch, message_id)

    def made(self, address: str, epoch: int, *, warm: bool) -> None:
        self.counts["incarnations"] += 1
        self._judge.made(address, epoch, warm=warm)

    def note(self, text: str) -> None:
        self._hash.update(f"{text}\n".encode())

    def digest(self) -> str:
        return self._hash.hexdigest()


class _Watches:
    def __init__(self, notes: _Notes, judge: Judge) -> None:
        self._notes, self._judge = notes, judge

    def sent(self, trip: Any) -> None:
        self._notes.counts["requests"] += 1
        self._notes.note(f"{trip.started} {trip.message.verb} {trip.message.path} {trip.message.body}")
        self._judge.sent(trip)

    def arrived(self, trip: Any) -> None:
        self._judge.arrived(trip)


def simulate(
    told: Scenario,
    *,
    kinds: Mapping[str, type[Fault]],
    checks: Iterable[type[Check]],
    folder: Path | None = None,
    to_the_end: bool = True,
) -> Verdict:
    """Run it. `folder`: kept, for who wants to look at its files; else it is made and gone again.

    Without `to_the_end` a run is over when something is violated.
    """
    # What an operator would read is part of the world that is simulated.
    logger.disable("adapters")
    made = Path(tempfile.mkdtemp(prefix="simulation-", dir=_RAM if _RAM.is_dir() else None))
    try:
        return _simulated(told, kinds, checks, folder or made / "run", to_the_end=to_the_end)
    finally:
        shutil.rmtree(made, ignore_errors=True)
        logger.enable("adapters")


def _simulated(
    told: Scenario, kinds: Mapping[str, type[Fault]], checks: Iterable[type[Check]], folder: Path, *, to_the_end: bool
) -> Verdict:
    began = time.process_time()
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "config.toml"
    configuration.write_text(told.configuration(), encoding="utf-8")
    settings = live_settings(LiveOptions(config=configuration, no_record=True), folder)
    world = World(told.began)
    exchange = ExchangeSide(world, seed=told.seed, symbols=told.symbols, pause=round(told.pause_s * NS_PER_SECOND))
    clock = LocalClock(
        began=told.began, offset=round(told.clock_offset_s * NS_PER_SECOND), drift_ppm=told.clock_drift_ppm
    )
    weather = Weather(world, exchange, seed=str(told.seed), kinds=kinds, intensities=told.faults, window=told.window)
    facts = facts_of(
        folder=folder, settings=settings, run6=told.run6, exchange=exchange, world=world,
        local=lambda: clock.local(world.now), struck=weather.struck.total,
    )  # fmt: skip
    judge = Judge(ExchangeTruth(exchange), lambda: world.seconds, facts)
    notes = _Notes(judge)
    random = Random(f"network {told.seed}")  # noqa: S311 no secret comes of it
    network = Network(world, exchange, weather, _Watches(notes, judge), random)
    operator = Operator(world)
    process = Process(
        world=world, exchange=exchange, network=network, disk=Disk(weather), clock=clock,
        folder=folder, settings=settings, run6=told.run6, schedule_seed=told.schedule_seed, interposed=weather,
        tracers=(notes, operator), follows=(weather, judge, operator),
    )  # fmt: skip
    world.process, weather.network, weather.process, operator.process = process, network, process, process
    judge.appoint(checks)
    exchange.told.append(judge.told)

    weather.begin()
    process.start()
    while world.now < told.quiet_at and (to_the_end or not judge.violations):
        world.run(min(told.quiet_at, world.now + _SLICE))
    if to_the_end or not judge.violations:
        weather.calm()
        judge.calm()
        operator.calm()
        if not _rest(world, process, operator, exchange, weather.lasts_until):
            judge.violated("I18", f"not at rest {REST_MAX_S} s after the last fault: {operator.why(exchange)}")
        judge.at_rest()
        _stop(world, process, operator, exchange, judge)
        judge.over()
        if told.seed % _REPLAYED == 0 and not any(kinds[code].decides for code in told.faults):
            for difference in replayed(folder):
                judge.violated("I7", difference)
    elif process.is_alive:
        operator.leaves = True
        process.killed()
    notes.note(repr((exchange.account.executions, world.events)))
    return Verdict(
        scenario=told,
        violations=tuple(judge.violations),
        digest=notes.digest(),
        struck=dict(weather.struck),
        strikes=weather.numbers,
        counts={
            **notes.counts,
            "lives": process.life,
            "orders at the exchange": len(exchange.account.orders),
            "fills at the exchange": sum(1 for row in exchange.account.executions if row["execType"] == "Trade"),
        },
        simulated_s=world.seconds,
        cpu_s=time.process_time() - began,
        events=world.events,
        last=tuple([_line(each, told.began) for each in notes.frozen or notes.last]),
    )


def _line(envelope: Envelope, began: UtcNs) -> str:
    number, cause, sender, epoch, posted, message = envelope
    return f"{(posted - began) / NS_PER_SECOND:10.3f} s  {number:>6} after {cause:>6}  {sender} ({epoch}): {message}"


def _rest(world: World, process: Process, operator: Operator, exchange: ExchangeSide, lasts: UtcNs) -> bool:
    """Whether everything came to be settled, and stayed so for a while. `lasts`: when what was announced is over.

    A line that has used up the connections of an hour waits for the next one, as it promises: from then on it has as
    much time as others.
    """
    until = max(world.now, lasts) + REST_MAX_S * NS_PER_SECOND
    waits_until = until + HOUR_S * NS_PER_SECOND
    calm = 0
    while world.now < until:
        if not process.network.is_connected and world.now < waits_until:
            until = max(until, world.now + REST_MAX_S * NS_PER_SECOND)
        world.run(world.now + _LOOK_S * NS_PER_SECOND)
        calm = calm + 1 if process.is_alive and not operator.why(exchange) else 0
        if calm * _LOOK_S >= 2 * operator.settles_s:
            return True
    return False


def _stop(world: World, process: Process, operator: Operator, exchange: ExchangeSide, judge: Judge) -> None:
    """As a driver stops a run: everything is cancelled, perhaps closed, then the actors stop in order."""
    operator.leaves = True
    closes = process.settings.configuration.backtest.seed % 2 == 0
    process.halt("stopped by the simulation", flatten=closes)
    until = world.now + STOP_MAX_S * NS_PER_SECOND
    while world.now < until and (operator.ours(exchange) or (closes and judge.truth.lots())):
        world.run(world.now + NS_PER_SECOND)
    left = operator.ours(exchange)
    if left:
        judge.violated("I6", f"{STOP_MAX_S} s after the kill switch these work: {', '.join(left)}")
    if closes and judge.truth.lots():
        judge.violated("I6", f"{STOP_MAX_S} s after all was to be closed the exchange holds {judge.truth.lots()}")
    process.stop()
    until = world.now + STOP_MAX_S * NS_PER_SECOND
    while world.now < until and process.is_alive:
        world.run(world.now + NS_PER_SECOND)
    if process.is_alive:
        judge.violated("I18", f"not stopped {STOP_MAX_S} s after it was asked to")
        process.killed()
