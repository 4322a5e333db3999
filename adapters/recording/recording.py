"""What is taken at the tap goes into live segments: batches, the day's change, failures, and what was lost.

One batch is one transaction: what was written stays, whatever happens to the process. A batch that could not be written
is kept and is what the next attempt begins with; meanwhile others wait at the tap, which has a bound.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from loguru import logger

from adapters.errors import InputError
from adapters.recording.claims import Claims
from adapters.recording.roller import Roller
from adapters.recording.room import require_room
from adapters.recording.tap import RecordingTap, Taken, series_of
from adapters.security.lock import LockedError
from adapters.store.kinds import Kind
from adapters.store.names import day_of
from adapters.store.packing import pack
from adapters.store.reading import LIVE
from adapters.store.rows import rows_of
from adapters.store.segment import Series
from adapters.store.segment_writer import NewPiece, SegmentWriter
from adapters.store.writing import by_day
from messages import Message, UtcNs

BATCH_ITEMS: Final = 20_000
"""So many items are a batch, whatever the time."""
_BATCHES_AT_ONCE: Final = 10
_WAIT_S: Final = 1.0
_CLOSE_S: Final = 10.0
_Pieces = list[NewPiece]


class Recording:
    """A run's recording into one store. It outlives the actors that write; one writes at a time.

    `busy_s`: so long a locked file is waited for. `claims`: of what is recorded; None claims nothing.
    `reserve`: bytes that are left free on the disk, to others who need them more.
    """

    def __init__(
        self,
        root: Path,
        tap: RecordingTap,
        *,
        roller: Roller | None = None,
        busy_s: float = 1.0,
        claims: Claims | None = None,
        reserve: int = 0,
    ) -> None:
        self.root, self.tap = root, tap
        self.roller = roller or Roller(root)
        self._claims, self._reserve = claims, reserve
        self._others_record = False
        self.written = 0
        """Items."""
        self.lost = 0
        """Items that were not kept, since the beginning."""
        self.failure = ""
        """Why the last attempt to write failed; empty when it did not."""
        self.stopped_lost: int | None = None
        """Items lost since it was said that recording stopped; None: it has not been said, or has gone on since.

        It stands here because whoever says it may be restarted in between.
        """
        self._busy_s = busy_s
        self._writing = threading.Lock()
        self._writer: SegmentWriter | None = None
        self._pending: tuple[int, _Pieces] | None = None

    def write(self, now: UtcNs) -> bool:
        """Write what waits, several batches if need be; True when there is more. `failure` says what went wrong."""
        if not self._writing.acquire(timeout=_WAIT_S):
            self.failure = "a write hangs"
            return False
        try:
            self._turn_day(now)
            if self._reserve:
                require_room(self.root, self._reserve)
            for _ in range(_BATCHES_AT_ONCE):
                if not self._write_batch(now):
                    return False
        except (sqlite3.Error, OSError, InputError) as error:
            self._failed(error)
            return False
        else:
            return True
        finally:
            self._writing.release()

    def take_lost(self) -> int:
        """How many items were lost since the last call; they are counted in `lost`."""
        lost = self.tap.take_lost()
        self.lost += lost
        return lost

    def close(self, now: UtcNs) -> None:
        """After everything has stopped: write what is left, and leave the segment to be rolled.

        What cannot be written is lost, and counted.
        """
        while self.write(now):
            pass
        if self.failure:
            left = self._pending[0] if self._pending else 0
            while (taken := self.tap.take(BATCH_ITEMS)) is not None:
                left += len(taken.items)
            self.lost += left
        self.take_lost()
        if self._writing.acquire(timeout=_CLOSE_S):
            self._leave_segment()
            self._writing.release()
        if self._claims is not None:
            self._claims.release()
        self.roller.close()

    # Inside.

    def _write_batch(self, now: UtcNs) -> bool:
        """Whether there was one."""
        if self._claims is not None and self._writer is None and not self._claims.are_held:
            self._claim(self._claims)
        if self._pending is None:
            taken = self.tap.take(BATCH_ITEMS)
            if taken is None:
                self.failure = ""
                return False
            self._pending = len(taken.items), list(self._pieces(taken))
        if self._writer is None:
            self._writer = SegmentWriter(self.root / LIVE, started=now, busy_s=self._busy_s)
        count, pieces = self._pending
        self._writer.write(pieces)
        self.written += count
        self._pending = None
        self.failure = ""
        return True

    def _claim(self, claims: Claims) -> None:
        """LockedError when somebody else records the same: it is there once, and what waits here is forgotten.

        So is what waits when he has ended, for he may have had it.
        """
        try:
            claims.take()
        except LockedError:
            self._others_record = True
            self.tap.forget()
            raise
        if self._others_record:
            self._others_record = False
            self.tap.forget()

    def _turn_day(self, now: UtcNs) -> None:
        """A day's segment ends with it, once nothing of it is unwritten."""
        if self._writer is not None and self._writer.day != day_of(now) and self._pending is None:
            self._leave_segment()
        self.roller.look(now)

    def _leave_segment(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except sqlite3.Error as error:
                logger.warning(f"{writer.path}: {error}")

    def _failed(self, error: Exception) -> None:
        self.failure = str(error) or type(error).__name__
        # A full disk may have kept a commit, which only its own connection knows; a file that is gone or broken is
        # left, and another begun.
        if not isinstance(error, sqlite3.OperationalError):
            self._leave_segment()

    def _pieces(self, taken: Taken) -> Iterator[NewPiece]:
        # What items are the same series is told by less than the series, which takes longer to make than to look up.
        groups: dict[tuple[Any, ...], list[Message]] = {}
        for venue, message in taken.items:
            name = getattr(message, "symbol", None) or getattr(message, "source", None)
            key = (venue, message.__class__, name, getattr(message, "period", None), getattr(message, "name", None))
            group = groups.get(key)
            if group is None:
                groups[key] = [message]
            else:
                group.append(message)
        for (venue, *_), messages in groups.items():
            series = series_of(venue, messages[0])
            try:
                yield from _packed(series, messages)
            except (ValueError, TypeError, OverflowError):
                yield from self._one_by_one(series, messages)

    def _one_by_one(self, series: Series, messages: Iterable[Message]) -> Iterator[NewPiece]:
        """What no file could hold is no reason to lose the others."""
        for message in messages:
            try:
                yield from list(_packed(series, [message]))
            except (ValueError, TypeError, OverflowError) as error:
                self.lost += 1
                logger.warning(f"not recorded: {message!r}: {error}")


def _packed(series: Series, messages: list[Message]) -> list[NewPiece]:
    kind: Kind = series.kind
    pieces = []
    for day, rows in by_day(kind, rows_of(kind, messages)):
        received = rows["received"]
        pieces.append(NewPiece(series, day, int(received.min()), int(received.max()), pack(kind, rows)))
    return pieces
