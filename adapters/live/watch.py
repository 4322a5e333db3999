"""The trader's side of being watched: it passes on that it lives, and sees to it that somebody listens.

    HeartbeatReturned -> `returned`, on a listener's thread
    the main thread   -> `look`, ten times a second: beat, if one has returned since; is the watchdog there?

A beat needs both: a heartbeat that came back from the whole way of an order, and a main thread that has just found the
supervisor alive. A watchdog that is gone, or does not answer, is replaced; after a few in an hour there is none.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from adapters.live.watchdog_process import WatchdogFailed
from adapters.watchdog.silence import Silence
from adapters.watchdog.words import Word
from messages import HeartbeatReturned

REPLACED_MAX: Final = 3
"""Watchdogs that are replaced within an hour."""
_HOUR_S: Final = 3_600.0
READY_S: Final = 40.0
"""So long one may take to have asked the venue."""
ANSWER_S: Final = 15.0
"""So long it may take to answer a beat, at least."""
_LOOK_S: Final = 0.02


class Peer(Protocol):
    """A watchdog that was started."""

    pid: int

    def say(self, word: Word, rest: str = "") -> None:
        """Tell it something, without waiting."""

    def heard(self) -> list[tuple[str, str]]:
        """What it has said by now."""

    @property
    def ended(self) -> str | None:
        """How it ended; None while it runs."""

    def kill(self) -> None:
        """End it."""

    def leave(self, seconds: float = ...) -> None:
        """It is not needed any more."""


class Tells(Protocol):
    """Who is told what becomes of watchdogs."""

    def __call__(self, text: str, *, is_there: bool) -> None:
        """In words, and whether there is one now."""


class Watch:
    """One run's.

    `make` starts a watchdog that may wait so many seconds for its first beat. `lost` is called once, when there will be
    none any more. `clock`: monotonic, in seconds.
    """

    def __init__(
        self,
        make: Callable[[float], Peer],
        *,
        silence_s: float,
        start_s: float,
        tell: Tells,
        lost: Callable[[str], None] = lambda _reason: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make, self._silence_s, self._start_s = make, silence_s, start_s
        self._tell, self._lost, self._clock = tell, lost, clock
        self._peer: Peer | None = None
        self._returned = self._sent = self._answered = 0
        self._is_ready = self._is_halted = self._is_over = False
        self._why = ""
        self._silence = Silence(clock())
        self._replaced: deque[float] = deque()

    def begin(self) -> None:
        """Start the first one, and wait until it is ready. WatchdogFailed when it will not be."""
        try:
            self._start(self._start_s)
        except OSError as error:
            raise WatchdogFailed(f"the watchdog cannot be started: {error.strerror or error}") from None
        while not self._is_ready:
            self._hear()
            why = self._gone()
            if why and not self._is_ready:
                self._is_over = True
                assert self._peer is not None
                self._peer.kill()
                self._peer.leave()
                raise WatchdogFailed(f"the watchdog did not begin: {why}")
            time.sleep(_LOOK_S)

    def returned(self, beat: HeartbeatReturned) -> None:
        """A heartbeat is back; called on any thread."""
        self._returned = max(self._returned, beat.number)

    def look(self, *, is_halted: bool = False) -> None:
        """The supervisor lives, and the main thread too, or it could not say so. `is_halted`: nothing passes."""
        if self._peer is None or self._is_over:
            return
        self._hear()
        why = self._gone()
        if why:
            self._replace(why)
            return
        if is_halted != self._is_halted:
            self._is_halted = is_halted
            self._peer.say(Word.HALTED if is_halted else Word.TRADING)
        if self._returned > self._sent:
            self._sent = self._returned
            self._peer.say(Word.BEAT, str(self._sent))

    def stopping(self) -> None:
        """The actors are about to be stopped."""
        if self._peer is not None and not self._is_over:
            self._peer.say(Word.STOPPING)

    def end(self, failure: str = "") -> None:
        """They are. `failure`: what the run could not bring about itself, so that the watchdog has to; or ""."""
        if self._peer is None or self._is_over:
            return
        self._is_over = True
        self._peer.say(Word.FAILED if failure else Word.BYE, failure)
        if failure:
            self._peer.leave(0.0)
        else:
            self._peer.leave()

    # Inside.

    def _start(self, start_s: float) -> None:
        self._is_ready, self._why = False, ""
        # What came back before it was there is no sign of life any more.
        self._sent = self._answered = self._returned
        self._silence = Silence(self._clock())
        self._peer = self._make(start_s)
        if self._is_halted:
            self._peer.say(Word.HALTED)

    def _hear(self) -> None:
        assert self._peer is not None
        for word, rest in self._peer.heard():
            if word == Word.READY and not self._is_ready:
                self._is_ready = True
                self._silence.broken()
                self._tell(f"the watchdog is process {self._peer.pid}", is_there=True)
            elif word == Word.FAILED:
                self._why = rest
            elif word == Word.BEAT and rest.isdecimal():
                self._answered = max(self._answered, int(rest))
                self._silence.broken()

    def _gone(self) -> str:
        """Why this one is none any more, or ""."""
        assert self._peer is not None
        silent = self._silence.look(self._clock())
        if self._peer.ended is not None:
            return self._why or self._peer.ended
        if not self._is_ready:
            return f"it was not ready after {silent:.0f} s" if silent > READY_S else ""
        if self._answered >= self._sent:
            self._silence.broken()
            return ""
        return f"it did not answer for {silent:.0f} s" if silent > max(ANSWER_S, self._silence_s) else ""

    def _replace(self, why: str) -> None:
        assert self._peer is not None
        self._peer.kill()
        self._peer.leave()
        self._peer = None
        now = self._clock()
        while self._replaced and self._replaced[0] <= now - _HOUR_S:
            self._replaced.popleft()
        while len(self._replaced) < REPLACED_MAX:
            self._replaced.append(now)
            self._tell(f"the watchdog is gone: {why}; another one is started", is_there=False)
            try:
                self._start(self._silence_s)
            except OSError as error:
                why = f"it cannot be started: {error.strerror or error}"
            else:
                return
        reason = f"the watchdog is gone: {why}; {REPLACED_MAX} in an hour were replaced, and no more are"
        self._tell(reason, is_there=False)
        self._lost(reason)
