"""Questions to a worker, one at a time, within the venue's budget for who has no keys; each waits no longer than told.

Who asks is known by a name (a symbol), and has one question at a time. An answer comes back as what it means.
"""

from typing import Final

import attrs

from adapters.bitmex.answers import Answer, RateLimited, lost, meaning
from adapters.bitmex.budget import Budget
from adapters.bitmex.requests import Request
from messages import NS_PER_SECOND, Address, Period, RequestAnswered, SendRequest, UtcNs

PUBLIC_LIMIT: Final = 30
"""Requests a minute of an address without keys (BitMEX, "Rate limits")."""
ANSWER_WAIT: Final[Period] = 45 * NS_PER_SECOND
"""For a worker that has others to serve before, or was restarted and forgot."""


@attrs.frozen
class _Waiting:
    request: Request
    not_before: UtcNs


@attrs.frozen
class _Asked:
    name: str
    """"": who asked does not want it any more."""
    request: Request
    number: int
    deadline: UtcNs


class Questions:
    """What is to be asked, and what is under way. It never sends: `due` says what to send now."""

    def __init__(self, me: Address, worker: Address, number: int = 0) -> None:
        """`number`: of the last question that was ever asked by `me`."""
        self.number = number
        self._me, self._worker = me, worker
        self._budget: Budget | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._asked: _Asked | None = None

    def put(self, name: str, request: Request, not_before: UtcNs) -> None:
        """As soon as it may be, and not before a time."""
        self._waiting[name] = _Waiting(request, not_before)

    def forget(self, name: str) -> None:
        """It is not wanted any more; an answer that is under way is thrown away."""
        self._waiting.pop(name, None)
        if self._asked is not None and self._asked.name == name:
            self._asked = attrs.evolve(self._asked, name="")

    def due(self, at: UtcNs) -> tuple[SendRequest, ...]:
        """What to send now: at most one."""
        name = self._next(at)
        if name is None or self._may_go_at(name, at) > at:
            return ()
        request = self._waiting.pop(name).request
        self._budget_at(at).take(request, at)
        self.number += 1
        self._asked = _Asked(name, request, self.number, at + ANSWER_WAIT)
        send = SendRequest(to=self._worker, reply_to=self._me, number=self.number, verb=request.verb, path=request.path)
        return (send,)

    def next_deadline(self, at: UtcNs) -> UtcNs | None:
        """When `due` or `overdue` may have something to say; None: not before something else happens."""
        if self._asked is not None:
            return self._asked.deadline
        name = self._next(at)
        return None if name is None else self._may_go_at(name, at)

    def answered(self, said: RequestAnswered) -> tuple[str, Answer] | None:
        """Whose answer that is, and what it means; None when nobody waits for it."""
        asked, at = self._asked, said.received
        if asked is None or said.number != asked.number:
            return None
        self._asked = None
        budget, answer = self._budget_at(at), meaning(asked.request, said)
        if said.status is None:
            budget.unanswered(asked.request)
        else:
            budget.answered(asked.request, dict(said.headers), at)
        if isinstance(answer, RateLimited):
            budget.limited(answer.pause, at)
        return (asked.name, answer) if asked.name else None

    def overdue(self, at: UtcNs) -> tuple[str, Answer] | None:
        """Whose answer did not come in time."""
        asked = self._asked
        if asked is None or at < asked.deadline:
            return None
        self._asked = None
        self._budget_at(at).unanswered(asked.request)
        return (asked.name, lost(asked.request, "no answer in time")) if asked.name else None

    def _next(self, at: UtcNs) -> str | None:
        """Who is first: of those whose time has come the first to ask, else whose time comes first."""
        if self._asked is not None or not self._waiting:
            return None
        return min(self._waiting, key=lambda name: max(at, self._waiting[name].not_before))

    def _may_go_at(self, name: str, at: UtcNs) -> UtcNs:
        waiting = self._waiting[name]
        return max(waiting.not_before, at + self._budget_at(at).wait(waiting.request, at))

    def _budget_at(self, at: UtcNs) -> Budget:
        if self._budget is None:
            self._budget = Budget(at, minute_limit=PUBLIC_LIMIT)
        return self._budget
