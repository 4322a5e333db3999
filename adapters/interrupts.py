"""SIGINT, SIGTERM and SIGHUP end a run in order. Only the command line installs these; a host keeps its own."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

EXIT_CODES = {"SIGHUP": 129, "SIGINT": 130, "SIGTERM": 143}


class Interrupts:
    """While entered, the first signal asks whatever `stops` names to stop; without it, or again, it interrupts.

    It interrupts by KeyboardInterrupt, which no actor contains. A SIGHUP that is ignored already (nohup) stays so.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        """The signal that came."""
        self._stop: Callable[[str], object] | None = None
        self._before: dict[int, Any] = {}

    def stops(self, stop: Callable[[str], object] | None) -> None:
        """What the next signal calls with its name; None: it interrupts instead."""
        self._stop = stop

    def __enter__(self) -> "Interrupts":
        for name in EXIT_CODES:
            number = getattr(signal, name, None)
            if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
                continue
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        first, self.name = self.name is None, signal.Signals(number).name
        if first and self._stop is not None:
            self._stop(self.name)
            return
        raise KeyboardInterrupt(self.name)
