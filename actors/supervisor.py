"""The supervisor: decides who starts, who restarts, who is given up on, and in which order all stop.

Policies. A strategy restarts alone and never takes anybody with it. Market data and venue restart what comes after
the failed one in the flow (rest for one). The core that keeps an account's money restarts as a whole (one for all).
What stands beside the stream (sources of external events too) restarts alone. A market that is heard and not traded
restarts what comes after the failed one in that market, and touches no other. Whoever fails too often within the budget
is quarantined; if it was neither a strategy nor beside the stream nor of such a market, or is needed all the same,
trading halts besides.
"""

import random
from collections import deque
from collections.abc import Iterable

import attrs

from actors.component import Component
from actors.runtime.slot import BESIDE, VITAL, ActorKind
from messages import (
    NS_PER_SECOND,
    ActorAdded,
    ActorFailed,
    ActorHung,
    ActorQuarantined,
    ActorStarted,
    ActorStopped,
    Address,
    CancelAll,
    FenceActor,
    HaltTrading,
    Message,
    StartActor,
    StopActor,
    StopSystem,
    SystemReady,
    SystemStopped,
    UtcNs,
    WakeAt,
    Woke,
)

START_ORDER = (
    *(ActorKind.EDGE, ActorKind.VENUE, ActorKind.CORE, ActorKind.STRATEGY),
    *(ActorKind.MARKET, ActorKind.SIDE, ActorKind.SOURCE),
)
"""Hearers before sayers, so that nothing is said to nobody. The stop takes the reverse order."""
_RESTART = "restart|"
_FLOWS = (ActorKind.MARKET, ActorKind.VENUE, ActorKind.SIDE)
"""Who fails takes along those behind it."""


@attrs.frozen(kw_only=True)
class RestartPolicy:
    """How often, how soon."""

    failures: int = 3
    """Restarts that are granted within the window; the failure after them is one too many."""
    window_ns: int = 600 * NS_PER_SECOND
    window_messages: int = 100
    """Failures within so many handled messages count as recent however long ago they were."""
    delays_s: tuple[float, ...] = (0.0, 0.2, 1.0, 5.0)
    """Back-off before the first, second, ... recent restart."""
    jitter: float = 0.2
    """Fraction by which a delay varies, seeded, so that not all come back at once."""


@attrs.frozen(kw_only=True)
class ChildSpec:
    """One actor, as its supervisor knows it."""

    address: Address
    kind: ActorKind
    account: str | None = None
    rank: int = 0
    """Place in the data flow, within its kind: rest for one restarts those of the same and higher rank."""
    group: str | None = None
    """Which of several flows of its kind."""
    is_needed: bool = False
    """Trading halts when it is given up on, although it stands beside."""


class _Child:
    __slots__ = ("epoch", "failures", "quarantined", "running", "spec", "up")

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.epoch = 0
        self.up = False
        self.running = False
        """Started, and not known to be over: an ordered stop waits for it."""
        self.quarantined = False
        self.failures: deque[tuple[UtcNs, int]] = deque()


