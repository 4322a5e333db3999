"""What a person reads after a run: at most 100 columns, colours only on a terminal, every figure with its unit.

Money is shown in whole units of its currency, computed from the minor units without a float in between.
"""

from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap
from typing import IO

from rich.console import Console
from rich.markup import escape

from actors.result import AccountCurve, BacktestResult, CurrencySummary
from adapters.report_tables import WIDTH, print_execution, print_months, print_strategies
from adapters.report_troubles import print_troubles, print_why_nothing
from adapters.report_words import amount, percent, ratio, short, things
from adapters.results import DataFact, RunFacts
from adapters.sparkline import BLOCKS, PLAIN, sparkline
from adapters.words import counted
from messages import period_name

_YEARLY_FROM_NS = 30 * 86_400 * 10**9
"""A shorter run says nothing about a year: its yearly return would be a number with no meaning."""
_INDENT = 15


def console_for(stream: IO[str]) -> Console:
    """A console on a stream: as wide as the terminal, never wider than 100, and plain where it is no terminal."""
    console = Console(file=stream, highlight=False, soft_wrap=False)
    console.width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    return console


def print_report(result: BacktestResult, facts: RunFacts, console: Console, *, folder: Path | None) -> None:
    """The whole report."""
    _print_head(result, facts, console)
    print_figures(result, console)
    print_ending(result, facts, console, folder=folder)


def print_figures(result: BacktestResult, console: Console) -> None:
    """What came of any run, live or not: money, strategies, execution, counts."""
    _print_money(result, console)
    print_strategies(result, console)
    print_execution(result, console)
    _print_counts(result, console)


def print_ending(result: BacktestResult, facts: RunFacts, console: Console, *, folder: Path | None) -> None:
    """What any run's report ends with: what went wrong, why nothing traded, notes, where the files are."""
    print_troubles(result, facts, console)
    if not result.fills:
        print_why_nothing(result, facts, console)
    _print_notes(facts, console)
    if folder is not None:
        console.print(f"Files: [bold]{escape(str(folder))}[/]", soft_wrap=True)


def _print_head(result: BacktestResult, facts: RunFacts, console: Console) -> None:
    seconds = facts.seconds.get("run")
    items = result.bars + result.ticks
    speed = f" in {seconds:.1f} s ({items / seconds:,.0f}/s)" if seconds else ""
    console.print(f"[bold]Backtest[/] of {counted(len(facts.strategies), 'strategy', 'strategies')} on "
                  f"{things(result)}{speed}, seed {facts.seed}, run {facts.run_id}")  # fmt: skip
    print_labelled(console, *[("data", _data(data)) for data in facts.data])
    print_labelled(console, *[("strategy", strategy_words(name, what)) for name, what in facts.strategies.items()])
    print_labelled(console, ("conventions", _conventions(result)))
    if facts.stopped:
        console.print(
            f"  [bold red]stopped early: {escape(facts.stopped)}[/]; what follows is what came of it until then"
        )
    console.print()


def print_labelled(console: Console, *lines: tuple[str, str]) -> None:
    """Labels and texts; a text that is too long goes on below itself, not below its label."""
    for label, text in lines:
        wrapped = wrap(text, console.width - _INDENT) or [""]
        console.print(f"  {label:<{_INDENT - 2}}{escape(wrapped[0])}")
        for line in wrapped[1:]:
            console.print(" " * _INDENT + escape(line))


def strategy_words(name: str, what: str) -> str:
    """What a strategy is: the id goes before what it is, where it says something else."""
    return what if what.startswith((f"{name} ", f"{name},")) else f"{name}: {what}"


def _data(data: DataFact) -> str:
    kind = f"{period_name(data.period)} bars" if data.period is not None else data.kind
    stamps = f", stamps {data.stamps}" if data.stamps and data.file != "generated" else ""
    zone = f", {data.timezone}" if data.timezone != "UTC" else ""
    used = f"{data.used:,}" + (f" of {data.rows:,}" if data.used != data.rows else "")
    return f"{data.symbol}: {data.file}, {used} {kind}, {_range(data.first_ts, data.last_ts)}{stamps}{zone}"


def _range(first: int, last: int) -> str:
    return f"{short(first)} .. {short(last)}"


def _conventions(result: BacktestResult) -> str:
    conventions = result.conventions
    optimistic = " (optimistic)" if conventions.fill == "this-close" else ""
    slippage = counted(conventions.slippage_ticks, "tick") if conventions.slippage_ticks else "no"
    spread = f" and {conventions.slippage_spread:g} of the spread" if conventions.slippage_spread else ""
    limits = "traded through" if conventions.limit_fill == "through" else "touched"
    rounding = "/".join(sorted(set(conventions.value_rounding.values())))
    parts = [
        f"market orders fill at {conventions.fill}{optimistic}",
        f"{slippage} slippage{spread}",
        f"limits when {limits}",
        f"values rounded {rounding}",
        f"funding {conventions.funding}",
    ]
    if conventions.half_spread_ticks:
        parts.append(f"half a spread of {counted(conventions.half_spread_ticks, 'tick')}")
    if conventions.volume_cap is not None:
        parts.append(f"at most {percent(conventions.volume_cap)} of a bar's volume")
    if conventions.margin:
        parts.append("margin asked for")
    if conventions.ambiguous_fills:
        parts.append(f"{counted(conventions.ambiguous_fills, 'ambiguous fill')} (pessimistic path)")
    return ", ".join(parts)


