"""I20: requests as the exchange counts them: none too many, and what is kept for cancels is spent on nothing else."""

import math
from collections import deque
from typing import Any, Final

import attrs

from adapters.simulation.checks.check import Check
from adapters.simulation.checks.wire import Asked

_NS: Final = 1_000_000_000
_A_MINUTE: Final = 120
_A_MINUTE_WITHOUT_KEY: Final = 30
_A_SECOND: Final = 10
_MINUTE_S: Final = 60.0
RESERVE: Final = 0.3
"""Of each, for cancels."""
_SLACK: Final = 1.0
"""Tokens by which departures and arrivals may differ on a quiet line."""


@attrs.define
class _Bucket:
    size: float
    per_s: float
    tokens: float
    at: float

    def take(self, now: float) -> float:
        """What is left after one more; below zero is one too many."""
        self.tokens = min(self.size, self.tokens + (now - self.at) * self.per_s) - 1
        self.at = now
        return self.tokens


def _bucket(size: float, per_s: float) -> _Bucket:
    return _Bucket(size, per_s, size, 0.0)


class RequestBudget(Check):
    """Counted when they leave: what a slow line makes of it is not ours to answer for. Lives share one account."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._minute = _bucket(_A_MINUTE, _A_MINUTE / 60)
        self._second = _bucket(_A_SECOND, _A_SECOND)
        self._public = _bucket(_A_MINUTE_WITHOUT_KEY, _A_MINUTE_WITHOUT_KEY / 60)
        self._until = 0
        """Local time until which nothing may be opened, for the exchange has said so and the gateway has heard it."""
        self._lately: deque[tuple[float, int, int]] = deque()
        """(when it left, life, number) of what left in the last minute."""
        self._unheard: dict[int, int] = {}
        """The same, by the id of an answer that is on its way to the gateway."""

    def sent(self, asked: Asked) -> None:
        """One more."""
        if asked.trip.refused:
            return
        now = self.judge.seconds
        if asked.trip.worker.address == "rest:market":
            if self._public.take(now) < -_SLACK:
                self.violated("I20", f"{asked.verb} {asked.route} without a key is one too many in a minute")
            return
        life, number = asked.trip.life, asked.trip.message.number
        while self._lately and self._lately[0][0] < now - _MINUTE_S:
            self._lately.popleft()
        left = [("minute", _A_MINUTE, self._minute.take(now))]
        if asked.route.startswith("/order") and asked.route != "/order/cancelAllAfter" and asked.verb != "GET":
            left.append(("second", _A_SECOND, self._second.take(now)))
        opens = (asked.places or asked.amends) and not asked.only_closes
        for name, size, tokens in left:
            if tokens < -_SLACK:
                self.violated("I20", f"{asked.verb} {asked.route} is one too many in a {name}")
            elif opens and tokens + self._overtook(life, number, name) < math.ceil(RESERVE * size) - _SLACK:
                self.violated(
                    "I20", f"{asked.client_id} leaves {tokens:.1f} requests of a {name}: others are for cancels"
                )
        self._lately.append((now, life, number))

    def _overtook(self, life: int, number: int, name: str) -> int:
        """Cancels that were asked for after an order and left before it have taken what was kept for them."""
        since = self.judge.seconds - (_MINUTE_S if name == "minute" else 1.0)
        return sum(at >= since and (of, each) > (life, number) for at, of, each in self._lately)

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """It has not heard what its predecessor was told."""
        self._until = 0
        self._unheard.clear()

    def on_RequestAnswered(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The exchange may ask for a pause."""
        answer = envelope.message
        if answer.status == 429 and answer.to.startswith("venue@"):
            after = dict(answer.headers).get("retry-after", "")
            self._unheard[envelope.id] = envelope.posted + (int(after) if after.isdigit() else 0) * _NS

    def handled(self, address: str, epoch: int, message_id: int) -> None:  # noqa: ARG002 as every check is told
        """The gateway has heard it; what it says of that is said already."""
        self._until = max(self._until, self._unheard.pop(message_id, 0))

    def on_SendRequest(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The gateway asks a worker."""
        until = max(self._until, self._unheard.get(envelope.cause, 0))
        if envelope.message.opens and envelope.posted < until:
            wait = (until - envelope.posted) / _NS
            self.violated("I20", f"an order is to leave {wait:.1f} s before the exchange wants any")


CHECKS = (RequestBudget,)
