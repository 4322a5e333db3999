"""What a watchdog leaves in the run's folder: `watchdog.log` for people, `watchdog.json` for the next life.

Whatever cannot be written is left out: a full disk must not keep orders from being cancelled.
"""

import contextlib
import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Any, Final

from adapters.watchdog.words import one_line

LOG_FILE: Final = "watchdog.log"
ACT_FILE: Final = "watchdog.json"
LOCK_FILE: Final = "watchdog.lock"
"""Held while there is a watchdog of the run."""
STACKS_FILE: Final = "stacks.txt"
"""Where a trader that is asked for them writes what each of its threads was doing."""
_ACT_MAX: Final = 65_536


class Log:
    """Lines with the time, appended. Never raises."""

    def __init__(self, folder: str) -> None:
        self._handle: int | None = None
        with contextlib.suppress(OSError):
            self._handle = os.open(
                Path(folder, LOG_FILE),
                os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
                0o600,
            )

    def say(self, text: str) -> None:
        """One line."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.write(self._handle, f"{utc_now()} [{os.getpid()}] {one_line(text, 1_000)}\n".encode())


def utc_now() -> str:
    """`2026-01-02T03:04:05.678Z`."""
    now = time.time_ns()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now // 10**9))}.{now // 10**6 % 1_000:03}Z"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Act:
    """What a watchdog has done about a life."""

    life: int
    trader: int
    """The process."""
    verdict: str
    reason: str
    began: str
    ended: str = ""
    """Empty: it is not done, or was ended itself."""
    killed: bool = False
    cancelled: int = 0
    """Orders."""
    closes: int = 0
    """Orders that were sent to close a position."""
    is_clean: bool = False
    """The venue has said that nothing is left."""
    failure: str = ""
    """Why it was given up."""
    restarted: bool = False

    @property
    def words(self) -> str:
        """For a person, without a full stop."""
        what = "ended the run" if self.killed else "looked after the orders of the run"
        closed = f", {self.closes} sent to close positions" if self.closes else ""
        left = "nothing is left open at the venue" if self.is_clean else self.failure or "it did not come to its end"
        return f"the watchdog {what} at {self.began} ({self.reason}): {self.cancelled} orders cancelled{closed}; {left}"


def write_act(folder: str, act: Act) -> str:
    """Into the folder, whole or not at all; returns why it could not be, or ""."""
    path = Path(folder, ACT_FILE)
    partial = path.with_name(f".{ACT_FILE}.{os.getpid()}.partial")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(dataclasses.asdict(act)) + "\n")
            file.flush()
            os.fsync(handle)
        partial.replace(path)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def read_act(folder: str) -> Act | None:
    """What the last watchdog that had to act did; None where none had to, or nothing sound is there."""
    try:
        with Path(folder, ACT_FILE).open("rb") as file:
            told: Any = json.loads(file.read(_ACT_MAX))
        act = Act(**told)
    except (OSError, ValueError, TypeError):
        return None
    return act if all(type(getattr(act, field.name)) is field.type for field in dataclasses.fields(act)) else None
