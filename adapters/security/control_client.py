"""Asks a running trader, through the control endpoint of its run folder, to halt or to say how it is."""

import contextlib
import http.client
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from adapters.errors import InputError
from adapters.security.control import CONTROL_FILE, HOSTS, LOCK_FILE
from adapters.security.control_rules import MARK
from adapters.security.lock import FileLock
from adapters.security.private_files import read_private
from adapters.security.tokens import CONTROL_FILE as CONTROL_TOKEN_FILE
from adapters.security.tokens import STATUS_FILE, read_token

TIMEOUT_S: Final = 10.0
_NOT_FLATTENED: Final = (
    "it does not flatten: it is halted, and a halted run sends no order. Its positions are as they were; end it and "
    "start it again with --resume --on-stop flatten and a short --for, or close them at the venue"
)
_AGAIN_S: Final = 0.2
_FILE_MAX: Final = 4_096
_ANSWER_MAX: Final = 4_194_304


class ControlError(Exception):
    """The run is there, or was, and did not do what was asked: says why, and what is left to do. Exit code 1."""


@attrs.frozen
class _Place:
    """Where a run listens."""

    host: str
    port: int
    pid: int


def halt(folder: Path, reason: str, *, flatten: bool = False, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Halt the run in this folder; returns what it says it did.

    InputError when no run is or ever was there, or its token cannot be read; ControlError when it is not alive, does
    not answer, or refuses.
    """
    body = json.dumps({"reason": reason, "flatten": flatten})
    return _ask(folder, "POST", "/halt", token_file=CONTROL_TOKEN_FILE, body=body, timeout_s=timeout_s)


def status(folder: Path, *, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """How the run in this folder is; errors as of `halt`."""
    return _ask(folder, "GET", "/status", token_file=STATUS_FILE, body=None, timeout_s=timeout_s)


def halt_command(folder: Path, reason: str, *, flatten: bool = False, as_json: bool = False) -> int:
    """`run.py halt RUN_DIR`: say what came of it; returns the exit code. InputError as of `halt`."""
    try:
        done = halt(folder, reason, flatten=flatten)
    except ControlError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    # What it says it does, which is not always what was asked for.
    flattens = done.get("flatten", flatten) is True
    _show(f"halted {folder}" + (", flattening" if flattens else ""), done, as_json=as_json)
    if flatten and not flattens:
        sys.stderr.write(f"{folder}: {_NOT_FLATTENED}\n")
        return 1
    return 0


def status_command(folder: Path, *, as_json: bool = False) -> int:
    """`run.py status RUN_DIR`: say how it is; returns the exit code. InputError as of `status`."""
    try:
        found = status(folder)
    except ControlError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _show(f"{folder} is running", found, as_json=as_json)
    return 0


def _show(title: str, found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    sys.stdout.write("\n".join([title, *_lines(found, "  ")]) + "\n")


def _lines(found: Mapping[str, Any], indent: str) -> Iterator[str]:
    """One line for each value, and for each row of a list."""
    for name, value in found.items():
        if isinstance(value, list):
            yield f"{indent}{name}{'' if value else ': none'}"
            for row in value:
                told = row.items() if isinstance(row, dict) else (("", row),)
                words = [f"{key} {_word(each)}".strip() for key, each in told if each not in (None, "")]
                yield f"{indent}  {', '.join(words)}"
        elif isinstance(value, dict):
            words = [f"{key} {_word(each)}" for key, each in value.items()]
            yield f"{indent}{name}: {', '.join(words)}"
        else:
            yield f"{indent}{name}: {_word(value)}"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _ask(folder: Path, verb: str, path: str, *, token_file: str, body: str | None, timeout_s: float) -> dict[str, Any]:
    place = _place(folder)
    headers = {"authorization": f"Bearer {read_token(folder / token_file)}", MARK: "1"}
    if body is not None:
        headers["content-type"] = "application/json"
    until = time.monotonic() + timeout_s
    while True:
        try:
            with _connected(place, max(_AGAIN_S, until - time.monotonic())) as connection:
                connection.request(verb, path, body, headers)
                code, answer = _answer(connection.getresponse())
            break
        except TimeoutError:
            raise ControlError(_silent(folder, place)) from None
        except (OSError, http.client.HTTPException) as error:
            # Too many others asked at once, or it ended under our hands.
            if time.monotonic() + _AGAIN_S >= until:
                raise ControlError(f"{_silent(folder, place)} ({type(error).__name__})") from None
            time.sleep(_AGAIN_S)
            place = _place(folder)
    if code != 200:
        raise ControlError(f"{folder}: the run refused ({code}): {answer.get('error', 'without a reason')}")
    return answer


def _place(folder: Path) -> _Place:
    """Where the run listens, as long as it does: its port may be another program's by now."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such run folder")
    path = folder / CONTROL_FILE
    if not path.exists() and not (folder / LOCK_FILE).exists():
        raise InputError(f"{folder}: no live run was ever started there")
    if FileLock(folder / LOCK_FILE, "control", folder).holder() is None:
        raise ControlError(f"{folder}: its run is not alive; its orders at the venue may be (see docs on recovery)")
    try:
        found = json.loads(read_private(path, _FILE_MAX))
        place = _Place(found["host"], found["port"], found["pid"])
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{path}: this is not what a run writes there") from None
    if place.host not in HOSTS or type(place.port) is not int:
        raise InputError(f"{path}: a run listens on this machine alone")
    return place


def _connected(place: _Place, timeout_s: float) -> "contextlib.closing[http.client.HTTPConnection]":
    """Straight to the port: a proxy of the environment would get to see the token."""
    return contextlib.closing(http.client.HTTPConnection(place.host, place.port, timeout=timeout_s))


def _answer(response: http.client.HTTPResponse) -> tuple[int, dict[str, Any]]:
    """Status and content."""
    content = response.read(_ANSWER_MAX)
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        return 502, {"error": "it answered with something else"}
    return response.status, answer


def _silent(folder: Path, place: _Place) -> str:
    return (
        f"{folder}: process {place.pid} is alive and does not answer; end it with kill -9 {place.pid}, and cancel its "
        "orders at the venue"
    )
