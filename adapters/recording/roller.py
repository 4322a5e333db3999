"""Days that are over are rolled in a process of their own, so that nothing in a run waits for it."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from loguru import logger

from adapters.errors import InputError, OutputError
from adapters.recording.room import require_room
from adapters.store.names import day_name, day_number, day_of
from adapters.store.reading import LIVE
from adapters.store.segment import segment_paths
from adapters.store.store import Store
from messages import UtcNs

_LAST_S: Final = 2.0
# The package that runs us must also run it, from wherever we were started; an installed package is found as it is.
_ROLL: Final = (
    "import sys; root = sys.argv.pop(1); root in sys.path or sys.path.insert(0, root); "
    "from adapters.recording.roller import main; sys.exit(main())"
)


class Roller:
    """Looks once a day, and at the beginning, for segments of days that are over.

    `reserve`: bytes that are left free on the disk; without room for more than that nothing is rolled.
    """

    def __init__(self, root: Path, *, reserve: int = 0) -> None:
        self._root, self._reserve = root, reserve
        self._looked: int | None = None
        self._process: subprocess.Popen[str] | None = None

    def look(self, now: UtcNs) -> None:
        """Begin a rolling if there is something to roll; say how the last one ended."""
        self._end()
        today = day_of(now)
        if self._looked == today or self._process is not None:
            return
        self._looked = today
        over = [path for path in segment_paths(self._root / LIVE) if _begun_before(path, today)]
        if not over:
            return
        try:
            if self._reserve:
                # Files are smaller than segments, and these go when those are there.
                require_room(self._root, self._reserve + sum(_size(path) for path in over))
            self._process = self._begun(day_name(today))
        except OSError as error:
            logger.warning(f"{self._root}: not rolled: {error.strerror or error}")

    def _begun(self, today: str) -> "subprocess.Popen[str]":
        program = str(Path(__file__).resolve().parents[2])
        return subprocess.Popen(  # noqa: S603 our own program, and arguments that are ours
            [sys.executable, "-P", "-c", _ROLL, program, str(self._root), today],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # Ctrl-C is for the run.
            start_new_session=True,
        )

    def close(self) -> None:
        """The run ends: a rolling that is not done soon is stopped, and done again at another time."""
        if self._process is not None:
            try:
                self._process.wait(_LAST_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
                self._process = None
                logger.info(f"{self._root}: the rolling was stopped with the run; the next start does it")
                return
            self._end()

    def _end(self) -> None:
        process = self._process
        if process is None or process.poll() is None:
            return
        _, said = process.communicate()
        if process.returncode:
            logger.warning(f"{self._root}: not rolled: {said.strip() or process.returncode}")
        self._process = None


def _begun_before(segment: Path, today: int) -> bool:
    day = day_number(segment.stem[:10])
    return day is not None and day < today


def _size(segment: Path) -> int:
    """Bytes, of what a killed writer left beside it too; what somebody has rolled meanwhile has none."""
    size = 0
    for path in (segment, segment.with_name(f"{segment.name}-wal")):
        with suppress(FileNotFoundError):
            size += path.stat().st_size
    return size


def main() -> int:
    """The process: the store's folder and the first day that is not over, from its arguments."""
    if hasattr(os, "nice"):
        os.nice(10)
    root, today = sys.argv[1:]
    try:
        Store(root).roll(until_day=today)
    except (InputError, OutputError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
