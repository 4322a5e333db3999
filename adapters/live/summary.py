"""What is left of a live run: its files, the figures of `summary.json` that a backtest has not, and the closing report.

Everything that both have is made by the same code as a backtest's.
"""

from pathlib import Path
from typing import Any, Final

import attrs
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from actors.recorder import Record
from actors.result import BacktestResult
from adapters.live import words
from adapters.live.latencies import FILE, PERCENTS, TimedOrder, percentiles, timed_file, timed_orders
from adapters.live.news import fit
from adapters.live.stopping import halted_by
from adapters.report import print_ending, print_figures, print_labelled, strategy_words
from adapters.report_troubles import print_marked
from adapters.report_words import short
from adapters.results import RunFacts, RunFolder, summary_of, write_run
from adapters.words import counted
from messages import Account, ForeignActivity, InvariantViolated, PositionAdjusted, UtcNs, iso_utc

_FOREIGN_LISTED: Final = 5
_STEP_WORDS: Final = {
    "tick_to_decided": "market heard to order decided",
    "tick_to_handed": "market heard to request handed over",
    "tick_to_sent": "market heard to last byte sent",
    "decided_to_sent": "order decided to last byte sent",
    "sent_to_acknowledged": "sent to the venue's answer",
}


@attrs.frozen(kw_only=True)
class LiveFacts:
    """What a live run has besides its result and what a backtest knows."""

    venue: str
    """As in the configuration."""
    account: Account
    paper: bool
    """The venue's market alone; orders went to a simulated one."""
    started: UtcNs
    """Of this life."""
    ended: UtcNs
    ended_by: str
    """SIGINT, SIGTERM, `--for`, or what else ended it."""
    exit_code: int
    lives: int = 1
    """How often the run has been started in its folder, this time included."""
    reconnects: int = 0
    """How often a line had to be opened again, in this life."""
    troubles: tuple[str, ...] = ()
    """What an ordered stop could not bring about, and the like: sentences without a full stop."""
    watchdog: str | None = None
    """What a watchdog did about the life before, in words."""
    foreign: tuple[ForeignActivity, ...] = ()
    adjusted: tuple[PositionAdjusted, ...] = ()
    violated: tuple[InvariantViolated, ...] = ()
    """What the auditor found, over all lives."""
    timed: tuple[TimedOrder, ...] = ()


def live_facts(record: Record, **told: Any) -> LiveFacts:
    """The facts, with what the recorder has of them; `told` are the fields that it has not."""
    return LiveFacts(
        foreign=tuple(record.foreign),
        adjusted=tuple(record.adjusted),
        violated=tuple(record.violated),
        timed=timed_orders(record.signals, record.submitted, record.timed),
        **told,
    )


def live_result(result: BacktestResult, record: Record, *, started: UtcNs, ended: UtcNs) -> BacktestResult:
    """The system's result as a live run's: from when to when it ran, the bars that were built, who halted it.

    That the run was stopped is no halt.
    """
    return attrs.evolve(
        result,
        first_ts=started if result.first_ts is None else result.first_ts,
        last_ts=ended if result.last_ts is None else result.last_ts,
        bars=result.bars or sum(len(times) for times, _ in record.closes.values()),
        halted=halted_by(record.states),
    )


def live_summary(result: BacktestResult, facts: RunFacts, live: LiveFacts) -> dict[str, Any]:
    """`summary.json`: a backtest's, with `live`; how a simulation fills is left untold where none did."""
    summary = summary_of(result, facts)
    if not live.paper:
        told = ("stamps", "value_rounding")
        summary["conventions"] = {
            name: value if name in told else None for name, value in summary["conventions"].items()
        } | {"fill": "at the venue", "funding": "as the venue paid it"}
    summary["live"] = {
        "venue": live.venue,
        "account": live.account,
        "paper": live.paper,
        "lives": live.lives,
        "reconnects": live.reconnects,
        "started": iso_utc(live.started),
        "ended": iso_utc(live.ended),
        "ended_by": live.ended_by,
        "exit_code": live.exit_code,
        "troubles": list(live.troubles),
        "watchdog": live.watchdog,
        "adjustments": len(live.adjusted),
        "violations": [
            {"ts": iso_utc(each.ts), "account": each.account, "invariant": each.invariant, "text": fit(each.text)}
            for each in live.violated
        ],
        "foreign": [
            {"ts": iso_utc(each.ts), "account": each.account, "kind": each.kind, "symbol": each.symbol,
             "text": fit(each.text)}
            for each in live.foreign
        ],
        "latencies": percentiles(live.timed),
    }  # fmt: skip
    return summary


