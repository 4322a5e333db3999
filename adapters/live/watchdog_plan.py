"""Whether a run is watched by a second process, and what that is to do: settled before anything is traded.

Its keys are looked at here, once, as the account's own are: they must be of the same account and may not withdraw. From
then on the watchdog reads them itself, from their file, and nothing of them goes from here to there.
"""

import os
import time
from pathlib import Path
from typing import Final

import attrs
from loguru import logger

from adapters.bitmex.client import RestClient
from adapters.bitmex.credentials import keys_from_file
from adapters.configuration import LiveSection
from adapters.errors import InputError
from adapters.live.exchange_process import WATCHDOG_KEYS
from adapters.live.venue import KeyGuard, Venue
from adapters.security.lock import FileLock
from adapters.watchdog.record import LOCK_FILE, read_act
from messages import NS_PER_SECOND, Period

BEATS: Final = 6
"""Heartbeats in the silence that ends a run: some may be lost, when an actor is started again."""
_EVERY: Final = 5 * NS_PER_SECOND
_PREDECESSOR_S: Final = 30.0
"""So long a watchdog of an earlier life may go on with what it is at."""
_LOOK_S: Final = 0.2


@attrs.frozen(kw_only=True)
class WatchdogPlan:
    """What the second process is to be."""

    keys: Path
    silence_s: int
    flatten: bool
    restart: bool
    halts_when_lost: bool

    @property
    def heartbeat_every(self) -> Period:
        """So often the gateway sends a heartbeat off."""
        return min(_EVERY, self.silence_s * NS_PER_SECOND // BEATS)


def watchdog_plan(
    live: LiveSection, venue: Venue, folder: Path, guard: KeyGuard
) -> tuple[WatchdogPlan | None, tuple[str, ...]]:
    """The plan, if there is to be a watchdog, and notes. InputError and VenueError as for the account's own keys."""
    if live.watchdog is False or venue.is_paper:
        return None, ()
    path = folder / WATCHDOG_KEYS if live.watchdog_keys is None else Path(live.watchdog_keys)
    if live.watchdog_keys is None and (live.venue != "loopback" or not path.exists()):
        if live.watchdog:
            raise InputError(f"{path}: this loopback exchange has made no keys for a watchdog; start in another folder")
        return None, ("no watchdog: it has no keys of its own (watchdog_keys)",) if live.venue != "loopback" else ()
    if os.name != "posix":
        if live.watchdog:
            raise InputError("live.watchdog: a watchdog ends the run as POSIX has it, and this system is none")
        return None, ("no watchdog: this system is not POSIX",)
    notes = _checked(path, venue, guard, flatten=live.watchdog_flatten)
    plan = WatchdogPlan(
        keys=path.absolute(),
        silence_s=live.watchdog_silence_s,
        flatten=live.watchdog_flatten,
        restart=live.watchdog_restart == "once",
        halts_when_lost=live.watchdog_lost == "halt",
    )
    return plan, notes


def _checked(path: Path, venue: Venue, guard: KeyGuard, *, flatten: bool) -> tuple[str, ...]:
    keys = keys_from_file(path)
    guard(keys.conceal)
    with RestClient(venue.environment, keys) as client:
        number = client.account_number()
        if number != venue.account_id:
            raise InputError(f"{path}: these keys are of the account {number}, and {venue.account_id} is traded")
        client.require_no_withdrawals()
        permissions = client.permissions()
    if not permissions & {"order", "orderCancel"}:
        raise InputError(f"{path}: these keys may not cancel orders, which is what a watchdog is for")
    if flatten and "order" not in permissions:
        raise InputError(f"{path}: these keys may cancel and not order: no position can be closed (watchdog_flatten)")
    if not flatten and "order" in permissions:
        return ("the watchdog's keys may order; such as may only cancel are enough",)
    return ()


def await_predecessor(folder: Path, patience_s: float = _PREDECESSOR_S) -> None:
    """Wait until a watchdog of an earlier life has done what it is at: it cancels every order of the account.

    InputError when it does not come to an end.
    """
    if not (folder / LOCK_FILE).exists():
        return
    lock, until = FileLock(folder / LOCK_FILE, "the watchdog", folder), time.monotonic() + patience_s
    is_said = False
    while (holder := lock.holder()) is not None:
        if time.monotonic() >= until:
            raise InputError(
                f"{folder}: the watchdog of an earlier life (process {holder.pid}) still takes its orders back; wait, "
                "or end it with SIGTERM"
            )
        if not is_said:
            is_said = True
            logger.warning(f"waiting for the watchdog of an earlier life, process {holder.pid}")
        time.sleep(_LOOK_S)


def told_by_predecessor(folder: Path, life: int) -> str | None:
    """What a watchdog did about the life before this one, for the report; None where it had nothing to do."""
    act = read_act(str(folder))
    return None if act is None or act.life != life - 1 else act.words