class Supervisor(Component):
    """Hears ActorStarted, ActorStopped, ActorFailed, ActorHung, ActorAdded, StopSystem, Woke.

    Says StartActor, StopActor, FenceActor, ActorQuarantined, HaltTrading, CancelAll, SystemReady, SystemStopped,
    WakeAt.
    """

    def __init__(self, children: Iterable[ChildSpec], *, seed: int = 0, policy: RestartPolicy | None = None) -> None:
        self._policy = policy or RestartPolicy()
        self._random = random.Random(f"supervisor {seed}")  # noqa: S311 - jitter, not a secret
        self._children = {spec.address: _Child(spec) for spec in children}
        self._groups = deque(
            group
            for kind in START_ORDER
            if (group := [child for child in self._children.values() if child.spec.kind is kind])
        )
        self._starting: list[_Child] = []
        self._ready = False
        self._stopping: deque[list[_Child]] | None = None
        self._stopping_now: list[_Child] | None = None
        self._abandoned: list[Address] = []
        self._last_at: UtcNs = 0

    def on_start(self) -> list[Message]:
        """Start the first group; each next one when the one before is up."""
        return self._start_groups()

    def on_actor_started(self, started: ActorStarted) -> list[Message]:
        """One more is up."""
        child = self._children[started.actor]
        if started.epoch == child.epoch:
            child.up = True
        return self._start_groups()

    def on_actor_added(self, added: ActorAdded) -> list[Message]:
        """A listener that joined a running system."""
        if added.actor in self._children or self._stopping is not None:
            return []
        child = _Child(ChildSpec(address=added.actor, kind=ActorKind.EDGE))
        self._children[added.actor] = child
        return self._start(child)

    def on_actor_failed(self, failed: ActorFailed) -> list[Message]:
        """Restart by the policy of its kind, or give it up."""
        child = self._children[failed.actor]
        if failed.epoch != child.epoch or child.quarantined:
            return []
        return self._over(child, failed.during, failed.error, failed.at, failed.handled)

    def on_actor_hung(self, hung: ActorHung) -> list[Message]:
        """Cut it off; then as a failure, except that a core actor's hang halts trading."""
        child = self._children[hung.actor]
        if hung.epoch != child.epoch or child.quarantined:
            return []
        fence: Message = FenceActor(hung.actor, child.epoch, hung=True)
        child.epoch += 1
        error = f"hung for {hung.seconds:.1f} s"
        if self._stopping is not None:
            self._abandoned.append(hung.actor)
        elif child.spec.kind in VITAL:
            return [fence, *self._give_up(child, f"{error} in {hung.during}", hung.at)]
        return [fence, *self._over(child, hung.during, error, hung.at, hung.handled)]

    def on_woke(self, woke: Woke) -> list[Message]:
        """A back-off is over."""
        self._last_at = woke.at
        address, _, epoch = woke.token.removeprefix(_RESTART).rpartition("|")
        child = self._children[address]
        if self._stopping is not None or child.quarantined or child.epoch != int(epoch):
            return []
        return self._restart(child)

    def on_stop_system(self, _stop: StopSystem) -> list[Message]:
        """Stop group by group, sayers before hearers; of venues a gateway before what carries its last words out."""
        if self._stopping is not None:
            return []
        self._groups.clear()
        self._stopping = deque()
        for kind in reversed(START_ORDER):
            children = [child for child in self._children.values() if child.spec.kind is kind]
            ranks = {child.spec.rank for child in children} if kind is ActorKind.VENUE else set()
            groups = [[each for each in children if each.spec.rank == rank] for rank in sorted(ranks, reverse=True)]
            self._stopping += [group for group in groups or [children] if group]
        return self._stop_groups() if self._stopping else [SystemStopped()]

    def on_actor_stopped(self, stopped: ActorStopped) -> list[Message]:
        """One less."""
        child = self._children[stopped.actor]
        if stopped.epoch != child.epoch:
            return []
        child.up = child.running = False
        return self._stop_groups()

    # Starting and stopping.

    def _start_groups(self) -> list[Message]:
        said: list[Message] = []
        while not any(map(_is_awaited, self._starting)):
            if not self._groups:
                if not self._ready and self._stopping is None:
                    self._ready = True
                    said.append(SystemReady(self._last_at))
                break
            self._starting = self._groups.popleft()
            for child in self._starting:
                said += self._start(child)
        return said

    def _stop_groups(self) -> list[Message]:
        while self._stopping:
            group = self._stopping[0]
            if group is not self._stopping_now:
                self._stopping_now = group
                orders: list[Message] = [StopActor(child.spec.address) for child in group if child.running]
                if orders:
                    return orders
            if any(child.running for child in group):
                return []
            self._stopping.popleft()
            if not self._stopping:
                return [SystemStopped(tuple(self._abandoned))]
        return []

    def _start(self, child: _Child, *, warm: bool = False) -> list[Message]:
        child.epoch += 1
        child.up, child.running = False, True
        return [StartActor(child.spec.address, child.epoch, warm=warm)]

    # Restarting.

    def _over(self, child: _Child, during: str, error: str, at: UtcNs, handled: int) -> list[Message]:
        self._last_at = at
        child.up = child.running = False
        if self._stopping is not None:
            return self._stop_groups()
        if during == "warm-up" and child.spec.kind is ActorKind.STRATEGY:
            return self._give_up(child, f"failed while warming up: {error}", at)
        recent = child.failures
        recent.append((at, handled))
        policy = self._policy
        while at - recent[0][0] > policy.window_ns and handled - recent[0][1] > policy.window_messages:
            recent.popleft()
        if len(recent) > policy.failures:
            return self._give_up(child, f"{len(recent)} failures within the budget's window, lately {error}", at)
        delay = policy.delays_s[min(len(recent), len(policy.delays_s)) - 1]
        if not delay:
            return self._restart(child)
        delay *= 1 + policy.jitter * (2 * self._random.random() - 1)
        token = f"{_RESTART}{child.spec.address}|{child.epoch}"
        return [WakeAt(at=at + round(delay * NS_PER_SECOND), token=token), *self._start_groups()]

    def _restart(self, child: _Child) -> list[Message]:
        said: list[Message] = []
        group = self._restarted_with(child)
        for other in group:
            if other is not child and other.up:
                said.append(FenceActor(other.spec.address, other.epoch))
                other.epoch += 1
        for other in group:
            said += self._start(other, warm=True)
        return said

    def _restarted_with(self, child: _Child) -> list[_Child]:
        spec = child.spec
        if spec.kind is ActorKind.CORE:
            return [
                other
                for other in self._children.values()
                if other.spec.kind is ActorKind.CORE and other.spec.account == spec.account and not other.quarantined
            ]
        if spec.kind in _FLOWS:
            return [
                other
                for other in self._children.values()
                if other.spec.kind is spec.kind
                and (other.spec.account, other.spec.group) == (spec.account, spec.group)
                and (other is child or other.spec.rank > spec.rank)
                and not other.quarantined
            ]
        return [child]

    def _give_up(self, child: _Child, reason: str, at: UtcNs) -> list[Message]:
        child.quarantined = True
        child.up = child.running = False
        said: list[Message] = [ActorQuarantined(child.spec.address, reason, at)]
        if child.spec.kind not in BESIDE or child.spec.is_needed:
            halt = f"{child.spec.address} is given up on: {reason}"
            said.append(HaltTrading(reason=halt, account=None, ts=at))
            if child.spec.kind is ActorKind.CORE and child.spec.account is not None:
                # If it is the guard that is gone, nobody hears of the halt.
                said.append(CancelAll(account=child.spec.account, ts=at))
        return said + self._start_groups()


def _is_awaited(child: _Child) -> bool:
    """Whether the next group has to wait for this one."""
    if child.up or child.quarantined:
        return False
    return child.running or child.spec.kind not in BESIDE
