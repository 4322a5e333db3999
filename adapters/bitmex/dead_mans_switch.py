"""The venue cancels everything when nobody asks it not to; it is asked only when a heartbeat has come back.

So whatever hangs or dies between a strategy's portfolio and this gateway, orders do not outlive it for long.
"""

import attrs

from adapters.bitmex.answers import Accepted
from adapters.bitmex.courier import Courier, Job, JobKind, Outcome
from adapters.bitmex.requests import dead_mans_switch
from messages import (
    NS_PER_MILLISECOND,
    NS_PER_SECOND,
    Account,
    HaltTrading,
    Heartbeat,
    HeartbeatReturned,
    Message,
    Period,
    UtcNs,
)


@attrs.frozen(kw_only=True)
class HeartbeatRules:
    """How often, and how long without. ValueError for a switch that heartbeats could not keep from firing."""

    every: Period = 5 * NS_PER_SECOND
    refresh: Period = 15 * NS_PER_SECOND
    switch_ms: int = 60_000
    """After this time without refreshing the venue cancels everything. 0: there is no switch."""

    def __attrs_post_init__(self) -> None:
        if self.switch_ms and self.switch_ms * NS_PER_MILLISECOND < 2 * (self.every + self.refresh):
            raise ValueError(
                f"a dead man's switch of {self.switch_ms} ms is shorter than twice its refreshing and a heartbeat"
            )


class DeadMansSwitch:
    """One account's heartbeats, and what they keep."""

    def __init__(self, account: Account, rules: HeartbeatRules, courier: Courier) -> None:
        self._account, self._rules, self._courier = account, rules, courier
        self._number = self._returned = 0
        self._beat_at: UtcNs | None = None
        self._asked_at: UtcNs | None = None
        self._armed_at: UtcNs | None = None
        """When the last refresh that was answered was begun, or the first was due."""
        self._fired = False
        self.is_set = not rules.switch_ms
        """Whether the venue has taken it in this life, or there is none: before, nobody would cancel what is opened."""

    @property
    def wait(self) -> Period:
        """Of the switch."""
        return self._rules.switch_ms * NS_PER_MILLISECOND

    def tick(self, at: UtcNs, *, is_connected: bool) -> tuple[Message, ...]:
        """A heartbeat, if it is time; and the end of trading when the venue must have cancelled everything."""
        said: list[Message] = []
        if self._armed_at is None and is_connected:
            self._armed_at = at
        if self._beat_at is None or at >= self._beat_at + self._rules.every:
            self._number += 1
            self._beat_at = at
            said.append(Heartbeat(account=self._account, number=self._number, ts=at))
        if self.wait and not self._fired and self._armed_at is not None and at >= self._armed_at + self.wait:
            self._fired = True
            reason = f"the dead man's switch was not refreshed for {self._rules.switch_ms} ms: orders are cancelled"
            said.append(HaltTrading(reason=reason, account=self._account, ts=at))
        return tuple(said)

    def next_due(self) -> UtcNs:
        """When `tick` or `trouble` may have something to say."""
        times = [0 if self._beat_at is None else self._beat_at + self._rules.every]
        if self.wait and self._armed_at is not None and not self._fired:
            times.append(self._armed_at + self.wait)
        return min(times)

    def trouble(self, at: UtcNs) -> str:
        """Why nothing may be opened, or ""."""
        if not self.wait or self._armed_at is None or at < self._armed_at + self.wait // 2:
            return ""
        return "the dead man's switch cannot be refreshed"

    def returned(self, beat: Heartbeat, at: UtcNs) -> tuple[Message, ...]:
        """A heartbeat came back: everybody on the way lives, which is said, and the switch refreshed if it is time."""
        if beat.number <= self._returned or beat.number > self._number:
            return ()
        self._returned = beat.number
        said = HeartbeatReturned(account=self._account, number=beat.number, ts=at)
        due = self._asked_at is None or beat.ts >= self._asked_at + self._rules.refresh
        if not self.wait or not due or self._courier.is_busy(JobKind.SWITCH):
            return (said,)
        refresh = dead_mans_switch(self._rules.switch_ms)
        if not self._courier.has_room(refresh, at):
            # What waits for the budget would leave when this heartbeat proves nothing any more: the next one asks.
            return (said,)
        self._asked_at = beat.ts
        return (said, *self._courier.send(refresh, Job(JobKind.SWITCH), at))

    def answered(self, outcome: Outcome) -> None:
        """The venue has set it anew, or has not; then the next heartbeat tries again."""
        if isinstance(outcome.answer, Accepted):
            self._armed_at, self._fired = max(outcome.started, self._armed_at or 0), False
            self.is_set = True
        else:
            self._asked_at = None

    def disarm(self, at: UtcNs) -> tuple[Message, ...]:
        """At an ordered stop: what is in the account shall stay there."""
        return self._courier.send(dead_mans_switch(0), Job(JobKind.SWITCH), at) if self.wait else ()
