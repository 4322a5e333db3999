"""The commands `data import | list | check | export | roll`, and those that stand apart: download and spreads.

Each imports what it needs itself.
"""
# ruff: noqa: PLC0415 - imports inside functions are what makes the start fast

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters import download_cli, spread_cli
from adapters.data_options import (
    Columns,
    Multiplier,
    PeriodText,
    Stamps,
    Venue,
    Zone,
    files_and_symbols,
    moment,
    opened_store,
    wanted_series,
    wishes_of,
)
from adapters.options import STORE, AsJson, From, Quiet, StoreFolder, To, print_json, print_text, run_command

FOUND = 1
"""The exit code of a check that found something."""

data = typer.Typer(
    help="Market data: bring them in, see what there is, look for what is wrong, hand them out.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def add_to(app: typer.Typer) -> None:
    """Make them commands of the program."""
    download_cli.add_to(data)
    spread_cli.add_to(data)
    app.add_typer(data, name="data")


@data.command("import")
def import_(  # noqa: PLR0917 typer calls it by keyword
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help=".csv, .csv.gz, .parquet, or a raw recording.")
    ],
    venue: Venue = None,
    symbol: Annotated[
        str | None, typer.Option(metavar="S", help="Of a file that does not say; else only this one.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="K", help="bars, ticks, quotes, funding, marks, index. Default: by the columns."),
    ] = None,
    period: PeriodText = None,
    stamps: Stamps = None,
    timezone: Zone = None,
    columns: Columns = None,
    multiplier: Multiplier = 1.0,
    bad_rows: Annotated[str, typer.Option(metavar="fail|quarantine", help="What bad rows do.")] = "fail",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and judge, and write nothing.")] = False,  # noqa: FBT002
    store: StoreFolder = STORE,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Bring files into the store. What is there already is not added again; a file with a bad row changes nothing."""
    from adapters.data.importing import FileReport, import_files
    from adapters.data.telling import import_lines, imported_data
    from adapters.progress import RowsProgress

    wishes = wishes_of(
        venue=venue, symbol=symbol, kind=kind, period=period, stamps=stamps, timezone=timezone, columns=columns,
        multiplier=multiplier, bad_rows=bad_rows,
    )  # fmt: skip
    reports: list[FileReport] = []

    def work(_interrupts: object) -> int:
        with RowsProgress(quiet=as_json or quiet) as progress:

            def done(report: FileReport) -> None:
                progress.clear()
                reports.append(report)
                if not (as_json or quiet):
                    print_text("\n".join(import_lines(report, dry=dry_run)))

            import_files(files, wishes, None if dry_run else opened_store(store), progress=progress, done=done)
        if as_json:
            print_json({"store": str(store), "dry_run": dry_run, **imported_data(reports)})
        return 0

    run_command(work, unfinished=lambda: f"{len(reports)} of {len(files)} files done; running it again brings the rest")


@data.command("list")
def list_(
    quick: Annotated[bool, typer.Option("--quick", help="Do not look for gaps.")] = False,  # noqa: FBT002
    store: StoreFolder = STORE,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show what is there: ranges, rows, bars missing, size."""
    from adapters.data.listing import as_data, listed, print_series

    def work(_interrupts: object) -> int:
        found = listed(opened_store(store), gaps=not quick)
        if as_json:
            print_json({"store": str(store), "series": as_data(found)})
        elif found:
            print_series(found, sys.stdout)
        else:
            print_text(
                f"{store}: nothing is there yet. What fills it:\n"
                "  data import FILE --venue bitmex --symbol XBTUSD    bars, trades, quotes from files\n"
                "  data import FILE --dry-run                         what a file would be taken for"
            )
        return 0

    run_command(work)


@data.command()
def check(  # noqa: PLR0917 typer calls it by keyword
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[SYMBOL|FILE]...", help="Default: everything in the store.")
    ] = None,
    file: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A file, before it is imported. Repeatable.")
    ] = None,
    venue: Venue = None,
    kind: Annotated[str | None, typer.Option(metavar="K", help="bars, ticks, quotes, books, l2, ...")] = None,
    period: PeriodText = None,
    begin: From = None,
    end: To = None,
    stamps: Stamps = None,
    timezone: Zone = None,
    columns: Columns = None,
    multiplier: Multiplier = 1.0,
    jump: Annotated[float, typer.Option(metavar="F", help="A step of a price worth a word, as a fraction.")] = 0.1,
    store: StoreFolder = STORE,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Look for what is wrong: bars missing or doubled, impossible prices, crossed books, ... Exit code 1: found it."""
    from adapters.data.checking import Checked, check_file, check_store
    from adapters.data.choosing import chosen
    from adapters.data.telling import check_data, check_lines
    from adapters.progress import RowsProgress

    paths, symbols = files_and_symbols(what or [], file or [])
    wanted, start, stop = wanted_series(symbols, venue, kind, period), moment(begin, "--from"), moment(end, "--to")
    wishes = wishes_of(
        venue=venue, symbol=None, kind=kind, period=period, stamps=stamps, timezone=timezone, columns=columns,
        multiplier=multiplier, bad_rows="quarantine",
    )  # fmt: skip
    found: list[Checked] = []

    def work(_interrupts: object) -> int:
        with RowsProgress(quiet=as_json or quiet) as progress:

            def all_checked() -> Any:
                for path in paths:
                    yield from check_file(path, wishes, jump=jump, progress=progress)
                if symbols or not paths:
                    opened = opened_store(store)
                    series = chosen(opened, wanted)
                    yield from check_store(opened, series, start=start, end=stop, jump=jump, progress=progress)

            for checked in all_checked():
                progress.clear()
                if not (as_json or quiet):
                    print_text(("\n" if found else "") + "\n".join(check_lines(checked)))
                found.append(checked)
        faults = sum(checked.faults for checked in found)
        if as_json:
            print_json({"faults": faults, "checked": [check_data(checked) for checked in found]})
        return FOUND if faults else 0

    run_command(work)


@data.command()
def export(  # noqa: PLR0917 typer calls it by keyword
    symbol: Annotated[str, typer.Option(metavar="S", help="Or with its venue: XBTUSD.BITMEX.")],
    venue: Venue = None,
    kind: Annotated[str | None, typer.Option(metavar="K", help="Needed where there are several.")] = None,
    period: PeriodText = None,
    begin: From = None,
    end: To = None,
    file_format: Annotated[
        str | None, typer.Option("--format", metavar="csv|parquet", help="Default: by the file's name, else csv.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: VENUE-SYMBOL-KIND.csv here; .csv.gz is packed.")
    ] = None,
    store: StoreFolder = STORE,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Write one series to a file. Imported again it is equal."""
    from adapters.data.choosing import only
    from adapters.data.exporting import export as write_file
    from adapters.data.exporting import format_of
    from adapters.progress import RowsProgress
    from adapters.store.names import folder_of
    from adapters.words import counted, size_words

    wanted, start, stop = wanted_series([symbol], venue, kind, period), moment(begin, "--from"), moment(end, "--to")

    def work(_interrupts: object) -> int:
        opened = opened_store(store)
        series = only(opened, wanted)
        chosen_format = format_of(out or Path(), file_format)
        path = out or Path(f"{series.venue}-{folder_of(series.symbol)}-{series.kind}.{chosen_format}")
        with RowsProgress(quiet=as_json or quiet) as progress:
            written = write_file(
                opened, series, path, file_format=chosen_format, start=start, end=stop, progress=progress
            )  # fmt: skip
        if as_json:
            print_json(
                {"file": str(path), "format": chosen_format, "venue": series.venue, "symbol": series.symbol,
                 "kind": series.kind, "rows": written.rows, "bytes": written.bytes}
            )  # fmt: skip
        elif not quiet:
            print_text(
                f"{path}: {series.venue} {series.symbol} {series.kind}, {counted(written.rows, 'row')}, "
                f"{size_words(written.bytes)}"
            )
        return 0

    run_command(work)


@data.command()
def roll(
    before: Annotated[
        str | None, typer.Option(metavar="DAY", help="Only segments begun before this UTC day, like 2026-01-31.")
    ] = None,
    store: StoreFolder = STORE,
    as_json: AsJson = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Move live segments that nobody writes any more into Parquet. A start of a recorder does it too."""
    from adapters.words import counted

    def work(_interrupts: object) -> int:
        rolled = opened_store(store).roll(until_day=before)
        if as_json:
            print_json(
                {"segments": rolled.segments, "rows": rolled.rows, "days": list(rolled.days), "open": rolled.open}
            )  # fmt: skip
        elif not quiet:
            days = f" of {', '.join(rolled.days)}" if rolled.days else ""
            print_text(f"{counted(rolled.segments, 'segment')} rolled: {counted(rolled.rows, 'row')}{days}")
            if rolled.open:
                print_text(f"{counted(rolled.open, 'segment')} left: still being written")
        return 0

    run_command(work)
