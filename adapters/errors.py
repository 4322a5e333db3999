"""Errors by blame: what the user gave us was wrong, a venue failed us, or what we have cannot be written."""

import errno
from typing import Final


class InputError(Exception):
    """Bad usage, configuration or input data: exit code 2.

    The text is for the user and complete: it names the file, the line or key, the column, and the reason.
    """


class VenueError(Exception):
    """A venue did not do what cannot be gone without: the text names the request and the reason, without secrets."""


class OutputError(Exception):
    """What a command has to write cannot be written: exit code 1. The text names the path and the reason."""


def reason_of(error: Exception) -> str:
    """Why the system, duckdb or SQLite could not write or read, in one line."""
    text = str(error)
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in text or "disk is full" in text:
        return "the disk is full"
    return str(getattr(error, "strerror", None) or text.partition("\n")[0])


_SIGNAL_WORDS: Final = ("Query interrupted", "INTERRUPT Error", "KeyboardInterrupt")
"""What duckdb says of one. No shorter, for a file's name or a row may speak of interrupts too."""


def tells_of_a_signal(error: BaseException) -> bool:
    """Whether a signal stands behind it: duckdb makes a text of what a signal raises inside a query."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, KeyboardInterrupt) or any(words in str(behind) for words in _SIGNAL_WORDS):
            return True
        behind = behind.__cause__ or behind.__context__
    return False
