"""I6: a halt cancels everything; that is carried to the exchange at once, and again until the exchange has taken it."""

from typing import Any, Final

import attrs

from adapters.simulation.checks.check import Check

_EVERYTHING: Final = "/order/all"
PATIENCE_S: Final = 30.0
BEATS: Final = 3
"""Heartbeats of the gateway since then: it lives, and could have asked."""
_OK: Final = 200
_GUARD: Final = "risk-guard@"
_CLOSED: Final = ("halted", "flattening")


@attrs.define
class _Failed:
    since_s: float
    beats: int = 0


class Swept(Check):
    """A gateway that has heard the kill has asked for everything to be cancelled; a failure is not the end of it."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._wanted: dict[int, str] = {}
        """Gateway by the id of the message, until it has handled it."""
        self._heard: set[int] = set()
        """Of these: the exchange was asked."""
        self._last: dict[str, int] = {}
        """Number of a gateway's last such request, until it is answered."""
        self._failed: dict[str, _Failed] = {}

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """Nobody has asked yet."""
        self._wanted.clear()
        self._heard.clear()
        self._last.clear()
        self._failed.clear()

    def on_CancelAll(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The kill is asked for."""
        self._wanted[envelope.id] = f"venue@{envelope.message.account}"

    def on_SendRequest(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Somebody asks the exchange for something."""
        wanted = envelope.message
        if wanted.verb == "DELETE" and wanted.path.endswith(_EVERYTHING):
            self._last[wanted.reply_to] = wanted.number
            self._failed.pop(wanted.reply_to, None)
            if envelope.cause in self._wanted:
                self._heard.add(envelope.cause)

    def on_RequestAnswered(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """What came of it."""
        answer = envelope.message
        if self._last.get(answer.to) == answer.number:
            del self._last[answer.to]
            if answer.failure or answer.status != _OK:
                self._failed[answer.to] = _Failed(self.judge.seconds)

    def handled(self, address: str, epoch: int, message_id: int) -> None:  # noqa: ARG002 as every check is told
        """By whoever hears it; what the gateway says to it is said by now."""
        if self._wanted.get(message_id) != address:
            return
        del self._wanted[message_id]
        if message_id not in self._heard:
            self.violated("I6", f"{address} has heard the kill, and does not ask for everything to be cancelled")
        self._heard.discard(message_id)

    def on_Heartbeat(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The gateway lives."""
        failed = self._failed.get(envelope.sender)
        if failed is None:
            return
        failed.beats += 1
        passed = self.judge.seconds - failed.since_s
        if failed.beats >= BEATS and passed >= PATIENCE_S:
            del self._failed[envelope.sender]
            self.violated("I6", f"the kill of {envelope.sender} failed {passed:.0f} s ago, and is not sent again")


class Halted(Check):
    """A guard that halts because it was told to has everything cancelled, and does not leave it to others."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._halts: set[int] = set()
        self._closed: set[tuple[str, int]] = set()
        self._cancelled: set[tuple[str, int]] = set()
        """Of an account, because of which message."""

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """Nobody has halted anything."""
        self._halts.clear()
        self._closed.clear()
        self._cancelled.clear()

    def on_HaltTrading(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Somebody wants it to stop."""
        self._halts.add(envelope.id)

    def on_TradingStateChanged(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It stops."""
        if envelope.message.state in _CLOSED and envelope.cause in self._halts:
            self._closed.add((envelope.message.account, envelope.cause))

    def on_CancelAll(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """And what works is taken back."""
        self._cancelled.add((envelope.message.account, envelope.cause))

    def handled(self, address: str, epoch: int, message_id: int) -> None:  # noqa: ARG002 as every check is told
        """What the guard says to it is said by now."""
        if message_id not in self._halts or not address.startswith(_GUARD):
            return
        key = (address.removeprefix(_GUARD), message_id)
        if key in self._closed and key not in self._cancelled:
            self.violated("I6", f"{address} halts, and does not have everything cancelled")


CHECKS = (Swept, Halted)
