"""The actors themselves: restarts within the budget, mailboxes within their caps, time that goes on (I9, I10, I17)."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from actors.auditing.findings import Finding
from actors.supervisor import RestartPolicy
from messages import ActorFailed, ActorHung, ActorStarted, Address, Bar, Symbol, UtcNs

BESIDES_MAX: Final = 10_000
"""What may wait besides what a mailbox's cap counts: words of control, and each symbol's last quote and book."""


GROUP_MAX: Final = 6
"""So many at most are started again together."""


@attrs.frozen
class Waiting:
    """One mailbox."""

    address: Address
    waiting: int
    cap: int


class AuditedHouse:
    """Everybody's restarts and mailboxes, and the bars as they are heard."""

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._failures: dict[Address, deque[tuple[UtcNs, int]]] = {}
        self._bars: dict[tuple[Symbol, int], tuple[UtcNs, UtcNs]] = {}
        self._woke: UtcNs = 0

    def failed(self, failed: ActorFailed | ActorHung) -> None:
        """One failure more; so many are remembered as are one too many."""
        recent = self._failures.setdefault(failed.actor, deque(maxlen=self._budget(failed.actor) + 1))
        each = (failed.at, failed.handled)
        if not recent or recent[-1] != each:
            # Else a predecessor has counted it, and failed on it.
            recent.append(each)

    def started(self, started: ActorStarted) -> Iterator[Finding]:
        """An incarnation is up: its address must not have used up its budget."""
        recent = self._failures.get(started.actor)
        if recent is None or len(recent) <= self._budget(started.actor):
            return
        (first_at, first_handled), (last_at, last_handled) = recent[0], recent[-1]
        policy = self._policy
        near = last_at - first_at <= policy.window_ns or last_handled - first_handled <= policy.window_messages
        if near:
            yield Finding("I10", f"{started.actor} is started again after {len(recent)} failures within the window")

    def _budget(self, actor: Address) -> int:
        """Failures that may be seen of it. A strategy restarts alone.

        Others are started again with those before them in the flow, and what they failed of just then costs nothing.
        """
        return self._policy.failures * (1 if actor.startswith("strategy:") else GROUP_MAX)

    def bar(self, bar: Bar) -> Iterator[Finding]:
        """Bars of a symbol and period follow one another."""
        key = (bar.symbol, bar.period)
        closed, received = self._bars.get(key, (bar.open_ts, bar.received))
        if bar.open_ts < closed or bar.received < received:
            yield Finding("I17", f"a bar of {bar.symbol} from {bar.open_ts} is heard after one to {closed}")
        self._bars[key] = (max(closed, bar.close_ts), max(received, bar.received))

    def woke(self, at: UtcNs) -> Iterator[Finding]:
        """Timers come in the order of their times."""
        if at < self._woke:
            yield Finding("I17", f"a timer comes at {at}, after one at {self._woke}")
        self._woke = max(self._woke, at)

    def mailboxes(self, all_waiting: Iterable[Waiting]) -> Iterator[Finding]:
        """None holds more than it may."""
        for each in all_waiting:
            if each.waiting > each.cap + BESIDES_MAX:
                yield Finding("I9", f"{each.waiting} messages wait for {each.address}, where {each.cap} are the most")
