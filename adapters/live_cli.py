"""The commands around a live run: `live`, `halt`, `status`, `replay`, `parity`. Each imports what it needs itself."""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.options import OUTPUT, AsJson, LogLevel, Quiet, interrupted, known_level


def add_to(app: typer.Typer) -> None:
    """Make them commands of the program."""
    for command in (live, halt, status, replay, parity):
        app.command()(command)


def live(  # noqa: PLR0917 typer calls it by keyword
    config: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Configuration; the options below win over it.")
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option(metavar="loopback|bitmex-testnet|bitmex", help="Default: an exchange on this machine."),
    ] = None,
    paper: Annotated[  # noqa: FBT002
        bool, typer.Option("--paper", help="Hear the venue's market, and send no order there.")
    ] = False,
    live_money: Annotated[  # noqa: FBT002
        bool, typer.Option("--live-money", help="Needed for bitmex: it trades real money.")
    ] = False,
    resume: Annotated[  # noqa: FBT002
        bool, typer.Option("--resume", help="Trade again although this run was halted.")
    ] = False,
    on_stop: Annotated[
        str | None,
        typer.Option(metavar="cancel|leave|flatten", help="What becomes of orders at the end. Default: cancel."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep what the market says in this store. Default: data in the run's."),
    ] = None,
    no_record: Annotated[bool, typer.Option("--no-record", help="Keep nothing of it.")] = False,  # noqa: FBT002
    seconds: Annotated[float | None, typer.Option("--for", metavar="SECONDS", help="End by itself then.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of everything random. Default: 1.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The run's folder; an earlier run there goes on. Default: runs/<time>-live.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
    log_level: LogLevel = "warning",
) -> None:
    """Trade live. Without a configuration: two strategies on an exchange that it starts itself."""
    from adapters.interrupts import Interrupts
    from adapters.live.command import LiveCommand, run_live
    from adapters.live.settings import LiveOptions

    known_level(log_level)
    if seconds is not None and not 0 < seconds < 10**9:
        raise typer.BadParameter(f"must be above 0, not {seconds:g}", param_hint="--for")
    options = LiveOptions(
        config=config, venue=venue, paper=paper or None, on_stop=on_stop, seed=seed, record=record, no_record=no_record
    )
    command = LiveCommand(
        options=options, out=out, seconds=seconds, live_money=live_money, resume=resume, quiet=quiet, as_json=as_json,
        log_level=log_level,
    )  # fmt: skip
    with Interrupts() as interrupts:
        try:
            code = run_live(command, interrupts)
        except KeyboardInterrupt:
            code = interrupted(interrupts)
    raise typer.Exit(code)


def halt(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run that is trading.")],
    reason: Annotated[str, typer.Option(help="For the record.")] = "halted from another terminal",
    flatten: Annotated[  # noqa: FBT002
        bool, typer.Option("--flatten", help="Bring every position to nothing, too.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Stop a live run's trading at once: no order leaves any more, and all are cancelled."""
    from adapters.security.control_client import halt_command

    raise typer.Exit(halt_command(folder, reason, flatten=flatten, as_json=as_json))


def status(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run that is trading.")],
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """How a live run stands."""
    from adapters.security.control_client import status_command

    raise typer.Exit(status_command(folder, as_json=as_json))


def replay(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a live run.")],
    life: Annotated[int | None, typer.Option(metavar="N", help="Which start of it. Default: the last.")] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Run a live run's journal again through the actors, and compare what they decide."""
    from adapters.live.again import setup_again, specs_again
    from adapters.replay_command import replay as run_replay

    code = run_replay(
        folder, setup_again, life=life, as_json=as_json, out=sys.stdout, err=sys.stderr, make_specs=specs_again
    )
    raise typer.Exit(code)


def parity(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a live run.")],
    life: Annotated[
        int | None, typer.Option(metavar="N", help="Only this start of it. Default: each for itself.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where its market was recorded. Default: where the run says.")
    ] = None,
    trace: Annotated[  # noqa: FBT002
        bool, typer.Option("--trace", help="Take the market from the run's own trace, where nothing was recorded.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Compare a live run with the backtest of its recorded market, decision by decision."""
    from adapters.parity_command import parity as run_parity

    if trace and store is not None:
        raise typer.BadParameter("takes the market from the trace, and --store from a store", param_hint="--trace")
    code = run_parity(folder, life=life, store=store, from_trace=trace, as_json=as_json, out=sys.stdout, err=sys.stderr)
    raise typer.Exit(code)
