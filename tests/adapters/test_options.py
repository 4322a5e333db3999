"""A signal ends a command with the signal's exit code, whatever the library it falls into makes of it."""

import os
import signal

import pytest
import typer

from adapters.errors import InputError, OutputError
from adapters.options import run_command

PATH = "day.parquet: cannot be written: "


def ended(error, *, sent):
    """The exit code of a command that a signal may reach, and that then ends with this error."""

    def work(interrupts):
        if sent:
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
        raise error

    with pytest.raises(typer.Exit) as end:
        run_command(work, unfinished=lambda: "1 of 2 done")
    return end.value.exit_code


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    "error",
    [RuntimeError("Query interrupted"), OutputError(PATH + "INTERRUPT Error: Interrupted!"), KeyboardInterrupt()],
)
def test_a_signal_within_a_query_is_told_as_the_signal(error, capsys):
    assert ended(error, sent=True) == 130
    assert capsys.readouterr().err == "interrupted by SIGINT: 1 of 2 done\n"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("blaming", [OutputError, InputError])
def test_nor_does_a_file_that_was_being_read_or_written_hide_it(blaming, capsys):
    try:
        try:
            raise ValueError("Traceback (most recent call last):\n  ...\nKeyboardInterrupt: SIGINT")
        except ValueError:
            raise blaming(PATH + "Traceback (most recent call last):") from None
    except blaming as told:
        error = told

    assert ended(error, sent=True) == 130
    assert capsys.readouterr().err == "interrupted by SIGINT: 1 of 2 done\n"


def test_what_cannot_be_written_is_told_as_that_where_no_signal_came():
    with pytest.raises(OutputError, match="the disk is full"):
        run_command(lambda _interrupts: (_ for _ in ()).throw(OutputError(PATH + "the disk is full")))
