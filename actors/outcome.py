"""From a run to its result: what was recorded, accounted for, with the conventions that it was computed by."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from actors import accounting, order_history, samples
from actors.columns import (
    BarColumns,
    BookColumns,
    ChunkedColumns,
    Columns,
    FundingColumns,
    IndexColumns,
    LiquidationColumns,
    QuoteColumns,
    TickColumns,
    chunks_of,
    kind_of,
)
from actors.money.shortfall import execution_rows
from actors.money.trades import round_trips
from actors.recorder import Record
from actors.result import AccountCurve, BacktestResult, Conventions
from actors.risk.daily_loss import DAILY_LOSS
from actors.runtime.slot import Slot
from actors.setup import Setup
from messages import Account, Fill, FundingPaid, Minor, Symbol, TradingState, UtcNs

_HALTED = (TradingState.HALTED, TradingState.FLATTENING)
_GOES_ON = (TradingState.ACTIVE, TradingState.RECOVERING)
_CALLBACK_NEEDS = {
    "on_tick": TickColumns,
    "on_quote": QuoteColumns,
    "on_book": BookColumns,
    "on_index": IndexColumns,
    "on_liquidation": LiquidationColumns,
}


def outcome(
    setup: Setup, record: Record, *, slots: Iterable[Slot], until: UtcNs | None, notes: Sequence[str]
) -> BacktestResult:
    """Everything decided and done. `until` is where a run was stopped: what is later was never heard, nor counts."""
    fills = record.fills
    books = accounting.Books(record.booked, setup.instruments)
    orders = order_history.last_terms(record)
    closes = samples.closes_of(setup.columns, record, until)
    curves = _curves(setup, record, books, closes, until)
    ranges = samples.ranges_of(setup.columns, closes, record.extremes)
    trades = round_trips(books.booked, instruments=setup.instruments, ranges=ranges)
    stops = [state for state in record.states if state.state not in _GOES_ON]
    last_states = {state.account: state for state in record.states}.values()
    halted = next((state.reason for state in last_states if state.state in _HALTED), None)
    return BacktestResult(
        bars=sum(_played(series, until) for series in setup.columns if isinstance(series, BarColumns)),
        ticks=sum(_played(series, until) for series in setup.columns if kind_of(series) is TickColumns),
        first_ts=first_ts(setup.columns),
        last_ts=_last_ts(setup.columns) if until is None else until,
        instruments=setup.instruments,
        signals=tuple(record.signals),
        orders=order_history.order_rows(record, orders),
        fills=tuple(books.rows),
        ledger=tuple(books.entries),
        curves=curves,
        summaries=accounting.summaries(books, curves, trades, instruments=setup.instruments, closes=closes),
        strategies=accounting.strategy_rows(books, instruments=setup.instruments, closes=closes),
        trades=trades,
        execution=execution_rows(orders.values(), fills, record.gave_up, setup.instruments),
        funding=tuple([each for each in record.booked if isinstance(each, FundingPaid)]),
        weights=tuple(record.sized),
        marks=tuple(record.annotations),
        conventions=_conventions(setup, fills, notes),
        refusals=order_history.refusals(record),
        venue_ends=order_history.venue_ends(record),
        gave_up=tuple(record.gave_up),
        amends=len(record.amended),
        amend_rejections=dict(sorted(record.amend_rejections.items())),
        restarts={slot.address: slot.restarts for slot in slots if slot.restarts},
        quarantined=dict(record.quarantined),
        failures=tuple(record.failures),
        bad_items=tuple(record.bad_items),
        bad_item_counts=dict(sorted(record.bad_item_counts.items())),
        daily_loss_stops=tuple([state for state in stops if state.reason.startswith(DAILY_LOSS)]),
        halted=halted,
        unused_callbacks=_unused_callbacks(setup),
    )


def _curves(
    setup: Setup, record: Record, books: accounting.Books, closes: samples.Closes, until: UtcNs | None
) -> tuple[AccountCurve, ...]:
    currencies = sorted({instrument.currency for instrument in setup.instruments.values()})
    return accounting.curves(
        books,
        accounts={account: _purses(setup, account, currencies) for account in setup.accounts},
        instruments=setup.instruments,
        closes=closes,
        samples={
            currency: samples.sample_times(setup.columns, record, _symbols_in(setup, currency), until, closes)
            for currency in currencies
        },
    )


def first_ts(columns: Sequence[Columns]) -> UtcNs | None:
    """When the data begin: the first open, tick or quote."""
    return min((_edge(series, "open_ts", 0) for series in columns if len(series)), default=None)


def _last_ts(columns: Sequence[Columns]) -> UtcNs | None:
    return max((_edge(series, "close_ts", -1) for series in columns if len(series)), default=None)


def _played(series: Columns, until: UtcNs | None) -> int:
    if until is None:
        return len(series)
    played = 0
    for chunk in chunks_of(series):
        times = _times(chunk, "close_ts")
        played += int(np.searchsorted(times, until, side="right"))
        if times[-1] > until:
            break
    return played


def _edge(series: Columns, name: str, row: int) -> UtcNs:
    if isinstance(series, ChunkedColumns):
        return series.last_ts if row else series.first_ts
    return int(_times(series, name)[row])


def _times(series: Any, name: str) -> Any:
    return getattr(series, name) if isinstance(series, BarColumns) else series.received


def _symbols_in(setup: Setup, currency: str) -> list[Symbol]:
    return [symbol for symbol, instrument in setup.instruments.items() if instrument.currency == currency]


def _purses(setup: Setup, account: Account, currencies: Iterable[str]) -> dict[str, Minor]:
    """Starting cash by currency: of several accounts each has those that it trades in, one alone has all."""
    if len(setup.accounts) > 1:
        entries = [entry for entry in setup.strategies if entry.account == account]
        currencies = sorted({setup.instruments[symbol].currency for entry in entries for symbol in entry.symbols})
    cash = setup.cash_of(account)
    return {currency: cash.get(currency, 0) for currency in currencies}


def _conventions(setup: Setup, fills: Iterable[Fill], notes: Sequence[str]) -> Conventions:
    settings = setup.venue_settings
    return Conventions(
        fill=settings.fill,
        limit_fill=settings.limit_fill,
        slippage_ticks=settings.slippage_ticks,
        slippage_spread=settings.slippage_spread,
        half_spread_ticks=settings.half_spread_ticks,
        volume_cap=settings.volume_cap,
        margin=any(each.initial_margin or each.maintenance_margin for each in setup.instruments.values()),
        value_rounding={symbol: each.value_rounding.value for symbol, each in sorted(setup.instruments.items())},
        funding=_funding(setup),
        ambiguous_fills=sum(fill.ambiguous for fill in fills),
        notes=tuple(notes),
    )


def _funding(setup: Setup) -> str:
    """In one word where nobody or everybody has it alike, or else symbol by symbol."""
    given = {series.symbol for series in setup.events if kind_of(series) is FundingColumns}
    words = {
        symbol: setup.funding_words.get(symbol, "as given" if symbol in given else "none")
        for symbol in sorted(setup.instruments)
    }
    alike = sorted(set(words.values())) or ["none"]
    return alike[0] if len(alike) == 1 else ", ".join([f"{symbol} {told}" for symbol, told in words.items()])


def _unused_callbacks(setup: Setup) -> dict[str, tuple[str, ...]]:
    there = {kind_of(series) for series in setup.columns}
    if not there:
        return {}
    unused = {}
    for entry in setup.strategies:
        hears = entry.strategy.hears()
        names = [name for name, needs in _CALLBACK_NEEDS.items() if name in hears and needs not in there]
        names += ["on_event"] if "on_event" in hears and not setup.external else []
        if names:
            unused[entry.id] = tuple(names)
    return unused
