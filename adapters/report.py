"""What a person reads after a run: at most 100 columns, colours only on a terminal, every figure with its unit.

Money is shown in whole units of its currency, computed from the minor units without a float in between.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from actors.result import AccountCurve, BacktestResult, CurrencySummary
from adapters.results import DataFact, RunFacts
from adapters.sparkline import BLOCKS, PLAIN, sparkline
from messages import MINOR_DIGITS, Minor, iso_utc, period_name

WIDTH = 100
_LISTED = 5
_INDENT = 15


def console_for(stream: IO[str]) -> Console:
    """A console on a stream: as wide as the terminal, never wider than 100, and plain where it is no terminal."""
    console = Console(file=stream, highlight=False, soft_wrap=False)
    console.width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    return console


def print_report(result: BacktestResult, facts: RunFacts, console: Console, *, folder: Path | None) -> None:
    """The whole report."""
    _print_head(result, facts, console)
    _print_money(result, console)
    _print_strategies(result, console)
    _print_troubles(result, facts, console)
    if not result.orders:
        _print_why_nothing(result, console)
    _print_notes(facts, console)
    if folder is not None:
        console.print(f"Files: [bold]{escape(str(folder))}[/]", soft_wrap=True)


def amount(minor: Minor, currency: str, *, sign: bool = False) -> str:
    """Minor units as a number with thousands separators and all its decimals: 123456789 XBT minor is 1.23456789."""
    digits = MINOR_DIGITS.get(currency, 2)
    whole, rest = divmod(abs(minor), 10**digits)
    text = f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
    lead = "-" if minor < 0 else "+" if sign and minor > 0 else ""
    return lead + text


def _print_head(result: BacktestResult, facts: RunFacts, console: Console) -> None:
    seconds = facts.seconds.get("run")
    items = result.bars + result.ticks
    speed = f" in {seconds:.1f} s ({items / seconds:,.0f}/s)" if seconds else ""
    console.print(f"[bold]Backtest[/] of {_count(len(facts.strategies), 'strategy', 'strategies')} on "
                  f"{_things(result)}{speed}, seed {facts.seed}, run {facts.run_id}")  # fmt: skip
    _say(console, *[("data", _data(data)) for data in facts.data])
    _say(console, *[("strategy", _strategy(name, what)) for name, what in facts.strategies.items()])
    _say(console, ("conventions", _conventions(result)))
    if facts.stopped:
        console.print(
            f"  [bold red]stopped early: {escape(facts.stopped)}[/]; what follows is what came of it until then"
        )
    console.print()


def _say(console: Console, *lines: tuple[str, str]) -> None:
    """Labels and texts; a text that is too long goes on below itself, not below its label."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=_INDENT - 1)
    grid.add_column()
    for label, text in lines:
        grid.add_row(f"  {label}", escape(text))
    console.print(grid)


def _strategy(name: str, what: str) -> str:
    """The id goes before what it is, where it says something else."""
    return what if what.startswith((f"{name} ", f"{name},")) else f"{name}: {what}"


def _things(result: BacktestResult) -> str:
    parts = []
    if result.bars or not result.ticks:
        parts.append(_count(result.bars, "bar"))
    if result.ticks:
        parts.append(_count(result.ticks, "tick"))
    return " and ".join(parts)


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _data(data: DataFact) -> str:
    kind = f"{period_name(data.period)} bars" if data.period is not None else data.kind
    stamps = f", stamps {data.stamps}" if data.stamps and data.file != "generated" else ""
    zone = f", {data.timezone}" if data.timezone != "UTC" else ""
    used = f"{data.used:,}" + (f" of {data.rows:,}" if data.used != data.rows else "")
    return f"{data.symbol}: {data.file}, {used} {kind}, {_range(data.first_ts, data.last_ts)}{stamps}{zone}"


def _range(first: int, last: int) -> str:
    return f"{_short(first)} .. {_short(last)}"


def _short(ts: int) -> str:
    """To the minute."""
    return iso_utc(ts)[:16].replace("T", " ")


def _conventions(result: BacktestResult) -> str:
    conventions = result.conventions
    optimistic = " (optimistic)" if conventions.fill == "this-close" else ""
    slippage = _count(conventions.slippage_ticks, "tick") if conventions.slippage_ticks else "no"
    limits = "traded through" if conventions.limit_fill == "through" else "touched"
    rounding = "/".join(sorted(set(conventions.value_rounding.values())))
    parts = [
        f"market orders fill at {conventions.fill}{optimistic}",
        f"{slippage} slippage",
        f"limits when {limits}",
        f"values rounded {rounding}",
        f"funding {conventions.funding}",
    ]
    if conventions.ambiguous_fills:
        parts.append(f"{_count(conventions.ambiguous_fills, 'ambiguous fill')} (pessimistic path)")
    return ", ".join(parts)


def _print_money(result: BacktestResult, console: Console) -> None:
    curves = {(curve.account, curve.currency): curve for curve in result.curves}
    accounts = {summary.account for summary in result.summaries}
    for summary in result.summaries:
        where = f" of account {summary.account}" if len(accounts) > 1 else ""
        console.print(f"[bold]{summary.currency}[/]{where}")
        for line in _money_lines(summary):
            console.print(f"  {line}")
        curve = curves.get((summary.account, summary.currency))
        if curve is not None:
            _print_curve(curve, console)
        console.print()


