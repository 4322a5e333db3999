"""What is wanted of the socket, and how far each subscription is: waiting, asked for, live, refused.

The wish outlives connections: after each one everything is waiting again. Every wait has a deadline. One command asks
for one topic, so that a refusal can only mean that one.
"""

import enum
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

import attrs

from adapters.bitmex.retries import Retries, RetryRule
from adapters.bitmex.tables import Filter
from adapters.bitmex.topics import Topic
from messages import NS_PER_SECOND, Period, UtcNs

PARTIAL_WAIT: Final = 10 * NS_PER_SECOND
"""After asking, for the partial: without it the connection is not to be trusted."""
REFRESH_PAUSE: Final = NS_PER_SECOND // 2
_AGAIN: Final = RetryRule(first=NS_PER_SECOND, longest=60 * NS_PER_SECOND, hourly=60, healthy=300 * NS_PER_SECOND)
"""For one topic on one connection."""


class Stage(enum.Enum):
    """How far a subscription is."""

    WAITING = "waiting"
    ASKED = "asked"
    LIVE = "live"
    REFUSED = "refused"


class Overdue(enum.StrEnum):
    """What a subscription did not do in time."""

    NO_ANSWER = "no answer"
    NO_PARTIAL = "no partial"
    SILENT = "silent"


@attrs.define
class _State:
    retries: Retries
    stage: Stage = Stage.WAITING
    since: UtcNs = 0
    """WAITING: when to ask. ASKED: when it was asked. LIVE: when its partial came."""
    heard: UtcNs = 0
    acknowledged: bool = False


class Subscriptions:
    """The wanted topics and their stages. It never sends: `due` says what to ask for."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._states: dict[Topic, _State] = {}
        self._by_table: dict[str, list[Topic]] = {}

    def want(self, topics: Iterable[Topic], at: UtcNs) -> tuple[Topic, ...]:
        """Exactly these from now on; gives those to unsubscribe from.

        ValueError for a table that is wanted of all symbols and of one: its rows would come twice.
        """
        wanted = dict.fromkeys(topics)
        for topic in wanted:
            if topic.symbol is not None and Topic(topic.table) in wanted:
                raise ValueError(f"{topic} is a part of {topic.table}, which is wanted too")
        gone = [topic for topic in self._states if topic not in wanted]
        leave = tuple(topic for topic in gone if self._states[topic].stage in (Stage.ASKED, Stage.LIVE))
        # The topic as it is wanted now: its silence may be another than before.
        states = {topic: self._states.get(topic) for topic in wanted}
        self._states = {
            topic: _State(Retries(_AGAIN, self._random), since=at) if state is None else state
            for topic, state in states.items()
        }
        self._by_table = {}
        for topic in self._states:
            self._by_table.setdefault(topic.table, []).append(topic)
        return leave

    def disconnected(self, at: UtcNs) -> None:
        """All of them have to be asked for again, at once when there is a connection; refused ones too."""
        for state in self._states.values():
            state.stage, state.since, state.acknowledged = Stage.WAITING, at, False

    @property
    def all_live(self) -> bool:
        """Whether everything that is wanted has come."""
        return all(state.stage is Stage.LIVE for state in self._states.values())

    def stage(self, topic: Topic) -> Stage | None:
        """How far a topic is; None for one that is not wanted."""
        state = self._states.get(topic)
        return None if state is None else state.stage

    def stages(self) -> dict[Topic, Stage]:
        """How far each wanted topic is."""
        return {topic: state.stage for topic, state in self._states.items()}

    def named(self, name: str) -> Topic | None:
        """The wanted topic that the venue calls so. Symbols are the venue's, in upper case."""
        return next((topic for topic in self._states if str(topic).lower() == name.lower()), None)

    def due(self, at: UtcNs, *, private: bool) -> tuple[Topic, ...]:
        """Topics to ask for now; they count as asked. `private`: whether the socket is authenticated."""
        due = []
        for topic, state in self._states.items():
            if state.stage is Stage.WAITING and state.since <= at and (private or not topic.is_private):
                state.stage, state.since, state.acknowledged = Stage.ASKED, at, False
                due.append(topic)
        return tuple(due)

    def acknowledged(self, topic: Topic) -> None:
        """The venue took the subscription; its partial follows."""
        self._states[topic].acknowledged = True

    def refused(self, topic: Topic, at: UtcNs, retry_after: Period | None) -> None:
        """The venue does not take it: asked again after its pause, or with the next connection when it names none."""
        state = self._states[topic]
        if state.stage is not Stage.ASKED:
            return
        if retry_after is None:
            state.stage = Stage.REFUSED
        else:
            state.stage, state.since = Stage.WAITING, state.retries.next_try(at, least=retry_after)

    def has(self, table: str) -> bool:
        """Whether anything of a table is wanted."""
        return table in self._by_table

    def expects(self, table: str, filter_: Filter) -> Topic | None:
        """The topic, asked for or live, that a partial answers."""
        for topic in self._by_table.get(table, ()):
            if topic.covers(filter_) and self._states[topic].stage in (Stage.ASKED, Stage.LIVE):
                return topic
        return None

    def live(self, topic: Topic, at: UtcNs) -> bool:
        """Its partial came; whether that is news."""
        state = self._states[topic]
        news = state.stage is not Stage.LIVE
        if news:
            state.stage, state.since = Stage.LIVE, at
        state.heard = at
        return news

    def heard(self, table: str, symbols: Iterable[object], at: UtcNs) -> None:
        """Rows of these symbols came."""
        topics = self._by_table.get(table, ())
        if topics:
            named = set(symbols)
            for topic in topics:
                if topic.symbol is None or topic.symbol in named:
                    self._states[topic].heard = at

    def refresh(self, topic: Topic, at: UtcNs) -> None:
        """It was silent, which may be just a quiet market: asked for again after a short pause, whenever it happens."""
        state = self._states[topic]
        state.stage, state.since = Stage.WAITING, at + REFRESH_PAUSE

    def again(self, topic: Topic, at: UtcNs) -> None:
        """What came of it is wrong: it is asked for again after a pause, which grows while it fails."""
        state = self._states[topic]
        held = max(0, at - state.since) if state.stage is Stage.LIVE else 0
        state.stage, state.since = Stage.WAITING, state.retries.next_try(at, held)

    def overdue(self, at: UtcNs) -> tuple[tuple[Topic, Overdue], ...]:
        """What should have come by now."""
        return tuple((topic, what) for topic, what, when in self._deadlines() if when <= at)

    def next_deadline(self, *, private: bool) -> UtcNs | None:
        """When `due` or `overdue` may have something to say."""
        waits = [
            state.since
            for topic, state in self._states.items()
            if state.stage is Stage.WAITING and (private or not topic.is_private)
        ]
        return min([*waits, *(when for _, _, when in self._deadlines())], default=None)

    def _deadlines(self) -> Iterator[tuple[Topic, Overdue, UtcNs]]:
        for topic, state in self._states.items():
            if state.stage is Stage.ASKED:
                what = Overdue.NO_PARTIAL if state.acknowledged else Overdue.NO_ANSWER
                yield topic, what, state.since + PARTIAL_WAIT
            elif state.stage is Stage.LIVE and topic.silence_max is not None:
                yield topic, Overdue.SILENT, state.heard + topic.silence_max
