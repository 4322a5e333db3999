"""The loopback exchange as a process of its own, which outlives a trader that was killed: found again, or started.

Where it is and who we are there stands in `exchange.json` in the run's folder, which nobody else can read; its log in
`exchange.log`. The key comes over the pipe and goes into that file, and never into an argument or the environment; so
does that of a watchdog, into `watchdog.keys`.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from adapters.bitmex.credentials import VARIABLES, LoopbackKeys
from adapters.bitmex.environment import API, Loopback
from adapters.bitmex.sender import Sender
from adapters.errors import InputError
from adapters.security.private_files import open_private, write_private_atomically

STATE_FILE: Final = "exchange.json"
LOG_FILE: Final = "exchange.log"
WATCHDOG_KEYS: Final = "watchdog.keys"
"""The second pair of keys, as a file of keys has them."""
IDLE_S: Final = 120.0
"""So long it lives on without a client."""
_ASK_S: Final = 5.0
_KNOWN_S: Final = 15.0
"""So long we ask one that is there and does not answer: the machine may be busy."""
_TOLD_MAX: Final = 4_096
_FIELDS: Final[Mapping[str, type]] = {"pid": int, "port": int, "key": str, "secret": str, "seed": int, "market": str}

_started: list["subprocess.Popen[bytes]"] = []
"""Kept for good: a process object that is collected while its process runs says so."""

_RUN: Final = (
    "import sys; root = sys.argv.pop(1); root in sys.path or sys.path.insert(0, root); "
    "from adapters.cli import main; main()"
)


class ExchangeFailed(Exception):  # noqa: N818 as OutputError's kin: what it says is what happened
    """The loopback exchange did not start, or does not answer: says what is known. Exit code 1."""


@attrs.frozen(kw_only=True)
class ExchangeFound:
    """A running loopback exchange, and an account there."""

    environment: Loopback
    keys: LoopbackKeys
    account_id: int
    """The exchange's own number of the account."""
    note: str
    """What to tell the user."""
    pid: int
    is_new: bool
    process: "subprocess.Popen[bytes] | None" = attrs.field(default=None, repr=False)
    """Of one that was started here."""


def find_or_start(
    folder: Path,
    *,
    seed: int = 1,
    market: str = "generated",
    idle_s: float = IDLE_S,
    deadline_s: float = 30.0,
    second_key: str | None = None,
) -> ExchangeFound:
    """The exchange that a run in `folder` had, if it still knows us; else a new one, with a new account.

    `market` is `generated` or a file. `second_key`: a new one makes a watchdog's keys, which may `cancel` or `order`.
    ExchangeFailed when a new one does not say where it is within `deadline_s`, or an
    old one is there and does not answer; OSError when the folder cannot be written.
    """
    old = _read_state(folder / STATE_FILE)
    gone = ""
    if old is not None:
        account = _account_at(old)
        if account is not None:
            note = f"found the loopback exchange of this run again, on port {old['port']}"
            return _found(old, account, note, is_new=False)
        gone = f"the loopback exchange of this run (port {old['port']}) is gone, and the account there with it: "
    market = market if market == "generated" else str(Path(market).absolute())
    options = {"--port": 0, "--seed": seed, "--market": market, "--idle-seconds": idle_s}
    if second_key is not None:
        options["--second-key"] = second_key
    process, state = _start(folder, options, deadline_s)
    write_private_atomically(folder / STATE_FILE, json.dumps(state) + "\n")
    account = _account_at(state)
    if account is None:
        raise ExchangeFailed(f"the loopback exchange on port {state['port']} has ended again{_log_tail(folder)}")
    note = f"{gone}started a loopback exchange on port {state['port']}, which ends {idle_s:g} s after its last client"
    return _found(state, account, note, is_new=True, process=process)


def _found(
    state: Mapping[str, Any],
    account: int,
    note: str,
    *,
    is_new: bool,
    process: "subprocess.Popen[bytes] | None" = None,
) -> ExchangeFound:
    return ExchangeFound(
        environment=Loopback(port=state["port"]),
        keys=LoopbackKeys(state["key"], state["secret"]),
        account_id=account,
        note=note,
        pid=state["pid"],
        is_new=is_new,
        process=process,
    )


