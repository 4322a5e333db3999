"""`run.py parity RUN_DIR`: a live run against the backtest of what was recorded of its market. It opens no network.

Exit code 0: what was recorded is what was heard, and every bar and decision is the same again; 1: something is not,
which is shown with its cause; 2: not a run's folder, or nothing was recorded.
"""

import json
import re
from pathlib import Path
from typing import TextIO

from adapters.errors import InputError
from adapters.journal.store import JournalError, lives
from adapters.live.again import recorded_in
from adapters.parity.judging import HOW_TO_RECORD, Parity, parity_of
from adapters.parity.page import as_data, as_lines
from adapters.store import Store
from adapters.words import folded

EQUAL, DIFFERENT, UNREADABLE = 0, 1, 2
_LABEL = re.compile(r"  [a-z-]+ {2,}")


def parity(
    folder: Path, *, life: int | None, store: Path | None, from_trace: bool, as_json: bool, out: TextIO, err: TextIO
) -> int:
    """Compare one life, or each for itself (None), and print what came of it; the exit code."""
    try:
        opened = None if from_trace else _store(folder, store)
        numbers = _all(folder) if life is None else [life]
        found = [parity_of(folder, number, store=opened) for number in numbers]
    except (JournalError, InputError) as error:
        print(error, file=err)
        return UNREADABLE
    if as_json:
        json.dump(_as_data(folder, found), out, allow_nan=False)
        out.write("\n")
    else:
        for place, each in enumerate(found):
            fits = fitting if out.isatty() else str
            out.writelines(f"{fits(line)}\n" for line in ([""] if place else []) + list(as_lines(each)))
    return EQUAL if all(each.is_equal for each in found) else DIFFERENT


def fitting(line: str) -> str:
    """A line of the page in the terminal's width; what does not fit goes on below its text, not below its label."""
    label = _LABEL.match(line)
    indent = len(label.group()) if label else len(line) - len(line.lstrip()) + 2
    return folded(line, indent=" " * indent, first="")


def _all(folder: Path) -> list[int]:
    numbers = [each.number for each in lives(folder)]
    if not numbers:
        raise JournalError(f"{folder}: no life of the run was written down")
    return numbers


def _store(folder: Path, told: Path | None) -> Store:
    """Where the run was recorded; what is no run's folder is told first."""
    _all(folder)
    root = recorded_in(folder) if told is None else told
    if not root.is_dir():
        raise InputError(f"{root}: there is no recorded market: {HOW_TO_RECORD}")
    return Store(root)


def _as_data(folder: Path, found: list[Parity]) -> dict[str, object]:
    return {
        "run": str(folder),
        "equal": all(each.is_equal for each in found),
        "decisions": {
            "equal": sum(each.decisions.total.equal for each in found),
            "all": sum(each.decisions.total.all for each in found),
        },
        "lives": [as_data(each) for each in found],
    }
