"""A progress bar over the time that a run plays, on stderr."""

import sys
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from messages import NS_PER_SECOND, UtcNs, iso_utc

_EVERY_S = 0.1
_SHOWN_AFTER_S = 0.5


class ProgressBar:
    """Called with the run's time. Short runs show nothing, and afterwards nothing is left on the screen."""

    def __init__(self, first: UtcNs, last: UtcNs) -> None:
        self._first = first
        self._progress = Progress(
            TextColumn("{task.fields[date]}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
            transient=True,
            auto_refresh=False,
        )
        total = max(1, (last - first) // NS_PER_SECOND)
        self._task = self._progress.add_task("", total=total, date=iso_utc(first)[:10])
        self._next = monotonic() + _SHOWN_AFTER_S
        self._shown = False

    def __enter__(self) -> "ProgressBar":
        return self

    def __call__(self, now: UtcNs) -> None:
        """Show where the run is, at most ten times a second."""
        if monotonic() < self._next:
            return
        if not self._shown:
            self._shown = True
            self._progress.start()
        self._next = monotonic() + _EVERY_S
        done = (now - self._first) // NS_PER_SECOND
        self._progress.update(self._task, completed=done, date=iso_utc(now)[:10], refresh=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._progress.stop()