def our_command(*arguments: str) -> list[str]:
    """What runs this program with other arguments.

    The package that runs us must also run it, from wherever we were started; an installed package is found as it is.
    """
    return [sys.executable, "-P", "-c", _RUN, str(Path(__file__).resolve().parents[2]), *arguments]


# The one that is there.


def _account_at(state: Mapping[str, Any]) -> int | None:
    """Our account's number at that exchange; None where nobody listens, or somebody who does not know us."""
    keys = LoopbackKeys(state["key"], state["secret"])
    sender = Sender(Loopback(port=state["port"]).rest, keys, timeout_s=_ASK_S)
    until = time.monotonic() + _KNOWN_S
    try:
        while True:
            answer = sender.send("GET", f"{API}/user", "")
            if answer.status == 200:
                return _number(answer.body)
            # Nobody listens there, or nobody who speaks HTTP, or who knows these keys; else it may be slow or busy.
            if not answer.reached or answer.status not in (None, 429, 503):
                return None
            if time.monotonic() > until:
                raise ExchangeFailed(f"the loopback exchange on port {state['port']} does not answer; is it stopped?")
            time.sleep(0.2)
    finally:
        sender.close()


def _number(body: str) -> int | None:
    try:
        number = json.loads(body)["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return number if type(number) is int else None


# A new one.


def _start(
    folder: Path, options: Mapping[str, object], deadline_s: float
) -> tuple["subprocess.Popen[bytes]", dict[str, Any]]:
    arguments = [str(each) for option in options.items() for each in option]
    with open_private(folder / LOG_FILE) as log:
        process = subprocess.Popen(  # noqa: S603 our own program, and arguments that are ours or a file's name
            our_command("exchange", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env={name: value for name, value in os.environ.items() if name not in VARIABLES["loopback"]},
            # Ctrl-C in our terminal is not meant for it, and neither is the end of our session.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    _started.append(process)
    line = _first_line(process, deadline_s)
    try:
        told = json.loads(line)
        state = {"pid": process.pid, **{name: told[name] for name in ("port", "key", "secret")}}
        state |= {name: options[f"--{name}"] for name in ("seed", "market")}
        if "--second-key" in options:
            _keep_second(folder, told["second_key"], told["second_secret"])
    except (ValueError, KeyError, TypeError):
        process.kill()
        process.wait()
        why = "said nothing" if not line else "said something else than where it is"
        message = f"the loopback exchange {why} within {deadline_s:g} s{_log_tail(folder)}"
        raise ExchangeFailed(message) from None
    return process, state


def _keep_second(folder: Path, key: str, secret: str) -> None:
    """For the watchdog, which reads its keys itself."""
    text = "".join(
        [f"{name} = {json.dumps(value)}\n" for name, value in (("venue", "loopback"), ("key", key), ("secret", secret))]
    )
    write_private_atomically(folder / WATCHDOG_KEYS, text)


def _first_line(process: "subprocess.Popen[bytes]", deadline_s: float) -> bytes:
    """What it says first; empty when it says nothing in time."""
    assert process.stdout is not None
    stdout, said = process.stdout, [b""]

    def read() -> None:
        # Ends when the pipe does, however slowly the other side speaks. OSError, ValueError: closed meanwhile.
        with contextlib.suppress(OSError, ValueError):
            said[0] = stdout.readline(_TOLD_MAX)

    reader = threading.Thread(target=read, name="exchange-first-line", daemon=True)
    reader.start()
    reader.join(deadline_s)
    in_time = not reader.is_alive()
    if not in_time:
        # The pipe's other end goes with it, and so the reader ends.
        process.kill()
        reader.join()
    stdout.close()
    return said[0] if in_time else b""


def _log_tail(folder: Path) -> str:
    try:
        lines = (folder / LOG_FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return f"; {LOG_FILE} ends with: {lines[-1]}" if lines else ""


# What is kept.


def _read_state(path: Path) -> dict[str, Any] | None:
    """What was kept; None where there is nothing, or nothing sound."""
    try:
        state = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(state, dict) or any(type(state.get(name)) is not kind for name, kind in _FIELDS.items()):
        return None
    try:
        Loopback(port=state["port"]), LoopbackKeys(state["key"], state["secret"])
    except (InputError, ValueError):
        return None
    return state
