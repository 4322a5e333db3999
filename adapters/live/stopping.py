"""The ordered stop of a live run: what is to be done next, given what was asked for, what is open, and how late it is.

    RUNNING --asked--> FLATTENING --flat, nothing open, or late--> CANCELLING --nothing open, or late--> STOPPED
                  \\---------- cancel ------------/
                   \\--- leave: the switch is disarmed, orders stay where they are -------/

It does nothing itself and has no clock: whoever drives it tells the time, carries the steps out and looks again. A
second request, in whatever phase, ends everything at once.
"""

import enum
from collections.abc import Iterable
from typing import Final, Literal

import attrs

from adapters.interrupts import EXIT_CODES
from adapters.journal.standing import STOPPED_BY, is_own_halt
from messages import NS_PER_SECOND, Account, HaltTrading, TradingState, TradingStateChanged, UtcNs

OnStop = Literal["cancel", "leave", "flatten"]
TIME_OVER: Final = "--for"
"""What asks for the stop when the time is over that the run was to take."""
DONE, FAILED, HALTED, UNRECONCILED, INTERNAL = 0, 1, 3, 4, 70
_HALTS: Final = (TradingState.HALTED, TradingState.FLATTENING)


class Phase(enum.StrEnum):
    """Where the stop is."""

    RUNNING = "running"
    FLATTENING = "flattening"
    CANCELLING = "cancelling"
    STOPPED = "stopped"
    """The system has been told to stop: there is nothing more to do."""


class Step(enum.StrEnum):
    """What is to be done now, in the order given."""

    FLATTEN = "flatten"
    """Send `halt(flatten=True)`."""
    CANCEL = "cancel"
    """Send `halt(flatten=False)`: the guard takes every order back and lets nothing pass but cancels."""
    DISARM = "disarm"
    """Switch the venue's dead man's switch off, for it would cancel what is to stay."""
    STOP = "stop"
    """Stop the system in order."""
    ABORT = "abort"
    """End the process at once."""


@attrs.frozen(kw_only=True)
class Patience:
    """How long each phase may take, in seconds."""

    flatten_s: float = 30.0
    cancel_s: float = 10.0


@attrs.define(kw_only=True)
class Stopping:
    """One run's stop. `request` when somebody wants it, then `look` every so often; times are ns of one clock."""

    on_stop: OnStop = "cancel"
    patience: Patience = attrs.field(factory=Patience)
    phase: Phase = attrs.field(default=Phase.RUNNING, init=False)
    asked_by: str | None = attrs.field(default=None, init=False)
    """SIGINT, SIGTERM, `--for`, or whatever else first asked for the stop."""
    troubles: list[str] = attrs.field(factory=list, init=False)
    """What did not come about in time, in words."""
    _deadline: UtcNs = attrs.field(default=0, init=False)

    def request(self, by: str, now: UtcNs) -> tuple[Step, ...]:
        """Somebody asks for the stop: the first time in order, the second time at once."""
        if self.asked_by is not None:
            self.phase = Phase.STOPPED
            return (Step.ABORT,)
        self.asked_by = by
        if self.on_stop == "leave":
            self.phase = Phase.STOPPED
            return (Step.DISARM, Step.STOP)
        if self.on_stop == "flatten":
            self._enter(Phase.FLATTENING, self.patience.flatten_s, now)
            return (Step.FLATTEN,)
        self._enter(Phase.CANCELLING, self.patience.cancel_s, now)
        return (Step.CANCEL,)

    def look(self, now: UtcNs, *, open_orders: int, is_flat: bool, is_heard: bool = True) -> tuple[Step, ...]:
        """What follows from how the account stands at the venue: its open orders, and whether any position is left.

        `is_heard`: the guard lets nothing pass any more, and all that it let pass before is among these. Until then
        that there is no order says nothing: one may be on its way from a strategy to the venue.
        """
        late = now >= self._deadline
        # What still works may be filled, and would be left open by a halt.
        if self.phase is Phase.FLATTENING and ((is_flat and is_heard and open_orders == 0) or late):
            if not is_flat:
                self.troubles.append(f"positions were still open after {self.patience.flatten_s:g} s")
            self._enter(Phase.CANCELLING, self.patience.cancel_s, now)
            return (Step.CANCEL,)
        if self.phase is Phase.CANCELLING and ((is_heard and open_orders == 0) or late):
            if open_orders:
                words = "1 order was" if open_orders == 1 else f"{open_orders} orders were"
                self.troubles.append(f"{words} not known to be gone after {self.patience.cancel_s:g} s")
            self.phase = Phase.STOPPED
            return (Step.STOP,)
        return ()

    def halt(self, now: UtcNs, *, flatten: bool) -> HaltTrading:
        """The message of FLATTEN and CANCEL, for every account."""
        return HaltTrading(reason=f"{STOPPED_BY}{self.asked_by or 'a failure'}", ts=now, flatten=flatten)

    def _enter(self, phase: Phase, seconds: float, now: UtcNs) -> None:
        self.phase = phase
        self._deadline = now + round(seconds * NS_PER_SECOND)


def halted_by(states: Iterable[TradingStateChanged]) -> str | None:
    """Why the guard had halted trading at the end, our own stop left out; None where it had not."""
    reasons: dict[Account, str] = {}
    for state in states:
        if state.state not in _HALTS:
            reasons.pop(state.account, None)
        elif not is_own_halt(state.reason):
            reasons[state.account] = state.reason
    return next(iter(reasons.values()), None)


def exit_code(
    *,
    asked_by: str | None,
    halted: bool = False,
    unreconciled: bool = False,
    failed: bool = False,
    internal: bool = False,
) -> int:
    """What the process says at its end; what is worst is said, and a signal before what the guard did.

    `asked_by` is Stopping's; `failed` and `internal`: the run could not go on, for an outer reason or by our own bug.
    """
    if internal:
        return INTERNAL
    if unreconciled:
        return UNRECONCILED
    if failed:
        return FAILED
    if asked_by is not None and asked_by in EXIT_CODES:
        return EXIT_CODES[asked_by]
    return HALTED if halted else DONE
