"""What to ask next, and when: one question at a time, each again after its pause, after failures after a longer one."""

from collections.abc import Iterable
from typing import Final, TypeAlias

import attrs

from messages import NS_PER_SECOND, Period, UtcNs

Question: TypeAlias = tuple[str, str]
"""(symbol, what)"""
ANSWER_WAIT: Final[Period] = 60 * NS_PER_SECOND
"""A worker that was restarted has forgotten what it was asked."""
PAUSE_MAX: Final[Period] = 60 * NS_PER_SECOND


@attrs.define
class _Poll:
    due: UtcNs
    failures: int = 0


@attrs.frozen
class Asked:
    """The question that is under way."""

    question: Question
    number: int
    deadline: UtcNs


class Polls:
    """The questions of one worker. It never asks: `due` says what to ask now. `number`: of the last one ever asked."""

    def __init__(self, questions: Iterable[Question], every: Period, number: int = 0) -> None:
        self.number = number
        self.asked: Asked | None = None
        self._every = every
        self._closed_until: UtcNs = 0
        self._polls = {question: _Poll(0) for question in questions}

    def due(self, at: UtcNs) -> Asked | None:
        """What to ask now; None: nothing yet, or an answer is waited for."""
        if self.asked is not None or at < self._closed_until:
            return None
        question = min(self._polls, key=lambda each: self._polls[each].due)
        if self._polls[question].due > at:
            return None
        self.number += 1
        self.asked = Asked(question, self.number, at + ANSWER_WAIT)
        return self.asked

    def answered(self, at: UtcNs, *, more: bool = False) -> None:
        """A good answer came; with `more` there is more of it already."""
        poll = self._done()
        poll.failures, poll.due = 0, at if more else at + self._every

    def failed(self, at: UtcNs, *, least: Period = 0, all_wait: bool = False) -> None:
        """None came. The pause doubles; `all_wait`: the exchange wants to hear nothing at all for a while."""
        poll = self._done()
        poll.failures += 1
        pause = max(min(self._every << min(poll.failures, 32), PAUSE_MAX), least)
        poll.due = at + pause
        if all_wait:
            self._closed_until = max(self._closed_until, at + pause)

    def overdue(self, at: UtcNs) -> Question | None:
        """The question whose answer did not come in time."""
        return None if self.asked is None or at < self.asked.deadline else self.asked.question

    def next_deadline(self) -> UtcNs:
        """When `due` or `overdue` may have something to say."""
        if self.asked is not None:
            return self.asked.deadline
        return max(self._closed_until, min(poll.due for poll in self._polls.values()))

    def _done(self) -> _Poll:
        assert self.asked is not None, "nothing was asked"
        poll, self.asked = self._polls[self.asked.question], None
        return poll
