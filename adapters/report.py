"""What a person reads after a run: at most 100 columns, colours only on a terminal, every figure with its unit.

Money is shown in whole units of its currency, computed from the minor units without a float in between.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap
from typing import IO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from actors.result import AccountCurve, BacktestResult, CurrencySummary
from adapters.report_words import amount, count, counts, percent, ratio, short
from adapters.results import DataFact, RunFacts
from adapters.sparkline import BLOCKS, PLAIN, sparkline
from messages import MINOR_DIGITS, iso_utc, period_name

WIDTH = 100
_SPARED = ("open", "fills", "fees", "realised", "lots")
"""Columns of the table of strategies that a narrow terminal does without, in this order."""
_YEARLY_FROM_NS = 30 * 86_400 * 10**9
"""A shorter run says nothing about a year: its yearly return would be a number with no meaning."""
_LISTED = 5
_INDENT = 15
_TABLE_DIGITS = 9
"""Of a figure in the table of strategies, before and after its point."""


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
    _print_counts(result, console)
    _print_troubles(result, facts, console)
    if not result.fills:
        _print_why_nothing(result, facts, console)
    _print_notes(facts, console)
    if folder is not None:
        console.print(f"Files: [bold]{escape(str(folder))}[/]", soft_wrap=True)


def _print_head(result: BacktestResult, facts: RunFacts, console: Console) -> None:
    seconds = facts.seconds.get("run")
    items = result.bars + result.ticks
    speed = f" in {seconds:.1f} s ({items / seconds:,.0f}/s)" if seconds else ""
    console.print(f"[bold]Backtest[/] of {count(len(facts.strategies), 'strategy', 'strategies')} on "
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
    for label, text in lines:
        wrapped = wrap(text, console.width - _INDENT) or [""]
        console.print(f"  {label:<{_INDENT - 2}}{escape(wrapped[0])}")
        for line in wrapped[1:]:
            console.print(" " * _INDENT + escape(line))


def _strategy(name: str, what: str) -> str:
    """The id goes before what it is, where it says something else."""
    return what if what.startswith((f"{name} ", f"{name},")) else f"{name}: {what}"


def _things(result: BacktestResult) -> str:
    parts = []
    if result.bars or not result.ticks:
        parts.append(count(result.bars, "bar"))
    if result.ticks:
        parts.append(count(result.ticks, "tick"))
    return " and ".join(parts)


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
    slippage = count(conventions.slippage_ticks, "tick") if conventions.slippage_ticks else "no"
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
        parts.append(f"{count(conventions.ambiguous_fills, 'ambiguous fill')} (pessimistic path)")
    return ", ".join(parts)


def _print_money(result: BacktestResult, console: Console) -> None:
    curves = {(curve.account, curve.currency): curve for curve in result.curves}
    accounts = {summary.account for summary in result.summaries}
    for summary in result.summaries:
        where = f" of account {summary.account}" if len(accounts) > 1 else ""
        console.print(f"[bold]{summary.currency}[/]{where}")
        curve = curves.get((summary.account, summary.currency))
        is_long = curve is not None and len(curve.ts) > 1 and int(curve.ts[-1] - curve.ts[0]) >= _YEARLY_FROM_NS
        for line in _money_lines(summary, yearly=is_long):
            console.print(f"  {line}")
        if curve is not None:
            _print_curve(curve, console)
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
        f"Calmar {ratio(summary.calmar if yearly else None)}  hits {percent(summary.hit_rate)}  "
        f"profit factor {ratio(summary.profit_factor)}"
    )


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
    digits = _table_digits(result)
    for row in result.strategies:
        unit = row.currency
        table.add_row(
            row.strategy,
            row.symbol,
            f"{row.fills:,}",
            amount(row.realised_minor, unit, digits=digits[unit]),
            amount(row.unrealised_minor, unit, digits=digits[unit]),
            amount(row.fees_minor, unit, digits=digits[unit]),
            amount(row.pnl_minor, unit, sign=True, digits=digits[unit]),
            f"{row.position_lots:+,}" if row.position_lots else "0",
            unit,
        )
    # A figure that is cut looks like another one, so a narrow terminal is shown fewer columns; strategies.csv has all.
    for title in _SPARED:
        if Measurement.get(console, console.options.update(max_width=10 * WIDTH), table).maximum <= console.width:
            break
        table.columns = [column for column in table.columns if column.header != title]
    for column in table.columns:
        column.overflow, column.no_wrap = "fold", False
    console.print(table)


def _print_counts(result: BacktestResult, console: Console) -> None:
    internal = f", {count(result.internal_fills, 'internal crossing')}" if result.internal_fills else ""
    console.print(
        f"{count(len(result.signals), 'signal')}, {count(len(result.orders), 'order')}, "
        f"{count(result.executions, 'execution')}{internal}"
    )
    console.print()


def _table_digits(result: BacktestResult) -> dict[str, int]:
    """Decimals by currency: fewer where the figures are large, so that a row fits its line."""
    largest: dict[str, int] = {}
    for row in result.strategies:
        minor = max(abs(row.realised_minor), abs(row.unrealised_minor), abs(row.fees_minor), abs(row.pnl_minor))
        largest[row.currency] = max(minor, largest.get(row.currency, 0))
    found = {}
    for currency, minor in largest.items():
        digits = MINOR_DIGITS.get(currency, 2)
        room = max(0, _TABLE_DIGITS - len(str(minor // 10**digits)))
        found[currency] = digits if digits <= room else room if digits > 2 else 0
    return found


def _print_troubles(result: BacktestResult, facts: RunFacts, console: Console) -> None:
    lines = list(_troubles(result, facts))
    for line in lines:
        first, *rest = wrap(line, console.width - 2) or [""]
        console.print(f"[yellow]![/] {escape(first)}")
        for more in rest:
            console.print(f"  {escape(more)}")
    if lines:
        console.print()


def _troubles(result: BacktestResult, facts: RunFacts) -> Iterable[str]:
    if result.halted:
        yield f"Trading was halted at the end: {result.halted}."
    if result.daily_loss_trips:
        yield f"The daily loss limit stopped trading {count(result.daily_loss_trips, 'time')}."
    for curve in result.curves:
        below = curve.equity_minor <= 0
        if below.any():
            since = short(int(curve.ts[int(below.argmax())]))
            yield (
                f"{curve.currency} equity was not above zero at {since} for the first time: a real account would have "
                "been liquidated. Sizes are too large for the cash, and ratios mean nothing."
            )
    for actor, times in sorted(result.restarts.items()):
        yield f"{actor} failed and was restarted {count(times, 'time')}."
    for actor, reason in sorted(result.quarantined.items()):
        held = [
            f"{row.position_lots:+,} {row.symbol}"
            for row in result.strategies
            if actor == f"strategy:{row.strategy}" and row.position_lots
        ]
        left = f" It still holds {', '.join(held)}, which nobody looks after." if held else ""
        yield f"{actor} was taken out of the run: {reason}.{left}"
    for failure in result.failures[:_LISTED]:
        yield f"{failure.actor} at {iso_utc(failure.at)} during {failure.during}: {failure.error}"
    if len(result.failures) > _LISTED:
        yield f"... and {count(len(result.failures) - _LISTED, 'more failure')}"
    if result.refusals:
        yield f"Refused, rejected or rounded to nothing: {counts(result.refusals)}."
    if facts.bad_rows:
        reasons = Counter(row.column for row in facts.bad_rows)
        yield f"{count(len(facts.bad_rows), 'bad row')} set aside, by column: {counts(reasons)}; see bad_rows.csv."
    if result.bad_item_counts:
        total = sum(result.bad_item_counts.values())
        yield f"{count(total, 'market item')} set aside: {counts(result.bad_item_counts)}; see bad_items.csv."
    for strategy, names in sorted(result.unused_callbacks.items()):
        yield f"{strategy} defines {', '.join(names)}, which these data never call."


def _print_why_nothing(result: BacktestResult, facts: RunFacts, console: Console) -> None:
    console.print("[bold]Nothing was traded.[/] Why:")
    console.print(f"  {_things(result)} went through the system.")
    by_strategy = Counter(signal.strategy for signal in result.signals)
    if by_strategy:
        console.print(f"  Signals: {counts(by_strategy)}.")
    elif not result.orders and facts.stopped:
        console.print("  The run was stopped before any strategy gave a signal.")
    elif not result.orders and result.unused_callbacks:
        console.print("  No strategy gave a signal: some wait for callbacks that these data never call.")
    elif not result.orders:
        console.print("  No strategy gave a signal: the data may be too short for its parameters.")
    if result.orders:
        ends = counts(Counter(order.status for order in result.orders))
        console.print(f"  No order was filled: {escape(ends)}; an order that came at the very end stays working.")
    elif result.refusals:
        console.print(f"  None became an order: {escape(counts(result.refusals))}.")
    elif by_strategy:
        console.print("  None became an order: each wanted what was already held, or came after the last price.")
    console.print()


def _print_notes(facts: RunFacts, console: Console) -> None:
    for note in facts.notes:
        first, *rest = wrap(note, console.width - 2) or [""]
        console.print(f"[dim]- {escape(first)}[/]")
        for more in rest:
            console.print(f"[dim]  {escape(more)}[/]")
    if facts.notes:
        console.print()
