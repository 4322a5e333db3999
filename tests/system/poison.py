"""The poison test: corrupt everything that lies after an instant, and what was decided up to it must not change.

Known at T is a bar with `close_ts <= T`, the first price (and nothing else) of a bar with `open_ts <= T`, and a tick,
a funding rate or a mark price with `received <= T`. Everything else of the columns is poisoned in one of `POISONS`
ways, the run is repeated, and the decisions of both runs up to T are compared message by message, in the order in
which they were said.
"""

from itertools import zip_longest

import attrs
import numpy as np

from actors.columns import (
    BarColumns,
    BookColumns,
    ChunkedColumns,
    FundingColumns,
    IndexColumns,
    MarkColumns,
    QuoteColumns,
)
from messages import (
    AmendOrder,
    AmendPlaced,
    AmendRejected,
    Annotated,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    CancelOrder,
    CancelPlaced,
    EquityMarked,
    Fill,
    FundingPaid,
    GaveUp,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    PlaceOrder,
    ShareSized,
    Signal,
    SubmitOrder,
    TargetShares,
    TradingStateChanged,
)
from tests.market_house import cut, rows_of

GRID = 0.5
POISONS = ("scale", "delete", "insert")
DECISIONS = (
    # What strategies want, and what the portfolio makes of it.
    Annotated, Signal, PlaceOrder, AmendPlaced, CancelPlaced, ShareSized, TargetShares, EquityMarked,
    # What is sent, let through and answered.
    SubmitOrder, AmendOrder, CancelOrder, GaveUp, ApprovedOrder, ApprovedAmend, ApprovedCancel, CancelAll, OrderRefused,
    AmendRejected, TradingStateChanged, OrderAccepted, OrderRejected, OrderAmended, OrderEnded, Fill, FundingPaid,
)  # fmt: skip


_MARKET_S_DOING = ("liquidated", "daily loss")
"""A poisoned market may ruin an account; whatever else halts one is a bug."""


class Poisoning:
    """One clean run, against which poisoned ones are held.

    `system_of(columns)` makes a system, which depends on the data in nothing but that it hears them.
    """

    def __init__(self, columns, system_of):
        self.columns, self.system_of = columns, system_of
        self.clean = _decisions(system_of(columns))

    def decided(self, at):
        """How many decisions the clean run takes up to `at`: a comparison of nothing proves nothing."""
        return len(_until(self.clean, at))

    def kinds_decided(self, at):
        """Of which classes they are."""
        return {type(message) for _, message in _until(self.clean, at)}

    def difference(self, at, poison):
        """The first decision up to `at` that the poison changed, as (clean, poisoned), or None when there is none."""
        system = self.system_of([poisoned_after(series, at, poison) for series in self.columns])
        poisoned = _decisions(system, until=at)
        both = zip_longest(_until(self.clean, at), _until(poisoned, at))
        return next(((before, after) for before, after in both if before != after), None)


def _decisions(system, until=None):
    """(the runtime's clock, what was said then): a message's own time could be as wrong as the rest of it.

    Ends soon after `until`, where nothing is compared any more.
    """
    said = []

    def hear(message):
        said.append((runtime.now(), message))
        if until is not None and runtime.now() > until:
            runtime.request_stop("nothing more is compared")

    for message_class in DECISIONS:
        system.subscribe(message_class, hear)
    runtime = system.make_replay()
    runtime.run()
    result = system.result()
    assert result.failures == (), result.failures
    assert result.halted is None or result.halted.startswith(_MARKET_S_DOING), result.halted
    return said


def _until(said, at):
    return [each for each in said if each[0] <= at]


def poisoned_after(series, at, poison):
    """The same columns with everything changed that is not known at `at`."""
    if isinstance(series, BarColumns):
        return _poisoned_bars(series, at, poison)
    if isinstance(series, ChunkedColumns):
        whole = poisoned_after(_whole(series), at, poison)
        return cut(whole, 37)
    if isinstance(series, FundingColumns | MarkColumns | IndexColumns):
        return _poisoned_events(series, at, poison)
    if isinstance(series, BookColumns):
        return _poisoned_books(series, at, poison)
    if isinstance(series, QuoteColumns):
        return _poisoned_quotes(series, at, poison)
    return _poisoned_ticks(series, at, poison)


def _worse(prices):
    return np.rint(prices * 1.7 / GRID) * GRID


def _poisoned_bars(bars, at, poison):
    unknown, unopened = bars.close_ts > at, bars.open_ts > at
    changed = {
        "open": np.where(unopened, _worse(bars.open), bars.open),
        **{
            name: np.where(unknown, _worse(getattr(bars, name)), getattr(bars, name))
            for name in ("high", "low", "close")
        },
        "volume": np.where(unknown, bars.volume * 3 + 7, bars.volume),
        "turnover": None if bars.turnover is None else np.where(unknown, bars.turnover * 5, bars.turnover),
    }
    bars = attrs.evolve(bars, **changed)
    rows = np.arange(len(bars))
    if poison == "delete":
        last = len(bars) - 1
        return _rows(bars, rows[~unopened | (rows % 3 == 0) | (rows == last)])
    return _without_gaps(bars, at) if poison == "insert" else bars


