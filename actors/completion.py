"""What a host application may leave out when it makes a TradingSystem, and what it then becomes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from actors.columns import (
    BarColumns,
    BookColumns,
    ChunkedColumns,
    Columns,
    EventColumns,
    FundingColumns,
    IndexColumns,
    LiquidationColumns,
    MarkColumns,
    QuoteColumns,
    TickColumns,
    chunks_of,
    kind_of,
)
from actors.component import Component
from actors.event_streams import ExternalColumns
from actors.live_bars import GRACE
from actors.money.grid import common_tick_size
from actors.setup import Setup, run6_of, wanted_bars, wanted_flows
from actors.strategy import Strategy
from actors.strategy_entry import StrategyEntry, only_heard
from messages import Account, Instrument, Kind, Minor, Symbol, parse_period

DEFAULT_CASH = 10_000_000
"""In whole units of each settlement currency that no starting cash was given for."""
_DECIDE_NOTHING = frozenset({"venue", "funding_words", "policy", "live_accounts", "spreads", "side_symbols"})
"""What a set-up has besides what its run is named by."""
_MARKET = (BarColumns, TickColumns, QuoteColumns, BookColumns, IndexColumns, LiquidationColumns)
_EVENTS = (FundingColumns, MarkColumns)
_COLUMNS = (*_MARKET, *_EVENTS, ExternalColumns, ChunkedColumns)


def feed_parts(
    feed: Any,
) -> tuple[tuple[Columns, ...], tuple[EventColumns, ...], tuple[ExternalColumns, ...], Callable[[], Component] | None]:
    """(columns, funding and marks, external events, maker of a feed component): ValueError for what is none of them."""
    if feed is None:
        return (), (), (), None
    series = (feed,) if isinstance(feed, _COLUMNS) else tuple(feed) if isinstance(feed, Sequence) else ()
    if series and all(isinstance(each, _COLUMNS) for each in series):
        columns = tuple([each for each in series if kind_of(each) in _MARKET])
        external = tuple([each for each in series if isinstance(each, ExternalColumns)])
        events = tuple([each for each in series if kind_of(each) in _EVENTS])
        unknown = sorted({each.symbol for each in events} - {each.symbol for each in columns})
        if unknown:
            raise ValueError(f"there is funding or there are marks of {', '.join(unknown)}, but no market data of it")
        if len({each.source for each in external}) < len(external):
            raise ValueError("a source of external events is given twice")
        return columns, events, external, None
    if callable(feed):
        return (), (), (), feed
    raise ValueError(
        f"feed must be columns, a sequence of columns, a callable that makes a component, or None: not {feed!r}"
    )


def prices_of(columns: Any) -> list[Any]:
    """The columns of prices, of columns in one piece."""
    if isinstance(columns, BarColumns):
        return [columns.open, columns.high, columns.low, columns.close]
    return [columns.bid, columns.ask] if isinstance(columns, QuoteColumns) else [columns.price]


def default_instrument(series: Columns) -> Instrument:
    """A linear contract in USD on the coarsest tick grid that fits the data, or the first of its chunks."""
    first = next(chunks_of(series), None)
    tick_size = Decimal("0.01") if first is None else common_tick_size(prices_of(first))
    return Instrument(symbol=series.symbol, kind=Kind.LINEAR, tick_size=tick_size, currency="USD")


def complete_entries(
    strategies: Iterable[type[Strategy] | StrategyEntry], columns: Sequence[Columns], known: Mapping[Symbol, Instrument]
) -> tuple[StrategyEntry, ...]:
    """An entry for each strategy, classes getting an id, all symbols and the feed's shortest period.

    TypeError for what is neither class nor entry, ValueError for ids that occur twice and for symbols without an
    instrument.
    """
    periods = [series.period for series in columns if isinstance(series, BarColumns)]
    symbols = tuple(dict.fromkeys(series.symbol for series in columns)) or tuple(known)
    entries: list[StrategyEntry] = []
    for strategy in strategies:
        if isinstance(strategy, StrategyEntry):
            entries.append(strategy)
            continue
        if not (isinstance(strategy, type) and issubclass(strategy, Strategy)):
            raise TypeError(f"strategies are subclasses of actors.Strategy or StrategyEntry objects, not {strategy!r}")
        if not symbols:
            raise ValueError(
                "a Strategy class alone does not say its symbols: give columns, instruments or a StrategyEntry"
            )
        period = min(periods, default=parse_period("1m"))
        taken = {entry.id for entry in entries}
        entries.append(StrategyEntry(id=_id_of(strategy, taken), strategy=strategy, symbols=symbols, period=period))
    twice = [entry.id for number, entry in enumerate(entries) if entry.id in {e.id for e in entries[:number]}]
    if twice:
        raise ValueError(f"strategy ids must be unique: {', '.join(twice)}")
    for entry in entries:
        unknown = [symbol for symbol in entry.symbols if symbol not in known]
        if unknown:
            raise ValueError(
                f"strategy {entry.id} trades {', '.join(unknown)}, of which there is no instrument: {', '.join(known)}"
            )
    return tuple(entries)


def _know_their_sources(entries: Iterable[StrategyEntry], external: Iterable[ExternalColumns]) -> None:
    """ValueError for a source that a strategy names and the feed has not: it would wait for ever."""
    known = [each.source for each in external]
    for entry in entries:
        unknown = [source for source in entry.sources or () if source not in known]
        if unknown:
            there = f"there are {', '.join(known)}" if known else "there is none"
            raise ValueError(f"strategy {entry.id} hears the events of {', '.join(unknown)}: {there}")


def _id_of(strategy: type[Strategy], taken: set[str]) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", strategy.__name__).lower()
    stem = re.sub(r"[^a-z0-9-]", "-", words).strip("-")[:16] or "strategy"
    name, number = stem, 2
    while name in taken:
        suffix = f"-{number}"
        name, number = stem[: 16 - len(suffix)] + suffix, number + 1
    return name


def described(entries: Sequence[StrategyEntry]) -> list[tuple[Any, ...]]:
    """What determines a run in its entries, for its hash."""
    return [
        (
            e.id,
            e.strategy.__name__,
            e.symbols,
            e.period,
            tuple(sorted(e.params)),
            e.weight,
            e.lots,
            e.account,
            e.execution.text,
            *([e.hears] if e.hears else []),
            *([e.events] if e.events is not None else []),
        )
        for e in entries
    ]


def complete_setup(
    *,
    feed: Any,
    strategies: Iterable[type[Strategy] | StrategyEntry],
    instruments: Iterable[Instrument],
    cash: Mapping[str, Minor],
    account_cash: Mapping[Account, Mapping[str, Minor]],
    run_id: str | None,
    close_grace_ns: int | None,
    **rest: Any,
) -> Setup:
    """The set-up, with everything in it that was left out; ValueError says what does not fit together.

    `rest` is what a Setup has besides, as it has it. Without `run_id` a run is named by a hash of all that decides.
    """
    columns, events, external, make_feed = feed_parts(feed)
    strategies = tuple(strategies)
    known = {instrument.symbol: instrument for instrument in instruments}
    # A class alone trades what nobody only hears.
    beside = only_heard([each for each in strategies if isinstance(each, StrategyEntry)]) - known.keys()
    traded = tuple([series for series in columns if series.symbol not in beside])
    for series in traded:
        if series.symbol not in known and kind_of(series) not in (IndexColumns, LiquidationColumns):
            known[series.symbol] = default_instrument(series)
    entries = complete_entries(strategies, traded, known)
    if columns or external:
        _know_their_sources(entries, external)
    purse = dict(cash)
    for instrument in known.values():
        purse.setdefault(instrument.currency, DEFAULT_CASH * 10**instrument.minor_digits)
    decides = {name: value for name, value in rest.items() if name not in _DECIDE_NOTHING}
    parts = (
        sorted(purse.items()),
        [(account, sorted(own.items())) for account, own in sorted(account_cash.items())],
        described(entries),
        sorted(known.items()),
        close_grace_ns,
        [
            (name, sorted(value.items()) if isinstance(value, dict) else value)
            for name, value in sorted(decides.items())
        ],
    )
    setup = Setup(
        columns=columns,
        events=events,
        external=external,
        feed=make_feed,
        instruments=known,
        strategies=entries,
        cash=purse,
        account_cash={account: {**purse, **own} for account, own in account_cash.items()},
        run6=run_id or run6_of((*columns, *events, *external), *parts),
        close_grace_ns=close_grace_ns if close_grace_ns is not None else 0 if columns else GRACE,
        **rest,
    )
    wanted_bars(setup)
    wanted_flows(setup)
    return setup
