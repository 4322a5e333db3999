"""The process that is watched: whether it lives, what it says, its stacks, its end. It is the one that started us."""

import os
import select
import signal
import time
from pathlib import Path
from typing import Final

from adapters.watchdog.words import Lines

_READ: Final = 65_536
_STACKS_S: Final = 1.0
"""So long it may take to write its stacks."""
_DEATH_S: Final = 10.0
"""So long the system may take to end it."""
_STEP_S: Final = 0.02


class Trader:
    """Our parent. `incoming` is the pipe that it writes to, and is set not to block."""

    def __init__(self, pid: int, incoming: int) -> None:
        self.pid = pid
        self._incoming: int | None = incoming
        self._lines = Lines()
        self._poll = select.poll()
        os.set_blocking(incoming, False)
        self._poll.register(incoming, select.POLLIN)

    def lives(self) -> bool:
        """Whoever dies is our parent no more, whether somebody has waited for it or not: no number can be mistaken."""
        return os.getppid() == self.pid

    @property
    def is_traced(self) -> bool:
        """Whether a debugger holds it, as far as the system tells."""
        return self._status("TracerPid:") not in ("", "0")

    @property
    def state(self) -> str:
        """Such as `T (stopped)`; "" where the system does not tell."""
        return self._status("State:")

    def _status(self, name: str) -> str:
        try:
            text = Path(f"/proc/{self.pid}/status").read_text("utf-8", "replace")
        except OSError:
            return ""
        return next((line[len(name) :].strip() for line in text.splitlines() if line.startswith(name)), "")

    def wait(self, seconds: float) -> None:
        """Until it says something, or for so long."""
        if self._incoming is None:
            time.sleep(seconds)
        else:
            self._poll.poll(seconds * 1_000)

    def said(self) -> tuple[list[tuple[str, str]], bool]:
        """What it has said by now, and whether its end of the pipe is closed."""
        told: list[tuple[str, str]] = []
        while self._incoming is not None:
            try:
                data = os.read(self._incoming, _READ)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self._poll.unregister(self._incoming)
                self._incoming = None
            told += self._lines.take(data)
        return told, self._incoming is None

    def write_stacks(self, number: int, file: Path) -> str:
        """Have it write what its threads are doing, which it can while it hangs; returns what came of it, in words."""
        if not number:
            return "it does not write its stacks"
        before = size = _size(file)
        if not self.lives():
            return "it was gone before its stacks could be asked for"
        try:
            os.kill(self.pid, number)
        except OSError as error:
            return f"no stacks: {error.strerror}"
        ends = time.monotonic() + _STACKS_S
        while time.monotonic() < ends:
            time.sleep(_STEP_S)
            last, size = size, _size(file)
            if size > before and size == last:
                break
        return f"its stacks are in {file.name}" if size > before else f"it wrote no stacks, state {self.state or '?'}"

    def kill(self) -> str:
        """End it, whatever it is doing; returns what came of it, in words."""
        if not self.lives():
            return "it was gone by itself"
        try:
            os.kill(self.pid, signal.SIGKILL)
        except OSError as error:
            return f"it cannot be ended: {error.strerror}"
        ends = time.monotonic() + _DEATH_S
        while self.lives():
            if time.monotonic() >= ends:
                return f"it is not gone {_DEATH_S:g} s after SIGKILL, state {self.state or '?'}"
            time.sleep(_STEP_S / 10)
        return "it was ended by SIGKILL"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
