"""I10: portfolio, executor and guard of an account are one. When one of them is started again, so are all."""

from typing import Any, Final

from adapters.simulation.checks.check import Check

_CORE: Final = frozenset({"portfolio", "executor", "risk-guard"})
TOGETHER_S: Final = 1.0


class Together(Check):
    """Looked at with every heartbeat: their last starts are at one time."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._made: dict[str, dict[str, float]] = {}
        """When each was started last, by account and role; none that was given up on."""

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """Nobody is there."""
        self._made.clear()

    def made(self, address: str, epoch: int, warm: bool) -> None:  # noqa: ARG002, FBT001 as every check is told
        """An incarnation is about to start."""
        role, _, account = address.partition("@")
        if role in _CORE:
            self._made.setdefault(account, {})[role] = self.judge.seconds

    def on_ActorQuarantined(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is not started any more."""
        role, _, account = envelope.message.actor.partition("@")
        self._made.get(account, {}).pop(role, None)

    def on_Heartbeat(self, envelope: Any) -> None:  # noqa: ARG002, N802 named as the message is
        """Time has passed."""
        now = self.judge.seconds
        for account, times in self._made.items():
            latest = max(times.values(), default=now)
            behind = sorted(role for role, at in times.items() if at < latest - TOGETHER_S)
            if behind and now > latest + TOGETHER_S:
                self.violated("I10", f"of {account} not all were started again: {', '.join(behind)} were not")
                times.update(dict.fromkeys(times, latest))


CHECKS = (Together,)
