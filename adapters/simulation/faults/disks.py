"""What befalls the disk: it is full, or cannot be written; the power fails, and files end otherwise than they did.

What is promised without `sync = "full"`: a file is as it was at some commit, and the operating system may have lost the
last ones. Such a loss is of seconds here, as long as pages wait to be written. With it no commit of the order journal
is lost, and only what was not committed may be torn.
"""

import sqlite3
from typing import Final

from adapters.simulation.disk import Wal
from adapters.simulation.faults.fault import Fault

_ERRORS: Final = (
    "database or disk is full",
    "disk I/O error",
    "database is locked",
    "attempt to write a readonly database",
)


class CannotWrite(Fault):
    """A full disk, a read-only one, a broken one: for one write, or for seconds. On append, or on commit.

    A commit may have been done all the same.
    """

    code = "F36"
    what = "disk full, read-only or broken, on append and on commit"
    chance = 0.003
    _until = 0
    _name = ""
    _why = ""

    def before_write(self, name: str, statement: str) -> None:  # noqa: ARG002 any statement
        """Nothing of it is in the file."""
        self._fail(name)

    def after_write(self, name: str, statement: str) -> None:  # noqa: ARG002 any statement
        """All of it is, and nobody says so."""
        if self.strikes(self.chance / 3):
            raise sqlite3.OperationalError(f"disk I/O error on {name}")

    def opening(self, name: str) -> None:
        """It cannot be opened either."""
        if self._is_bad(name) and self.hits():
            raise sqlite3.OperationalError(self._why)

    def _fail(self, name: str) -> None:
        if self._is_bad(name):
            if not self.hits():
                return
        elif self.strikes():
            self._why = self.random.choice(_ERRORS)
            self._name = name if self.random.random() < 0.5 else ""
            self._until = self.weather.world.now + round(self.random.choice((0, 0, 2, 20, 90)) * 1e9)
        else:
            return
        raise sqlite3.OperationalError(self._why)

    def _is_bad(self, name: str) -> bool:
        return self.weather.world.now < self._until and self._name in ("", name)

    def calm(self) -> None:
        """There is room."""
        self._until = 0


class PowerLoss(Fault):
    """The machine goes off: commits of the last seconds are lost, a frame is torn, or a block of zeros follows."""

    code = "F38"
    what = "power loss: torn tail, short write, zero-filled block"
    every_s = 800.0
    _COMMITS_MAX: Final = 5

    def strike(self) -> None:
        """Everything at once."""
        self.weather.process.killed(self._left)

    def _left(self, name: str, wal: Wal) -> bytes:  # noqa: ARG002 both files
        """The log of a file: up to some commit, of synced ones the last, and then perhaps something that is none."""
        commits = [*wal.commits[-self._COMMITS_MAX - 1 :]]
        # What was put into the file itself was synced before that.
        loses = commits and not wal.is_checkpointed and self.random.random() < 0.7 and not wal.is_synced
        end = self.random.choice(commits) if loses else wal.end
        behind = wal.data[end : end + 24 + wal.page] or self.random.randbytes(24 + wal.page)
        torn = behind[: self.random.randrange(1, len(behind))]
        return wal.data[:end] + self.random.choice((b"", torn, bytes(512), bytes(24 + wal.page), torn + bytes(4096)))


FAULTS: Final[tuple[type[Fault], ...]] = (CannotWrite, PowerLoss)
