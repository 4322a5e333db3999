"""I12 and I13: what we leave behind the exchange takes back in time, and it is put off only by a proof of life."""

from typing import Any, Final

from adapters.simulation.checks.check import Check
from adapters.simulation.checks.wire import Asked

_NS: Final = 1_000_000_000
_PATH: Final = frozenset(
    {"venue", "feed", "tick-filter", "bar-builder", "portfolio", "executor", "risk-guard", "journal"}
)
"""Who has to pass a heartbeat on, from the gateway round to it again."""
_ROUNDS: Final = 100
"""Heartbeats that are remembered."""
_PAUSES: Final = frozenset({401, 403, 429})
"""Statuses after which nothing is sent for a while."""
_LONGEST: Final = 3_700 * _NS
_SLACK_S: Final = 2.0


class Armed(Check):
    """I12: wherever an order of ours works, the exchange will cancel it unless it hears of us."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._armed_at: float | None = None
        """When it was last put off."""
        self._sent: set[str] = set()
        """Client ids of what has left: who has never opened anything has nothing to take back."""

    def sent(self, asked: Asked) -> None:
        """An order leaves."""
        if asked.places:
            self._sent.add(asked.client_id)

    def arrived(self, asked: Asked) -> None:
        """It may have been put off, or taken off."""
        response = asked.trip.response
        if asked.route == "/order/cancelAllAfter" and response is not None and response.status == 200:
            self._armed_at = self.judge.seconds if asked.arms else None

    def life_ended(self, life: int, how: str) -> None:
        """Nobody looks after them now. That a switch fired too early (F56) nobody is told until it is put off again."""
        ours, armed = self._ours(), self._armed_at
        is_thought_armed = armed is not None and self.judge.seconds - armed <= self.facts.switch_s
        if ours and self.truth.switch() is None and not is_thought_armed:
            self.violated("I12", f"life {life} is over ({how}), {', '.join(ours)} work, and nothing will cancel them")

    def changed(self, rows: Any) -> None:  # noqa: ARG002 as every check is told
        """The exchange has something new."""
        if self.truth.switch() is None:
            ours = self._ours(before=self.truth.now() - round(self.facts.switch_s * _NS))
            if ours:
                self.violated("I12", f"{', '.join(ours)} work, and nothing will cancel them should we die")
        late = self.facts.switch_s + _SLACK_S
        if self._armed_at is not None and self.judge.seconds - self._armed_at > late:
            ours = self._ours(before=self.truth.now() - round(late * _NS))
            if ours:
                self.violated("I12", f"{', '.join(ours)} work, and were not asked for for {late:.0f} s")

    def _ours(self, before: int | None = None) -> list[str]:
        """Orders of ours that work, and did before a time."""
        ours = [each for each in self.account.working.values() if each.client_id in self._sent]
        return sorted(each.client_id for each in ours if before is None or each.since < before)


class ProofOfLife(Check):
    """I13: put off only because a heartbeat has come back that went through every hand."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._passed: dict[int, set[str]] = {}
        self._back: dict[int, int] = {}
        """Number of the heartbeat by the id of its last message."""
        self._used = 0
        self._newest = 0
        """Number of the last heartbeat that came back."""
        self._until = 0
        """Local time until which requests may have had to wait, for the exchange has said so."""

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """Its heartbeats are numbered anew."""
        self._passed.clear()
        self._back.clear()
        self._used = self._newest = self._until = 0

    def on_RequestAnswered(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The exchange may ask for a pause."""
        answer = envelope.message
        if answer.status in _PAUSES and answer.to.startswith("venue@"):
            self._until = max(self._until, envelope.posted + _LONGEST)

    def on_Heartbeat(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """From one hand to the next."""
        number, role = envelope.message.number, envelope.sender.partition("@")[0]
        self._passed.setdefault(number, set()).add(role)
        if role == "journal":
            self._back[envelope.id] = self._newest = number
            for ids, kept in ((self._back, _ROUNDS), (self._passed, _ROUNDS)):
                while len(ids) > kept:
                    del ids[next(iter(ids))]

    def on_SendRequest(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The gateway asks a worker for something."""
        wanted = envelope.message
        if not wanted.path.endswith("/order/cancelAllAfter") or wanted.body == '{"timeout":0}':
            return
        number = self._back.get(envelope.cause)
        if number is None and envelope.posted < self._until and self._newest > self._used:
            # It waited with all others until the exchange wanted to hear of us again.
            number = self._newest
        if number is None:
            self.violated("I13", "the dead man's switch is put off, and no heartbeat has come back")
        elif number <= self._used:
            self.violated("I13", f"the dead man's switch is put off twice for heartbeat {number}")
        elif self._passed.get(number, set()) < _PATH:
            missing = ", ".join(sorted(_PATH - self._passed[number]))
            self.violated("I13", f"heartbeat {number} puts off the dead man's switch, and has not been at {missing}")
        else:
            self._used = number


CHECKS = (Armed, ProofOfLife)
