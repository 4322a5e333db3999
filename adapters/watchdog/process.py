"""The watchdog's process: told its setup over the pipe, it watches, and does what the judge says."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

from adapters.watchdog.judging import Judge, Patience, Verdict
from adapters.watchdog.keys import KeysUnreadable, read_keys
from adapters.watchdog.locks import hold
from adapters.watchdog.record import LOCK_FILE, STACKS_FILE, Act, Log, read_act, utc_now, write_act
from adapters.watchdog.rescue import OPEN_ORDERS, Ask, Done, Limits, Pause, Rescue
from adapters.watchdog.setup import Setup, setup_of
from adapters.watchdog.trader import Trader
from adapters.watchdog.venue import Venue
from adapters.watchdog.words import LINE_MAX, Word, line, one_line

LOOK_S: Final = 0.2
SETUP_S: Final = 10.0
_HALTED_S: Final = 10.0
"""So long the venue is asked for a trader that is halted, lives, and may be heard of again."""
_ENDS_S: Final = 120.0
"""So long a trader that ends by itself may take to write its results."""
_LOCK_S: Final = 3.0
"""So long a predecessor that was ended may take to be gone."""
_PROBES: Final = 3
_PROBE_PAUSE_S: Final = 1.0
DONE, REFUSED, ACTED, LEFT_OPEN, ENDED_ITSELF, INTERNAL = 0, 2, 3, 4, 5, 70
"""Exit codes: nothing was to be done; it could not begin; it acted, and nothing is left open; it acted, and could not
make sure of that; it was asked to end while it acted; our own error."""


class Watchdog:
    """One trader's, from its setup to its end. `say` writes to the trader."""

    def __init__(self, setup: Setup, trader: Trader, venue: Venue, log: Log, say: Callable[[bytes], None]) -> None:
        self._setup, self._trader, self._venue, self._log, self._say = setup, trader, venue, log, say
        self._is_asked_to_end = False
        self._has_account = False

    def ask_to_end(self, _number: int, _frame: FrameType | None) -> None:
        """SIGTERM: ends what is done for a trader that is gone, and nothing else. It comes to all when a machine or a
        service is stopped, and the trader needs us until it is through with that."""
        self._is_asked_to_end = not self._trader.lives()

    def watch(self) -> int:
        """Until there is nothing more to be done; returns the exit code."""
        setup = self._setup
        patience = Patience(start_s=setup.start_s, silence_s=setup.silence_s, stop_s=setup.stop_s)
        judge = Judge(patience, time.monotonic())
        while True:
            # Before its words are read: what it said before its end is heard.
            lives = self._trader.lives()
            words, is_closed = self._trader.said()
            for word, rest in words:
                judge.heard(word, rest)
                if word == Word.BEAT:
                    self._say(line(Word.BEAT, rest))
            if is_closed:
                judge.closed(time.monotonic())
            verdict = judge.look(time.monotonic(), lives=lives, is_traced=self._trader.is_traced)
            if warning := judge.warning():
                self._log.say(warning)
            if verdict is Verdict.ENDED:
                self._log.say("the trader has ended in order")
                return DONE
            if verdict is not None:
                code = self._act(verdict, judge.reason)
                if verdict is not Verdict.HALTED:
                    return code
            self._trader.wait(LOOK_S)

    def _act(self, verdict: Verdict, reason: str) -> int:
        setup = self._setup
        before = read_act(setup.folder)
        act = Act(life=setup.life, trader=setup.trader, verdict=verdict.value, reason=reason, began=utc_now())
        self._log.say(f"process {setup.trader}, life {setup.life}: {verdict.value}: {reason}")
        if verdict is Verdict.SILENT:
            self._log.say(self._trader.write_stacks(setup.stack_signal, self._stacks))
            self._log.say(self._trader.kill())
            act = dataclasses.replace(act, killed=True)
        # Written before as well as after: what follows may take long, and somebody may end it.
        self._keep(act)
        act = self._rescued(act, is_halted=verdict is Verdict.HALTED)
        if verdict is Verdict.FAILED:
            act = dataclasses.replace(act, killed=self._sees_it_end())
        again = verdict in (Verdict.SILENT, Verdict.DIED) and act.is_clean and bool(setup.restart)
        if again and before is not None and before.restarted and before.life == setup.life - 1:
            self._log.say("not started again: this life was itself begun by a watchdog")
            again = False
        act = dataclasses.replace(act, ended=utc_now(), restarted=again)
        self._keep(act)
        self._log.say(act.words)
        if again:
            self._start_again()
        if self._is_asked_to_end:
            return ENDED_ITSELF
        return ACTED if act.is_clean else LEFT_OPEN

    def _rescued(self, act: Act, *, is_halted: bool) -> Act:
        """The venue is asked until nothing is left, or it is given up."""
        setup = self._setup
        if is_halted:
            # Nothing passes there that could come in late, and what it says meanwhile is to be heard.
            rescue = Rescue(Limits(sweep_s=0.0, budget_s=_HALTED_S), time.monotonic())
        else:
            limits = Limits(sweep_s=setup.sweep_s, budget_s=setup.budget_s)
            rescue = Rescue(limits, time.monotonic(), flatten=setup.flatten, symbols=setup.symbols)
        done = self._do(rescue)
        if rescue.elsewhere:
            others = ", ".join(f"{quantity:+,} {symbol}" for symbol, quantity in sorted(rescue.elsewhere.items()))
            self._log.say(f"left as they are, for this run does not trade them: {others}")
        return dataclasses.replace(
            act, cancelled=rescue.cancelled, closes=rescue.closes, is_clean=done.is_clean, failure=done.reason
        )

    def _do(self, rescue: Rescue) -> Done:
        while not self._is_asked_to_end:
            step = rescue.next(time.monotonic())
            if isinstance(step, Done):
                return step
            if isinstance(step, Pause):
                # In pieces, so that a request to end is seen.
                time.sleep(min(LOOK_S, max(0.0, step.until - time.monotonic())))
                continue
            if not self._takes_account():
                return Done(is_clean=False, reason="another process trades the account by now: it is left to that")
            cancelled = rescue.cancelled
            answer = self._venue.send(step)
            rescue.answered(answer, time.monotonic())
            if answer.failure:
                self._log.say(f"{step.what}: {answer.failure}")
            elif rescue.cancelled > cancelled:
                self._log.say(f"{step.what}: {rescue.cancelled - cancelled} cancelled")
            elif step.verb == "POST":
                self._log.say(f"{step.what}: sent")
        return Done(is_clean=False, reason="it was asked to end before it was through")

    def _sees_it_end(self) -> bool:
        """A trader that ends by itself writes its results before; whether it had to be ended after all.

        One of its threads may hang, and would keep it, and the lock on its folder, for good.
        """
        until = time.monotonic() + _ENDS_S
        while self._trader.lives():
            if time.monotonic() >= until:
                self._log.say(f"it has not ended within {_ENDS_S:g} s")
                self._log.say(self._trader.write_stacks(self._setup.stack_signal, self._stacks))
                self._log.say(self._trader.kill())
                return True
            time.sleep(LOOK_S)
        return False

    @property
    def _stacks(self) -> Path:
        return Path(self._setup.folder, STACKS_FILE)

    def _takes_account(self) -> bool:
        """Whether nobody else trades the account: its orders would be cancelled too.

        While the trader lives it has the lock itself.
        """
        path = self._setup.account_lock
        if path is None or self._has_account or self._trader.lives():
            return True
        try:
            self._has_account = hold(path, self._setup.folder)
        except OSError as error:
            self._log.say(f"{path}: {error.strerror or error}")
            return True
        return self._has_account

    def _start_again(self) -> None:
        command = self._setup.restart
        try:
            # As we were started: its words go where ours go, and no terminal's end is its own.
            process = subprocess.Popen(  # noqa: S603 the command that the trader was started by
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            self._log.say(f"the run cannot be started again: {error.strerror or error}")
        else:
            self._log.say(f"the run is started again, process {process.pid}")

    def _keep(self, act: Act) -> None:
        if why := write_act(self._setup.folder, act):
            self._log.say(f"what is done cannot be kept for the next life: {why}")


def main() -> int:
    """The process. Its standard input is the trader's pipe, its standard output the way back."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        setup = setup_of(_first_line())
    except ValueError as error:
        _say(line(Word.FAILED, str(error)))
        return REFUSED
    log = Log(setup.folder)
    try:
        venue = _venue(setup)
    except (OSError, ValueError, KeysUnreadable) as error:
        log.say(f"not begun: {error}")
        _say(line(Word.FAILED, str(error)))
        return REFUSED
    log.say(f"watching process {setup.trader}, life {setup.life}: {setup.silence_s:g} s of silence end it")
    watchdog = Watchdog(setup, Trader(setup.trader, sys.stdin.fileno()), venue, log, _say)
    signal.signal(signal.SIGTERM, watchdog.ask_to_end)
    _say(line(Word.READY))
    try:
        return watchdog.watch()
    except Exception as error:
        log.say(f"our own error, see below: {type(error).__name__}: {one_line(str(error))}")
        raise


def _first_line() -> bytes:
    """The setup. ValueError when it does not come in time."""
    handle, told, ends = sys.stdin.fileno(), b"", time.monotonic() + SETUP_S
    os.set_blocking(handle, False)
    while not told.endswith(b"\n"):
        if time.monotonic() >= ends or len(told) > LINE_MAX:
            raise ValueError("the watchdog was not told what it is to do")
        try:
            # One by one: what follows the line is for somebody else.
            piece = os.read(handle, 1)
        except BlockingIOError:
            time.sleep(0.001)
            continue
        if not piece:
            raise ValueError("the watchdog was not told what it is to do")
        told += piece
    return told


def _venue(setup: Setup) -> Venue:
    """The venue, which has answered us. ValueError says why it has not, KeysUnreadable what the keys lack."""
    _take_run(setup)
    venue = Venue(setup.origin, read_keys(setup.keys), setup.authorities)
    for number in range(_PROBES):
        answer = venue.send(Ask("GET", OPEN_ORDERS))
        if not answer.failure:
            return venue
        if number < _PROBES - 1:
            time.sleep(_PROBE_PAUSE_S)
    raise ValueError(f"the watchdog asked the venue for open orders: {answer.failure}")


def _take_run(setup: Setup) -> None:
    path, ends = Path(setup.folder, LOCK_FILE), time.monotonic() + _LOCK_S
    while not hold(str(path), setup.folder):
        if time.monotonic() >= ends:
            raise ValueError(f"{path}: another watchdog of this run is at work")
        time.sleep(LOOK_S)


def _say(data: bytes) -> None:
    """To the trader, which may be gone, or not listen: nothing of ours depends on it."""
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), data)