def _without_gaps(bars, at):
    """Bars put where there was none, after `at`."""
    wanted = np.arange(bars.open_ts[0], bars.open_ts[-1] + 1, bars.period)
    wanted = wanted[(wanted > at) | np.isin(wanted, bars.open_ts)]
    source = np.searchsorted(bars.open_ts, wanted, side="right") - 1
    filled = _rows(bars, source)
    return attrs.evolve(filled, open_ts=wanted, close_ts=wanted + bars.period)


def _poisoned_ticks(ticks, at, poison):
    unknown = ticks.received > at
    ticks = attrs.evolve(
        ticks,
        price=np.where(unknown, _worse(ticks.price), ticks.price),
        size=np.where(unknown, ticks.size * 3, ticks.size),
    )
    rows = np.arange(len(ticks))
    if poison == "delete":
        return _rows(ticks, rows[~unknown | (rows % 3 == 0) | (rows == len(ticks) - 1)])
    return _rows(ticks, np.repeat(rows, np.where(unknown, 2, 1))) if poison == "insert" else ticks


def _whole(series):
    """Chunks put together again."""
    chunks = list(series.read())
    columns = {
        field.name: np.concatenate([getattr(chunk, field.name) for chunk in chunks])
        for field in attrs.fields(series.of)
        if field.init and isinstance(getattr(chunks[0], field.name), np.ndarray)
    }
    return attrs.evolve(chunks[0], **columns)


def _poisoned_quotes(quotes, at, poison):
    unknown = quotes.received > at
    moved = {name: np.where(unknown, _worse(getattr(quotes, name)), getattr(quotes, name)) for name in ("bid", "ask")}
    quotes = attrs.evolve(quotes, **moved, bid_size=np.where(unknown, quotes.bid_size * 3, quotes.bid_size))
    rows = np.arange(len(quotes))
    if poison == "delete":
        return rows_of(quotes, rows[~unknown | (rows % 3 == 0) | (rows == len(quotes) - 1)])
    return rows_of(quotes, np.repeat(rows, np.where(unknown, 2, 1))) if poison == "insert" else quotes


def _poisoned_books(books, at, poison):
    """Levels moved; whole messages deleted, or said twice over."""
    unknown = books.received > at
    books = attrs.evolve(books, price=np.where(unknown, _worse(books.price), books.price))
    message = np.repeat(np.arange(len(books)), np.diff(books.starts))
    if poison == "delete":
        return rows_of(books, np.flatnonzero(~unknown | (message % 3 == 0)))
    if poison == "scale":
        return books
    again = rows_of(books, np.flatnonzero(unknown))
    both = {
        field.name: np.concatenate([getattr(books, field.name), getattr(again, field.name)])
        for field in attrs.fields(type(books))
        if field.init and isinstance(getattr(books, field.name), np.ndarray)
    }
    both["part"] = np.concatenate([books.part, again.part + books.part.max() + 1])
    order = np.lexsort((both["part"], both["received"]))
    return attrs.evolve(books, **{name: column[order] for name, column in both.items()})


def _poisoned_events(events, at, poison):
    """Funding rates turned round and marks moved; deleted, or with others put between them."""
    unknown = events.received > at
    if isinstance(events, FundingColumns):
        events = attrs.evolve(events, rate=np.where(unknown, 0.001 - events.rate * 3, events.rate))
    else:
        events = attrs.evolve(events, price=np.where(unknown, _worse(events.price), events.price))
    rows = np.arange(len(events))
    if poison == "delete":
        return _rows(events, rows[~unknown | (rows % 3 == 0)])
    if poison == "scale" or not unknown.any():
        return events
    more = _rows(events, np.repeat(rows, np.where(unknown, 2, 1)))
    late = np.concatenate([[False], more.ts[1:] == more.ts[:-1]]) * np.diff(events.ts).min() // 2
    return attrs.evolve(more, ts=more.ts + late, received=more.received + late)


def _rows(series, rows):
    columns = {
        field.name: value[rows]
        for field in attrs.fields(type(series))
        if isinstance(value := getattr(series, field.name), np.ndarray)
    }
    return attrs.evolve(series, **columns)


def with_gaps(bars, seed=1):
    """The bars without every so many of them: markets have silent minutes, and 'insert' needs room."""
    keep = np.random.default_rng(seed).random(len(bars)) > 0.2
    keep[[0, -1]] = True
    return _rows(bars, np.flatnonzero(keep))