def _money_lines(summary: CurrencySummary) -> Iterable[str]:
    currency = summary.currency
    colour = "green" if summary.pnl_minor > 0 else "red" if summary.pnl_minor < 0 else "none"
    gain = f"{amount(summary.pnl_minor, currency, sign=True)} {_percent(summary.total_return, sign=True)}".rstrip()
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
        f"drawdown     {_percent(summary.max_drawdown)}{days}  "
        f"volatility {_percent(summary.volatility)}  yearly {_percent(summary.annual_return, sign=True)}"
    )
    yield (
        f"ratios       Sharpe {_ratio(summary.sharpe)}  Sortino {_ratio(summary.sortino)}  "
        f"Calmar {_ratio(summary.calmar)}  hits {_percent(summary.hit_rate)}  "
        f"profit factor {_ratio(summary.profit_factor)}"
    )


def _percent(fraction: float | None, *, sign: bool = False) -> str:
    if fraction is None:
        return "-"
    rounded = round(100 * fraction, 2) + 0.0  # -0.0 becomes 0.0
    return f"{rounded:{'+' if sign else ''},.2f} %"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _print_curve(curve: AccountCurve, console: Console) -> None:
    if len(curve.ts) < 2:
        return
    blocks = BLOCKS if console.encoding.lower().replace("-", "").startswith("utf") else PLAIN
    low, high = int(curve.equity_minor.min()), int(curve.equity_minor.max())
    console.print(f"  equity       {sparkline(curve.equity_minor, width=min(70, console.width - 20), blocks=blocks)}")
    console.print(f"               {amount(low, curve.currency)} .. {amount(high, curve.currency)}", style="dim")


def _print_strategies(result: BacktestResult, console: Console) -> None:
    if not result.strategies:
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in ("strategy", "symbol"):
        table.add_column(title, no_wrap=True)
    for title in ("fills", "realised", "open", "fees", "profit", "lots"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in result.strategies:
        unit = row.currency
        table.add_row(
            row.strategy,
            row.symbol,
            f"{row.fills:,}",
            amount(row.realised_minor, unit),
            amount(row.unrealised_minor, unit),
            amount(row.fees_minor, unit),
            amount(row.pnl_minor, unit, sign=True),
            f"{row.position_lots:+,}" if row.position_lots else "0",
            unit,
        )
    console.print(table)
    internal = f", {_count(result.internal_fills, 'internal crossing')}" if result.internal_fills else ""
    console.print(
        f"{_count(len(result.signals), 'signal')}, {_count(len(result.orders), 'order')}, "
        f"{_count(result.executions, 'execution')}{internal}"
    )
    console.print()


def _print_troubles(result: BacktestResult, facts: RunFacts, console: Console) -> None:
    lines = list(_troubles(result, facts))
    for line in lines:
        console.print(f"[yellow]![/] {escape(line)}")
    if lines:
        console.print()


def _troubles(result: BacktestResult, facts: RunFacts) -> Iterable[str]:
    if result.halted:
        yield f"Trading was halted at the end: {result.halted}."
    if result.daily_loss_trips:
        yield f"The daily loss limit stopped trading {_count(result.daily_loss_trips, 'time')}."
    for actor, times in sorted(result.restarts.items()):
        yield f"{actor} failed and was restarted {_count(times, 'time')}."
    for actor, reason in sorted(result.quarantined.items()):
        yield f"{actor} was taken out of the run: {reason}."
    for failure in result.failures[:_LISTED]:
        yield f"  {failure.actor} at {iso_utc(failure.at)} during {failure.during}: {failure.error}"
    if len(result.failures) > _LISTED:
        yield f"  ... and {_count(len(result.failures) - _LISTED, 'more failure')}"
    if result.refusals:
        yield f"Refused, rejected or rounded to nothing: {_counts(result.refusals)}."
    if facts.bad_rows:
        reasons = Counter(row.column for row in facts.bad_rows)
        yield f"{_count(len(facts.bad_rows), 'bad row')} set aside, by column: {_counts(reasons)}; see bad_rows.csv."
    if result.bad_item_counts:
        total = sum(result.bad_item_counts.values())
        yield f"{_count(total, 'market item')} set aside: {_counts(result.bad_item_counts)}; see bad_items.csv."
    for strategy, names in sorted(result.unused_callbacks.items()):
        yield f"{strategy} defines {', '.join(names)}, which these data never call."


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{reason} {count:,}" for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _print_why_nothing(result: BacktestResult, console: Console) -> None:
    console.print("[bold]Nothing was traded.[/] Why:")
    console.print(f"  {_things(result)} went through the system.")
    if not result.signals:
        console.print("  No strategy gave a signal: the data may be too short for its parameters.")
    else:
        by_strategy = Counter(signal.strategy for signal in result.signals)
        console.print(f"  Signals: {_counts(by_strategy)}.")
        if result.refusals:
            console.print(f"  None became an order: {escape(_counts(result.refusals))}.")
        else:
            console.print("  None became an order: each wanted what was already held, or came after the last price.")
    console.print()


def _print_notes(facts: RunFacts, console: Console) -> None:
    for note in facts.notes:
        console.print(f"[dim]- {escape(note)}[/]")
    if facts.notes:
        console.print()
