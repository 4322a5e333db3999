"""The command line. It starts fast: what a command needs is imported by the command.

Exit codes: 0 done, 1 failed while running, 2 bad usage, configuration or input data, 3 ended halted by the risk guard,
70 internal error, 129, 130 and 143 stopped by SIGHUP, SIGINT and SIGTERM after an ordered stop.
"""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

import sys

import typer

from adapters import backtest_cli, chaos_cli, data_cli, exchange_cli, live_cli
from adapters.options import close_stdout, say

FAILED, BAD_INPUT, INTERNAL = 1, 2, 70

app = typer.Typer(
    name="openoutcry",
    help="An actor-model trading system: the same actors backtest strategies and trade them live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for commands in (backtest_cli, exchange_cli, live_cli, data_cli, chaos_cli):
    commands.add_to(app)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and end the process with its exit code. Every error becomes one message on stderr."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot show becomes a question mark rather than an error.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app(args=arguments, standalone_mode=True)
    except BrokenPipeError:
        close_stdout()
        sys.exit(FAILED)
    except Exception as error:  # noqa: BLE001 what gets here is told by blame
        sys.exit(_told(error))


def _told(error: Exception) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    from adapters.errors import InputError, OutputError, VenueError
    from adapters.journal.store import DiskError, JournalError
    from adapters.live.exchange_process import ExchangeFailed
    from adapters.live.watchdog_process import WatchdogFailed

    if isinstance(error, InputError | JournalError) and not isinstance(error, DiskError):
        say(str(error))
        return BAD_INPUT
    if isinstance(error, OutputError | DiskError | VenueError | ExchangeFailed | WatchdogFailed | OSError):
        say(str(error))
        return FAILED
    say(f"internal error, ours and not yours: {type(error).__name__}: {error}")
    for note in getattr(error, "__notes__", ()):
        say(note)
    if not getattr(error, "__notes__", ()):
        import traceback

        say("".join(traceback.format_exception(error)).rstrip())
    return INTERNAL
