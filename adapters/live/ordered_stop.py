"""The ordered stop and the kill switch of a life, as its main thread carries them out; it is told to look, and when."""

from collections.abc import Callable, Mapping
from typing import Final

from actors.system import TradingSystem
from adapters.live.run import LiveRun
from adapters.live.snapshot import Snapshot
from adapters.live.state import WATCHER
from adapters.live.stopping import Phase, Step, Stopping
from messages import Account, CancelAll, HaltTrading, Message, TradingState

_STOPPED: Final = (TradingState.HALTED, None)
"""None: nothing has passed yet, for the venue was never ready, or the run was halted when it began."""


class OrderedStop:
    """One life's. `send`: says something from outside."""

    def __init__(self, run: LiveRun, system: TradingSystem, send: Callable[[Message], None]) -> None:
        self._run, self._system, self._send = run, system, send
        self.stopping = Stopping(on_stop=run.settings.live.on_stop)
        self._heard = False

    @property
    def is_done(self) -> bool:
        """Whether the system is to be stopped now."""
        return self.stopping.phase is Phase.STOPPED

    def request(self, by: str) -> None:
        """Somebody asks for it."""
        self._do(self.stopping.request(by, self._run.clock.now()))

    def look(self) -> None:
        """How far it is; to be asked every so often."""
        if self.stopping.phase in (Phase.FLATTENING, Phase.CANCELLING):
            now = self._run.state.snapshot()
            heard = self.has_heard(now)
            # Twice: what the state's own actor is in the middle of waits nowhere.
            is_heard, self._heard = heard and self._heard, heard
            # Who is halted lets nothing pass that would close a position: there is nothing to wait for.
            done = now.is_flat or any(each.state is TradingState.HALTED for each in now.accounts)
            self._do(
                self.stopping.look(self._run.clock.now(), open_orders=now.open_orders, is_flat=done, is_heard=is_heard)
            )

    def halt(self, reason: str, *, flatten: bool) -> Mapping[str, object]:
        """The kill switch, by hand: the gate first, then the venue's orders, past every mailbox full of all else."""
        now = self._run.clock.now()
        # What is halted lets nothing pass any more that would bring a position to nothing: then it is not promised.
        flatten = flatten and not self._is_halted()
        if not flatten:
            self._system.close_gate()
        accounts = self.cancel_all()
        self._send(HaltTrading(reason=f"halted by hand: {reason}", ts=now, flatten=flatten))
        return {"gate": "open" if flatten else "closed", "cancelled": accounts, "flatten": flatten}

    def cancel_all(self) -> list[Account]:
        """The venue's orders, past every mailbox full of all else; returns whose."""
        now, accounts = self._run.clock.now(), sorted(self._system.setup.live_accounts)
        for account in accounts:
            self._system.tell(f"venue@{account}", CancelAll(account=account, ts=now))
        return accounts

    def _is_halted(self) -> bool:
        states = [account.state for account in self._run.state.snapshot().accounts]
        return not self._system.gate_is_open or TradingState.HALTED in states

    def has_heard(self, now: Snapshot) -> bool:
        """Whether the guards have stopped, and all that they had let pass before is in this snapshot.

        An order is said to the state before its guard judges it, so it waits there at the latest when the guard stops.
        """
        stopped = (*_STOPPED, TradingState.FLATTENING) if self.stopping.phase is Phase.FLATTENING else _STOPPED
        live = self._system.setup.live_accounts
        return all(each.state in stopped for each in now.accounts if each.account in live) and not any(
            each.waiting for each in self._system.status() if each.address == WATCHER
        )

    def _do(self, steps: tuple[Step, ...]) -> None:
        # DISARM and STOP need no word: a gateway whose orders are to stay takes the switch off when it is stopped.
        for step in steps:
            if step in (Step.CANCEL, Step.FLATTEN):
                self._heard = False
                self._send(self.stopping.halt(self._run.clock.now(), flatten=step is Step.FLATTEN))
