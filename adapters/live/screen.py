"""The status of a live run on stderr: a screen on a terminal, lines elsewhere, nothing where nobody asked for it.

It has no thread: whoever waits for signals calls `draw` as often as it likes, and it draws as often as an eye wants it.
A screen that cannot draw goes dark and says so; it never ends the run.
"""

import sys
import time
from types import TracebackType
from typing import IO, Final

from rich.console import Console
from rich.live import Live

from adapters.live.state import LiveState
from adapters.live.view import WIDTH, news_lines, render, status_line
from messages import NS_PER_SECOND, UtcNs

DRAWN_EVERY_NS: Final = NS_PER_SECOND // 3
LINE_EVERY_NS: Final = 10 * NS_PER_SECOND
_NEWS_SHOWN: Final = 20


class Screen:
    """Shows a state. Entered, it may take over the terminal's last lines; left, it gives them back, and they are empty.

    `quiet` for --quiet and --json.
    """

    def __init__(self, state: LiveState, stream: IO[str] | None = None, *, quiet: bool = False) -> None:
        self._state = state
        self._stream = sys.stderr if stream is None else stream
        self._console = Console(file=self._stream, highlight=False)
        self._draws = self._console.is_terminal and not self._console.is_dumb_terminal
        self._dark = quiet
        self._live: Live | None = None
        self._next: UtcNs = 0
        self._next_line: UtcNs | None = None
        self._told = 0
        """The number of the last piece of news that was told."""

    def __enter__(self) -> "Screen":
        if self._draws and not self._dark:
            # What a strategy prints goes above the screen instead of into it.
            self._live = Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop")
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        live, self._live = self._live, None
        if live is not None:
            try:
                live.stop()
            except OSError:
                # The terminal is gone.
                self._dark = True
        self._dark = True

    def draw(self, now: UtcNs | None = None) -> None:
        """Draw, or tell, if it is time to; `now` is the wall clock's unless told."""
        now = time.time_ns() if now is None else now
        if self._dark or now < self._next:
            return
        self._next = now + DRAWN_EVERY_NS
        try:
            if self._live is not None:
                self._paint(self._live, now)
            else:
                self._tell(now)
        except Exception as error:  # noqa: BLE001 a screen must not end a run that trades
            self._go_dark(error)

    def _paint(self, live: Live, now: UtcNs) -> None:
        snapshot = self._state.snapshot(max(0, self._told - _NEWS_SHOWN))
        if snapshot.news:
            self._told = snapshot.news[-1].number
        # As wide and high as it is now: terminals are resized.
        size = self._console.size
        live.update(render(snapshot, now, height=size.height, width=min(WIDTH, size.width)), refresh=True)

    def _tell(self, now: UtcNs) -> None:
        snapshot = self._state.snapshot(self._told)
        lines = news_lines(snapshot)
        if snapshot.news:
            self._told = snapshot.news[-1].number
        if self._next_line is None or now >= self._next_line:
            lines.append(status_line(snapshot, now))
            self._next_line = now + LINE_EVERY_NS
        if lines:
            self._stream.write("".join([f"{line}\n" for line in lines]))
            self._stream.flush()

    def _go_dark(self, error: Exception) -> None:
        self.__exit__(None, None, None)
        if isinstance(error, OSError):
            return
        try:
            self._stream.write(f"the status is not shown any more: {type(error).__name__}: {error}\n")
        except OSError:
            return
