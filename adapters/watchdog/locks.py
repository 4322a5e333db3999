"""Locks as `adapters.security.lock` has them, by the standard library: held to the end of the process.

A watchdog holds one on its run, so that no next life begins while it still cancels; and, once the trader is gone, the
account's, so that nobody else's orders are cancelled with it.
"""

import fcntl
import json
import os
from typing import Final

_RECORD: Final = 4_096
"""Bytes of what stands in a lock's file, as its other users have it."""


def hold(path: str, folder: str) -> bool:
    """Take the lock, at once, and write whose it is; whether it is ours now. OSError when there can be none."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    _sign(handle, folder)
    # The handle is left open: the lock goes with the process.
    return True


def _sign(handle: int, folder: str) -> None:
    """The lease stays what it is: it counts those who trade."""
    lease = 0
    try:
        told = json.loads(os.read(handle, _RECORD))
        lease = told["lease"] if type(told["lease"]) is int else 0
    except (ValueError, TypeError, KeyError):
        pass
    record = json.dumps({"pid": os.getpid(), "run_folder": folder, "lease": lease}).encode()
    if len(record) < _RECORD:
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, record.ljust(_RECORD - 1) + b"\n")