def write_live_results(folder: RunFolder, result: BacktestResult, facts: RunFacts, live: LiveFacts) -> dict[str, Any]:
    """All files of the run but its configuration, which is written at its start; returns the summary that was written.

    OutputError when they cannot be written; what an earlier life left then stays as it was.
    """
    after = {FILE: timed_file(live.timed)}
    return write_run(folder, result, facts, lambda told: live_summary(result, told, live), after=after)


# For a person.


def print_live_report(
    result: BacktestResult, facts: RunFacts, live: LiveFacts, console: Console, *, folder: Path | None
) -> None:
    """What a person reads after a live run."""
    _print_head(facts, live, console)
    print_figures(result, console)
    _print_latencies(live, console)
    _print_own_troubles(live, console)
    print_ending(result, facts, console, folder=folder)


def _print_head(facts: RunFacts, live: LiveFacts, console: Console) -> None:
    where = f"{live.venue}{' (paper)' if live.paper else ''}, account {live.account}"
    console.print(
        f"[bold]Live[/] on {escape(where)}: {counted(len(facts.strategies), 'strategy', 'strategies')} for "
        f"{words.uptime(live.ended - live.started)}, run {facts.run_id}"
    )
    lives = "" if live.lives == 1 else f", life {live.lives:,} of this run"
    lost = f", {counted(live.reconnects, 'reconnect')}" if live.reconnects else ""
    print_labelled(
        console,
        ("time", f"{short(live.started)} .. {short(live.ended)}{lives}{lost}"),
        ("ended by", f"{live.ended_by}, exit code {live.exit_code}"),
        *[("strategy", strategy_words(name, what)) for name, what in facts.strategies.items()],
    )
    console.print()


def _print_latencies(live: LiveFacts, console: Console) -> None:
    figures = percentiles(live.timed)
    if not figures:
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("latency in ms")
    names = [*(f"p{percent}" for percent in PERCENTS), "max"]
    for title in ("orders", *names):
        table.add_column(title, justify="right")
    for step, told in figures.items():
        spans = [f"{told[f'{name}_us'] / 1_000:,.2f}" for name in names]
        table.add_row(_STEP_WORDS[step], f"{told['orders']:,}", *spans)
    console.print(table)
    console.print()


def _print_own_troubles(live: LiveFacts, console: Console) -> None:
    lines = [
        f"Invariant {each.invariant} did not hold at {iso_utc(each.ts)[:19]}Z: {fit(each.text)}."
        for each in live.violated[:_FOREIGN_LISTED]
    ]
    if len(live.violated) > _FOREIGN_LISTED:
        lines.append(f"... and {len(live.violated) - _FOREIGN_LISTED:,} more that did not hold; see summary.json.")
    lines += [f"At the end {trouble}." for trouble in live.troubles]
    if live.adjusted:
        lots = ", ".join(f"{each.lots:+,} {each.symbol} ({each.strategy})" for each in live.adjusted[:_FOREIGN_LISTED])
        more = " and more" if len(live.adjusted) > _FOREIGN_LISTED else ""
        lines.append(f"Booked {counted(len(live.adjusted), 'difference')} to the venue: {lots}{more}; see ledger.csv.")
    lines += [
        f"Not ours, at {iso_utc(each.ts)[:19]}Z: {each.kind}{f' in {each.symbol}' if each.symbol else ''}: "
        f"{fit(each.text)}"
        for each in live.foreign[:_FOREIGN_LISTED]
    ]
    if len(live.foreign) > _FOREIGN_LISTED:
        lines.append(f"... and {len(live.foreign) - _FOREIGN_LISTED:,} more that was not ours; see summary.json.")
    print_marked(lines, console)
