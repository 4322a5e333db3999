"""Requests on their way to an account's workers: what may go now, what waits for the budget, what came of each.

Places and amends go to one worker, cancels to another, questions to a third, so that none of them waits for another's
answer. A request is said once; whoever wants it said again asks again.
"""

import enum
from collections import deque
from collections.abc import Iterator
from typing import Final

import attrs

from adapters.bitmex.answers import Answer, RateLimited, lost, meaning, time_told
from adapters.bitmex.budget import Budget
from adapters.bitmex.clock_offset import ClockOffset
from adapters.bitmex.requests import Purpose, Request
from messages import NS_PER_SECOND, Address, Message, RequestAnswered, SendRequest, UtcNs

OPEN_WAIT: Final = 2 * NS_PER_SECOND
"""An order or an amend that the budget keeps for so long is given back: what it was decided on is old by then."""
OPEN_LIFE: Final = 5 * NS_PER_SECOND
"""After it was handed over, a worker does not begin to send it any more."""
ANSWER_WAIT: Final = {
    Purpose.CANCEL: 10 * NS_PER_SECOND,
    Purpose.OPEN: 20 * NS_PER_SECOND,
    Purpose.QUERY: 20 * NS_PER_SECOND,
}
"""A worker that has not answered by then may have been restarted: the answer counts as lost. A cancel too many does no
harm, so that it is asked again sooner."""


class JobKind(enum.Enum):
    """What a request is asked for."""

    PLACE = "place"
    AMEND = "amend"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel-all"
    SWEEP = "sweep"
    """What is open after a cancel of all."""
    LOOK_UP = "look-up"
    READ = "read"
    SWITCH = "switch"


@attrs.frozen
class Job:
    """Why a request was sent: who asked is told by it what the answer is about."""

    kind: JobKind
    client_ids: tuple[str, ...] = ()
    number: int = 0


@attrs.frozen
class Workers:
    """Where an account's workers are reached."""

    orders: Address
    cancels: Address
    queries: Address


@attrs.frozen(kw_only=True)
class Outcome:
    """What came of a request. The times are those of the worker; all `at` for one that never left."""

    job: Job
    request: Request
    answer: Answer
    started: UtcNs
    sent: UtcNs
    received: UtcNs


@attrs.frozen
class _Waiting:
    request: Request
    job: Job
    since: UtcNs


@attrs.frozen
class _UnderWay:
    request: Request
    job: Job
    at: UtcNs
    counted: bool
    to: Address


