"""How far a command is, on stderr: over the time that it plays or asks for, or over rows. A short one shows nothing."""

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from messages import NS_PER_SECOND, UtcNs, iso_utc

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

_EVERY_S = 0.1
_SHOWN_AFTER_S = 0.5


class _Bar:
    """Shown after half a second and at most ten times a second; afterwards nothing is left on the screen."""

    def __init__(self) -> None:
        self._next = monotonic() + _SHOWN_AFTER_S
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def clear(self) -> None:
        """Take it off the screen, before something is printed; it comes back by itself."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def _is_due(self) -> bool:
        now = monotonic()
        if now < self._next:
            return False
        self._next = now + _EVERY_S
        return True

    def _show(self, *, completed: int, total: int | None, **fields: Any) -> None:
        from rich.console import Console  # noqa: PLC0415 what only a terminal needs
        from rich.progress import Progress  # noqa: PLC0415

        if self._bar is None:
            console = Console(file=sys.stderr)
            self._bar = Progress(*self._columns(), console=console, transient=True, auto_refresh=False)
            self._bar.start()
            self._task = self._bar.add_task("", total=total, **fields)
        self._bar.update(self._task, completed=completed, total=total, refresh=True, **fields)

    def _columns(self) -> "tuple[ProgressColumn, ...]":
        raise NotImplementedError


class ProgressBar(_Bar):
    """Called with the time, ns UTC, that a command has come to between two."""

    def __init__(self, first: UtcNs, last: UtcNs) -> None:
        super().__init__()
        self._first = first
        self._seconds = max(1, (last - first) // NS_PER_SECOND)

    def __call__(self, now: UtcNs) -> None:
        """Show where it is."""
        if self._is_due():
            done = (now - self._first) // NS_PER_SECOND
            self._show(completed=done, total=self._seconds, date=iso_utc(now)[:10])

    def _columns(self) -> "tuple[ProgressColumn, ...]":
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415 as above

        percent = TextColumn("{task.percentage:>3.0f} %")
        return TextColumn("{task.fields[date]}"), BarColumn(), percent, TimeRemainingColumn()


class RowsProgress(_Bar):
    """Called with a name, rows done and rows in all (0: not known)."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__()
        self._shows = not quiet and sys.stderr.isatty()

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show where it is; nothing where nobody looks."""
        if self._shows and self._is_due():
            self._show(completed=done, total=total or None, name=name, rows=f"{done:,} rows")

    def _columns(self) -> "tuple[ProgressColumn, ...]":
        from rich.progress import BarColumn, TextColumn  # noqa: PLC0415 as above

        return TextColumn("{task.fields[name]}"), BarColumn(bar_width=24), TextColumn("{task.fields[rows]}")
