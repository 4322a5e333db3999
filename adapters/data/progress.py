"""How far a data command is, on stderr and only on a terminal."""

import sys
from time import monotonic
from types import TracebackType
from typing import Any

_EVERY_S = 0.1
_SHOWN_AFTER_S = 0.5


class RowsProgress:
    """Called with a name, rows done and rows in all (0: not known). Afterwards nothing is left on the screen."""

    def __init__(self, *, quiet: bool) -> None:
        self._shows = not quiet and sys.stderr.isatty()
        self._bar: Any = None
        self._next = monotonic() + _SHOWN_AFTER_S

    def __enter__(self) -> "RowsProgress":
        return self

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show where the command is, at most ten times a second."""
        if not self._shows or monotonic() < self._next:
            return
        self._next = monotonic() + _EVERY_S
        if self._bar is None:
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task("", total=None, name=name, rows="")
        self._bar.update(
            self._task, completed=done, total=total or None, name=name, rows=f"{done:,} rows", refresh=True
        )

    def clear(self) -> None:
        """Take it off the screen, before something is printed; it comes back by itself."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


def _bar() -> Any:
    from rich.console import Console  # noqa: PLC0415 what only a terminal needs
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    return Progress(
        TextColumn("{task.fields[name]}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[rows]}"),
        console=Console(file=sys.stderr),
        transient=True,
        auto_refresh=False,
    )
