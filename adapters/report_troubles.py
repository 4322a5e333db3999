"""What went wrong or was not done, in sentences, and why a run traded nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import wrap

from rich.console import Console
from rich.markup import escape

from actors.result import BacktestResult
from adapters.report_words import END_WORDS, REFUSAL_WORDS, blamed, counts, explained, short, things
from adapters.results import RunFacts
from adapters.words import counted
from messages import iso_utc

_LISTED = 5


def print_troubles(result: BacktestResult, facts: RunFacts, console: Console) -> None:
    """A line each; nothing when all went well."""
    print_marked(list(_troubles(result, facts)), console)


def print_marked(lines: Sequence[str], console: Console) -> None:
    """Sentences behind a mark; what is too long goes on below itself."""
    for line in lines:
        first, *rest = wrap(line, console.width - 2) or [""]
        console.print(f"[yellow]![/] {escape(first)}")
        for more in rest:
            console.print(f"  {escape(more)}")
    if lines:
        console.print()


def _troubles(result: BacktestResult, facts: RunFacts) -> Iterator[str]:
    if result.halted:
        yield f"Trading was halted at the end: {result.halted}."
    yield from _lost(result)
    yield from _failed(result)
    yield from _not_done(result)
    if facts.bad_rows:
        reasons = Counter(row.column for row in facts.bad_rows)
        yield f"{counted(len(facts.bad_rows), 'bad row')} set aside, by column: {counts(reasons)}; see bad_rows.csv."
    if result.bad_item_counts:
        total = sum(result.bad_item_counts.values())
        yield f"{counted(total, 'market item')} set aside: {counts(result.bad_item_counts)}; see bad_items.csv."
        if facts.command == "backtest" and result.bad_item_counts["late"]:
            yield "Late: after the bar had closed. Live, bars wait 250 ms: [backtest] close_grace_ms = 250."
    for strategy, names in sorted(result.unused_callbacks.items()):
        yield f"{strategy} defines {', '.join(names)}, which these data never call."


def _lost(result: BacktestResult) -> Iterator[str]:
    """Daily losses, liquidations, equity that was gone."""
    if result.daily_loss_trips:
        days = [f"{short(each.ts)} ({each.account})" for each in result.daily_loss_stops]
        yield (
            f"The daily loss limit stopped trading {counted(result.daily_loss_trips, 'time')}: "
            f"{_listed(days, 'more time')}."
        )
    gone = result.liquidations
    liquidated = {(row.account, row.currency) for row in gone}
    for row in gone[:_LISTED]:
        yield f"{row.symbol} of account {row.account} was liquidated on {short(row.ts)} at {row.price:,}."
    if len(gone) > _LISTED:
        yield f"... and {counted(len(gone) - _LISTED, 'more liquidation')}; see fills.csv."
    for curve in result.curves:
        below = curve.equity_minor <= 0
        if below.any() and (curve.account, curve.currency) not in liquidated:
            since = short(int(curve.ts[int(below.argmax())]))
            whose = f" of account {curve.account}" if len({each.account for each in result.curves}) > 1 else ""
            yield (
                f"{curve.currency} equity{whose} was not above zero at {since} for the first time: a real account "
                "would have been liquidated. Sizes are too large for the cash, and ratios mean nothing."
            )


def _failed(result: BacktestResult) -> Iterator[str]:
    """Actors that failed, and those that were given up on."""
    for actor, times in sorted(result.restarts.items()):
        yield f"{actor} failed and was restarted {counted(times, 'time')}."
    for actor, reason in sorted(result.quarantined.items()):
        held = [
            f"{row.position_lots:+,} {row.symbol}"
            for row in result.strategies
            if actor == f"strategy:{row.strategy}" and row.position_lots
        ]
        left = f" It still holds {', '.join(held)}, which nobody looks after." if held else ""
        yield f"{actor} was taken out of the run: {reason}.{left}"
    alike: dict[tuple[str, str, str, str], list[int]] = {}
    for failure in result.failures:
        key = failure.actor, failure.during, failure.error, blamed(failure.trace)
        alike.setdefault(key, []).append(failure.at)
    for (actor, during, error, place), failed_at in list(alike.items())[:_LISTED]:
        often = f"{counted(len(failed_at), 'time')}, first " if len(failed_at) > 1 else ""
        where = f" [{place}]" if place else ""
        yield f"{actor} failed {often}at {iso_utc(failed_at[0])} during {during}: {error}{where}"
    if len(alike) > _LISTED:
        yield f"... and {counted(len(alike) - _LISTED, 'more failure')}."


def _not_done(result: BacktestResult) -> Iterator[str]:
    """What was wished for and did not come about."""
    if result.refusals:
        yield f"Refused, rejected or rounded to nothing: {explained(result.refusals, REFUSAL_WORDS)}."
    if result.venue_ends:
        yield f"Ended by the venue unasked: {explained(result.venue_ends, END_WORDS)}."
    if result.amend_rejections:
        yield f"Amends that were not made: {explained(result.amend_rejections, REFUSAL_WORDS)}."
    if result.gave_up:
        lots: Counter[str] = Counter()
        for given in result.gave_up:
            lots[given.algorithm] += abs(given.lots)
        yield f"Given up {counted(len(result.gave_up), 'time')}, lots by algorithm: {counts(lots)}."


def _listed(names: list[str], more: str) -> str:
    left = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {counted(left, more)}" if left > 0 else "")


def print_why_nothing(result: BacktestResult, facts: RunFacts, console: Console) -> None:
    """A run without a fill explains itself."""
    console.print("[bold]Nothing was traded.[/] Why:")
    console.print(f"  {things(result)} went through the system.")
    by_strategy = Counter(signal.strategy for signal in result.signals)
    if by_strategy:
        console.print(f"  Signals: {counts(by_strategy)}.")
    elif not result.orders and facts.stopped:
        console.print("  The run was stopped before any strategy gave a signal.")
    elif not result.orders and result.unused_callbacks:
        console.print("  No strategy gave a signal: some wait for callbacks that these data never call.")
    elif not result.orders and result.failures:
        console.print("  No strategy gave a signal before it failed; what it failed on stands above.")
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
