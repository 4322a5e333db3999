"""What the data commands print: what files were taken for, what was found in series, each in the terminal's width."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from adapters.data.checking import Checked
from adapters.data.findings import Finding
from adapters.data.importing import FileReport, SeriesReport
from adapters.data.reading import ASSUMED, TOLD, Fact
from adapters.words import counted, folded, times_as_data
from messages import iso_utc

_BAD_ROWS_SHOWN: Final = 5
_NOTED: Final = 1
"""Examples of what is only to be known."""


def import_lines(report: FileReport, *, dry: bool) -> Iterator[str]:
    """One file: what it was taken for, what there is to say, and what came of it."""
    yield report.file
    for fact in report.facts:
        yield folded(_fact(fact), first=f"  {fact.name:<10} ", indent=" " * 13)
    for note in report.notes:
        yield folded(note, first=f"  {'note':<10} ", indent=" " * 13)
    for row in report.bad_rows[:_BAD_ROWS_SHOWN]:
        yield folded(str(row), first=f"  {'set aside':<10} ", indent=" " * 13)
    if len(report.bad_rows) > _BAD_ROWS_SHOWN:
        yield f"  {'':<10} ... {counted(len(report.bad_rows), 'bad row')} in all"
    for series in report.series:
        yield folded(_series(series, dry=dry), first="  -> ", indent="     ")


def _fact(fact: Fact) -> str:
    how = "" if fact.how == TOLD else f"  [{'ASSUMED' if fact.how == ASSUMED else fact.how}: {fact.why}]"
    return fact.value + how


def _series(series: SeriesReport, *, dry: bool) -> str:
    span = f"{iso_utc(series.first)[:19]} .. {iso_utc(series.last)[:19]}"
    head = f"{series.venue} {series.symbol} {series.kind}: {counted(series.rows, 'row')}, {span}"
    if dry:
        return f"{head} (dry run: nothing written)"
    if series.new == 0:
        return f"{head}, nothing new: all of it was there"
    known = series.rows - series.new
    told = f"{head}, {series.new:,} new and {known:,} that were there" if known else f"{head}, all new"
    if not series.beside:
        return told
    others = "1 other row was" if series.beside == 1 else f"{series.beside:,} other rows were"
    return (
        f"{told}. LOOK: {others} there at these times already. Rows of another source (a recording, another file) "
        "differ in their times, so what both have stands twice now"
    )


def imported_data(reports: Sequence[FileReport]) -> dict[str, Any]:
    """All files for JSON: the sums, and each."""
    return {
        "rows": sum(report.rows for report in reports),
        "new": sum(report.new for report in reports),
        "quarantined": sum(len(report.bad_rows) for report in reports),
        "files": [_import_data(report) for report in reports],
    }


def _import_data(report: FileReport) -> dict[str, Any]:
    return {
        "file": report.file,
        "rows": report.rows,
        "new": report.new,
        "quarantined": len(report.bad_rows),
        "facts": [attrs.asdict(fact) for fact in report.facts],
        "notes": list(report.notes),
        "set_aside": [attrs.asdict(row) for row in report.bad_rows[:_BAD_ROWS_SHOWN]],
        "series": [
            {**attrs.asdict(series), **times_as_data(first=series.first, last=series.last)}
            for series in report.series
        ],
        "seconds": round(report.seconds, 3),
    }  # fmt: skip


def check_lines(checked: Checked) -> Iterator[str]:
    """One series: what was found, the gravest first."""
    name = f"{checked.where} {checked.kind}" if checked.venue else f"{checked.where}: {checked.symbol} {checked.kind}"
    span = ""
    if checked.first is not None and checked.last is not None:
        span = f", {iso_utc(checked.first)[:19]} .. {iso_utc(checked.last)[:19]}"
    yield folded(f"{name}: {counted(checked.rows, 'row')}{span}", indent="    ", first="")
    for fact in checked.facts:
        if fact.how == ASSUMED:
            yield folded(f"{fact.name} {fact.value} [ASSUMED: {fact.why}]", first="  . ", indent="    ")
    for finding in checked.findings:
        yield from _finding_lines(finding)
    if not checked.faults:
        yield "  ok" + (", apart from what is noted" if checked.findings else ": nothing found")


def _finding_lines(finding: Finding) -> Iterator[str]:
    mark = "." if finding.is_note else "!"
    yield folded(finding.text, first=f"  {mark} ", indent="    ")
    yield folded(f"({finding.meaning})", indent="      ", first="      ")
    for example in finding.examples[: _NOTED if finding.is_note else None]:
        yield folded(str(example), indent="        ", first="      ")
    if len(finding.examples) < finding.count and finding.examples and not finding.is_note:
        yield "      ..."


def check_data(checked: Checked) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "where": checked.where,
        "venue": checked.venue,
        "symbol": checked.symbol,
        "kind": checked.kind,
        "rows": checked.rows,
        **times_as_data(first=checked.first, last=checked.last),
        "faults": checked.faults,
        "facts": [attrs.asdict(fact) for fact in checked.facts],
        "findings": [
            {
                "code": finding.code, "count": finding.count, "text": finding.text, "meaning": finding.meaning,
                "note": finding.is_note,
                "examples": [
                    {"ts": iso_utc(each.ts) if each.ts else None, "text": each.text} for each in finding.examples
                ],
            }
            for finding in checked.findings
        ],
    }  # fmt: skip
