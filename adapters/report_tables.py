"""The tables of the report: strategies, execution, months.

A figure that is cut looks like another one, so a narrow terminal is shown fewer columns; the files have all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import prod

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from actors.money.shortfall import INTERNAL
from actors.result import BacktestResult, CurrencySummary
from adapters.report_words import amount, bare_percent
from messages import MINOR_DIGITS

WIDTH = 100
_SPARED = ("fills", "lots", "open", "funding", "fees", "realised", "account")
"""Columns of the table of strategies that a narrow terminal does without, in this order."""
_SPARED_OF_EXECUTION = ("orders", "wanted", "gave up", "fees", "account")
_TABLE_DIGITS = 9
"""Of a figure in a table, before and after its point."""
_MONTHS_FROM = 3
"""Fewer are told by the curve."""
_PLAIN = "market"


def print_strategies(result: BacktestResult, console: Console) -> None:
    """A row per strategy and symbol."""
    if not result.strategies:
        return
    digits = _digits(
        (row.currency, (row.realised_minor, row.unrealised_minor, row.fees_minor, row.funding_minor, row.pnl_minor))
        for row in result.strategies
    )
    rows = [
        (
            row.strategy,
            row.symbol,
            row.account,
            f"{row.fills:,}",
            amount(row.realised_minor, row.currency, digits=digits[row.currency]),
            amount(row.unrealised_minor, row.currency, digits=digits[row.currency]),
            amount(row.fees_minor, row.currency, digits=digits[row.currency]),
            amount(row.funding_minor, row.currency, digits=digits[row.currency]),
            amount(row.pnl_minor, row.currency, sign=True, digits=digits[row.currency]),
            f"{row.position_lots:+,}" if row.position_lots else "0",
            row.currency,
        )
        for row in result.strategies
    ]
    figures = ("fills", "realised", "open", "fees", "funding", "profit", "lots")
    without = _without_account(result) | (set() if any(row.funding_minor for row in result.strategies) else {"funding"})
    _print(console, rows, words=("strategy", "symbol", "account"), figures=figures, without=without, spared=_SPARED)


def print_execution(result: BacktestResult, console: Console) -> None:
    """A row per algorithm, where there is more to say than that market orders were filled."""
    if not any(row.algorithm not in (_PLAIN, INTERNAL) or row.shortfall_minor is not None for row in result.execution):
        return
    digits = _digits((row.currency, (row.fees_minor, row.shortfall_minor or 0)) for row in result.execution)
    rows = [
        (
            row.algorithm,
            row.account,
            f"{row.orders:,}",
            f"{row.lots_wanted:,}",
            f"{row.lots_filled:,}",
            f"{row.gave_up_lots:,}",
            amount(row.fees_minor, row.currency, digits=digits[row.currency]),
            "-"
            if row.shortfall_minor is None
            else amount(row.shortfall_minor, row.currency, digits=digits[row.currency]),
            "-" if row.shortfall_bp is None else f"{row.shortfall_bp:,.2f}",
            row.currency,
        )
        for row in result.execution
    ]
    figures = ("orders", "wanted", "filled", "gave up", "fees", "shortfall", "bp")
    without = _without_account(result)
    _print(
        console,
        rows,
        words=("execution", "account"),
        figures=figures,
        without=without,
        spared=_SPARED_OF_EXECUTION,
    )


def print_months(summary: CurrencySummary, console: Console) -> None:
    """Returns in per cent, a row per year, where the run is long enough and the terminal wide enough."""
    if len(summary.months) < _MONTHS_FROM:
        return
    for decimals in (1, 0):
        table = _months(summary.months, decimals)
        if _width(table, console) <= console.width:
            console.print(table)
            return


def _months(months: Mapping[str, float | None], decimals: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("  % by month", no_wrap=True)
    for month in range(1, 13):
        table.add_column(f"{month:02}", justify="right", no_wrap=True, header_style="none")
    table.add_column("year", justify="right", no_wrap=True, header_style="none")
    for year, its in groupby(months.items(), key=lambda item: item[0][:4]):
        returns = {int(name[5:]): value for name, value in its}
        known = [value for value in returns.values() if value is not None]
        whole = prod([1 + value for value in known]) - 1 if len(known) == len(returns) else None
        cells = [bare_percent(returns.get(month), decimals) if month in returns else "" for month in range(1, 13)]
        table.add_row(f"  {year}", *cells, bare_percent(whole, decimals))
    return table


def _without_account(result: BacktestResult) -> set[str]:
    """Where there is but one, it goes without saying."""
    return set() if len({summary.account for summary in result.summaries}) > 1 else {"account"}


def _print(
    console: Console,
    rows: Sequence[Sequence[str]],
    *,
    words: Sequence[str],
    figures: Sequence[str],
    without: Iterable[str],
    spared: Sequence[str],
) -> None:
    """Words to the left, figures to the right, the currency last; of `spared` as many are left out as do not fit."""
    titles = [*words, *figures, ""]
    for count in range(len(spared) + 1):
        left_out = {*without, *spared[:count]}
        shown = [number for number, title in enumerate(titles) if title not in left_out]
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for number in shown:
            is_figure = titles[number] in figures
            table.add_column(titles[number], justify="right" if is_figure else "left", overflow="fold")
        for row in rows:
            table.add_row(*[row[number] for number in shown])
        if _width(table, console) <= console.width:
            break
    console.print(table)
    console.print()


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(max_width=10 * WIDTH), table).maximum


def _digits(amounts: Iterable[tuple[str, Sequence[int]]]) -> dict[str, int]:
    """Decimals by currency: fewer where the figures are large, so that a row fits its line."""
    largest: dict[str, int] = {}
    for currency, its in amounts:
        largest[currency] = max(*map(abs, its), largest.get(currency, 0))
    found = {}
    for currency, minor in largest.items():
        digits = MINOR_DIGITS.get(currency, 2)
        room = max(0, _TABLE_DIGITS - len(str(minor // 10**digits)))
        found[currency] = digits if digits <= room else room if digits > 2 else 0
    return found
