"""A feed between a clock that is set by hand and an exchange that is a function: what is said, by virtual time."""

import json

from messages import RequestAnswered, SendRequest, WakeAt, Woke
from tests.builders import MONDAY, SECOND

DONE, REFUSED, LIMITED, UNAVAILABLE = 200, 400, 429, 503


class Tape:
    """An exchange with trades that happen and quotes that stand; answers as a worker gives them.

    `trouble(path, at)`: a status with a text instead of an answer, or None; `page`: the longest list of trades.
    """

    def __init__(self, *, trouble=lambda _path, _at: None, page=1_000, is_since_heard=True):
        self.trades, self.trouble, self.page, self.is_since_heard = [], trouble, page, is_since_heard
        self.best = [None, 99.5, 1.0, 100.5, 2.0]
        self.asked = []

    def trade(self, at, price=100.0, size=1.0, side="buy"):
        """A trade happens."""
        self.trades.append([at // 1_000_000, price, size, side])

    def __call__(self, request, at):
        """(status, headers, body) of the answer, or None: none comes."""
        self.asked.append((request.path, json.loads(request.body)))
        trouble = self.trouble(request.path, at)
        if trouble is not None:
            status, text, *headers = trouble
            return None if status is None else (status, tuple(headers), text)
        if request.path == "market":
            return DONE, (), "true"
        if request.path == "best":
            return DONE, (), json.dumps(self.best)
        since, made = json.loads(request.body)["since"], [row for row in self.trades if row[0] * 1_000_000 <= at]
        if since is None or not self.is_since_heard:
            return DONE, (), json.dumps(made[-self.page :])
        return DONE, (), json.dumps([row for row in made if row[0] >= since][: self.page])


class Rig:
    """Runs a feed; `said` is everything but what only the runtime and the worker hear."""

    def __init__(self, feed, exchange, *, at=MONDAY, latency=SECOND // 10):
        self.feed, self.exchange, self.now, self.latency = feed, exchange, at, latency
        self.said, self.timers, self.answers = [], [], []
        self.hear(feed.on_start())

    def hear(self, messages):
        for message in messages:
            if isinstance(message, WakeAt):
                self.timers.append(message.at)
            elif isinstance(message, SendRequest):
                told = self.exchange(message, self.now + self.latency)
                if told is not None:
                    status, headers, body = told
                    self.answers.append(
                        RequestAnswered(
                            to=message.reply_to, number=message.number, status=status, headers=headers, body=body,
                            started=self.now, sent=self.now, received=self.now + self.latency,
                        )
                    )  # fmt: skip
            else:
                self.said.append(message)

    def run(self, seconds):
        """Let so much time pass."""
        end = self.now + round(seconds * SECOND)
        steps = 0
        while True:
            steps += 1
            assert steps < 100_000, "it never rests"
            due = min([*self.timers, *(each.received for each in self.answers)], default=end + 1)
            if due > end:
                break
            self.now = max(self.now, due)
            ready = [each for each in self.answers if each.received <= self.now]
            if ready:
                self.answers.remove(ready[0])
                self.hear(self.feed.on_request_answered(ready[0]))
            else:
                self.timers.remove(due)
                self.hear(self.feed.on_woke(Woke(at=self.now, token="poll")))
        self.now = end
        return self

    def of(self, *kinds):
        """What was said of these classes."""
        return [each for each in self.said if isinstance(each, kinds)]
