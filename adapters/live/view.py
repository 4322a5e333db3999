"""A snapshot of a live run as a screen of 80 by 24, or as lines: pure functions of the snapshot and the time.

Everything has its place and keeps it, so that an eye finds it again; columns have the width of what may come. Colours
say only what somebody should look at, and whether there is a profit.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from adapters.live import words
from adapters.live.news import Kind, News
from adapters.live.snapshot import AccountView, BookView, MarketView, OrderView, Snapshot
from adapters.words import counted
from messages import NS_PER_SECOND, TradingState, UtcNs

WIDTH: Final = 80
HEIGHT: Final = 24
QUIET_NS: Final = 5 * NS_PER_SECOND
"""So long after the last item a market's age is shown instead of its delay."""
_MARKETS, _BOOKS, _ORDERS = 3, 6, 3
"""Rows at most; of more, the first are shown, and how many there are besides."""
_STATES: Final = {
    TradingState.ACTIVE: "green",
    TradingState.RECOVERING: "yellow",
    TradingState.REDUCE_ONLY: "yellow",
    TradingState.FLATTENING: "bold red",
    TradingState.HALTED: "bold red",
}
_KINDS: Final = {Kind.FILL: "none", Kind.STATE: "none", Kind.GOOD: "green", Kind.TROUBLE: "yellow"}


def render(snapshot: Snapshot, now: UtcNs, *, height: int = HEIGHT, width: int = WIDTH) -> RenderableType:
    """The whole screen, at most `height` - 1 lines: a terminal that is full to its last line would scroll."""
    sections: list[list[Table | Text]] = [
        [*_head(snapshot, now, width)],
        [_markets(snapshot, now), *_more(len(snapshot.markets), _MARKETS)],
        [_books(snapshot), *_more(len(snapshot.books), _BOOKS)],
        [_orders(snapshot, now), *_more(len(snapshot.orders), _ORDERS)],
    ]
    parts: list[Table | Text] = [each for section in sections for each in (*section, Text(""))]
    # What happened has the place that is left, the latest of it.
    left = max(1, height - 1 - sum(_lines(each) for each in parts))
    return Group(*parts, *[_news(news) for news in snapshot.news[-left:]])


def _lines(part: Table | Text) -> int:
    """Nothing here wraps, so a table is its head and its rows."""
    return 1 + part.row_count if isinstance(part, Table) else 1


def _head(snapshot: Snapshot, now: UtcNs, width: int) -> Iterator[Text]:
    title = Text.assemble(("openoutcry live", "bold"), f"  {snapshot.venue}, account {snapshot.account}")
    title.append(f", run {snapshot.run_id}")
    up = words.uptime(now - snapshot.started)
    yield _one_line(title.append(" " * max(2, width - title.cell_len - len(up))).append(up))
    line = Text()
    for number, account in enumerate(snapshot.accounts):
        if number == 0 or account.state not in (None, TradingState.ACTIVE):
            line.append("" if number == 0 else f"  {account.account}: ").append_text(_state(account))
    if snapshot.counts.violations:
        line.append("  ").append(f"violations {snapshot.counts.violations:,}", style="bold red")
    if snapshot.recording.stopped is not None:
        line.append("  ").append("not recording", style="bold red")
    elif snapshot.recording.lost:
        line.append("  ").append(f"unrecorded {snapshot.recording.lost:,}", style="yellow")
    if snapshot.watchdog.is_there is False:
        line.append("  ").append("no watchdog", style="bold red")
    counts = snapshot.counts
    for name in ("orders", "fills", "refused", "rejected", "restarts", "foreign"):
        number = getattr(counts, name)
        if number or name in ("orders", "fills"):
            line.append("  ").append(f"{name} {number:,}", style="" if name in ("orders", "fills") else "yellow")
    yield _one_line(line)


def _state(account: AccountView) -> Text:
    state = account.state
    text = Text("trading ")
    text.append("-" if state is None else state.value, style="dim" if state is None else _STATES[state])
    if state not in (None, TradingState.ACTIVE):
        text.append(f" ({account.reason})")
    if account.venue != "ready":
        text.append("  venue ").append(account.venue, style="yellow")
    return text


def _markets(snapshot: Snapshot, now: UtcNs) -> Table:
    table = _table(("market", 10), (">last", 11), (">bid", 11), (">ask", 11), (">lots", 8), ("  feed", 12))
    for market in snapshot.markets[:_MARKETS]:
        prices = [words.price(each, market.decimals) for each in (market.last, market.bid, market.ask)]
        table.add_row(market.symbol, *prices, words.lots(market.lots), Text("  ").append_text(_feed(market, now)))
    return table


def _feed(market: MarketView, now: UtcNs) -> Text:
    if market.stale:
        return Text(f"stale: {market.stale}", style="yellow")
    if market.received is None:
        return Text("nothing yet", style="dim")
    silent = now - market.received
    if silent > QUIET_NS:
        return Text(f"quiet for {words.span(silent)}", style="dim")
    lag = "" if market.delay_ns is None else f", lag {words.span(market.delay_ns)}"
    return Text(f"fresh{lag}" if market.stale == "" else f"heard{lag}")