def _print_money(result: BacktestResult, console: Console) -> None:
    """Each (account, currency) in figures, with its curve."""
    curves = {(curve.account, curve.currency): curve for curve in result.curves}
    traded = {(row.account, row.currency) for row in result.strategies}
    several = len({summary.account for summary in result.summaries}) > 1
    for summary in result.summaries:
        paper = " (paper)" if summary.is_paper else ""
        where = f" of account {escape(summary.account)}{paper}" if several else ""
        if several and (summary.account, summary.currency) not in traded:
            console.print(f"[bold]{summary.currency}[/]{where}: nothing traded")
            console.print()
            continue
        console.print(f"[bold]{summary.currency}[/]{where}")
        curve = curves.get((summary.account, summary.currency))
        is_long = curve is not None and len(curve.ts) > 1 and int(curve.ts[-1] - curve.ts[0]) >= _YEARLY_FROM_NS
        for line in _money_lines(summary, yearly=is_long):
            console.print(f"  {line}")
        if curve is not None:
            _print_curve(curve, console)
        print_months(summary, console)
        console.print()


def _money_lines(summary: CurrencySummary, *, yearly: bool) -> Iterable[str]:
    currency = summary.currency
    colour = "green" if summary.pnl_minor > 0 else "red" if summary.pnl_minor < 0 else "none"
    gain = f"{amount(summary.pnl_minor, currency, sign=True)} {percent(summary.total_return, sign=True)}".rstrip()
    yield (
        f"profit       [{colour}]{gain}[/]  from {amount(summary.cash_start_minor, currency)} "
        f"to {amount(summary.equity_end_minor, currency)}"
    )
    costs = "fees" if summary.fees_minor >= 0 else "rebates"
    yield (
        f"realised     {amount(summary.realised_minor, currency, sign=True)}  {costs} "
        f"{amount(abs(summary.fees_minor), currency)}  funding {amount(summary.funding_minor, currency, sign=True)}"
    )
    days = "" if summary.max_drawdown_days is None else f" over {summary.max_drawdown_days:,.1f} days"
    yield (
        f"drawdown     {percent(summary.max_drawdown)}{days}  "
        f"volatility {percent(summary.volatility)}  "
        f"yearly {percent(summary.annual_return if yearly else None, sign=True)}"
    )
    yield (
        f"ratios       Sharpe {ratio(summary.sharpe)}  Sortino {ratio(summary.sortino)}  "
        f"Calmar {ratio(summary.calmar if yearly else None)}  profit factor {ratio(summary.profit_factor)}"
    )
    if summary.trades:
        yield (
            f"trades       {summary.trades:,}  hits {percent(summary.hit_rate)}  "
            f"average {_mean(summary.average_trade_minor, currency)}"
        )
        yield (
            f"on the way   {_mean(summary.average_mae_minor, currency)} at worst  "
            f"{_mean(summary.average_mfe_minor, currency)} at best, on average"
        )
        turnover = f"{ratio(summary.turnover_year)} a year" if yearly else ratio(summary.turnover)
        yield (
            f"exposure     {percent(summary.exposure)} of the time  leverage {ratio(summary.average_leverage)}  "
            f"turnover {turnover}"
        )


def _mean(minor: float | None, currency: str) -> str:
    return "-" if minor is None else amount(round(minor), currency, sign=True)


def _print_curve(curve: AccountCurve, console: Console) -> None:
    if len(curve.ts) < 2:
        return
    blocks = BLOCKS if console.encoding.lower().replace("-", "").startswith("utf") else PLAIN
    low, high = int(curve.equity_minor.min()), int(curve.equity_minor.max())
    console.print(f"  equity       {sparkline(curve.equity_minor, width=min(70, console.width - 20), blocks=blocks)}")
    console.print(f"               {amount(low, curve.currency)} .. {amount(high, curve.currency)}", style="dim")


def _print_counts(result: BacktestResult, console: Console) -> None:
    """Signals, orders, executions."""
    internal = f", {counted(result.internal_fills, 'internal crossing')}" if result.internal_fills else ""
    console.print(
        f"{counted(len(result.signals), 'signal')}, {counted(len(result.orders), 'order')}, "
        f"{counted(result.executions, 'execution')}{internal}"
    )
    console.print()


def _print_notes(facts: RunFacts, console: Console) -> None:
    """What was assumed."""
    for note in facts.notes:
        first, *rest = wrap(note, console.width - 2) or [""]
        console.print(f"[dim]- {escape(first)}[/]")
        for more in rest:
            console.print(f"[dim]  {escape(more)}[/]")
    if facts.notes:
        console.print()
