"""Who records what into a store: a series has one recorder at a time, or every trade would be there twice.

A claim is a lock that dies with its process. Where a lock cannot be had for another reason than that somebody holds it,
as in a folder of another user's, nothing is claimed: recording unclaimed is better than none.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from adapters.errors import InputError
from adapters.security.lock import FileLock, LockedError
from adapters.store.names import folder_of
from adapters.store.reading import LIVE
from messages import Symbol


class Claims:
    """The right to record these (venue, symbol) into the store `root`, from `take` to `release`.

    `folder` is the run's.
    """

    def __init__(self, root: Path, series: Iterable[tuple[str, Symbol]], folder: Path) -> None:
        self._live = root / LIVE
        self._locks = [
            FileLock(
                self._live / f"{folder_of(venue)}.{folder_of(symbol)}.recorder",
                f"the recording of {symbol} at {venue} into {root}",
                folder,
            )
            for venue, symbol in series
        ]
        self._held: list[FileLock] = []

    @property
    def are_held(self) -> bool:
        """Whether all of them are ours."""
        return len(self._held) == len(self._locks)

    def take(self) -> None:
        """Take all that can be had; LockedError, and none is taken, when somebody else records one of them."""
        self.release()
        with suppress(OSError):
            self._live.mkdir(parents=True, exist_ok=True)
        for lock in self._locks:
            try:
                lock.acquire()
            except LockedError:
                self.release()
                raise
            except (InputError, OSError):
                continue
            self._held.append(lock)

    def release(self) -> None:
        """Others may record them."""
        for lock in self._held:
            lock.release()
        self._held.clear()