class Courier:
    """One account's. `pump` and `overdue` must be called when `next_due` is over."""

    def __init__(self, address: Address, workers: Workers, clock: ClockOffset, budget: Budget) -> None:
        self.clock = clock
        self._address, self._workers, self._budget = address, workers, budget
        self._number = 0
        self._queues: dict[Purpose, deque[_Waiting]] = {purpose: deque() for purpose in Purpose}
        self._under_way: dict[int, _UnderWay] = {}

    def send(self, request: Request, job: Job, at: UtcNs) -> tuple[Message, ...]:
        """As soon as the budget allows, cancels first."""
        self._queues[request.purpose].append(_Waiting(request, job, at))
        return self.pump(at)

    def has_room(self, request: Request, at: UtcNs) -> bool:
        """Whether it would go now, and wait for nothing."""
        return not self._queues[request.purpose] and self._budget.wait(request, at) == 0

    def send_at_once(self, request: Request, job: Job, at: UtcNs) -> tuple[Message, ...]:
        """Whatever the budget says, by the worker with the least to do: for what must not wait for anything."""
        counted = self._budget.wait(request, at) == 0
        return (self._say(request, job, at, counted=counted, to=self._idlest()),)

    def pump(self, at: UtcNs) -> tuple[Message, ...]:
        """What may go now."""
        said: list[Message] = []
        for queue in self._queues.values():
            while queue and self._budget.wait(queue[0].request, at) == 0:
                waiting = queue.popleft()
                said.append(self._say(waiting.request, waiting.job, at, counted=True))
        return tuple(said)

    def overdue(self, at: UtcNs) -> tuple[Outcome, ...]:
        """Orders that waited too long for the budget, and requests whose worker forgot them."""
        found = []
        opens = self._queues[Purpose.OPEN]
        while opens and at >= opens[0].since + OPEN_WAIT:
            found.append(_without_answer(opens.popleft(), at, RateLimited("waited too long for the rate limit", 0)))
        for number, sent in list(self._under_way.items()):
            if at >= sent.at + ANSWER_WAIT[sent.request.purpose]:
                del self._under_way[number]
                if sent.counted:
                    self._budget.unanswered(sent.request)
                found.append(_without_answer(sent, at, lost(sent.request, "the worker never answered")))
        return tuple(found)

    def give_back_opens(self, at: UtcNs) -> tuple[Outcome, ...]:
        """Orders and amends that have not left do not leave any more."""
        opens = self._queues[Purpose.OPEN]
        given = tuple([_without_answer(each, at, RateLimited("taken back before it was sent", 0)) for each in opens])
        opens.clear()
        return given

    def answered(self, answer: RequestAnswered, at: UtcNs) -> Outcome | None:
        """What an answer means; None for one that nobody waits for any more. Clock and budget learn from it."""
        sent = self._under_way.pop(answer.number, None)
        if sent is None:
            return None
        known = meaning(sent.request, answer)
        if sent.counted and answer.status is None:
            self._budget.unanswered(sent.request)
        elif sent.counted:
            self._budget.answered(sent.request, dict(answer.headers), at)
        told = time_told(known, answer)
        if told is not None:
            self.clock.measured(told, answer.started, answer.received)
        if isinstance(known, RateLimited):
            self._budget.limited(known.pause, at)
        return Outcome(
            job=sent.job,
            request=sent.request,
            answer=known,
            started=answer.started,
            sent=answer.sent,
            received=answer.received,
        )

    def jobs(self, kind: JobKind) -> Iterator[Job]:
        """What of a kind waits or is under way."""
        for queue in self._queues.values():
            yield from (each.job for each in queue if each.job.kind is kind)
        yield from (each.job for each in self._under_way.values() if each.job.kind is kind)

    def is_busy(self, kind: JobKind, client_id: str | None = None) -> bool:
        """Whether something of a kind (about an order) waits or is under way."""
        return any(client_id is None or client_id in job.client_ids for job in self.jobs(kind))

    def next_due(self, at: UtcNs) -> UtcNs | None:
        """When `pump` or `overdue` may have something to say."""
        times = [each.at + ANSWER_WAIT[each.request.purpose] for each in self._under_way.values()]
        times += [at + self._budget.wait(queue[0].request, at) for queue in self._queues.values() if queue]
        opens = self._queues[Purpose.OPEN]
        times += [opens[0].since + OPEN_WAIT] if opens else []
        return min(times, default=None)

    def _say(self, request: Request, job: Job, at: UtcNs, *, counted: bool, to: Address | None = None) -> SendRequest:
        if counted:
            self._budget.take(request, at)
        self._number += 1
        to = self._worker(request.purpose) if to is None else to
        self._under_way[self._number] = _UnderWay(request, job, at, counted, to)
        opens = request.purpose is Purpose.OPEN
        return SendRequest(
            to=to,
            reply_to=self._address,
            number=self._number,
            verb=request.verb,
            path=request.path,
            body=request.body,
            opens=opens,
            not_after=at + OPEN_LIFE if opens else None,
            asked=at if request.decided is None else request.decided,
            clock_offset=self.clock.offset,
        )

    def _idlest(self) -> Address:
        """Of a venue that is slow each cancel before it may take seconds. The first of those that are alike."""
        busy = [each.to for each in self._under_way.values()]
        return min((self._workers.cancels, self._workers.queries, self._workers.orders), key=busy.count)

    def _worker(self, purpose: Purpose) -> Address:
        if purpose is Purpose.CANCEL:
            return self._workers.cancels
        return self._workers.orders if purpose is Purpose.OPEN else self._workers.queries


def _without_answer(asked: _Waiting | _UnderWay, at: UtcNs, answer: Answer) -> Outcome:
    return Outcome(job=asked.job, request=asked.request, answer=answer, started=at, sent=at, received=at)
