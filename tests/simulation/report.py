"""What the command prints: a line for each run, and tables at the end."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from adapters.simulation.batch import FILLED
from adapters.simulation.faults.kinds import KINDS

SHOWN = 12
"""Last messages that are printed of a run that failed; all that are kept go into its file."""
console = Console(highlight=False, soft_wrap=True)


def one(verdict, *, profile, quiet, folder):
    """A run."""
    told = verdict.scenario
    if quiet and not verdict.violations:
        return
    speed = verdict.simulated_s / verdict.cpu_s if verdict.cpu_s else 0
    faults = " ".join(f"{code}x{verdict.struck.get(code, 0)}" for code in told.faults) or "none"
    mark = "[red]FAILED[/]" if verdict.violations else "[green]ok[/]    "
    what = f"pinned {told.name}" if told.name else f"seed {told.seed}"
    length = f"{told.minutes:5.1f} min {speed:4.0f}:1"
    console.print(f"{mark} {what:9} {told.mix:5} {length}  {verdict.digest[:12]}  {faults}")
    if verdict.violations:
        _failed(verdict, profile, folder)


def _failed(verdict, profile, folder):
    told = verdict.scenario
    for violation in verdict.violations[:5]:
        console.print(f"       [bold]{escape(str(violation))}[/]")
    if len(verdict.violations) > 5:
        console.print(f"       and {len(verdict.violations) - 5} more")
    for line in verdict.last[-SHOWN:]:
        console.print(f"       [dim]{escape(line[:240])}[/]")
    if not told.name:
        again = f"{told.seed} --profile {profile}"
        console.print(f"       again:   python -m tests.simulation --seeds {again}")
        console.print(f"       smaller: python -m tests.simulation --shrink {again} --pin")
    if folder:
        path = Path(folder) / f"{told.seed}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join([*map(str, verdict.violations), "", str(told.written()), "", *verdict.last, ""])
        path.write_text(text, encoding="utf-8")
        console.print(f"       written: {path}")


def totals(totals, *, seconds):
    """All of them."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title, justify in (("fault", "left"), ("runs", "right"), ("struck", "right"), ("what", "left")):
        table.add_column(title, justify=justify)
    for code, kind in KINDS.items():
        table.add_row(code, f"{totals.at_work[code]}", f"{totals.struck[code]:,}", kind.what)
    console.print()
    console.print(table)
    counts, speed = totals.counts, totals.simulated_s / totals.cpu_s if totals.cpu_s else 0
    mixes = ", ".join(f"{count} {mix}" for mix, count in sorted(totals.mixes.items()))
    orders = f"{counts['orders at the exchange']:,} orders at the exchange, {counts[FILLED]:,} fills"
    lives = f"{counts['lives']:,} lives of the process, {counts['incarnations']:,} incarnations of actors"
    console.print(f"\n{totals.runs} runs ({mixes}), {totals.hours:.1f} simulated hours, {totals.strikes:,} faults")
    console.print(f"{orders}, {lives}")
    console.print(f"{totals.events:,} events, {totals.cpu_s:,.0f} s of CPU, {seconds:,.0f} s: {speed:.0f} to 1")


def mutant(verdict):
    """One of the broken variants."""
    mark = "[green]caught[/]  " if verdict.caught_by else "[red]SURVIVED[/]"
    cost = f"{verdict.runs:2} runs {verdict.seconds:5.1f} s"
    console.print(f"{mark} {verdict.name:34} {cost}  {escape(verdict.caught_by)[:150]}".rstrip())
    for told in verdict.unsound:
        console.print(f"         fails without it too, and does not count: {escape(told)[:150]}")
    if verdict.unreached:
        console.print(f"         not reached: {', '.join(verdict.unreached)}")


def ending(problems):
    """What is wrong with the batch, or that nothing is."""
    for problem in problems:
        console.print(f"[red]{escape(problem)}[/]")
    if not problems:
        console.print("[green]nothing was violated[/]")
