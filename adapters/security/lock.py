"""One writer per account and per run folder: a lock that dies with its process, and a lease that only grows.

The operating system's lock decides: it is gone as soon as its process is, so that no pid has to be guessed at and a
crash leaves nothing to clear away. What stands in the file is for people (whose it is) and for fencing: the number of
the lease, larger with each take-over. The file is never removed; a lock on a removed file would keep nobody out.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import attrs

from adapters.errors import InputError
from adapters.security.private_files import make_private, private_folder

_RECORD_MAX: Final = 4_096
"""Bytes of what stands in a lock's file; it is always written at this length, so that none is ever half there."""
_NAME_MAX: Final = 180
_FAR: Final = 1 << 30
"""Windows keeps others from reading what is locked: there the lock is on a byte behind everything."""
_TRIES: Final = 5
_TRY_S: Final = 0.05


class LockedError(InputError):
    """Somebody else holds the lock. Its text names him: process and run folder."""


@attrs.frozen(kw_only=True)
class Holder:
    """Who holds a lock, or held it last."""

    pid: int
    run_folder: str
    lease: int


class FileLock:
    """The lock on one file. Held from `acquire` to `release`, to the end of `with`, or to the end of the process.

    Not inherited by programs that the process starts. A second one in the same process is refused like anybody else's.
    """

    def __init__(self, path: Path, what: str, run_folder: Path) -> None:
        self.path = path
        self.lease = 0
        """Of the present or last holding; 0 before the first. No earlier holder had one as large."""
        self._what = what
        self._run_folder = run_folder
        self._handle: int | None = None

    def acquire(self) -> int:
        """Take the lock, within a quarter of a second or not at all; returns the lease.

        LockedError when somebody holds it, InputError when the file cannot be private.
        """
        assert self._handle is None, f"{self.path} is locked already"
        make_private(self.path)
        handle = _open(self.path)
        try:
            if not _lock_soon(handle):
                raise LockedError(self._refusal(_read(handle)))  # noqa: TRY301
            before = _read(handle)
            if before is None:
                # A new file, or one that lost its content: the clock is ahead of every number that was counted up.
                self.lease = 1 if os.fstat(handle).st_size == 0 else int(time.time())
            else:
                self.lease = before.lease + 1
            _write(handle, Holder(pid=os.getpid(), run_folder=str(self._run_folder.absolute()), lease=self.lease))
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        return self.lease

    def release(self) -> None:
        """Give the lock back; nothing when it is not held."""
        if self._handle is not None:
            # Closing unlocks.
            os.close(self._handle)
            self._handle = None

    def is_held(self) -> bool:
        """Whether we hold it still, and on the file that others would meet. False: stop writing."""
        if self._handle is None:
            return False
        try:
            there = self.path.lstat()
        except OSError:
            return False
        holder = _read(self._handle)
        return os.path.samestat(there, os.fstat(self._handle)) and holder is not None and holder.lease == self.lease

    def holder(self) -> Holder | None:
        """Who holds it now, whoever that is; None when nobody does. InputError when the file is not readable."""
        try:
            handle = _open(self.path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"{self.path}: the lock cannot be read: {error.strerror}") from None
        try:
            if _lock(handle):
                return None
            return _read(handle) or Holder(pid=0, run_folder="", lease=0)
        finally:
            os.close(handle)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _refusal(self, holder: Holder | None) -> str:
        if holder is None:
            return f"{self._what} is in use by another process ({self.path})"
        return f"{self._what} is in use by process {holder.pid}, which runs in {holder.run_folder}; end that one first"


class AccountLock(FileLock):
    """The right to trade one account at one venue from this user's sessions on this machine.

    `venue` must tell venues apart that number their accounts alike: a loopback exchange is named with its port.
    """

    def __init__(self, locks: Path, venue: str, account: str, run_folder: Path) -> None:
        if not venue or not account:
            raise ValueError("a lock needs a venue and an account")
        private_folder(locks)
        name = f"{quote(venue, safe='')}@{quote(account, safe='')}"
        if len(name) > _NAME_MAX:
            name = hashlib.sha256(name.encode()).hexdigest()
        super().__init__(locks / f"{name}.lock", f"account {account} at {venue}", run_folder)


class RunLock(FileLock):
    """The right to write into one run folder, which it makes private."""

    def __init__(self, run_folder: Path) -> None:
        private_folder(run_folder)
        super().__init__(run_folder / "run.lock", f"the run folder {run_folder}", run_folder)


def locks_folder(variables: Mapping[str, str]) -> Path:
    """Where this user's locks are, whatever folder a run is in; `variables` are the environment's.

    InputError when the user has no home.
    """
    state = variables.get("LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME", "")
    # The standard says that what is not absolute is to be ignored.
    if state and Path(state).is_absolute():
        base = Path(state)
    else:
        try:
            base = Path.home() / ".local" / "state"
        except RuntimeError:
            raise InputError("there is no home folder for the locks on accounts: set XDG_STATE_HOME") from None
    return private_folder(private_folder(base / "openoutcry") / "locks")


def _open(path: Path) -> int:
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    return os.open(path, os.O_RDWR | flags)


def _lock(handle: int) -> bool:
    """Whether it is ours now."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl  # noqa: PLC0415 Windows has none

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_soon(handle: int) -> bool:
    """As `_lock`; who only looks whether a lock is held has it for a moment himself."""
    for _ in range(_TRIES):
        if _lock(handle):
            return True
        time.sleep(_TRY_S)
    return _lock(handle)


def _read(handle: int) -> Holder | None:
    """What stands in the file; None when it is empty or says nothing of use."""
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        found: Any = json.loads(os.read(handle, _RECORD_MAX))
        pid, run_folder, lease = found["pid"], found["run_folder"], found["lease"]
    except (ValueError, TypeError, KeyError):
        return None
    if not (type(pid) is int and type(run_folder) is str and type(lease) is int):
        return None
    return Holder(pid=pid, run_folder=run_folder, lease=lease)


def _write(handle: int, holder: Holder) -> None:
    text = json.dumps(attrs.asdict(holder)).encode()
    if len(text) >= _RECORD_MAX:
        text = json.dumps(attrs.asdict(attrs.evolve(holder, run_folder="a folder with a very long name"))).encode()
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, text.ljust(_RECORD_MAX - 1) + b"\n")
    os.fsync(handle)
