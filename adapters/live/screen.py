"""The status of a live run on stderr: a screen on a terminal, lines elsewhere, nothing where nobody asked for it.

It has no thread: whoever waits for signals calls `draw` as often as it likes, and it draws as often as an eye wants it.
A screen that cannot draw goes dark and says so; it never ends the run. Nor does it hold it up: who calls `draw` also
has to stop the run when it is asked to, and a terminal that was stopped (Ctrl-S) or a pipe that nobody reads takes
nothing. Then nothing is written, until it is read again.
"""

import select
import sys
import time
from collections import deque
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
_LINES_MAX: Final = 500
"""So many wait for somebody who does not read; what is older than these is in the run's files."""
_PIECE: Final = 2_000
"""Characters in one go: what a pipe takes whole once it takes anything."""


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
        self._lines: deque[str] = deque(maxlen=_LINES_MAX)
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
        if live is not None and self._takes_more():
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
            if self._live is None:
                self._tell(now)
            elif self._takes_more():
                self._paint(self._live, now)
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
        self._lines += lines
        while self._lines and self._takes_more():
            piece = ""
            while self._lines and len(piece) < _PIECE:
                piece += f"{self._lines.popleft()}\n"
            self._stream.write(piece)
            self._stream.flush()

    def _takes_more(self) -> bool:
        """Whether a write would come back at once, as far as this machine can tell."""
        try:
            poll = select.poll()
            poll.register(self._stream.fileno(), select.POLLOUT)
        except (AttributeError, OSError, ValueError):
            # A stream that is no file, or a machine without it.
            return True
        return bool(poll.poll(0))

    def _go_dark(self, error: Exception) -> None:
        self.__exit__(None, None, None)
        if isinstance(error, OSError):
            return
        try:
            self._stream.write(f"the status is not shown any more: {type(error).__name__}: {error}\n")
        except OSError:
            return
