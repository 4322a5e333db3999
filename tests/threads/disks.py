"""A disk that takes nothing any more, under a trader: it goes to a safe state, and its cancels need no disk (F36).

The limit on the size of files is taken down from outside, so that every write fails from then on: journal, trace,
records, log. Then it is lifted and the same folder goes on.
"""

import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections import namedtuple
from contextlib import closing

from tests.system.commands import ROOT
from tests.system.live.agreement import assert_agree, summary
from tests.system.live.lives import Process, a_folder, a_strategy
from tests.system.live.venue import PATIENCE, until

_STRATEGIES = (a_strategy("Flipper", lots=3), a_strategy("Mixed"))
_BUSY_S = 5.0
"""So long the journal waits for a lock."""
Ended = namedtuple("Ended", "code words")


def a_full_disk(place, venue, bytes_max=1):
    """By a limit on files. Returns how the life ended on which the disk was full."""
    folder, config = a_folder(place, venue, *_STRATEGIES)

    def fills(process):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (bytes_max, resource.RLIM_INFINITY))

    ended = _stopped_trading(folder, config, venue, fills)
    _goes_on(folder, config, venue)
    return ended


def a_full_tmpfs(place, venue, megabytes=6):
    """By a small disk of memory that is filled up; who may not mount one is told by CalledProcessError."""
    with a_tmpfs(place / "disk", megabytes) as disk:
        folder, config = a_folder(disk, venue, *_STRATEGIES)
        filler = disk / "filler"

        def fills(_process):
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))

        ended = _stopped_trading(folder, config, venue, fills)
        filler.unlink()
        _goes_on(folder, config, venue)
        return ended


def a_read_only_disk(place, venue):
    """A run's folder on a disk that was made read-only since: its start fails, in words, and sends nothing."""
    with a_tmpfs(place / "disk", 64) as disk:
        folder, config = a_folder(disk, venue, *_STRATEGIES)
        with Process(folder, "--quiet", config=config) as process:
            process.until(lambda: len(venue.trades()) >= 4)
            process.signal(signal.SIGTERM)
            assert process.wait() == 143, process.said()
        posts = sum(venue.posts().values())
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True, capture_output=True)
        process = _started(folder, config)
        words = process.communicate(timeout=PATIENCE)[0]
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True, capture_output=True)
        assert process.returncode == 2, words
        assert sum(venue.posts().values()) == posts
        assert "Traceback" not in words, words
        _goes_on(folder, config, venue)
        return Ended(process.returncode, words)


def a_locked_journal(place, venue, seconds):
    """Somebody else holds the journal's write lock for so long (F35): orders wait, or trading is halted for good.

    Returns whether it was halted. Either way nothing is sent that is not in the journal.
    """
    folder, config = a_folder(place, venue, *_STRATEGIES)
    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: len(venue.trades()) >= 4 and venue.open_orders())
        with closing(sqlite3.connect(folder / "journal.sqlite", isolation_level=None, timeout=30.0)) as other:
            other.execute("BEGIN IMMEDIATE")
            # What had been written before it was locked is on its way.
            time.sleep(0.5)
            posts = sum(venue.posts().values())
            over = time.monotonic() + seconds - 0.5
            process.until(lambda: time.monotonic() > over)
            assert sum(venue.posts().values()) == posts, "an order was sent that could not be written"
            other.execute("ROLLBACK")
        trades = len(venue.trades())
        is_halted = seconds > _BUSY_S
        if is_halted:
            process.until(lambda: not venue.open_orders())
        else:
            process.until(lambda: len(venue.trades()) >= trades + 4)
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()
    assert_agree(folder, venue)
    assert (summary(folder)["halted"] is not None) == is_halted
    if is_halted:
        _goes_on(folder, config, venue)
    return is_halted


@contextlib.contextmanager
def a_tmpfs(place, megabytes):
    place.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(place)], check=True, capture_output=True
    )
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)


def _started(folder, config):
    """What it says goes through a pipe, which needs no disk."""
    return subprocess.Popen(
        [*(sys.executable, str(ROOT / "run.py"), "live"), *("--out", str(folder), "--config", str(config))],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, encoding="utf-8",
    )  # fmt: skip


def _stopped_trading(folder, config, venue, fills):
    """Its orders are cancelled, none is sent after that, and it says why it ends."""
    process = _started(folder, config)
    try:
        until(lambda: len(venue.trades()) >= 4 and venue.open_orders(), "it does not trade")
        fills(process)
        until(lambda: not venue.open_orders(), "its orders are still open")
        # What was on its way has arrived.
        time.sleep(0.5)
        posts = sum(venue.posts().values())
        time.sleep(1.0)
        assert sum(venue.posts().values()) == posts, "it goes on trading"
        assert not venue.open_orders()
        process.send_signal(signal.SIGTERM)
        words = process.communicate(timeout=PATIENCE)[0]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert process.returncode == 1, words
    assert "Traceback" not in words, words
    return Ended(process.returncode, words)


def _goes_on(folder, config, venue):
    """The disk is well again, somebody has looked, and account and venue agree."""
    trades = len(venue.trades())
    with Process(folder, "--quiet", "--resume", config=config) as process:
        process.until(lambda: len(venue.trades()) >= trades + 4)
        process.signal(signal.SIGTERM)
        assert process.wait() == 143, process.said()
    assert_agree(folder, venue)
    assert summary(folder)["live"]["adjustments"] == 0
