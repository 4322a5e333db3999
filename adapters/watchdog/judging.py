"""What is to be made of what a trader says, of its silence, and of its end. No I/O, no clock: both are told.

STARTING --beat--> WATCHING --stopping--> STOPPING --bye--> over
   each may fall silent, for longer or shorter, or die: then there is a verdict, once
"""

import dataclasses
import enum
from typing import Final

from adapters.watchdog.silence import Silence
from adapters.watchdog.words import Word

CLOSED_S: Final = 2.0
"""So long a trader may live on after it has closed its pipe without a word."""


class Phase(enum.Enum):
    """Where the trader is."""

    STARTING = "starting"
    WATCHING = "watching"
    STOPPING = "stopping"


class Verdict(enum.Enum):
    """What the watchdog is to do."""

    ENDED = "ended in order"
    """Nothing; its work is done."""
    DIED = "died"
    """The process is gone, and had not ended in order: its orders are to be taken back."""
    FAILED = "failed"
    """It says itself that it cannot take its orders back: they are, and it is left to end."""
    SILENT = "silent"
    """It is to be ended, and its orders taken back."""
    HALTED = "halted and silent"
    """Its orders are to be taken back; it lets nothing pass, and somebody may want to look at it. Watching goes on."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds of silence that each phase may have."""

    start_s: float
    silence_s: float
    stop_s: float


class Judge:
    """One trader's. `heard` and `closed` when something came over the pipe, then `look`, at least every second."""

    def __init__(self, patience: Patience, now: float) -> None:
        self.phase = Phase.STARTING
        self.reason = ""
        """Why the last verdict is what it is, in words."""
        self.is_halted = False
        self._patience = patience
        self._silence = Silence(now)
        self._since_closed: Silence | None = None
        self._last_words: tuple[Word, str] | None = None
        self._is_warned = self._is_rescued = False

    @property
    def limit_s(self) -> float:
        """So long the present phase may be silent."""
        patience = self._patience
        return {Phase.STARTING: patience.start_s, Phase.WATCHING: patience.silence_s, Phase.STOPPING: patience.stop_s}[
            self.phase
        ]

    def heard(self, word: str, rest: str) -> None:
        """A line of the trader's. What is none of its words is no sign of life."""
        if word == Word.BEAT:
            self._silence.broken()
            self._is_warned = self._is_rescued = False
            if self.phase is Phase.STARTING:
                self.phase = Phase.WATCHING
        elif word == Word.STOPPING and self.phase is not Phase.STOPPING:
            self._silence.broken()
            self.phase = Phase.STOPPING
        elif word in (Word.HALTED, Word.TRADING):
            self.is_halted = word == Word.HALTED
        elif word in (Word.FAILED, Word.BYE) and self._last_words is None:
            self._last_words = (Word(word), rest)

    def closed(self, now: float) -> None:
        """The trader's end of the pipe is closed."""
        if self._since_closed is None:
            self._since_closed = Silence(now)

    def look(self, now: float, *, lives: bool, is_traced: bool = False) -> Verdict | None:
        """The verdict, if there is one.

        `lives`: whether the process was there before its words were last read. `is_traced`: a debugger holds it, whose
        user knows why it is silent.
        """
        if self._last_words is not None:
            word, self.reason = self._last_words
            return Verdict.ENDED if word is Word.BYE else Verdict.FAILED
        if not lives:
            self.reason = "it ended without a word"
            return Verdict.DIED
        silent = self._silence.look(now)
        if is_traced:
            self._silence.broken()
            return None
        if self._since_closed is not None:
            return self._closed_for(self._since_closed.look(now))
        return self._silent_for(silent) if silent >= self.limit_s else None

    def _closed_for(self, seconds: float) -> Verdict | None:
        if seconds < CLOSED_S:
            return None
        self.reason = "it closed its pipe without a word, and lives on"
        return Verdict.SILENT

    def _silent_for(self, seconds: float) -> Verdict | None:
        # Once the actors are being stopped, nobody will look at it any more.
        spared = self.is_halted and self.phase is not Phase.STOPPING
        if spared and self._is_rescued:
            return None
        self.reason = f"no heartbeat came back for {seconds:.1f} s while it was {self.phase.value}"
        self._is_rescued = spared
        return Verdict.HALTED if spared else Verdict.SILENT

    def warning(self) -> str:
        """Once in each silence, when half of it is over: what to write down; "" otherwise."""
        if self._is_warned or self._silence.seconds < self.limit_s / 2:
            return ""
        self._is_warned = True
        return f"no heartbeat for {self._silence.seconds:.1f} s of {self.limit_s:g} s ({self.phase.value})"