def _books(snapshot: Snapshot) -> Table:
    table = _table(
        ("strategy", 12), ("symbol", 6), (">lots", 6), (">fills", 5), (">realised", 11), (">open", 11), (">profit", 11),
        ("", 3),
    )  # fmt: skip
    for book in snapshot.books[:_BOOKS]:
        name = Text(book.strategy)
        if book.down:
            # Its actor is down, or given up; what happened stands below.
            name.append(" !", style="yellow")
        table.add_row(name, book.symbol, words.lots(book.lots), f"{book.fills:,}", *_profit([book]))
    for account, currency in _totals(snapshot):
        its = [book for book in snapshot.books if (book.account, book.currency) == (account, currency)]
        table.add_row(Text(f"all of {account}", style="dim"), "", "", f"{sum(b.fills for b in its):,}", *_profit(its))
    return table


def _totals(snapshot: Snapshot) -> list[tuple[str, str]]:
    """The (account, currency)s of several books, for which a sum says something; the real account's."""
    keys = [(book.account, book.currency) for book in snapshot.books if book.account == snapshot.account]
    return [key for key in dict.fromkeys(keys) if keys.count(key) > 1]


def _profit(books: Sequence[BookView]) -> list[Text | str]:
    """Realised after costs, open, and both."""
    currency = books[0].currency
    realised = sum(book.realised_minor - book.costs_minor for book in books)
    known = [book.unrealised_minor for book in books if book.unrealised_minor is not None]
    unrealised = sum(known) if len(known) == len(books) else None
    profit = sum(book.profit_minor for book in books)
    style = "green" if profit > 0 else "red" if profit < 0 else ""
    return [
        words.money(realised, currency),
        words.money(unrealised, currency),
        Text(words.money(profit, currency), style=style),
        currency,
    ]


def _orders(snapshot: Snapshot, now: UtcNs) -> Table:
    table = _table(
        ("open order", 24), ("symbol", 6), (">lots", 6), (">done", 5), (">price", 14), (">age", 6), ("state", 7)
    )
    for order in snapshot.orders[:_ORDERS]:
        table.add_row(*_order(order, now))
    if not snapshot.orders:
        table.add_row(Text("none", style="dim"))
    return table


def _order(order: OrderView, now: UtcNs) -> tuple[str, ...]:
    price = order.type.value
    if order.price is not None:
        price += f" {words.price(order.price, order.decimals)}"
    age = words.span(now - order.ts)
    return order.client_id, order.symbol, words.lots(order.lots), f"{abs(order.filled):,}", price, age, order.state


def _news(news: News) -> Text:
    mark = "!" if news.kind is Kind.TROUBLE else " "
    line = Text().append(f"{words.clock(news.ts)} ", style="dim")
    line.append(f"{mark} ", style="yellow").append(news.text, style=_KINDS[news.kind])
    if news.times > 1:
        line.append(f"  ({news.times:,} times)", style="dim")
    return _one_line(line)


def _more(total: int, most: int) -> list[Text]:
    return [Text(f"and {total - most:,} more", style="dim")] if total > most else []


def _table(*columns: tuple[str, int]) -> Table:
    """Titles and least widths; a title that begins with > is of figures."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for title, width in columns:
        name = title.removeprefix(">")
        side = "right" if title != name else "left"
        table.add_column(name, min_width=width, justify=side, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    return table


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


# Where there is no terminal.


def news_lines(snapshot: Snapshot) -> list[str]:
    """A line for each piece of news in the snapshot."""
    return [f"{words.clock(news.ts)} {'!' if news.kind is Kind.TROUBLE else ' '} {news.text}" for news in snapshot.news]


def status_line(snapshot: Snapshot, now: UtcNs) -> str:
    """How everything stands, in one line."""
    account = snapshot.accounts[0]
    state = "-" if account.state is None else account.state.value
    parts = [state if account.venue == "ready" else f"{state}, venue {account.venue}"]
    parts += [
        f"{market.symbol} {words.price(market.last, market.decimals)} {_feed(market, now).plain}, "
        f"lots {words.lots(market.lots)}"
        for market in snapshot.markets
    ]
    profits: dict[str, int] = {}
    for book in snapshot.books:
        if book.account == snapshot.account:
            profits[book.currency] = profits.get(book.currency, 0) + book.profit_minor
    parts += [f"profit {words.money(profit, currency)} {currency}" for currency, profit in profits.items()]
    if snapshot.counts.violations:
        parts.append(f"violations {snapshot.counts.violations:,}")
    if snapshot.recording.stopped is not None:
        parts.append(f"not recording: {snapshot.recording.stopped}")
    parts.append(f"{counted(len(snapshot.orders), 'open order')}")
    parts.append(f"{counted(snapshot.counts.orders, 'order')}, {counted(snapshot.counts.fills, 'fill')}")
    return f"{words.clock(now)}   {'; '.join(parts)}"
