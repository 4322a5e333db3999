"""The subscriptions of one line and what comes of them: rows as messages, and what is stale asked for again."""

import json
from collections.abc import Callable, Iterable
from random import Random
from typing import Final

import attrs

from adapters.bitmex.codec import CommandFailed, Malformed, TableFrame
from adapters.bitmex.events import AuditNeeded, Send, Step, TopicLive, TopicRefused, TopicStale
from adapters.bitmex.market import NO_SYMBOL
from adapters.bitmex.stream import Stream
from adapters.bitmex.subscriptions import Overdue, Stage, Subscriptions
from adapters.bitmex.tables import Filter
from adapters.bitmex.topics import PRIVATE, Topic
from messages import NS_PER_SECOND, Period, Quarantined, UtcNs

CROSSED_MAX: Final[Period] = NS_PER_SECOND
"""A crossed book may be half of a change that comes in two frames; longer, and it is a wrong copy."""
SILENT: Final = "silent"
_SERVER_ERROR: Final = 500


class Feed:
    """What is wanted, what is live, and the tables behind it. `safe` takes secrets out of a text of the venue's."""

    def __init__(self, random: Random, stream: Stream, safe: Callable[[str], str]) -> None:
        self.subscriptions = Subscriptions(random)
        self.stream = stream
        self.dropped = 0
        """Rows and partials that belonged to nothing that is subscribed to."""
        self._safe = safe

    def want(self, topics: Iterable[Topic], at: UtcNs) -> tuple[Send, ...]:
        """Exactly these from now on; gives what to send so that the others stop."""
        leave = self.subscriptions.want(topics, at)
        for topic in leave:
            self.stream.forget(topic.table, topic.symbol)
        return _commands("unsubscribe", leave)

    def reset(self, at: UtcNs) -> None:
        """The line is gone: nothing is live, everything is wanted as before."""
        self.stream.reset()
        self.subscriptions.disconnected(at)

    def subscribe(self, at: UtcNs, *, private: bool) -> tuple[Send, ...]:
        """What to ask for now."""
        return _commands("subscribe", self.subscriptions.due(at, private=private))

    def next_deadline(self, *, private: bool) -> UtcNs | None:
        """When `failure`, `watch` or `subscribe` may have something to say."""
        times = [since + CROSSED_MAX for since in self.stream.crossed_since().values()]
        subscriptions = self.subscriptions.next_deadline(private=private)
        return min([*times, *([] if subscriptions is None else [subscriptions])], default=None)

    def acknowledged(self, name: str) -> None:
        """The venue took a subscription."""
        topic = self.subscriptions.named(name)
        if topic is not None:
            self.subscriptions.acknowledged(topic)

    def refused(self, frame: CommandFailed, at: UtcNs) -> Step:
        """The venue did not do what a subscribe or unsubscribe asked."""
        if frame.op == "unsubscribe" or "already subscribed" in frame.text:
            # What was wanted is so already; a partial that does not come is noticed by its deadline.
            return Step()
        said = []
        # An overload passes, and may be met by one topic of many: the line stays, so nothing else would ask again.
        passes = frame.status is not None and frame.status >= _SERVER_ERROR
        again = 0 if frame.retry_after is None and passes else frame.retry_after
        for name in frame.topics:
            topic = self.subscriptions.named(name)
            if topic is not None:
                self.subscriptions.refused(topic, at, again)
                said.append(TopicRefused(topic, at, frame.text, retried=again is not None))
        return Step(said=tuple(said))

    def table(self, frame: TableFrame, at: UtcNs) -> Step:
        """Rows came. What answers nothing that is wanted is dropped, and takes no memory."""
        topic = None
        if frame.action == "partial":
            topic = self.subscriptions.expects(frame.table, frame.filter or ())
        if (frame.action == "partial" and topic is None) or not self.subscriptions.has(frame.table):
            self.dropped += len(frame.rows)
            return Step()
        taken = self.stream.take(frame, at)
        self.dropped += taken.dropped
        said: list[object] = []
        if topic is None:
            symbols = (row.get("symbol") for row in frame.rows if isinstance(row, dict))
            self.subscriptions.heard(frame.table, (each for each in symbols if isinstance(each, str)), at)
        elif self.subscriptions.live(topic, at):
            said.append(TopicLive(topic, at))
        said += [self._cleaned(each) for each in taken.said]
        if taken.audit:
            said.append(AuditNeeded(at, self._safe(taken.audit)))
        step = Step(said=tuple(said))
        return self._again(self._covering(frame.table, taken.lost), "gap", at, step) if taken.lost else step

    def malformed(self, frame: Malformed, at: UtcNs) -> Step:
        """A frame could not be read: whatever it was about cannot be trusted, which without a table's name is all."""
        text = self._safe(f"{frame.table or 'frame'}: {frame.reason}")
        said: list[object] = [Quarantined(symbol=NO_SYMBOL, received=at, reason="malformed", text=text)]
        stages = self.subscriptions.stages()
        affected = [topic for topic in stages if frame.table in ("", topic.table) and stages[topic] is Stage.LIVE]
        if any(topic.is_private for topic in affected) or frame.table in PRIVATE:
            said.append(AuditNeeded(at, text))
        return self._again(affected, "malformed frame", at, Step(said=tuple(said)))

    def failure(self, at: UtcNs) -> str:
        """Why the whole line is not to be trusted, or ""."""
        for topic, what in self.subscriptions.overdue(at):
            if what is not Overdue.SILENT:
                return f"{topic}: {what.value} in time"
        return ""

    def watch(self, at: UtcNs) -> Step:
        """Silent subscriptions and books that stayed crossed."""
        step = self._again([topic for topic, _ in self.subscriptions.overdue(at)], SILENT, at, Step())
        for (table, symbol), since in self.stream.crossed_since().items():
            if at >= since + CROSSED_MAX:
                live = self._covering(table, ((("symbol", symbol),), ()))
                step = self._again(live, "crossed book", at, step)
        return step

    def _cleaned(self, said: object) -> object:
        """What was set aside quotes the venue, and who knows what it repeats."""
        return attrs.evolve(said, text=self._safe(said.text)) if isinstance(said, Quarantined) else said

    def _covering(self, table: str, lost: Iterable[Filter]) -> list[Topic]:
        topics = (self.subscriptions.expects(table, filter_) for filter_ in lost)
        return [topic for topic in topics if topic is not None]

    def _again(self, topics: Iterable[Topic], reason: str, at: UtcNs, step: Step) -> Step:
        """Leave subscriptions whose rows are not to be trusted; after a pause they are asked for again."""
        for topic in topics:
            if reason == SILENT:
                self.subscriptions.refresh(topic, at)
            else:
                self.subscriptions.again(topic, at)
            self.stream.forget(topic.table, topic.symbol)
            step = Step(
                said=(*step.said, TopicStale(topic, at, reason)),
                sends=(*step.sends, *_commands("unsubscribe", (topic,))),
            )
        return step


def _commands(op: str, topics: Iterable[Topic]) -> tuple[Send, ...]:
    return tuple(Send(json.dumps({"op": op, "args": [str(topic)]})) for topic in topics)
