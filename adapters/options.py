"""What the commands of the command line share: options, how results and errors are said, how a command ends.

It imports nothing heavy.
"""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from adapters.interrupts import Interrupts

INTERRUPTED = 130
LOG_LEVELS = ("trace", "debug", "info", "warning", "error")
OUTPUT = "Output"
"""The panel of options about what is printed and written."""

LogLevel = Annotated[str, typer.Option(metavar="LEVEL", help="Of the log on stderr.", rich_help_panel=OUTPUT)]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout, nothing else.", rich_help_panel=OUTPUT)
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No report, no progress.", rich_help_panel=OUTPUT)]
StoreFolder = Annotated[Path, typer.Option("--store", metavar="FOLDER", help="Where the market data are kept.")]
STORE: Final = Path("data")
"""The store where none is told."""
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help="First time (UTC).")]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="First time no longer wanted.")]


def known_level(level: str) -> None:
    """BadParameter for what is no level of the log."""
    if level.lower() not in LOG_LEVELS:
        raise typer.BadParameter(f"{level!r} is none of {', '.join(LOG_LEVELS)}", param_hint="--log-level")


def log_to_stderr(level: str) -> None:
    """Log what is as grave as that, and nothing else; BadParameter as above."""
    known_level(level)
    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level=level.upper(), diagnose=False)


def say(text: str) -> None:
    """A line on stderr, if anybody is there: a terminal that was closed changes nothing about what a command does."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def close_stdout() -> None:
    """Whoever read our output has gone; Python would complain once more while ending."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_text(text: str) -> None:
    """Lines on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """One JSON object on stdout. ValueError for a number that JSON does not have."""
    print_text(json.dumps(value, allow_nan=False))


def run_command(work: "Callable[[Interrupts], int]", unfinished: Callable[[], str] | None = None) -> None:
    """Do it; end with its exit code. `unfinished` says what a signal left undone, where that is more than nothing."""
    from adapters.errors import tells_of_a_signal
    from adapters.interrupts import Interrupts

    with Interrupts() as interrupts:
        try:
            code = work(interrupts)
        except KeyboardInterrupt:
            code = interrupted(interrupts, unfinished)
        except Exception as error:
            # duckdb turns what a signal raises inside a query into an error of its own, which is told of a file then.
            if interrupts.name is None or not tells_of_a_signal(error):
                raise
            code = interrupted(interrupts, unfinished)
    raise typer.Exit(code)


def interrupted(interrupts: "Interrupts", unfinished: Callable[[], str] | None = None) -> int:
    """What a signal comes to that ended the work: said, and its exit code."""
    from adapters.interrupts import EXIT_CODES

    say(f"interrupted by {interrupts.name}" + (", without results" if unfinished is None else f": {unfinished()}"))
    return EXIT_CODES.get(interrupts.name or "", INTERRUPTED)
