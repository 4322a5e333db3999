"""What the commands of the command line share: how levels are told, how errors are said. It imports nothing heavy."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from adapters.interrupts import Interrupts

INTERRUPTED = 130
LOG_LEVELS = ("trace", "debug", "info", "warning", "error")
OUTPUT = "Output"
"""The panel of options about what is printed and written."""

LogLevel = Annotated[str, typer.Option(metavar="LEVEL", help="Of the log on stderr.", rich_help_panel=OUTPUT)]


def known_level(level: str) -> None:
    """BadParameter for what is no level of the log."""
    if level.lower() not in LOG_LEVELS:
        raise typer.BadParameter(f"{level!r} is none of {', '.join(LOG_LEVELS)}", param_hint="--log-level")


def say(text: str) -> None:
    """A line on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def interrupted(interrupts: "Interrupts") -> int:
    """What a signal before anything was done comes to: said, and its exit code."""
    from adapters.interrupts import EXIT_CODES  # noqa: PLC0415 - what makes the start fast

    say(f"interrupted by {interrupts.name}, without results")
    return EXIT_CODES.get(interrupts.name or "", INTERRUPTED)
